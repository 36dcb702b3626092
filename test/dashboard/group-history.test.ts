import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import { sumGroup } from '../../scripts/lib/dashboard/group-history.ts';
import { groupSteps } from '../../scripts/lib/dashboard/site.ts';
import { totalSteps } from '../../scripts/lib/trends/totals.ts';
import { rows, TODAY } from '../helpers/snapshots.ts';

/** The group's videos on each of the last days; undefined where it has no total. */
function totals(histories: (number | null)[][]) {
  const length = Math.max(...histories.map((videos) => videos.length));
  const start = addDays(TODAY, 1 - length);
  const days = sumGroup(
    histories.map((videos, i) => rows(`tag${i}`, videos)),
    start,
    TODAY,
  );
  return Array.from({ length }, (_, i) => days.find(({ day }) => day === addDays(start, i)));
}
const videosOf = (histories: (number | null)[][]) =>
  totals(histories).map((day) => day?.videoCount);

describe('the total of a group', () => {
  it('is the sum of its hashtags', () => {
    expect(
      videosOf([
        [1, 2, 3],
        [10, 20, 30],
      ]),
    ).toEqual([11, 22, 33]);
  });

  it('takes the count before where one of many is missing', () => {
    const others = Array.from({ length: 4 }, () => [100, 100, 100]);
    expect(videosOf([...others, [5, null, 7]])).toEqual([405, 405, 407]);
  });

  it('is a gap where more than a fifth of the hashtags are missing', () => {
    expect(
      videosOf([
        [1, null, 3],
        [1, 1, 1],
      ]),
    ).toEqual([2, undefined, 4]);
    expect(videosOf([[1, null, 3]])).toEqual([1, undefined, 3]);
  });

  it('leaves out a hashtag before its first count and after its last', () => {
    expect(
      videosOf([
        [1, 1, 1, 1],
        [null, 5, 5, null],
      ]),
    ).toEqual([1, 6, 6, 1]);
  });

  it('says on which days the change comes from other hashtags', () => {
    const isComparable = totals([
      [1, 1, 1, 1],
      [null, 5, 5, null],
    ]).map((day) => day?.isComparable);
    expect(isComparable).toEqual([true, false, true, false]);
  });

  it('keeps the steps of the report, apart from those between two whole sums', () => {
    const histories = [
      ...Array.from({ length: 4 }, (_, i) => rows(`tag${i}`, [1000, 1010, 1020, 1030])),
      rows('tag', [500, null, 700, 710]),
    ];
    const days = sumGroup(histories, addDays(TODAY, -3), TODAY);
    expect(days.map(({ steps }) => steps.videos?.before)).toEqual([
      undefined,
      4000,
      4040,
      undefined,
    ]);
    expect([...groupSteps(days, 'videos').values()]).toEqual(
      totalSteps(histories.flat(), 'videos'),
    );
  });
});
