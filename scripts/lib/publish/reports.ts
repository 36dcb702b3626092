import { withHistory } from '../archive/whole.ts';
import { addDays, type Day } from '../core/day.ts';
import { formatCount } from '../core/format.ts';
import { REPORTS_FOLDER, reportPath } from '../core/paths.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { readCapturedCount } from '../reports/brief.ts';
import { composeReport, type DayReport } from '../reports/day-report.ts';
import { listReports, type Sources, writeReports, writeReportsSince } from '../reports/write.ts';
import { newestDay, readDay, readRecordedDays, readRunDays } from '../store/days.ts';
import { readHistory } from '../store/history.ts';
import { addedDays } from '../store/merge.ts';
import { openCommitted } from '../store/open.ts';
import { describeSystemError } from '../system/files.ts';
import { findCommit, git } from '../system/git.ts';

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
  const head = await findCommit(root, 'HEAD');
  const published = new Set(head === null ? [] : await listReportFiles(root, head));
  const unwritten = await findUnwrittenDays({ ...sources, published }, (file) =>
    git(root, ['show', `HEAD:${file}`]),
  );
  const late = [...new Set([...(await findLateDays(sources, head)), ...unwritten])].sort();
  using history = await withHistory(db, root, late);
  const written: string[] = [];
  for (const day of late) {
    const record = day === report?.day ? null : readDay(history.db, day);
    if (record === null) continue;
    try {
      const lateReport = composeReport(record, watchlist);
      written.push(...(await writeReports({ ...sources, db: history.db, published }, lateReport)));
    } catch (error) {
      warn(describeFailure(day, error));
    }
  }
  if (report !== null)
    written.push(...(await writeReportsSince({ ...sources, published }, report)));
  return [...new Set(written)];
}

/** Says that a report of an earlier day can't be written, and why. */
export function describeFailure(day: Day, error: unknown): string {
  return `The report of ${day} could not be written: ${describeSystemError(error)}`;
}

/**
 * The days of runs whose report could not be written, as far as the published reports tell: those
 * that are newer than every report, and the newest report's own if it lacks snapshots. An older day
 * without a report is no such day, because somebody may have deleted its report.
 * @param sources of them, `published` or the folder says which reports there are
 * @param readReport gives a report's text
 */
export async function findUnwrittenDays(
  sources: Sources,
  readReport: (file: string) => Promise<string>,
): Promise<Day[]> {
  const { db } = sources;
  const newest = newestDay(db);
  if (newest === null) return [];
  const last = (await listReports(sources)).at(-1);
  const oldest = addDays(newest, -MAX_UNWRITTEN_DAYS);
  const days = readRunDays(db, oldest).filter((day) => last === undefined || day > last);
  if (last === undefined || last === newest) return days;
  const snapshots = readHistory(db, last, last).filter(({ day }) => day === last);
  return lacksCounts(await readReport(reportPath(last)), snapshots) ? [last, ...days] : days;
}

/** Whether a report lacks a snapshot, or one of its counts. False if it has no status to tell by. */
function lacksCounts(markdown: string, snapshots: Snapshot[]): boolean {
  const captured = readCapturedCount(markdown);
  if (captured === null) return false;
  const tables = markdown.match(/^\|.*/gm) ?? []; // notes name earlier counts
  const shown = new Set(tables.join('\n').match(/\d[\d,]*/g));
  return (
    captured < snapshots.length ||
    snapshots
      .flatMap(({ videoCount, viewCount }) => [videoCount, viewCount])
      .some((count) => count !== null && !shown.has(formatCount(count)))
  );
}

/**
 * The days whose report is new here, or has changed because the last commit lacks rows of the day,
 * or a run of an earlier day.
 */
async function findLateDays({ db, root }: Sources, head: string | null): Promise<Day[]> {
  const options = ['--porcelain=v1', '-z', '--no-renames', '--untracked-files=all'];
  const status = await git(root, ['status', ...options, '--', REPORTS_FOLDER]);
  const changed = new Map(
    status
      .split('\0')
      .filter((entry) => !entry.slice(0, 2).includes('D'))
      .map((entry) => [entry.slice(3), entry.slice(0, 2)]),
  );
  if (changed.size === 0) return [];
  using base = await openCommitted(root, head);
  const added = addedDays(db, base);
  const addedTo = new Set(added.map(({ day }) => day));
  const firstRun = added.find(({ hasRun }) => hasRun)?.day;
  return [...readRecordedDays(db)].sort().filter((day) => {
    const state = changed.get(reportPath(day));
    if (state === undefined || state === '??') return state === '??';
    return addedTo.has(day) || (firstRun !== undefined && day > firstRun);
  });
}

async function listReportFiles(root: string, commit: string): Promise<string[]> {
  const args = ['ls-tree', '-r', '-z', '--name-only', commit, '--', REPORTS_FOLDER];
  return (await git(root, args)).split('\0');
}
