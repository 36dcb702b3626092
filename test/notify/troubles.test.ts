import { describe, expect, it } from 'vitest';
import type { Failure } from '../../scripts/lib/core/snapshot.ts';
import { type Evidence, findTroubles, renderTrouble } from '../../scripts/lib/notify/troubles.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import type { LastHeard } from '../../scripts/lib/store/days.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { day, dayRecord, HOSTILE_NAMES, rows, TODAY } from '../helpers/snapshots.ts';

const heard = (overrides: Partial<LastHeard>): LastHeard => ({
  lastDay: null,
  firstFailedDay: null,
  reason: null,
  isAbsent: false,
  ...overrides,
});

const listOf = (...names: string[]) => parseWatchlist(JSON.stringify(names));

const find = (overrides: Partial<Evidence>) =>
  findTroubles({
    day: TODAY,
    run: 'succeeded',
    report: null,
    watchlist: listOf('a', 'b'),
    lastHeard: new Map([['a', heard({ lastDay: TODAY })]]),
    creditsLeft: 1000,
    ...overrides,
  });

const reportWith = (...failures: Failure[]) =>
  composeReport(dayRecord(rows('a', [1]), { failures }), parseWatchlist('["a", "b"]'));

describe('trouble', () => {
  it('does not exist if all is well', () => {
    expect(find({})).toEqual([]);
  });

  it('is only the failed run if a run failed', () => {
    const report = reportWith({ hashtag: 'b', kind: 'failed', reason: 'x' });
    expect(find({ run: 'failed', report })).toEqual([{ kind: 'failed' }]);
  });

  it('is a run that missed something, even if every hashtag has data', () => {
    expect(find({ run: 'incomplete', report: reportWith() })).toEqual([
      { kind: 'incomplete', missing: [] },
    ]);
  });

  it.each([
    ['failed', 'b', true],
    ['not-asked', 'b', true],
    ['not-found', 'b', false],
    ['failed', 'removed', false],
  ] as const)('after the result "%s" for #%s: %s', (kind, hashtag, isTrouble) => {
    const troubles = find({ report: reportWith({ hashtag, kind, reason: 'x' }) });
    const item = { hashtag, since: null, reason: 'x' };
    expect(troubles).toEqual(isTrouble ? [{ kind: 'incomplete', missing: [item] }] : []);
  });

  it.each<[string, Partial<LastHeard>, string | null]>([
    ['had data two days ago', { lastDay: day('2026-11-20') }, null],
    ['had data three days ago', { lastDay: day('2026-11-19') }, '2026-11-19'],
    [
      'was paused for months, and failed since yesterday',
      { lastDay: day('2026-08-01'), firstFailedDay: day('2026-11-21') },
      null,
    ],
    [
      'was paused for months, and failed three days in a row',
      { lastDay: day('2026-08-01'), firstFailedDay: day('2026-11-20') },
      '2026-08-01',
    ],
    ['never had data, and failed two days ago', { firstFailedDay: day('2026-11-20') }, null],
    [
      'never had data, and failed three days ago',
      { firstFailedDay: day('2026-11-19') },
      '2026-11-19',
    ],
  ])('begins after three days of asking without data: the hashtag %s', (_case, last, since) => {
    const troubles = find({ lastHeard: new Map([['b', heard({ ...last, reason: 'HTTP 404' })]]) });
    const hashtags = [{ hashtag: 'b', since, reason: 'HTTP 404' }];
    expect(troubles).toEqual(since === null ? [] : [{ kind: 'silent', hashtags }]);
  });

  it('ignores hashtags that are not on TikTok', () => {
    const long = heard({ lastDay: day('2026-01-01'), firstFailedDay: day('2026-01-02') });
    const lastHeard = new Map([
      ['a', { ...long, isAbsent: true }],
      ['b', heard({ firstFailedDay: day('2026-01-02'), isAbsent: true })],
    ]);
    expect(find({ lastHeard })).toEqual([]);
  });

  it('ignores hashtags that are paused, removed or were never asked for', () => {
    const long = heard({ lastDay: day('2026-01-01') });
    expect(find({ watchlist: listOf('b'), lastHeard: new Map([['a', long]]) })).toEqual([]);
  });

  it.each([
    [null, null],
    [14, null],
    [13, 6],
    [0, 0],
  ])(
    'begins if credits last less than a week: %j left for 2 hashtags, %j days',
    (creditsLeft, days) => {
      expect(find({ creditsLeft })).toEqual(
        days === null ? [] : [{ kind: 'credits', left: creditsLeft, days }],
      );
    },
  );

  it('ignores low credits if nothing is asked for', () => {
    expect(
      find({ creditsLeft: 0, watchlist: parseWatchlist('[{"name": "a", "paused": true}]') }),
    ).toEqual([]);
  });
});

describe('trouble in words', () => {
  it.each(HOSTILE_NAMES)('contains no markup from a hashtag or a reason such as %j', (text) => {
    const items = [{ hashtag: text, since: null, reason: text }];
    const words = renderTrouble({ kind: 'incomplete', missing: items }, null, null);
    const markup = words.replace(/\\./g, '').replace(/`[^`]*`/g, '');
    expect(markup).not.toMatch(/[\r\n|`<>]|\]\((?!https:\/\/www\.tiktok\.com\/tag\/[^()]*\))/);
  });

  it('names 30 hashtags, grouped by reason, and counts the rest', () => {
    const missing = Array.from({ length: 1000 }, (_, i) => ({
      hashtag: `tag${i}`,
      since: null,
      reason: i === 0 ? 'other' : 'down',
    }));
    const words = renderTrouble({ kind: 'incomplete', missing }, null, null);
    expect(words.match(/#tag/g)).toHaveLength(30);
    expect(words).toContain('and 970 more');
    expect(words.match(/`down`/g)).toHaveLength(1);
  });
});
