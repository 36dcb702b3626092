import { html, type TemplateResult } from 'lit-html';
import { MOVE_MARKS } from '../lib/trends/trend-words.ts';
import type { Threshold } from '../lib/trends/trends.ts';

type Word = [word: string, meaning: string];

/** @param limits from where on a hashtag moves; null if there is no data */
function listWords(limits: Threshold | null): Word[] {
  const times = limits?.surgeFactor ?? 2;
  const percent = limits?.trendingGrowthPercent ?? 5;
  return [
    ['New', 'How many were added since the count before. That is usually yesterday’s.'],
    [
      'Growth',
      'New, as a share of the count before. Where days are missing in between, it is the average of a day, and says over how many days.',
    ],
    ['7 days, 30 days', 'How much the count changed in that time.'],
    ['Rank', 'The place by growth of videos. Where that is unknown, growth of views counts.'],
    [
      'Daily gain',
      'A bar for each of the last 30 days: how many were added on it. The last bar is the newest day. A day without a bar is unknown.',
    ],
    [
      'Usually',
      'What a hashtag adds in as many days, on average over the four weeks before. Of a group: the middle one of its daily growths in four weeks.',
    ],
    [
      '× usual',
      'What the last days added, divided by what is usual. 2 × is twice as much as usual.',
    ],
    ['Fastest', 'The hashtag of the group that grew most on the day, in percent.'],
    ['Signal', 'Says that a hashtag moves: surging, trending, breakout or cooling.'],
    [
      `${MOVE_MARKS.surging} Surging`,
      `In 7 days or less, it added at least ${times} times what it adds in a usual week. In the first days of a surge, half of that is enough.`,
    ],
    [
      `${MOVE_MARKS.trending} Trending`,
      `It grew by more than ${percent}% on the day. A hashtag can have a limit of its own in the list.`,
    ],
    [
      `${MOVE_MARKS.breakout} Breakout`,
      'It is surging, and it was trending on the day or on one of the two days before.',
    ],
    [
      `${MOVE_MARKS.cooling} Cooling`,
      'It was surging or trending in the last 14 days. Now it adds no more than usual.',
    ],
    ['Milestone', 'A round count: 10,000, 20,000, 50,000, 100,000 and so on.'],
    [
      'Indexed to 100',
      'Every line begins with 100. 120 means 20% more than on the first day that is shown. So small and large hashtags can be compared.',
    ],
    ['≈', 'The change may be nothing but TikTok’s rounding.'],
    ['–', 'Not known.'],
  ];
}

/** What stands below everything: where the counts come from, and what the words mean. */
export function renderFooter(limits: Threshold | null): TemplateResult {
  const words = listWords(limits);
  return html`
    <footer class="quiet">
      <p>Counts as TikTok shows them, one snapshot a day. Days without a count stay gaps.</p>
      <details id="words">
        <summary>What the words mean</summary>
        <dl class="words">${words.map(([word, meaning]) => html`<div><dt>${word}</dt><dd>${meaning}</dd></div>`)}</dl>
      </details>
    </footer>`;
}

/** Opens the meanings of the words, and brings them into sight. */
export function wordsButton(): TemplateResult {
  const reveal = () => {
    const words = document.querySelector<HTMLDetailsElement>('#words');
    if (words === null) return;
    words.open = true;
    words.scrollIntoView();
    words.querySelector('summary')?.focus({ preventScroll: true });
  };
  return html`<button type="button" class="link" @click=${reveal}>What the words mean</button>`;
}
