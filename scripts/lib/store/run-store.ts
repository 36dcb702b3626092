import { stat } from 'node:fs/promises';
import path from 'node:path';
import { DATABASE_PATH, unsavedPath } from '../core/paths.ts';
import type { Run } from '../core/snapshot.ts';
import { writeNewFile } from '../system/files.ts';
import { formatRows } from './csv.ts';
import { type OpenDatabase, parseDatabase } from './database.ts';
import { openDatabase, saveDatabase } from './open.ts';
import { recordRun } from './record.ts';

/** The checkout's database during a run. */
export type RunStore = {
  /** The database as it is now. A save may replace it. */
  db: () => OpenDatabase;
  /**
   * Stores the run, in place of what was stored of it before.
   * @param state whether a later save replaces this one
   * @throws DatabaseError as `openDatabase` and `saveDatabase`; whatever `check` throws
   */
  save: (run: Run, state: 'going on' | 'ended') => Promise<void>;
  [Symbol.dispose]: () => void;
};

/**
 * Opens the database below `root` for a run, which may be stored several times while it goes on.
 * @param check is called before the run begins, and before each save
 * @throws DatabaseError as `openDatabase`; whatever `check` throws
 */
export async function openRunStore(
  root: string,
  check: (db: OpenDatabase) => Promise<void>,
): Promise<RunStore> {
  let version = await fileVersion(root);
  let db = await openDatabase(root);
  /** The database without the run that is going on; null if nothing of it is stored. */
  let before: Uint8Array | null = null;
  const replaceBy = (other: OpenDatabase) => {
    db.close();
    db = other;
  };
  const store: RunStore = {
    db: () => db,
    async save(run, state) {
      if ((await fileVersion(root)) !== version) {
        // A person or git has changed the file while the run was asking.
        replaceBy(await openDatabase(root));
        before = null;
      } else if (before !== null) {
        replaceBy(await parseDatabase(before.slice())); // a copy: SQLite changes the bytes
      }
      await check(db);
      if (state === 'ended') before = null;
      else before ??= db.export();
      recordRun(db, run);
      await saveDatabase(db, root);
      version = await fileVersion(root);
    },
    [Symbol.dispose]: () => db.close(),
  };
  try {
    await check(db);
  } catch (error) {
    db.close();
    throw error;
  }
  return store;
}

/**
 * Writes the snapshots of a run that can't be stored to a CSV that can be imported, because they are
 * paid for.
 * @returns the path of the CSV below `root`
 */
export function keepUnsaved(root: string, { day, snapshots }: Run): Promise<string> {
  const rows = snapshots.map(({ hashtag, videoCount, viewCount }) => ({
    date: day,
    hashtag,
    video_count: videoCount,
    view_count: viewCount,
  }));
  const csv = [...formatRows(rows, 'csv')].join('');
  return writeNewFile(root, (number) => unsavedPath(day, number), csv);
}

/** A text that changes whenever the database file does; empty if there is none. */
async function fileVersion(root: string): Promise<string> {
  const info = await stat(path.join(root, DATABASE_PATH)).catch(() => null);
  return info === null ? '' : `${info.ino} ${info.size} ${info.mtimeMs}`;
}
