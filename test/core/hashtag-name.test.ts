import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalHashtag,
  foldCase,
  HashtagNameError,
  hashtagUrl,
  parseHashtagName,
  showHashtag,
} from '../../scripts/lib/core/hashtag-name.ts';
import { isolateRightToLeft, plainText } from '../../scripts/lib/core/text.ts';
import { anyCharacter } from '../helpers/snapshots.ts';

const pastedText = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.string({ unit: 'grapheme' }),
  fc.stringMatching(/^[#＃]{0,2}[\p{L}\p{M}\p{N}_ \u200b]{1,10}$/u),
  fc
    .array(
      fc.constantFrom(
        ...['\u200c', '\u200d', '\ufe0f', '\u034f', '\u3164', '\u180b', '\u180e', '\u{e0067}'],
        ...[
          '\u{e0062}',
          '\u{e007f}',
          '\u{1f3f4}',
          '❤',
          '👩',
          '🏽',
          '🇩',
          'Ⓜ',
          '\u20e3',
          '#',
          '1',
          'A',
        ],
        ...[
          'م',
          'ی',
          '\u064e',
          'क',
          '\u094d',
          'ष',
          'ᠠ',
          'Σ',
          'e',
          '\u0301',
          'ᄀ',
          'ᅡ',
          ' ',
          '\u2066',
        ],
      ),
      { maxLength: 12 },
    )
    .map((pieces) => pieces.join('')),
  fc.webPath().map((path) => `https://www.tiktok.com/tag${path}`),
);

describe('parseHashtagName', () => {
  it.each([
    ['aitools', 'aitools'],
    ['#AITools', 'aitools'],
    ['##llm', 'llm'],
    ['＃llm', 'llm'],
    ['  llm\t\n', 'llm'],
    ['snake_case_2', 'snake_case_2'],
    ['日本語', '日本語'],
    ['ПРИВЕТ', 'привет'],
    ['हिन्दी', 'हिन्दी'],
    ['ไทย', 'ไทย'],
    ['CAFE\u0301', 'caf\u00e9'],
    ['https://www.tiktok.com/tag/AITools', 'aitools'],
    ['HTTPS://WWW.TIKTOK.COM/TAG/llm', 'llm'],
    ['tiktok.com/tag/llm', 'llm'],
    ['http://m.tiktok.com/tag/llm/?lang=en#top', 'llm'],
    ['https://www.tiktok.com/tag/%E6%97%A5%E6%9C%AC', '日本'],
    ['🚀', '🚀'],
    ['#Launch🚀', 'launch🚀'],
    ['👩🏽\u200d💻', '👩🏽\u200d💻'],
    ['🏳\u200d🌈', '🏳\u200d🌈'],
    ['👨\u200d👩\u200d👧', '👨\u200d👩\u200d👧'],
    ['👍🏽', '👍🏽'],
    ['🇩🇪', '🇩🇪'],
    ['\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
    ['1\u20e3', '1\u20e3'],
    ['##\u20e3', '#\u20e3'],
    ['Ⓜ', 'Ⓜ'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['क्\u200dष', 'क्\u200dष'],
    ['ശ്രീ\u200cമാൻ', 'ശ്രീ\u200cമാൻ'],
    ['ന്\u200d', 'ന്\u200d'],
    ['ක්\u200dර', 'ක්\u200dර'],
    ['https://www.tiktok.com/tag/%F0%9F%9A%80', '🚀'],
    ['https://www.tiktok.com/tag/🇩🇪?lang=de', '🇩🇪'],
    [
      'https://www.tiktok.com/tag/%D9%85%DB%8C%E2%80%8C%D8%AE%D9%88%D8%A7%D9%87%D9%85',
      'می\u200cخواهم',
    ],
  ])('reads %j as %j without a notice', (text, name) => {
    expect(parseHashtagName(text)).toEqual({ name, notice: null });
  });

  it.each([
    ['vibe coding', 'vibecoding'],
    ['#AI Tools', 'aitools'],
    ['zero\u200bwidth', 'zerowidth'],
    ['\u200b#llm', 'llm'],
    ['\u2066#llm\u2069', 'llm'],
    ['https://www.tiktok.com/tag/vibe%20coding', 'vibecoding'],
    ['❤\ufe0f', '❤'],
    ['❤\ufe0f\u200d🔥', '❤\u200d🔥'],
    ['1\ufe0f\u20e3', '1\u20e3'],
    ['l\u200dlm', 'llm'],
    ['llm\u034f', 'llm'],
    ['llm\u3164', 'llm'],
    ['llm\u{e0061}', 'llm'],
    ['🚀\u200d', '🚀'],
    ['🚀\u{e0067}\u{e0062}\u{e007f}', '🚀'],
    ['\u200cمی', 'می'],
    ['می\u200c', 'می'],
    ['می\u200c\u200cخواهم', 'می\u200cخواهم'],
    ['https://www.tiktok.com/tag/%E2%9D%A4%EF%B8%8F', '❤'],
    ['https://www.tiktok.com/tag/zero%E2%80%8Bwidth', 'zerowidth'],
  ])('reads %j as %j and gives a notice', (text, name) => {
    expect(parseHashtagName(text)).toEqual({
      name,
      notice: `${isolateRightToLeft(JSON.stringify(text))} is tracked as ${showHashtag(name)}`,
    });
  });

  it.each([
    ['', 'is not a hashtag'],
    [' ', 'is not a hashtag'],
    ['##', 'is not a hashtag'],
    ['\u200b', 'is not a hashtag'],
    ['c++', '"c++" can\'t be a hashtag because of "+"'],
    ['open-ai', 'because of "-"'],
    ['\u3164', 'is not a hashtag'],
    ['a\ufffd', 'because of "\ufffd"'],
    ['a→b', 'because of "→"'],
    ['🇩', 'because of "🇩"'],
    ['a.b!c', 'because of ".", "!"'],
    ['llm,', 'because of ","; TikTok allows letters, digits, underscores and emoji'],
    ['https://example.com/llm#a,b', 'because of'],
    ['100%', 'because of "%"'],
    ['https://www.tiktok.com/@someone', 'because of'],
    ['https://example.com/tag/llm', 'because of'],
    ['https://www.tiktok.com/tag/%E6%97', 'because of "%"'],
  ])('rejects %j: %s', (text, message) => {
    expect(() => parseHashtagName(text)).toThrow(HashtagNameError);
    expect(() => parseHashtagName(text)).toThrow(message);
  });

  it.each([
    ['aitools, llm', '"aitools", "llm"'],
    ['#a #b', '"a", "b"'],
    ['＃a＃b', '"a", "b"'],
    ['a#b', '"a", "b"'],
    ['#AI Tools; c++;', '"AI Tools", "c++"'],
    ['#🚀 #🇩🇪', '"🚀", "🇩🇪"'],
  ])('reads %j as several hashtags and suggests exactly these', (text, parts) => {
    expect(() => parseHashtagName(text)).toThrow(
      new HashtagNameError(
        `"${text}" looks like several hashtags; write each in its own quotes: ${parts}`,
      ),
    );
  });

  it.each(['c++', 'open-ai', '!?', '\u064e', 'a\ufffd'])(
    'never advises to track another hashtag than %j',
    (text) => {
      expect(() => parseHashtagName(text)).toThrow(/letters, digits, underscores and emoji$/);
    },
  );

  it('rejects a text or turns it into a name that is read unchanged', () => {
    fc.assert(
      fc.property(pastedText, (text) => {
        let name: string;
        try {
          ({ name } = parseHashtagName(text));
        } catch (error) {
          expect(error).toBeInstanceOf(HashtagNameError);
          return;
        }
        expect(name).toMatch(
          /^(?:[#*]\u20e3|[\p{L}\p{M}\p{N}_\p{Join_Control}\u180e\p{Extended_Pictographic}\p{Emoji_Modifier}\p{RI}\u{e0030}-\u{e007f}])+$/u,
        );
        expect(name).toBe(name.normalize('NFC'));
        expect(parseHashtagName(name)).toEqual({ name, notice: null });
      }),
      { numRuns: 3000 },
    );
  });

  it('composes again what only its lower case can compose', () => {
    // There is no J̌ in one character, but there is a ǰ.
    expect(parseHashtagName('J\u030Cazz').name).toBe('\u01F0azz');
  });

  it('reads all spellings of a name as the same name', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9_]{1,20}$/), (name) => {
        const pasted = [`#${name}`, ` ${name.toUpperCase()} `, hashtagUrl(name)];
        expect(pasted.map((text) => parseHashtagName(text).name)).toEqual([name, name, name]);
      }),
    );
  });
});

