import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import { sumGroup } from '../../scripts/lib/dashboard/group-history.ts';
import { computeTotal } from '../../scripts/lib/trends/totals.ts';
import { formatSpan } from '../../scripts/lib/trends/trend-words.ts';
import {
  addedEachDay,
  daysOf,
  describeDots,
  describePoint,
  describeSpan,
  joinDays,
  type Line,
  pointsOf,
  pointsOfGroup,
  roundValues,
  valuesOf,
} from '../../scripts/page/chart/lines.ts';
import { day, rows, TODAY, trendOf } from '../helpers/snapshots.ts';

function line(videos: (number | null)[]): Line {
  return {
    key: 'tag',
    label: '#tag',
    points: pointsOf(rows('tag', videos), 'videos'),
    marks: new Map(),
  };
}
const draw = (videos: (number | null)[], mode: Parameters<typeof valuesOf>[2]) => {
  const one = line(videos);
  return valuesOf(one, daysOf('30d', [one], TODAY), mode);
};

describe('a line of the chart', () => {
  const videos = [100, 110, null, 130, 130];

  it('has each count, and gaps where there is none', () => {
    expect(draw(videos, 'total')).toEqual([100, 110, null, 130, 130]);
  });

  it('begins with 100 if it is indexed, at the first count above zero', () => {
    expect(draw([0, 50, 60], 'indexed')).toEqual([0, 100, 120]);
  });

  it('has what was added a day, divided by the days of a gap', () => {
    expect(draw(videos, 'added')).toEqual([null, 10, null, 10, 0]);
  });

  it('has the daily growth in percent', () => {
    const growth = draw(videos, 'growth').map((value) => value && Number(value.toFixed(3)));
    expect(growth).toEqual([null, 10, null, 8.711, 0]);
  });

  it('says its exact figures as the report does', () => {
    const { points } = line(videos);
    expect(describePoint(points.get(addDays(TODAY, -1)))).toEqual([
      '130',
      '+20',
      '+8.7%/day over 2 days',
    ]);
    expect(describePoint(points.get(addDays(TODAY, -4)))).toEqual(['100']);
    expect(describePoint(points.get(addDays(TODAY, -2)))).toEqual(['no count']);
  });

  it('has the report’s change of a group, and marks a sum with an older count', () => {
    const histories = [
      ...Array.from({ length: 4 }, (_, i) => rows(`tag${i}`, [1000, 1010, 1020])),
      rows('tag', [500, null, 700]),
    ];
    const days = sumGroup(histories, addDays(TODAY, -2), TODAY);
    const points = pointsOfGroup(days, 'videos');
    const { added } = computeTotal(histories.flat(), TODAY, 'videos');
    expect([...points.values()].map(describePoint)).toEqual([
      ['4,500'],
      ['4,540*', '+40', '+1.0%'],
      ['4,780', `+${added}`, '+1.0%'],
    ]);
  });
});

describe('what a line did in the days that are shown', () => {
  const span = (videos: (number | null)[], days = 5) => {
    const one = line(videos);
    const range = { from: addDays(TODAY, 1 - days), to: TODAY };
    return describeSpan(one, daysOf(range, [one], TODAY), range);
  };

  it('is the change from its first to its last count', () => {
    expect(span([100, 110, null, 130, 150])).toBe('+50.0%');
    expect(span([1000, 100, 110, null, 130, 80])).toBe('-20.0%');
  });

  it('says so if it has fewer days, or if the change may be rounding', () => {
    expect(span([100, 120, null])).toBe('+20.0% over 1 day');
    expect(span([100_000, 100_100, 100_100, 100_100, 100_100])).toBe('≈+0.1%');
  });

  it('is not known of one count, of none, and across days that can’t be compared', () => {
    expect(span([100])).toBeNull();
    expect(span([100, null, null, null, null, null])).toBeNull();
    const days = sumGroup([rows('a', [1, 2, 3]), rows('b', [5, 6])], addDays(TODAY, -2), TODAY);
    const one = { ...line([]), points: pointsOfGroup(days, 'videos') };
    expect(describeSpan(one, daysOf('7d', [one], TODAY), '7d')).toBeNull();
  });

  it('is measured between whole sums of a group', () => {
    const histories = [
      ...Array.from({ length: 4 }, (_, i) => rows(`tag${i}`, [1000, 1010, 1020, 1030])),
      rows('tag', [500, null, 700, 710]),
    ];
    const points = pointsOfGroup(sumGroup(histories, addDays(TODAY, -3), TODAY), 'videos');
    const range = { from: addDays(TODAY, -2), to: TODAY };
    const one = { ...line([]), points };
    expect(describeSpan(one, daysOf(range, [one], TODAY), range)).toBe('+1.0% over 1 day');
  });

  it('is over seven days what the table has for them, and otherwise says over how many it is', () => {
    const counts = [100, 101, 103, 107, 110, 115, 118, 122, 131];
    const one = line(counts);
    const spanOf = (range: '7d' | '30d' | 'all') =>
      describeSpan(one, daysOf(range, [one], TODAY), range);
    expect(spanOf('7d')).toBe(formatSpan(trendOf(rows('tag', counts)).videos.over7Days));
    expect(spanOf('7d')).toBe('+29.7%');
    expect(spanOf('30d')).toBe('+31.0% over 8 days');
    expect(spanOf('all')).toBe('+31.0%');
  });
});

