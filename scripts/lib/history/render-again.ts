import type { Database } from 'sql.js';
import { type Day, isDay } from '../core/day.ts';
import { LATEST_CSV_PATH, REPORTS_FOLDER, reportPath, summaryPath } from '../core/paths.ts';
import { type Period, parseMonth, parseWeek } from '../core/period.ts';
import { readReportLinks, renderReport } from '../reports/day-page.ts';
import { composeReport, type DayReport } from '../reports/day-report.ts';
import { dayOfCsv, renderLatestCsv } from '../reports/latest-csv.ts';
import { parseMark, REPORT_FORMAT } from '../reports/parts.ts';
import { composeSummary } from '../reports/summary.ts';
import { readSummaryLinks, renderSummary } from '../reports/summary-page.ts';
import { readDay, readPeriod } from '../store/days.ts';
import type { Watchlist } from '../watchlist/watchlist.ts';

/**
 * What the tracker makes; or why it is not made: the file has another format or none, the database
 * has no row for it, or it was made from other rows or with another list, such as one that nobody
 * had committed.
 */
type Again = { text: string } | 'another format' | 'no rows' | 'another source';

/** A commit, as far as its reports are made from it. */
export type Origin = {
  db: Database;
  /** Null if it has mistakes, or if there is none. */
  watchlist: Watchlist | null;
  /** The text of a file of the commit; null if it has none. */
  read: (file: string) => Promise<string | null>;
  /** The reports that were computed from it, because the CSV needs the same one again. */
  composed: Map<Day, DayReport | 'no rows' | 'another source'>;
};

/**
 * A report, a summary or the CSV, made again from the database and watchlist of its commit, with
 * the links that it has.
 */
export async function renderAgain(file: string, text: string, origin: Origin): Promise<Again> {
  if (file === LATEST_CSV_PATH) return renderCsvAgain(text, origin);
  const day = dayOfReport(file);
  if (day !== null) {
    const links = readReportLinks(text, day);
    return compareMark(
      text,
      () => composeDay(day, origin),
      (made) => renderReport(made, links),
    );
  }
  const period = periodOfSummary(file);
  if (period === null) throw new Error(`${file} is not made from the database`);
  const links = readSummaryLinks(text, period);
  return compareMark(
    text,
    () => composePeriod(period, origin),
    (made) => renderSummary(made, links),
  );
}

/** The day of a report's file; null for any other file. */
export function dayOfReport(file: string): Day | null {
  const name = file.slice(REPORTS_FOLDER.length + 1, -'.md'.length);
  return isDay(name) && file === reportPath(name) ? name : null;
}

/** The week or month of a summary's file; null for any other file. */
export function periodOfSummary(file: string): Period | null {
  const name = /([^/]+)\.md$/.exec(file)?.[1] ?? '';
  const period = parseWeek(name) ?? parseMonth(name);
  return period !== null && file === summaryPath(period) ? period : null;
}

/** The CSV has no mark. It is made together with the report of its day, which has one. */
async function renderCsvAgain(text: string, origin: Origin) {
  const day = dayOfCsv(text);
  const report = day === null ? null : await origin.read(reportPath(day));
  if (day === null || report === null) return 'another format';
  return compareMark(report, () => composeDay(day, origin), renderLatestCsv);
}

async function compareMark<T extends { source: string }>(
  markdown: string,
  compose: () => T | 'no rows' | 'another source',
  render: (made: T) => string | Promise<string>,
): Promise<Again> {
  const { format, source } = parseMark(markdown);
  if (format !== REPORT_FORMAT) return 'another format';
  const made = compose();
  if (typeof made === 'string') return made;
  if (made.source !== source) return 'another source';
  return { text: await render(made) };
}

function composeDay(day: Day, { db, watchlist, composed }: Origin) {
  const known = composed.get(day);
  if (known !== undefined) return known;
  const record = readDay(db, day);
  const report = record === null ? 'no rows' : composeWith(watchlist, record, composeReport);
  composed.set(day, report);
  return report;
}

function composePeriod(period: Period, { db, watchlist }: Origin) {
  const record = readPeriod(db, period);
  return record === null ? 'no rows' : composeWith(watchlist, record, composeSummary);
}

/** Without the commit's watchlist, the file must have been made with another one. */
function composeWith<R, T>(
  watchlist: Watchlist | null,
  record: R,
  compose: (record: R, watchlist: Watchlist) => T,
) {
  return watchlist === null ? 'another source' : compose(record, watchlist);
}
