import type { Database, SqlValue } from 'sql.js';
import { type Day, isDay } from '../core/day.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { firstKeptDay, readFirstRuns, toSnapshots } from './history.ts';
import {
  addMissingSnapshots,
  INSERT_IMPORT,
  INSERT_RUN,
  lastRunId,
  recordCaptures,
} from './record.ts';
import { inTransaction, type Row, selectRows, withAttached } from './rows.ts';

/**
 * Adds what `source` (a checkout) has and neither `target` (the remote) nor `base` has: runs with
 * their snapshots, and imported snapshots with the records of the imports. If both have a snapshot,
 * it stays as it is in `target`, and the other counts become a correction.
 * @param base what both come from; what `target` lacks of it was removed there on purpose
 * @returns the days that were changed, and the imported snapshots of archived months, which are not
 *   added
 */
export function adoptAdditions(
  target: Database,
  source: Database,
  base: Database,
): { days: Day[]; archived: Snapshot[] } {
  const days = adoptRuns(target, source, base);
  adoptImports(target, source, base);
  adoptFindings(target, source, base);
  const added = withAttached(source, base, 'base', () => selectRows(source, ADDED_SNAPSHOTS));
  const kept = firstKeptDay(target);
  const isArchived = ({ day }: Snapshot) => kept !== null && day < kept;
  const snapshots = toSnapshots(added);
  const recent = snapshots.filter((snapshot) => !isArchived(snapshot));
  return {
    days: [...days, ...addMissingSnapshots(target, recent).map(({ day }) => day)],
    archived: snapshots.filter(isArchived),
  };
}

/** A day of which a database has more than another, and whether a run is part of that. */
type AddedDay = { day: Day; hasRun: boolean };

/** The days of which `db` has runs or snapshots that `base` lacks, oldest first. */
export function addedDays(db: Database, base: Database): AddedDay[] {
  const rows = withAttached(db, base, 'base', () => selectRows(db, ADDED_DAYS));
  return rows.flatMap(({ date, has_run }) => {
    const day = String(date);
    return isDay(day) ? [{ day, hasRun: has_run === 1 }] : [];
  });
}

const ADDED_DAYS = `SELECT date, max(has_run) AS has_run FROM (
    SELECT date, 0 AS has_run FROM main.snapshots s
    WHERE NOT EXISTS (SELECT 1 FROM base.snapshots b WHERE b.date = s.date AND b.hashtag = s.hashtag)
    UNION SELECT date, 1 FROM main.runs r
    WHERE NOT EXISTS (
      SELECT 1 FROM base.runs b
      WHERE b.date = r.date AND b.started_at = r.started_at AND b.finished_at = r.finished_at
    )
  ) GROUP BY date ORDER BY date`;

const ADDED_SNAPSHOTS = `SELECT * FROM main.snapshots s
  WHERE NOT EXISTS (SELECT 1 FROM base.snapshots b WHERE b.date = s.date AND b.hashtag = s.hashtag)
  ORDER BY date, hashtag`;

function adoptRuns(target: Database, source: Database, base: Database): Day[] {
  const everyRun = 'SELECT * FROM runs ORDER BY id';
  const identity = ({ date, started_at, finished_at, trigger, url }: Row) =>
    JSON.stringify([date, started_at, finished_at, trigger, url]);
  const known = new Set([target, base].flatMap((db) => selectRows(db, everyRun).map(identity)));
  const missing = selectRows(source, everyRun).filter((row) => !known.has(identity(row)));
  const offered = new Set<string>();
  const adopted = new Set<string>();
  const ids: { sourceId: SqlValue; runId: number; day: Day }[] = [];
  inTransaction(target, () => {
    for (const { id = null, ...run } of missing) {
      target.run(INSERT_RUN, Object.values(run));
      const runId = lastRunId(target);
      for (const table of ['failures', 'corrections']) {
        for (const row of selectRows(source, `SELECT * FROM ${table} WHERE run_id = ?`, [id])) {
          const values = Object.values({ ...row, run_id: runId });
          target.run(`INSERT INTO ${table} VALUES (?, ?, ?, ?)`, values);
        }
      }
      adoptSnapshots(target, source, base, runId, id, offered, adopted);
      if (isDay(String(run.date))) ids.push({ sourceId: id, runId, day: run.date as Day });
    }
    for (const { sourceId, runId, day } of ids) {
      const brought = broughtBy(source, sourceId, day);
      const stands = (hashtag: string) => adopted.has(JSON.stringify([day, hashtag]));
      recordCaptures(target, runId, day, brought.filter(stands));
    }
  });
  return missing.map(({ date }) => String(date)).filter(isDay);
}

function adoptImports(target: Database, source: Database, base: Database): void {
  const everyImport = 'SELECT * FROM imports ORDER BY id';
  const identity = ({ id: _id, ...values }: Row) => JSON.stringify(Object.values(values));
  const known = new Set([target, base].flatMap((db) => selectRows(db, everyImport).map(identity)));
  for (const row of selectRows(source, everyImport)) {
    const { id: _id, ...values } = row;
    if (!known.has(identity(row))) target.run(INSERT_IMPORT, Object.values(values));
  }
}

/**
 * Adds what `source` found out about hashtags: ids, and a day's videos and companions of a hashtag,
 * which belong together. What `target` has of a hashtag, or of its day, stays as it is.
 */
