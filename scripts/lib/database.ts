import { readFile } from 'node:fs/promises';
import path from 'node:path';
import initSqlJs, { type Database, type SqlJsStatic } from 'sql.js';
import { errorMessage } from './plain-text.ts';
import { writeFileAtomically } from './write-file.ts';

export const DATABASE_PATH = 'data/hashtag_tracker.db';

/** The database file can't be used. The message says what is wrong and what to do. */
export class DatabaseError extends Error {
  override name = 'DatabaseError';
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
 * @throws DatabaseError where the file is not a sound database of a known version
 */
export async function openDatabase(root: string): Promise<Database> {
  let file: Uint8Array | null;
  try {
    file = await readFile(path.join(root, DATABASE_PATH));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new DatabaseError(`${DATABASE_PATH} can't be read: ${errorMessage(cause)}`, { cause });
    }
    file = null;
  }
  return parseDatabase(file);
}

/**
 * A database from the bytes of its file; null makes a new one.
 * @throws DatabaseError as `openDatabase`
 */
export async function parseDatabase(file: Uint8Array | null): Promise<Database> {
  if (file !== null) refuseForeignFile(file);
  sqlJs ??= initSqlJs();
  const { Database } = await sqlJs;
  const db = new Database(file);
  try {
    if (file !== null) checkIntegrity(db);
    migrate(db);
    return db;
  } catch (cause) {
    db.close();
    if (cause instanceof DatabaseError) throw cause;
    throw damaged(`SQLite says: ${errorMessage(cause)}`, cause);
  }
}

/** Writes the database to its file below `root`, all or nothing. */
export async function saveDatabase(db: Database, root: string): Promise<void> {
  try {
    await writeFileAtomically(path.join(root, DATABASE_PATH), db.export());
  } catch (cause) {
    const message = `${DATABASE_PATH} could not be written: ${errorMessage(cause)}`;
    throw new DatabaseError(message, { cause });
  }
}

/** All rows of a query, columns in order. */
export function selectRows(db: Database, sql: string, parameters: (string | number)[] = []) {
  const statement = db.prepare(sql, parameters);
  try {
    const rows: (string | number | Uint8Array | null)[][] = [];
    while (statement.step()) rows.push(statement.get());
    return rows;
  } finally {
    statement.free();
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

function damaged(what: string, cause?: unknown): DatabaseError {
  const message =
    `${DATABASE_PATH} is damaged: ${what}. It was left as it is. ` +
    `Take the last good version from git: git log --oneline -- ${DATABASE_PATH}, then ` +
    `git checkout <commit> -- ${DATABASE_PATH}`;
  return new DatabaseError(message, { cause });
}

function refuseForeignFile(file: Uint8Array): void {
  if (file.length === 0) throw damaged('the file is empty');
  const start = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, 100));
  if (start.toString('latin1').startsWith('version https://git-lfs')) {
    throw new DatabaseError(
      `${DATABASE_PATH} is only a Git LFS pointer; fetch the file itself: git lfs pull`,
    );
  }
  if (!start.toString('latin1').startsWith('SQLite format 3\0')) {
    throw damaged('it is not a SQLite file');
  }
  if (file.length < 100) throw damaged('it is cut short');
  if (start[18] === 2) {
    throw new DatabaseError(
      `${DATABASE_PATH} is in WAL mode, which keeps rows in a second file; ` +
        `run: sqlite3 ${DATABASE_PATH} 'PRAGMA journal_mode = DELETE'`,
    );
  }
  // https://sqlite.org/fileformat.html: page size at 16 (1 means 65536), size in pages at 28.
  const pageSize = start.readUInt16BE(16) === 1 ? 65_536 : start.readUInt16BE(16);
  const expectedBytes = pageSize * start.readUInt32BE(28);
  if (file.length < expectedBytes) {
    throw damaged(`it is cut short, ${file.length} of ${expectedBytes} bytes`);
  }
}

function checkIntegrity(db: Database): void {
  const answer = selectRows(db, 'PRAGMA integrity_check(3)').flat().join('; ');
  if (answer !== 'ok') throw damaged(`its integrity check says "${answer}"`);
}

function migrate(db: Database): void {
  const version = Number(selectRows(db, 'PRAGMA user_version')[0]?.[0]);
  if (version > MIGRATIONS.length) {
    throw new DatabaseError(
      `${DATABASE_PATH} was written by a newer tracker (schema ${version}, this one knows ` +
        `${MIGRATIONS.length}); update the scripts: git pull`,
    );
  }
  MIGRATIONS.slice(version).forEach((migration, index) => {
    inTransaction(db, () => {
      migration(db);
      db.run(`PRAGMA user_version = ${version + index + 1}`);
    });
  });
}

/** From nothing, or from a file of the tutorial's script, whose rows are all kept. */
function createTables(db: Database): void {
  const columns = selectRows(db, "SELECT name FROM pragma_table_info('snapshots')").flat().join();
  if (columns !== '' && columns !== 'date,hashtag,video_count,view_count') {
    throw new DatabaseError(
      `${DATABASE_PATH} has a table "snapshots" with other columns (${columns}); ` +
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
        `${DATABASE_PATH} has ${unkeyed[0]?.[0]} snapshots without a date or a hashtag, which ` +
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
    CREATE TABLE runs (
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
    CREATE TABLE failures (
      run_id INTEGER NOT NULL REFERENCES runs (id),
      hashtag TEXT NOT NULL,
      kind TEXT NOT NULL,
      reason TEXT NOT NULL,
      PRIMARY KEY (run_id, hashtag)
    ) WITHOUT ROWID;
    -- Counts that a later run of the same day replaced, as they were before it.
    CREATE TABLE corrections (
      run_id INTEGER NOT NULL REFERENCES runs (id),
      hashtag TEXT NOT NULL,
      video_count INTEGER,
      view_count INTEGER,
      PRIMARY KEY (run_id, hashtag)
    ) WITHOUT ROWID;
  `);
}
