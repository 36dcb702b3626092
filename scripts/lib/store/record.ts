import type { Database } from 'sql.js';
import { type Counts, parseCount } from '../core/count.ts';
import type { Day } from '../core/day.ts';
import { DatabaseError } from '../core/errors.ts';
import { canonicalHashtag } from '../core/hashtag-name.ts';
import type { Failure, Run, Snapshot, TopVideos } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';
import { capturedHashtags, newestDay, VIDEOS_FAILURE } from './days.ts';
import { inTransaction, selectRows, selectValue } from './rows.ts';

/** Where snapshots that no run captured come from. */
export type Origin = {
  /** In UTC, as ISO 8601. */
  importedAt: string;
  /** What people call it, such as the name of a file. */
  source: string;
  /** Of the source's content, in hexadecimal. */
  sha256: string;
};

export const INSERT_IMPORT = 'INSERT INTO imports VALUES (NULL, ?, ?, ?, ?, ?, ?)';
export const INSERT_RUN = 'INSERT INTO runs VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

/**
 * Adds a run with its snapshots and failures, in one transaction. An unknown count does not
 * replace a known one of the same day. Another count does, and the old one becomes a correction.
 * What it brought is listed among the captures if an earlier run of the day had snapshots.
 * A run may end after midnight, when the database has a later day already. It then adds what its
 * day lacks. What the day has stays as it is, and the run's other counts become corrections.
 */
export function recordRun(db: Database, run: Run): void {
  const newest = newestDay(db);
  const isLate = newest !== null && run.day < newest;
  const rowsBefore = countSnapshots(db);
  inTransaction(db, () => {
    const runId = insertRun(db, run);
    for (const { hashtag, kind, reason } of storeReasonsOnce(run.failures)) {
      db.run('INSERT INTO failures VALUES (?, ?, ?, ?)', [runId, hashtag, kind, reason]);
    }
    const captured = capturedHashtags(db, run.day);
    const isCaptured = ({ hashtag }: { hashtag: string }) => captured.has(hashtag);
    const corrected = run.snapshots
      .filter(isCaptured)
      .filter(({ hashtag, ...counts }) => correct(db, runId, run.day, hashtag, counts, isLate));
    const added = run.snapshots.filter((snapshot) => !isCaptured(snapshot));
    const rows = added.map((snapshot) => ({ day: run.day, ...snapshot }));
    insertSnapshots(db, rows);
    const brought = [...corrected, ...added].map(({ hashtag }) => hashtag);
    recordCaptures(db, runId, run.day, brought);
    recordIds(db, run.tiktokIds ?? new Map());
    for (const found of run.topVideos ?? []) recordVideos(db, runId, run.day, found);
    if (countSnapshots(db) < rowsBefore) throw new DatabaseError('snapshots would be lost');
  });
  // Daily inserts leave pages a fifth empty. Packed once a month, the file is a quarter smaller, and
  // the pages of earlier months stay as they are, so a commit sends no more.
  if (newest !== null && newest.slice(0, 7) < run.day.slice(0, 7)) db.run('VACUUM');
}

/**
 * Adds the snapshots, of any day, that the database does not have, in one transaction. Of several
 * with the same day and hashtag, it adds the first. Stored snapshots stay as they are.
 * @returns those that were added, by day and hashtag
 */
export function addMissingSnapshots(db: Database, snapshots: Snapshot[]): Snapshot[] {
  const missing = findMissing(db, snapshots);
  return inTransaction(db, () => insertSnapshots(db, missing));
}

/**
 * Adds missing snapshots as `addMissingSnapshots` does, with a record of where they come from in the
 * same transaction. If none is missing, there is no record.
 * @returns those that were added, by day and hashtag
 */
export function importSnapshots(db: Database, snapshots: Snapshot[], origin: Origin): Snapshot[] {
  const missing = findMissing(db, snapshots);
  return inTransaction(db, () => {
    const added = insertSnapshots(db, missing);
    recordImport(db, added, origin);
    return added;
  });
}

/**
 * Records where snapshots come from, unless there are none.
 * @param added by day
 */
export function recordImport(db: Database, added: Snapshot[], origin: Origin): void {
  const [first, last] = [added[0], added.at(-1)];
  if (first === undefined || last === undefined) return;
  const { importedAt, source, sha256 } = origin;
  const range = [first.day, last.day, added.length];
  db.run(INSERT_IMPORT, [importedAt, source, sha256, ...range]);
}

/**
 * Records that all snapshots come from a file of the tutorial's script, unless there are none. When
 * they were stored is not known.
 * @param sha256 of the file's content, in hexadecimal
 */
export function recordTutorialFile(db: Database, sha256: string): void {
  const count = 'SELECT min(date) AS first, max(date) AS last, count(*) AS rows FROM snapshots';
  const { first = null, last = null, rows = 0 } = selectRows(db, count)[0] ?? {};
  if (rows === 0) return;
  db.run(INSERT_IMPORT, [null, 'the tutorial’s script', sha256, first, last, rows]);
}

function findMissing(db: Database, snapshots: Snapshot[]): Snapshot[] {
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
  return added;
}

