import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import { formatInstant } from '../../scripts/lib/core/format.ts';
import { hashtagLink } from '../../scripts/lib/core/markdown.ts';
import type { DayRecord, Failure, RunInfo, Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { renderHeadline, renderMoved, renderStatus } from '../../scripts/lib/reports/brief.ts';
import { renderConsoleReport } from '../../scripts/lib/reports/console.ts';
import { renderReport } from '../../scripts/lib/reports/day-page.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { renderSparkline } from '../../scripts/lib/reports/parts.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import {
  anyHistory,
  anyName,
  dayRecord,
  HOSTILE_NAMES,
  rows,
  TODAY,
  tableRows,
} from '../helpers/snapshots.ts';

const LINKS = { base: '', previousReport: null, hasChart: false };

/** The report of a day with these rows. `hashtags` and `settings` are those of the watchlist. */
function compose(
  history: Snapshot[],
  record: Partial<DayRecord> = {},
  { hashtags = ['llm'] as unknown[], settings = {} } = {},
) {
  const watchlist = parseWatchlist(JSON.stringify({ settings, hashtags }));
  return composeReport(dayRecord(history, record), watchlist);
}

const render = (...args: Parameters<typeof compose>) => renderReport(compose(...args), LINKS);

function run(over: Partial<RunInfo> = {}): RunInfo {
  return {
    day: TODAY,
    startedAt: '2026-11-22T06:17:00.000Z',
    finishedAt: '2026-11-22T06:18:00.000Z',
    trigger: 'schedule',
    url: null,
    tracked: 1,
    creditsUsed: null,
    creditsRemaining: null,
    ...over,
  };
}

const failure = (hashtag: string, kind: Failure['kind'] = 'failed', reason = 'HTTP 503') => ({
  hashtag,
  kind,
  reason,
});

/** The cells of a hashtag's row by column name. A dash for each column that is left out. */
function cells(markdown: string, hashtag: string): Record<string, string> {
  const [names = [], ...rest] = tableRows(markdown);
  const row = rest.find((line) => line.some((cell) => cell.startsWith(`[#${hashtag}]`))) ?? [];
  const shown = Object.fromEntries(names.map((name, i) => [name, row[i] ?? '']));
  const empty =
    'Rank,Videos,New,Growth,7 days,30 days,Views,New views,Views growth,Views/video'.split(',');
  return { ...Object.fromEntries(empty.map((name) => [name, '–'])), ...shown };
}

function notes(markdown: string): string[] {
  const section = markdown.split('## Data notes\n\n')[1] ?? '';
  return (section.split('\n\n')[0] ?? '').split('\n');
}

const gap = (days: number) => Array<null>(days).fill(null);
const link = (hashtag: string) => `[#${hashtag}](https://www.tiktok.com/tag/${hashtag})`;

describe('the status line', () => {
  it.each<[string, Partial<DayRecord>, string]>([
    ['a complete day', { runs: [run()] }, '✅ 1 of 1 hashtag · 06:18'],
    ['a day without a run', {}, '✅ 1 of 1 hashtag'],
    [
      'the time of the last run',
      { runs: [run(), run({ finishedAt: '2026-11-22T12:30:00.000Z' })] },
      '✅ 1 of 1 hashtag · 12:30',
    ],
    [
      'a failure',
      { failures: [failure('b')], runs: [run()] },
      `⚠️ **1 missing: ${link('b')}** · 1 of 2 hashtags · 06:18`,
    ],
    [
      'hashtags that nobody asked for',
      { runs: [run({ tracked: 3 })] },
      '⚠️ **2 missing** · 1 of 3 hashtags · 06:18',
    ],
    [
      'the first of many missing hashtags',
      { failures: ['a', 'b', 'c', 'd'].map((name) => failure(name)) },
      `⚠️ **4 missing: ${link('a')}, ${link('b')}, ${link('c')} and 1 more** · 1 of 5 hashtags`,
    ],
    [
      'a hashtag that TikTok does not have',
      { failures: [failure('b', 'not-found')] },
      '✅ 1 of 2 hashtags · 1 not on TikTok',
    ],
    ['credits for a week', { runs: [run({ creditsRemaining: 7 })] }, '✅ 1 of 1 hashtag · 06:18'],
    [
      'credits for less than a week',
      { runs: [run({ creditsRemaining: 6 })] },
      '⚠️ **Credits for 6 more days: top up** · 1 of 1 hashtag · 06:18',
    ],
    [
      'no credits for another day',
      { runs: [run({ creditsRemaining: 0 })] },
      '⚠️ **Not enough credits for another day: top up** · 1 of 1 hashtag · 06:18',
    ],
    [
      'credits that ran out on the way',
      {
        failures: [failure('b', 'not-asked', 'out of credits (HTTP 402); top up, then run again')],
      },
      `⚠️ **Out of credits: top up** · **1 missing: ${link('b')}** · 1 of 2 hashtags`,
    ],
  ])('of %s', (_case, record, expected) => {
    expect(renderStatus(compose(rows('llm', [100]), record))).toBe(expected);
  });

  it('says since when there are no credits', () => {
    const failures = [failure('llm', 'not-asked', 'out of credits (HTTP 402); top up')];
    const since = (ago: number) =>
      renderStatus(compose(rows('llm', [5], [], addDays(TODAY, -ago)), { failures }));
    expect(since(1)).toBe('⚠️ **Out of credits: top up** · 0 of 1 hashtag');
    expect(since(3)).toBe('⚠️ **Out of credits since Friday: top up** · 0 of 1 hashtag');
    expect(since(12)).toBe('⚠️ **Out of credits since 2026-11-11: top up** · 0 of 1 hashtag');
  });

  it('says why nothing was captured', () => {
    const report = compose([], { failures: [failure('a', 'failed', 'HTTP 503: *down*')] });
    expect(renderStatus(report)).toBe(
      '⚠️ **Nothing was captured: HTTP 503\\: \\*down\\*** · 0 of 1 hashtag',
    );
  });

  it('shows the time in the time zone of the watchlist', () => {
    const settings = { timeZone: 'Asia/Tokyo' };
    const record = { runs: [run({ finishedAt: '2026-11-21T23:30:00Z' })] };
    expect(renderStatus(compose(rows('llm', [100]), record, { settings }))).toBe(
      '✅ 1 of 1 hashtag · 08:30',
    );
    expect(formatInstant('2026-11-22T23:30:00.000Z', 'UTC')).toBe('2026-11-22 23:30 UTC');
  });
});

describe('the administration at the end', () => {
  it.each<[string, Partial<DayRecord>, string]>([
    [
      'that no run is recorded',
      {},
      'No run is recorded for this day · no day missing in the last 30',
    ],
    ['when the day was captured', { runs: [run()] }, 'Captured on 2026-11-22 06:18 UTC ·'],
    [
      'a run on GitHub',
      { runs: [run({ url: 'https://x.test/1' })] },
      ' by [this run](https://x.test/1) ·',
    ],
    ['one credit', { runs: [run({ creditsUsed: 1 })] }, '· 1 credit used ·'],
    [
      'the credits of all runs',
      { runs: [run({ creditsUsed: 2 }), run(), run({ creditsUsed: 3 })] },
      '· 5 credits used ·',
    ],
    [
      'the last known credits left',
      { runs: [run({ creditsRemaining: 9 }), run({ creditsRemaining: 2 }), run()] },
      '· 2 left, enough for 2 days ·',
    ],
    ['missing days', { firstDay: addDays(TODAY, -3) }, '3 days missing in the last 30'],
  ])('shows %s', (_case, record, expected) => {
    const text = render(rows('llm', [100]), record);
    expect(text.split('## Data notes')[1]).toContain(expected);
    expect(text.split('## Data notes')[0]).not.toContain(expected);
  });

  it('does not mention unknown credits', () => {
    expect(render(rows('llm', [100]), { runs: [run()] })).not.toMatch(/credit|left/);
  });
});

describe('what moved', () => {
  const moved = (...args: Parameters<typeof compose>) => renderMoved(compose(...args));
  const calm = Array.from({ length: 30 }, (_, i) => 1000 + i * 10);

  it('has one line per hashtag, the strongest first, and what all did together', () => {
    const history = [
      ...rows('fell', [1000, 900]),
      ...rows('fast', [1000, 1500]),
      ...rows('surge', [...calm, 1490, 2780]),
      ...rows('no', [900, 900]),
    ];
    expect(moved(history)).toBe(
      `- 🚀 **${link('surge')}** breakout, **75 × its usual**: +1,490 in 2 days, usually +20 · now 2,780 videos, +86.6%\n` +
        `- 📈 **${link('fast')}** trending, **+50.0%**: +500, now 1,500 videos\n` +
        `- 📉 **${link('fell')}** lost 100 videos, **-10.0%** · now 900 videos\n` +
        '\nAll hashtags together +38.5% (usually +0.9%).',
    );
  });

  it('shows eight lines at most and counts the rest', () => {
    const history = Array.from({ length: 6 }, (_, i) => [
      ...rows(`up${i}`, [1000, 1100 + i]),
      ...rows(`down${i}`, [1000, 900 - i]),
    ]).flat();
    const lines = moved(history)
      .split('\n')
      .filter((line) => line.startsWith('- '));
    expect(lines).toHaveLength(9);
    expect(lines.at(-1)).toBe('- … and 4 more: 4 falling');
  });

  it('is on a quiet day what all did together, the fastest, and what added most', () => {
    const history = [
      ...rows(
        'big',
        calm.map((count) => count * 100 + 1),
      ),
      ...rows('small', calm),
      ...rows(
        'still',
        calm.map(() => 50_001),
      ),
    ];
    expect(moved(history)).toBe(
      'A usual day: together +0.6% (usually +0.6%).\n\n' +
        `- Fastest: ${link('small')} +0.8%, ${link('big')} +0.8%\n` +
        `- Added most: ${link('big')} +1,000 videos, ${link('small')} +10 videos`,
    );
  });

  it('names the hashtags that the sum leaves out', () => {
    const late = ['a', 'b', 'c', 'd'].map((name) => rows(name, [1000, null, 1010]));
    expect(moved([...rows('up', [990, 1000, 1200]), ...late.flat()])).toContain(
      `All hashtags together +20.0%, without ${link('a')}, ${link('b')}, ${link('c')} and 1 more, which have no count on the day before.`,
    );
    expect(moved([...rows('up', [1000, 1200]), ...rows('new', [5])])).toContain(
      `+20.0%, without ${link('new')}, which has no count on the day before.`,
    );
  });

  it('marks what hashtags did together if it holds changes within rounding', () => {
    expect(moved(rows('llm', [1_000_000, 1_100_000]))).toContain('together ≈+10.0%.');
  });

  it.each([
    ['that nothing grew', rows('llm', [1000, 999]), 'Nothing grew by more than rounding.'],
    [
      'growth within rounding',
      rows('llm', [1_200_000, 1_300_000]),
      'Nothing grew by more than rounding.',
    ],
    [
      'a second day from zero',
      rows('llm', [0, 7]),
      'There is no growth to show, because no count of today',
    ],
    ['that nothing was captured', [], 'Nothing was captured on this day.'],
  ])('says %s', (_case, history, expected) => {
    expect(moved(history)).toContain(expected);
  });

  it('says that too few were captured, and nothing is ranked anywhere', () => {
    const history = Array.from({ length: 11 }, (_, i) => rows(`t${i}`, [1000, 1100 + i])).flat();
    const absent = [failure('x', 'not-found'), failure('y', 'not-found')];
    const failures = ['a', 'b', 'c'].map((name) => failure(name));
    const missing2 = compose(history, { failures: [...failures.slice(1), ...absent] });
    expect(missing2.isTooFew).toBe(false); // 11 of 13
    const report = compose(history, { failures: [...failures, ...absent] });
    expect(report.isTooFew).toBe(true); // 11 of 14
    expect(renderMoved(report)).toBe(
      'Only 11 of 14 hashtags were captured. That is too few to say what moved, so nothing is ranked.',
    );
    expect(report.moves).toEqual([]);
    const since = addDays(TODAY, -2);
    const absence = { last: { day: since, videoCount: 5, viewCount: 5 }, since, daysBefore: 3 };
    const gone = [{ ...failure('x', 'not-found'), absence }, ...absent.slice(1)];
    expect(renderMoved(compose(history, { failures: [...failures, ...gone] }))).toMatch(
      /so nothing is ranked\.\n\n- 👋 \*\*\[#x\]\S+ \*\*gone from TikTok since 2026-11-20\*\*$/,
    );
    expect(report.trends.flatMap(({ rank }) => rank ?? [])).toEqual([]);
    const table = tableRows(renderReport(report, LINKS));
    expect(table[0]?.slice(0, 2)).toEqual(['Hashtag', 'Growth']);
    expect(table[2]?.[0]).toBe(link('t10')); // the largest
  });

  it('uses the hashtag’s own threshold and minVideos', () => {
    const hashtags = [{ name: 'llm', trendingGrowthPercent: 20 }, 'claude'];
    const history = [...rows('llm', [100, 115]), ...rows('claude', [100, 106])];
    const own = compose(history, {}, { hashtags });
    expect(own.moves.map((move) => move.hashtag)).toEqual(['claude']);
    const few = compose(history, {}, { hashtags, settings: { minVideos: 107 } });
    expect(few.moves).toEqual([]);
    expect(notes(renderReport(few, LINKS)).join()).toContain('fewer than `minVideos` videos**');
  });
});

describe('the groups', () => {
  const hashtags = [
    { name: 'b', group: 'Zebra' },
    { name: 'a', group: 'Apes' },
    { name: 'c', group: 'Zebra' },
    'd',
  ];

  it('have what they have together and the fastest, in the order of the list', () => {
    const calm = Array.from({ length: 30 }, (_, i) => 10_001 + i * 100);
    const history = [
      ...rows('a', [1000, 1000]),
      ...rows('b', calm),
      ...rows('c', [...calm.slice(0, -1), 13_901]),
      ...rows('d', [null, null], [5, 9]),
    ];
    const table = tableRows(render(history, {}, { hashtags }));
    expect(table.slice(0, 5)).toEqual([
      ['Group', 'Videos', 'New', 'Growth', 'Usually', 'Fastest'],
      expect.anything(),
      ['Zebra', '26.8K', '+1.2K', '+4.7%', '+0.9%', `${link('c')}\u00a0+8.6%`],
      ['Apes', '1K', '0', '0.0%', '–', '–'],
      ['Other hashtags', '–', '–', '–', '–', `${link('d')}\u00a0+80.0%`],
    ]);
  });

  it('are left out if there are none', () => {
    expect(render(rows('llm', [1, 2]))).not.toContain('## Groups');
  });
});

describe('the table', () => {
  it('has every figure of a hashtag, exactly', () => {
    const views = Array.from({ length: 31 }, (_, i) => 98_000_017 + i * 12_345);
    const videos = Array.from({ length: 31 }, (_, i) => 1_200_001 + i * 1234);
    expect(cells(render(rows('llm', videos, views)), 'llm')).toEqual({
      Rank: '1\u00a0=',
      Hashtag: link('llm'),
      '×\u00a0usual': '1.0 ×',
      'Daily gain': '██████████████',
      Videos: '1,237,021',
      New: '+1,234',
      Growth: '+0.1%',
      '7 days': '+0.7%',
      '30 days': '+3.1%',
      Views: '98,370,367',
      'New views': '+12,345',
      'Views growth': '+0.01%',
      'Views/video': '80',
    });
  });

  it.each<[string, Snapshot[], Record<string, string>]>([
    ['a first day', rows('x', [5], [7]), { Rank: '–', New: '–', Growth: '–', '7 days': '–' }],
    [
      'unknown videos',
      rows('x', [5, null], [5, 6]),
      { Videos: '–', Growth: '**+20.0%**', 'Views growth': '–', 'Views/video': '–' },
    ],
    ['unknown views', rows('x', [5, 6], [5, null]), { Views: '–', 'Views growth': '–' }],
    ['a zero baseline', rows('x', [0, 12]), { New: '+12', Growth: 'from 0', Rank: '–' }],
    ['a fall', rows('x', [100, 75]), { New: '-25', Growth: '-25.0%' }],
    ['no change', rows('x', [100, 100]), { New: '0', Growth: '0.0%' }],
    [
      'a missed day',
      rows('x', [100, null, 121]),
      { New: '+21', Growth: '**+10.0%/day over 2 days**' },
    ],
    ['a change within rounding', rows('x', [1e6, 1.1e6]), { New: '+100,000', Growth: '≈+10.0%' }],
    ['no change of a rounded count', rows('x', [1e6, 1e6]), { New: '0', Growth: '0.0%' }],
    [
      'a return after a long gap',
      rows('x', [100, ...gap(7), 100]),
      { Growth: 'back: 0.0%/day over 8 days' },
    ],
    ['a gap of a week', rows('x', [100, ...gap(6), 100]), { Growth: '0.0%/day over 7 days' }],
    [
      'a trending hashtag',
      rows('x', [100, 150], [9, 9]),
      { Growth: '**+50.0%**', 'Views growth': '0.0%' },
    ],
  ])('has its own wording for %s', (_case, history, expected) => {
    expect(cells(render(history), 'x')).toMatchObject(expected);
  });

  it('shows places gained and lost, and marks new hashtags but not returning ones', () => {
    const markdown = render([
      ...rows('up', [100, 101, 200]),
      ...rows('down', [100, 150, 160]),
      ...rows('new', [100, 101]),
      ...rows('back', [98, 99, null, 100]),
    ]);
    const ranks = ['up', 'down', 'new', 'back'].map((hashtag) => cells(markdown, hashtag).Rank);
    expect(ranks).toEqual(['1\u00a0▲1', '2\u00a0▼1', '3\u00a0new', '4']);
    const long = rows('long', [98, 99], [], addDays(TODAY, -33));
    const history = [...long, ...rows('long', [120]), ...rows('other', [100, 101, 102])];
    expect(cells(render(history), 'long').Rank).toBe('2');
  });

  it('leaves out the columns that would be empty in all groups', () => {
    const [names] = tableRows(render(rows('x', [null, null], [100, 150])));
    expect(names).toEqual([
      'Rank by views growth',
      'Hashtag',
      'Growth',
      'Daily gain',
      'Views',
      'New views',
    ]);
  });

  it('marks the hashtags that are ranked by views, or the column if all are', () => {
    const byViews = rows('views', [null, null], [100, 150]);
    const mixed = render([...byViews, ...rows('videos', [100, 101])]);
    expect(tableRows(mixed)[0]?.[0]).toBe('Rank');
    expect(cells(mixed, 'views').Hashtag).toBe(`${link('views')} (by views)`);
    expect(cells(mixed, 'videos').Hashtag).toBe(link('videos'));
    const all = render(byViews);
    expect(tableRows(all)[0]?.[0]).toBe('Rank by views growth');
    expect(cells(all, 'views').Hashtag).toBe(link('views'));
  });

  it('is one per group if there are groups, with the hashtags without a group last', () => {
    const hashtags = [{ name: 'a', group: 'Models' }, { name: 'b', group: 'E|*x*' }, 'c'];
    const history = ['c', 'a', 'b'].flatMap((hashtag) => rows(hashtag, [1, 2]));
    const headings = render(history, {}, { hashtags }).match(/^## .*$/gm);
    expect(headings).toEqual([
      '## What moved',
      '## Groups',
      '## Models',
      '## E\\|\\*x\\*',
      '## Other hashtags',
      '## Data notes',
    ]);
    expect(render(history)).toContain('## All hashtags');
  });

  it('is absent if nothing was captured', () => {
    expect(tableRows(render([], { failures: [failure('llm')] }))).toEqual([]);
  });
});

describe('the sparkline', () => {
  it.each<[string, (number | null)[], string]>([
    ['what each day added', [0, 70, 80, 100, 130, 170, 220, 280], '█▂▃▄▅▆▇'],
    ['a little as more than nothing', [0, 1, 1, 1001], '▂▁█'],
    ['a steady gain as one height, however large the count', [9e9, 9e9 + 1, 9e9 + 2], '██'],
    ['a fall as nothing', [50, 40, 60], '▁█'],
    ['a gap, and a daily average after it', [0, 10, null, 20], '█·▅'],
    ['a gap at the end', [0, 70, null], '█·'],
    ['no days before the first gain', [null, null, 0, 70], '█'],
    ['no change', [5, 5, 5], '▁▁'],
    ['one day', [null, 5], '–'],
    ['no day', [null, null], '–'],
  ])('shows %s', (_case, counts, expected) => {
    expect(renderSparkline(counts)).toBe(expected);
  });
});

describe('the data notes', () => {
  const llm = rows('llm', [100, 101], [9, 9]);

  it.each<[string, Snapshot[], Partial<DayRecord>, string]>([
    ['nothing', llm, {}, 'Nothing to add.'],
    ['a failure', llm, { failures: [failure('b')] }, `- **Failed** \`HTTP 503\`: ${link('b')}`],
    [
      'an unknown hashtag',
      llm,
      { failures: [failure('b', 'not-found', 'x')] },
      `- **Not found on TikTok** \`x\`: ${link('b')}`,
    ],
    [
      'a hashtag that was not asked for',
      llm,
      { failures: [failure('b', 'not-asked', 'x')] },
      `- **Not asked** \`x\`: ${link('b')}`,
    ],
    [
      'a hashtag without a record',
      llm,
      { runs: [run({ tracked: 2 })] },
      '- **Not asked for** on this day: 1 hashtag of the watchlist',
    ],
    [
      'missing days',
      rows('llm', [1, null, 1, null, null, 2], [1, null, 1, null, null, 1]),
      {},
      '- **Missing days** in the last 30: 2026-11-18, 2026-11-20 to 2026-11-21',
    ],
    ['a fall', rows('llm', [100, 60], [9, 9]), {}, `- **Fell**: ${link('llm')} by 40 videos`],
    [
      'a first day',
      rows('llm', [100], [9]),
      {},
      `- **First day; growth appears from the next day on**: ${link('llm')}`,
    ],
    [
      'a zero baseline',
      rows('llm', [0, 12], [0, 3]),
      {},
      `- **+12 from 0, which has no percentage**: ${link('llm')}`,
    ],
    [
      'an unknown video count',
      rows('llm', [null, null], [9, 9]),
      {},
      `- **No video count** from TikTok: ${link('llm')}`,
    ],
    [
      'an unknown view count',
      rows('llm', [100, 101]),
      {},
      `- **No view count** from TikTok: ${link('llm')}`,
    ],
    [
      'a rank by views',
      rows('llm', [null, null], [9, 9]),
      {},
      '- **By views**: the growth of videos is unknown, so the rank goes by the growth of views',
    ],
    [
      'a change within rounding',
      rows('llm', [1e6, 1.1e6], [9, 9]),
      {},
      '- **≈**: within one step of TikTok’s rounding, so it says nothing about growth; or a sum that holds such changes',
    ],
    [
      'a missed day',
      [...rows('llm', [1, null, 1], [1, null, 1]), ...rows('b', [1, 1, 1], [1, 1, 1])],
      {},
      `- **Compared with 2 days before**, because there is no count of videos in between: ${link('llm')}`,
    ],
    [
      'a return after a long gap',
      rows('llm', [1, ...gap(7), 1], [1, ...gap(7), 1]),
      {},
      `- **Back** after a long gap; growth is the daily rate over the gap: ${link('llm')} (8 days)`,
    ],
    [
      'a count of videos after more than a week with counts of views alone',
      [...rows('llm', [1, ...gap(7), 1], [1, 1, 1, 1, 1, 1, 1, 1, 1]), ...rows('b', [1, 1])],
      {},
      `- **Compared with 8 days before**, because there is no count of videos in between: ${link('llm')}`,
    ],
    [
      'a correction',
      llm,
      {
        corrections: [
          { hashtag: 'llm', videoCount: 99, viewCount: null, replacedAt: '2026-11-22T12:00:00Z' },
        ],
      },
      `- **Corrected** by a later run: ${link('llm')} (before 2026-11-22 12:00 UTC: 99 videos, – views)`,
    ],
  ])('mention %s', (_case, history, record, expected) => {
    expect(notes(render(history, record))).toContain(expected);
  });

  describe('of a hashtag that was captured the day before', () => {
    const history = [...rows('llm', [1, 1], [1, 1]), ...rows('gone', [1, null], [1, null])];
    const note = (hashtags: unknown[], record: Partial<DayRecord> = {}) =>
      notes(render(history, record, { hashtags })).join();

    it('say that it is paused or no longer tracked', () => {
      expect(note(['llm', { name: 'gone', paused: true }])).toBe(`- **Paused**: ${link('gone')}`);
      expect(note(['llm'])).toBe(`- **No longer tracked**: ${link('gone')}`);
    });

    it('say neither if it is still asked for, if it failed, or if nothing was captured', () => {
      expect(note(['llm', 'gone'])).toBe('Nothing to add.');
      expect(note(['llm'], { failures: [failure('gone')] })).not.toContain('No longer');
      const nothing = rows('gone', [1, null], [1, null]);
      expect(notes(render(nothing, {}, { hashtags: ['llm'] })).join()).not.toContain('No longer');
    });

    it('say neither if it has a snapshot, as on the day of the change', () => {
      const hashtags = ['llm', { name: 'gone', paused: true }];
      const captured = [...rows('llm', [1, 1], [1, 1]), ...rows('gone', [1, 1], [1, 1])];
      expect(notes(render(captured, {}, { hashtags }))).toEqual(['Nothing to add.']);
    });

    it.each(['می\u200cخواهم', 'क्\u200dष', '👩\u200d💻'])(
      'say once that %j begins anew, because it had no joiners before',
      (name) => {
        const before = name.replace(/\p{Join_Control}/gu, '');
        const stored = [...rows('llm', [1, 1], [1, 1]), ...rows(before, [1, null], [1, null])];
        const hashtags = ['llm', name];
        const first = notes(render([...stored, ...rows(name, [5])], {}, { hashtags })).join('\n');
        expect(first).toContain('**Begins anew**, because the name was stored without its joiners');
        expect(first).toContain(`(before: ${hashtagLink(before)})`);
        const second = [...stored, ...rows(name, [5, 6])];
        expect(notes(render(second, {}, { hashtags })).join()).not.toContain('Begins anew');
        const both = [...stored, ...rows(name, [5])];
        expect(notes(render(both, {}, { hashtags: [...hashtags, before] })).join()).not.toContain(
          'Begins anew',
        );
      },
    );

    it('say neither if it was captured only earlier', () => {
      const earlier = [...rows('llm', [1, 1, 1], [1, 1, 1]), ...rows('gone', [1, null, null])];
      expect(notes(render(earlier))).toEqual(['Nothing to add.']);
    });
  });

  it('make each remark once, with all its hashtags', () => {
    const failures = [failure('a'), failure('b'), failure('c', 'failed', 'no answer')];
    expect(notes(render(llm, { failures }))).toEqual([
      `- **Failed** \`HTTP 503\`: ${link('a')}, ${link('b')}`,
      `- **Failed** \`no answer\`: ${link('c')}`,
    ]);
  });

  it('are short if a remark applies to all hashtags', () => {
    const history = Array.from({ length: 6 }, (_, i) => rows(`tag${i}`, [1], [1])).flat();
    expect(notes(render(history))).toEqual([
      '- **First day; growth appears from the next day on**: all hashtags',
    ]);
  });

  it('do not call a change within rounding a fall', () => {
    const text = notes(render(rows('llm', [1.1e6, 1e6], [9, 9]))).join();
    expect(text).toContain('**≈**');
    expect(text).not.toContain('Fell');
  });

  it('name each failed hashtag, even if as many were captured', () => {
    const history = Array.from({ length: 6 }, (_, i) => rows(`ok${i}`, [1, 1], [1, 1])).flat();
    const failures = Array.from({ length: 6 }, (_, i) => failure(`bad${i}`));
    const [note] = notes(render(history, { failures }));
    for (const { hashtag } of failures) expect(note).toContain(link(hashtag));
  });

  it('keep every replaced count, even if all hashtags were corrected', () => {
    const names = Array.from({ length: 6 }, (_, i) => `tag${i}`);
    const corrections = names.map((hashtag, i) => ({
      hashtag,
      videoCount: 70 + i,
      viewCount: 1,
      replacedAt: '2026-11-22T12:00:00Z',
    }));
    const text = notes(
      render(
        names.flatMap((name) => rows(name, [1, 1], [1, 1])),
        { corrections },
      ),
    );
    for (const { videoCount } of corrections) expect(text.join()).toContain(`${videoCount} videos`);
  });

  it('name at most 30 hashtags and say how many more there are', () => {
    const failures = Array.from({ length: 33 }, (_, i) => failure(`f${i}`));
    const [note] = notes(render(llm, { failures }));
    expect(note?.match(/\[#/g)).toHaveLength(30);
    expect(note).toMatch(/ and 3 more$/);
  });
});

describe('the welcome of the first report', () => {
  const welcome = (...args: Parameters<typeof compose>) =>
    render(...args)
      .split('## Welcome\n\n')[1]
      ?.split('\n\n')[0];

  it('says what was recorded, when growth starts and what to do next', () => {
    const history = [...rows('llm', [1000], [50_000]), ...rows('claude', [null], [1])];
    expect(welcome(history)).toBe(
      'This is your first report: 2 hashtags recorded, together 1,000 videos and 50,001 views.\n' +
        'Growth and the chart start tomorrow, when there is a second day to compare with.\n' +
        'Until then, you can [edit the list of hashtags](../data/hashtags.json); every report will be linked in [the index](README.md).',
    );
    expect(render(history)).not.toContain('## What moved');
  });

  it('is absent if the database has an earlier day or nothing was captured', () => {
    expect(welcome(rows('llm', [1000]), { previousDay: addDays(TODAY, -400) })).toBeUndefined();
    expect(render([], { failures: [failure('llm')] })).toContain('Nothing was captured');
  });

  it('leaves out unknown counts instead of showing zero', () => {
    expect(welcome(rows('llm', [null], [7]))).toContain('1 hashtag recorded, together 7 views.');
  });
});

describe('the report', () => {
  const report = compose(rows('llm', [100, 101]));

  it('begins with the day, written out', () => {
    expect(renderReport(report, LINKS)).toMatch(/^# TikTok hashtags on Sun 22 Nov 2026\n/);
  });

  it('links the chart, the day before and the index from wherever it is shown', () => {
    const previousReport = addDays(TODAY, -2);
    const here = renderReport(report, { base: '', previousReport, hasChart: true });
    expect(here).toContain('](charts/2026-11-22.svg)');
    expect(here).toContain('\n\n[← 2026-11-20](2026-11-20.md) · [All reports](README.md)\n');
    const base = 'https://x.test/reports/';
    const away = renderReport(report, { base, previousReport, hasChart: true });
    expect(away.match(/\]\(https:\/\/x\.test\/reports\/[^)]+\)/g)).toHaveLength(3);
  });

  it('links to nothing that does not exist', () => {
    const first = renderReport(report, LINKS);
    expect(first).not.toContain('.svg');
    expect(first).toContain('\n\n[All reports](README.md)\n');
  });

  it('of 300 hashtags has a row for each', () => {
    const history = Array.from({ length: 300 }, (_, i) =>
      rows(`tag${i}`, [100 + i, 120 + i]),
    ).flat();
    expect(tableRows(render(history))).toHaveLength(302);
  });
});

describe('text from outside', () => {
  const MARK = '[!-/:-@[-`{-~]';
  const hashtagCell = new RegExp(
    `^\\[#(?:\\\\${MARK}|(?!${MARK}).)*\\]\\(https://www\\.tiktok\\.com/tag/[^()<>|\\\\\\s]*\\)( \\(by views\\))?$`,
    'u',
  );

  it('never breaks a table or causes a broken number', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const report = compose(history);
        const table = tableRows(renderReport(report, LINKS));
        expect(table).toHaveLength(report.trends.length === 0 ? 0 : report.trends.length + 2);
        const names = table[0]?.indexOf('Hashtag') ?? 0;
        for (const row of table) expect(row).toHaveLength(table[0]?.length ?? 0);
        for (const row of table.slice(2)) {
          expect(row[names]).toMatch(hashtagCell);
          const figures = row.filter((_, column) => column !== names);
          expect(figures.join()).not.toMatch(/NaN|Infinity|undefined|null|\+0\.0*%/);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('adds no line to the notes', () => {
    const reason = fc.oneof(anyName, fc.constantFrom('`', 'a`|b', '\n\n# x'));
    fc.assert(
      fc.property(anyName, reason, (hashtag, text) => {
        const failures = [failure(hashtag, 'failed', `x${text}`)];
        const found = notes(render(rows('llm', [1, 1], [1, 1]), { failures }));
        expect(found).toHaveLength(1);
        expect(found[0]).toMatch(/^- \*\*Failed\*\* `[^`|]+`: \[#/);
      }),
    );
  });

  it.each([...HOSTILE_NAMES, '::error::x', 'a\n::set-env name=X::y', 'a\u001b[2Jb'])(
    'is one harmless line in the console and the headline: %j',
    (name) => {
      const others = ['b', 'c', 'd'].flatMap((other) => rows(other, [1, 1]));
      const history = [...rows(name, [100, 150]), ...others];
      const report = compose(history, { failures: [failure(name)] });
      expect(renderConsoleReport(report).split('\n')).toHaveLength(9);
      expect(renderHeadline(report)).toContain('1 trending');
      for (const text of [renderConsoleReport(report), renderHeadline(report)]) {
        expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|::/u);
      }
    },
  );
});

describe('the console report', () => {
  it('is the tutorial’s: one line per hashtag with videos and growth', () => {
    const history = [
      ...rows('aitools', [1_000_001, 1_247_832]),
      ...rows('views', [null, null], [1000, 990]),
      ...rows('new', [5]),
      ...rows('zero', [0, 3]),
    ];
    const failures = [failure('gone', 'not-found', 'no such hashtag')];
    expect(renderConsoleReport(compose(history, { failures })).split('\n')).toEqual([
      'TikTok Hashtag Report - 2026-11-22',
      '-'.repeat(50),
      '#aitools                   1,247,832 videos | growth: +24.8%  trending',
      '#views                           990 views | growth: -1.0%',
      '#new                               5 videos | growth: first day; growth appears from the next day on',
      '#zero                              3 videos | growth: +3 from 0, which has no percentage',
      '#gone                not found on TikTok: no such hashtag',
      '4 of 5 hashtags captured',
      '📈 #aitools trending, +24.8%: +247,831, now 1,247,832 videos',
      '📉 #views lost 10 views, -1.0% · now 990 views',
    ]);
  });

  it.each([
    '👩🏽\u200d💻',
    'می\u200cخواهم',
    '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
    'क्\u200dष',
  ])('shows %j whole, as the report does', (name) => {
    const report = compose(rows(name, [100, 200]), {}, { hashtags: [name] });
    for (const text of [
      renderConsoleReport(report),
      renderHeadline(report),
      renderReport(report, LINKS),
    ]) {
      expect(text).toContain(`#${name}`);
    }
  });

  it.each(['שלום', 'مرحبا', 'ދިވެހި'])('keeps %s apart from the numbers, in its column', (name) => {
    const report = compose([...rows(name, [100, 200]), ...rows('llm', [100, 200])]);
    const lines = renderConsoleReport(report).split('\n');
    expect(lines).toContainEqual(
      `\u2068#${name}\u2069${' '.repeat(19 - name.length)}             200 videos | growth: +100%  trending`,
    );
    expect(renderHeadline(report)).toContain(`\u2068#${name}\u2069 +100%`);
    expect(renderReport(report, LINKS)).toContain(
      `|[\u2068#${name}\u2069](https://www.tiktok.com/`,
    );
  });

  it('does not call a day the first if only the count of videos is missing', () => {
    const text = renderConsoleReport(compose(rows('llm', [5, 6, null], [null, null, 7])));
    expect(text).toContain('growth: no earlier count to compare with');
  });

  it('points out a breakout', () => {
    const counts = [...Array<number>(20).fill(100), 120, 240];
    expect(renderConsoleReport(compose(rows('llm', counts)))).toContain('growth: +100%  BREAKOUT');
  });
});

describe('the headline', () => {
  const growing = (count: number) =>
    Array.from({ length: count }, (_, i) => rows(`tag${i}`, [1000, 1300 - i])).flat();

  it.each([
    [[], '0 of 0 hashtags'],
    [rows('llm', [100, 100]), '1 of 1 hashtag'],
    [growing(2), '2 of 2 hashtags, 2 trending (#tag0 +30.0%, #tag1 +29.9%)'],
    [
      growing(7),
      '7 of 7 hashtags, 7 trending (#tag0 +30.0%, #tag1 +29.9%, #tag2 +29.8%, #tag3 +29.7%, #tag4 +29.6% and 2 more)',
    ],
  ])('sums up the day in one line', (history, expected) => {
    expect(renderHeadline(compose(history))).toBe(expected);
  });
});
