import type { Database } from 'sql.js';
import { DatabaseError, inTransaction, iterateRows, selectRows, withAttached } from './database.ts';
import { addDays, type Day, isDay } from './day.ts';
import { canonicalHashtag } from './hashtag.ts';
import type { Period } from './period.ts';
import { compareText } from './plain-text.ts';
import { type Counts, withoutQuirk } from './scavio.ts';

/** A hashtag's counts on a day. At most one a day and hashtag. */
export type Snapshot = { day: Day; hashtag: string } & Counts;

/** Why a hashtag has no snapshot: unknown to TikTok, failed, or not asked for. */
export type Failure = {
  hashtag: string;
  kind: 'not-found' | 'failed' | 'not-asked';
  reason: string;
};

/** What a run did. Instants are ISO 8601 in UTC; credits are null where the API did not say. */
export type RunSummary = {
  day: Day;
  startedAt: string;
  finishedAt: string;
  /** What started it: GitHub's event name, or "local". */
  trigger: string;
  /** The run's page on GitHub. */
  url: string | null;
  /** How many hashtags the watchlist asked to track. */
  tracked: number;
  asked: number;
  stored: number;
  failed: number;
  creditsUsed: number | null;
  creditsRemaining: number | null;
};

/** A run with all that it brought. */
export type Run = RunSummary & { snapshots: ({ hashtag: string } & Counts)[]; failures: Failure[] };

/** Counts of a day that a later run replaced: as they were, and when they were replaced. */
export type Correction = { hashtag: string; replacedAt: string } & Counts;

/** All that the database holds about a day, and the history that its trends need. */
export type DayRecord = {
  day: Day;
  /** The first day of the database. */
  firstDay: Day;
  /** The newest day before this one with a snapshot, and its hashtags. */
  previousDay: Day | null;
  previousHashtags: string[];
  /** Snapshots up to the day, oldest first; see `readHistory`. */
  history: Snapshot[];
  runs: RunSummary[];
  /** The last word on each hashtag that has no snapshot on the day. */
  failures: Failure[];
  corrections: Correction[];
};

/** All that the database holds about a week or month, and the history that its trends need. */
export type PeriodRecord = {
  period: Period;
  /** The first day of the database. */
  firstDay: Day;
  /** The last day that the summary can be about: of the period, or the newest of the database. */
  lastDay: Day;
  /** Snapshots up to the period's last day, oldest first; see `readHistory`. */
  history: Snapshot[];
};

/** How far back trends look: 30 days, a week of tolerance, and the day before's rank. */
const HISTORY_DAYS = 38;

/** The newest day with a snapshot or a run; null in an empty database. */
export function newestDay(db: Database): Day | null {
  const newest = [maxDay(db, 'snapshots'), maxDay(db, 'runs')].filter((day) => day !== null);
  return newest.sort().at(-1) ?? null;
}

/**
 * Days with a snapshot or a run, newest first, and how many hashtags the runs missed: those that failed
 * or were not asked for, and where nothing at all was found, those that were not found, too.
 */
export function readDays(db: Database): { day: Day; hasSnapshots: boolean; missed: number }[] {
  const captured = new Set(selectRows(db, SNAPSHOT_DAYS).map(([date]) => String(date)));
  const missed = new Map(selectRows(db, MISSED_BY_DAY) as [string, number][]);
  const days = new Set([...captured, ...missed.keys()].filter(isDay));
  return [...days]
    .sort()
    .reverse()
    .map((day) => ({ day, hasSnapshots: captured.has(day), missed: missed.get(day) ?? 0 }));
}

// From each day to the next by the key; GROUP BY and DISTINCT would read the whole table.
const SNAPSHOT_DAYS = `WITH RECURSIVE days(day) AS (
  SELECT min(date) FROM snapshots
  UNION ALL SELECT (SELECT min(date) FROM snapshots WHERE date > day) FROM days WHERE day IS NOT NULL
) SELECT day FROM days WHERE day IS NOT NULL`;

// Of each hashtag the last word counts, as in `readFailures`.
const MISSED_BY_DAY = `WITH last AS (
  SELECT date, hashtag, kind, max(run_id) FROM failures JOIN runs ON runs.id = run_id
  GROUP BY date, hashtag
)
SELECT runs.date, count(DISTINCT last.hashtag) FROM runs LEFT JOIN last ON last.date = runs.date
  AND NOT EXISTS (SELECT 1 FROM snapshots s WHERE s.date = last.date AND s.hashtag = last.hashtag)
  AND (kind <> 'not-found' OR NOT EXISTS (SELECT 1 FROM snapshots s WHERE s.date = last.date))
GROUP BY runs.date`;

