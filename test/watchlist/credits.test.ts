import { describe, expect, it } from 'vitest';
import { daysOfCredits, estimateCost } from '../../scripts/lib/watchlist/credits.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';

/** A list with this many active hashtags, a paused one, and these settings. */
function listOf(active: number, settings: object = {}) {
  const names = Array.from({ length: active }, (_, i) => `tag${i}`);
  const hashtags = [...names, { name: 'resting', paused: true }];
  return parseWatchlist(JSON.stringify({ settings, hashtags }));
}

const costOf = (active: number, settings: object = {}) => estimateCost(listOf(active, settings));

describe('the cost of a list', () => {
  it('is one call per day for each active hashtag, and 30 credits per month', () => {
    expect(costOf(7)).toMatchObject({ callsPerDay: 7, creditsPerMonth: 210 });
    expect(costOf(0)).toEqual({
      callsPerDay: 0,
      creditsPerMonth: 0,
      videoCreditsPerMonth: 0,
      runMs: 0,
    });
  });

  it('is, with videos, up to a credit more a day for as many hashtags as the list says and has', () => {
    const videosOf = (topVideos: number) => costOf(7, { topVideos }).videoCreditsPerMonth;
    expect([0, 3, 100].map(videosOf)).toEqual([0, 90, 210]);
    expect(costOf(7, { topVideos: 3 }).creditsPerMonth).toBe(210);
  });

  it.each([
    ['one call after the other, each about a second', 90, {}, 90_000],
    ['ten calls at once', 90, { concurrency: 10 }, 9000],
    ['a last round that is not full', 91, { concurrency: 10 }, 10_000],
    ['five per minute, so the eleventh waits two minutes', 11, { requestsPerMinute: 5 }, 121_000],
    ['five per minute, so the tenth waits one minute', 10, { requestsPerMinute: 5 }, 61_000],
    ['five per minute, ten at once', 11, { requestsPerMinute: 5, concurrency: 10 }, 121_000],
    ['a limit that is never reached', 30, { requestsPerMinute: 6000 }, 30_000],
    ['a limit that is not a whole number', 3, { requestsPerMinute: 1.5 }, 121_000],
  ])('in time is right for %s', (_case, active, settings, runMs) => {
    expect(costOf(active, settings).runMs).toBe(runMs);
  });

  it('decides for how many whole days credits last', () => {
    expect(daysOfCredits(769, listOf(7))).toBe(109);
    expect(daysOfCredits(6, listOf(7))).toBe(0);
    expect(daysOfCredits(5, listOf(0))).toBe(5);
  });
});
