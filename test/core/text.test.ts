import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareText, errorMessage, plainText } from '../../scripts/lib/core/text.ts';

describe('plainText', () => {
  it.each([
    ['upstream unavailable', 'upstream unavailable'],
    ['  two\r\nlines\u2028and\ttabs ', 'two lines and tabs'],
    ['\u001b[31mred\u001b[0m', '[31mred [0m'],
    ['abc\u202etxt.exe', 'abc txt.exe'],
    ['\ud800half', 'half'],
    ['日本 😀 é', '日本 😀 é'],
    ['::error::x', ': :error: :x'],
    ['##[group]x', '## [group]x'],
    [':::', ': : :'],
    ['::::set-env::', ': : : :set-env: :'],
    [':\u200b:', ': :'],
    ['###[debug]', '### [debug]'],
    ['', ''],
  ])('turns %j into %j', (text, expected) => {
    expect(plainText(text)).toBe(expected);
  });

  it('cuts between characters and shows the cut', () => {
    expect(plainText('😀😀😀', 2)).toBe('😀😀…');
    expect(plainText('😀😀', 2)).toBe('😀😀');
  });

  it('turns any text into one line without control or direction characters or commands', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(':', '::', '#', '[', '##[', '\n', '\u202e', '\u200b', ' '),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 1, max: 300 }), (pieces, max) => {
        const line = plainText(pieces.join(''), max);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(line).not.toMatch(/::|##\[/);
        expect([...line].length).toBeLessThanOrEqual(max + 1);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('errorMessage', () => {
  it.each([
    [new Error('broken'), 'broken'],
    [new TypeError(''), 'TypeError'],
    [new Error('no answer', { cause: new Error('ECONNRESET') }), 'no answer (ECONNRESET)'],
    [new Error('a', { cause: new Error('b', { cause: 'c' }) }), 'a (b (c))'],
    ['text\n::error::', 'text : :error: :'],
    [undefined, 'undefined'],
    [42, '42'],
  ])('of %o is %j', (thrown, expected) => {
    expect(errorMessage(thrown)).toBe(expected);
  });
});

describe('compareText', () => {
  it('sorts by character code, so the order is the same everywhere', () => {
    const sorted = ['2026-01-31', '2026-02-01', 'B', 'a', 'a', 'ab', 'z', 'ä'];
    expect(sorted.toReversed().toSorted(compareText)).toEqual(sorted);
    expect(compareText('a', 'a')).toBe(0);
  });
});
