import { stat } from 'node:fs/promises';
import path from 'node:path';
import { DATABASE_PATH, unsavedPath } from '../core/paths.ts';
import type { Run } from '../core/snapshot.ts';
import { writeNewFile } from '../system/files.ts';
import { formatRows } from './csv.ts';
import { type OpenDatabase, parseDatabase } from './database.ts';
import { openDatabase, saveDatabase } from './open.ts';
import { recordRun } from './record.ts';
import { selectRows } from './rows.ts';

/** The checkout's database during a run. */
export type RunStore = {
  /** The database as it is now. A save may replace it. */
  db: () => OpenDatabase;
  /**
   * Stores the run, in place of what was stored of it before. If others have changed the file since
   * then, what it has of the run stays, and only the rest is stored, as a run of its own.
   * @param state whether a later save replaces this one
   * @returns the run, or that rest
   * @throws DatabaseError as `openDatabase` and `saveDatabase`; whatever `check` throws
   */
  save: (run: Run, state: 'going on' | 'ended') => Promise<Run>;
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
  /** The last save of the run that is going on. */
  let last: Save | null = null;
  /** The save of it that others kept in the file. */
  let kept: Save | null = null;
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
        kept = [last, kept].find((save) => save !== null && hasRun(db, save.stored)) ?? null;
      } else if (before !== null) {
        replaceBy(await parseDatabase(before.slice())); // a copy: SQLite changes the bytes
      }
      await check(db);
      if (state === 'ended') before = null;
      else before ??= db.export();
      const stored = kept === null ? run : withoutSaved(run, kept.run);
      recordRun(db, stored);
      await saveDatabase(db, root);
      version = await fileVersion(root);
      last = state === 'ended' ? null : { run, stored };
      if (state === 'ended') kept = null;
      return stored;
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

/** A run as it was when it was saved, and what was stored of it. */
type Save = { run: Run; stored: Run };

/** What a run has brought since it was saved. */
function withoutSaved(run: Run, saved: Run): Run {
  const captured = new Set(saved.snapshots.map(({ hashtag }) => hashtag));
  const failures = new Set(saved.failures.map((failure) => JSON.stringify(failure)));
  return {
    ...run,
    startedAt: saved.finishedAt,
    creditsUsed: run.creditsUsed === null ? null : run.creditsUsed - (saved.creditsUsed ?? 0),
    snapshots: run.snapshots.filter(({ hashtag }) => !captured.has(hashtag)),
    failures: run.failures.filter((failure) => !failures.has(JSON.stringify(failure))),
  };
}

function hasRun(db: OpenDatabase, { day, startedAt, finishedAt }: Run): boolean {
  const sql = 'SELECT 1 FROM runs WHERE date = ? AND started_at = ? AND finished_at = ?';
  return selectRows(db, sql, [day, startedAt, finishedAt]).length > 0;
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