/** Inserts in the order of the key, which fills SQLite's pages best, and returns that order. */
export function insertSnapshots(db: Database, snapshots: Snapshot[]): Snapshot[] {
  const insert = db.prepare('INSERT INTO snapshots VALUES (?, ?, ?, ?)');
  const inOrder = snapshots.toSorted(
    (a, b) => compareText(a.day, b.day) || compareText(a.hashtag, b.hashtag),
  );
  for (const { day, hashtag, videoCount, viewCount } of inOrder) {
    insert.run([day, hashtag, videoCount, viewCount]);
  }
  insert.free();
  return inOrder;
}

/**
 * The failures as they are stored: the reason why a run ended early is stored once, with the first
 * hashtag that was not asked. It is empty for the others (see FAILURES in days.ts).
 */
function storeReasonsOnce(failures: Failure[]): Failure[] {
  const first = failures.find(({ kind }) => kind === 'not-asked');
  return failures.map((failure) =>
    failure.kind !== 'not-asked' || failure === first ? failure : { ...failure, reason: '' },
  );
}

/** Adds the row of a run alone, and returns its id. */
export function insertRun(db: Database, run: Run): number {
  const notAsked = run.failures.filter(({ kind }) => kind === 'not-asked').length;
  const failed = run.failures.length - notAsked;
  const stored = run.snapshots.length;
  db.run(INSERT_RUN, [
    run.day,
    run.startedAt,
    run.finishedAt,
    run.trigger,
    run.url,
    run.tracked,
    stored + failed,
    stored,
    failed,
    run.creditsUsed,
    run.creditsRemaining,
  ]);
  return lastRunId(db);
}

/** The id of the run that was inserted last. */
export function lastRunId(db: Database): number {
  return Number(selectValue(db, 'SELECT last_insert_rowid()'));
}

/** Lists what a run brought of its day, unless it is the first that brought anything. */
export function recordCaptures(db: Database, runId: number, day: Day, hashtags: string[]): void {
  const first = 'SELECT min(id) FROM runs WHERE date = ? AND stored > 0';
  if (selectValue(db, first, [day]) === runId) return;
  for (const hashtag of hashtags.toSorted(compareText)) {
    db.run('INSERT INTO captures VALUES (?, ?)', [runId, hashtag]);
  }
}

/** Stores TikTok's numbers of hashtags. A newer number replaces the one that is there. */
function recordIds(db: Database, tiktokIds: Map<string, string>): void {
  for (const row of tiktokIds) {
    db.run(
      `INSERT INTO hashtags VALUES (?, ?) ON CONFLICT DO UPDATE SET tiktok_id = excluded.tiktok_id
       WHERE tiktok_id <> excluded.tiktok_id`,
      row,
    );
  }
}

/**
 * Stores what the videos of a hashtag say, unless the day has that already. That there are none is a
 * failure of its own kind, so that the day does not ask twice.
 */
function recordVideos(db: Database, runId: number, day: Day, found: TopVideos): void {
  const { hashtag, videos, companions, problem } = found;
  if (problem !== null) {
    const values = [runId, hashtag, VIDEOS_FAILURE, problem];
    db.run('INSERT OR IGNORE INTO failures VALUES (?, ?, ?, ?)', values);
    return;
  }
  const known = 'SELECT 1 FROM videos WHERE date = ? AND hashtag = ?';
  if (selectRows(db, known, [day, hashtag]).length > 0) return;
  for (const { id, author, plays, createdAt } of videos) {
    const values = [day, hashtag, id, author, plays, createdAt];
    db.run('INSERT INTO videos VALUES (?, ?, ?, ?, ?, ?)', values);
  }
  for (const { hashtag: companion, uses } of companions) {
    db.run('INSERT INTO companions VALUES (?, ?, ?, ?)', [day, hashtag, companion, uses]);
  }
}

/**
 * Replaces a stored count by another one. False if it does not.
 * @param isLate whether the day is over, so that the snapshot stays as it is
 */
function correct(
  db: Database,
  runId: number,
  day: Day,
  hashtag: string,
  answered: Counts,
  isLate: boolean,
): boolean {
  const sql = 'SELECT video_count, view_count FROM snapshots WHERE date = ? AND hashtag = ?';
  const [row] = selectRows(db, sql, [day, hashtag]);
  const before = { videos: parseCount(row?.video_count), views: parseCount(row?.view_count) };
  const videos = answered.videoCount ?? before.videos;
  const views = answered.viewCount ?? before.views;
  if (videos === before.videos && views === before.views) return false;
  const unused = isLate ? [videos, views] : [before.videos, before.views];
  db.run('INSERT INTO corrections VALUES (?, ?, ?, ?)', [runId, hashtag, ...unused]);
  if (isLate) return false;
  const update =
    'UPDATE snapshots SET video_count = ?, view_count = ? WHERE date = ? AND hashtag = ?';
  db.run(update, [videos, views, day, hashtag]);
  return true;
}

function countSnapshots(db: Database): number {
  return Number(selectValue(db, 'SELECT count(*) FROM snapshots'));
}
