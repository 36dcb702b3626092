import { formatCount, formatDuration, formatList, plural } from '../core/format.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import { escapeMarkdown, hashtagLink, renderTable } from '../core/markdown.ts';
import type { CreditsLeft } from '../core/snapshot.ts';
import { plainText } from '../core/text.ts';
import {
  type Cost,
  daysOfCredits,
  estimateCost,
  estimateReach,
  RUN_MINUTES,
  RUNS_PER_DAY,
} from './credits.ts';
import { findDoubles, type Watchlist } from './watchlist.ts';

/** What a change to the watchlist does, and what the list costs before and after it. */
export type WatchlistReview = ReturnType<typeof reviewWatchlist>;

/** Compares two lists; if there was none before, all of `after` is new. */
export function reviewWatchlist(before: Watchlist | null, after: Watchlist) {
  const old = new Map(before?.entries.map((entry) => [entry.name, entry]));
  const names = new Set(after.entries.map((entry) => entry.name));
  const noticesBefore = new Set(before?.notices.map((notice) => notice.message));
  const doubles = new Set(findDoubles(after.entries.map(({ name }) => name)).values());
  const settings = before === null ? [] : listDifferences(before.settings, after.settings);
  for (const entry of after.entries) {
    // Whether it is paused is reported separately from its settings.
    const earlier = { ...(old.get(entry.name) ?? entry), paused: entry.paused };
    settings.push(...listDifferences(earlier, entry, ` of ${showHashtag(entry.name)}`));
  }
  const namesOf = (entries: Watchlist['entries']) => entries.map((entry) => entry.name);
  return {
    added: namesOf(after.entries.filter(({ name }) => !old.has(name))),
    removed: [...old.keys()].filter((name) => !names.has(name)),
    /** Newly paused, or new and paused from the start. */
    paused: namesOf(after.entries.filter(({ name, paused }) => paused && !old.get(name)?.paused)),
    resumed: namesOf(after.entries.filter(({ name, paused }) => !paused && old.get(name)?.paused)),
    /** One sentence per new name that is tracked in another form than it is written. */
    renamed: after.notices
      .map((notice) => notice.message)
      .filter((message) => !noticesBefore.has(message) && !doubles.has(message)),
    /** One sentence per new name that may be the same hashtag as another one. */
    doubles: [...doubles].filter((message) => !noticesBefore.has(message)),
    settings,
    /** Null if there was no list before. */
    costBefore: before === null ? null : estimateCost(before),
    costAfter: estimateCost(after),
  };
}

/** A warning if a month costs more than the credits that were left on a day; null otherwise. */
export function warnOfCredits(watchlist: Watchlist, left: CreditsLeft): string | null {
  const { creditsPerMonth } = estimateCost(watchlist);
  if (creditsPerMonth <= left.credits) return null;
  const days = daysOfCredits(left.credits, watchlist);
  return (
    `the list costs ${plural(creditsPerMonth, 'credit')} a month, and ` +
    `${formatCount(left.credits)} were left on ${left.day}, enough for ${plural(days, 'day')}`
  );
}

/** What the list's videos cost at most, in a sentence; null if it wants none. */
export function describeVideoCosts(watchlist: Watchlist): string | null {
  const { videoCreditsPerMonth } = estimateCost(watchlist);
  if (videoCreditsPerMonth === 0) return null;
  const { topVideos } = watchlist.settings;
  return (
    `Videos of hashtags that surge cost up to ${plural(videoCreditsPerMonth, 'credit')} a month on ` +
    `top ("topVideos" is ${topVideos}); a day without a surge costs nothing more`
  );
}

/** A warning if a day's runs of the workflow can't ask for the whole list; null otherwise. */
export function warnOfTime(watchlist: Watchlist): string | null {
  const { callsPerDay } = estimateCost(watchlist);
  const { hashtagsPerDay, limit } = estimateReach(watchlist);
  if (callsPerDay <= hashtagsPerDay) return null;
  return (
    `the ${RUNS_PER_DAY} runs of a day, ${RUN_MINUTES} minutes each, can ask for about ` +
    `${plural(hashtagsPerDay, 'hashtag')} with "${limit}" ${watchlist.settings[limit]}, so ` +
    `${formatCount(callsPerDay - hashtagsPerDay)} of ${formatCount(callsPerDay)} won't be captured: ` +
    `raise "${limit}" if your API plan allows it, or track fewer hashtags`
  );
}

