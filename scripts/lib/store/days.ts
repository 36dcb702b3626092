import type { Database } from 'sql.js';
import { parseCount } from '../core/count.ts';
import { type Day, isDay } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import { canonicalHashtag } from '../core/hashtag-name.ts';
import type { Period } from '../core/period.ts';
import type {
  Absence,
  Correction,
  CreditsLeft,
  DayRecord,
  Failure,
  PeriodRecord,
  RunInfo,
  Snapshot,
  TopVideos,
} from '../core/snapshot.ts';
import { isAbsence, isMissed } from '../trends/day-state.ts';
import { hashtagsAtMilestone } from '../trends/moves.ts';
import { openAbsences } from './absences.ts';
import { readHistory } from './history.ts';
import { type Row, selectRows, selectValue } from './rows.ts';

/** The newest day with a snapshot or a run; null in an empty database. */
export function newestDay(db: Database): Day | null {
  return nextDay(db, NEWEST_DATE, '~');
}

/** The newest day with a snapshot; null if there is none. */
export function newestCapturedDay(db: Database): Day | null {
  return nextDay(db, 'SELECT max(date) FROM snapshots WHERE date < ?', '~');
}

/** The days with a snapshot or a run. */
export function readRecordedDays(db: Database): Set<Day> {
  const runs = selectRows(db, 'SELECT DISTINCT date FROM runs').map(({ date }) => String(date));
  return new Set([...readArchivedDays(db).keys(), ...readSnapshotDays(db), ...runs].filter(isDay));
}

/** The days with a run, from `first` on, oldest first. */
export function readRunDays(db: Database, first: Day): Day[] {
  const sql = 'SELECT DISTINCT date FROM runs WHERE date >= ? ORDER BY date';
  return selectRows(db, sql, [first]).flatMap(({ date }) => toDay(date) ?? []);
}

/** The days of the archived months, oldest first: how many snapshots they have and runs missed. */
function readArchivedDays(db: Database): Map<string, { snapshots: number; missed: number }> {
  const rows = selectRows(db, 'SELECT * FROM archived_days ORDER BY date');
  return new Map(
    rows.map(({ date, snapshots, missed }) => [
      String(date),
      { snapshots: Number(snapshots), missed: Number(missed) },
    ]),
  );
}

function readSnapshotDays(db: Database): string[] {
  return selectRows(db, SNAPSHOT_DAYS).map(({ day }) => String(day));
}

/** A day with a snapshot or a run. */
type DayEntry = {
  day: Day;
  hasSnapshots: boolean;
  /** What the runs missed; of an archived day, only how much. */
  missed: Failure[];
  missedCount: number;
};

/** Every day with a snapshot or a run, newest first. */
export function readDays(db: Database): DayEntry[] {
  const snapshotDays = readSnapshotDays(db);
  const captured = new Set(snapshotDays);
  const rows = selectRows(db, LAST_FAILURES);
  const absences = readAllAbsences(db, rows, snapshotDays);
  const failures = groupBy(rows, ({ date }) => String(date));
  const archived = readArchivedDays(db);
  return [...readRecordedDays(db)]
    .sort()
    .reverse()
    .map((day) => {
      const before = archived.get(day);
      const hasSnapshots = captured.has(day) || (before?.snapshots ?? 0) > 0;
      const missed = (failures.get(day) ?? [])
        .map((row) => toFailure(row, absences.get(String(row.hashtag))?.get(day)))
        .filter((failure) => isMissed(failure, hasSnapshots));
      return {
        day,
        hasSnapshots,
        missed,
        missedCount: Math.max(missed.length, before?.missed ?? 0),
      };
    });
}

/** The hashtags that have a snapshot on the day, as they are stored. */
export function capturedHashtags(db: Database, day: Day): Set<string> {
  const rows = selectRows(db, 'SELECT hashtag FROM snapshots WHERE date = ?', [day]);
  return new Set(rows.map(({ hashtag }) => String(hashtag)));
}

/** How many runs the day has, and of how many hashtags it has snapshots. */
export function countRunsAndSnapshots(db: Database, day: Day): { runs: number; snapshots: number } {
  const hashtags = [...capturedHashtags(db, day)].map(canonicalHashtag);
  return {
    runs: Number(selectValue(db, 'SELECT count(*) FROM runs WHERE date = ?', [day])),
    snapshots: new Set(hashtags).size,
  };
}

