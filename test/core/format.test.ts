import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatChange,
  formatCount,
  formatDuration,
  formatList,
  formatPercent,
  plural,
} from '../../scripts/lib/core/format.ts';
import type { Growth } from '../../scripts/lib/trends/growth.ts';
import {
  formatDailyRate,
  formatGrowth,
  formatTotalGrowth,
} from '../../scripts/lib/trends/trend-words.ts';

describe('a count', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1_247_832, '1,247,832'],
    [119_178_103_482_915, '119,178,103,482,915'],
    [Number.MAX_SAFE_INTEGER, '9,007,199,254,740,991'],
    [null, '–'],
  ])('of %j is written %s', (count, expected) => {
    expect(formatCount(count)).toBe(expected);
  });

  it.each([
    [1204, '+1,204'],
    [0, '0'],
    [-1204, '-1,204'],
  ])('that changed by %i is written %s', (change, expected) => {
    expect(formatChange(change)).toBe(expected);
  });

  it.each([
    [0, '0 days'],
    [1, '1 day'],
    [1000, '1,000 days'],
  ])('of %i with a unit is written %s', (count, expected) => {
    expect(plural(count, 'day')).toBe(expected);
  });
});

describe('a percentage', () => {
  it.each([
    [0, '0.0%'],
    [0.152, '+15.2%'],
    [-0.152, '-15.2%'],
    [0.0003, '+0.03%'],
    [-0.0003, '-0.03%'],
    [0.00094, '+0.09%'],
    [0.00095, '+0.1%'],
    [0.00001, '+<0.01%'],
    [-0.00001, '-<0.01%'],
    [0.9994, '+99.9%'],
    [1, '+100%'],
    [12.345, '+1,235%'],
    [-1, '-100%'],
  ])('of %d is written %s', (fraction, expected) => {
    expect(formatPercent(fraction)).toBe(expected);
  });

  it('never shows a change as zero or with the wrong sign', () => {
    const fractions = fc.oneof(
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: -1, max: 1e15, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fractions.filter((fraction) => fraction !== 0),
        (fraction) => {
          const text = formatPercent(fraction);
          expect(text).toMatch(/^[+-](<0\.01|[\d,]+(\.\d{1,2})?)%$/);
          expect(text).toMatch(/[1-9]/);
          expect(text.startsWith('+')).toBe(fraction > 0);
        },
      ),
    );
  });
});

describe('growth', () => {
  const rate = (over: Partial<Growth & { kind: 'rate' }>): Growth => ({
    kind: 'rate',
    added: 10,
    days: 1,
    hours: null,
    perDay: 0.1,
    isWithinRounding: false,
    ...over,
  });

  it.each<[string, Growth, string]>([
    ['a day', rate({}), '+10.0%'],
    ['a missed day', rate({ days: 2 }), '+10.0%/day over 2 days'],
    ['a gap', rate({ days: 3 }), '+10.0%/day over 3 days'],
    ['a fall', rate({ added: -10, perDay: -0.1 }), '-10.0%'],
    ['no change', rate({ added: 0, perDay: 0, isWithinRounding: true }), '0.0%'],
    ['a change within rounding', rate({ isWithinRounding: true }), '≈+10.0%'],
    ['a first day', { kind: 'first' }, 'first day'],
    ['a zero baseline', { kind: 'from-zero', added: 12, days: 1, hours: null }, 'from 0'],
    [
      'an old zero baseline',
      { kind: 'from-zero', added: 12, days: 4, hours: null },
      'from 0 over 4 days',
    ],
    ['an unknown count', { kind: 'unknown' }, '–'],
    ['a usual morning', rate({ hours: 24.02 }), '+10.0%'],
    ['a usual gap', rate({ days: 3, hours: 70 }), '+10.0%/day over 3 days'],
    ['a late day', rate({ hours: 34.2 }), '+10.0%/day over 34 h'],
    ['a late end of a gap', rate({ days: 3, hours: 77 }), '+10.0%/day over 77 h'],
    ['a day after a late one', rate({ hours: 13.8 }), '+10.0% in 14 h'],
    ['no hour', rate({ hours: 0.4 }), '+10.0% in under 1 h'],
    [
      'a late day after zero',
      { kind: 'from-zero', added: 12, days: 1, hours: 34.2 },
      'from 0 over 34 h',
    ],
  ])('has its own wording for %s', (_case, growth, expected) => {
    expect(formatGrowth(growth)).toBe(expected);
  });
});

describe('growth over a whole span', () => {
  const rate = (
    added: number,
    days: number,
    isWithinRounding = false,
    hours: number | null = null,
  ) => ({ kind: 'rate', added, days, hours, perDay: 0.01, isWithinRounding }) as const;

  it.each<[string, number | null, Growth, string]>([
    ['all days', 2000, rate(1000, 7), '+100%'],
    ['fewer days', 110, rate(10, 5), '+10.0% over 5 days'],
    ['one day', 90, rate(-10, 1), '-10.0% over 1 day'],
    ['a change within rounding', 1.1e6, rate(1e5, 7, true), '≈+10.0%'],
    ['a late last day', 110, rate(10, 7, false, 178.2), '+10.0% over 178 h'],
    ['a last day on time', 110, rate(10, 7, false, 169), '+10.0%'],
    ['less than a day', 110, rate(10, 1, false, 14), '+10.0% in 14 h'],
    ['no change', 1e6, rate(0, 7, true), '0.0%'],
    ['a fall to nothing', 0, rate(-5, 7), '-100%'],
    ['a first count', 5, { kind: 'first' }, 'one day'],
    ['a zero baseline', 5, { kind: 'from-zero', added: 5, days: 7, hours: null }, 'from 0'],
    [
      'a later zero baseline',
      5,
      { kind: 'from-zero', added: 5, days: 3, hours: null },
      'from 0 over 3 days',
    ],
    ['an unknown count', null, { kind: 'unknown' }, '–'],
  ])('has its own wording for %s', (_case, count, growth, expected) => {
    expect(formatTotalGrowth({ count, growth }, 7)).toBe(expected);
  });

  it('has a rate per day', () => {
    expect(formatDailyRate(rate(10, 5))).toBe('+1.0%');
    expect(formatDailyRate(rate(10, 5, true))).toBe('≈+1.0%');
    expect(formatDailyRate({ kind: 'first' })).toBe('–');
  });
});

describe('a duration', () => {
  it.each([
    [0, '0 s'],
    [1, '1 s'],
    [89_000, '89 s'],
    [90_000, '2 min'],
    [600_000, '10 min'],
    [5_400_000, '1.5 h'],
  ])('of %i ms is written %s', (ms, expected) => {
    expect(formatDuration(ms)).toBe(expected);
  });
});

describe('a list', () => {
  it.each([
    ['a', ['a']],
    ['a, b', ['a', 'b']],
    ['a, b and 1 more', ['a', 'b', 'c']],
    ['a, a and 2,000 more', Array.from({ length: 2002 }, () => 'a')],
  ])('shows the first items and says how many more there are: %s', (text, items) => {
    expect(formatList(items, 2)).toBe(text);
  });

  it('has no more items than one line has room for, however long they are', () => {
    const long = 'x'.repeat(3000);
    expect(formatList([long, long, long, long, long])).toBe(`${long}, ${long}, ${long} and 2 more`);
    expect(formatList(['x'.repeat(10_001), 'a'])).toBe('2 whose names are too long');
  });
});