/** The review as GitHub-flavoured Markdown, with `remarks` (sentences) below it. */
export function renderReview(review: WatchlistReview, remarks: string[]): string {
  const lines = describeChanges(review, {
    label: (text) => `**${text}**`,
    hashtag: hashtagLink,
    words: escapeMarkdown,
  });
  const blocks = [
    '### The watchlist',
    lines.map((line) => `- ${line}`).join('\n'),
    renderTable(['', 'Before', 'After'], costRows(review), 'lrr'),
    'A call costs one credit; a month has 30 days. A run takes longer if the API allows less.',
    ...remarks.map((remark) => `⚠️ ${escapeMarkdown(remark)}`),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** The same in plain lines, without remarks. */
export function renderConsoleReview(review: WatchlistReview): string {
  const lines = describeChanges(review, {
    label: (text) => text,
    hashtag: showHashtag,
    words: plainText,
  });
  const costs = costRows(review).map(([what, before, after]) => `${what}: ${before} → ${after}`);
  return [...lines, ...costs].join('\n');
}

/** So many lines of a kind, so that the page of a run has room for them. */
const MAX_LINES = 30;

/** How text is written, in Markdown or in plain lines. */
type Style = Record<'label' | 'hashtag' | 'words', (text: string) => string>;

function describeChanges(review: WatchlistReview, { label, hashtag, words }: Style): string[] {
  const list = (what: string, names: string[], remark = '') => {
    if (names.length === 0) return [];
    return [`${label(what)}: ${formatList(names.map(hashtag))}${remark}`];
  };
  const each = (lines: string[]) => {
    const more = lines.length - MAX_LINES;
    return more > 0 ? [...lines.slice(0, MAX_LINES), `… and ${formatCount(more)} more`] : lines;
  };
  const lines = [
    ...list('Added', review.added),
    ...list('Removed', review.removed, ' (their stored rows stay)'),
    ...list('Paused', review.paused),
    ...list('Resumed', review.resumed),
    ...each(review.renamed.map((message) => `${label('Renamed')}: ${words(message)}`)),
    ...each(review.doubles.map((message) => `${label('Possible double')}: ${words(message)}`)),
    ...each(
      review.settings.map(
        ({ setting, before, after }) =>
          `${label(words(setting))}: ${words(before)} → ${words(after)}`,
      ),
    ),
  ];
  return lines.length > 0 ? lines : ['The tracked hashtags and the settings do not change.'];
}

function costRows({ costBefore, costAfter }: WatchlistReview): string[][] {
  const row = (what: string, format: (cost: Cost) => string) => [
    what,
    costBefore === null ? '–' : format(costBefore),
    format(costAfter),
  ];
  const hasVideos = [costBefore, costAfter].some((cost) => cost && cost.videoCreditsPerMonth > 0);
  const describeVideos = ({ videoCreditsPerMonth: credits }: Cost) =>
    credits === 0 ? '0' : `up to ${formatCount(credits)} more`;
  return [
    row('Calls per day', (cost) => formatCount(cost.callsPerDay)),
    row('Credits per month', (cost) => formatCount(cost.creditsPerMonth)),
    ...(hasVideos ? [row('Videos, per month', describeVideos)] : []),
    row('A run takes about', (cost) => formatDuration(cost.runMs)),
  ];
}

type Settings = Record<string, unknown>;

function listDifferences(before: Settings, after: Settings, suffix = '') {
  const show = (value: unknown) => String(value ?? 'none');
  return Object.keys({ ...before, ...after })
    .filter((key) => before[key] !== after[key])
    .map((key) => ({
      setting: `${key}${suffix}`,
      before: show(before[key]),
      after: show(after[key]),
    }));
}
