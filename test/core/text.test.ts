import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareText, decodeText, errorMessage, plainText } from '../../scripts/lib/core/text.ts';
import { anyCharacter } from '../helpers/snapshots.ts';

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
    ['👩\u200d💻 می\u200cخواهم ❤\ufe0f\u200d🔥', '👩\u200d💻 می\u200cخواهم ❤\ufe0f\u200d🔥'],
    ['a\u200db\u200cc', 'a b c'],
    ['🚀\u200d!', '🚀 !'],
    ['a\u{e0061}\u{e007f}b', 'a b'],
    ['\u2068#שלום\u2069 12', '\u2068#שלום\u2069 12'],
    ['\u2068a', 'a'],
    ['a\u2069', 'a'],
    ['\u2068a\u202eb\u2069', 'a b'],
    ['\u2068a\u2068b\u2069\u2069', 'a\u2068b\u2069'],
  ])('turns %j into %j', (text, expected) => {
    expect(plainText(text)).toBe(expected);
  });

  it('cuts between characters and shows the cut', () => {
    expect(plainText('😀😀😀', 2)).toBe('😀😀…');
    expect(plainText('😀😀', 2)).toBe('😀😀');
    expect(plainText('\u2068abc\u2069', 3)).toBe('…');
  });

  it.each(['a', '\u200d', 'م\u200d', '\u2068a', 'a\u2069'])(
    'takes no longer for each character of a long text: %j',
    { timeout: 5000 },
    (piece) => {
      expect(plainText(`${piece.repeat(200_000)}\u202e`, 10).length).toBeLessThan(30);
    },
  );

  it('turns any text into one line without control or direction characters or commands', () => {
    const piece = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.constantFrom(
        ':',
        '::',
        '#',
        '[',
        '##[',
        '\n',
        '\u202e',
        '\u200b',
        ' ',
        '\u2068',
        '\u2069',
        '\u200d',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 1, max: 300 }), (pieces, max) => {
        const line = plainText(pieces.join(''), max);
        expect(line.replace(/\u2068[^\u2068\u2069]*\u2069/g, '')).not.toMatch(
          /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u,
        );
        expect(line).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e]/u);
        expect(line).not.toMatch(/::|##\[/);
        expect([...line].length).toBeLessThanOrEqual(max + 1);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('decodeText', () => {
  const text = '["café", "日本"]';
  const utf16 = Buffer.from(text, 'utf16le');
  const bigEndian = Buffer.from(utf16).swap16();
  const wide = Buffer.from([...'["a"]'].flatMap((character) => [character.charCodeAt(0), 0, 0, 0]));

  it.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${text}`)],
  ])('reads %s', (_case, bytes) => {
    expect(decodeText(bytes)).toEqual({ text, problem: null });
  });

  it.each([
    ['encoded as UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16])],
    ['encoded as UTF-16', Buffer.concat([Buffer.from([0xfe, 0xff]), bigEndian])],
    ['encoded as UTF-16', utf16],
    ['encoded as UTF-16', bigEndian],
    ['encoded as UTF-32', wide],
    ['encoded as UTF-32', Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), wide])],
    ['encoded as Latin-1 or Windows-1252', Buffer.from('["café"]', 'latin1')],
    ['encoded as Latin-1 or Windows-1252', Buffer.from('936361669420310d0a', 'hex')],
    ['not a text file', Buffer.from('504b03041400060008000000ff', 'hex')],
  ])('says that a file is %s', (what, bytes) => {
    expect(decodeText(bytes)).toEqual({ text: null, problem: `it is ${what}; save it as UTF-8` });
  });

  it('reads the bytes of any text, and any other bytes give a text or a problem', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (any) => {
        if (any.startsWith('\ufeff') || any.includes('\0')) return;
        expect(decodeText(Buffer.from(any))).toEqual({ text: any, problem: null });
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeText(bytes)));
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
