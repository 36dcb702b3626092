import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Database } from 'sql.js';
import { addDays } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import { canonicalHashtag } from '../core/hashtag-name.ts';
import { compareText } from '../core/text.ts';
import { parseDatabase } from '../store/database.ts';
import { firstDay, newestDay } from '../store/days.ts';
import { toSnapshots } from '../store/history.ts';
import { inTransaction, iterateRows, type Row, selectRows } from '../store/rows.ts';
import { LOOK_BACK_DAYS } from '../trends/trends.ts';
import { groupsByHashtag, thresholds, type Watchlist } from '../watchlist/watchlist.ts';
import { sumGroup } from './group-history.ts';
import {
  GROUPS_PATH,
  type GroupHistories,
  historyPath,
  RECENT_DATABASE_PATH,
  SITE_PATH,
  type SiteHashtag,
  type SiteInfo,
  WHOLE_DATABASE_PATH,
} from './site.ts';

/** The files of a site: their contents by their paths from its top. */
export type SiteFiles = Map<string, Uint8Array>;

/** A larger database is divided, because a phone should not load all of it. */
const MOST_BYTES_WHOLE = 3_000_000;
/** The days of a divided database that come first: those that the trends of a week look back. */
const RECENT_DAYS = LOOK_BACK_DAYS + 10;

/**
 * The data of the site: the database, whole or divided, and what the page has to know beside it.
 * @param mostBytesWhole a database with more bytes is divided
 */
export async function buildData(
  db: Database,
  watchlist: Watchlist,
  mostBytesWhole = MOST_BYTES_WHOLE,
): Promise<SiteFiles> {
  const whole = db.export();
  const isDivided = whole.length > mostBytesWhole;
  const histories = readHistories(db);
  const hashtags = listHashtags(watchlist, [...histories.keys()]);
  const files: SiteFiles = new Map();
  if (isDivided) {
    files.set(RECENT_DATABASE_PATH, compress(await exportRecent(db)));
    for (const [number, { name }] of hashtags.entries()) {
      const rows = histories.get(name);
      if (rows !== undefined) {
        files.set(historyPath(number), compress(await exportHistory(db, name, rows)));
      }
    }
  } else {
    files.set(WHOLE_DATABASE_PATH, compress(whole));
  }
  files.set(GROUPS_PATH, compress(toJson(sumGroups(db, hashtags, histories))));
  const info: SiteInfo = {
    version: createHash('sha256').update(whole).digest('hex').slice(0, 12),
    timeZone: watchlist.settings.timeZone,
    firstDay: firstDay(db),
    isDivided,
    threshold: thresholds(watchlist)(''),
    groups: listGroups(watchlist),
    hashtags,
  };
  files.set(SITE_PATH, toJson(info));
  return files;
}

/** The rows of each hashtag, by the normal form of its name, oldest first. */
function readHistories(db: Database): Map<string, Row[]> {
  const rows = iterateRows(db, 'SELECT * FROM snapshots ORDER BY date');
  const byStoredName = groupBy(rows, ({ hashtag }) => String(hashtag));
  const byName = groupBy(byStoredName, ([stored]) => canonicalHashtag(stored));
  return new Map([...byName].map(([name, parts]) => [name, parts.flatMap(([, part]) => part)]));
}

/** The hashtags of the watchlist in its order, then those that only the database has. */
function listHashtags(watchlist: Watchlist, stored: string[]): SiteHashtag[] {
  const groups = groupsByHashtag(watchlist);
  const thresholdOf = thresholds(watchlist);
  const isPaused = new Map(watchlist.entries.map(({ name, paused }) => [name, paused]));
  const names = new Set([...isPaused.keys(), ...stored.toSorted(compareText)]);
  return [...names].map((name) => {
    const paused = isPaused.get(name);
    return {
      name,
      group: groups.get(name) ?? null,
      threshold: thresholdOf(name),
      status: paused === undefined ? 'removed' : paused ? 'paused' : 'tracked',
    };
  });
}

function listGroups(watchlist: Watchlist): string[] {
  return [...new Set(groupsByHashtag(watchlist).values())];
}

