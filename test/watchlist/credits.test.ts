import { describe, expect, it } from 'vitest';
import { daysOfCredits, estimateCost } from '../../scripts/lib/watchlist/credits.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';

/** So many active hashtags and a paused one, under these settings. */
function listOf(active: number, settings: object = {}) {
  const names = Array.from({ length: active }, (_, i) => `tag${i}`);
  const hashtags = [...names, { name: 'resting', paused: true }];
  return parseWatchlist(JSON.stringify({ settings, hashtags }));
}

const costOf = (active: number, settings: object = {}) => estimateCost(listOf(active, settings));

describe('what a list costs', () => {
  it('is a call a day for each hashtag that is not paused, and 30 credits a month', () => {
    expect(costOf(7)).toMatchObject({ callsPerDay: 7, creditsPerMonth: 210 });
    expect(costOf(0)).toEqual({ callsPerDay: 0, creditsPerMonth: 0, runMs: 0 });
  });

  it.each([
    ['about a second a call, one after the other', 90, {}, 90_000],
    ['so many at once', 90, { concurrency: 10 }, 9000],
    ['a last round that is not full', 91, { concurrency: 10 }, 10_000],
    ['five a minute: the eleventh waits two', 11, { requestsPerMinute: 5 }, 121_000],
    ['five a minute: the tenth waits one', 10, { requestsPerMinute: 5 }, 61_000],
    ['five a minute, ten at once', 11, { requestsPerMinute: 5, concurrency: 10 }, 121_000],
    ['a limit that is never reached', 30, { requestsPerMinute: 6000 }, 30_000],
    ['a limit that is no whole number', 3, { requestsPerMinute: 1.5 }, 121_000],
  ])('in time is, with %s', (_case, active, settings, runMs) => {
    expect(costOf(active, settings).runMs).toBe(runMs);
  });

  it('tells for how many whole days credits last', () => {
    expect(daysOfCredits(769, listOf(7))).toBe(109);
    expect(daysOfCredits(6, listOf(7))).toBe(0);
    expect(daysOfCredits(5, listOf(0))).toBe(5);
  });
});
