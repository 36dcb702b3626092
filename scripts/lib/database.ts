import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Database, SqlJsStatic } from 'sql.js';
import { git } from './git.ts';
import { errorMessage } from './plain-text.ts';
import { describeSystemError, writeFileAtomically } from './write-file.ts';

export const DATABASE_PATH = 'data/hashtag_tracker.db';

/** The database file can't be used. The message says what is wrong and what to do. */
export class DatabaseError extends Error {
  override name = 'DatabaseError';
}

/** The file is not what it was written as, or gone: `npm run restore` can bring it back. */
export class DamagedDatabaseError extends DatabaseError {
  override name = 'DamagedDatabaseError';
}

/** Each brings a file from the version of its index to the next, in one transaction. */
const MIGRATIONS = [createTables];

const SNAPSHOTS_TABLE = `(
  date TEXT,
  hashtag TEXT,
  video_count INTEGER,
  view_count INTEGER,
  PRIMARY KEY (date, hashtag)
) WITHOUT ROWID`;

let sqlJs: Promise<SqlJsStatic> | undefined;

/**
 * Opens the database below `root`; a new, empty one where there is no such file, and only then.
 * A file of an older version (the tutorial's script's, too) is upgraded in memory.
 * @throws DatabaseError where the file is not a sound database of a known version, and its kind
 * DamagedDatabaseError where it was one, or is missing though the last commit has it
 */
export async function openDatabase(root: string): Promise<Database> {
  let file: Uint8Array | null;
  try {
    file = await readFile(path.join(root, DATABASE_PATH));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new DatabaseError(`the database can't be read: ${describeSystemError(cause)}`, {
        cause,
      });
    }
    if (await isCommitted(root)) {
      throw new DamagedDatabaseError(`${DATABASE_PATH} is missing, though the last commit has it`);
    }
    file = null;
  }
  return parseDatabase(file);
}

/**
 * A database from the bytes of its file, which messages call `name`; null makes a new one.
 * @throws DatabaseError as `openDatabase`
 */
