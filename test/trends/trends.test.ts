import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, daysBetween, daysUpTo } from '../../scripts/lib/core/day.ts';
import { monthOf, weekOf } from '../../scripts/lib/core/period.ts';
import type { Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { hashtagsToAsk, judgeDayState, missingDays } from '../../scripts/lib/trends/day-state.ts';
import { type Measure, rankedMeasure } from '../../scripts/lib/trends/growth.ts';
import { computePeriodTrends } from '../../scripts/lib/trends/period-trends.ts';
import { roundingStep } from '../../scripts/lib/trends/rounding.ts';
import { formatGrowth } from '../../scripts/lib/trends/trend-words.ts';
import { computeTrends, type Trend } from '../../scripts/lib/trends/trends.ts';
import {
  anyHistory,
  day,
  pair,
  rows,
  THRESHOLD,
  TODAY,
  trendOf,
  trendsOf,
} from '../helpers/snapshots.ts';

const isTrending = (trend: Trend) => trend.isTrending;
const near = (value: number) => expect.closeTo(value, 12);
const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('growth', () => {
  it.each([
    [1, 1000, 1100, 0.1],
    [2, 1000, 1210, 0.1],
    [3, 1000, 1331, 0.1],
    [10, 100, 102_400, 1],
    [2, 400, 100, -0.5],
    [1, 200, 0, -1],
    [3, 200, 0, -1],
    [1, 500, 500, 0],
    [800, 1000, 1000, 0],
  ])('over %i days, from %i to %i, is the daily rate %d', (days, from, to, perDay) => {
    expect(trendOf(pair(from, to, days)).videos.growth).toEqual({
      kind: 'rate',
      added: to - from,
      days,
      hours: null,
      perDay: near(perDay),
      isWithinRounding: false,
    });
  });

  it('is computed for videos and for views', () => {
    const { videos, views, viewsPerVideo } = trendOf(rows('tag', [100, 150], [1000, 3000]));
    expect(videos.growth).toMatchObject({ added: 50, perDay: near(0.5) });
    expect(views.growth).toMatchObject({ added: 2000, perDay: near(2) });
    expect(viewsPerVideo).toBe(20);
  });

  it.each([
    ['the first day', rows('tag', [100]), { kind: 'first' }],
    ['the first known count', rows('tag', [null, 100], [5, 6]), { kind: 'first' }],
    ['an unknown count', rows('tag', [100, null], [5, 6]), { kind: 'unknown' }],
    ['a zero baseline', pair(0, 12), { kind: 'from-zero', added: 12, days: 1, hours: null }],
    ['an old zero baseline', pair(0, 0, 4), { kind: 'from-zero', added: 0, days: 4, hours: null }],
  ])('has no rate for %s', (_case, snapshots, growth) => {
    expect(trendOf(snapshots).videos.growth).toEqual(growth);
  });

  it('skips days on which the count is unknown', () => {
    const { videos } = trendOf(rows('tag', [1000, null, 1210], [1, 2, 3]));
    expect(videos.growth).toMatchObject({ days: 2, perDay: near(0.1) });
  });

  it('is that of the given day, regardless of later rows and of the order of rows', () => {
    const snapshots = rows('tag', [1000, 1100, 5000], [], addDays(TODAY, 1)).toReversed();
    expect(trendOf(snapshots).videos).toMatchObject({ count: 1100, growth: { perDay: near(0.1) } });
  });

  it('is computed for the hashtags that have a row on the day', () => {
    const snapshots = [...rows('here', [1, 2]), ...rows('gone', [1, 2], [], addDays(TODAY, -1))];
    expect(trendsOf(snapshots).map(({ hashtag }) => hashtag)).toEqual(['here']);
    expect(trendsOf([])).toEqual([]);
  });

  it('has no views per video without videos', () => {
    expect(trendOf(rows('tag', [0], [10])).viewsPerVideo).toBeNull();
    expect(trendOf(rows('tag', [10], [null])).viewsPerVideo).toBeNull();
  });
});

describe('the hours between two readings', () => {
  /** Two rows of `#tag`, captured at these times; the later one is today's. */
  const readings = (counts: [number, number], times: [string, string]): Snapshot[] => {
    const days = times.map((time) => day(time.slice(0, 10)));
    const daysApart = daysBetween(days[0] ?? TODAY, days[1] ?? TODAY);
    return pair(...counts, daysApart).map((row, i) => ({
      ...row,
      capturedAt: Date.parse(`${times[i]}Z`),
    }));
  };
  const growthOf = (counts: [number, number], times: [string, string]) => {
    const trend = trendOf(readings(counts, times));
    return { ...trend.videos.growth, isTrending: trend.isTrending, text: textOf(trend) };
  };
  const textOf = ({ videos }: Trend) => formatGrowth(videos.growth);

  it.each<[string, [number, number], [string, string], number, string, boolean]>([
    [
      'a late day is told by the day',
      [10_010, 10_617],
      ['2026-11-21T05:17', '2026-11-22T15:29'],
      (10_617 / 10_010) ** (24 / 34.2) - 1,
      '+4.2%/day over 34 h',
      false,
    ],
    [
      'less than a day is told as it is',
      [10_010, 10_409],
      ['2026-11-21T15:29', '2026-11-22T05:17'],
      10_409 / 10_010 - 1,
      '+4.0% in 14 h',
      false,
    ],
    [
      'what trends in less than a day is trending',
      [10_010, 10_617],
      ['2026-11-21T15:29', '2026-11-22T05:17'],
      10_617 / 10_010 - 1,
      '+6.1% in 14 h',
      true,
    ],
    [
      '21.6 hours are a day',
      [1000, 1100],
      ['2026-11-21T06:00', '2026-11-22T03:36'],
      0.1,
      '+10.0%',
      true,
    ],
    [
      '26.4 hours are a day',
      [1000, 1100],
      ['2026-11-21T06:00', '2026-11-22T08:24'],
      0.1,
      '+10.0%',
      true,
    ],
    [
      'a minute less is part of a day',
      [1000, 1100],
      ['2026-11-21T06:00', '2026-11-22T03:35'],
      0.1,
      '+10.0% in 22 h',
      true,
    ],
    [
      'a minute more is more than a day',
      [1000, 1100],
      ['2026-11-21T06:00', '2026-11-22T08:25'],
      1.1 ** (24 / (26 + 25 / 60)) - 1,
      '+9.0%/day over 26 h',
      true,
    ],
    [
      'a gap with a late end is counted in hours',
      [1000, 1331],
      ['2026-11-19T06:00', '2026-11-22T11:00'],
      1.331 ** (24 / 77) - 1,
      '+9.3%/day over 77 h',
      true,
    ],
    [
      'a gap that ends in time is counted in days',
      [1000, 1331],
      ['2026-11-19T06:00', '2026-11-22T08:00'],
      0.1,
      '+10.0%/day over 3 days',
      true,
    ],
    [
      'two days by the clock, one by the calendar',
      [1000, 1210],
      ['2026-11-21T00:10', '2026-11-22T23:50'],
      0.1,
      '+10.0%/day over 48 h',
      true,
    ],
    [
      'one day by the clock, two by the calendar',
      [1000, 1100],
      ['2026-11-20T23:50', '2026-11-22T00:10'],
      0.1,
      '+10.0%/day over 24 h',
      true,
    ],
  ])('%s', (_, counts, times, perDay, text, isTrending) => {
    expect(growthOf(counts, times)).toMatchObject({ perDay: near(perDay), text, isTrending });
  });

  it('count only where both are known, and the clock did not go back', () => {
    const [earlier, later] = readings([1000, 1100], ['2026-11-21T05:17', '2026-11-22T15:29']);
    if (earlier === undefined || later === undefined) throw new Error('no readings');
    for (const snapshots of [
      [{ ...earlier, capturedAt: null }, later],
      [earlier, { ...later, capturedAt: null }],
      [
        { ...earlier, capturedAt: later.capturedAt ?? null },
        { ...later, capturedAt: 0 },
      ],
    ]) {
      expect(trendOf(snapshots).videos.growth).toMatchObject({ hours: null, perDay: near(0.1) });
    }
  });

  it('count for spans as well, and leave the acceleration after part of a day unknown', () => {
    const counts = Array.from({ length: 9 }, (_, i) => 1000 * 1.1 ** i);
    const history = rows('tag', counts).map((row) => ({
      ...row,
      capturedAt: Date.parse(`${row.day}T05:17:00Z`),
    }));
    const move = (index: number, hours: number) =>
      history.map((row, i) =>
        i === index ? { ...row, capturedAt: row.capturedAt + hours * 3_600_000 } : row,
      );
    const late = trendOf(move(8, 10)).videos;
    expect(late.over7Days?.rate).toBeCloseTo(1.1 ** ((7 * 24 * 7) / (7 * 24 + 10)) - 1, 9);
    expect(late.acceleration).toBeCloseTo(1.1 ** (24 / 34) - 1.1, 9);
    expect(trendOf(move(7, 10)).videos).toMatchObject({
      acceleration: null,
      over7Days: { rate: expect.closeTo(1.1 ** 7 - 1, 9) },
    });
    const week = computePeriodTrends(move(8, 10), weekOf(TODAY), () => THRESHOLD)[0];
    expect(week?.videos.growth).toMatchObject({ days: 7, hours: 178 });
  });

  it('change nothing on usual mornings, whatever the time zone and its summer time', () => {
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
    );
    const anyLastDay = fc.constantFrom(...['2026-11-22', '2026-11-02', '2026-03-30'].map(day));
    fc.assert(
      fc.property(anyHistory, zones, anyLastDay, fc.infiniteStream(fc.nat(80)), (...given) => {
        const [snapshots, zone, lastDay, minutesLate] = given;
        const moved = snapshots.map((row) => ({
          ...row,
          day: addDays(lastDay, daysBetween(TODAY, row.day)),
        }));
        const timed = moved.map((row) => {
          const utc = Date.parse(`${row.day}T05:17:00Z`);
          const late = minutesLate.next().value * 60_000;
          return { ...row, capturedAt: utc - offsetMs(utc, zone) + late };
        });
        const withoutHours = (trends: Trend[]) =>
          JSON.stringify(trends, (key, value) => (key === 'hours' ? null : value));
        const [plain, odd] = [moved, timed].map((history) =>
          computeTrends(history, lastDay, () => THRESHOLD),
        );
        expect(withoutHours(odd ?? [])).toBe(withoutHours(plain ?? []));
        expect(odd?.map(textOf)).toEqual(plain?.map(textOf));
      }),
      { numRuns: 60 },
    );
  });

  /** How far the clocks of a time zone are ahead of UTC. */
  function offsetMs(utcMs: number, timeZone: string): number {
    const local = new Date(utcMs).toLocaleString('sv-SE', { timeZone }); // YYYY-MM-DD HH:MM:SS
    return Date.parse(`${local.replace(' ', 'T')}Z`) - utcMs;
  }
});