function adoptFindings(target: Database, source: Database, base: Database): void {
  for (const [tables, owner] of FINDINGS) {
    const ownerOf = (row: Row) => JSON.stringify(owner.map((column) => row[column]));
    const known = new Set(
      [target, base].flatMap((db) =>
        tables.flatMap((table) => selectRows(db, `SELECT * FROM ${table}`).map(ownerOf)),
      ),
    );
    for (const table of tables) {
      for (const row of selectRows(source, `SELECT * FROM ${table}`)) {
        if (known.has(ownerOf(row))) continue;
        const places = Object.keys(row).map(() => '?');
        target.run(`INSERT INTO ${table} VALUES (${places})`, Object.values(row));
      }
    }
  }
}

/** Tables whose rows belong together, and the columns that say to what. */
const FINDINGS: [tables: string[], owner: string[]][] = [
  [['hashtags'], ['hashtag']],
  [
    ['videos', 'companions'],
    ['date', 'hashtag'],
  ],
];

/**
 * Adds what a run of `source` captured, at most as many snapshots as it stored. If `target` has other
 * counts, adds a correction. Of a day's snapshots, those are the run's that it corrected. Those may be
 * the run's that it claims and that neither `base` has nor an earlier run had.
 * @param offered the snapshots of the earlier runs; gets this run's
 * @param adopted gets the snapshots that `target` has from `source` now
 */
function adoptSnapshots(
  target: Database,
  source: Database,
  base: Database,
  runId: number,
  sourceId: SqlValue,
  offered: Set<string>,
  adopted: Set<string>,
) {
  const readings = selectRows(source, READINGS, [sourceId]);
  const [first] = readings;
  if (first === undefined) return; // of a day without snapshots
  const claimed = new Set(claimedBy(source, sourceId, String(first.date)));
  const own = readings.filter((row) => {
    if (row.is_corrected === 1) return true;
    return claimed.has(String(row.hashtag)) && !offered.has(keyOf(row)) && !hasSnapshot(base, row);
  });
  for (const row of own.slice(0, Number(first.stored))) {
    const key = keyOf(row);
    offered.add(key);
    const { date = null, hashtag = null, video_count = null, view_count = null } = row;
    const values = [date, hashtag, video_count, view_count];
    target.run('INSERT OR IGNORE INTO snapshots VALUES (?, ?, ?, ?)', values);
    if (target.getRowsModified() === 1) {
      adopted.add(key);
      continue; // earlier counts are among the corrections
    }
    target.run(
      `INSERT OR REPLACE INTO corrections SELECT ?1, ?2, ?3, ?4 FROM snapshots
       WHERE date = ?5 AND hashtag = ?2 AND (video_count IS NOT ?3 OR view_count IS NOT ?4)`,
      [runId, hashtag, row.videos_then ?? null, row.views_then ?? null, date],
    );
  }
}

function keyOf({ date, hashtag }: Row): string {
  return JSON.stringify([date, hashtag]);
}

/** The hashtags that a run may have brought: all that no later one did, if its own are not listed. */
function claimedBy(db: Database, runId: SqlValue, day: string): string[] {
  const listed = selectRows(db, CAPTURES, [runId]);
  const rows = listed.length > 0 ? listed : selectRows(db, NOT_BROUGHT_LATER, [day]);
  return rows.map(({ hashtag }) => String(hashtag));
}

/** The hashtags that a run brought or replaced on its day, as far as `db` can tell. */
function broughtBy(db: Database, runId: SqlValue, day: Day): string[] {
  const isFirst = readFirstRuns(db, [day]).some(({ id }) => id === runId);
  const [sql, of] = isFirst ? [NOT_BROUGHT_LATER, day] : [CAPTURES, runId];
  return selectRows(db, sql, [of]).map(({ hashtag }) => String(hashtag));
}

const CAPTURES = 'SELECT hashtag FROM captures WHERE run_id = ?';

/** The snapshots of the day ?1 that no later run brought. One that a later run replaced was there. */
const NOT_BROUGHT_LATER = `SELECT hashtag FROM snapshots WHERE date = ?1 AND hashtag NOT IN (
  SELECT c.hashtag FROM captures c JOIN runs ON runs.id = c.run_id
  LEFT JOIN corrections k ON k.run_id = c.run_id AND k.hashtag = c.hashtag
  WHERE runs.date = ?1 AND k.run_id IS NULL
)`;

function hasSnapshot(db: Database, { date = null, hashtag = null }: Row): boolean {
  const sql = 'SELECT 1 FROM snapshots WHERE date = ? AND hashtag = ?';
  return selectRows(db, sql, [date, hashtag]).length > 0;
}

// The day's snapshots, each with its counts after the run ?1. The next later correction has them.
// Those come first that the run surely has.
const READINGS = `SELECT s.*, runs.stored,
    iif(next.run_id IS NULL, s.video_count, next.video_count) AS videos_then,
    iif(next.run_id IS NULL, s.view_count, next.view_count) AS views_then,
    EXISTS (SELECT 1 FROM corrections c WHERE c.run_id = ?1 AND c.hashtag = s.hashtag) AS is_corrected
  FROM runs JOIN snapshots s ON s.date = runs.date
  LEFT JOIN corrections next ON next.hashtag = s.hashtag AND next.run_id = (
    SELECT min(c.run_id) FROM corrections c JOIN runs later ON later.id = c.run_id
    WHERE later.date = s.date AND c.hashtag = s.hashtag AND c.run_id > ?1
  )
  WHERE runs.id = ?1 ORDER BY is_corrected DESC, s.hashtag`;
