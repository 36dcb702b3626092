import type { Database } from 'sql.js';
import type { Day } from '../core/day.ts';
import { DatabaseError } from '../core/errors.ts';
import { formatList } from '../core/format.ts';
import { ARCHIVE_FOLDER, monthOfArchive } from '../core/paths.ts';
import { type OpenDatabase, parseDatabase } from '../store/database.ts';
import { firstKeptDay, hasHistory } from '../store/history.ts';
import { openCommitted, openDatabase } from '../store/open.ts';
import { selectRows } from '../store/rows.ts';
import { type ObjectReader, openObjects } from '../system/git-objects.ts';
import {
  type CommittedArchives,
  listArchives,
  listCommittedArchives,
  openArchive,
  parseArchive,
} from './files.ts';
import { ALL_TIME, copyRows, copyTables, countSnapshots } from './rows.ts';

/** An archive file, and what opens it; null if it is missing. */
export type Archive = { file: string; open: () => Promise<OpenDatabase | null> };

/**
 * Opens everything below `root`, the archived months as well, as one database in memory. It is for
 * reading: saving it would bring the months back into the daily file.
 * @throws DatabaseError as `openDatabase`, and if an archive file is missing or can't be used
 */
export async function openWhole(root: string): Promise<OpenDatabase> {
  const daily = await openDatabase(root);
  const archives = await listOwnArchives(root);
  if (archives.length === 0 && firstKeptDay(daily) === null) return daily;
  using db = daily;
  return await uniteAll(db, archives);
}

/** The same of a daily file that is open, as it is now. */
export async function uniteWhole(daily: Database, root: string): Promise<OpenDatabase> {
  return uniteAll(daily, await listOwnArchives(root));
}

/** Opens everything that a commit has; the daily file alone as `openCommitted` does. */
export async function openCommittedWhole(
  root: string,
  commit: string | null,
): Promise<OpenDatabase> {
  const daily = await openCommitted(root, commit);
  if (commit === null) return daily;
  const files = await listCommittedArchives(root, commit);
  if (files.size === 0) return daily;
  using db = daily;
  using objects = openObjects(root);
  return await uniteAll(db, outOfGit(files.keys(), files, objects));
}

/** Archive files of a commit, which are opened out of git. */
export function outOfGit(
  files: Iterable<string>,
  committed: CommittedArchives,
  objects: ObjectReader,
): Archive[] {
  return [...files].map((file) => ({
    file,
    async open() {
      const blob = committed.get(file);
      const bytes = blob === undefined ? null : await objects.read(blob);
      return bytes === null ? null : parseArchive(bytes, file);
    },
  }));
}

/** Opens the daily file alone if it has all days from `first` on, and else everything. */
export async function openFrom(root: string, first: Day | null): Promise<OpenDatabase> {
  if (first === null) return openWhole(root);
  const daily = await openDatabase(root);
  const kept = firstKeptDay(daily);
  if (kept === null || first >= kept) return daily;
  using db = daily;
  return await uniteWhole(db, root);
}

/**
 * A database with everything that the trends of some days need: the daily file, or, if it lacks some
 * of it, everything below `root`. Disposing closes the latter.
 * @throws DatabaseError as `openWhole`
 */
export async function withHistory(
  daily: Database,
  root: string,
  days: Day[] | 'all',
): Promise<{ db: Database } & Disposable> {
  const isEnough =
    firstKeptDay(daily) === null || (days !== 'all' && days.every((day) => hasHistory(daily, day)));
  if (isEnough) return { db: daily, [Symbol.dispose]: () => {} };
  const whole = await uniteWhole(daily, root);
  return { db: whole, [Symbol.dispose]: () => whole.close() };
}

async function listOwnArchives(root: string): Promise<Archive[]> {
  const files = await listArchives(root);
  return files.map((file) => ({ file, open: () => openArchive(root, file) }));
}

/**
 * A new database with the rows of the daily file and of all its archives. It remembers nothing of
 * them, because it has them.
 * @throws DatabaseError if a row of an archived day is missing
 */
async function uniteAll(daily: Database, archives: Archive[]): Promise<OpenDatabase> {
  const whole = await unite(daily, archives);
  try {
    refuseMissingRows(daily, whole, archives);
    return whole;
  } catch (error) {
    whole.close();
    throw error;
  }
}

/** A new database with the rows of the daily file and of some archives. */
export async function unite(daily: Database, archives: Archive[]): Promise<OpenDatabase> {
  const whole = await parseDatabase(null);
  try {
    for (const archive of archives) await addArchive(whole, archive); // in order, so pages fill well
    copyRows(daily, whole, ALL_TIME, 'the database');
    copyTables(daily, whole, ['imports', 'hashtags']);
    return whole;
  } catch (error) {
    whole.close();
    throw error;
  }
}

async function addArchive(whole: Database, { file, open }: Archive): Promise<void> {
  using archive = await open();
  if (archive !== null) copyRows(archive, whole, ALL_TIME, file);
}

/** The archive files that stand for the same rows may be missing, damaged or older. */
function refuseMissingRows(daily: Database, whole: Database, archives: Archive[]): void {
  const counts = countSnapshots(whole);
  const runs = new Set(selectRows(whole, 'SELECT DISTINCT date FROM runs').map(({ date }) => date));
  const lacking = selectRows(daily, 'SELECT date, snapshots FROM archived_days ORDER BY date')
    .filter(({ date = null, snapshots }) => {
      const count = counts.get(String(date)) ?? 0;
      return count < Number(snapshots) || (count === 0 && !runs.has(date));
    })
    .map(({ date }) => String(date));
  if (lacking.length === 0) return;
  const months = new Set(lacking.map((date) => date.slice(0, 7)));
  const there = new Set(archives.map(({ file }) => monthOfArchive(file)));
  const gone = [...months].filter((month) => !there.has(month));
  const what =
    gone.length > 0
      ? `the archived months ${formatList(gone, 6)} are missing`
      : `the archived months ${formatList([...months], 6)} lack rows, first on ${lacking[0]}`;
  throw new DatabaseError(
    `${what}: below ${ARCHIVE_FOLDER}, a file is gone or older than the database. To bring the ` +
      'rows back, run: npm run restore',
  );
}