/** The hashtags that have a snapshot on the day. */
export function capturedHashtags(db: Database, day: Day): Set<string> {
  const rows = selectRows(db, 'SELECT hashtag FROM snapshots WHERE date = ?', [day]);
  return new Set(rows.map(([hashtag]) => String(hashtag)));
}

/** The last word of the day's runs on each hashtag that has no snapshot on the day. */
export function readFailures(db: Database, day: Day): Failure[] {
  return selectRows(
    db,
    `SELECT hashtag, kind, reason, max(run_id)
     FROM failures JOIN runs ON runs.id = failures.run_id
     WHERE date = ?1 AND hashtag NOT IN (SELECT hashtag FROM snapshots WHERE date = ?1)
     GROUP BY hashtag ORDER BY hashtag`,
    [day],
  ).map(([hashtag, kind, reason]) => ({
    hashtag: String(hashtag),
    kind: kind === 'not-found' || kind === 'not-asked' ? kind : 'failed',
    reason: String(reason),
  }));
}

/** What was last heard of a hashtag. */
export type LastHeard = {
  /** The newest day with a count; null where it never had one. */
  lastDay: Day | null;
  /** The first day after that on which it failed, and the newest reason; null where there is none. */
  firstFailedDay: Day | null;
  reason: string | null;
};

/** What was last heard of each hashtag that has ever been asked for. */
export function readLastHeard(db: Database): Map<string, LastHeard> {
  const heard = new Map<string, LastHeard>();
  const at = (storedName: unknown) => {
    const name = canonicalHashtag(String(storedName));
    const known = heard.get(name) ?? { lastDay: null, firstFailedDay: null, reason: null };
    heard.set(name, known);
    return known;
  };
  const counted = `SELECT hashtag, max(date) FROM snapshots
    WHERE video_count IS NOT NULL OR view_count IS NOT NULL GROUP BY hashtag ORDER BY 2`;
  for (const [hashtag, date] of selectRows(db, counted)) {
    at(hashtag).lastDay = parseDay([[date ?? null]]);
  }
  const failures = `SELECT hashtag, date, reason
    FROM failures JOIN runs ON runs.id = run_id ORDER BY date, run_id`;
  for (const [hashtag, date, reason] of selectRows(db, failures)) {
    const known = at(hashtag);
    const day = parseDay([[date ?? null]]);
    if (day === null || (known.lastDay !== null && day <= known.lastDay)) continue;
    known.firstFailedDay ??= day;
    known.reason = String(reason);
  }
  return heard;
}

/** The credits that the API last said were left, and the day of that run; null where it never did. */
export function readCreditsLeft(db: Database): { credits: number; day: Day } | null {
  const sql = `SELECT date, credits_remaining FROM runs WHERE credits_remaining IS NOT NULL
    ORDER BY date DESC, started_at DESC, id DESC LIMIT 1`;
  const rows = selectRows(db, sql);
  const [day, credits] = [parseDay(rows), parseStoredCount(rows[0]?.[1])];
  return day === null || credits === null ? null : { credits, day };
}

/** Everything about a day; null where the database has neither a snapshot nor a run of it. */
export function readDay(db: Database, day: Day): DayRecord | null {
  const runs = readRuns(db, day);
  if (runs.length === 0 && capturedHashtags(db, day).size === 0) return null;
  const history = readHistory(db, day, day);
  const previousDay = maxDay(db, 'snapshots', day);
  const previous = previousDay === null ? [] : [...capturedHashtags(db, previousDay)];
  return {
    day,
    firstDay: firstDay(db) ?? day,
    previousDay,
    previousHashtags: [...new Set(previous.map(canonicalHashtag))],
    history,
    runs,
    failures: readFailures(db, day),
    corrections: readCorrections(db, day),
  };
}

/** Everything about a week or month; null where the database has no snapshot of it. */
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

/**
 * Adds a run's snapshots, failures and summary, in one transaction. A count that is not known leaves
 * a known one of the same day alone; a count that differs replaces it, and the one before is kept as
 * a correction.
 * @throws DatabaseError where the database holds a later day: the past is never written to
 */
