import type { Database } from 'sql.js';
import { DatabaseError } from '../core/errors.ts';
import { errorMessage, plainText } from '../core/text.ts';
import { inTransaction, selectRows, selectValue } from './rows.ts';

/** Each upgrades a file to the next version (SQLite's `user_version`), in one transaction. */
const MIGRATIONS = [createTables, addImports, addCapturesAndVideos, addArchivedMonths];

/** The newest version that this program knows. */
export const SCHEMA = MIGRATIONS.length;

const SNAPSHOTS_TABLE = `(
  date TEXT,
  hashtag TEXT,
  video_count INTEGER,
  view_count INTEGER,
  PRIMARY KEY (date, hashtag)
) WITHOUT ROWID`;

/**
 * Upgrades a database to the newest version.
 * @throws DatabaseError if it is from a newer tracker, or can't be upgraded
 */
export function migrate(db: Database, name: string): void {
  const version = Number(selectValue(db, 'PRAGMA user_version'));
  if (version > MIGRATIONS.length) {
    throw new DatabaseError(
      `${name} was written by a newer tracker (schema ${version}, this one knows ` +
        `${MIGRATIONS.length}); update the scripts: git pull`,
    );
  }
  MIGRATIONS.slice(version).forEach((upgrade, index) => {
    try {
      inTransaction(db, () => {
        upgrade(db, name);
        db.run(`PRAGMA user_version = ${version + index + 1}`);
      });
    } catch (cause) {
      if (cause instanceof DatabaseError) throw cause;
      throw new DatabaseError(
        `${name} can't be upgraded, because SQLite says: ${plainText(errorMessage(cause))}. If that ` +
          'is about a table, view or index of your own, give it another name, or remove it',
        { cause },
      );
    }
  });
}

/** Creates the tables, or upgrades those of the tutorial's script, whose rows are all kept. */
function createTables(db: Database, name: string): void {
  const columns = selectRows(db, "SELECT name FROM pragma_table_xinfo('snapshots')")
    .map((row) => row.name)
    .join();
  if (columns === '') db.run(`CREATE TABLE snapshots ${SNAPSHOTS_TABLE}`);
  else upgradeTutorialTable(db, name, columns);
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
    -- What a run could not get, and why: 'not-found', 'rejected', 'failed' or 'not-asked'.
    -- 'videos': the run has its counts, but could not get its videos.
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

/** Adds the table that explains rows which no run captured. */
function addImports(db: Database): void {
  db.run(`
    -- What an import or a restore added: when (UTC), from where, the hash of that source, and the
    -- range and number of the snapshots.
    CREATE TABLE IF NOT EXISTS imports (
      id INTEGER PRIMARY KEY,
      imported_at TEXT,
      source TEXT,
      sha256 TEXT,
      first_date TEXT,
      last_date TEXT,
      rows INTEGER
    );
  `);
}

/** Adds the tables that say when a later reading was taken, and what people post under a hashtag. */
function addCapturesAndVideos(db: Database): void {
  db.run(`
    -- The snapshots that a later run of the day brought or replaced. The day's first run with
    -- snapshots brought all others, and is not listed. Of several, the newest run's counts stand.
    CREATE TABLE IF NOT EXISTS captures (
      run_id INTEGER NOT NULL REFERENCES runs (id),
      hashtag TEXT NOT NULL,
      PRIMARY KEY (run_id, hashtag)
    ) WITHOUT ROWID;
    -- TikTok's own number of a hashtag, by which its videos are asked for.
    CREATE TABLE IF NOT EXISTS hashtags (
      hashtag TEXT PRIMARY KEY,
      tiktok_id TEXT NOT NULL
    ) WITHOUT ROWID;
    -- Videos of a hashtag as they were on a day. created_at is in UTC. Unknown values are NULL.
    CREATE TABLE IF NOT EXISTS videos (
      date TEXT NOT NULL,
      hashtag TEXT NOT NULL,
      video_id TEXT NOT NULL,
      author TEXT,
      plays INTEGER,
      created_at TEXT,
      PRIMARY KEY (date, hashtag, video_id)
    ) WITHOUT ROWID;
    -- The hashtags that the day's videos of a hashtag name as well, and in how many of them.
    CREATE TABLE IF NOT EXISTS companions (
      date TEXT NOT NULL,
      hashtag TEXT NOT NULL,
      companion TEXT NOT NULL,
      uses INTEGER NOT NULL,
      PRIMARY KEY (date, hashtag, companion)
    ) WITHOUT ROWID;
  `);
}

/** Adds what the daily file keeps of months that were moved to files of their own. */
function addArchivedMonths(db: Database): void {
  db.run(`
    -- The days of the archived months: how many snapshots each has, and how many hashtags its runs
    -- missed.
    CREATE TABLE IF NOT EXISTS archived_days (
      date TEXT PRIMARY KEY,
      snapshots INTEGER NOT NULL,
      missed INTEGER NOT NULL
    ) WITHOUT ROWID;
    -- The archived hashtags, as they are stored there: the first day and the highest counts; and,
    -- after the newest count, since when requests fail, the newest reason, since when TikTok does
    -- not know the hashtag, and on how many days.
    CREATE TABLE IF NOT EXISTS archived_hashtags (
      hashtag TEXT PRIMARY KEY,
      first_date TEXT,
      most_videos INTEGER,
      most_views INTEGER,
      failed_since TEXT,
      reason TEXT,
      absent_since TEXT,
      absent_days INTEGER NOT NULL
    ) WITHOUT ROWID;
    -- The archived snapshots with the two newest counts of each measure of a hashtag. captured_at is
    -- in Unix milliseconds.
    CREATE TABLE IF NOT EXISTS archived_latest (
      hashtag TEXT,
      date TEXT,
      video_count INTEGER,
      view_count INTEGER,
      captured_at INTEGER,
      PRIMARY KEY (hashtag, date)
    ) WITHOUT ROWID;
  `);
}

function upgradeTutorialTable(db: Database, name: string, columns: string): void {
  if (columns !== 'date,hashtag,video_count,view_count') {
    throw new DatabaseError(
      `${name} has a table "snapshots" with other columns (${columns}), so it is not a tracker’s ` +
        'database. Move it away, or import its rows into a new one',
    );
  }
  const withoutKey = 'FROM snapshots WHERE date IS NULL OR hashtag IS NULL';
  const count = selectValue(db, `SELECT count(*) ${withoutKey}`);
  if (count !== 0) {
    throw new DatabaseError(
      `${name} has ${count} snapshots without a date or a hashtag, which can't be used; ` +
        `delete them first: DELETE ${withoutKey}`,
    );
  }
  // Dropping the table takes people's own indexes with it, but leaves their views.
  const indexes = selectRows(
    db,
    `SELECT sql FROM sqlite_schema
     WHERE type = 'index' AND lower(tbl_name) = 'snapshots' AND sql IS NOT NULL`,
  );
  // Nothing is renamed, because SQLite refuses that while a view lacks its table.
  db.run(`
    CREATE TEMP TABLE tutorial_rows AS SELECT * FROM main.snapshots;
    DROP TABLE main.snapshots;
    CREATE TABLE main.snapshots ${SNAPSHOTS_TABLE};
    INSERT INTO main.snapshots SELECT * FROM temp.tutorial_rows ORDER BY date, hashtag;
    DROP TABLE temp.tutorial_rows;
  `);
  for (const { sql } of indexes) db.run(String(sql));
}
