import { describe, expect, it } from 'vitest';
import {
  describeVideoCosts,
  renderConsoleReview,
  renderReview,
  reviewWatchlist,
  warnOfCredits,
  warnOfTime,
} from '../../scripts/lib/watchlist/review.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { day, HOSTILE_NAMES } from '../helpers/snapshots.ts';

const list = (content: unknown) => parseWatchlist(JSON.stringify(content));
const review = (before: unknown, after: unknown) =>
  reviewWatchlist(before === null ? null : list(before), list(after));

const NOTHING = { added: [], removed: [], paused: [], resumed: [], renamed: [], settings: [] };

describe('the review of a list', () => {
  it('shows what is added, removed, paused and resumed', () => {
    const before = ['stays', 'goes', 'rests', { name: 'wakes', paused: true }];
    const after = ['comes', 'stays', { name: 'rests', paused: true }, 'wakes'];
    expect(review(before, after)).toMatchObject({
      ...NOTHING,
      added: ['comes'],
      removed: ['goes'],
      paused: ['rests'],
      resumed: ['wakes'],
    });
  });

  it('shows thirty lines of a kind, and says how many more there are', () => {
    const names = Array.from({ length: 50 }, (_, i) => `tag${i}`);
    const entries = names.map((name) => ({ name, trendingGrowthPercent: 9 }));
    const lines = renderReview(review(names, entries), []).match(/^- .*$/gm) ?? [];
    expect(lines).toHaveLength(31);
    expect(lines.at(-1)).toBe('- … and 20 more');
  });

  it('shows a new paused hashtag, but not one that stays paused', () => {
    const paused = { name: 'rests', paused: true };
    expect(review(['a'], ['a', paused])).toMatchObject({ added: ['rests'], paused: ['rests'] });
    expect(review([paused], [paused])).toMatchObject(NOTHING);
  });

  it('shows the tracked name of an entry that is written differently, if that is new', () => {
    expect(review(['Old Name'], ['Old Name', 'AI Tools'])).toMatchObject({
      added: ['aitools'],
      renamed: ['"AI Tools" is tracked as #aitools'],
    });
    expect(review(['aitools'], ['AI Tools'])).toMatchObject({
      ...NOTHING,
      renamed: ['"AI Tools" is tracked as #aitools'],
    });
  });

  it('shows a new name that may be the same hashtag as another one', () => {
    const message =
      '#ſtar may be the same hashtag as #star, because they differ only in case; both are tracked';
    const added = review(['star'], ['star', 'ſtar']);
    expect(added).toMatchObject({ added: ['ſtar'], renamed: [], doubles: [message] });
    expect(renderConsoleReview(added)).toContain(`\nPossible double: ${message}\n`);
    expect(review(['star', 'ſtar'], ['star', 'ſtar'])).toMatchObject({ ...NOTHING, doubles: [] });
  });

  it('shows the changed settings of the list and of hashtags, including defaults', () => {
    const before = { settings: { minVideos: 10 }, hashtags: [{ name: 'a', group: 'x' }, 'b'] };
    const after = {
      settings: { requestsPerMinute: 5 },
      hashtags: ['b', { name: 'a', trendingGrowthPercent: 9 }],
    };
    expect(review(before, after).settings).toEqual([
      { setting: 'minVideos', before: '10', after: '0' },
      { setting: 'requestsPerMinute', before: 'none', after: '5' },
      { setting: 'group of #a', before: 'x', after: 'none' },
      { setting: 'trendingGrowthPercent of #a', before: 'none', after: '9' },
    ]);
  });

  it('shows no change for another order, other notes or another form', () => {
    const before = { settings: {}, hashtags: ['a', { name: 'b', note: 'one' }] };
    expect(review(before, ['#B', 'a'])).toMatchObject(NOTHING);
    expect(renderConsoleReview(review(before, ['b', 'a']))).toMatch(
      /^The tracked hashtags and the settings do not change/,
    );
  });

  it('shows all hashtags as added if there was no list before', () => {
    const all = review(null, { settings: { minVideos: 9 }, hashtags: ['a', 'b'] });
    expect(all).toMatchObject({ ...NOTHING, added: ['a', 'b'], costBefore: null });
    expect(renderConsoleReview(all)).toContain('Calls per day: – → 2');
  });
});