/**
 * The newest failure of each hashtag that has no snapshot on the day. That a run did not ask counts
 * only if no run got an answer.
 */
export function readFailures(db: Database, day: Day): Failure[] {
  const rows = selectRows(db, `SELECT * FROM (${LAST_FAILURES}) WHERE date = ?`, [day]);
  const names = namesNotFound(rows);
  const absences = readAbsencesOn(db, day, names, readNotFoundBefore(db, day, names));
  return rows.map((row) => toFailure(row, absences.get(String(row.hashtag))));
}

function namesNotFound(rows: Row[]): string[] {
  return rows.filter(({ kind }) => kind === 'not-found').map(({ hashtag }) => String(hashtag));
}

/** The days before `day` on which hashtags were not found and not captured, oldest first. */
function readNotFoundBefore(db: Database, day: Day, names: string[]): Map<string, Day[]> {
  if (names.length === 0) return new Map();
  return daysOfEach(selectRows(db, NOT_FOUND_BEFORE, [day, JSON.stringify(names)]));
}

/** What the history says about hashtags on a day, apart from that day's own counts. */
function readAbsencesOn(
  db: Database,
  day: Day,
  names: string[],
  before: Map<string, Day[]>,
): Map<string, Absence> {
  if (names.length === 0) return new Map();
  using reader = openAbsences(db, readSnapshotDays(db));
  return new Map(
    names.flatMap((name) => {
      const absence = reader.read(name, [...(before.get(name) ?? []), day]).at(-1);
      return absence === undefined ? [] : [[name, absence] as const];
    }),
  );
}

/**
 * What the history says about each hashtag that was ever not found, as of a day.
 * @param day after all rows
 */
export function readAbsences(db: Database, day: Day): Map<string, Absence> {
  const rows = selectRows(db, LAST_FAILURES).filter(({ kind }) => kind === 'not-found');
  const names = [...rows.map(({ hashtag }) => String(hashtag)), ...readArchivedAbsent(db)];
  return readAbsencesOn(db, day, [...new Set(names)], daysOfEach(rows));
}

/** The hashtags that were not found when the last archived month ended. */
function readArchivedAbsent(db: Database): Set<string> {
  const sql = 'SELECT hashtag FROM archived_hashtags WHERE absent_since IS NOT NULL';
  return new Set(selectRows(db, sql).map(({ hashtag }) => String(hashtag)));
}

/** The same for every "not found" of a table's worth of failures: by hashtag, and by day. */
function readAllAbsences(
  db: Database,
  failures: Row[],
  snapshotDays: string[],
): Map<string, Map<Day, Absence>> {
  const notFound = failures.filter(({ kind }) => kind === 'not-found');
  if (notFound.length === 0) return new Map();
  using reader = openAbsences(db, snapshotDays);
  const byName = [...daysOfEach(notFound)].map(([name, days]) => {
    const absences = reader.read(name, days);
    return [name, new Map(days.map((day, i) => [day, absences[i] as Absence]))] as const;
  });
  return new Map(byName);
}

function daysOfEach(rows: Row[]): Map<string, Day[]> {
  const byName = [...groupBy(rows, ({ hashtag }) => String(hashtag))];
  return new Map(
    byName.map(([name, group]) => [name, group.flatMap(({ date }) => toDay(date) ?? [])]),
  );
}

/** When a hashtag last had data, and how it has failed since. */
export type LastHeard = {
  /** The newest day with a count; null if it never had one. */
  lastDay: Day | null;
  /** The first day after that on which it failed, and the newest reason; null if there is none. */
  firstFailedDay: Day | null;
  reason: string | null;
  /** Whether TikTok does not have it: it never had a count, or it is gone. */
  isAbsent: boolean;
};

const NEVER_HEARD: LastHeard = {
  lastDay: null,
  firstFailedDay: null,
  reason: null,
  isAbsent: false,
};