export function recordRun(db: Database, run: Run): void {
  const newest = newestDay(db);
  if (newest !== null && run.day < newest) {
    throw new DatabaseError(`the database already holds ${newest}; ${run.day} can't be added to`);
  }
  const rowsBefore = countSnapshots(db);
  inTransaction(db, () => {
    const runId = insertRun(db, run);
    for (const failure of run.failures) {
      const values = [runId, failure.hashtag, failure.kind, failure.reason];
      db.run('INSERT INTO failures VALUES (?, ?, ?, ?)', values);
    }
    // In the order of the key, which fills SQLite's pages to the brim.
    const snapshots = run.snapshots.toSorted((a, b) => compareText(a.hashtag, b.hashtag));
    const captured = capturedHashtags(db, run.day);
    const insert = db.prepare('INSERT INTO snapshots VALUES (?, ?, ?, ?)');
    for (const { hashtag, videoCount, viewCount } of snapshots) {
      if (captured.has(hashtag)) correct(db, runId, run.day, hashtag, { videoCount, viewCount });
      else insert.run([run.day, hashtag, videoCount, viewCount]);
    }
    insert.free();
    if (countSnapshots(db) < rowsBefore) throw new DatabaseError('snapshots would be lost');
  });
  // Daily inserts leave pages a fifth empty. Packed once a month, the file is a quarter smaller, and
  // the pages of earlier months stay as they are, so that a commit sends no more.
  if (newest !== null && newest.slice(0, 7) !== run.day.slice(0, 7)) db.run('VACUUM');
}

/**
 * Adds what `source` has and neither `target` nor `base` has: what stands in a checkout but not yet
 * on the remote, runs with their snapshots as well as imported snapshots. Snapshots that both have
 * stay as they are in `target`; the other reading is kept as a correction.
 * @param base what both come from; what it has, somebody removed from `target` on purpose
 * @returns the days that were added to
 */
export function adoptAdditions(target: Database, source: Database, base: Database): Day[] {
  const days = adoptRuns(target, source, base);
  const added = withAttached(source, base, 'base', () => selectRows(source, ADDED_SNAPSHOTS));
  return [...days, ...addMissingSnapshots(target, parseSnapshots(added)).map(({ day }) => day)];
}

const ADDED_SNAPSHOTS = `SELECT * FROM main.snapshots s
  WHERE NOT EXISTS (SELECT 1 FROM base.snapshots b WHERE b.date = s.date AND b.hashtag = s.hashtag)
  ORDER BY date, hashtag`;

function adoptRuns(target: Database, source: Database, base: Database): Day[] {
  const everyRun = 'SELECT * FROM runs ORDER BY id';
  const identity = ([, date, startedAt, finishedAt, trigger, url]: Row) =>
    [date, startedAt, finishedAt, trigger, url].join();
  const known = new Set([target, base].flatMap((db) => selectRows(db, everyRun).map(identity)));
  const missing = selectRows(source, everyRun).filter((row) => !known.has(identity(row)));
  inTransaction(target, () => {
    for (const [sourceId, ...columns] of missing) {
      target.run(INSERT_RUN, columns);
      const runId = lastRunId(target);
      for (const table of ['failures', 'corrections']) {
        const sql = `SELECT * FROM ${table} WHERE run_id = ?`;
        for (const [, ...rest] of selectRows(source, sql, [Number(sourceId)])) {
          target.run(`INSERT INTO ${table} VALUES (?, ?, ?, ?)`, [runId, ...rest]);
        }
      }
      adoptSnapshots(target, source, runId, Number(sourceId));
    }
  });
  return missing.map(([, date]) => String(date)).filter(isDay);
}

/**
 * Adds the snapshots whose day and hashtag are not there yet, whatever the day, in one transaction;
 * of several with the same day and hashtag the first. What is there stays as it is.
 * @returns those that were added, by day and hashtag
 */
export function addMissingSnapshots(db: Database, snapshots: Snapshot[]): Snapshot[] {
  const captured = new Map<Day, Set<string>>();
  const added: Snapshot[] = [];
  for (const snapshot of snapshots) {
    const { day, hashtag } = snapshot;
    const names =
      captured.get(day) ?? new Set([...capturedHashtags(db, day)].map(canonicalHashtag));
    captured.set(day, names);
    if (!names.has(hashtag)) added.push(snapshot);
    names.add(hashtag);
  }
  added.sort((a, b) => compareText(a.day, b.day) || compareText(a.hashtag, b.hashtag));
  inTransaction(db, () => {
    const insert = db.prepare('INSERT INTO snapshots VALUES (?, ?, ?, ?)');
    for (const { day, hashtag, videoCount, viewCount } of added) {
      insert.run([day, hashtag, videoCount, viewCount]);
    }
    insert.free();
  });
  return added;
}

/**
 * The snapshots as they are stored, by date and hashtag, one at a time: from the day on, and of the
 * hashtags, where these are given.
 */
