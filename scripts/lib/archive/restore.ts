import path from 'node:path';
import type { Database } from 'sql.js';
import { DatabaseError } from '../core/errors.ts';
import { ARCHIVE_FOLDER, DATABASE_PATH, monthOfArchive } from '../core/paths.ts';
import { parseDatabase } from '../store/database.ts';
import { selectRows } from '../store/rows.ts';
import { readIfThere, writeFileAtomically, writeNewFile } from '../system/files.ts';
import { git } from '../system/git.ts';
import { openObjects } from '../system/git-objects.ts';
import { listArchives, listCommittedArchives, parseArchive } from './files.ts';
import { copyRows, countRowsOfSpan, countSnapshots, spanOf } from './rows.ts';
import { writeMonth } from './split.ts';

/** The files of a month: their contents. */
type MonthFiles = Map<string, Buffer>;

/** A file that was put back, the commit that it is from, and the copy of a damaged one. */
type Restored = { file: string; commit: string; kept: string | null };

/**
 * Puts back the archives of the months that a daily file counts on, if they are missing, damaged or
 * lack rows: the newest good ones of the branch's history. Rows that only the present ones have are
 * added to these, unless they can't be read or contradict them. The present files are kept beside
 * them.
 * @throws DatabaseError if the history has no good version of a month
 */
export async function restoreArchives(daily: Database, root: string): Promise<Restored[]> {
  const restored: Restored[] = [];
  for (const [month, counts] of readCounts(daily)) {
    const here = await readHere(root, month);
    if (await isSound(here, counts)) continue;
    const good = await findSound(root, month, counts);
    if (good === null) {
      throw new DatabaseError(
        `git’s history has no good version of the archived month ${month}; ${await adviseLost(root, month)}`,
      );
    }
    for (const [file, bytes] of await keepRows(good.files, here, month)) {
      const damaged = here.get(file);
      if (damaged?.equals(bytes)) continue;
      const nameOf = (number: number) => `${file}${number === 1 ? '' : `.${number}`}.damaged`;
      const kept = damaged === undefined ? null : await writeNewFile(root, nameOf, damaged);
      await writeFileAtomically(path.join(root, file), bytes);
      restored.push({ file, commit: good.commit, kept });
    }
  }
  return restored;
}

/** The good files of a month, with the rows that the present ones have besides. */
async function keepRows(good: MonthFiles, here: MonthFiles, month: string) {
  using whole = await parseDatabase(null);
  const add = async (file: string, bytes: Buffer) => {
    using db = await parseArchive(Buffer.from(bytes), file); // a copy: SQLite changes the bytes
    copyRows(db, whole, spanOf(month), file);
  };
  for (const [file, bytes] of good) await add(file, bytes);
  const count = countRowsOfSpan(whole, spanOf(month));
  try {
    for (const [file, bytes] of here) await add(file, bytes);
  } catch (error) {
    if (error instanceof DatabaseError) return good;
    throw error;
  }
  return countRowsOfSpan(whole, spanOf(month)) === count ? good : await writeMonth(whole, month);
}

async function adviseLost(root: string, month: string): Promise<string> {
  if ((await git(root, ['rev-parse', '--is-shallow-repository'])) === 'true') {
    return 'this clone has only the end of it; run: git fetch --unshallow, and then this again';
  }
  return (
    `look for its file below ${ARCHIVE_FOLDER} in another clone. To go on without the month, run: ` +
    `sqlite3 ${DATABASE_PATH} "DELETE FROM archived_days WHERE date LIKE '${month}-%'"`
  );
}

/** How many snapshots each archived day has, by month. */
function readCounts(daily: Database): Map<string, Map<string, number>> {
  const months = new Map<string, Map<string, number>>();
  for (const { date, snapshots } of selectRows(daily, 'SELECT * FROM archived_days')) {
    const month = String(date).slice(0, 7);
    const counts = months.get(month) ?? new Map<string, number>();
    months.set(month, counts.set(String(date), Number(snapshots)));
  }
  return months;
}

async function readHere(root: string, month: string): Promise<MonthFiles> {
  const files: MonthFiles = new Map();
  for (const file of await listArchives(root)) {
    const bytes = monthOfArchive(file) === month ? await readIfThere(path.join(root, file)) : null;
    if (bytes !== null) files.set(file, bytes);
  }
  return files;
}

async function isSound(files: MonthFiles, counts: Map<string, number>): Promise<boolean> {
  const left = new Map(counts);
  try {
    for (const [file, bytes] of files) await countDays(file, bytes, left);
  } catch (error) {
    if (error instanceof DatabaseError) return false;
    throw error;
  }
  return files.size > 0 && [...left.values()].every((count) => count <= 0);
}

async function countDays(file: string, bytes: Buffer, left: Map<string, number>): Promise<void> {
  using db = await parseArchive(Buffer.from(bytes), file); // a copy: SQLite changes the bytes
  for (const [date, count] of countSnapshots(db)) left.set(date, (left.get(date) ?? 0) - count);
}

/**
 * The newest files of a month in the branch's history that can be read and have all rows that a
 * daily file counts on, and their commit; null for none.
 */
export function findGoodMonth(daily: Database, root: string, month: string) {
  return findSound(root, month, readCounts(daily).get(month) ?? new Map());
}

async function findSound(root: string, month: string, counts: Map<string, number>) {
  const files = `:(glob)${ARCHIVE_FOLDER}/${month}*.db`;
  // A merge may have kept the side without them: only then the full history knows the other one.
  const log = await git(root, ['rev-list', '--full-history', 'HEAD', '--', files]);
  using objects = openObjects(root);
  for (const commit of log.split('\n').filter((line) => line !== '')) {
    const files: MonthFiles = new Map();
    for (const [file, blob] of await listCommittedArchives(root, commit)) {
      const bytes = monthOfArchive(file) === month ? await objects.read(blob) : null;
      if (bytes !== null) files.set(file, bytes);
    }
    if (await isSound(files, counts)) return { commit: commit.slice(0, 10), files };
  }
  return null;
}