/** When each hashtag that was ever asked for last had data, and how it has failed since. */
export function readLastHeard(db: Database): Map<string, LastHeard> {
  const heard = new Map<string, LastHeard>();
  const entryOf = (row: Row) => {
    const name = canonicalHashtag(String(row.hashtag));
    const entry = heard.get(name) ?? { ...NEVER_HEARD };
    heard.set(name, entry);
    return entry;
  };
  for (const row of selectRows(db, LAST_COUNTED)) entryOf(row).lastDay = toDay(row.date);
  for (const row of selectRows(db, 'SELECT * FROM archived_hashtags')) {
    const day = toDay(row.failed_since);
    if (day === null) continue;
    const entry = entryOf(row);
    if (entry.lastDay !== null && day <= entry.lastDay) continue;
    entry.firstFailedDay = day;
    entry.reason = String(row.reason);
    entry.isAbsent =
      row.absent_since !== null && isAbsence(entry.lastDay !== null, Number(row.absent_days));
  }
  for (const row of selectRows(db, `${FAILURES} ORDER BY date, run_id`)) {
    const entry = entryOf(row);
    const day = toDay(row.date);
    if (day === null || (entry.lastDay !== null && day <= entry.lastDay)) continue;
    entry.firstFailedDay ??= day;
    entry.reason = String(row.reason);
  }
  const snapshotDays = readSnapshotDays(db);
  const absences = readAllAbsences(db, selectRows(db, LAST_FAILURES), snapshotDays);
  for (const [name, byDay] of absences) {
    const entry = heard.get(canonicalHashtag(name));
    const [day, absence] = [...byDay].at(-1) ?? [];
    if (entry === undefined || day === undefined || absence === undefined) continue;
    const days = absence.daysBefore + (snapshotDays.includes(day) ? 1 : 0);
    const hadCount = entry.lastDay !== null;
    entry.isAbsent = isAbsence(hadCount, days) && (entry.lastDay === null || entry.lastDay < day);
  }
  return heard;
}

/** The credits left that the API last reported, and the day of that run; null if it never did. */
export function readCreditsLeft(db: Database): CreditsLeft | null {
  const sql = `SELECT date, credits_remaining FROM runs WHERE credits_remaining IS NOT NULL
    ORDER BY date DESC, started_at DESC, id DESC LIMIT 1`;
  const [row] = selectRows(db, sql);
  const [day, credits] = [toDay(row?.date), parseCount(row?.credits_remaining)];
  return day === null || credits === null ? null : { credits, day };
}

/** Everything about a day; null if the database has neither a snapshot nor a run of it. */
export function readDay(db: Database, day: Day): DayRecord | null {
  const runs = selectRows<RunInfo>(db, RUNS, [day]).map((run) => ({
    ...run,
    creditsUsed: parseCount(run.creditsUsed),
    creditsRemaining: parseCount(run.creditsRemaining),
  }));
  if (runs.length === 0 && capturedHashtags(db, day).size === 0) return null;
  const history = readHistory(db, day, day);
  const previousDay = nextDay(db, 'SELECT max(date) FROM snapshots WHERE date < ?', day);
  const previous = previousDay === null ? [] : [...capturedHashtags(db, previousDay)];
  const previousHashtags = [...new Set(previous.map(canonicalHashtag))];
  return {
    day,
    firstDay: firstDay(db) ?? day,
    newestDay: newestDay(db) ?? day,
    databaseBytes: Number(selectValue(db, DATABASE_BYTES)),
    previousDay,
    previousHashtags,
    history,
    runs,
    failures: readFailures(db, day),
    returned: readReturned(db, day, history, previousHashtags),
    peaks: readPeaks(db, day, history),
    corrections: selectRows<Correction>(db, CORRECTIONS, [day]).map((correction) => ({
      ...correction,
      videoCount: parseCount(correction.videoCount),
      viewCount: parseCount(correction.viewCount),
    })),
    topVideos: readTopVideos(db, day),
  };
}

/** What the day's videos say, by hashtag, and why those of other hashtags are unknown. */
function readTopVideos(db: Database, day: Day): TopVideos[] {
  const videos = groupBy(
    selectRows(db, 'SELECT * FROM videos WHERE date = ? ORDER BY hashtag, video_id', [day]),
    ({ hashtag }) => String(hashtag),
  );
  const companions = groupBy(
    selectRows(db, 'SELECT * FROM companions WHERE date = ? ORDER BY hashtag, companion', [day]),
    ({ hashtag }) => String(hashtag),
  );
  const found = [...videos].map(
    ([hashtag, rows]): TopVideos => ({
      hashtag,
      videos: rows.map(({ video_id, author, plays, created_at }) => ({
        id: String(video_id),
        author: typeof author === 'string' ? author : null,
        plays: parseCount(plays),
        createdAt: typeof created_at === 'string' ? created_at : null,
      })),
      companions: (companions.get(hashtag) ?? []).map(({ companion, uses }) => ({
        hashtag: String(companion),
        uses: parseCount(uses) ?? 0,
      })),
      problem: null,
    }),
  );
  const problems = selectRows(db, VIDEO_PROBLEMS, [day, VIDEOS_FAILURE])
    .map(({ hashtag, reason }) => ({ hashtag: String(hashtag), problem: String(reason) }))
    .filter(({ hashtag }) => !videos.has(hashtag))
    .map((problem) => ({ videos: [], companions: [], ...problem }));
  return [...found, ...problems];
}

