import type { Database } from 'sql.js';
import { isDay } from '../core/day.ts';
import { reportPath } from '../core/paths.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { addMissingSnapshots } from '../store/record.ts';
import { git } from '../system/git.ts';
import { parseReportCounts, ReportParseError } from './parse-report.ts';

/**
 * Adds the snapshots that the committed reports show and the database does not have. Skips reports
 * that can't be read.
 * @returns the snapshots added from each report, and which can't be read and why; oldest first
 */
export async function addFromReports(db: Database, root: string) {
  const listed = await git(root, ['ls-tree', '--name-only', 'HEAD', 'reports/']);
  const days = listed
    .split('\n')
    .map((file) => file.slice('reports/'.length, -'.md'.length))
    .filter(isDay);
  const recovered: { report: string; snapshots: Snapshot[] }[] = [];
  const unreadable: string[] = [];
  for (const day of days) {
    const report = reportPath(day);
    const markdown = await git(root, ['show', `HEAD:${report}`]);
    try {
      const shown = parseReportCounts(markdown).map((counts) => ({ day, ...counts }));
      const snapshots = addMissingSnapshots(db, shown);
      if (snapshots.length > 0) recovered.push({ report, snapshots });
    } catch (error) {
      if (!(error instanceof ReportParseError)) throw error;
      unreadable.push(`${report}: ${error.message}`);
    }
  }
  return { recovered, unreadable };
}
