import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import type { Point } from '../../scripts/lib/trends/growth.ts';
import { findSignals } from '../../scripts/lib/trends/signals.ts';
import { THRESHOLD, TODAY } from '../helpers/snapshots.ts';

const FOREVER = addDays(TODAY, -5000);

/** A count a day up to today; null is a gap. */
function pointsOf(counts: (number | null)[]): Point[] {
  return counts.flatMap((count, i) =>
    count === null ? [] : [{ day: addDays(TODAY, i - counts.length + 1), count }],
  );
}

const signalsOf = (counts: (number | null)[], surgeFactor = 2) =>
  findSignals(pointsOf(counts), { ...THRESHOLD, surgeFactor }, FOREVER);

/** The signals from the day `start` of the counts on, one for each. */
const signalsFrom = (start: number, counts: number[]) =>
  signalsOf(counts)
    .slice(start)
    .map(({ signal }) => signal);

/** Counts that begin with `start` and add these gains. */
const adding = (start: number, gains: number[]) => {
  const counts = [start];
  for (const gain of gains) counts.push((counts.at(-1) ?? 0) + gain);
  return counts;
};
const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** 35 usual days of +10 (at 10,001, so exact), then these gains. */
const usualThen = (gains: number[]) => adding(9001, [...repeat(34, 10), ...gains]);

describe('surging', () => {
  it('is twice a usual week in at most a week', () => {
    expect(signalsFrom(35, usualThen(repeat(7, 19)))).not.toContain('surging');
    expect(signalsFrom(35, usualThen(repeat(7, 29)))).toContain('surging');
  });

  it('needs 2 % of the count as well', () => {
    const counts = adding(100_001, [...repeat(34, 10), ...repeat(7, 100)]);
    expect(signalsFrom(35, counts)).not.toContain('surging');
  });

  it('needs four steps of rounding', () => {
    const step = 100_000;
    const surge = (steps: number) =>
      adding(1_000_000, [...repeat(34, 0), step, ...repeat(steps - 1, step)]);
    expect(signalsFrom(34, surge(1))).not.toContain('surging');
    const gains = (steps: number) => adding(8_000_000, [...repeat(34, 0), ...repeat(steps, step)]);
    expect(signalsFrom(34, gains(1))).not.toContain('surging');
    expect(signalsFrom(34, gains(4))).toContain('surging');
  });

  it('shows in the first days with half of that, if the last reading brought much of it', () => {
    // A usual week is 70, and 2 % are 187. Two days: half of 187 is enough.
    expect(signalsFrom(35, usualThen([40, 60]))).toEqual([null, 'surging']);
    expect(signalsFrom(35, usualThen([75, 25]))).toEqual([null, null]);
  });

  it('is told as a multiple of the usual, over the days that show it best', () => {
    const { pace } = signalsOf(usualThen([10, 90, 100])).at(-1) ?? {};
    expect(pace).toEqual({ added: 190, days: 2, usual: 20, timesUsual: 9.5 });
  });

  it('has no multiple if the usual is nothing', () => {
    const { signal, pace } = signalsOf(adding(9001, [...repeat(34, 0), 100, 150])).at(-1) ?? {};
    expect(signal).toBe('surging');
    expect(pace).toEqual({ added: 250, days: 2, usual: 0, timesUsual: null });
  });

  it('needs as many times the usual as the factor says', () => {
    const counts = usualThen(repeat(7, 40));
    expect(signalsOf(counts, 2).at(-1)?.signal).toBe('surging');
    expect(signalsOf(counts, 5).at(-1)?.signal).not.toBe('surging');
  });

  it('finds a billion views that grow by steps of a hundred million', () => {
    const step = 1e8;
    const gains = [...repeat(5, [step, 0, 0, 0, 0, 0, 0]).flat(), ...repeat(6, step)];
    expect(signalsOf(adding(10e9, gains)).at(-1)?.signal).toBe('surging');
  });
});

describe('a breakout', () => {
  it('is surging, and trending on the day or in the two days before', () => {
    // 600 is above 5 % of 9,441, and 100 is the second reading of the surge.
    expect(signalsFrom(35, usualThen([100, 600, 100, 100, 100]))).toEqual([
      null,
      'breakout',
      'breakout',
      'breakout',
      'surging',
    ]);
  });

  it('is only trending on its first day, because one reading makes no surge', () => {
    expect(signalsFrom(35, usualThen([600, 600]))).toEqual(['trending', 'breakout']);
  });
});