describe('canonicalHashtag', () => {
  it.each([
    ['Vibe Coding', 'vibecoding'],
    ['#llm', 'llm'],
    ['c++', 'c++'],
    ['', ''],
  ])('reads the stored name %j as %j', (stored, expected) => {
    expect(canonicalHashtag(stored)).toBe(expected);
  });
});

describe('showHashtag', () => {
  it.each([
    ['llm', '#llm'],
    ['日本🚀', '#日本🚀'],
    ['caf\u00e92', '#caf\u00e92'],
    ['שלום', '\u2068#שלום\u2069'],
    ['می\u200cخواهم', '\u2068#می\u200cخواهم\u2069'],
    ['ai_الذكاء', '\u2068#ai_الذكاء\u2069'],
    ['ދިވެހި', '\u2068#ދިވެހި\u2069'],
    ['𞤀𞤣𞤤𞤢𞤥', `\u2068#𞤀𞤣𞤤𞤢𞤥\u2069`],
    ['٢٠٢٤', '\u2068#٢٠٢٤\u2069'],
    ['a٣', '\u2068#a٣\u2069'],
    ['\u{10E60}', '\u2068#\u{10E60}\u2069'],
    ['۱۲', '#۱۲'],
    ['a\u202eb\nc', '#a b c'],
    ['ש\u2069\u202eb', '\u2068#ש b\u2069'],
  ])('shows %j as %j, once and again', (name, shown) => {
    expect(showHashtag(name)).toBe(shown);
    expect(plainText(showHashtag(name))).toBe(shown);
  });
});

describe('foldCase', () => {
  it.each([
    ['ſtar', 'star'],
    ['σοφος', 'σοφοσ'],
    ['\u212aelvin', 'kelvin'],
    ['straße', 'strasse'],
    ['i\u0307stanbul', 'istanbul'],
    ['ısı', 'isi'],
    ['日本🚀', '日本🚀'],
  ])('makes %j %j', (name, folded) => {
    expect(foldCase(name)).toBe(folded);
  });
});

describe('hashtagUrl', () => {
  it.each([
    ['llm', 'https://www.tiktok.com/tag/llm'],
    ['日本', 'https://www.tiktok.com/tag/%E6%97%A5%E6%9C%AC'],
    ['a/b?c#d e', 'https://www.tiktok.com/tag/a%2Fb%3Fc%23d%20e'],
    ['\ud800', 'https://www.tiktok.com/tag/%EF%BF%BD'],
  ])('of %j is %s', (name, url) => {
    expect(hashtagUrl(name)).toBe(url);
  });

  it('can be parsed back to the hashtag', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\p{Ll}\p{N}_🚀❤]{1,20}$/u), (text) => {
        const { name } = parseHashtagName(text);
        expect(parseHashtagName(hashtagUrl(name)).name).toBe(name);
      }),
    );
  });
});