describe('rounding', () => {
  it.each([
    [0, 1],
    [9999, 1],
    [10_000, 100],
    [10_001, 1],
    [999_900, 100],
    [1_000_000, 100_000],
    [1_000_100, 1],
    [999_900_000, 100_000],
    [1_000_000_000, 100_000_000],
    [1_000_100_000, 1],
    [119_178_100_000_000, 100_000_000],
    [119_178_103_482_915, 1],
  ])('of %i has the step %i', (count, step) => {
    expect(roundingStep(count)).toBe(step);
  });

  it.each([
    ['exact counts', 9000, 9001, false],
    ['one step of 100', 10_000, 10_100, true],
    ['one step of 100 down', 10_100, 10_000, true],
    ['two steps of 100', 10_000, 10_200, false],
    ['a step up to the first rounded count', 9950, 10_000, true],
    ['more than a step up to the first rounded count', 9000, 10_000, false],
    ['one step of 100,000', 1_000_000, 1_100_000, true],
    ['two steps of 100,000', 1_000_000, 1_200_000, false],
    ['one step into the next band', 999_900, 1_000_000, true],
    ['one step of 100,000,000', 1_000_000_000, 1_100_000_000, true],
    ['two steps of 100,000,000', 1_000_000_000, 1_200_000_000, false],
    ['counts that are not multiples of the step', 1_000_001, 1_100_002, false],
    ['a multiple and a count less than a step away', 1_000_000, 1_060_001, true],
    ['no change of a rounded count', 1_000_000, 1_000_000, true],
  ])('covers %s: %i to %i is %s', (_case, from, to, isWithinRounding) => {
    const trend = trendOf(pair(from, to));
    expect(trend.videos.growth).toMatchObject({ isWithinRounding });
    expect(isTrending(trend)).toBe(!isWithinRounding && to > from * 1.05);
  });
});

