import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalHashtag,
  HashtagNameError,
  hashtagUrl,
  parseHashtagName,
} from '../../scripts/lib/core/hashtag-name.ts';

const pastedText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.stringMatching(/^[#＃]{0,2}[\p{L}\p{M}\p{N}_ \u200b]{1,10}$/u),
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
    ['https://www.tiktok.com/tag/zero%E2%80%8Bwidth', 'zerowidth'],
  ])('reads %j as %j and gives a notice', (text, name) => {
    expect(parseHashtagName(text)).toEqual({
      name,
      notice: `${JSON.stringify(text)} is tracked as #${name}`,
    });
  });

  it.each([
    ['', 'is not a hashtag'],
    [' ', 'is not a hashtag'],
    ['##', 'is not a hashtag'],
    ['\u200b', 'is not a hashtag'],
    ['c++', '"c++" can\'t be a hashtag because of "+"'],
    ['c++', 'write "c"'],
    ['open-ai', 'write "openai"'],
    ['a.b!c', 'because of ".", "!"'],
    ['llm,', 'because of ","; TikTok allows letters, digits and underscores; write "llm"'],
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
  ])('reads %j as several hashtags and suggests exactly these', (text, parts) => {
    expect(() => parseHashtagName(text)).toThrow(
      new HashtagNameError(
        `"${text}" looks like several hashtags; write each in its own quotes: ${parts}`,
      ),
    );
  });

  it.each(['😀', '❤\ufe0f', '!?'])(
    'suggests nothing for %j, which has no usable character',
    (text) => {
      expect(() => parseHashtagName(text)).toThrow(/digits and underscores$/);
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
        expect(name).toMatch(/^[\p{L}\p{M}\p{N}_]+$/u);
        expect(name).toBe(name.normalize('NFC'));
        expect(parseHashtagName(name)).toEqual({ name, notice: null });
      }),
      { numRuns: 1000 },
    );
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
      fc.property(fc.stringMatching(/^[\p{Ll}\p{N}_]{1,20}$/u), (text) => {
        const { name } = parseHashtagName(text);
        expect(parseHashtagName(hashtagUrl(name)).name).toBe(name);
      }),
    );
  });
});