/** TikTok's own number of each hashtag that ever had one in an answer. */
export function readTiktokIds(db: Database): Map<string, string> {
  const rows = selectRows(db, 'SELECT hashtag, tiktok_id FROM hashtags');
  return new Map(rows.map((row) => [String(row.hashtag), String(row.tiktok_id)]));
}

/** The hashtags that the day has, that were not found before, and that the day before lacks. */
function readReturned(
  db: Database,
  day: Day,
  history: Snapshot[],
  previousHashtags: string[],
): DayRecord['returned'] {
  const previous = new Set(previousHashtags);
  const names = history
    .filter((snapshot) => snapshot.day === day && !previous.has(snapshot.hashtag))
    .map(({ hashtag }) => hashtag);
  const before = readNotFoundBefore(db, day, names);
  const archived = names.length === 0 ? new Set() : readArchivedAbsent(db);
  const found = names.filter((name) => before.has(name) || archived.has(name));
  return [...readAbsencesOn(db, day, found, before)]
    .map(([hashtag, absence]) => ({ hashtag, absence }))
    .filter(({ absence }) => absence.daysBefore > 0);
}

/** The highest counts before the day, of the hashtags that pass a milestone on it. */
function readPeaks(db: Database, day: Day, history: Snapshot[]): DayRecord['peaks'] {
  const names = hashtagsAtMilestone(history, day);
  if (names.length === 0) return []; // usually, and the query reads the whole table
  const rows = selectRows(db, PEAKS, [day, JSON.stringify(names)]);
  return rows.map(({ hashtag, video_count, view_count }) => ({
    hashtag: canonicalHashtag(String(hashtag)),
    videoCount: parseCount(video_count),
    viewCount: parseCount(view_count),
  }));
}

/** Everything about a week or month; null if the database has no snapshot of it. */
export function readPeriod(db: Database, period: Period): PeriodRecord | null {
  const { first, last } = period;
  const newest = newestDay(db);
  const history = readHistory(db, first, last);
  if (newest === null || !history.some((snapshot) => snapshot.day >= first)) return null;
  return {
    period,
    firstDay: firstDay(db) ?? first,
    lastDay: newest < last ? newest : last,
    history,
  };
}

const DATABASE_BYTES = 'SELECT page_count * page_size FROM pragma_page_count, pragma_page_size';

const NEWEST_DATE = `SELECT max(date) FROM (
  SELECT max(date) AS date FROM snapshots WHERE date < ?1
  UNION ALL SELECT max(date) FROM runs WHERE date < ?1
)`;

const FIRST_DATE = `SELECT min(date) FROM (
  SELECT min(date) AS date FROM snapshots WHERE date > ?1
  UNION ALL SELECT min(date) FROM archived_days WHERE date > ?1 AND snapshots > 0
)`;

// Steps from day to day by the key, because GROUP BY and DISTINCT would read the whole table.
const SNAPSHOT_DAYS = `WITH RECURSIVE days(day) AS (
  SELECT min(date) FROM snapshots
  UNION ALL SELECT (SELECT min(date) FROM snapshots WHERE date > day) FROM days WHERE day IS NOT NULL
) SELECT day FROM days WHERE day IS NOT NULL`;

/** The kind of a failure to get the videos of a hashtag, whose snapshot the day has. */
export const VIDEOS_FAILURE = 'videos';

// By the key of failures, so that only those of the day's runs are read.
const VIDEO_PROBLEMS = `SELECT hashtag, reason, max(run_id) FROM runs CROSS JOIN failures
  WHERE date = ? AND run_id = runs.id AND kind = ? GROUP BY hashtag ORDER BY hashtag`;