export function* iterateSnapshots(
  db: Database,
  since: Day | null,
  hashtags: Set<string> | null,
): Generator<Row> {
  const sql = 'SELECT * FROM snapshots WHERE date >= ? ORDER BY date, hashtag';
  for (const row of iterateRows(db, sql, [since ?? ''])) {
    if (hashtags === null || hashtags.has(canonicalHashtag(String(row[1])))) yield row;
  }
}

/**
 * The snapshots that the trends of the days from `first` to `last` need, oldest first: those of the
 * days and of the weeks before, and for each hashtag that needs it its newest ones before that,
 * however old.
 */
function readHistory(db: Database, first: Day, last: Day): Snapshot[] {
  const windowStart = addDays(first, -HISTORY_DAYS);
  const recent = selectRows(
    db,
    'SELECT * FROM snapshots WHERE date BETWEEN ? AND ? ORDER BY date',
    [windowStart, last],
  );
  // Growth compares with the newest earlier count, which may be older than the window.
  const compared = new Map<unknown, { videos: number; views: number }>();
  for (const [date, hashtag, videoCount, viewCount] of recent) {
    const known = compared.get(hashtag) ?? { videos: 0, views: 0 };
    // The first that is known, if only on one of the days, has nothing before it to compare with.
    const isEarly = String(date) <= first;
    if (videoCount !== null && (isEarly || known.videos === 0)) known.videos++;
    if (viewCount !== null && (isEarly || known.views === 0)) known.views++;
    compared.set(hashtag, known);
  }
  // One is the day's own. Two are too few as well: the ranks of the day before are told from the rest.
  const isFew = (known: number) => known === 1 || known === 2;
  const lonely = [...compared].filter(([, { videos, views }]) => isFew(videos) || isFew(views));
  const names = JSON.stringify(lonely.map(([hashtag]) => canonicalHashtag(String(hashtag))));
  const older = ['video_count', 'view_count'].flatMap((count) =>
    lonely.length === 0
      ? []
      : selectRows(
          db,
          // The tutorial's script stored names with spaces, # and capitals, of any script.
          `SELECT max(date), hashtag, video_count, view_count FROM snapshots
           WHERE date < ? AND ${count} IS NOT NULL
             AND (hashtag IN (SELECT value FROM json_each(?)) OR hashtag GLOB '*[^a-z0-9_]*')
           GROUP BY hashtag`,
          [windowStart, names],
        ),
  );
  older.sort((a, b) => compareText(String(a[0]), String(b[0])));
  return parseSnapshots([...older, ...recent]);
}

/** A row of the database as SQLite gives it. */
export type Row = ReturnType<typeof selectRows>[number];

/** Rows as snapshots, each under the name that the tracker uses today, one a day and hashtag. */
export function parseSnapshots(rows: Iterable<Row>): Snapshot[] {
  const canonical = new Map<string, string>();
  const snapshots = new Map<string, Snapshot>();
  for (const [date, storedName, videoCount, viewCount] of rows) {
    const day = String(date);
    const stored = String(storedName);
    if (!isDayCached(day)) continue;
    const hashtag = canonical.get(stored) ?? canonicalHashtag(stored);
    canonical.set(stored, hashtag);
    const key = `${day} ${hashtag}`;
    // "Vibe Coding" and "vibecoding" are one hashtag; the row with its very name counts.
    if (stored !== hashtag && snapshots.has(key)) continue;
    const counts = withoutQuirk({
      videoCount: parseStoredCount(videoCount),
      viewCount: parseStoredCount(viewCount),
    });
    snapshots.set(key, { day, hashtag, ...counts });
  }
  return [...snapshots.values()];
}

const knownDays = new Set<string>();

/** `isDay` for the same few days over and over. */
function isDayCached(text: string): text is Day {
  if (knownDays.has(text)) return true;
  if (!isDay(text)) return false;
  knownDays.add(text);
  return true;
}

/** The tutorial's script stored whatever it was given; only counts are taken for counts. */
function parseStoredCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function parseDay(rows: Row[]): Day | null {
  const value = rows[0]?.[0];
  return typeof value === 'string' && isDay(value) ? value : null;
}

/** The first day with a snapshot; null where there is none. */
function firstDay(db: Database): Day | null {
  return nextDay(db, 'SELECT min(date) FROM snapshots WHERE date > ?', '');
}

/** The newest day in a table, before a day where one is given. */
function maxDay(db: Database, table: 'snapshots' | 'runs', before?: Day): Day | null {
  return nextDay(db, `SELECT max(date) FROM ${table} WHERE date < ?`, before ?? '~');
}

/** The day that the query finds next to a bound; what is no day is passed over. */
function nextDay(db: Database, sql: string, start: string): Day | null {
  for (let bound = start; ; ) {
    const date = selectRows(db, sql, [bound])[0]?.[0];
    if (typeof date !== 'string') return null;
    if (isDay(date)) return date;
    bound = date;
  }
}