describe('trending', () => {
  it('needs more than the threshold; exactly as much is not enough', () => {
    const percents = fc.integer({ min: 1, max: 95 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), percents, (hundreds, percent) => {
        const [from, to] = [hundreds * 100, hundreds * (100 + percent)];
        const threshold = { trendingGrowthPercent: percent };
        expect(isTrending(trendOf(pair(from, to), threshold))).toBe(false);
        expect(isTrending(trendOf(pair(from, to + 1), threshold))).toBe(true);
      }),
    );
  });

  it.each([
    [2, 4000, 4410, false],
    [2, 4000, 4411, true],
    [10, 1024, 1024 * 1.5 ** 10, true],
    [30, 1000, 2000, false],
    [1, 1000, 1000, false],
    [1, 1000, 500, false],
  ])('is judged per day: over %i days from %i to %i it is %s', (days, from, to, expected) => {
    expect(isTrending(trendOf(pair(from, Math.round(to), days)))).toBe(expected);
  });

  it('uses the hashtag’s own threshold', () => {
    const snapshots = [...rows('eager', [100, 104]), ...rows('lazy', [100, 120])];
    const own: Record<string, number> = { eager: 3, lazy: 20 };
    const trends = computeTrends(snapshots, TODAY, (hashtag) => ({
      ...THRESHOLD,
      trendingGrowthPercent: own[hashtag] ?? 5,
    }));
    expect(trends.filter(isTrending).map((t) => t.hashtag)).toEqual(['eager']);
  });

  it('includes any growth if the threshold is 0, but no standstill', () => {
    const threshold = { trendingGrowthPercent: 0 };
    expect(isTrending(trendOf(pair(9998, 9999), threshold))).toBe(true);
    expect(isTrending(trendOf(pair(9998, 9998), threshold))).toBe(false);
  });

  it.each([
    [999, false],
    [1000, true],
  ])('needs minVideos: if that is 1000, %i videos are enough: %s', (videos, expected) => {
    expect(isTrending(trendOf(pair(500, videos), { minVideos: 1000 }))).toBe(expected);
  });

  it('never comes from a zero baseline or a first day', () => {
    expect(isTrending(trendOf(pair(0, 5000)))).toBe(false);
    expect(isTrending(trendOf(rows('tag', [5000])))).toBe(false);
  });
});

