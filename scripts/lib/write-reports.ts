import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import { renderBadge } from './badge.ts';
import { renderChart } from './chart.ts';
import { type Day, isDay } from './day.ts';
import { LATEST_PATH, renderLatestCsv } from './latest-csv.ts';
import { monthOf, type Period, parseMonth, parseWeek, weekOf } from './period.ts';
import { composeReport, type DayReport, renderReport } from './report.ts';
import { renderReportIndex } from './report-index.ts';
import { newestDay, type PeriodRecord, readDay, readDays, readPeriod } from './store.ts';
import { composeSummary, renderSummary, renderSummaryChart } from './summary.ts';
import type { Watchlist } from './watchlist.ts';
import { writeTextIfChanged } from './write-file.ts';

export const REPORTS_FOLDER = 'reports';
const FOLDERS = { week: `${REPORTS_FOLDER}/weekly`, month: `${REPORTS_FOLDER}/monthly` };

/** The report's path below the root: `reports/YYYY-MM-DD.md`. */
export function reportPath(day: Day): string {
  return `${REPORTS_FOLDER}/${day}.md`;
}

/** The summary's path below the root: `reports/weekly/YYYY-Www.md`, `reports/monthly/YYYY-MM.md`. */
export function summaryPath({ kind, name }: Period): string {
  return `${FOLDERS[kind]}/${name}.md`;
}

/** Where all that is made from the database stands, below the root. */
export const GENERATED_PATHS = [REPORTS_FOLDER, LATEST_PATH];
const GENERATED = [
  /^data\/latest\.csv$/,
  /^reports\/(README\.md|badge\.svg)$/,
  /^reports\/(\d{4}-\d\d-\d\d|weekly\/\d{4}-W\d\d|monthly\/\d{4}-\d\d)\.md$/,
  /^reports\/charts\/\d{4}-(\d\d-\d\d|W\d\d|\d\d)\.svg$/,
];

/** A file that the tracker makes from the database, told by its path below the root. */
export function isGeneratedReport(file: string): boolean {
  return GENERATED.some((pattern) => pattern.test(file));
}

/**
 * Writes the day's report and its chart, the summaries of the weeks and months around it that are
 * over, the index and the badge, and of the newest day the CSV. Files that would not change are left
 * alone.
 * @param db what the summaries and the index tell
 */
export async function writeReports(
  db: Database,
  root: string,
  report: DayReport,
  watchlist: Watchlist,
): Promise<void> {
  const { day } = report;
  const chart = renderChart(report.trends, day);
  const markdown = renderReport(report, {
    base: '',
    previousReport: (await listReports(root)).filter((other) => other < day).at(-1) ?? null,
    hasChart: chart !== null,
  });
  await writeTextIfChanged(path.join(root, reportPath(day)), markdown);
  if (chart !== null) await writeChart(root, day, chart);
  const newest = newestDay(db) ?? day;
  for (const period of periodsAround(report).filter(({ last }) => last < newest)) {
    const record = readPeriod(db, period);
    if (record !== null) await writeSummary(root, record, watchlist);
  }
  await writeIndex(db, root, watchlist, report);
  if (day === newest && report.trends.length > 0) {
    await writeTextIfChanged(path.join(root, LATEST_PATH), await renderLatestCsv(report));
  }
}

/** Writes the summary of a week or month, and its chart. Files that would not change are left alone. */
export async function writeSummary(
  root: string,
  record: PeriodRecord,
  watchlist: Watchlist,
): Promise<void> {
  const { period } = record;
  const summary = composeSummary(record, watchlist);
  const others = await listSummaries(root, period.kind);
  const chart = renderSummaryChart(summary);
  const markdown = renderSummary(summary, {
    previous: others.filter(({ name }) => name < period.name).at(-1)?.name ?? null,
    reportDays: new Set(await listReports(root)),
  });
  await writeTextIfChanged(path.join(root, summaryPath(period)), markdown);
  if (chart !== null) await writeChart(root, period.name, chart);
}

/**
 * Writes the index of all reports and summaries.
 * @param report one of them, which is then not made again
 */
export async function writeIndex(
  db: Database,
  root: string,
  watchlist: Watchlist,
  report: DayReport | null = null,
): Promise<void> {
  const reportDays = new Set(await listReports(root));
  const days = readDays(db).map((entry) => ({ ...entry, hasReport: reportDays.has(entry.day) }));
  const latestDay = days.find((entry) => entry.hasReport)?.day ?? null;
  const record = latestDay === null || latestDay === report?.day ? null : readDay(db, latestDay);
  const latest = record === null ? report : composeReport(record, watchlist);
  const summaries = [
    ...(await listSummaries(root, 'week')),
    ...(await listSummaries(root, 'month')),
  ];
  const text = renderReportIndex(latest, days, summaries);
  await writeTextIfChanged(path.join(root, REPORTS_FOLDER, 'README.md'), text);
  if (latest !== null) {
    await writeTextIfChanged(path.join(root, REPORTS_FOLDER, 'badge.svg'), renderBadge(latest));
  }
}

/** The weeks and months that the day lies in, and those that the day before it with data does. */
function periodsAround({ day, previousDay }: DayReport): Period[] {
  const days = previousDay === null ? [day] : [previousDay, day];
  const periods = days.flatMap((d) => [weekOf(d), monthOf(d)]);
  return [...new Map(periods.map((period) => [period.name, period])).values()];
}

async function writeChart(root: string, name: string, svg: string): Promise<void> {
  await writeTextIfChanged(path.join(root, REPORTS_FOLDER, 'charts', `${name}.svg`), svg);
}

/** The days that have a report, oldest first. */
async function listReports(root: string): Promise<Day[]> {
  return (await listMarkdown(root, REPORTS_FOLDER)).filter(isDay);
}

/** The weeks or months that have a summary, oldest first. */
async function listSummaries(root: string, kind: Period['kind']): Promise<Period[]> {
  const parse = kind === 'week' ? parseWeek : parseMonth;
  return (await listMarkdown(root, FOLDERS[kind])).flatMap((name) => parse(name) ?? []);
}

/** The names of the Markdown files in a folder, without their ending, sorted; none without folder. */
async function listMarkdown(root: string, folder: string): Promise<string[]> {
  const files = await readdir(path.join(root, folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return files
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -3))
    .sort();
}
