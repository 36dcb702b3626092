import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import type { Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { nextMilestone } from '../../scripts/lib/trends/moves.ts';
import { computeTotal } from '../../scripts/lib/trends/totals.ts';
import { groupFigures } from '../../scripts/page/group-growth.ts';
import { describeNextMilestone, passedMilestones } from '../../scripts/page/milestones.ts';
import { rows, THRESHOLD, TODAY, trendsOf } from '../helpers/snapshots.ts';

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

  it('are expected at the usual pace, or it is said why not', () => {
    const next = (count: number, usual: number | null, hasEnded = false) => {
      const pace = usual === null ? null : { added: 0, days: 2, usual, timesUsual: null };
      return describeNextMilestone({ day: TODAY, count }, pace, 'videos', hasEnded);
    };
    expect(next(190_000, 2_000)).toBe(
      'Next: 200,000 videos, in about 10 days at its usual pace (2 Dec 2026)',
    );
    expect(next(199_999, 2_000)).toContain('in about 1 day at');
    expect(next(100_000, 1_000)).toBe('Next: 200,000 videos, in about 7 months at its usual pace');
    expect(next(100_000, 0)).toBe(
      'Next: 200,000 videos, not at its usual pace: it usually brings none',
    );
    expect(next(100_000, 100)).toContain('not within 3 years at its usual pace');
    expect(next(100_000, null)).toContain('after two weeks of counts');
    expect(next(190_000, 2_000, true)).toContain('nobody can say when');
  });
});

describe('the figures of a group', () => {
  const figuresOf = (snapshots: Snapshot[]) =>
    groupFigures(
      'g',
      {
        trends: trendsOf(snapshots),
        totals: {
          g: {
            videos: computeTotal(snapshots, TODAY, 'videos'),
            views: computeTotal(snapshots, TODAY, 'views'),
          },
        },
        state: { missed: [{ hashtag: 'missed', kind: 'failed', reason: 'HTTP 503' }] },
      },
      {
        hashtags: ['a', 'b', 'new', 'missed', 'gone'].map((name) => ({
          name,
          group: 'g',
          threshold: THRESHOLD,
          status: 'tracked',
        })),
      },
      'videos',
    );
  /** A week's growth from one count to another. */
  const week = (name: string, from: number, to: number) =>
    rows(name, [from, ...Array(6).fill(null), to]);

  it('are those of the sum of its hashtags', () => {
    const figures = figuresOf([...rows('a', [100, 110]), ...rows('b', [900, 990])]);
    expect(figures).toMatchObject({
      total: { count: 1100, added: 100 },
      captured: 2,
      members: 5,
      leftOut: ['missed'],
      over7Days: null,
    });
    expect(figures.total?.perDay).toBeCloseTo(0.1);
    expect(figures.fastest?.hashtag).toBe('b');
  });

  it('leave out a hashtag whose growth is unknown, so that a new one is no growth', () => {
    const figures = figuresOf([...week('a', 100, 110), ...rows('new', [5000])]);
    expect(figures.total?.count).toBe(5110);
    expect(figures.over7Days).toBeCloseTo(0.1);
    expect(figures.leftOut).toEqual(['new', 'missed']);
  });

  it('name the hashtags without a count on both days', () => {
    const figures = figuresOf([...rows('a', [1, 100, 110]), ...rows('b', [900, null, 990])]);
    expect(figures.total?.added).toBe(10);
    expect(figures.leftOut).toEqual(['b', 'missed']);
  });

  it('count a change within rounding as none', () => {
    const figures = figuresOf([...week('a', 1_000_000, 1_100_000), ...week('b', 1000, 1100)]);
    expect(figures.over7Days).toBeCloseTo(100 / 1_101_000);
  });
});
