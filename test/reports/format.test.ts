import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import { monthOf, weekOf } from '../../scripts/lib/core/period.ts';
import type { Run, TopVideos } from '../../scripts/lib/core/snapshot.ts';
import { parseReportCounts } from '../../scripts/lib/history/parse-report.ts';
import { readReportLinks, renderReport } from '../../scripts/lib/reports/day-page.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { dayOfCsv, renderLatestCsv } from '../../scripts/lib/reports/latest-csv.ts';
import { parseMark, REPORT_FORMAT, renderMark } from '../../scripts/lib/reports/parts.ts';
import { composeSummary } from '../../scripts/lib/reports/summary.ts';
import { readSummaryLinks, renderSummary } from '../../scripts/lib/reports/summary-page.ts';
import { parseDatabase } from '../../scripts/lib/store/database.ts';
import { readDay, readPeriod } from '../../scripts/lib/store/days.ts';
import { recordRun } from '../../scripts/lib/store/record.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { day } from '../helpers/snapshots.ts';

/** The fingerprint of what the tracker writes, for the format that it says it has. */
const FINGERPRINT = {
  format: 4,
  sha256: 'f0c354885f0f9568a54dff5353a8d3fe30ead1799c2299d824b1f8b8f14dfeef',
};

const FIRST = day('2026-10-20');
const LAST = addDays(FIRST, 38);
const LIST = parseWatchlist(
  JSON.stringify({
    settings: { timeZone: 'Europe/Berlin', minVideos: 50 },
    hashtags: [
      { name: 'steady', group: 'Slow | quiet' },
      { name: 'rising', trendingGrowthPercent: 3 },
      ...['breakout', 'falling', 'rounded', 'viewsonly', 'onlyone', 'tiny', 'zero', 'gap', 'lost'],
      ...['returning', 'unknown', 'refused', 'failing', 'नमस्ते', 'مرحبا', '٢٠٢٤', '1234'],
      { name: 'resting', paused: true },
    ],
  }),
);

/** The counts that a hashtag has `n` days after the first one; undefined if it has none. */
const COUNTS: Record<string, (n: number) => [number | null, number | null] | undefined> = {
  steady: (n) => [100_000 + 321 * n, 40_000_000 + 1_000 * n],
  rising: (n) => [Math.round(5_000 * 1.04 ** n), 7_000_000 + n],
  breakout: (n) => [20_000 + 40 * n + (n >= 37 ? 6_000 * (n - 36) : 0), 900_000],
  falling: (n) => [9_000 - 7 * n, 5_000_000 - 900 * n],
  rounded: (n) => [1_200_000 + (n > 20 ? 100_000 : 0), 3_400_000_000],
  viewsonly: (n) => [null, 10_000 + 444 * n],
  onlyone: (n) => (n === 38 ? [77, null] : undefined),
  tiny: (n) => [n + 3, 100 * n],
  zero: (n) => (n < 38 ? [0, 0] : [12, 500]),
  gap: (n) => (n < 20 || n === 38 ? [3_000 + 90 * n, 80_000 + n] : undefined),
  lost: (n) => (n < 38 ? [4_000 + n, 60_000] : undefined),
  returning: (n) => (n < 34 || n === 38 ? [2_000 + n, 50_000] : undefined),
  नमस्ते: (n) => [1_000 + 11 * n, 2_000 + 22 * n],
  مرحبا: (n) => [1_000 + 12 * n, null],
  '٢٠٢٤': (n) => [500 + n, 800 + n],
  1234: (n) => [600 + n, 700 + n],
  resting: (n) => (n < 38 ? [10, 10] : undefined),
};

const TOP_VIDEOS: TopVideos[] = [
  {
    hashtag: 'breakout',
    videos: [
      { id: '71', author: 'ada', plays: 1_234_567, createdAt: `${LAST}T01:00:00.000Z` },
      { id: '72', author: 'a|b*c', plays: 1, createdAt: `${FIRST}T01:00:00.000Z` },
      { id: '73', author: null, plays: null, createdAt: null },
    ],
    companions: [
      { hashtag: 'beside', uses: 12 },
      { hashtag: 'steady', uses: 9 },
    ],
    problem: null,
  },
  { hashtag: 'rising', videos: [], companions: [], problem: 'HTTP 503' },
];

