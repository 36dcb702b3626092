import type { Database } from 'sql.js';
import { parseCount, withoutQuirk } from '../core/count.ts';
import { addDays, type Day, isDay } from '../core/day.ts';
import { canonicalHashtag } from '../core/hashtag-name.ts';
import { monthOf } from '../core/period.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';
import { LOOK_BACK_DAYS } from '../trends/trends.ts';
import { iterateRows, type Row, selectRows, selectValue } from './rows.ts';

/** How far back trends look, with the ranks of the day before. */
export const HISTORY_DAYS = LOOK_BACK_DAYS + 1;

/** The first day after the archived months; null if nothing is archived. */
export function firstKeptDay(db: Database): Day | null {
  const newest = selectValue(db, 'SELECT max(date) FROM archived_days');
  return typeof newest === 'string' && isDay(newest) ? addDays(monthOf(newest).last, 1) : null;
}

/** Whether the database has all rows itself that the trends of days from `first` on need. */
export function hasHistory(db: Database, first: Day): boolean {
  const kept = firstKeptDay(db);
  return kept === null || addDays(first, -HISTORY_DAYS) >= kept;
}

/**
 * The snapshots that the trends of the days from `first` to `last` need, oldest first: those of the
 * days and of the weeks before, and, if a hashtag has too few of them, its newest older ones.
 */
export function readHistory(db: Database, first: Day, last: Day): Snapshot[] {
  const windowStart = addDays(first, -HISTORY_DAYS);
  const sql = 'SELECT * FROM snapshots WHERE date BETWEEN ? AND ? ORDER BY date';
  const recent = selectRows(db, sql, [windowStart, last]);
  const names = JSON.stringify(hashtagsNeedingOlder(recent, first));
  const older = ['video_count', 'view_count'].flatMap((count) =>
    names === '[]'
      ? []
      : selectRows(
          db,
          `SELECT max(date) AS date, hashtag, video_count, view_count, captured_at FROM (
             SELECT max(date) AS date, hashtag, video_count, view_count, NULL AS captured_at
             FROM snapshots WHERE ${count} IS NOT NULL AND ${IS_OLDER} GROUP BY hashtag
             UNION ALL SELECT date, hashtag, video_count, view_count, captured_at
             FROM archived_latest WHERE ${count} IS NOT NULL AND ${IS_OLDER}
           ) GROUP BY hashtag`,
          [windowStart, names],
        ),
  );
  older.sort((a, b) => compareText(String(a.date), String(b.date)));
  const rows = [...older, ...recent];
  return toSnapshots(rows, withArchivedTimes(older, readCaptureTimes(db, rows)));
}

// The tutorial's script stored names as written: any alphabet, spaces, # and capitals.
const IS_OLDER = `date < ?1
  AND (hashtag IN (SELECT value FROM json_each(?2)) OR hashtag GLOB '*[^a-z0-9_]*')`;

/** Finds the times that the rows of archived snapshots have themselves. Their runs are archived. */
function withArchivedTimes(older: Row[], findTime: FindTime): FindTime {
  const archived = new Map(
    older.flatMap(({ date, hashtag, captured_at }) =>
      typeof captured_at === 'number' ? [[`${date} ${hashtag}`, captured_at]] : [],
    ),
  );
  if (archived.size === 0) return findTime;
  return (day, storedName) => archived.get(`${day} ${storedName}`) ?? findTime(day, storedName);
}

/**
 * Finds when a stored row was captured: in the middle of the run that brought its counts. Null if
 * no run says so.
 */
export function readCaptureTimes(db: Database, rows: Row[]): FindTime {
  const days = [...new Set(rows.map(({ date }) => String(date)))];
  const first = new Map(readFirstRuns(db, days).map((run) => [String(run.date), middleOf(run)]));
  const later = new Map<string, Map<string, number | null>>();
  for (const row of selectRows(db, LATER_CAPTURES, [JSON.stringify(days)])) {
    const onDay = later.get(String(row.date)) ?? new Map<string, number | null>();
    later.set(String(row.date), onDay.set(String(row.hashtag), middleOf(row)));
  }
  return (day, hashtag) => {
    const time = later.get(day)?.get(hashtag);
    return time === undefined ? (first.get(day) ?? null) : time;
  };
}

/** When a stored row was captured, in Unix milliseconds; null if that is unknown. */
export type FindTime = (day: string, storedName: string) => number | null;

/** The middle of a run, in Unix milliseconds; null if its times are not valid. */
export function middleOf({ started_at, finished_at }: Row): number | null {
  const middle = (Date.parse(String(started_at)) + Date.parse(String(finished_at))) / 2;
  return Number.isFinite(middle) ? Math.round(middle) : null;
}