describe('the measure', () => {
  it.each<[string, (number | null)[], (number | null)[], Measure | null]>([
    ['videos', [100, 150], [10, 30], 'videos'],
    ['views if the video count is unknown today', [100, null], [10, 30], 'views'],
    ['views if no earlier video count is known', [null, 150], [10, 30], 'views'],
    ['views if there were no videos', [0, 150], [10, 30], 'views'],
    ['neither on a first day', [150], [30], null],
    ['neither if neither was above zero', [0, 5], [0, 5], null],
  ])('that a hashtag is ranked by is %s', (_case, videos, views, rankedBy) => {
    const trend = trendOf(rows('tag', videos, views));
    expect(trend.rankedBy).toBe(rankedBy);
    expect(trend.rank).toBe(rankedBy === null ? null : 1);
    expect(rankedMeasure(trend)).toBe(rankedBy === 'views' ? trend.views : trend.videos);
  });

  it('of views can make a hashtag a breakout as well', () => {
    const views = [...repeat(20, 1000), 2000, 3000];
    const trend = trendOf(rows('tag', repeat(22, null), views));
    expect(trend).toMatchObject({ signal: 'breakout' });
    expect(trend.last30Days.slice(-3)).toEqual([1000, 2000, 3000]);
  });
});

describe('the rank', () => {
  const ranksOf = (...snapshots: Parameters<typeof trendsOf>[0][]) =>
    trendsOf(snapshots.flat()).map(({ hashtag, rank, rankChange }) => [hashtag, rank, rankChange]);

  it('follows growth, takes a change within rounding as none, and puts the unranked last', () => {
    const ranks = ranksOf(
      rows('zed', [5]),
      rows('fell', [100, 90]),
      rows('step', [1_000_000, 1_100_000]),
      rows('slow', [100, 101]),
      rows('fast', [100, 120]),
      rows('any', [5]),
    );
    expect(ranks.map(([hashtag, rank]) => [hashtag, rank])).toEqual([
      ['fast', 1],
      ['slow', 2],
      ['step', 3],
      ['fell', 4],
      ['any', null],
      ['zed', null],
    ]);
  });

  it('prefers the larger count if growth is the same, and then the first name', () => {
    const ranks = ranksOf(rows('b', [10, 11]), rows('a', [10, 11]), rows('c', [100, 110]));
    expect(ranks.map(([hashtag]) => hashtag)).toEqual(['c', 'a', 'b']);
  });

  it('is compared with the day before', () => {
    const ranks = ranksOf(
      rows('up', [100, 101, 200]),
      rows('new', [100, 130]),
      rows('down', [100, 150, 160]),
      rows('same', [100, 80, 60]),
      rows('gone', [100, 120], [], addDays(TODAY, -1)),
    );
    expect(ranks).toEqual([
      ['up', 1, 1],
      ['new', 2, null],
      ['down', 3, -1],
      ['same', 4, 0],
    ]);
  });

  it('is the same for the same growth', () => {
    const ranks = ranksOf(
      rows('a', [100, 110]),
      rows('b', [10, 11]),
      rows('c', [50, 50]),
      rows('d', [1_000_000, 1_100_000]),
      rows('e', [100, 90]),
    );
    expect(Object.fromEntries(ranks.map(([hashtag, rank]) => [hashtag, rank]))).toEqual({
      a: 1,
      b: 1,
      c: 3,
      d: 3,
      e: 5,
    });
  });

  it('moves only from one real change to another', () => {
    const ranks = ranksOf(
      rows('moving', [100, 101, 110]),
      rows('still', [100, 120, 120]),
      rows('woke', [100, 100, 105]),
      rows('other', [100, 110, 112]),
    );
    expect(ranks).toEqual([
      ['moving', 1, 2],
      ['woke', 2, null],
      ['other', 3, -1],
      ['still', 4, null],
    ]);
  });

  it('is compared with the newest earlier day with rows', () => {
    const gap = [null, null];
    const ranks = ranksOf(rows('a', [100, 110, ...gap, 120]), rows('b', [100, 105, ...gap, 200]));
    expect(ranks).toEqual([
      ['b', 1, 1],
      ['a', 2, -1],
    ]);
  });
});