/** A database with 39 days that show nearly everything that a report can say. */
async function createDatabase() {
  const db = await parseDatabase(null);
  for (let n = 0; n <= 38; n++) {
    if (n === 30 || n === 31) continue;
    const today = addDays(FIRST, n);
    const snapshots = Object.entries(COUNTS).flatMap(([hashtag, countsOn]) => {
      const [videoCount, viewCount] = countsOn(n) ?? [];
      if (videoCount === undefined || viewCount === undefined) return [];
      return [{ hashtag, videoCount, viewCount }];
    });
    const missing = ['lost', 'returning', 'unknown'].filter(
      (name) => !snapshots.some(({ hashtag }) => hashtag === name),
    );
    const run: Run = {
      day: today,
      startedAt: `${today}T05:17:08.114Z`,
      finishedAt: `${today}T05:18:21.902Z`,
      trigger: 'schedule',
      url: `https://github.com/o/r/actions/runs/${n}`,
      tracked: 18,
      creditsUsed: 18,
      creditsRemaining: 5_000 - 18 * n,
      snapshots,
      failures: [
        ...missing.map((hashtag) => ({ hashtag, kind: 'not-found' as const, reason: 'HTTP 404' })),
        { hashtag: 'refused', kind: 'rejected', reason: 'HTTP 422' },
        { hashtag: 'failing', kind: 'failed', reason: 'HTTP 503: `try` [later](2026-11-26.md)' },
      ],
      stopReason: null,
      ...(n === 38 ? { topVideos: TOP_VIDEOS } : {}),
    };
    recordRun(db, run);
    if (n < 38) continue;
    const again = { startedAt: `${today}T09:43:00.000Z`, finishedAt: `${today}T09:43:05.000Z` };
    recordRun(db, {
      ...run,
      ...again,
      snapshots: [{ hashtag: 'steady', videoCount: 112_300, viewCount: 40_039_000 }],
      failures: [],
    });
  }
  return db;
}

/** The files that the tracker makes of the database, and the ones that it made before the last day. */
async function renderAll(list = LIST) {
  using db = await createDatabase();
  const reports = [FIRST, addDays(FIRST, 5), LAST].map((date) => {
    const record = readDay(db, date);
    if (record === null) throw new Error(`${date} has no row`);
    return composeReport(record, list);
  });
  const summaries = [weekOf(addDays(LAST, -5)), monthOf(LAST)].map((period) => {
    const record = readPeriod(db, period);
    if (record === null) throw new Error(`${period.name} has no row`);
    return composeSummary(record, list);
  });
  return { reports, summaries };
}

const LINKS = { base: '', previousReport: addDays(LAST, -1), hasChart: true };
const SUMMARY_LINKS = { previous: null, reportDays: new Set([LAST]) };

