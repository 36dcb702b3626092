import { describe, expect, it } from 'vitest';
import type { Failure } from '../../scripts/lib/core/snapshot.ts';
import {
  type Evidence,
  findTroubles,
  renderTrouble,
  type Trouble,
} from '../../scripts/lib/notify/troubles.ts';
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
  ])('begins after three days of asking without data: the hashtag %s', (_case, last, since) => {
    const troubles = find({ lastHeard: new Map([['b', heard({ ...last, reason: 'HTTP 404' })]]) });
    const hashtags = [{ hashtag: 'b', since, reason: 'HTTP 404' }];
    expect(troubles).toEqual(since === null ? [] : [{ kind: 'silent', hashtags }]);
  });

  it('begins after three days for a hashtag that never had data, and is then since no day', () => {
    const never = heard({ firstFailedDay: day('2026-11-19'), reason: 'HTTP 404' });
    expect(find({ lastHeard: new Map([['b', never]]) })).toEqual([
      { kind: 'silent', hashtags: [{ hashtag: 'b', since: null, reason: 'HTTP 404' }] },
    ]);
  });

  it('are the names that the API refuses, unless it refuses everything', () => {
    const refusal: Failure = { hashtag: 'b', kind: 'rejected', reason: 'HTTP 422' };
    const item = { hashtag: 'b', since: null, reason: 'HTTP 422' };
    const refused = { kind: 'refused', hashtags: [item] };
    expect(find({ run: 'incomplete', report: reportWith(refusal) })).toEqual([refused]);
    const others = reportWith(refusal, { hashtag: 'a', kind: 'failed', reason: 'x' });
    expect(find({ report: others }).map(({ kind }) => kind)).toEqual(['incomplete', 'refused']);
    expect(find({ run: 'failed', report: reportWith(refusal) })).toEqual([{ kind: 'failed' }]);
    const nothing = composeReport(dayRecord([], { failures: [refusal] }), listOf('a', 'b'));
    expect(find({ report: nothing })).toEqual([{ kind: 'incomplete', missing: [item] }]);
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

  const inWords = (trouble: Trouble) => renderTrouble(trouble, null, null);
  const itemOf = (reason: string | null) => ({ hashtag: 'b', since: null, reason });

  it.each([
    [null, 'Usually there is nothing to do, because the next run asks again'],
    ['HTTP 503, 4 times', 'Usually there is nothing to do, because the next run asks again'],
    ['the run did not come to its end', 'Usually there is nothing to do'],
    [
      'out of credits (HTTP 402); top up at https://example.org, then run again',
      'Until that is done, every run misses something',
    ],
    ['the API refused the key (HTTP 401); check SCAVIO_API_KEY', 'Until that is done'],
    ['the endpoint is retired (HTTP 410); update this tracker', 'Until that is done'],
    ['HTTP 301: redirects are not followed; check SCAVIO_BASE_URL', 'Until that is done'],
  ])('says of a run that missed something because of %j what to do', (reason, words) => {
    expect(inWords({ kind: 'incomplete', missing: [itemOf(reason)] })).toContain(`. ${words}`);
  });

  it('names no day since which there is no data if there never was any', () => {
    const silent = (reason: string) => inWords({ kind: 'silent', hashtags: [itemOf(reason)] });
    expect(silent('HTTP 503')).toBe(
      '**No data for 3 days or more**: [#b](https://www.tiktok.com/tag/b) `HTTP 503`. ' +
        'If a name is wrong, correct, pause or remove it in `data/hashtags.json`.',
    );
    expect(silent('out of credits (HTTP 402); top up, then run again')).toMatch(/run again`\.$/);
  });

  it.each([
    [6, 6, 'will run out within a week**: 6 left, enough for 6 days. Top up'],
    [1, 1, 'will run out within a week**: 1 left, enough for 1 day. Top up'],
    [3, 0, 'are not enough for another day**: 3 left. Top up'],
  ])('says of %i credits for %i days: %s', (left, days, words) => {
    expect(inWords({ kind: 'credits', left, days })).toContain(`**The credits ${words}`);
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
