import path from 'node:path';
import type { Database } from 'sql.js';
import { type Day, isDay } from '../core/day.ts';
import {
  BADGE_PATH,
  chartPath,
  INDEX_PATH,
  LATEST_CSV_PATH,
  REPORTS_FOLDER,
  reportPath,
  summaryFolder,
  summaryPath,
} from '../core/paths.ts';
import { monthOf, type Period, parseMonth, parseWeek, weekOf } from '../core/period.ts';
import type { PeriodRecord } from '../core/snapshot.ts';
import { writeFeeds } from '../feeds/write.ts';
import { newestCapturedDay, readDay, readDays, readPeriod } from '../store/days.ts';
import { listFolder, readIfThere, writeTextIfChanged } from '../system/files.ts';
import type { Watchlist } from '../watchlist/watchlist.ts';
import { renderBadge } from './badge.ts';
import { renderChart } from './chart.ts';
import { readSurged, renderReport } from './day-page.ts';
import { composeReport, type DayReport } from './day-report.ts';
import { renderReportIndex, type Surged } from './index-page.ts';
import { renderLatestCsv } from './latest-csv.ts';
import { composeSummary } from './summary.ts';
import { renderSummary, renderSummaryChart } from './summary-page.ts';

/** What reports are made from, and the repository that they are written to. */
export type Sources = {
  db: Database;
  watchlist: Watchlist;
  root: string;
  /**
   * The reports and summaries that are published or will be, which the others link to. Those that
   * are written are added. If it is absent, all that lie in the folder count.
   */
  published?: Set<string>;
};

/**
 * Writes the day's report and chart, the summaries of the weeks and months around it that are over,
 * the index and the badge, and for the newest captured day the CSV. Files that would not change are
 * left alone.
 * @returns the paths of all these files
 */
export async function writeReports(sources: Sources, report: DayReport): Promise<string[]> {
  const written = await writeWithSummaries(sources, report);
  return [...written, ...(await writeIndex(sources, report))];
}

/**
 * Writes what `writeReports` does, but not the index, which is of all days and needs to be written
 * only once after several.
 * @returns the paths of the files
 */
export async function writeWithSummaries(sources: Sources, report: DayReport): Promise<string[]> {
  const written = await writeDay(sources, report);
  for (const period of periodsAround(report).filter(({ last }) => last < report.newestDay)) {
    const record = readPeriod(sources.db, period);
    if (record !== null) written.push(...(await writeSummary(sources, record)));
  }
  return written;
}

/**
 * Writes the day's report and chart, and for the newest captured day the CSV.
 * @returns the paths of these files
 */
export async function writeDay(sources: Sources, report: DayReport): Promise<string[]> {
  const { day } = report;
  const chart = renderChart(report, day);
  const markdown = renderReport(report, {
    base: '',
    previousReport: (await listReports(sources)).findLast((other) => other < day) ?? null,
    hasChart: chart !== null,
  });
  const written = [await write(sources, reportPath(day), markdown)];
  if (chart !== null) written.push(await write(sources, chartPath(day), chart));
  return [...written, ...(await writeLatestCsv(sources, report))];
}

/**
 * Writes the CSV if the report is that of the newest captured day.
 * @returns its path, if it is
 */
export async function writeLatestCsv(sources: Sources, report: DayReport): Promise<string[]> {
  if (report.day !== newestCapturedDay(sources.db) || report.trends.length === 0) return [];
  return [await write(sources, LATEST_CSV_PATH, await renderLatestCsv(report))];
}

/**
 * Writes the day's report as `writeReports` does, and again those of the later days that have one,
 * because their growth is measured against the day.
 * @returns the paths of all these files
 */
export async function writeReportsSince(sources: Sources, report: DayReport): Promise<string[]> {
  const written = await writeWithSummaries(sources, report);
  let last = report;
  for (const day of await listReports(sources)) {
    if (day <= report.day) continue;
    const record = readDay(sources.db, day);
    if (record === null) continue;
    last = composeReport(record, sources.watchlist);
    written.push(...(await writeWithSummaries(sources, last)));
  }
  return [...written, ...(await writeIndex(sources, last))];
}

