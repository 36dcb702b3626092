import { describe, expect, it } from 'vitest';
import { addDays, type Day } from '../../scripts/lib/core/day.ts';
import { monthOf, type Period, weekOf } from '../../scripts/lib/core/period.ts';
import { readSurged, renderReport } from '../../scripts/lib/reports/day-page.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { type IndexedDay, renderReportIndex } from '../../scripts/lib/reports/index-page.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { day, dayRecord, HOSTILE_NAMES, rows, TODAY } from '../helpers/snapshots.ts';

const latest = composeReport(dayRecord(rows('llm', [100, 120])), parseWatchlist('["llm"]'));

const entry = (text: string, over: Partial<IndexedDay> = {}): IndexedDay => ({
  day: day(text),
  missed: 0,
  hasReport: true,
  surged: [],
  ...over,
});

const render = (days: IndexedDay[], summaries: Period[] = []) =>
  renderReportIndex(latest, days, summaries);

/** The list under a month's heading. */
function month(markdown: string, name: string): string {
  return /^.*$/m.exec(markdown.split(`### ${name}\n\n`)[1] ?? '')?.[0] ?? '';
}

describe('the index', () => {
  it('shows the latest day at a glance', () => {
    const markdown = render([entry('2026-11-22')]);
    expect(markdown).toMatch(/^# TikTok hashtag reports\n/);
    expect(markdown).toContain('**Latest: [2026-11-22](2026-11-22.md)** · ✅ 1 of 1');
    expect(markdown).toContain(
      '- 📈 **[#llm](https://www.tiktok.com/tag/llm)** trending, **+20.0%**',
    );
  });

  it('shows the latest chart if there is one', () => {
    const chart = '](charts/2026-11-22.svg)](2026-11-22.md)';
    expect(render([entry('2026-11-22')])).toContain(chart);
    const first = composeReport(dayRecord(rows('llm', [100])), parseWatchlist('["llm"]'));
    expect(renderReportIndex(first, [entry('2026-11-22')], [])).not.toContain(chart);
  });

  it('links to the dashboard if there is one', () => {
    const link = '**[Explore the dashboard](https://somebody.github.io/tags/)**';
    const days = [entry('2026-11-22')];
    expect(render(days)).not.toContain('dashboard');
    const address = 'https://somebody.github.io/tags/';
    expect(renderReportIndex(latest, days, [], address)).toContain(link);
  });

  it('lists every report, newest first, by month', () => {
    const days = ['2026-11-02', '2026-11-01', '2026-10-31', '2026-10-30'].map((text) =>
      entry(text),
    );
    const markdown = render(days);
    expect(markdown).toContain('## All 4 reports');
    expect(markdown.match(/^### .*$/gm)).toEqual(['### November 2026', '### October 2026']);
    expect(month(markdown, 'November 2026')).toBe('[2](2026-11-02.md) · [1](2026-11-01.md)');
    expect(month(markdown, 'October 2026')).toBe('[31](2026-10-31.md) · [30](2026-10-30.md)');
  });

  it('strikes out the days without data between the first and the last report', () => {
    const markdown = render([entry('2026-03-02'), entry('2026-02-27')]);
    expect(month(markdown, 'March 2026')).toBe('[2](2026-03-02.md) · ~~1~~');
    expect(month(markdown, 'February 2026')).toBe('~~28~~ · [27](2026-02-27.md)');
  });

  it('shows a month without any report', () => {
    const markdown = render([entry('2026-03-01'), entry('2026-01-31')]);
    expect(markdown).toContain('February 2026');
  });

  it('says how many hashtags a day missed', () => {
    const markdown = render([entry('2026-11-22', { missed: 1 })]);
    expect(month(markdown, 'November 2026')).toBe('[22](2026-11-22.md) (1 missed)');
  });

  it('says what surged or broke out on each day, and lists the usual days together', () => {
    const surged = [
      { mark: '🚀', hashtag: 'cursor' },
      { mark: '🔥', hashtag: '日本' },
    ];
    const many = Array.from({ length: 7 }, (_, i) => ({ mark: '🔥', hashtag: `t${i}` }));
    const markdown = render([
      entry('2026-11-22'),
      entry('2026-11-21'),
      entry('2026-11-20', { surged, missed: 2 }),
      entry('2026-11-19', { surged: many }),
      entry('2026-11-18'),
    ]);
    expect(markdown.split('### November 2026\n\n')[1]).toBe(
      '- [22](2026-11-22.md) · [21](2026-11-21.md)\n' +
        '- [20](2026-11-20.md) (2 missed) 🚀 #cursor, 🔥 #日本\n' +
        '- [19](2026-11-19.md) 🔥 #t0, 🔥 #t1, 🔥 #t2, 🔥 #t3, 🔥 #t4 and 2 more\n' +
        '- [18](2026-11-18.md)\n',
    );
  });

  it('reads what surged back from a report, whatever the names', () => {
    for (const name of ['llm', 'שלום', ...HOSTILE_NAMES.map((text) => text.toWellFormed())]) {
      const counts = [...Array.from({ length: 30 }, (_, i) => 1000 + i * 10), 1490, 2780];
      const links = { base: '', previousReport: null, hasChart: false };
      const reportWith = (settings: object) => {
        const list = parseWatchlist(JSON.stringify({ settings, hashtags: ['llm'] }));
        return renderReport(composeReport(dayRecord(rows(name, counts)), list), links);
      };
      const markdown = reportWith({});
      expect(readSurged(markdown)).toEqual([{ mark: '🚀', hashtag: name }]);
      const withDashboard = reportWith({ dashboard: 'https://o.github.io/r/' });
      expect(withDashboard).toContain('](https://o.github.io/r/#tags=');
      expect(readSurged(withDashboard)).toEqual([{ mark: '🚀', hashtag: name }]);
      const hostile = render([entry('2026-11-22', { surged: readSurged(markdown) })]);
      expect(hostile.split('\n')).toHaveLength(
        render([entry('2026-11-22', { surged: [{ mark: '🚀', hashtag: 'a' }] })]).split('\n')
          .length,
      );
    }
    for (const address of ['https://evil.example', 'https://o.github.io/r/#tags=a,b']) {
      expect(readSurged(`- 🚀 **[#x](${address})** breakout`)).toEqual([]);
    }
  });

  it('links no report that does not exist', () => {
    const days = [
      entry('2026-11-22'),
      entry('2026-11-21', { hasReport: false }),
      entry('2026-11-20'),
    ];
    const markdown = render(days);
    expect(markdown).toContain('## All 2 reports');
    expect(month(markdown, 'November 2026')).toBe('[22](2026-11-22.md) · 21 · [20](2026-11-20.md)');
  });

  it('lists three years of reports, each once', () => {
    const days: Day[] = Array.from({ length: 1096 }, (_, ago) => addDays(TODAY, -ago));
    const list = render(days.map((text) => entry(text))).split('## All 1,096 reports')[1] ?? '';
    const listed = [...list.matchAll(/\]\((.*?)\.md\)/g)].map(([, text]) => text);
    expect(listed).toEqual(days);
  });

  it('links the weeks and months with a summary: the newest at the top, all by month', () => {
    const summaries = [
      ...['2026-10-25', '2026-11-01', '2026-11-15'].map((text) => weekOf(day(text))),
      monthOf(day('2026-10-01')),
    ];
    const markdown = render([entry('2026-11-16'), entry('2026-10-30')], summaries);
    expect(markdown).toContain(
      '**Summaries:** [week 46 of 2026](weekly/2026-W46.md) · [October 2026](monthly/2026-10.md)',
    );
    expect(markdown.match(/^(###|Weeks).*$/gm)).toEqual([
      '### November 2026',
      'Weeks: [W46](weekly/2026-W46.md) · [W44](weekly/2026-W44.md)',
      '### [October 2026](monthly/2026-10.md)',
      'Weeks: [W43](weekly/2026-W43.md)',
    ]);
  });

  it('lists a summary from before the first report, without the empty months between', () => {
    const markdown = render([entry('2026-11-16')], [monthOf(day('2025-02-01'))]);
    expect(markdown.match(/^###.*$/gm)).toEqual([
      '### November 2026',
      '### [February 2025](monthly/2025-02.md)',
    ]);
    expect(markdown.endsWith('2025-02.md)\n')).toBe(true);
  });

  it('shows no latest day if no report exists', () => {
    const markdown = renderReportIndex(
      null,
      [entry('2026-11-16', { hasReport: false })],
      [weekOf(day('2026-11-15'))],
    );
    expect(markdown).not.toContain('Latest');
    expect(markdown).not.toContain('2026-11-16');
    expect(markdown).toContain('weekly/2026-W46.md');
  });

  it('can be empty', () => {
    const markdown = render([]);
    expect(markdown).toContain('## All 0 reports');
    expect(markdown).not.toContain('###');
  });
});