export async function parseDatabase(
  file: Uint8Array | null,
  name = DATABASE_PATH,
): Promise<Database> {
  if (file !== null) refuseForeignFile(file, name);
  // Loaded here: only a command that opens a database pays for it.
  sqlJs ??= import('sql.js').then(({ default: initSqlJs }) => initSqlJs());
  const { Database } = await sqlJs;
  const db = new Database(file);
  try {
    if (file !== null) checkIntegrity(db, name);
    migrate(db, name);
    checkColumns(db, name);
    return db;
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

/** Writes the database to its file below `root`, all or nothing. */
export async function saveDatabase(db: Database, root: string): Promise<void> {
  try {
    await writeFileAtomically(path.join(root, DATABASE_PATH), db.export());
  } catch (cause) {
    const message = `the database could not be written: ${describeSystemError(cause)}`;
    throw new DatabaseError(message, { cause });
  }
}

/** All rows of a query, columns in order. */
export function selectRows(db: Database, sql: string, parameters: (string | number)[] = []) {
  return [...iterateRows(db, sql, parameters)];
}

/** The same, one row at a time. */
export function* iterateRows(db: Database, sql: string, parameters: (string | number)[] = []) {
  const statement = db.prepare(sql, parameters);
  try {
    while (statement.step()) yield statement.get();
  } finally {
    statement.free();
  }
}

/** Runs `work` while the queries of `db` can read `other`, too, as the schema `name`. */
export function withAttached<T>(db: Database, other: Database, name: string, work: () => T): T {
  const file = selectRows(other, "SELECT file FROM pragma_database_list WHERE name = 'main'");
  db.run(`ATTACH ? AS ${name}`, [String(file)]);
  try {
    return work();
  } finally {
    db.run(`DETACH ${name}`);
  }
}

/** Runs `change` in a transaction: all of it, or nothing where it throws. */
export function inTransaction(db: Database, change: () => void): void {
  db.run('BEGIN');
  try {
    change();
    db.run('COMMIT');
  } catch (error) {
    db.run('ROLLBACK');
    throw error;
  }
}

function isCommitted(root: string): Promise<boolean> {
  return git(root, ['cat-file', '-e', `HEAD:${DATABASE_PATH}`]).then(
    () => true,
    () => false, // no such file in the last commit, or no repository
  );
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
  // The quick one leaves out only to compare indexes with their tables: the tutorial's file has one.
  const hasIndexes = selectRows(db, "SELECT 1 FROM sqlite_schema WHERE type = 'index'").length > 0;
  const check = hasIndexes ? 'integrity_check' : 'quick_check';
  const answer = selectRows(db, `PRAGMA ${check}(3)`).flat().join('; ');
  if (answer !== 'ok') throw damaged(name, `its integrity check says "${answer}"`);
}

function migrate(db: Database, name: string): void {
  const version = Number(selectRows(db, 'PRAGMA user_version')[0]?.[0]);
  if (version > MIGRATIONS.length) {
    throw new DatabaseError(
      `${name} was written by a newer tracker (schema ${version}, this one knows ` +
        `${MIGRATIONS.length}); update the scripts: git pull`,
    );
  }
  MIGRATIONS.slice(version).forEach((migration, index) => {
    inTransaction(db, () => {
      migration(db, name);
      db.run(`PRAGMA user_version = ${version + index + 1}`);
    });
  });
}

/** What a person changed by hand would be told by SQLite in the midst of a run, when all is paid for. */
function checkColumns(db: Database, name: string): void {
  const found = new Map(selectRows(db, COLUMNS_OF_TABLES) as [string, string][]);
  for (const [table, columns] of Object.entries(COLUMNS)) {
    if (found.get(table) === columns) continue;
    throw new DatabaseError(
      `${name} has ${found.has(table) ? `other columns in its table ${table}` : `no table ${table}`} ` +
        `than the tracker's (${columns}); undo that, or: git restore ${DATABASE_PATH}`,
    );
  }
}

const COLUMNS_OF_TABLES = `SELECT tables.name, group_concat(columns.name)
  FROM sqlite_schema tables JOIN pragma_table_info(tables.name) columns
  WHERE tables.type = 'table' GROUP BY tables.name`;

const COLUMNS = {
  snapshots: 'date,hashtag,video_count,view_count',
  runs: 'id,date,started_at,finished_at,trigger,url,tracked,asked,stored,failed,credits_used,credits_remaining',
  failures: 'run_id,hashtag,kind,reason',
  corrections: 'run_id,hashtag,video_count,view_count',
};

/** From nothing, or from a file of the tutorial's script, whose rows are all kept. */
function createTables(db: Database, name: string): void {
  const columns = selectRows(db, "SELECT name FROM pragma_table_info('snapshots')").flat().join();
  if (columns !== '' && columns !== 'date,hashtag,video_count,view_count') {
    throw new DatabaseError(
      `${name} has a table "snapshots" with other columns (${columns}); ` +
        'it is not a tracker’s database. Move it away, or import its rows into a new one',
    );
  }
  if (columns === '') {
    db.run(`CREATE TABLE snapshots ${SNAPSHOTS_TABLE}`);
  } else {
    const unkeyed = selectRows(
      db,
      'SELECT count(*) FROM snapshots WHERE date IS NULL OR hashtag IS NULL',
    );
    if (unkeyed[0]?.[0] !== 0) {
      throw new DatabaseError(
        `${name} has ${unkeyed[0]?.[0]} snapshots without a date or a hashtag, which ` +
          'nothing can be said about; delete them first: ' +
          'DELETE FROM snapshots WHERE date IS NULL OR hashtag IS NULL',
      );
    }
    db.run(`CREATE TABLE upgraded ${SNAPSHOTS_TABLE}`);
    db.run('INSERT INTO upgraded SELECT * FROM snapshots ORDER BY date, hashtag');
    db.run('DROP TABLE snapshots');
    db.run('ALTER TABLE upgraded RENAME TO snapshots');
  }
  db.run(`
    -- What each run did: times in UTC, credits NULL where the API did not say.
    CREATE TABLE IF NOT EXISTS runs (
      id INTEGER PRIMARY KEY,
      date TEXT NOT NULL,
      started_at TEXT NOT NULL,
      finished_at TEXT NOT NULL,
      trigger TEXT NOT NULL,
      url TEXT,
      tracked INTEGER NOT NULL,
      asked INTEGER NOT NULL,
      stored INTEGER NOT NULL,
      failed INTEGER NOT NULL,
      credits_used INTEGER,
      credits_remaining INTEGER
    );
    -- What a run could not get, and why: 'not-found', 'failed' or 'not-asked'.
    CREATE TABLE IF NOT EXISTS failures (
      run_id INTEGER NOT NULL REFERENCES runs (id),
      hashtag TEXT NOT NULL,
      kind TEXT NOT NULL,
      reason TEXT NOT NULL,
      PRIMARY KEY (run_id, hashtag)
    ) WITHOUT ROWID;
    -- Counts that a later run of the same day replaced, as they were before it.
    CREATE TABLE IF NOT EXISTS corrections (
      run_id INTEGER NOT NULL REFERENCES runs (id),
      hashtag TEXT NOT NULL,
      video_count INTEGER,
      view_count INTEGER,
      PRIMARY KEY (run_id, hashtag)
    ) WITHOUT ROWID;
  `);
}
