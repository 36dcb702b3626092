import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import { renderBadge } from './badge.ts';
import { chooseChartTrends, renderChart } from './chart.ts';
import { type Day, isDay } from './day.ts';
import { composeReport, type DayReport, renderReport } from './report.ts';
import { renderReportIndex } from './report-index.ts';
import { readDay, readDays } from './store.ts';
import type { Watchlist } from './watchlist.ts';
import { writeTextIfChanged } from './write-file.ts';

export const REPORTS_FOLDER = 'reports';

/** The report's path below the root: `reports/YYYY-MM-DD.md`. */
export function reportPath(day: Day): string {
  return `${REPORTS_FOLDER}/${day}.md`;
}

/** A file that the tracker makes below `reports/`, told by its path below the root. */
export function isGeneratedReport(file: string): boolean {
  return /^reports\/(README\.md|badge\.svg|\d{4}-\d\d-\d\d\.md|charts\/\d{4}-\d\d-\d\d\.svg)$/.test(
    file,
  );
}

/**
 * Writes the day's report, its chart, the index and the badge. Files that would not change are left alone.
 * @param db what the index lists
 */
export async function writeReports(
  db: Database,
  root: string,
  report: DayReport,
  watchlist: Watchlist,
): Promise<void> {
  const { day } = report;
  const otherReports = await listReports(root);
  const chart = renderChart(report.trends, day);
  const markdown = renderReport(report, {
    base: '',
    previousReport: otherReports.filter((other) => other < day).at(-1) ?? null,
    hasChart: chart !== null,
  });
  await writeTextIfChanged(path.join(root, reportPath(day)), markdown);
  if (chart !== null) {
    await writeTextIfChanged(path.join(root, REPORTS_FOLDER, 'charts', `${day}.svg`), chart);
  }
  await writeIndex(db, root, report, new Set([...otherReports, day]), watchlist);
}

async function writeIndex(
  db: Database,
  root: string,
  report: DayReport,
  reportDays: Set<Day>,
  watchlist: Watchlist,
): Promise<void> {
  const days = readDays(db).map((entry) => ({ ...entry, hasReport: reportDays.has(entry.day) }));
  const latestDay = days.find((entry) => entry.hasReport)?.day ?? report.day;
  const record = latestDay === report.day ? null : readDay(db, latestDay);
  const latest = record === null ? report : composeReport(record, watchlist);
  const hasChart = chooseChartTrends(latest.trends).length > 0;
  const text = renderReportIndex(latest, hasChart, days);
  await writeTextIfChanged(path.join(root, REPORTS_FOLDER, 'README.md'), text);
  await writeTextIfChanged(path.join(root, REPORTS_FOLDER, 'badge.svg'), renderBadge(latest));
}

/** The days that have a report, oldest first. */
async function listReports(root: string): Promise<Day[]> {
  const files = await readdir(path.join(root, REPORTS_FOLDER)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return files
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -3))
    .filter(isDay)
    .sort();
}
