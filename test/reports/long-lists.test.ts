import { beforeAll, describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import { weekOf } from '../../scripts/lib/core/period.ts';
import type { DayRecord, PeriodRecord, Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { renderMoved } from '../../scripts/lib/reports/brief.ts';
import { renderJobSummary, renderReport } from '../../scripts/lib/reports/day-page.ts';
import { composeReport, type DayReport } from '../../scripts/lib/reports/day-report.ts';
import { renderReportIndex } from '../../scripts/lib/reports/index-page.ts';
import { parseMark } from '../../scripts/lib/reports/parts.ts';
import { composeSummary } from '../../scripts/lib/reports/summary.ts';
import { renderSummary } from '../../scripts/lib/reports/summary-page.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { dayRecord, rows, TODAY, tableRows } from '../helpers/snapshots.ts';

const LINKS = { base: '', previousReport: addDays(TODAY, -1), hasChart: true };
const DASHBOARD = 'https://o.github.io/r/';

type List = { hashtags: unknown[]; settings?: object };

function compose(history: Snapshot[], { hashtags, settings = {} }: List): DayReport {
  const watchlist = parseWatchlist(JSON.stringify({ settings, hashtags }));
  return composeReport(dayRecord(history), watchlist);
}

/** The names in the tables, in their order. */
const namesIn = (markdown: string) =>
  tableRows(markdown).flatMap(([, name]) => /#(tag\d+)\b/.exec(name ?? '')?.[1] ?? []);

describe('a page with more rows than fit', () => {
  const names = Array.from({ length: 100 }, (_, i) => `tag${i}`);
  const history = names.flatMap((name, i) => rows(name, [1000, 1000 + 3 * i]));
  const long = compose(history, { hashtags: names, settings: { dashboard: DASHBOARD } });

  it('has as many as fit, by rank, and says how many there are and where all of them are', () => {
    const whole = renderReport(long, LINKS);
    expect(namesIn(whole)).toHaveLength(100);
    expect(whole).not.toContain('The tables have');
    expect(parseMark(whole).rows).toBe(null);
    const longestRow = Math.max(...whole.split('\n').map((line) => Buffer.byteLength(line)));
    for (const mostBytes of [4000, 5001, 6002]) {
      const part = renderReport(long, LINKS, mostBytes);
      const bytes = Buffer.byteLength(part);
      expect(bytes).toBeLessThanOrEqual(mostBytes);
      expect(bytes).toBeGreaterThan(mostBytes - longestRow);
      const shown = namesIn(part);
      expect(shown).toEqual(long.trends.slice(0, shown.length).map(({ hashtag }) => hashtag));
      expect(part).toContain(
        `The tables have the first ${shown.length} of 100 hashtags by rank, because no more fit on ` +
          `this page. All are in [the dashboard](${DASHBOARD}), and in ` +
          '[data/latest.csv](../data/latest.csv) while this is the newest day, and in the database: ' +
          '`npm run export -- --since 2026-11-22` begins with this day.',
      );
      expect(parseMark(part)).toEqual({
        ...parseMark(whole),
        rows: { shown: shown.length, all: 100 },
      });
    }
  });

  it('has the same columns and groups as the whole one, as far as they have rows', () => {
    const hashtags = names.map((name, i) => ({ name, group: `group ${i % 3}` }));
    const grouped = compose(history, { hashtags });
    const whole = renderReport(grouped, LINKS);
    const part = renderReport(grouped, LINKS, 6000);
    expect(namesIn(part).length).toBeLessThan(60);
    const lines = part.split('\n').filter((line) => line.startsWith('|'));
    expect(lines.filter((line) => !whole.includes(line))).toEqual([]);
    expect(part.match(/^## .*$/gm)).toEqual(whole.match(/^## .*$/gm));
  });

  it('has no table if not even one row fits', () => {
    const part = renderReport(long, LINKS, 100);
    expect(part).toContain('The tables have the first 0 of 100 hashtags by rank');
    expect(tableRows(part)).toEqual([]);
  });
});

/** What can make a page long, all at once: each hashtag moves, or fails for its own reason. */
function createLongDay(count: number, nameOf: (i: number) => string) {
  const names = Array.from({ length: count }, (_, i) => nameOf(i));
  const failed = Array.from({ length: 240 }, (_, i) => `failed${i}`);
  const history = names.flatMap((name, i) => rows(name, [9_000, 9_010, 9_020, 9_500, 20_000 + i]));
  const watchlist = parseWatchlist(
    JSON.stringify({
      hashtags: [...names, ...failed].map((name, i) => ({ name, group: `${'|'.repeat(50)}${i}` })),
      settings: { dashboard: DASHBOARD },
    }),
  );
  const over: Partial<DayRecord> = {
    failures: failed.map((hashtag, i) => ({
      hashtag,
      kind: 'failed',
      reason: `HTTP 503: ${'x'.repeat(180)}${i}`,
    })),
    topVideos: names.map((hashtag) => ({
      hashtag,
      videos: [],
      companions: names.slice(0, 5).map((name) => ({ hashtag: `${name}x`, uses: 9 })),
      problem: null,
    })),
  };
  const record: PeriodRecord = {
    period: weekOf(TODAY),
    firstDay: addDays(TODAY, -4),
    lastDay: TODAY,
    history,
  };
  return {
    report: composeReport(dayRecord(history, over), watchlist),
    week: composeSummary(record, watchlist),
  };
}

describe.each<[string, number, (i: number) => string]>([
  ['many hashtags', 1700, (i) => `tag${i}`],
  ['the longest names', 1000, (i) => `${i}${'क्ष'.repeat(33)}${'😀'.repeat(100)}`],
])('a page of %s', (_, count, nameOf) => {
  let long: ReturnType<typeof createLongDay>;
  beforeAll(() => {
    long = createLongDay(count, nameOf);
  });
  const reportDays = new Set([TODAY]);

  it.each<[string, () => string]>([
    ['report', () => renderReport(long.report, LINKS)],
    ['week', () => renderSummary(long.week, { previous: null, reportDays })],
  ])('is one that GitHub shows, and the same each time: %s', (what, render) => {
    const page = render();
    const has = (pattern: RegExp) => pattern.test(page); // a page is too long for a message
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(400_000);
    expect(Buffer.byteLength(page)).toBeGreaterThan(390_000);
    expect(parseMark(page).rows?.shown).toBeGreaterThan(20);
    expect(has(/## What moved\n(\n- .*)+\n( {2}- .*\n)*- … and [\d,]+ more/)).toBe(true);
    expect(has(/\n… and [\d,]+ more groups\.\n/)).toBe(true);
    if (what === 'report') expect(has(/\n- … and [\d,]+ more remarks\n/)).toBe(true);
    expect(render() === page).toBe(true);
  });

  it('may be longer as the summary of a job', () => {
    const bytes = Buffer.byteLength(renderJobSummary(long.report, 'https://x.test/reports/'));
    expect(bytes).toBeLessThanOrEqual(900_000);
    expect(bytes).toBeGreaterThan(500_000);
  });

  it('counts what moved and is not named', () => {
    const moved = renderMoved(long.report).split('\n');
    const named = moved.filter((line) => line.startsWith('- 📈')).length;
    const more = (count - named).toLocaleString('en-US');
    expect(named).toBeGreaterThan(0);
    expect(moved.includes(`- … and ${more} more: ${more} trending`)).toBe(true);
  });

  it('leaves room in an index of twenty years', () => {
    const surged = long.report.trends.map(({ hashtag }) => ({ mark: '🚀', hashtag }));
    const days = Array.from({ length: 7300 }, (_, i) => ({
      day: addDays(TODAY, -i),
      missed: 0,
      hasReport: true,
      surged: surged.slice(0, 20),
    }));
    const index = renderReportIndex(long.report, days, []);
    expect(Buffer.byteLength(index)).toBeLessThanOrEqual(400_000);
    expect(index.match(/\]\(\d{4}-\d\d-\d\d\.md\)/g)?.length).toBeGreaterThan(7300);
    const sentence = '\n\nWhat surged on older days is only in their reports.\n\n';
    const [newer, older] = index.split(sentence);
    expect(newer?.includes('🚀')).toBe(true);
    expect(older?.includes('🚀')).toBe(false);
  });
});
