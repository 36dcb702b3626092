import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import { saveAdded } from '../archive/add.ts';
import { uniteWhole } from '../archive/whole.ts';
import { type Day, isDay } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import { LATEST_CSV_PATH, REPORTS_FOLDER, reportPath } from '../core/paths.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { dayOfCsv } from '../reports/latest-csv.ts';
import { parseMark } from '../reports/parts.ts';
import { checkRows, parseCsv } from '../store/csv.ts';
import { firstKeptDay } from '../store/history.ts';
import { saveDatabase } from '../store/open.ts';
import { importSnapshots } from '../store/record.ts';
import { selectValue } from '../store/rows.ts';
import { listFolder, readIfThere } from '../system/files.ts';
import { git, gitOrNull } from '../system/git.ts';
import { listCommittedBlobs } from '../system/git-objects.ts';
import { parseReportCounts, ReportParseError } from './parse-report.ts';

/**
 * Adds the snapshots that the reports show and the database does not have, and saves it. A committed
 * report counts as it was committed. A report that was never committed counts as it is in the
 * checkout. What a report had no room for is taken from the CSV that was made with it. Skips reports
 * that can't be read.
 * @param importedAt now, in UTC, as ISO 8601
 * @returns the snapshots added from each report, which can't be read and why, and of which of them
 * snapshots are still missing; oldest first
 */
export async function addFromReports(daily: Database, root: string, importedAt: string) {
  const committed = await listCommittedBlobs(root, `${REPORTS_FOLDER}/`);
  const here = await listFolder(path.join(root, REPORTS_FOLDER));
  const files = new Set([...committed.keys(), ...here.map((file) => `${REPORTS_FOLDER}/${file}`)]);
  const days = [...files]
    .map((file) => path.posix.parse(file))
    .flatMap(({ name, ext }) => (ext === '.md' && isDay(name) ? [name] : []))
    .sort();
  using whole = firstKeptDay(daily) === null ? null : await uniteWhole(daily, root);
  const db = whole ?? daily;
  const shown: Snapshot[] = [];
  const parts: { day: Day; all: number }[] = [];
  const unreadable: string[] = [];
  const hash = createHash('sha256');
  for (const day of days) {
    const report = reportPath(day);
    const blob = committed.get(report);
    const markdown =
      blob === undefined
        ? await readFile(path.join(root, report), 'utf8')
        : await git(root, ['cat-file', 'blob', blob]);
    try {
      shown.push(...parseReportCounts(markdown).map((counts) => ({ day, ...counts })));
      hash.update(markdown);
      const { rows } = parseMark(markdown);
      if (rows === null) continue;
      parts.push({ day, all: rows.all });
      if (countSnapshots(db, day) >= rows.all) continue;
      const csv = blob === undefined ? await readCsv(root, day) : await findCommittedCsv(root, day);
      if (csv === null) continue;
      for (const snapshot of checkRows(await parseCsv(csv, LATEST_CSV_PATH), day).snapshots) {
        shown.push(snapshot);
      }
      hash.update(csv);
    } catch (error) {
      if (!(error instanceof ReportParseError)) throw error;
      unreadable.push(`${report}: ${error.message}`);
    }
  }
  const isCommitted = days.every((day) => committed.has(reportPath(day)));
  const source = isCommitted ? 'the committed reports' : 'the reports, some of them not committed';
  const origin = { importedAt, source, sha256: hash.digest('hex') };
  const snapshots = importSnapshots(db, shown, origin);
  const incomplete = parts
    .map(({ day, all }) => ({ report: reportPath(day), left: all - countSnapshots(db, day) }))
    .filter(({ left }) => left > 0);
  if (whole !== null) await saveAdded(daily, whole, snapshots, origin, root);
  else if (snapshots.length > 0) await saveDatabase(daily, root);
  const added = groupBy(snapshots, ({ day }) => day);
  const recovered = [...added].map(([day, ofDay]) => ({
    report: reportPath(day),
    snapshots: ofDay,
  }));
  return { recovered, unreadable, incomplete };
}

function countSnapshots(db: Database, day: Day): number {
  return Number(selectValue(db, 'SELECT count(*) FROM snapshots WHERE date = ?', [day]));
}

/** The newest CSV of the day that was committed together with the day's report; null if none was. */
async function findCommittedCsv(root: string, day: Day): Promise<string | null> {
  const commits = await git(root, ['log', '--format=%H', 'HEAD', '--', reportPath(day)]);
  for (const commit of commits.split('\n').filter((hash) => hash !== '')) {
    const csv = await gitOrNull(root, ['show', `${commit}:${LATEST_CSV_PATH}`]);
    if (csv !== null && dayOfCsv(csv) === day) return csv;
  }
  return null;
}

/** The checkout's CSV, if it is the day's. */
async function readCsv(root: string, day: Day): Promise<string | null> {
  const csv = (await readIfThere(path.join(root, LATEST_CSV_PATH)))?.toString('utf8') ?? null;
  return csv !== null && dayOfCsv(csv) === day ? csv : null;
}
