import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  escapeMarkdown,
  renderCode,
  renderLink,
  renderTable,
} from '../../scripts/lib/core/markdown.ts';
import { plainText } from '../../scripts/lib/core/text.ts';
import { anyName } from '../helpers/snapshots.ts';

const anyText = fc.oneof(anyName, fc.string({ unit: 'grapheme-ascii' }));
const withoutBackslashes = (markdown: string) => markdown.replace(/\\([!-/:-@[-`{-~])/g, '$1');

describe('escapeMarkdown', () => {
  it.each([
    ['plain words', 'plain words'],
    ['a|b', 'a\\|b'],
    ['a\\|b', 'a\\\\\\|b'],
    ['# 1. *x*', '\\# 1\\. \\*x\\*'],
    ['<b>&lt;', '\\<b\\>\\&lt\\;'],
    ['[x](y)', '\\[x\\]\\(y\\)'],
    ['line\nend', 'line end'],
  ])('writes %j as %j', (text, expected) => {
    expect(escapeMarkdown(text)).toBe(expected);
  });

  it('escapes every punctuation mark and loses none', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const markdown = escapeMarkdown(text);
        expect(markdown.replace(/\\[!-/:-@[-`{-~]/g, '')).not.toMatch(/[!-/:-@[-`{-~\n\r]/);
        expect(withoutBackslashes(markdown).replace(/\p{Cf}/gu, '')).toBe(plainText(text));
      }),
    );
  });

  // GitHub looks for addresses and mentions after it has removed the backslashes.
  it('leaves nothing that GitHub would turn into an address or a mention', () => {
    expect(withoutBackslashes(escapeMarkdown('me@example.com @octocat'))).not.toMatch(/@\w/);
  });
});

describe('renderCode', () => {
  it.each([
    ['HTTP 503', '`HTTP 503`'],
    ['a`b', "`a'b`"],
    ['a|b', '`a¦b`'],
    ['a\n\nb', '`a b`'],
  ])('writes %j as %s', (text, expected) => {
    expect(renderCode(text)).toBe(expected);
  });

  it('writes one code span that no text can break out of', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(renderCode(text)).toMatch(/^(`[^`|\n\r]+`|–)$/);
      }),
    );
  });
});

describe('renderLink', () => {
  it.each([
    ['llm', 'https://x.test/llm', '', '[llm](https://x.test/llm)'],
    ['llm', 'https://x.test/llm', '#', '[#llm](https://x.test/llm)'],
    ['a]b', 'a.md', '', '[a\\]b](a.md)'],
    ['של_ם', 'https://x.test/%D7', '#', '[\u2068#של\\_ם\u2069](https://x.test/%D7)'],
    ['x', 'a b(c)|<d>\\', '', '[x](a%20b%28c%29%7C%3Cd%3E%5C)'],
  ])('links %j to %j', (text, address, prefix, expected) => {
    expect(renderLink(text, address, prefix)).toBe(expected);
  });
});

describe('renderTable', () => {
  it('writes a header, the alignment and one line per row', () => {
    expect(renderTable(['A', 'B'], [['1', '2']], 'lr')).toBe('|A|B|\n|:-|-:|\n|1|2|');
  });
});