describe('growth over 7 and 30 days', () => {
  it.each([
    [6, 1000, 1500, null],
    [7, 1000, 1500, 0.5],
    [14, 1000, 1210, 0.1],
    [15, 1000, 1210, null],
    [7, 0, 100, null],
    [7, 100, 0, -1],
  ])('from %i days before, %i to %i, is %s over 7', (days, from, to, rate) => {
    const expected = rate === null ? null : { rate: near(rate), isWithinRounding: false };
    expect(trendOf(pair(from, to, days)).videos.over7Days).toEqual(expected);
  });

  it.each([
    [29, 1000, 1500, null],
    [30, 1000, 1500, 0.5],
    [37, 100, 100 * 2 ** 37, 2 ** 30 - 1],
    [38, 1000, 1500, null],
  ])('from %i days before, %i to %i, is %s over 30', (days, from, to, rate) => {
    const expected = rate === null ? null : { rate: expect.closeTo(rate, 4) };
    const { over30Days } = trendOf(pair(from, to, days)).videos;
    if (expected === null) expect(over30Days).toBeNull();
    else expect(over30Days).toMatchObject(expected);
  });

  it('starts at the newest row that is old enough', () => {
    const snapshots = [
      ...rows('tag', [100], [], addDays(TODAY, -9)),
      ...rows('tag', [1000], [], addDays(TODAY, -7)),
      ...rows('tag', [5000, 1500]),
    ];
    expect(trendOf(snapshots).videos.over7Days?.rate).toBeCloseTo(0.5, 12);
  });

  it('can be within rounding as well', () => {
    const { over7Days } = trendOf(pair(1_000_000, 1_100_000, 7)).videos;
    expect(over7Days).toEqual({ rate: near(0.1), isWithinRounding: true });
  });
});

