import type { Database } from 'sql.js';
import type { Day } from '../core/day.ts';
import { compareText } from '../core/text.ts';
import { readAbsences, readDays, readLastHeard } from '../store/days.ts';
import { readCaptureTimes } from '../store/history.ts';
import { inTransaction, iterateRows, type Row, selectRows } from '../store/rows.ts';

/**
 * Writes into `db` what runs need of archived months, in place of what it has.
 * @param past the rows of the archived months; or of those that are new, together with what was
 *   remembered of the others
 * @param end the first day after them
 */
export function remember(db: Database, past: Database, end: Day): void {
  const hashtags = listHashtags(past, end);
  const rows = { days: listDays(past), hashtags, latest: listLatest(past, hashtags) };
  inTransaction(db, () => {
    insertAll(db, 'archived_days', rows.days);
    insertAll(db, 'archived_hashtags', rows.hashtags);
    insertAll(db, 'archived_latest', rows.latest);
  });
}

function insertAll(db: Database, table: string, rows: Row[]): void {
  db.run(`DELETE FROM ${table}`);
  const [first] = rows;
  if (first === undefined) return;
  const places = Object.keys(first).map(() => '?');
  const insert = db.prepare(`INSERT INTO ${table} VALUES (${places})`);
  for (const row of rows) insert.run(Object.values(row));
  insert.free();
}

function listDays(past: Database): Row[] {
  const counts = new Map(selectRows(past, SNAPSHOTS_OF_DAYS).map((row) => [row.date, row.count]));
  const days = readDays(past).reverse();
  return days.map(({ day, missedCount }) => ({
    date: day,
    snapshots: counts.get(day) ?? 0,
    missed: missedCount,
  }));
}

const SNAPSHOTS_OF_DAYS = `SELECT date, sum(count) AS count FROM (
    SELECT date, count(*) AS count FROM snapshots GROUP BY date
    UNION ALL SELECT date, snapshots FROM archived_days
  ) GROUP BY date`;

function listHashtags(past: Database, end: Day): Row[] {
  const absences = readAbsences(past, end);
  const heard = readLastHeard(past);
  const hashtags = new Map(selectRows(past, BOUNDS).map((row) => [String(row.hashtag), row]));
  const isFailing = (name: string) => heard.get(name)?.firstFailedDay != null;
  const isAbsent = (name: string) => (absences.get(name)?.since ?? end) < end;
  const failing = [...new Set([...heard.keys(), ...absences.keys()])].filter(
    (name) => isFailing(name) || isAbsent(name),
  );
  const names = new Set([...hashtags.keys(), ...failing]);
  return [...names].map((name) => {
    const { first_date = null, most_videos = null, most_views = null } = hashtags.get(name) ?? {};
    return {
      hashtag: name,
      first_date,
      most_videos,
      most_views,
      failed_since: isFailing(name) ? (heard.get(name)?.firstFailedDay ?? null) : null,
      reason: isFailing(name) ? (heard.get(name)?.reason ?? null) : null,
      absent_since: isAbsent(name) ? (absences.get(name)?.since ?? null) : null,
      absent_days: isAbsent(name) ? (absences.get(name)?.daysBefore ?? 0) : 0,
    };
  });
}

const BOUNDS = `SELECT hashtag, min(date) AS first_date, max(video_count) AS most_videos,
    max(view_count) AS most_views
  FROM (
    SELECT hashtag, date, video_count, view_count FROM snapshots
    UNION ALL SELECT hashtag, first_date, most_videos, most_views FROM archived_hashtags
    WHERE first_date IS NOT NULL
  ) GROUP BY hashtag`;

function listLatest(past: Database, hashtags: Row[]): Row[] {
  const rows = [...newestCounts(past, hashtags)];
  const findTime = readCaptureTimes(past, rows);
  return rows
    .map(({ hashtag = null, date = null, video_count = null, view_count = null, ...row }) => ({
      hashtag,
      date,
      video_count,
      view_count,
      captured_at: row.captured_at ?? findTime(String(date), String(hashtag)),
    }))
    .sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

const keyOf = ({ hashtag = null, date = null }: Row) => JSON.stringify([hashtag, date]);

const NEWEST_COUNTS = 2;

/** The rows with the newest counts of each measure, the newest first. Usually it reads few days. */
function* newestCounts(past: Database, hashtags: Row[]): Generator<Row> {
  const counted = hashtags.filter(({ first_date }) => first_date !== null);
  const wanted = new Map(
    counted.map(({ hashtag = null, most_videos, most_views }) => [
      hashtag,
      {
        video_count: most_videos === null ? 0 : NEWEST_COUNTS,
        view_count: most_views === null ? 0 : NEWEST_COUNTS,
      },
    ]),
  );
  for (const table of ['snapshots', 'archived_latest']) {
    for (const row of iterateRows(past, `SELECT * FROM ${table} ORDER BY date DESC`)) {
      const left = wanted.get(row.hashtag ?? null);
      if (left === undefined) continue;
      const isWanted = (['video_count', 'view_count'] as const).filter(
        (count) => row[count] !== null && left[count]-- > 0,
      );
      if (isWanted.length > 0) yield row;
      if (left.video_count <= 0 && left.view_count <= 0) wanted.delete(row.hashtag ?? null);
      if (wanted.size === 0) return;
    }
  }
}
