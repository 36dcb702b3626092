import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, daysBetween } from '../../scripts/lib/core/day.ts';
import {
  lengthInDays,
  monthOf,
  parseMonth,
  parseWeek,
  weekOf,
} from '../../scripts/lib/core/period.ts';
import { day, TODAY } from '../helpers/snapshots.ts';

const anyDay = fc.integer({ min: -20_000, max: 20_000 }).map((offset) => addDays(TODAY, offset));

describe('the week of a day', () => {
  it.each([
    ['2026-11-16', '2026-W47', '2026-11-16', '2026-11-22'],
    ['2026-11-22', '2026-W47', '2026-11-16', '2026-11-22'],
    ['2026-11-23', '2026-W48', '2026-11-23', '2026-11-29'],
    // The last week of a year can reach into the next year, and the other way round.
    ['2027-01-03', '2026-W53', '2026-12-28', '2027-01-03'],
    ['2027-01-04', '2027-W01', '2027-01-04', '2027-01-10'],
    ['2021-01-03', '2020-W53', '2020-12-28', '2021-01-03'],
    ['2021-01-04', '2021-W01', '2021-01-04', '2021-01-10'],
    ['2024-12-29', '2024-W52', '2024-12-23', '2024-12-29'],
    ['2024-12-30', '2025-W01', '2024-12-30', '2025-01-05'],
    ['2023-01-01', '2022-W52', '2022-12-26', '2023-01-01'],
    ['2018-01-01', '2018-W01', '2018-01-01', '2018-01-07'],
    ['2024-02-29', '2024-W09', '2024-02-26', '2024-03-03'],
  ])('for %s is %s', (text, name, first, last) => {
    expect(weekOf(day(text))).toEqual({ kind: 'week', name, first, last });
  });

  it('has seven days and one name, and follows the week before', () => {
    fc.assert(
      fc.property(anyDay, (text) => {
        const week = weekOf(text);
        expect(lengthInDays(week)).toBe(7);
        expect(week.first <= text && text <= week.last).toBe(true);
        expect(weekOf(week.first)).toEqual(week);
        expect(parseWeek(week.name)).toEqual(week);
        const next = weekOf(addDays(week.last, 1));
        expect(daysBetween(week.first, next.first)).toBe(7);
        expect(next.name > week.name).toBe(true);
      }),
    );
  });
});

describe('the month of a day', () => {
  it.each([
    ['2026-11-22', '2026-11', '2026-11-01', '2026-11-30'],
    ['2026-12-31', '2026-12', '2026-12-01', '2026-12-31'],
    ['2024-02-01', '2024-02', '2024-02-01', '2024-02-29'],
    ['2026-02-28', '2026-02', '2026-02-01', '2026-02-28'],
  ])('for %s is %s', (text, name, first, last) => {
    expect(monthOf(day(text))).toEqual({ kind: 'month', name, first, last });
  });

  it('follows the month before', () => {
    fc.assert(
      fc.property(anyDay, (text) => {
        const month = monthOf(text);
        expect(month.first <= text && text <= month.last).toBe(true);
        expect(parseMonth(month.name)).toEqual(month);
        expect(monthOf(addDays(month.last, 1)).first).toBe(addDays(month.last, 1));
      }),
    );
  });
});

describe('the name of a period', () => {
  it.each(['2026-W00', '2026-W54', '2025-W53', '2021-W53', '2026-W5', '2026-w47', '2026-47', 'x'])(
    'is not a week if it is %j',
    (text) => {
      expect(parseWeek(text)).toBeNull();
    },
  );

  it.each(['2026-00', '2026-13', '2026-1', '2026-11-22', '2026-W47', '2026', ''])(
    'is not a month if it is %j',
    (text) => {
      expect(parseMonth(text)).toBeNull();
    },
  );

  it.each(['2026-W53', '2020-W53', '2021-W01'])('is a week if it is %s', (text) => {
    expect(parseWeek(text)?.name).toBe(text);
  });
});
