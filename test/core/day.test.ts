import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, dayOf, daysBetween, daysUpTo, isDay } from '../../scripts/lib/core/day.ts';
import { day, TODAY } from '../helpers/snapshots.ts';

const offset = fc.integer({ min: -200_000, max: 200_000 });

describe('isDay', () => {
  it.each(['2026-11-22', '2024-02-29', '2000-02-29', '1999-12-31'])('accepts %j', (text) => {
    expect(isDay(text)).toBe(true);
  });

  it.each([
    '2026-02-29',
    '2026-02-30',
    '1900-02-29',
    '2026-11-31',
    '2026-13-01',
    '2026-00-10',
    '2026-11-00',
    '2026-1-2',
    '20261122',
    ' 2026-11-22',
    '2026-11-22\n',
    '2026-11-22T00:00Z',
    '+002026-11-22',
    '٢٠٢٦-١١-٢٢',
    '',
  ])('rejects %j', (text) => {
    expect(isDay(text)).toBe(false);
  });
});

describe('dayOf', () => {
  it.each([
    ['UTC', '2026-11-22T00:00:00Z', '2026-11-22'],
    ['UTC', '2026-11-22T23:59:59.999Z', '2026-11-22'],
    ['Pacific/Kiritimati', '2026-11-22T10:00:00Z', '2026-11-23'],
    ['America/Los_Angeles', '2026-11-22T07:59:00Z', '2026-11-21'],
    ['Asia/Kathmandu', '2026-11-21T18:14:59Z', '2026-11-21'],
    ['Asia/Kathmandu', '2026-11-21T18:15:00Z', '2026-11-22'],
    // The night in which summer time begins is an hour shorter.
    ['Europe/Berlin', '2026-03-28T22:59:59Z', '2026-03-28'],
    ['Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29'],
    ['Europe/Berlin', '2026-03-29T22:00:00Z', '2026-03-30'],
    // Samoa skipped 30 December 2011.
    ['Pacific/Apia', '2011-12-30T09:59:59Z', '2011-12-29'],
    ['Pacific/Apia', '2011-12-30T10:00:00Z', '2011-12-31'],
  ])('says that in %s, %s falls on %s', (timeZone, instant, expected) => {
    expect(dayOf(Date.parse(instant), timeZone)).toBe(expected);
  });

  it('gives the date of the ISO text in UTC', () => {
    const instants = fc.date({
      noInvalidDate: true,
      min: new Date('1000-01-01'),
      max: new Date('9999-12-31'),
    });
    fc.assert(
      fc.property(instants, (instant) => {
        expect(dayOf(instant.getTime(), 'UTC')).toBe(instant.toISOString().slice(0, 10));
      }),
    );
  });
});

describe('counting days', () => {
  it.each([
    ['2024-02-28', 1, '2024-02-29'],
    ['2026-02-28', 1, '2026-03-01'],
    ['2026-12-31', 1, '2027-01-01'],
    ['2026-03-01', -1, '2026-02-28'],
    ['2026-03-28', 2, '2026-03-30'],
    ['2026-11-22', 0, '2026-11-22'],
  ])('knows that %s plus %i is %s', (from, count, expected) => {
    expect(addDays(day(from), count)).toBe(expected);
    expect(daysBetween(day(from), day(expected))).toBe(count);
  });

  it('adds up and can be reversed', () => {
    fc.assert(
      fc.property(offset, offset, (a, b) => {
        const there = addDays(TODAY, a);
        expect(isDay(there)).toBe(true);
        expect(daysBetween(TODAY, there)).toBe(a);
        expect(addDays(there, b)).toBe(addDays(TODAY, a + b));
      }),
    );
  });

  it('keeps the order of days when they are sorted as text', () => {
    fc.assert(
      fc.property(offset, offset, (a, b) => {
        expect(addDays(TODAY, a) < addDays(TODAY, b)).toBe(a < b);
      }),
    );
  });

  it('lists the days up to a day, oldest first', () => {
    expect(daysUpTo(day('2026-03-01'), 3)).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
    expect(daysUpTo(TODAY, 0)).toEqual([]);
  });
});
