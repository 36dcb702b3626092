import type { Database, SqlJsStatic } from 'sql.js';
import { DamagedDatabaseError, DatabaseError } from '../core/errors.ts';
import { DATABASE_PATH } from '../core/paths.ts';
import { errorMessage } from '../core/text.ts';
import { migrate } from './migrations.ts';
import { selectRows } from './rows.ts';

/** An open database; disposing closes it. */
export type OpenDatabase = Database & Disposable;

let sqlJs: Promise<SqlJsStatic> | undefined;

/**
 * Opens a database from the bytes of its file, or a new one for null. Messages use `name` for it.
 * A file of an older version, or of the tutorial's script, is upgraded in memory.
 * @throws DatabaseError if it is not a database that this version can use, and the subclass
 * DamagedDatabaseError if it is damaged
 */
export async function parseDatabase(
  file: Uint8Array | null,
  name = DATABASE_PATH,
): Promise<OpenDatabase> {
  if (file !== null) refuseForeignFile(file, name);
  // Loaded only here, because not every command opens a database.
  sqlJs ??= import('sql.js').then(({ default: initSqlJs }) => initSqlJs());
  const { Database } = await sqlJs;
  const db = new Database(file);
  try {
    if (file !== null) checkIntegrity(db, name);
    migrate(db, name);
    checkColumns(db, name);
    return Object.assign(db, { [Symbol.dispose]: () => db.close() });
  } catch (cause) {
    db.close();
    if (cause instanceof DatabaseError) throw cause;
    throw damaged(name, `SQLite says: ${errorMessage(cause)}`, cause);
  }
}

/** True for the bytes of a SQLite file that the tutorial's script wrote. Opening them upgrades them. */
export function isTutorialFile(file: Buffer): boolean {
  // https://sqlite.org/fileformat.html: the user version at 60; the tutorial's script sets none.
  return file.length >= 64 && file.readUInt32BE(60) === 0;
}

function damaged(name: string, what: string, cause?: unknown): DamagedDatabaseError {
  return new DamagedDatabaseError(`${name} is damaged: ${what}. It was left as it is`, { cause });
}

function refuseForeignFile(file: Uint8Array, name: string): void {
  if (file.length === 0) throw damaged(name, 'the file is empty');
  const start = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, 100));
  if (start.toString('latin1').startsWith('version https://git-lfs')) {
    throw new DatabaseError(
      `${name} is only a Git LFS pointer; fetch the file itself: git lfs pull`,
    );
  }
  if (!start.toString('latin1').startsWith('SQLite format 3\0')) {
    throw damaged(name, 'it is not a SQLite file');
  }
  if (file.length < 100) throw damaged(name, 'it is cut short');
  if (start[18] === 2) {
    throw new DatabaseError(
      `${name} is in WAL mode, which keeps rows in a second file; ` +
        `run: sqlite3 ${name} 'PRAGMA journal_mode = DELETE'`,
    );
  }
  // https://sqlite.org/fileformat.html: page size at 16 (1 means 65536), size in pages at 28.
  const pageSize = start.readUInt16BE(16) === 1 ? 65_536 : start.readUInt16BE(16);
  const expectedBytes = pageSize * start.readUInt32BE(28);
  if (file.length < expectedBytes) {
    throw damaged(name, `it is cut short, ${file.length} of ${expectedBytes} bytes`);
  }
}

function checkIntegrity(db: Database, name: string): void {
  // The quick check does not compare indexes with their tables. The tutorial's file has an index.
  const hasIndexes = selectRows(db, "SELECT 1 FROM sqlite_schema WHERE type = 'index'").length > 0;
  const check = hasIndexes ? 'integrity_check' : 'quick_check';
  const answers = selectRows(db, `PRAGMA ${check}(3)`).map((row) => Object.values(row)[0]);
  if (answers.join() !== 'ok') {
    throw damaged(name, `its integrity check says "${answers.join('; ')}"`);
  }
}

/** Finds changes that a person made by hand, before SQLite fails after everything is paid for. */
function checkColumns(db: Database, name: string): void {
  const found = new Map(selectRows(db, COLUMNS_OF_TABLES).map((row) => [row.name, row.columns]));
  for (const [table, columns] of Object.entries(COLUMNS)) {
    if (found.get(table) === columns) continue;
    throw new DatabaseError(
      `${name} has ${found.has(table) ? 'other columns in its' : 'no'} table ${table}, which ` +
        `should have the columns ${columns}; undo that, or run: git restore ${DATABASE_PATH}`,
    );
  }
}

const COLUMNS_OF_TABLES = `SELECT tables.name, group_concat(columns.name) AS columns
  FROM sqlite_schema tables JOIN pragma_table_info(tables.name) columns
  WHERE tables.type = 'table' GROUP BY tables.name`;

const COLUMNS = {
  snapshots: 'date,hashtag,video_count,view_count',
  runs: 'id,date,started_at,finished_at,trigger,url,tracked,asked,stored,failed,credits_used,credits_remaining',
  failures: 'run_id,hashtag,kind,reason',
  corrections: 'run_id,hashtag,video_count,view_count',
};