// The reason why a run ended early is stored once, with the first hashtag that was not asked.
const FAILURES = `SELECT date, run_id, hashtag, kind, iif(reason <> '', reason,
    (SELECT max(reason) FROM failures other WHERE other.run_id = f.run_id AND other.kind = f.kind)
  ) AS reason
  FROM failures f JOIN runs ON runs.id = run_id WHERE kind <> '${VIDEOS_FAILURE}'`;

// What a run did not come to ask says nothing, so it hides no answer that another run got.
const NEWEST_ANSWER = "max(run_id + iif(kind = 'not-asked', 0, 1 << 40))";

const LAST_FAILURES = `SELECT date, hashtag, kind, reason, ${NEWEST_ANSWER} FROM (${FAILURES}) failed
  WHERE NOT EXISTS (SELECT 1 FROM snapshots s WHERE s.date = failed.date AND s.hashtag = failed.hashtag)
  GROUP BY date, hashtag ORDER BY date, hashtag`;

const IS_COUNTED = 'video_count IS NOT NULL OR view_count IS NOT NULL';

const LAST_COUNTED = `SELECT hashtag, max(date) AS date FROM (
    SELECT hashtag, max(date) AS date FROM snapshots WHERE ${IS_COUNTED} GROUP BY hashtag
    UNION ALL SELECT hashtag, date FROM archived_latest WHERE ${IS_COUNTED}
  ) GROUP BY hashtag ORDER BY date`;

// By the keys of both tables, so that only the named hashtags are read.
const NOT_FOUND_BEFORE = `SELECT date, hashtag FROM (
    SELECT date, f.hashtag AS hashtag, f.kind AS kind, ${NEWEST_ANSWER}
    FROM runs CROSS JOIN json_each(?2) names CROSS JOIN failures f
    WHERE date < ?1 AND f.run_id = runs.id AND f.hashtag = names.value
      AND NOT EXISTS (SELECT 1 FROM snapshots s WHERE s.date = runs.date AND s.hashtag = f.hashtag)
    GROUP BY date, f.hashtag
  ) WHERE kind = 'not-found' ORDER BY date`;

// The tutorial's script stored names as written: any alphabet, spaces, # and capitals.
const IS_NAMED = `(hashtag IN (SELECT value FROM json_each(?2)) OR hashtag GLOB '*[^a-z0-9_]*')`;

const PEAKS = `SELECT hashtag, max(video_count) AS video_count, max(view_count) AS view_count
  FROM (
    SELECT hashtag, max(video_count) AS video_count, max(view_count) AS view_count
    FROM snapshots WHERE date < ?1 AND ${IS_NAMED} GROUP BY hashtag
    UNION ALL SELECT hashtag, most_videos, most_views
    FROM archived_hashtags WHERE first_date < ?1 AND ${IS_NAMED}
  ) GROUP BY hashtag`;

const RUNS = `SELECT date AS day, started_at AS startedAt, finished_at AS finishedAt, trigger, url,
    tracked, credits_used AS creditsUsed, credits_remaining AS creditsRemaining
  FROM runs WHERE date = ? ORDER BY started_at, id`;

const CORRECTIONS = `SELECT hashtag, video_count AS videoCount, view_count AS viewCount,
    finished_at AS replacedAt
  FROM corrections JOIN runs ON runs.id = run_id WHERE date = ? ORDER BY hashtag, run_id`;

const KINDS: Failure['kind'][] = ['not-found', 'rejected', 'not-asked'];

function toFailure({ hashtag, kind, reason }: Row, absence: Absence | null = null): Failure {
  return {
    hashtag: String(hashtag),
    kind: KINDS.find((known) => known === kind) ?? 'failed',
    reason: String(reason),
    ...(kind === 'not-found' ? { absence } : {}),
  };
}

function toDay(value: unknown): Day | null {
  return typeof value === 'string' && isDay(value) ? value : null;
}

/** The first day with a snapshot; null if there is none. */
export function firstDay(db: Database): Day | null {
  return nextDay(db, FIRST_DATE, '');
}

/** The day that the query finds next to `start`. Whatever is not a day is skipped. */
function nextDay(db: Database, sql: string, start: string): Day | null {
  for (let bound = start; ; ) {
    const date = selectValue(db, sql, [bound]);
    if (typeof date !== 'string') return null;
    if (isDay(date)) return date;
    bound = date;
  }
}
