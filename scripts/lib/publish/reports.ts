import type { Day } from '../core/day.ts';
import { REPORTS_FOLDER, reportPath } from '../core/paths.ts';
import { composeReport, type DayReport } from '../reports/day-report.ts';
import { type Sources, writeReports, writeReportsSince } from '../reports/write.ts';
import { readDay, readRecordedDays } from '../store/days.ts';
import { addedDays } from '../store/merge.ts';
import { openCommitted } from '../store/open.ts';
import { findCommit, git } from '../system/git.ts';

/**
 * Writes the reports that will be published: those of days that earlier runs have stored and left
 * unpublished, and the newest run's. Reports that are published already count as there, even if the
 * checkout lacks them; others that lie in the checkout do not.
 * @param report the newest run's; null if it has none
 * @returns the paths of all files that belong to these reports
 */
export async function writeReportsToPublish(
  sources: Sources,
  report: DayReport | null,
): Promise<string[]> {
  const { db, root, watchlist } = sources;
  const head = await findCommit(root, 'HEAD');
  const published = new Set(head === null ? [] : await listReportFiles(root, head));
  const written: string[] = [];
  for (const day of await findLateDays(sources, head)) {
    const record = day === report?.day ? null : readDay(db, day);
    if (record === null) continue;
    const late = composeReport(record, watchlist);
    written.push(...(await writeReports({ ...sources, published }, late)));
  }
  if (report !== null)
    written.push(...(await writeReportsSince({ ...sources, published }, report)));
  return [...new Set(written)];
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
