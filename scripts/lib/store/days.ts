import type { Database } from 'sql.js';
import { parseCount } from '../core/count.ts';
import { type Day, isDay } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import { canonicalHashtag } from '../core/hashtag-name.ts';
import type { Period } from '../core/period.ts';
import type {
  Correction,
  CreditsLeft,
  DayRecord,
  Failure,
  PeriodRecord,
  RunInfo,
} from '../core/snapshot.ts';
import { isMissed } from '../trends/day-state.ts';
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
  return new Set([...readSnapshotDays(db), ...runs].filter(isDay));
}

function readSnapshotDays(db: Database): string[] {
  return selectRows(db, SNAPSHOT_DAYS).map(({ day }) => String(day));
}

/** A day with a snapshot or a run. */
type DayEntry = { day: Day; hasSnapshots: boolean; missed: Failure[] };

/** Every day with a snapshot or a run, newest first. */
export function readDays(db: Database): DayEntry[] {
  const captured = new Set(readSnapshotDays(db));
  const failures = groupBy(selectRows(db, LAST_FAILURES), ({ date }) => String(date));
  return [...readRecordedDays(db)]
    .sort()
    .reverse()
    .map((day) => {
      const hasSnapshots = captured.has(day);
      const missed = (failures.get(day) ?? [])
        .map(toFailure)
        .filter((failure) => isMissed(failure, hasSnapshots));
      return { day, hasSnapshots, missed };
    });
}

/** The hashtags that have a snapshot on the day, as they are stored. */
export function capturedHashtags(db: Database, day: Day): Set<string> {
  const rows = selectRows(db, 'SELECT hashtag FROM snapshots WHERE date = ?', [day]);
  return new Set(rows.map(({ hashtag }) => String(hashtag)));
}

/** The newest failure of each hashtag that has no snapshot on the day. */
export function readFailures(db: Database, day: Day): Failure[] {
  return selectRows(db, `SELECT * FROM (${LAST_FAILURES}) WHERE date = ?`, [day]).map(toFailure);
}

/** When a hashtag last had data, and how it has failed since. */
export type LastHeard = {
  /** The newest day with a count; null if it never had one. */
  lastDay: Day | null;
  /** The first day after that on which it failed, and the newest reason; null if there is none. */
  firstFailedDay: Day | null;
  reason: string | null;
};

/** When each hashtag that was ever asked for last had data, and how it has failed since. */
export function readLastHeard(db: Database): Map<string, LastHeard> {
  const heard = new Map<string, LastHeard>();
  const entryOf = (row: Row) => {
    const name = canonicalHashtag(String(row.hashtag));
    const entry = heard.get(name) ?? { lastDay: null, firstFailedDay: null, reason: null };
    heard.set(name, entry);
    return entry;
  };
  const counted = `SELECT hashtag, max(date) AS date FROM snapshots
    WHERE video_count IS NOT NULL OR view_count IS NOT NULL GROUP BY hashtag ORDER BY date`;
  for (const row of selectRows(db, counted)) entryOf(row).lastDay = toDay(row.date);
  for (const row of selectRows(db, `${FAILURES} ORDER BY date, run_id`)) {
    const entry = entryOf(row);
    const day = toDay(row.date);
    if (day === null || (entry.lastDay !== null && day <= entry.lastDay)) continue;
    entry.firstFailedDay ??= day;
    entry.reason = String(row.reason);
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
  const history = readHistory(db, day, day);
  if (runs.length === 0 && history.at(-1)?.day !== day) return null;
  const previousDay = nextDay(db, 'SELECT max(date) FROM snapshots WHERE date < ?', day);
  const previous = previousDay === null ? [] : [...capturedHashtags(db, previousDay)];
  return {
    day,
    firstDay: firstDay(db) ?? day,
    newestDay: newestDay(db) ?? day,
    previousDay,
    previousHashtags: [...new Set(previous.map(canonicalHashtag))],
    history,
    runs,
    failures: readFailures(db, day),
    corrections: selectRows<Correction>(db, CORRECTIONS, [day]).map((correction) => ({
      ...correction,
      videoCount: parseCount(correction.videoCount),
      viewCount: parseCount(correction.viewCount),
    })),
  };
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

const NEWEST_DATE = `SELECT max(date) FROM (
  SELECT max(date) AS date FROM snapshots WHERE date < ?1
  UNION ALL SELECT max(date) FROM runs WHERE date < ?1
)`;

// Steps from day to day by the key, because GROUP BY and DISTINCT would read the whole table.
const SNAPSHOT_DAYS = `WITH RECURSIVE days(day) AS (
  SELECT min(date) FROM snapshots
  UNION ALL SELECT (SELECT min(date) FROM snapshots WHERE date > day) FROM days WHERE day IS NOT NULL
) SELECT day FROM days WHERE day IS NOT NULL`;

// The reason why a run ended early is stored once, with the first hashtag that was not asked.
const FAILURES = `SELECT date, run_id, hashtag, kind, iif(reason <> '', reason,
    (SELECT max(reason) FROM failures other WHERE other.run_id = f.run_id AND other.kind = f.kind)
  ) AS reason
  FROM failures f JOIN runs ON runs.id = run_id`;

const LAST_FAILURES = `SELECT date, hashtag, kind, reason, max(run_id) FROM (${FAILURES}) failed
  WHERE NOT EXISTS (SELECT 1 FROM snapshots s WHERE s.date = failed.date AND s.hashtag = failed.hashtag)
  GROUP BY date, hashtag ORDER BY date, hashtag`;

const RUNS = `SELECT date AS day, started_at AS startedAt, finished_at AS finishedAt, trigger, url,
    tracked, credits_used AS creditsUsed, credits_remaining AS creditsRemaining
  FROM runs WHERE date = ? ORDER BY started_at, id`;

const CORRECTIONS = `SELECT hashtag, video_count AS videoCount, view_count AS viewCount,
    finished_at AS replacedAt
  FROM corrections JOIN runs ON runs.id = run_id WHERE date = ? ORDER BY hashtag, run_id`;

const KINDS: Failure['kind'][] = ['not-found', 'rejected', 'not-asked'];

function toFailure({ hashtag, kind, reason }: Row): Failure {
  return {
    hashtag: String(hashtag),
    kind: KINDS.find((known) => known === kind) ?? 'failed',
    reason: String(reason),
  };
}

function toDay(value: unknown): Day | null {
  return typeof value === 'string' && isDay(value) ? value : null;
}

/** The first day with a snapshot; null if there is none. */
function firstDay(db: Database): Day | null {
  return nextDay(db, 'SELECT min(date) FROM snapshots WHERE date > ?', '');
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