describe('cooling', () => {
  it('begins once, when the days have fallen back to the usual after a surge', () => {
    const signals = signalsFrom(35, usualThen([60, 80, 80, 80, ...repeat(12, 10)]));
    expect(signals.filter((signal) => signal === 'cooling')).toHaveLength(1);
    expect(signals.lastIndexOf('surging')).toBeLessThan(signals.indexOf('cooling'));
  });

  it('begins at the usual rate of growth, even if that brings more than before', () => {
    // 1 % a day for 35 days, 5 % for 8 days, then 0.8 %: more than before, but of a larger count.
    const percents = [...repeat(34, 1), ...repeat(8, 5), ...repeat(10, 0.8)];
    const counts = [1_000_001];
    for (const percent of percents) {
      counts.push(Math.round((counts.at(-1) ?? 0) * (1 + percent / 100)));
    }
    expect(signalsFrom(35, counts)).toContain('cooling');
  });

  it('does not begin while more than the usual comes', () => {
    const gains = [60, 80, 80, 80, ...repeat(12, 13)];
    expect(signalsFrom(35, usualThen(gains))).not.toContain('cooling');
  });

  it('is not said of a reading that went back', () => {
    const counts = [...usualThen([]), 20_000, ...adding(9351, repeat(8, 10))];
    expect(signalsFrom(35, counts)).toContain('trending');
    expect(signalsFrom(35, counts)).not.toContain('cooling');
  });
});

/** Steady growth for 70 days, each with up to 10 % more or less; exact, and as TikTok rounds it. */
const steady = fc
  .record({
    start: fc.oneof(fc.integer({ min: 1000, max: 1e6 }), fc.integer({ min: 1e6, max: 2e10 })),
    dailyPercent: fc.double({ min: 0, max: 0.6, noNaN: true }),
    noise: fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), {
      minLength: 70,
      maxLength: 70,
    }),
    isRounded: fc.boolean(),
  })
  .map(({ start, dailyPercent, noise, isRounded }) => {
    let count = start;
    const exact = noise.map((factor) => {
      count *= 1 + (dailyPercent / 100) * factor;
      return count;
    });
    return { exact, round: isRounded ? roundAsTikTok : Math.round };
  });

function roundAsTikTok(count: number): number {
  const step = count < 1e4 ? 1 : count < 1e6 ? 100 : count < 1e9 ? 1e5 : 1e8;
  return Math.round(count / step) * step;
}

const hasSurge = (counts: (number | null)[]) =>
  signalsOf(counts).some(({ signal }) => signal === 'surging' || signal === 'breakout');

describe('no surge', () => {
  const runs = { numRuns: 300 };

  it('comes from steady growth and rounding', () => {
    fc.assert(
      fc.property(steady, ({ exact, round }) => !hasSurge(exact.map(round))),
      runs,
    );
  });

  it('comes from a single wild reading, wherever it stands', () => {
    const wild = fc.oneof(
      fc.double({ min: 1.01, max: 2, noNaN: true }),
      fc.double({ min: 0, max: 10, noNaN: true }),
    );
    fc.assert(
      fc.property(steady, fc.nat(69), wild, ({ exact, round }, index, factor) => {
        return !hasSurge(exact.map((count, i) => round(i === index ? count * factor : count)));
      }),
      runs,
    );
  });

  it('comes from a gap', () => {
    fc.assert(
      fc.property(steady, fc.nat(69), fc.nat(40), ({ exact, round }, index, length) => {
        const isGap = (i: number) => i >= index && i < index + length;
        return !hasSurge(exact.map((count, i) => (isGap(i) ? null : round(count))));
      }),
      runs,
    );
  });

  it('comes from a correction of the count, up or down', () => {
    const factor = fc.double({ min: 0.5, max: 2, noNaN: true });
    fc.assert(
      fc.property(steady, fc.nat(69), factor, ({ exact }, index, factor) => {
        return !hasSurge(exact.map((count, i) => Math.round(i < index ? count : count * factor)));
      }),
      runs,
    );
  });

  it('is found in the first two weeks', () => {
    const counts = fc.array(fc.nat(1e9), { minLength: 1, maxLength: 14 });
    fc.assert(
      fc.property(counts, (counts) => !hasSurge(counts)),
      runs,
    );
  });
});
