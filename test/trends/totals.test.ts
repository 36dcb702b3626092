import { describe, expect, it } from 'vitest';
import { commonMeasure, computeTotal } from '../../scripts/lib/trends/totals.ts';
import { rows, TODAY, trendsOf } from '../helpers/snapshots.ts';

const steady = (start: number, added: number, days = 30): number[] =>
  Array.from({ length: days }, (_, i) => start + added * i);

describe('a total', () => {
  it('adds up the counts of the day, and the growth of those with a count on both days', () => {
    const history = [
      ...rows('a', [1000, 1100]),
      ...rows('b', [3001, 3101]),
      ...rows('new', [500]),
      ...rows('gone', [700, null]),
    ];
    const total = computeTotal(history, TODAY, 'videos');
    expect(total).toEqual({
      count: 1100 + 3101 + 500,
      added: 200,
      perDay: expect.closeTo(200 / 4001, 10),
      usualPerDay: null,
      hasRounded: false,
      leftOut: ['new'],
    });
  });

  it('has the median of the 28 days before as its usual', () => {
    const counts = steady(1001, 10);
    const jump = [...counts.slice(0, 20), ...counts.slice(20).map((count) => count + 500)];
    const { usualPerDay } = computeTotal(rows('a', jump), TODAY, 'videos');
    expect(usualPerDay).toBeGreaterThan(0.006);
    expect(usualPerDay).toBeLessThan(0.01);
  });

  it.each([
    [8, null],
    [9, expect.any(Number)],
  ])('of %i days has the usual %s', (days, expected) => {
    const total = computeTotal(rows('a', steady(1001, 10, days)), TODAY, 'videos');
    expect(total.usualPerDay).toEqual(expected);
  });

  it('is a daily rate over a gap', () => {
    expect(computeTotal(rows('a', [1000, null, 1210]), TODAY, 'videos')).toMatchObject({
      added: 210,
      perDay: expect.closeTo(0.1, 10),
    });
  });

  it('says that it holds a change within rounding', () => {
    const history = [...rows('a', [1_000_000, 1_100_000]), ...rows('b', [100, 150])];
    expect(computeTotal(history, TODAY, 'videos').hasRounded).toBe(true);
    expect(computeTotal(rows('b', [100, 150]), TODAY, 'videos').hasRounded).toBe(false);
  });

  it('is unknown without counts', () => {
    const nothing = { count: null, added: null, perDay: null, usualPerDay: null };
    expect(computeTotal([], TODAY, 'videos')).toMatchObject(nothing);
    expect(computeTotal(rows('a', [1, 2]), TODAY, 'views')).toMatchObject(nothing);
    expect(computeTotal(rows('a', [0, 2]), TODAY, 'videos')).toMatchObject({ perDay: null });
  });

  it('is of the measure that more hashtags have', () => {
    const byViews = ['a', 'b'].flatMap((name) => rows(name, [null], [5]));
    expect(commonMeasure(trendsOf([...byViews, ...rows('c', [5], [5])]))).toBe('views');
    expect(commonMeasure(trendsOf(rows('c', [5], [5])))).toBe('videos');
  });
});