/**
 * Writes the summary of a week or month, and its chart. Files that would not change are left alone.
 * @returns the paths of these files
 */
export async function writeSummary(sources: Sources, record: PeriodRecord): Promise<string[]> {
  const { period } = record;
  const summary = composeSummary(record, sources.watchlist);
  const isEarlier = ({ kind, name }: Period) => kind === period.kind && name < period.name;
  const chart = renderSummaryChart(summary);
  const markdown = renderSummary(summary, {
    previous: (await listSummaries(sources)).findLast(isEarlier)?.name ?? null,
    reportDays: new Set(await listReports(sources)),
  });
  const written = [await write(sources, summaryPath(period), markdown)];
  if (chart !== null) written.push(await write(sources, chartPath(period.name), chart));
  return written;
}

/**
 * Writes the index of all reports and summaries, the badge, and the feeds.
 * @param report a report that exists already and need not be made again; null for none
 * @returns the paths of these files
 */
export async function writeIndex(sources: Sources, report: DayReport | null): Promise<string[]> {
  const { db, watchlist } = sources;
  const reportDays = new Set(await listReports(sources));
  const recorded = readDays(db);
  const days = await Promise.all(
    recorded.map(async ({ day, missedCount }) => ({
      day,
      missed: missedCount,
      hasReport: reportDays.has(day),
      surged: reportDays.has(day) ? await readSurgedOn(sources, day) : [],
    })),
  );
  const latestDay = days.find((entry) => entry.hasReport)?.day ?? null;
  const record = latestDay === null || latestDay === report?.day ? null : readDay(db, latestDay);
  const latest = record === null ? report : composeReport(record, watchlist);
  const text = renderReportIndex(
    latest,
    days,
    await listSummaries(sources),
    watchlist.settings.dashboard ?? null,
  );
  const written = [await write(sources, INDEX_PATH, text)];
  if (latest !== null) written.push(await write(sources, BADGE_PATH, renderBadge(latest)));
  return [...written, ...(await writeFeeds(db, watchlist, sources.root, recorded))];
}

/**
 * What surged on a day, as its report says: it takes too long to compute it again for all days. A
 * report that is published but not in the checkout says nothing.
 */
async function readSurgedOn({ root }: Sources, day: Day): Promise<Surged[]> {
  const report = await readIfThere(path.join(root, reportPath(day)));
  return report === null ? [] : readSurged(report.toString('utf8'));
}

/** Writes a file unless it would not change, and resolves with its path. */
async function write(sources: Sources, file: string, text: string): Promise<string> {
  await writeTextIfChanged(path.join(sources.root, file), text);
  sources.published?.add(file);
  return file;
}

/** The weeks and months of the day, and those of the previous day with data. */
function periodsAround({ day, previousDay }: DayReport): Period[] {
  const days = previousDay === null ? [day] : [previousDay, day];
  const periods = days.flatMap((d) => [weekOf(d), monthOf(d)]);
  return [...new Map(periods.map((period) => [period.name, period])).values()];
}

/** The days that have a report, oldest first. */
export async function listReports(sources: Sources): Promise<Day[]> {
  return (await listMarkdown(sources, REPORTS_FOLDER)).filter(isDay);
}

/** The weeks and months that have a summary, each kind oldest first. */
export async function listSummaries(sources: Sources): Promise<Period[]> {
  const weeks = (await listMarkdown(sources, summaryFolder('week'))).map(parseWeek);
  const months = (await listMarkdown(sources, summaryFolder('month'))).map(parseMonth);
  return [...weeks, ...months].filter((period) => period !== null);
}

/** The names of the Markdown files in a folder, without .md, sorted; none if there is no folder. */
async function listMarkdown({ root, published }: Sources, folder: string): Promise<string[]> {
  const files =
    published === undefined
      ? await listFolder(path.join(root, folder))
      : [...published]
          .filter((file) => path.posix.dirname(file) === folder)
          .map((file) => path.posix.basename(file));
  return files
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -3))
    .sort();
}