describe('acceleration', () => {
  // The count doubled on every day of the week before.
  const week = rows('tag', [100, ...repeat(6, null), 12_800], [], addDays(TODAY, -1));

  it.each([
    ['faster than', 32_000, 0.5],
    ['slower than', 19_200, -0.5],
    ['as fast as', 25_600, 0],
  ])('is right for a day that was %s the 7 days before', (_case, count, acceleration) => {
    const { videos } = trendOf([...week, ...rows('tag', [count])]);
    expect(videos.acceleration).toBeCloseTo(acceleration, 12);
  });

  it('is unknown without a week before', () => {
    expect(trendOf(rows('tag', [100, 200, 300])).videos.acceleration).toBeNull();
  });
});

describe('days without rows', () => {
  it('are found among the last 30 days, from the first day on', () => {
    const snapshots = [...rows('a', [1, null, 3]), ...rows('b', [1], [], addDays(TODAY, -40))];
    expect(missingDays(snapshots, TODAY, addDays(TODAY, -4))).toEqual([
      '2026-11-18',
      '2026-11-19',
      '2026-11-21',
    ]);
    expect(missingDays(snapshots, TODAY, addDays(TODAY, -40))).toHaveLength(28);
  });

  it('are gaps in the last 30 days’ counts', () => {
    const { last30Days } = trendOf(rows('tag', [7, 8, null, 0]));
    expect(last30Days).toEqual([...repeat(26, null), 7, 8, null, 0]);
  });
});

