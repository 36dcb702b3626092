import { readdir } from 'node:fs/promises';
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
import { readDay, readDays, readPeriod } from '../store/days.ts';
import { writeTextIfChanged } from '../system/files.ts';
import type { Watchlist } from '../watchlist/watchlist.ts';
import { renderBadge } from './badge.ts';
import { renderChart } from './chart.ts';
import { renderReport } from './day-page.ts';
import { composeReport, type DayReport } from './day-report.ts';
import { renderReportIndex } from './index-page.ts';
import { renderLatestCsv } from './latest-csv.ts';
import { composeSummary, renderSummary, renderSummaryChart } from './summary.ts';

/** What reports are made from, and the repository that they are written to. */
export type Sources = { db: Database; watchlist: Watchlist; root: string };

/**
 * Writes the day's report and chart, the summaries of the weeks and months around it that are over,
 * the index and the badge, and for the newest day the CSV. Files that would not change are left alone.
 */
export async function writeReports(sources: Sources, report: DayReport): Promise<void> {
  const { db, root } = sources;
  const { day } = report;
  const chart = renderChart(report.trends, day);
  const markdown = renderReport(report, {
    base: '',
    previousReport: (await listReports(root)).findLast((other) => other < day) ?? null,
    hasChart: chart !== null,
  });
  await writeTextIfChanged(path.join(root, reportPath(day)), markdown);
  if (chart !== null) await writeTextIfChanged(path.join(root, chartPath(day)), chart);
  for (const period of periodsAround(report).filter(({ last }) => last < report.newestDay)) {
    const record = readPeriod(db, period);
    if (record !== null) await writeSummary(sources, record);
  }
  await writeIndex(sources, report);
  if (day === report.newestDay && report.trends.length > 0) {
    await writeTextIfChanged(path.join(root, LATEST_CSV_PATH), await renderLatestCsv(report));
  }
}

/** Writes the summary of a week or month, and its chart. Files that would not change are left alone. */
export async function writeSummary(sources: Sources, record: PeriodRecord): Promise<void> {
  const { root, watchlist } = sources;
  const { period } = record;
  const summary = composeSummary(record, watchlist);
  const isEarlier = ({ kind, name }: Period) => kind === period.kind && name < period.name;
  const chart = renderSummaryChart(summary);
  const markdown = renderSummary(summary, {
    previous: (await listSummaries(root)).findLast(isEarlier)?.name ?? null,
    reportDays: new Set(await listReports(root)),
  });
  await writeTextIfChanged(path.join(root, summaryPath(period)), markdown);
  if (chart !== null) await writeTextIfChanged(path.join(root, chartPath(period.name)), chart);
}

/**
 * Writes the index of all reports and summaries, and the badge.
 * @param report a report that exists already and need not be made again; null for none
 */
export async function writeIndex(sources: Sources, report: DayReport | null): Promise<void> {
  const { db, root, watchlist } = sources;
  const reportDays = new Set(await listReports(root));
  const days = readDays(db).map(({ day, missed }) => ({
    day,
    missed: missed.length,
    hasReport: reportDays.has(day),
  }));
  const latestDay = days.find((entry) => entry.hasReport)?.day ?? null;
  const record = latestDay === null || latestDay === report?.day ? null : readDay(db, latestDay);
  const latest = record === null ? report : composeReport(record, watchlist);
  const text = renderReportIndex(latest, days, await listSummaries(root));
  await writeTextIfChanged(path.join(root, INDEX_PATH), text);
  if (latest !== null) await writeTextIfChanged(path.join(root, BADGE_PATH), renderBadge(latest));
}

/** The weeks and months of the day, and those of the previous day with data. */
function periodsAround({ day, previousDay }: DayReport): Period[] {
  const days = previousDay === null ? [day] : [previousDay, day];
  const periods = days.flatMap((d) => [weekOf(d), monthOf(d)]);
  return [...new Map(periods.map((period) => [period.name, period])).values()];
}

/** The days that have a report, oldest first. */
async function listReports(root: string): Promise<Day[]> {
  return (await listMarkdown(root, REPORTS_FOLDER)).filter(isDay);
}

/** The weeks and months that have a summary, each kind oldest first. */
async function listSummaries(root: string): Promise<Period[]> {
  const weeks = (await listMarkdown(root, summaryFolder('week'))).map(parseWeek);
  const months = (await listMarkdown(root, summaryFolder('month'))).map(parseMonth);
  return [...weeks, ...months].filter((period) => period !== null);
}

/** The names of the Markdown files in a folder, without .md, sorted; none if there is no folder. */
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
