import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure, Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { findNews, type News, parseNews, renderNews } from '../../scripts/lib/notify/news.ts';
import { composeReport, type DayReport } from '../../scripts/lib/reports/day-report.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { anyName, dayRecord, rows, TODAY } from '../helpers/snapshots.ts';

const watchlist = parseWatchlist('["a", "b"]');
const reportOf = (history: Snapshot[], failures: Failure[] = []) =>
  composeReport(dayRecord(history, { failures }), watchlist);
const failed = (hashtag: string, reason = 'HTTP 503'): Failure => ({
  hashtag,
  kind: 'failed',
  reason,
});

/** Counts of 20 days that add 20 a day, and then these gains. */
function usualThen(...gains: number[]): Snapshot[] {
  const counts = Array.from({ length: 20 }, (_, i) => 1000 + i * 20);
  for (const gain of gains) counts.push((counts.at(-1) ?? 0) + gain);
  return rows('a', counts);
}

const calm = rows('a', [1000, 1001]);
const trending = rows('a', [1000, 1100]);
const breakout = usualThen(200, 300);
const surging = usualThen(50, 60);
const milestone = rows('a', [9990, 10_010]);

describe('what is new', () => {
  const markOf = (before: DayReport | null, after: Snapshot[]) =>
    findNews(before, reportOf(after), []).moves.map(({ mark }) => mark);

  /** The marks of the news on each day that has one of these gains. */
  const toldOf = (gains: number[]) =>
    gains.map((_, i) => markOf(null, usualThen(...gains.slice(0, i + 1))).join() || '·').join(' ');

  it.each<[string, DayReport | null, Snapshot[], string[]]>([
    ['a trending hashtag in the first run of the day', null, trending, ['📈']],
    ['a hashtag that did not trend before', reportOf(calm), trending, ['📈']],
    ['a hashtag that trended before and now breaks out', reportOf(trending), breakout, ['🚀']],
    ['not a hashtag that trended before', reportOf(trending), trending, []],
    ['not a hashtag that broke out before and now trends', reportOf(breakout), trending, []],
    ['not a hashtag that surged before and now passes a mark', reportOf(surging), milestone, []],
    ['not a hashtag that grows as usual', null, calm, []],
    ['a fall', null, rows('a', [1000, 980]), ['📉']],
    ['a round number that is passed', null, milestone, ['🏁']],
  ])('is %s', (_case, before, after, expected) => {
    expect(markOf(before, after)).toEqual(expected);
  });

  it('is each stage of a campaign once: its surge, its breakout, its end', () => {
    const gains = [20, 50, 60, 70, 70, 160, 80, 70, 30, 20, 20, 20, 20, 20, 20, 20];
    expect(toldOf(gains)).toBe('· · 🔥 · · 🚀 · · · · · 🧊 · · · ·');
  });

  it('is a surge again after it has ended', () => {
    const gains = [50, 60, 20, 20, 20, 20, 20, 20, 20, 20, 60, 70];
    expect(toldOf(gains)).toBe('· 🔥 · · 🧊 · · · · · · 🔥');
  });

  it('is a breakout on each day on which it is trending', () => {
    expect(toldOf([20, 160, 170, 180, 20, 20])).toBe('· 📈 🚀 🚀 · ·');
  });

  it('is in words, the strongest first', () => {
    const history = [...trending, ...usualThen(50, 60).map((row) => ({ ...row, hashtag: 'b' }))];
    expect(findNews(null, reportOf(history), []).moves).toEqual([
      {
        hashtag: 'b',
        mark: '🔥',
        words: 'surging, 1.9 × its usual: +150 in 4 days, usually +80 · now 1,490 videos, +4.2%',
      },
      { hashtag: 'a', mark: '📈', words: 'trending, +10.0%: +100, now 1,100 videos' },
    ]);
  });

  it.each([
    ['a failure in the first run of the day', null, ['a']],
    ['a failure after one of another hashtag', reportOf(calm, [failed('b')]), ['a']],
    ['a failure after one for another reason', reportOf([], [failed('a', 'HTTP 500')]), ['a']],
    ['not the same failure again', reportOf([], [failed('a')]), []],
  ])('is %s', (_case, before, expected) => {
    const news = findNews(before, reportOf([], [failed('a')]), [failed('a')]);
    expect(news.failures.map(({ hashtag }) => hashtag)).toEqual(expected);
  });
});

describe('news for the next job', () => {
  const anyNews: fc.Arbitrary<News> = fc.record({
    day: fc.constant(TODAY),
    moves: fc.array(fc.record({ hashtag: anyName, mark: fc.string(), words: fc.string() })),
    failures: fc.array(fc.record({ hashtag: anyName, reason: fc.string() })),
    more: fc.constant(0),
  });

  it('are one line of text, and are read back unchanged', () => {
    fc.assert(
      fc.property(anyNews, (news) => {
        const text = renderNews(news);
        expect(text).not.toMatch(/[\r\n]/);
        expect(parseNews(text)).toEqual(news);
      }),
    );
  });

  it('fit into an environment variable, and count what they leave out', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `日本語の長い名前${i}`);
    const failures = names.map((hashtag) => ({ hashtag, reason: 'x'.repeat(200) }));
    const moves = names.map((hashtag) => ({ hashtag, mark: '📈', words: 'trending' }));
    const text = renderNews({ day: TODAY, moves, failures, more: 0 });
    expect(Buffer.byteLength(text)).toBeLessThan(100_000);
    const news = parseNews(text);
    const shown = (news?.moves.length ?? 0) + (news?.failures.length ?? 0);
    expect(shown).toBeGreaterThan(100);
    expect(shown + (news?.more ?? 0)).toBe(10_000);
  });

  it.each([
    '',
    'null',
    '{',
    '{}',
    '[]',
    '{"day":"2026-02-30","moves":[],"failures":[],"more":0}',
    '{"day":"2026-11-22","moves":[5],"failures":[],"more":0}',
    '{"day":"2026-11-22","moves":[{"hashtag":"a"}],"failures":[],"more":0}',
    '{"day":"2026-11-22","moves":[],"failures":["a"],"more":0}',
    '{"day":"2026-11-22","moves":[],"failures":[],"more":-1}',
    '{"day":"2026-11-22","moves":[],"failures":[],"more":0,"url":"x"}',
  ])('are rejected if they are %j', (text) => {
    expect(parseNews(text)).toBeNull();
  });
});
