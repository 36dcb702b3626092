import { setFlagsFromString } from 'node:v8';
import type { Database, SqlJsStatic } from 'sql.js';
import { DamagedDatabaseError, DatabaseError } from '../core/errors.ts';
import { DATABASE_PATH } from '../core/paths.ts';
import { errorMessage, plainText } from '../core/text.ts';
import { migrate } from './migrations.ts';
import { selectRows, selectValue } from './rows.ts';

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
  const db = await openUnchecked(file);
  try {
    if (file !== null) {
      refuseTriggers(db, name);
      refuseLostVersion(db, name);
      checkIntegrity(db, name);
    }
    migrate(db, name);
    checkColumns(db, name);
    return db;
  } catch (cause) {
    db.close();
    if (cause instanceof DatabaseError) throw cause;
    throw damaged(name, `SQLite says: ${errorMessage(cause)}`, cause);
  }
}

/** Opens a database from bytes that may be damaged. Any query of it may then throw. */
export async function openUnchecked(file: Uint8Array | null): Promise<OpenDatabase> {
  sqlJs ??= loadSqlite(); // only here, because not every command opens a database
  const { Database } = await sqlJs;
  const db = new Database(file);
  return Object.assign(db, { [Symbol.dispose]: () => db.close() });
}

async function loadSqlite(): Promise<SqlJsStatic> {
  // Without this, V8 spends more time on optimizing SQLite's functions than a run spends in them.
  setFlagsFromString('--wasm-tiering-budget=2000000000');
  const { default: initSqlJs } = await import('sql.js');
  return initSqlJs();
}

/** True for the bytes of a SQLite file that the tutorial's script wrote. Opening them upgrades them. */
export function isTutorialFile(file: Buffer): boolean {
  return file.length >= 64 && schemaOf(file) === 0; // the tutorial's script sets none
}

/** The schema (SQLite's `user_version`) that the bytes of a file have. Opening them upgrades them. */
export function schemaOf(file: Buffer): number {
  return file.length < 64 ? 0 : file.readInt32BE(60); // https://sqlite.org/fileformat.html
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
  // https://sqlite.org/fileformat.html: encoding at 56, page size at 16 (1 means 65536), pages at 28.
  if (start.readUInt32BE(56) > 1) {
    throw new DatabaseError(
      `${name} stores its texts as UTF-16, so it can't be compared with others, which have UTF-8. ` +
        `Take the committed file back: git checkout HEAD -- ${DATABASE_PATH}; or, to use another file, ` +
        `copy it: sqlite3 ${name} .dump | sqlite3 COPY.db`,
    );
  }
  const pageSize = start.readUInt16BE(16) === 1 ? 65_536 : start.readUInt16BE(16);
  const expectedBytes = pageSize * start.readUInt32BE(28);
  if (file.length < expectedBytes) {
    throw damaged(name, `it is cut short, ${file.length} of ${expectedBytes} bytes`);
  }
}

/** Refuses triggers, which would act on what the tracker writes. Reading the schema starts none. */
function refuseTriggers(db: Database, name: string): void {
  const sql = "SELECT name, lower(tbl_name) AS tbl FROM sqlite_schema WHERE type = 'trigger'";
  for (const trigger of selectRows(db, sql)) {
    if (!isOwnTable(String(trigger.tbl))) continue;
    const quoted = String(trigger.name).replaceAll('"', '""');
    throw new DatabaseError(
      `${name} has the trigger "${plainText(String(trigger.name))}" on its table ${trigger.tbl}, ` +
        `which would change what the tracker stores. Remove it: DROP TRIGGER "${plainText(quoted)}", ` +
        `or take the committed file back: git checkout HEAD -- ${DATABASE_PATH}`,
    );
  }
}

/**
 * Refuses the tracker's tables under the version of the tutorial's script, which never had them, and
 * versions that nobody writes.
 */
function refuseLostVersion(db: Database, name: string): void {
  const version = Number(selectValue(db, 'PRAGMA user_version'));
  const hasRuns = selectRows(db, LIST_TABLES).some((table) => table.lower === 'runs');
  if (version > 0 || (version === 0 && !hasRuns)) return;
  const what = hasRuns ? 'a table runs, but its user_version is' : 'the user_version';
  throw new DatabaseError(
    `${name} has ${what} ${version}, so it is not as the tracker wrote it. Take the committed ` +
      `file back: git checkout HEAD -- ${DATABASE_PATH}; or, if it is a copy of a dump with ` +
      'all tables of this tracker, run in it: PRAGMA user_version = 1. If runs is your own table, ' +
      'give it another name',
  );
}

/** Checks the tables one by one if some are of a module that this SQLite does not have. */
function checkIntegrity(db: Database, name: string): void {
  // The quick check does not compare indexes with their tables. The tutorial's file has an index.
  const hasIndexes = selectRows(db, "SELECT 1 FROM sqlite_schema WHERE type = 'index'").length > 0;
  const check = hasIndexes ? 'integrity_check' : 'quick_check';
  const hasVirtual = selectRows(
    db,
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND rootpage = 0",
  );
  const ordinary = selectRows(db, LIST_TABLES).map((table) => String(table.name));
  const parts =
    hasVirtual.length === 0
      ? ['3']
      : ['sqlite_schema', ...ordinary].map((table) => `"${table.replaceAll('"', '""')}"`);
  const answers = parts
    .flatMap((part) => selectRows(db, `PRAGMA ${check}(${part})`))
    .map((row) => String(Object.values(row)[0]))
    .filter((answer) => answer !== 'ok');
  if (answers.length > 0) {
    throw damaged(name, `its integrity check says "${answers.slice(0, 3).join('; ')}"`);
  }
}

