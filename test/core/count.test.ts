import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExactInteger } from '../../scripts/lib/core/count.ts';

describe('parseExactInteger', () => {
  it.each([
    ['0', 0],
    ['1234', 1234],
    ['1000.0', 1000],
    ['0.00', 0],
    ['1.2E+06', 1_200_000],
    ['1.25e2', 125],
    ['12.50e1', 125],
    ['1200E-2', 12],
    ['0e-9', 0],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9.007199254740991E+15', Number.MAX_SAFE_INTEGER],
    [`1.${'0'.repeat(40)}`, 1],
  ])('reads %s as %i', (text, value) => {
    expect(parseExactInteger(text)).toBe(value);
  });

  it.each([
    '',
    '-1',
    '+1',
    '1.5',
    '1.25e1',
    '1e-1',
    '0.99999999999999999999',
    '9007199254740992',
    '9007199254740991.5',
    '1e16',
    '1e999',
    '1e9999999999',
    '007',
    '1.',
    '.5',
    '1,000',
    '1 000',
    '0x10',
    '١٢',
    'Infinity',
    ' 1',
  ])('does not read %j', (text) => {
    expect(parseExactInteger(text)).toBeNull();
  });

  it('reads every safe integer, however its decimal point is moved', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 30 }), (number, moved) => {
        const digits = String(number).padStart(moved + 1, '0');
        const [whole, decimals] = [digits.slice(0, -moved), digits.slice(-moved)];
        expect(parseExactInteger(`${whole}.${decimals}e+${moved}`)).toBe(number);
        expect(parseExactInteger(`${number}${'0'.repeat(moved)}E-${moved}`)).toBe(number);
      }),
    );
  });
});