function sumGroups(
  db: Database,
  hashtags: SiteHashtag[],
  histories: Map<string, Row[]>,
): GroupHistories {
  const [first, last] = [firstDay(db), newestDay(db)];
  if (first === null || last === null) return {};
  const members = groupBy(hashtags, ({ group }) => group);
  return Object.fromEntries(
    [...members].flatMap(([group, entries]) => {
      if (group === null) return [];
      const series = entries.map(({ name }) => toSnapshots(histories.get(name) ?? []));
      return [[group, sumGroup(series, first, last)]];
    }),
  );
}

/**
 * The last days of the database, and each hashtag's newest counts before them. By hashtag and date,
 * because so the file is a third smaller.
 */
async function exportRecent(db: Database): Promise<Uint8Array> {
  const newest = newestDay(db);
  const start = newest === null ? '' : addDays(newest, 1 - RECENT_DAYS);
  const older = ['video_count', 'view_count'].flatMap((count) =>
    selectRows(
      db,
      `SELECT max(date) AS date, hashtag, video_count, view_count FROM snapshots
       WHERE date < ? AND ${count} IS NOT NULL GROUP BY hashtag`,
      [start],
    ),
  );
  const recent = selectRows(db, 'SELECT * FROM snapshots WHERE date >= ?', [start]);
  const olderDays = JSON.stringify(older.map(({ date }) => date));
  using part = await createPart(RECENT_ROWS, db, [start, olderDays]);
  insertAll(part, 'snapshots', [...older, ...recent]);
  return part.export();
}

/** The whole history of one hashtag: its snapshots, and what else is stored under its name. */
async function exportHistory(db: Database, name: string, rows: Row[]): Promise<Uint8Array> {
  using part = await createPart(ROWS_OF_HASHTAG, db, [name]);
  insertAll(part, 'snapshots', rows);
  return part.export();
}

const RECENT = 'run_id IN (SELECT id FROM runs WHERE date >= ?1)';
/** What else a part needs. `?1` is its first day, `?2` the days of the older counts (JSON). */
const RECENT_ROWS = {
  runs: 'SELECT * FROM runs WHERE date >= ?1 OR date IN (SELECT value FROM json_each(?2))',
  failures: `SELECT * FROM failures WHERE ${RECENT}`,
  corrections: `SELECT * FROM corrections WHERE ${RECENT}`,
  captures: `SELECT * FROM captures WHERE ${RECENT}
    OR run_id IN (SELECT id FROM runs WHERE date IN (SELECT value FROM json_each(?2)))`,
  videos: 'SELECT * FROM videos WHERE date >= ?1',
  companions: 'SELECT * FROM companions WHERE date >= ?1',
};
/** `?1` is the hashtag. Of the runs, only their times are needed. */
const ROWS_OF_HASHTAG = {
  runs: `SELECT id, date, started_at, finished_at, '' AS trigger, 0 AS tracked, 0 AS asked, stored,
    0 AS failed FROM runs WHERE stored > 0`,
  corrections: 'SELECT * FROM corrections WHERE hashtag = ?1',
  captures: 'SELECT * FROM captures WHERE hashtag = ?1',
  videos: 'SELECT * FROM videos WHERE hashtag = ?1',
};

async function createPart(queries: Record<string, string>, db: Database, parameters: string[]) {
  const part = await parseDatabase(null);
  part.run(`DROP TABLE snapshots;
    CREATE TABLE snapshots (
      date TEXT, hashtag TEXT, video_count INTEGER, view_count INTEGER,
      PRIMARY KEY (hashtag, date)
    ) WITHOUT ROWID`);
  for (const [table, sql] of Object.entries(queries)) {
    insertAll(
      part,
      table,
      selectRows(db, sql, parameters.slice(0, sql.includes('?2') ? 2 : sql.includes('?1') ? 1 : 0)),
    );
  }
  return part;
}

function insertAll(db: Database, table: string, rows: Row[]): void {
  const [first] = rows;
  if (first === undefined) return;
  const columns = Object.keys(first);
  const statement = db.prepare(
    `INSERT OR IGNORE INTO ${table} (${columns.join()}) VALUES (${columns.map(() => '?').join()})`,
  );
  try {
    inTransaction(db, () => {
      for (const row of rows) statement.run(columns.map((column) => row[column] ?? null));
    });
  } finally {
    statement.free();
  }
}

function compress(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 9 });
}

function toJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
