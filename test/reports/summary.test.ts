import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, type Day } from '../../scripts/lib/core/day.ts';
import { formatPeriod } from '../../scripts/lib/core/format.ts';
import { monthOf, type Period, weekOf } from '../../scripts/lib/core/period.ts';
import type { PeriodRecord, Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { composeSummary } from '../../scripts/lib/reports/summary.ts';
import { renderSummary, renderSummaryChart } from '../../scripts/lib/reports/summary-page.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { anyHistory, day, rows, TODAY, tableRows } from '../helpers/snapshots.ts';

const WEEK = weekOf(TODAY); // 2026-11-16 to 2026-11-22
const NO_LINKS = { previous: null, reportDays: new Set<Day>() };

function compose(
  history: Snapshot[],
  record: Partial<PeriodRecord> = {},
  hashtags: unknown[] = ['a'],
) {
  const firstDay = history.reduce((first, row) => (row.day < first ? row.day : first), TODAY);
  return composeSummary(
    { period: WEEK, firstDay, lastDay: (record.period ?? WEEK).last, history, ...record },
    parseWatchlist(JSON.stringify({ hashtags })),
  );
}

const render = (...args: Parameters<typeof compose>) => renderSummary(compose(...args), NO_LINKS);

/** The text between a heading and the next one. */
function section(markdown: string, heading: string): string {
  return (markdown.split(`## ${heading}\n\n`)[1] ?? '').split(/\n\n(?:##|!\[|\[)/)[0] ?? '';
}

const link = (hashtag: string) => `[#${hashtag}](https://www.tiktok.com/tag/${hashtag})`;

/** Eight counts. The first is of the day before the week. */
const eight = (from: number, to: number) =>
  Array.from({ length: 8 }, (_, i) => Math.round(from + ((to - from) * i) / 7));

describe('the winners and losers', () => {
  it('have the largest growth and fall from the day before the period to its last day', () => {
    const markdown = render([
      ...rows('up', eight(1000, 1216)),
      ...rows('fast', [1000, 1001, 1002, 1003, 1004, 1005, 1006, 2000]),
      ...rows('down', eight(2000, 1000)),
      ...rows('less', eight(2000, 1900)),
    ]);
    expect(section(markdown, 'Winners')).toBe(
      `- 📈 **${link('fast')}** videos **+100%** · +1,000, now 2,000 · +10.4% a day\n` +
        `- 📈 **${link('up')}** videos **+21.6%** · +216, now 1,216 · +2.8% a day`,
    );
    expect(section(markdown, 'Losers')).toBe(
      `- 📉 **${link('down')}** videos **-50.0%** · -1,000, now 1,000 · -9.4% a day\n` +
        `- 📉 **${link('less')}** videos **-5.0%** · -100, now 1,900 · -0.7% a day`,
    );
  });

  it('are ranked by the rate per day if days are missing, and say over how many days', () => {
    const markdown = render([
      ...rows('whole', eight(1000, 1070)),
      ...rows('short', [100, 103], [], addDays(TODAY, -1)),
    ]);
    const winners = section(markdown, 'Winners').split('\n');
    expect(winners[0]).toContain(`${link('short')}** videos **+3.0% over 1 day**`);
    expect(winners[1]).toContain(`${link('whole')}** videos **+7.0%**`);
  });

  it('include no change within rounding and no unknown count', () => {
    const markdown = render([
      ...rows('step', [1_000_000, 1_100_000]),
      ...rows('fall', [1_100_000, 1_000_000]),
      ...rows('same', [5, 5]),
      ...rows('unknown', [null, 900], [7, 7]),
      ...rows('gone', [900, null], [7, 7]),
    ]);
    expect(section(markdown, 'Winners')).toBe('No hashtag grew by more than rounding.');
    expect(markdown).not.toContain('## Losers');
  });

  it('use views if the growth of videos is unknown', () => {
    expect(render(rows('a', [null, null], [1000, 1100]))).toContain('views **+10.0% over 1 day**');
  });

  it('are at most five each, followed by the number of the others', () => {
    const history = Array.from({ length: 8 }, (_, i) => rows(`t${i}`, [1000, 1300 + i])).flat();
    const lines = section(render(history), 'Winners').split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[5]).toBe('- … and 3 more');
  });

  it('need a second day', () => {
    const markdown = render(rows('a', [5]));
    expect(section(markdown, 'Winners')).toBe('Growth appears from the second day on.');
    expect(markdown).not.toContain('.svg');
  });
});

describe('the line at the top', () => {
  const top = (...args: Parameters<typeof compose>) => render(...args).split('\n\n')[1];

  it('shows the days, the hashtags and the total growth', () => {
    const history = [...rows('a', eight(1000, 1070), eight(1, 8)), ...rows('b', eight(10, 3))];
    expect(top(history)).toBe(
      '✅ 7 of 7 days · 2026-11-16 to 2026-11-22 · 2 hashtags · together +63 videos and +7 views',
    );
  });

  it('counts the missing days since the first day of the database', () => {
    const history = rows('a', [100, 101, null, null, 104]);
    expect(top(history)).toMatch(
      /^⚠️ \*\*2 days missing: 2026-11-20 to 2026-11-21\*\* · 3 of 5 days · /,
    );
    expect(section(render(history), 'Data notes')).toContain(
      '- **Missing days**: 2026-11-20 to 2026-11-21',
    );
    expect(top(history, { firstDay: day('2026-01-01') })).toMatch(/ · 3 of 7 days · /);
  });

  it('does not count future days as missing', () => {
    const markdown = render(rows('a', [100, 110, 120], [1, 2, 3], day('2026-11-17')), {
      lastDay: day('2026-11-17'),
    });
    expect(markdown).toContain('so far, up to 2026-11-17');
    expect(markdown).not.toContain('because counts are missing');
  });

  it('says so if the period is not over', () => {
    const lastDay = addDays(TODAY, -2);
    const history = rows('a', [100, 101], [], lastDay);
    expect(top(history, { lastDay })).toMatch(/^✅ 2 of 2 days · .* · so far, up to 2026-11-20 ·/);
    expect(top(history)).not.toContain('so far');
  });

  it('leaves out unknown growth instead of showing zero', () => {
    expect(top(rows('a', [100]))).not.toContain('together');
    expect(top(rows('a', [100, 105]))).toMatch(/ · together \+5 videos$/);
  });

  it('marks a sum that holds a change within rounding', () => {
    expect(top([...rows('a', [1e6, 1.1e6]), ...rows('b', [5, 7])])).toMatch(
      / · together ≈\+100,002 videos$/,
    );
  });
});

const calm = Array.from({ length: 30 }, (_, i) => 1000 + i * 10);
const moving = [
  ...rows('a', [100, 110, 111, 125]),
  ...rows('b', [...calm, 1490, 2780]),
  ...rows('c', [...calm, 1350, 1420]),
  ...rows('still', [900, 900]),
];

describe('what moved', () => {
  it('has one line for each hashtag that surged or trended, the strongest first', () => {
    expect(section(render(moving), 'What moved').split('\n')).toEqual([
      expect.stringMatching(
        /^- 🚀 \*\*\[#b\].* breakout on 1 day, at most \*\*75 × its usual\*\* · \+\d+%: \+[\d,]+, now 2,780 videos$/,
      ),
      expect.stringMatching(/^- (🚀|🔥) \*\*\[#c\]/),
      expect.stringMatching(
        /^- 📈 \*\*\[#a\].* trending on 2 days · \+25.0% over 3 days: \+25, now 125/,
      ),
    ]);
    expect(section(render(rows('a', [900, 900])), 'What moved')).toBe(
      'A usual week: no hashtag surged or trended.',
    );
  });

  it('is at most eight lines, followed by the number of the others', () => {
    const many = Array.from({ length: 11 }, (_, i) => rows(`t${i}`, [1000, 2000 + i])).flat();
    const lines = section(render(many), 'What moved').split('\n');
    expect(lines).toHaveLength(9);
    expect(lines.at(-1)).toBe('- … and 3 more');
  });
});

describe('the days', () => {
  it('list what surged or trended, the strongest first, and link an existing report', () => {
    const links = { previous: null, reportDays: new Set([TODAY]) };
    const lines = section(renderSummary(compose(moving), links), 'Day by day').split('\n');
    expect(lines[0]).toBe(`- 2026-11-20: 📈 ${link('a')} +10.0%`);
    expect(lines.at(-1)).toMatch(
      /^- \[2026-11-22\]\(\.\.\/2026-11-22\.md\): 🚀 \[#b\]\S+ 75 ×, (🚀|🔥) \[#c\]\S+ \S+ ×, 📈 \[#a\]\S+ \+12\.6%$/,
    );
  });

  it('include growth that is barely above the threshold', () => {
    const markdown = render([...rows('a', [10_001, 10_502]), ...rows('b', [10_001, 10_501])]);
    expect(section(markdown, 'Day by day')).toBe(`- 2026-11-22: 📈 ${link('a')} +5.0%`);
  });

  it('use the hashtag’s own threshold', () => {
    const own = [{ name: 'a', trendingGrowthPercent: 50 }, 'b'];
    expect(section(render(moving, {}, own), 'Day by day')).not.toContain('#a]');
    expect(render(rows('a', [5, 5]))).toContain(
      'Nothing surged or trended on any day of the week.',
    );
  });

  it('name at most ten hashtags', () => {
    const many = Array.from({ length: 13 }, (_, i) => rows(`t${i}`, [1000, 2000 + i])).flat();
    expect(section(render(many), 'Day by day')).toMatch(/t3\) \+100% and 3 more$/);
  });
});

describe('the groups', () => {
  it('have what they have together, in the order of the list', () => {
    const hashtags = [
      { name: 'z', group: 'Zebra' },
      { name: 'a', group: 'Apes' },
      { name: 'y', group: 'Zebra' },
    ];
    const history = [
      ...rows('a', eight(1000, 1000)),
      ...rows('y', eight(1000, 1100)),
      ...rows('z', eight(3000, 3100)),
    ];
    const table = tableRows(render(history, {}, hashtags));
    expect(table.slice(0, 4)).toEqual([
      ['Group', 'Videos', 'New', 'Growth', 'Fastest'],
      expect.anything(),
      ['Zebra', '4.2K', '+200', '+5.0%', `${link('y')}\u00a0+10.0%`],
      ['Apes', '1K', '0', '0.0%', '–'],
    ]);
  });
});

describe('the table', () => {
  const columns =
    'Rank,Hashtag,Daily gain,Videos,New,Growth,Per day,Views,New views,Views growth,Days,Moved'.split(
      ',',
    );
  /** The hashtag's row, with a dash for each column that is left out. */
  const cellsOf = (markdown: string, hashtag: string) => {
    const [header = [], ...rest] = tableRows(markdown);
    const row = rest.find((line) => line.some((cell) => cell.startsWith(`[#${hashtag}]`)));
    return columns.map((name) => row?.[header.indexOf(name)] ?? '–');
  };

  it('has every figure of a hashtag', () => {
    const views = eight(9000, 9630);
    expect(cellsOf(render(rows('a', eight(1000, 1070), views)), 'a')).toEqual([
      '1',
      link('a'),
      '███████',
      '1,070',
      '+70',
      '+7.0%',
      '+1.0%',
      '9,630',
      '+630',
      '+7.0%',
      '7',
      '–',
    ]);
  });

  it.each<[string, Snapshot[], string[]]>([
    ['one day', rows('a', [5], [7]), ['5', '–', '–', '–', '7', '–', '–', '–', '–']],
    ['a zero baseline', rows('a', [0, 12]), ['12', '+12', 'from 0', '–', '–', '–', '–', '1', '–']],
    [
      'a change within rounding',
      rows('a', [1e6, 1.1e6]),
      ['1,100,000', '+100,000', '≈+10.0%', '≈+10.0%', '–', '–', '–', '1', '–'],
    ],
    [
      'views over fewer days',
      rows('a', [100, 101, 104], [null, 100, 101]),
      ['104', '+4', '+4.0%', '+2.0%', '101', '+1', '+1.0% over 1 day', '2', '–'],
    ],
    [
      'a trending hashtag',
      rows('a', [100, 110, 121]),
      ['121', '+21', '+21.0%', '+10.0%', '–', '–', '–', '2', '2 days 📈'],
    ],
  ])('has its own wording for %s', (_case, history, expected) => {
    expect(cellsOf(render(history), 'a').slice(3)).toEqual(expected);
  });

  it('shows a month with half as many bars as days', () => {
    const counts = Array.from({ length: 45 }, (_, i) => 1000 + i);
    const month = monthOf(day('2026-10-15'));
    const markdown = render(rows('a', counts, [], month.last), { period: month });
    expect(cellsOf(markdown, 'a')?.[2]).toHaveLength(15);
  });

  it('ends with a bar for the last two days of a month, however many days it has', () => {
    const counts = Array.from({ length: 32 }, (_, i) => 1000 + 10 * i + 20 * Math.max(0, i - 29));
    const month = monthOf(day('2026-10-15'));
    const markdown = render(rows('a', counts, [], month.last), { period: month });
    expect(cellsOf(markdown, 'a')?.[2]).toBe(`${'▃'.repeat(14)}█`);
  });

  it('is one per group if there are groups', () => {
    const history = [...rows('a', [1, 2]), ...rows('b', [1, 2])];
    const markdown = render(history, {}, [{ name: 'a', group: 'My|group' }, 'b']);
    expect(markdown).toContain('## My\\|group\n');
    expect(markdown).toContain('## Other hashtags\n');
  });

  it('marks the hashtags that are ranked by views, or the column if all are', () => {
    const byViews = rows('v', [null, null], [100, 150]);
    expect(render([...byViews, ...rows('b', [1, 2])])).toContain(`${link('v')} (by views)`);
    expect(render(byViews)).toContain('|Rank by views growth|');
  });
});

describe('the data notes', () => {
  it.each<[string, Snapshot[], string]>([
    ['nothing', rows('a', eight(100, 120), eight(1, 2)), 'Nothing to add.'],
    [
      'missing counts',
      rows('a', [100, 120]),
      `- **Growth over 1 day** instead of 7, because counts are missing: ${link('a')}`,
    ],
    ['one day', rows('a', [100]), `- **Only one day**, but growth needs two: ${link('a')}`],
    [
      'a zero baseline',
      rows('a', [null, null], [0, 9]),
      `- **+9 from 0**, which has no percentage: ${link('a')}`,
    ],
    [
      'a missing video count',
      rows('a', [null], [9]),
      `- **No video count** from TikTok: ${link('a')}`,
    ],
    ['a missing view count', rows('a', [9]), `- **No view count** from TikTok: ${link('a')}`],
    [
      'a change within rounding',
      rows('a', [1e6, 1.1e6]),
      '- **≈**: within one step of TikTok’s rounding',
    ],
  ])('mention %s', (_case, history, expected) => {
    expect(section(render(history), 'Data notes')).toContain(expected);
  });
});

describe('the summary', () => {
  it.each<[Period, string]>([
    [WEEK, 'week 47 of 2026'],
    [weekOf(day('2027-01-01')), 'week 53 of 2026'],
    [weekOf(day('2021-01-04')), 'week 1 of 2021'],
    [monthOf(TODAY), 'November 2026'],
  ])('is named after its period: %j', (period, name) => {
    expect(formatPeriod(period)).toBe(name);
  });

  it('links its chart, the previous summary and the index', () => {
    const summary = compose(rows('a', [100, 120]));
    const markdown = renderSummary(summary, { ...NO_LINKS, previous: '2026-W45' });
    expect(markdown).toMatch(/^# TikTok hashtags in week 47 of 2026\n/);
    expect(markdown).toContain('](../charts/2026-W47.svg)');
    expect(markdown).toContain('\n\n[← 2026-W45](2026-W45.md) · [All reports](../README.md)\n');
    expect(renderSummary(summary, NO_LINKS)).not.toContain('←');
  });

  it('has a chart from the baseline of the growth to the last day, indexed to 100', () => {
    const history = [...rows('a', [7, 7, ...eight(1000, 1210)]), ...rows('b', eight(100, 90))];
    const svg = renderSummaryChart(compose(history)) ?? '';
    expect(svg).toContain('Growth from 2026-11-15 to 2026-11-22, indexed to 100: #a, #b');
    expect(svg).toContain('#a 121<');
    expect(svg).toContain('#b 90<');
    expect(renderSummaryChart(compose(rows('a', [5])))).toBeNull();
  });

  it('prefers real changes to changes within rounding in its chart', () => {
    const steps = Array.from({ length: 8 }, (_, i) => rows(`step${i}`, [1e6, 1.1e6])).flat();
    const svg = renderSummaryChart(compose([...steps, ...rows('real', [1000, 1010])])) ?? '';
    expect(svg).toContain('#real 101<');
  });

  it('has sound tables and no broken number for any rows', () => {
    const periods = fc.constantFrom(WEEK, monthOf(TODAY));
    fc.assert(
      fc.property(anyHistory, periods, (history, period) => {
        const summary = compose(history, { period });
        const markdown = renderSummary(summary, NO_LINKS);
        const table = tableRows(markdown);
        expect(table).toHaveLength(summary.trends.length === 0 ? 0 : summary.trends.length + 2);
        const names = table[0]?.indexOf('Hashtag');
        for (const row of table) expect(row).toHaveLength(table[0]?.length ?? 0);
        for (const row of table.slice(2)) {
          const figures = row.filter((_, column) => column !== names);
          expect(figures.join()).not.toMatch(/NaN|Infinity|undefined|null|\+0\.0*%/);
        }
        for (const [name] of markdown.matchAll(/^#.*$/gm)) expect(name).toMatch(/^##? \w/);
      }),
      { numRuns: 200 },
    );
  });
});