function readRuns(db: Database, day: Day): RunSummary[] {
  return selectRows(db, 'SELECT * FROM runs WHERE date = ? ORDER BY started_at, id', [day]).map(
    (row) => {
      const [, , startedAt, finishedAt, trigger, url, tracked, asked, stored, failed, used, left] =
        row;
      return {
        day,
        startedAt: String(startedAt),
        finishedAt: String(finishedAt),
        trigger: String(trigger),
        url: url === null ? null : String(url),
        tracked: Number(tracked),
        asked: Number(asked),
        stored: Number(stored),
        failed: Number(failed),
        creditsUsed: parseStoredCount(used),
        creditsRemaining: parseStoredCount(left),
      };
    },
  );
}

function readCorrections(db: Database, day: Day): Correction[] {
  return selectRows(
    db,
    `SELECT hashtag, video_count, view_count, finished_at
     FROM corrections JOIN runs ON runs.id = run_id WHERE date = ? ORDER BY hashtag, run_id`,
    [day],
  ).map(([hashtag, videoCount, viewCount, replacedAt]) => ({
    hashtag: String(hashtag),
    videoCount: parseStoredCount(videoCount),
    viewCount: parseStoredCount(viewCount),
    replacedAt: String(replacedAt),
  }));
}

/** Adds what a run of `source` captured; what differs from what is there is kept as its correction. */
function adoptSnapshots(
  target: Database,
  source: Database,
  runId: number,
  sourceRunId: number,
): void {
  for (const row of selectRows(source, READINGS, [sourceRunId])) {
    const [date = null, hashtag = null] = row;
    target.run('INSERT OR IGNORE INTO snapshots VALUES (?, ?, ?, ?)', row.slice(0, 4));
    if (target.getRowsModified() === 1) continue; // what was there before is told by corrections
    target.run(
      `INSERT OR REPLACE INTO corrections SELECT ?1, ?2, ?3, ?4 FROM snapshots
       WHERE date = ?5 AND hashtag = ?2 AND (video_count IS NOT ?3 OR view_count IS NOT ?4)`,
      [runId, hashtag, ...row.slice(4), date],
    );
  }
}

// The day's snapshots, each with what it was after the run ?1: the next later run that replaced it tells.
const READINGS = `SELECT s.*, iif(next.run_id IS NULL, s.video_count, next.video_count),
    iif(next.run_id IS NULL, s.view_count, next.view_count)
  FROM runs JOIN snapshots s ON s.date = runs.date
  LEFT JOIN corrections next ON next.hashtag = s.hashtag AND next.run_id = (
    SELECT min(c.run_id) FROM corrections c JOIN runs later ON later.id = c.run_id
    WHERE later.date = s.date AND c.hashtag = s.hashtag AND c.run_id > ?1
  )
  WHERE runs.id = ?1`;

const INSERT_RUN = 'INSERT INTO runs VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

function insertRun(db: Database, run: Run): number {
  db.run(INSERT_RUN, [
    run.day,
    run.startedAt,
    run.finishedAt,
    run.trigger,
    run.url,
    run.tracked,
    run.asked,
    run.stored,
    run.failed,
    run.creditsUsed,
    run.creditsRemaining,
  ]);
  return lastRunId(db);
}

function lastRunId(db: Database): number {
  return Number(selectRows(db, 'SELECT last_insert_rowid()')[0]?.[0]);
}

function correct(db: Database, runId: number, day: Day, hashtag: string, answered: Counts): void {
  const sql = 'SELECT video_count, view_count FROM snapshots WHERE date = ? AND hashtag = ?';
  const [row] = selectRows(db, sql, [day, hashtag]);
  const before = { videoCount: parseStoredCount(row?.[0]), viewCount: parseStoredCount(row?.[1]) };
  const videoCount = answered.videoCount ?? before.videoCount;
  const viewCount = answered.viewCount ?? before.viewCount;
  if (videoCount === before.videoCount && viewCount === before.viewCount) return;
  const replaced = [runId, hashtag, before.videoCount, before.viewCount];
  db.run('INSERT INTO corrections VALUES (?, ?, ?, ?)', replaced);
  db.run('UPDATE snapshots SET video_count = ?, view_count = ? WHERE date = ? AND hashtag = ?', [
    videoCount,
    viewCount,
    day,
    hashtag,
  ]);
}

function countSnapshots(db: Database): number {
  return Number(selectRows(db, 'SELECT count(*) FROM snapshots')[0]?.[0]);
}
