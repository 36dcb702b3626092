import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import { withHistory } from '../archive/whole.ts';
import { addDays, type Day } from '../core/day.ts';
import { GENERATED_PATHS, LATEST_CSV_PATH, REPORTS_FOLDER, reportPath } from '../core/paths.ts';
import { composeReport, type DayReport } from '../reports/day-report.ts';
import { parseMark } from '../reports/parts.ts';
import {
  listReports,
  type Sources,
  writeIndex,
  writeLatestCsv,
  writeReportsSince,
  writeWithSummaries,
} from '../reports/write.ts';
import {
  countRunsAndSnapshots,
  newestCapturedDay,
  newestDay,
  readDay,
  readRecordedDays,
  readRunDays,
} from '../store/days.ts';
import { addedDays } from '../store/merge.ts';
import { openCommitted } from '../store/open.ts';
import { describeSystemError } from '../system/files.ts';
import { findCommit, git, gitOrNull, listStatus } from '../system/git.ts';

/** A database that comes without reports, such as another tracker's, gets no more of them than this. */
const MAX_UNWRITTEN_DAYS = 30;

/**
 * Writes the reports that will be published: those of days that earlier runs have stored and left
 * unpublished, or could not write, and the newest run's. Reports that are published already count as
 * there, even if the checkout lacks them; others that lie in the checkout do not.
 * An earlier day's report that can't be written does not keep the newest run's from being written.
 * @param report the newest run's; null if it has none
 * @param warn is told of an earlier day's report that can't be written
 * @returns the paths of all files that belong to these reports
 */
export async function writeReportsToPublish(
  sources: Sources,
  report: DayReport | null,
  warn: (message: string) => void,
): Promise<string[]> {
  const { db, root, watchlist } = sources;
  const target = { ...sources, published: new Set(await listPublished(root)) };
  const unwritten = await findUnwrittenDays(target, report?.day ?? null);
  const changed = await findChanged(root);
  const late = [...new Set([...(await findLateDays(sources, changed)), ...unwritten])].sort();
  using history = await withHistory(db, root, late);
  const written: string[] = [];
  for (const day of late) {
    const record = day === report?.day ? null : readDay(history.db, day);
    if (record === null) continue;
    try {
      const lateReport = composeReport(record, watchlist);
      written.push(...(await writeWithSummaries({ ...target, db: history.db }, lateReport)));
    } catch (error) {
      warn(describeFailure(day, error));
    }
  }
  if (changed.has(LATEST_CSV_PATH)) written.push(...(await writeCsvAgain(target)));
  if (report !== null) written.push(...(await writeReportsSince(target, report)));
  else if (written.length > 0) written.push(...(await writeIndex(target, null)));
  return [...new Set(written)];
}

/** Writes the CSV, which a run may have left as it was before later rows. */
async function writeCsvAgain(sources: Sources): Promise<string[]> {
  const day = newestCapturedDay(sources.db);
  const record = day === null ? null : readDay(sources.db, day);
  if (record === null) return [];
  return await writeLatestCsv(sources, composeReport(record, sources.watchlist));
}

/** Says that a report of an earlier day can't be written, and why. */
export function describeFailure(day: Day, error: unknown): string {
  return `The report of ${day} could not be written: ${describeSystemError(error)}`;
}

/**
 * The days of runs whose report could not be written, as far as the last commit tells: those that are
 * newer than every report and never had one, and the newest report's own if it lacks rows. An older
 * day without a report is no such day, because somebody may have deleted its report.
 * @param sources of them, `published` or the folder says which reports there are
 * @param ownDay the day whose report the run writes anyway; null for none
 */
export async function findUnwrittenDays(sources: Sources, ownDay: Day | null): Promise<Day[]> {
  const { db, root } = sources;
  const newest = newestDay(db);
  if (newest === null) return [];
  const last = (await listReports(sources)).at(-1);
  const oldest = addDays(newest, -MAX_UNWRITTEN_DAYS);
  const later = readRunDays(db, oldest).filter((day) => last === undefined || day > last);
  const others = later.filter((day) => day !== ownDay);
  const deleted = await findDeleted(root, others.map(reportPath));
  const days = later.filter((day) => !deleted.has(reportPath(day)));
  if (last === undefined || last === ownDay) return days;
  return isBehind(db, last, await readCommitted(root, reportPath(last))) ? [last, ...days] : days;
}

/** Those of the files that a commit has deleted, as far as a shallow clone knows. */
async function findDeleted(root: string, files: string[]): Promise<Set<string>> {
  if (files.length === 0) return new Set();
  const log = ['log', '-z', '--diff-filter=D', '--no-renames', '--name-only', '--format='];
  const deleted = await gitOrNull(root, [...log, 'HEAD', '--', ...files]); // null before the first commit
  return new Set(deleted?.split('\0'));
}

/** The text of a report in the last commit. */
function readCommitted(root: string, file: string): Promise<string> {
  return git(root, ['show', `HEAD:${file}`]);
}

/** Whether a report knows fewer runs or snapshots of its day than are stored. False if it has no mark. */
function isBehind(db: Database, day: Day, markdown: string): boolean {
  const { known } = parseMark(markdown);
  if (known === null) return false;
  const stored = countRunsAndSnapshots(db, day);
  return known.runs < stored.runs || known.snapshots < stored.snapshots;
}

/** As `listStatus`, the generated files that are here. */
async function findChanged(root: string): Promise<Map<string, string>> {
  const status = await listStatus(root, GENERATED_PATHS);
  return new Map([...status].filter(([, state]) => !state.includes('D')));
}

/**
 * The days whose changed report is to be published: the last commit lacks it, or rows of the day, or
 * the tracker has written it from another source than the committed one. Other changes are a
 * person's.
 */
async function findLateDays(
  { db, root }: Sources,
  changed: ReadonlyMap<string, string>,
): Promise<Day[]> {
  if (changed.size === 0) return [];
  using base = await openCommitted(root, await findCommit(root, 'HEAD'));
  const addedTo = new Set(addedDays(db, base).map(({ day }) => day));
  const late: Day[] = [];
  for (const day of [...readRecordedDays(db)].sort()) {
    const file = reportPath(day);
    const state = changed.get(file);
    if (state === undefined) continue;
    if (state === '??' || addedTo.has(day) || (await hasOtherSource(root, file))) late.push(day);
  }
  return late;
}

/** Whether the tracker has written a report from other rows or with another list than the committed one. */
async function hasOtherSource(root: string, file: string): Promise<boolean> {
  const { source } = parseMark(await readFile(path.join(root, file), 'utf8'));
  const committed = await gitOrNull(root, ['show', `HEAD:${file}`]);
  return source !== null && source !== parseMark(committed ?? '').source;
}

/** The reports in the last commit; none if there is no commit yet. */
async function listPublished(root: string): Promise<string[]> {
  const args = ['ls-tree', '-r', '-z', '--name-only', 'HEAD', '--', REPORTS_FOLDER];
  try {
    return (await git(root, args)).split('\0');
  } catch (error) {
    if ((await findCommit(root, 'HEAD')) === null) return [];
    throw error;
  }
}
