import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure, Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { findNews, type News, parseNews, renderNews } from '../../scripts/lib/notify/news.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
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

const calm = rows('a', [1000, 1001]);
const trending = rows('a', [1000, 1100]);
const breakout = rows('a', [...Array.from({ length: 20 }, (_, i) => 1000 + i), 1100, 1300]);

describe('what is new', () => {
  it.each([
    ['a trending hashtag in the first run of the day', null, trending, ['a']],
    ['a hashtag that did not trend before', reportOf(calm), trending, ['a']],
    ['a hashtag that trended before and now breaks out', reportOf(trending), breakout, ['a']],
    ['not a hashtag that trended before', reportOf(trending), trending, []],
    ['not a hashtag that broke out before and now trends', reportOf(breakout), trending, []],
    ['not a hashtag that grows as usual', null, calm, []],
  ])('is %s', (_case, before, after, expected) => {
    expect(findNews(before, reportOf(after), []).trending).toEqual(expected);
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
    trending: fc.array(anyName),
    failures: fc.array(fc.record({ hashtag: anyName, reason: fc.string() })),
    turns: fc.array(fc.record({ hashtag: anyName, words: fc.string() })),
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
    const text = renderNews({ day: TODAY, trending: names, failures, turns: [], more: 0 });
    expect(Buffer.byteLength(text)).toBeLessThan(100_000);
    const news = parseNews(text);
    expect((news?.trending.length ?? 0) + (news?.failures.length ?? 0)).toBeGreaterThan(100);
    const counted = (news?.trending.length ?? 0) + (news?.failures.length ?? 0) + (news?.more ?? 0);
    expect(counted).toBe(10_000);
  });

  it.each([
    '',
    'null',
    '{',
    '{}',
    '[]',
    '{"day":"2026-02-30","trending":[],"failures":[],"turns":[],"more":0}',
    '{"day":"2026-11-22","trending":[5],"failures":[],"turns":[],"more":0}',
    '{"day":"2026-11-22","trending":[],"failures":["a"],"turns":[],"more":0}',
    '{"day":"2026-11-22","trending":[],"failures":[],"turns":[],"more":-1}',
    '{"day":"2026-11-22","trending":[],"failures":[],"turns":[],"more":0,"url":"x"}',
  ])('are rejected if they are %j', (text) => {
    expect(parseNews(text)).toBeNull();
  });
});
