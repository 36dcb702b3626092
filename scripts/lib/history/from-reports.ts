import { createHash } from 'node:crypto';
import type { Database } from 'sql.js';
import { saveAdded } from '../archive/add.ts';
import { uniteWhole } from '../archive/whole.ts';
import { isDay } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import { reportPath } from '../core/paths.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { firstKeptDay } from '../store/history.ts';
import { saveDatabase } from '../store/open.ts';
import { importSnapshots } from '../store/record.ts';
import { git } from '../system/git.ts';
import { parseReportCounts, ReportParseError } from './parse-report.ts';

/**
 * Adds the snapshots that the committed reports show and the database does not have, and saves it.
 * Skips reports that can't be read.
 * @param importedAt now, in UTC, as ISO 8601
 * @returns the snapshots added from each report, and which can't be read and why; oldest first
 */
export async function addFromReports(daily: Database, root: string, importedAt: string) {
  const listed = await git(root, ['ls-tree', '--name-only', 'HEAD', 'reports/']);
  const days = listed
    .split('\n')
    .map((file) => file.slice('reports/'.length, -'.md'.length))
    .filter(isDay);
  const shown: Snapshot[] = [];
  const unreadable: string[] = [];
  const hash = createHash('sha256');
  for (const day of days) {
    const report = reportPath(day);
    const markdown = await git(root, ['show', `HEAD:${report}`]);
    try {
      shown.push(...parseReportCounts(markdown).map((counts) => ({ day, ...counts })));
      hash.update(markdown);
    } catch (error) {
      if (!(error instanceof ReportParseError)) throw error;
      unreadable.push(`${report}: ${error.message}`);
    }
  }
  const origin = { importedAt, source: 'the committed reports', sha256: hash.digest('hex') };
  using whole = firstKeptDay(daily) === null ? null : await uniteWhole(daily, root);
  const snapshots = importSnapshots(whole ?? daily, shown, origin);
  if (whole !== null) await saveAdded(daily, whole, snapshots, origin, root);
  else if (snapshots.length > 0) await saveDatabase(daily, root);
  const added = groupBy(snapshots, ({ day }) => day);
  const recovered = [...added].map(([day, ofDay]) => ({
    report: reportPath(day),
    snapshots: ofDay,
  }));
  return { recovered, unreadable };
}