describe('any rows', () => {
  it('give finite numbers, ranks without gaps, and nothing trending without a rate', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const trends = trendsOf(history);
        expectFinite(trends);
        const ranked = trends.filter((trend) => trend.rank !== null);
        expect(ranked.map((trend) => trend.rank)).toEqual(ranked.map((_, i) => i + 1));
        for (const trend of trends.filter(isTrending)) {
          expect(rankedMeasure(trend).growth).toMatchObject({ kind: 'rate' });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('give the same trends in any order', () => {
    const shuffled = anyHistory.chain((history) =>
      fc.tuple(
        fc.constant(history),
        fc.shuffledSubarray(history, { minLength: history.length, maxLength: history.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([history, other]) => {
        const trends = computeTrends(history, TODAY, () => THRESHOLD);
        expect(computeTrends(other, TODAY, () => THRESHOLD)).toEqual(trends);
      }),
    );
  });
});

function expectFinite(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) expect.fail(`found ${value}`);
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(expectFinite);
}

describe('1,000 hashtags with 3 years of history', () => {
  it('have the right trends', () => {
    const base = 1_000_001;
    const days = daysUpTo(TODAY, 3 * 365);
    const snapshots = days.flatMap((day) =>
      Array.from({ length: 1000 }, (_, i) => {
        const videoCount = day === TODAY ? base + i * 1000 : base;
        return { day, hashtag: `tag${i}`, videoCount, viewCount: null };
      }),
    );
    const trends = trendsOf(snapshots);

    expect(trends.map((trend) => trend.hashtag)).toEqual(
      Array.from({ length: 1000 }, (_, rank) => `tag${999 - rank}`),
    );
    expect(trends.filter(isTrending)).toHaveLength(949);
    expect(trends[0]?.videos).toMatchObject({
      growth: { days: 1, perDay: near(999_000 / base) },
      over7Days: { rate: near(999_000 / base) },
      over30Days: { rate: near(999_000 / base) },
    });
  });
});

it('computes the trends of a past day as they were', () => {
  const history = rows('tag', [1000, 1500, 1600]);
  const [trend] = computeTrends(history, day('2026-11-21'), () => THRESHOLD);
  expect(trend).toMatchObject({ videos: { count: 1500 }, signal: 'trending' });
});

describe('a week or month', () => {
  const WEEK = weekOf(TODAY); // from 2026-11-16 on
  const growthOf = (counts: (number | null)[], lastDay = TODAY) =>
    computePeriodTrends(rows('tag', counts, [], lastDay), WEEK, () => THRESHOLD)[0]?.videos.growth;

  it.each<[string, (number | null)[], object]>([
    ['the day before it', [50, 100, ...repeat(6, 105), 200], { added: 100, days: 7 }],
    ['an earlier day', [100, null, null, ...repeat(6, 105), 200], { added: 100, days: 9 }],
    ['a week earlier', [100, ...repeat(7, null), ...repeat(6, 105), 200], { added: 100, days: 14 }],
    [
      'the first count in it',
      [100, ...repeat(8, null), ...repeat(6, 105), 200],
      { added: 95, days: 6 },
    ],
    ['the first count of all', [100, 200], { added: 100, days: 1 }],
  ])('grows from %s to its last count', (_case, counts, expected) => {
    expect(growthOf(counts)).toMatchObject(expected);
  });

  it('ends with its last known count and ignores later ones', () => {
    expect(growthOf([100, 110, null, null])).toMatchObject({ added: 10, days: 1 });
    expect(growthOf([100, 110, 500], addDays(TODAY, 1))).toMatchObject({ added: 10, days: 1 });
    expect(growthOf([100, ...repeat(7, null)])).toBeUndefined();
  });

  it.each([
    ['one count', [5], { kind: 'first' }],
    ['a zero baseline', [0, 5], { kind: 'from-zero', added: 5, days: 1 }],
    ['a change within rounding', [1e6, 1.1e6], { kind: 'rate', isWithinRounding: true }],
  ])('has its own result for %s', (_case, counts, expected) => {
    expect(growthOf(counts)).toMatchObject(expected);
  });

  it('ranks by the rate per day; a change within rounding is none, and the unranked are last', () => {
    const snapshots = [
      ...rows('slow', [100, null, null, 120]),
      ...rows('fast', [100, 110]),
      ...rows('round', [1e6, 1.1e6]),
      ...rows('first', [7]),
      ...rows('fell', [100, 90]),
      ...rows('before', [100, 200, ...repeat(7, null)]),
    ];
    const trends = computePeriodTrends(snapshots, WEEK, () => THRESHOLD);
    expect(trends.map(({ hashtag, rank }) => [hashtag, rank])).toEqual([
      ['fast', 1],
      ['slow', 2],
      ['round', 3],
      ['fell', 4],
      ['first', null],
    ]);
  });

  it('has the same moving days as the reports of its days', () => {
    const period = fc.constantFrom(WEEK, monthOf(TODAY));
    const percent = fc.constantFrom(0, 5, 50);
    fc.assert(
      fc.property(anyHistory, period, percent, (snapshots, { first, last, ...rest }, percent) => {
        const thresholdOf = () => ({ ...THRESHOLD, trendingGrowthPercent: percent, minVideos: 3 });
        const trends = computePeriodTrends(snapshots, { first, last, ...rest }, thresholdOf);
        const found = trends.flatMap(({ hashtag, movingDays }) =>
          movingDays.map((movingDay) => ({ hashtag, ...movingDay })),
        );
        const expected = daysUpTo(last, 31)
          .filter((day) => day >= first)
          .flatMap((day) =>
            computeTrends(snapshots, day, thresholdOf)
              .filter(({ signal }) => signal !== null)
              .map((trend) => {
                const { hashtag, signal, isTrending, pace } = trend;
                return {
                  hashtag,
                  day,
                  growth: rankedMeasure(trend).growth,
                  signal,
                  isTrending,
                  pace,
                };
              }),
          );
        expect(found).toHaveLength(expected.length);
        expect(found).toEqual(expect.arrayContaining(expected));
      }),
      { numRuns: 60 },
    );
  });
});

describe('what a day still asks for', () => {
  const rejected = { hashtag: 'a', kind: 'rejected' as const, reason: 'HTTP 400' };

  it('is not a name that the API refuses, unless the day has no count at all', () => {
    expect(hashtagsToAsk(judgeDayState(['b'], [rejected]), ['a', 'b', 'c'])).toEqual(['c']);
    // A refusal of everything says nothing about the names.
    expect(hashtagsToAsk(judgeDayState([], [rejected]), ['a', 'b'])).toEqual(['a', 'b']);
  });
});