/** Finds changes that a person made by hand, before SQLite fails after everything is paid for. */
function checkColumns(db: Database, name: string): void {
  const tables = new Set(selectRows(db, LIST_TABLES).map((table) => table.lower));
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const found = selectValue(db, COLUMNS_OF_TABLE, [table]);
    if (tables.has(table) && found === columns) continue;
    throw new DatabaseError(
      `${name} has ${tables.has(table) ? 'other columns in its' : 'no'} table ${table}, which ` +
        `should have the columns ${columns}${tables.has(table) ? `, not ${plainText(String(found), 400)}` : ''}; ` +
        `undo that, or run: git restore ${DATABASE_PATH}. If it is your own table or view, give it another name`,
    );
  }
}

/**
 * Refuses what makes SQLite reject rows that the tracker stores: conditions on its columns, and
 * unique indexes of less than a table's key.
 * @throws DatabaseError
 */
export function refuseConstraints(db: Database): void {
  const own = [JSON.stringify(Object.keys(COLUMNS))];
  const condition = selectRows(db, DEFINITIONS, own).find(({ sql }) => CONDITION.test(String(sql)));
  const [found = condition] = selectRows(db, FIND_CONSTRAINTS, own);
  if (found === undefined) return;
  throw new DatabaseError(
    `${DATABASE_PATH} has ${plainText(String(found.what))} on its table ${found.name}, which would ` +
      'reject what the tracker stores. Remove it, or take the committed file back: ' +
      `git checkout HEAD -- ${DATABASE_PATH}`,
  );
}

const CONDITION = /\b(?:CHECK|UNIQUE|COLLATE)\b/i;
const DEFINITIONS = `SELECT 'a condition (CHECK, UNIQUE or COLLATE)' AS what, name, sql
  FROM sqlite_schema WHERE type = 'table' AND lower(name) IN (SELECT value FROM json_each(?1))`;

// A column with one of these names may be unknown in any table.
const FIND_CONSTRAINTS = `SELECT 'NOT NULL for the column ' || c.name AS what, own.value AS name
    FROM json_each(?1) own, pragma_table_xinfo(own.value) c
    WHERE c."notnull" = 1 AND lower(c.name) IN ('video_count', 'view_count', 'url',
      'credits_used', 'credits_remaining', 'author', 'plays', 'created_at')
  UNION ALL SELECT 'the unique index "' || i.name || '"', own.value
    FROM json_each(?1) own, pragma_index_list(own.value) i
    WHERE i.origin = 'c' AND i."unique" = 1 AND EXISTS (
      SELECT name FROM pragma_table_xinfo(own.value) WHERE pk > 0
      EXCEPT SELECT name FROM pragma_index_info(i.name)
    )`;

/** The ordinary tables. A table of a module (FTS5, R*Tree) has no page of its own. */
const LIST_TABLES = `SELECT name, lower(name) AS lower FROM sqlite_schema
  WHERE type = 'table' AND rootpage > 0`;

/** The columns of the table ?1 with their types, and its key. */
const COLUMNS_OF_TABLE = `SELECT group_concat(name || ' ' || upper(type))
    || ' (key: ' || (SELECT group_concat(name) FROM
      (SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 ORDER BY pk)) || ')'
  FROM pragma_table_xinfo(?1)`;

const COUNTS = 'video_count INTEGER,view_count INTEGER';
const COLUMNS: Record<string, string> = {
  snapshots: `date TEXT,hashtag TEXT,${COUNTS} (key: date,hashtag)`,
  runs:
    'id INTEGER,date TEXT,started_at TEXT,finished_at TEXT,trigger TEXT,url TEXT,' +
    'tracked INTEGER,asked INTEGER,stored INTEGER,failed INTEGER,credits_used INTEGER,' +
    'credits_remaining INTEGER (key: id)',
  failures: 'run_id INTEGER,hashtag TEXT,kind TEXT,reason TEXT (key: run_id,hashtag)',
  corrections: `run_id INTEGER,hashtag TEXT,${COUNTS} (key: run_id,hashtag)`,
  imports:
    'id INTEGER,imported_at TEXT,source TEXT,sha256 TEXT,first_date TEXT,last_date TEXT,' +
    'rows INTEGER (key: id)',
  captures: 'run_id INTEGER,hashtag TEXT (key: run_id,hashtag)',
  hashtags: 'hashtag TEXT,tiktok_id TEXT (key: hashtag)',
  videos:
    'date TEXT,hashtag TEXT,video_id TEXT,author TEXT,plays INTEGER,created_at TEXT ' +
    '(key: date,hashtag,video_id)',
  companions: 'date TEXT,hashtag TEXT,companion TEXT,uses INTEGER (key: date,hashtag,companion)',
  archived_days: 'date TEXT,snapshots INTEGER,missed INTEGER (key: date)',
  archived_hashtags:
    'hashtag TEXT,first_date TEXT,most_videos INTEGER,most_views INTEGER,failed_since TEXT,' +
    'reason TEXT,absent_since TEXT,absent_days INTEGER (key: hashtag)',
  archived_latest: `hashtag TEXT,date TEXT,${COUNTS},captured_at INTEGER (key: hashtag,date)`,
};

function isOwnTable(name: string): boolean {
  return Object.hasOwn(COLUMNS, name);
}
