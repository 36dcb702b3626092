import { html, type TemplateResult } from 'lit-html';
import { MOVE_MARKS } from '../lib/trends/trend-words.ts';

const WORDS: [word: string, meaning: string][] = [
  [
    'Growth',
    'how much the count changed since the day before. If days are missing, it is a day’s share.',
  ],
  [
    'Rank',
    'the place by growth: by that of videos, or by that of views if the videos are unknown.',
  ],
  ['7 days, 30 days', 'how much the count changed in that time.'],
  [
    '× usual',
    'what a hashtag brought lately, as a multiple of what it usually brings in as many days.',
  ],
  [`${MOVE_MARKS.surging} Surging`, 'within a week it brought much more than a usual week brings.'],
  [
    `${MOVE_MARKS.trending} Trending`,
    'it grew faster on the day than the limit that was set for it.',
  ],
  [`${MOVE_MARKS.breakout} Breakout`, 'surging and trending at the same time.'],
  [
    `${MOVE_MARKS.cooling} Cooling`,
    'it was surging or trending in the last 14 days, and is back at its usual.',
  ],
  [
    'Indexed to 100',
    'every line begins with 100, so that small and large hashtags can be compared.',
  ],
  ['≈', 'the change may be nothing but TikTok’s rounding.'],
  ['–', 'not known.'],
];

/** What stands below everything: where the counts come from, and what the words mean. */
export function renderFooter(): TemplateResult {
  return html`
    <footer class="quiet">
      <p>Counts as TikTok shows them, one snapshot a day. Days without a count stay gaps.</p>
      <details>
        <summary>What the words mean</summary>
        <dl class="words">${WORDS.map(([word, meaning]) => html`<div><dt>${word}</dt><dd>${meaning}</dd></div>`)}</dl>
      </details>
    </footer>`;
}
