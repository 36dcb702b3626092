import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import type { Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { nextMilestone } from '../../scripts/lib/trends/moves.ts';
import { computeTotal } from '../../scripts/lib/trends/totals.ts';
import { groupFigures } from '../../scripts/page/group-growth.ts';
import { expectNextMilestone, passedMilestones } from '../../scripts/page/milestones.ts';
import { rows, TODAY, trendsOf } from '../helpers/snapshots.ts';

describe('the milestones', () => {
  it('are 1, 2 and 5 times a power of ten, from 10,000', () => {
    expect([0, 9_999, 10_000, 20_000, 50_000, 1e9].map(nextMilestone)).toEqual([
      10_000, 10_000, 20_000, 50_000, 100_000, 2e9,
    ]);
  });

  it('are passed on the first day at or above them, and once each', () => {
    const counts = [9_000, 10_000, 9_900, 12_000, 60_000];
    const points = counts.map((count, i) => ({ day: addDays(TODAY, i), count }));
    expect(passedMilestones(points)).toEqual([
      { milestone: 50_000, day: addDays(TODAY, 4) },
      { milestone: 20_000, day: addDays(TODAY, 4) },
      { milestone: 10_000, day: addDays(TODAY, 1) },
    ]);
  });

  it('are expected if the growth of 30 days goes on, and not far away', () => {
    const expected = (count: number, rate: number) =>
      expectNextMilestone({ day: TODAY, count }, { rate, isWithinRounding: false });
    expect(expected(100_000, 1)).toBe(addDays(TODAY, 30)); // doubles in 30 days
    expect(expected(100_000, 0)).toBeNull();
    expect(expected(100_000, -0.1)).toBeNull();
    expect(expected(100_000, 0.001)).toBeNull();
    expect(expectNextMilestone({ day: TODAY, count: 5 }, null)).toBeNull();
  });
});

describe('the figures of a group', () => {
  const figuresOf = (snapshots: Snapshot[]) =>
    groupFigures('g', trendsOf(snapshots), 'videos', computeTotal(snapshots, TODAY, 'videos'));
  /** A week's growth from one count to another. */
  const week = (name: string, from: number, to: number) =>
    rows(name, [from, ...Array(6).fill(null), to]);

  it('are those of the sum of its hashtags', () => {
    const figures = figuresOf([...rows('a', [100, 110]), ...rows('b', [900, 990])]);
    expect(figures).toMatchObject({
      total: { count: 1100, added: 100 },
      hashtags: 2,
      over7Days: null,
    });
    expect(figures.total?.perDay).toBeCloseTo(0.1);
    expect(figures.fastest?.hashtag).toBe('b');
  });

  it('leave out a hashtag whose growth is unknown, so that a new one is no growth', () => {
    const figures = figuresOf([...week('a', 100, 110), ...rows('new', [5000])]);
    expect(figures.total?.count).toBe(5110);
    expect(figures.over7Days).toBeCloseTo(0.1);
  });

  it('count a change within rounding as none', () => {
    const figures = figuresOf([...week('a', 1_000_000, 1_100_000), ...week('b', 1000, 1100)]);
    expect(figures.over7Days).toBeCloseTo(100 / 1_101_000);
  });
});
