import type { Database } from 'sql.js';
import { errorMessage } from '../core/text.ts';
import { openUnchecked } from './database.ts';
import { iterateRows } from './rows.ts';

/** What of a damaged file another database lacks. */
type Lost = {
  snapshots: number;
  runs: number;
  videos: number;
  /** False if the damage hides more rows. */
  isAll: boolean;
};

/**
 * Counts the snapshots, runs and videos that can still be read in a damaged file and that `db` lacks.
 * Null if no row of the file can be read.
 */
export async function countLost(damaged: Uint8Array, db: Database): Promise<Lost | null> {
  using source = await openUnchecked(withActualLength(damaged));
  // Else SQLite reads no table if one of them begins on a page that is gone. It may fail as well.
  readKeys(source, 'PRAGMA writable_schema = ON');
  const count = (sql: string) => {
    const { keys: known } = readKeys(db, sql);
    const { keys, isAll } = readKeys(source, sql);
    return { found: keys.size, lost: [...keys].filter((key) => !known.has(key)).length, isAll };
  };
  const snapshots = count('SELECT date, hashtag FROM snapshots NOT INDEXED');
  const runs = count('SELECT date, started_at, finished_at FROM runs NOT INDEXED');
  if (snapshots.found + runs.found === 0) return null;
  const videos = count('SELECT date, hashtag, video_id FROM videos NOT INDEXED');
  return {
    snapshots: snapshots.lost,
    runs: runs.lost,
    videos: videos.lost,
    isAll: snapshots.isAll && runs.isAll && videos.isAll,
  };
}

/** A copy whose header says how long the file is, because SQLite reads nothing of a file cut short. */
function withActualLength(file: Uint8Array): Buffer {
  const copy = Buffer.from(file);
  if (copy.length < 100) return copy;
  // https://sqlite.org/fileformat.html: page size at 16 (1 means 65536), size in pages at 28.
  const pageSize = copy.readUInt16BE(16) === 1 ? 65_536 : copy.readUInt16BE(16);
  if (pageSize > 0) copy.writeUInt32BE(Math.floor(copy.length / pageSize), 28);
  return copy;
}

/** The rows up to the first that can't be read. */
function readKeys(db: Database, sql: string): { keys: Set<string>; isAll: boolean } {
  const keys = new Set<string>();
  try {
    for (const row of iterateRows(db, sql)) keys.add(JSON.stringify(Object.values(row)));
  } catch (error) {
    // A file of an older schema has fewer tables.
    const isAll = errorMessage(error).startsWith('no such table');
    return { keys, isAll };
  }
  return { keys, isAll: true };
}
