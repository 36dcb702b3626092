import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import {
  DEFAULT_VIEW,
  formatAddress,
  MODES,
  parseAddress,
  RANGES,
  type View,
} from '../../scripts/page/address.ts';
import { TODAY } from '../helpers/snapshots.ts';

const anyText = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
  .filter((text) => text.isWellFormed());
const anyTag = fc.constantFrom('llm', 'vibecoding', 'كتاب', '東京', 'f1', 'café');
const anyView: fc.Arbitrary<View> = fc.record({
  hashtag: fc.option(anyTag),
  group: fc.option(anyText),
  tags: fc.uniqueArray(anyTag, { maxLength: 4 }),
  groups: fc.uniqueArray(anyText, { maxLength: 4 }),
  measure: fc.option(fc.constantFrom('videos', 'views')),
  mode: fc.option(fc.constantFrom(...MODES)),
  scale: fc.constantFrom('linear', 'log'),
  range: fc.oneof(
    fc.constantFrom(...RANGES),
    fc.constant({ from: addDays(TODAY, -40), to: addDays(TODAY, -3) }),
  ),
  search: fc.oneof(fc.constant(''), anyText),
  only: fc.option(anyText),
  sort: fc.constantFrom('rank', 'videos', 'new-views'),
  isReversed: fc.boolean(),
  hasAllRows: fc.boolean(),
  hasData: fc.boolean(),
});

describe('the address', () => {
  it('holds the whole view', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        expect(parseAddress(formatAddress(view))).toEqual(view);
      }),
    );
  });

  it('is short, and can be written by hand', () => {
    expect(formatAddress(DEFAULT_VIEW)).toBe('');
    expect(parseAddress('#tags=llm,%23Cursor&measure=views&range=90d&scale=log')).toEqual({
      ...DEFAULT_VIEW,
      tags: ['llm', 'cursor'],
      measure: 'views',
      range: '90d',
      scale: 'log',
    });
  });

  it.each([
    '#range=100y&scale=cubic&measure=likes&show=all',
    '#range=2026-13-01..2026-14-01',
    '#range=2026-11-02..2026-11-01',
    '#&&=&=x&nonsense',
  ])('is read as the defaults where it makes no sense: %s', (hash) => {
    expect(parseAddress(hash)).toEqual(DEFAULT_VIEW);
  });

  it('never fails, whatever it is, and has at most eight lines', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        parseAddress(`#tags=${text}&hashtag=${text}&search=%E0%A4%A${text}`);
      }),
    );
    const many = Array.from({ length: 20 }, (_, i) => `a${i}`).join(',');
    const { tags, groups } = parseAddress(`#tags=${many}&groups=x`);
    expect([tags.length, groups.length]).toEqual([8, 0]);
  });
});
