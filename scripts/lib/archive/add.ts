import type { Database } from 'sql.js';
import type { Snapshot } from '../core/snapshot.ts';
import { firstKeptDay } from '../store/history.ts';
import { saveDatabase } from '../store/open.ts';
import { insertSnapshots, type Origin, recordImport } from '../store/record.ts';
import { inTransaction, selectRows } from '../store/rows.ts';
import { removeReplaced, writeArchives } from './move.ts';
import { remember } from './remember.ts';
import { ALL_TIME, deleteRows } from './rows.ts';
import { writeMonth } from './split.ts';

/**
 * Saves snapshots that were added to the whole, each in the file of its day: the daily file or the
 * archive of its month. If that is cut short, doing it again finishes it.
 * @param daily the daily file, which gets what belongs to it
 * @param whole everything below `root`, with the snapshots. Only archived rows are left in it
 * @param origin is recorded; null if that was done already
 * @throws DatabaseError if a file can't be written
 */
export async function saveAdded(
  daily: Database,
  whole: Database,
  added: Snapshot[],
  origin: Origin | null,
  root: string,
): Promise<void> {
  const kept = firstKeptDay(daily);
  if (kept === null) throw new Error('nothing is archived');
  inTransaction(daily, () => {
    insertSnapshots(
      daily,
      added.filter(({ day }) => day >= kept),
    );
    if (origin !== null) recordImport(daily, added, origin);
  });
  // The record comes first: without it, nothing would explain the rows in the archives.
  await saveDatabase(daily, root);
  const archived = added.filter(({ day }) => day < kept);
  if (archived.length === 0 && isRemembered(daily, whole)) return;
  const files = new Map<string, Uint8Array>();
  for (const month of new Set(archived.map(({ day }) => day.slice(0, 7)))) {
    for (const [file, bytes] of await writeMonth(whole, month)) files.set(file, bytes);
  }
  await writeArchives(root, files);
  deleteRows(whole, { first: kept, end: ALL_TIME.end });
  remember(daily, whole, kept);
  await saveDatabase(daily, root);
  await removeReplaced(root, files);
}

/** False if the archives have rows that the daily file does not know of yet. */
export function isRemembered(daily: Database, whole: Database): boolean {
  const known = selectRows(daily, 'SELECT date, snapshots FROM archived_days');
  const counts = new Map(known.map(({ date, snapshots }) => [date, snapshots]));
  const stored = 'SELECT date, count(*) AS count FROM snapshots WHERE date < ? GROUP BY date';
  return selectRows(whole, stored, [firstKeptDay(daily)]).every(
    ({ date, count }) => counts.get(date ?? null) === count,
  );
}
