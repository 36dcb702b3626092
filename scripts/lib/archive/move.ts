import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import type { Day } from '../core/day.ts';
import { DatabaseError } from '../core/errors.ts';
import { formatMegabytes, plural } from '../core/format.ts';
import { ARCHIVE_FOLDER, DATABASE_PATH, monthOfArchive } from '../core/paths.ts';
import { type OpenDatabase, parseDatabase } from '../store/database.ts';
import { firstKeptDay } from '../store/history.ts';
import { saveDatabase } from '../store/open.ts';
import {
  checkChange,
  describeSystemError,
  readIfThere,
  writeFileAtomically,
} from '../system/files.ts';
import { listArchives, openArchive } from './files.ts';
import { remember } from './remember.ts';
import {
  ALL_TIME,
  copyRows,
  copyTables,
  countRowsOfSpan,
  deleteRows,
  findLacking,
  REMEMBERED,
  spanOf,
} from './rows.ts';
import { firstDayToKeep, listMonths, listRememberedMonths, writeMonth } from './split.ts';
import { uniteWhole } from './whole.ts';

/** What moves, and the archive files that have it then. */
export type Move = {
  /** The months, oldest first, each with how many rows of all tables it has. */
  months: { month: string; rows: number }[];
  files: Map<string, Uint8Array>;
};

/**
 * Takes the months that are over out of a daily file, in memory. It then remembers what runs need
 * of them.
 * @param root where the archives are that exist
 * @returns null if the file has no month to move
 * @throws DatabaseError if an archive that it has to read can't be used, or has other rows of a month
 *   that the file does not know to be archived
 */
export async function takeOutMonths(db: Database, root: string): Promise<Move | null> {
  const end = firstDayToKeep(db);
  const months = end === null ? [] : listMonths(db, end);
  if (end === null || months.length === 0) return null;
  using past = await openPast(db, root, end, months);
  const move: Move = { months: [], files: new Map() };
  for (const month of months) {
    const span = spanOf(month);
    const files = await writeMonth(past, month);
    for (const [file, bytes] of files) move.files.set(file, bytes);
    move.months.push({ month, rows: countRowsOfSpan(db, span) });
    deleteRows(db, span);
  }
  remember(db, past, end);
  db.run('VACUUM');
  return move;
}

/**
 * The rows that move, with what the daily file remembers of earlier months. If some of these months
 * are archived already, the rows of all archives instead: then what is remembered is made anew.
 */
async function openPast(
  db: Database,
  root: string,
  end: Day,
  months: string[],
): Promise<OpenDatabase> {
  const kept = firstKeptDay(db);
  const archived = new Set((await listArchives(root)).map(monthOfArchive));
  const isLater = (month: string) => kept === null || spanOf(month).first >= kept;
  if (months.every((month) => !archived.has(month) && isLater(month))) {
    const past = await parseDatabase(null);
    for (const month of months) copyRows(db, past, spanOf(month), 'the database');
    copyTables(db, past, REMEMBERED);
    return past;
  }
  await refuseOtherRows(db, root, months);
  const past = await uniteWhole(db, root);
  deleteRows(past, { first: end, end: ALL_TIME.end });
  return past;
}

/**
 * Refuses to finish a move that was cut short if an archive has a row that the daily file does not
 * have. If it only lacks rows, the move adds them.
 */
async function refuseOtherRows(db: Database, root: string, months: string[]): Promise<void> {
  const known = new Set(listRememberedMonths(db));
  for (const file of await listArchives(root)) {
    const month = monthOfArchive(file) ?? '';
    if (months.includes(month) && !known.has(month)) await compareMonth(db, root, month, file);
  }
}

async function compareMonth(db: Database, root: string, month: string, file: string) {
  using archive = await openArchive(root, file);
  const other = archive === null ? null : findLacking(archive, db, spanOf(month));
  if (other === null) return;
  throw new DatabaseError(
    `${month} can't be moved: ${file} has a row in its table ${other.table} that ${DATABASE_PATH} ` +
      `does not have: ${other.row}. Nothing is changed; npm run audit names the commit that made ` +
      `them differ. If the database is right, delete the archive and commit that: git rm ${file}; ` +
      'the next move writes it again. If the archive is right, give the database this row, in place ' +
      `of its own if it has one (npm run import -- ${file} adds snapshots that it lacks), and ` +
      `commit that: git commit -m "Change the past" -- ${DATABASE_PATH}`,
  );
}

/**
 * Writes what a move changes: first the archives, then the daily file. If that is cut short, some
 * rows stand in both, and the next move takes them out.
 * @throws DatabaseError if a file can't be written
 */
export async function writeMove(db: Database, root: string, { files }: Move): Promise<void> {
  await writeArchives(root, files);
  await saveDatabase(db, root);
  await removeReplaced(root, files);
}

/** `3 months moved to data/archive: 2025-01 to 2025-03, 92,124 rows, 4.2 MB` */
export function describeMove({ months, files }: Move): string {
  const rows = months.reduce((sum, month) => sum + month.rows, 0);
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  return (
    `${plural(months.length, 'month')} moved to ${ARCHIVE_FOLDER}: ${describeMonths(months)}, ` +
    `${plural(rows, 'row')}, ${formatMegabytes(bytes)}`
  );
}

/** `2025-01 to 2025-03`, or `2025-01` for a single one */
export function describeMonths(months: Move['months']): string {
  const [first, last] = [months[0]?.month ?? '', months.at(-1)?.month];
  return first === last ? first : `${first} to ${last}`;
}

/** Writes archive files that are new or have changed, each in one step. */
export async function writeArchives(root: string, files: Map<string, Uint8Array>): Promise<void> {
  try {
    for (const [file, bytes] of files) {
      const target = path.join(root, file);
      if ((await readIfThere(target))?.equals(bytes)) continue;
      await writeFileAtomically(target, bytes);
    }
  } catch (cause) {
    const reason = describeSystemError(cause);
    throw new DatabaseError(`an archive could not be written: ${reason}`, { cause });
  }
}

/** Removes the files of the same months that others take the place of, as parts of one file do. */
export async function removeReplaced(root: string, files: Map<string, Uint8Array>): Promise<void> {
  const months = new Set([...files.keys()].map(monthOfArchive));
  for (const file of await listArchives(root)) {
    if (files.has(file) || !months.has(monthOfArchive(file))) continue;
    await checkChange();
    await rm(path.join(root, file), { force: true });
  }
}