describe('the format of reports, summaries and the CSV', () => {
  it('is raised with every change of what they show', async () => {
    const { reports, summaries } = await renderAll();
    const texts = [
      ...reports.map((report) => renderReport(report, LINKS)),
      ...summaries.map((summary) => renderSummary(summary, SUMMARY_LINKS)),
    ];
    for (const report of reports) texts.push(await renderLatestCsv(report));
    const all = texts.join('\f').replaceAll(/<!-- format \d+ -->/g, '');
    const sha256 = createHash('sha256').update(all).digest('hex');
    const advice =
      'What reports, summaries or the CSV show has changed. Add 1 to REPORT_FORMAT in ' +
      'scripts/lib/reports/parts.ts, and set FINGERPRINT in test/reports/format.test.ts to ' +
      `{ format: ${FINGERPRINT.format + 1}, sha256: '${sha256}' }.`;
    expect({ format: REPORT_FORMAT, sha256 }, advice).toEqual(FINGERPRINT);
  });

  it('is in the last line of a report and a summary, which nobody sees', async () => {
    const { reports, summaries } = await renderAll();
    const [report, summary] = [reports.at(-1), summaries[0]];
    if (report === undefined || summary === undefined) throw new Error('nothing was made');
    const known = { runs: report.runs.length, snapshots: report.trends.length };
    for (const [text, { source }, knownRows] of [
      [renderReport(report, LINKS), report, known],
      [renderSummary(summary, SUMMARY_LINKS), summary, null],
    ] as const) {
      const mark = renderMark(source, knownRows);
      expect(mark).toContain(`<!-- format ${REPORT_FORMAT} --> <!-- source ${source} -->`);
      expect(text.endsWith(`\n\n${mark}\n`)).toBe(true);
      expect(parseMark(text)).toEqual({
        format: REPORT_FORMAT,
        source,
        known: knownRows,
        rows: null,
      });
      const lines = text.match(/^\|(?:[^|\n]*\|)?\[[^|\n]*\]\(https/gm) ?? [];
      expect(parseReportCounts(text)).toHaveLength(lines.length);
    }
    expect(parseMark('# An older report\n')).toEqual({
      format: null,
      source: null,
      known: null,
      rows: null,
    });
    expect(parseMark(renderMark('ab').replace(/ <!-- source.*/, ''))).toEqual({
      format: REPORT_FORMAT,
      source: null,
      known: null,
      rows: null,
    });
  });

  it('comes with a source that changes with the rows and the list, but not with settings of the run', async () => {
    const sourcesWith = async (settings: object) => {
      const list = { ...LIST, settings: { ...LIST.settings, ...settings } };
      const { reports, summaries } = await renderAll(list);
      return [...reports, ...summaries].map(({ source }) => source);
    };
    const sources = await sourcesWith({});
    expect(new Set(sources).size).toBe(sources.length);
    expect(await sourcesWith({ concurrency: 9 })).toEqual(sources);
    for (const setting of [{ trendingGrowthPercent: 9 }, { dashboard: 'https://o.github.io/r/' }]) {
      const others = await sourcesWith(setting);
      expect(others.filter((source) => sources.includes(source))).toEqual([]);
    }
  });
});

describe('the links of a report', () => {
  it('are read back, and code that looks like a link is none', async () => {
    const { reports, summaries } = await renderAll();
    const [report, summary] = [reports.at(-1), summaries.at(-1)];
    if (report === undefined || summary === undefined) throw new Error('nothing was made');
    for (const previousReport of [null, addDays(LAST, -3)]) {
      for (const hasChart of [true, false]) {
        const links = { base: '', previousReport, hasChart };
        expect(readReportLinks(renderReport(report, links), LAST)).toEqual(links);
      }
    }
    const reportDays = new Set([LAST, addDays(LAST, -1)]);
    for (const previous of [null, '2026-10']) {
      const text = renderSummary(summary, { previous, reportDays });
      expect(readSummaryLinks(text, summary.period)).toEqual({ previous, reportDays });
    }
  });
});

describe('what moved', () => {
  it('links to the dashboard where there is one, and the tables to TikTok', async () => {
    const dashboard = 'https://o.github.io/r/';
    const { reports, summaries } = await renderAll({
      ...LIST,
      settings: { ...LIST.settings, dashboard },
    });
    const plain = await renderAll();
    const [report, summary] = [reports.at(-1), summaries.at(-1)];
    const [plainReport, plainSummary] = [plain.reports.at(-1), plain.summaries.at(-1)];
    if (!report || !summary || !plainReport || !plainSummary) throw new Error('nothing was made');
    for (const [text, before] of [
      [renderReport(report, LINKS), renderReport(plainReport, LINKS)],
      [renderSummary(summary, SUMMARY_LINKS), renderSummary(plainSummary, SUMMARY_LINKS)],
    ] as const) {
      const moved = /## What moved\n\n(.*?)\n\n/s.exec(text)?.[1]?.split('\n') ?? [];
      const lines = moved.filter((line) => /^- \S+ \*\*\[/.test(line));
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.filter((line) => !line.includes(`](${dashboard}#tags=`))).toEqual([]);
      expect(text.match(/^\|.*#tags=.*$/gm)).toBe(null);
      expect(parseReportCounts(text)).toEqual(parseReportCounts(before));
    }
    expect(readReportLinks(renderReport(report, LINKS), LAST)).toEqual(LINKS);
    expect(readSummaryLinks(renderSummary(summary, SUMMARY_LINKS), summary.period)).toEqual(
      SUMMARY_LINKS,
    );
  });
});

describe('the day of a CSV', () => {
  it('is that of its first row', async () => {
    const { reports } = await renderAll();
    const days: (string | null)[] = [];
    for (const report of reports) days.push(dayOfCsv(await renderLatestCsv(report)));
    expect(days).toEqual(reports.map((report) => report.day));
    expect(dayOfCsv('date,hashtag\n')).toBe(null);
    expect(dayOfCsv('')).toBe(null);
  });
});