describe('the dots on the lines', () => {
  it('are days with a signal and days between gaps, and say so', () => {
    const describe = (videos: (number | null)[], signals: number[]) => {
      const one = line(videos);
      for (const ago of signals) one.marks.set(addDays(TODAY, -ago), '🔥');
      return describeDots([one], daysOf('30d', [one], TODAY), 'total');
    };
    expect(describe([1, 2, 3, 4], [])).toBeNull();
    expect(describe([1, 2, 3, 4], [1])).toBe('A day with a signal');
    expect(describe([1, 2, null, 4], [])).toBe('A day between gaps');
    expect(describe([1, 2, null, 4], [2])).toBe('A day with a signal, or a day between gaps');
    expect(describe([1, 2, null, 4], [0])).toBe('A day with a signal');
  });
});

describe('the range', () => {
  it('ends with the newest day, and begins no earlier than the lines', () => {
    const lines = [line([1, 2, 3]), line([1, 2, 3, 4, 5])];
    expect(daysOf('7d', lines, TODAY)).toEqual([-4, -3, -2, -1, 0].map((n) => addDays(TODAY, n)));
    expect(daysOf('all', lines, TODAY)).toHaveLength(5);
    expect(daysOf('7d', [line(Array(40).fill(1))], TODAY)).toHaveLength(8);
  });

  it('can be any days', () => {
    const range = { from: day('2026-11-01'), to: day('2026-11-03') };
    expect(daysOf(range, [], TODAY)).toEqual(['2026-11-01', '2026-11-02', '2026-11-03']);
  });
});

describe('the values of a logarithmic axis', () => {
  it.each([
    [98, 153, [100, 110, 120, 130, 140, 150]],
    [0.85, 1.45, [0.9, 1, 1.1, 1.2, 1.3, 1.4]],
    [97, 2_700, [100, 200, 500, 1_000, 2_000]],
    [900, 2_000_000, [1_000, 10_000, 100_000, 1_000_000]],
  ])('are round, and a handful: %d to %d', (min, max, expected) => {
    const values = roundValues(min, max);
    expect(values.map((value) => Number(value.toPrecision(6)))).toEqual(expected);
  });

  it('are at least two, whatever the axis', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 1e12, noNaN: true }),
        fc.double({ min: 1.06, max: 1e9, noNaN: true }),
        (min, times) => {
          const values = roundValues(min, min * times);
          expect(values.length).toBeGreaterThan(1);
          expect(values.length).toBeLessThan(14);
        },
      ),
    );
  });
});

describe('the small curve', () => {
  it('has what each day added, and nothing where it is unknown', () => {
    expect(addedEachDay([null, 10, 12, null, 18, 17])).toEqual([null, null, 2, null, 3, -1]);
  });
});

describe('days that are near each other', () => {
  it('are one run', () => {
    const days = ['2026-11-01', '2026-11-03', '2026-11-10', '2026-11-20'].map(day);
    expect(joinDays(days, 7)).toEqual([
      { first: '2026-11-01', last: '2026-11-10' },
      { first: '2026-11-20', last: '2026-11-20' },
    ]);
  });
});