describe('the cost of videos', () => {
  it('is a sentence of its own, and a line of the review where a list wants them', () => {
    const hashtags = ['a', 'b', 'c'];
    expect(describeVideoCosts(list({ hashtags }))).toBeNull();
    expect(describeVideoCosts(list({ settings: { topVideos: 2 }, hashtags }))).toBe(
      'Videos of hashtags that surge cost up to 60 credits a month on top ("topVideos" is 2); a day ' +
        'without a surge costs nothing more',
    );
    const changed = review({ hashtags }, { settings: { topVideos: 9 }, hashtags });
    expect(renderConsoleReview(changed)).toContain('\nVideos, per month: 0 → up to 90 more\n');
    expect(renderConsoleReview(review(hashtags, ['a']))).not.toContain('Videos');
  });
});

describe('the warning about credits', () => {
  const watchlist = parseWatchlist('["a", "b", "c"]');

  it('says for how many days they last', () => {
    expect(warnOfCredits(watchlist, { credits: 89, day: day('2026-11-22') })).toBe(
      'the list costs 90 credits a month, and 89 were left on 2026-11-22, enough for 29 days',
    );
  });

  it('is absent if they last for a month', () => {
    expect(warnOfCredits(watchlist, { credits: 90, day: day('2026-11-22') })).toBeNull();
  });
});

describe('the warning about time', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `tag${i}`);
  const warn = (count: number, settings: object) =>
    warnOfTime(list({ settings, hashtags: [...names(count), { name: 'rests', paused: true }] }));

  it('says how many hashtags do not fit into the runs of a day, and what to do', () => {
    expect(warn(1000, { requestsPerMinute: 1 })).toBe(
      'the 3 runs of a day, 270 minutes each, can ask for about 810 hashtags with ' +
        '"requestsPerMinute" 1, so 190 of 1,000 won\'t be captured: raise "requestsPerMinute" if ' +
        'your API plan allows it, or track fewer hashtags',
    );
  });

  it.each([
    ['the last hashtag that fits', 810, { requestsPerMinute: 1 }, null],
    ['the first that does not', 811, { requestsPerMinute: 1.9 }, '1 of 811'],
    ['a limit that answers never reach', 811, { requestsPerMinute: 6000 }, null],
    ['one call after the other', 48_601, {}, '48,600 hashtags with "concurrency" 1, so 1 of'],
    ['two calls at once', 48_601, { concurrency: 2 }, null],
  ])('is right for %s', (_case, count, settings, expected) => {
    const warning = warn(count, settings);
    if (expected === null) expect(warning).toBeNull();
    else expect(warning).toContain(expected);
  });
});

describe('the rendered review', () => {
  it('is a few lines and a table', () => {
    const before = ['a'];
    const after = {
      settings: { requestsPerMinute: 5 },
      hashtags: ['a', ...Array.from({ length: 40 }, (_, i) => `b${i}`)],
    };
    const markdown = renderReview(review(before, after), ['the credits end']);
    expect(markdown).toMatch(
      /\n- \*\*Added\*\*: \[#b0\]\(https:\/\/www\.tiktok\.com\/tag\/b0\), .*\[#b29\]\(\S+\) and 10 more\n/,
    );
    expect(markdown).toContain('\n- **requestsPerMinute**: none → 5\n');
    expect(markdown).toContain('\n|Calls per day|1|41|\n|Credits per month|30|1,230|\n');
    expect(markdown).toContain('\n|A run takes about|1 s|8 min|\n');
    expect(markdown).toMatch(/\n\n⚠️ the credits end\n$/);
  });

  it('keeps names that are written from right to left apart', () => {
    const names = ['שלום', 'llm', 'مرحبا'];
    const text = renderConsoleReview(review(null, names));
    expect(text).toContain('Added: \u2068#שלום\u2069, #llm, \u2068#مرحبا\u2069\n');
    const slower = [{ name: 'سلام', trendingGrowthPercent: 9 }];
    expect(renderConsoleReview(review(['سلام'], slower))).toContain(
      'trendingGrowthPercent of \u2068#سلام\u2069: none → 9',
    );
  });

  it('shows hostile text as nothing but text', () => {
    for (const hostile of HOSTILE_NAMES) {
      const before = [{ name: 'a', group: 'x' }];
      const after = [{ name: 'a', group: `x${hostile}` }];
      const found = review(before, after);
      found.renamed = [hostile];
      const markdown = renderReview(found, [hostile]);
      expect(markdown.split('\n')).toHaveLength(renderReview(found, ['x']).split('\n').length);
      expect(markdown.split('\n').filter((line) => line.startsWith('|'))).toHaveLength(5);
      expect(markdown).not.toMatch(/(^|[^\\])(<|`|\]\(https:\/\/evil|\*\*bold)/);
      const lines = renderConsoleReview(found).split('\n');
      expect(lines).toHaveLength(5);
    }
  });
});