/**
 * The first run of each day that captured anything. It brought all that no later run brought. A day
 * is left out if that would be more than it stored: then the other rows are an import's, or a later
 * run's of a version that did not list its captures.
 */
export function readFirstRuns(db: Database, days: string[]): Row[] {
  return selectRows(db, FIRST_RUNS, [JSON.stringify(days)]);
}

const FIRST_RUNS = `WITH
    days AS MATERIALIZED (SELECT value AS date FROM json_each(?1)),
    firsts AS (
      SELECT min(id) AS id FROM runs WHERE stored > 0 AND date IN days GROUP BY date
    ),
    later AS (
      SELECT runs.date, count(*) AS brought
      FROM runs JOIN captures c ON c.run_id = runs.id
      LEFT JOIN corrections k ON k.run_id = c.run_id AND k.hashtag = c.hashtag
      WHERE runs.date IN days AND k.run_id IS NULL -- what a run replaced, an earlier one brought
      GROUP BY runs.date
    )
  SELECT runs.* FROM firsts JOIN runs USING (id) LEFT JOIN later USING (date)
  WHERE (SELECT count(*) FROM snapshots s WHERE s.date = runs.date) - coalesce(brought, 0) <= stored`;

// By run, so that the newest one of several comes last.
const LATER_CAPTURES = `SELECT date, hashtag, started_at, finished_at
  FROM runs CROSS JOIN captures ON run_id = id
  WHERE date IN (SELECT value FROM json_each(?1)) ORDER BY id`;

/** The names of the hashtags whose newest earlier count may be older than the rows. */
function hashtagsNeedingOlder(rows: Row[], first: Day): string[] {
  const known = new Map<unknown, { videos: number; views: number }>();
  for (const { date, hashtag, video_count, view_count } of rows) {
    const counts = known.get(hashtag) ?? { videos: 0, views: 0 };
    // The first known count has nothing before it to compare with.
    const isEarly = String(date) <= first;
    if (video_count !== null && (isEarly || counts.videos === 0)) counts.videos++;
    if (view_count !== null && (isEarly || counts.views === 0)) counts.views++;
    known.set(hashtag, counts);
  }
  // One is the day's own; with two, the rank of the day before can't be computed.
  const isFew = (count: number) => count === 1 || count === 2;
  return [...known]
    .filter(([, { videos, views }]) => isFew(videos) || isFew(views))
    .map(([hashtag]) => canonicalHashtag(String(hashtag)));
}

/**
 * The snapshots as they are stored, by date and hashtag, one at a time. If given, `since` and
 * `hashtags` limit them.
 */
export function* iterateSnapshots(
  db: Database,
  since: Day | null = null,
  hashtags: Set<string> | null = null,
): Generator<Row> {
  const sql = 'SELECT * FROM snapshots WHERE date >= ? ORDER BY date, hashtag';
  for (const row of iterateRows(db, sql, [since ?? ''])) {
    if (hashtags === null || hashtags.has(canonicalHashtag(String(row.hashtag)))) yield row;
  }
}

/**
 * Rows of the table `snapshots` as snapshots, each under the normal form of its name, one per day
 * and hashtag. Rows without a valid day are left out. A count that is not valid is unknown.
 * @param findTime when a row was captured; without it, that is left open
 */
export function toSnapshots(rows: Iterable<Row>, findTime?: FindTime): Snapshot[] {
  const byDay = new Map<string, Map<string, Snapshot>>();
  for (const { date, hashtag: storedName, video_count, view_count } of rows) {
    const [day, stored] = [String(date), String(storedName)];
    if (!isKnownDay(day)) continue;
    const hashtag = canonicalName(stored);
    const ofDay = byDay.get(day) ?? new Map<string, Snapshot>();
    byDay.set(day, ofDay);
    // "Vibe Coding" and "vibecoding" are one hashtag. The row with the normal form wins.
    if (stored !== hashtag && ofDay.has(hashtag)) continue;
    const counts = { videoCount: parseCount(video_count), viewCount: parseCount(view_count) };
    const snapshot: Snapshot = { day: day as Day, hashtag, ...withoutQuirk(counts) };
    if (findTime !== undefined) snapshot.capturedAt = findTime(day, stored);
    ofDay.set(hashtag, snapshot);
  }
  return [...byDay.values()].flatMap((ofDay) => [...ofDay.values()]);
}

/** Remembers the results, because a history repeats the same few days and names. */
function memoize<T>(compute: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    if (!known.has(text)) known.set(text, compute(text));
    return known.get(text) as T;
  };
}

// For the whole process: a long history is read in many parts, with the same names in each.
const canonicalName = memoize(canonicalHashtag);
const isKnownDay = memoize((text) => isDay(text));
