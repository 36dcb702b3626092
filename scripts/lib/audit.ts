import type { Database } from 'sql.js';
import { UsageError } from './command.ts';
import {
  DATABASE_PATH,
  DatabaseError,
  isTutorialFile,
  parseDatabase,
  selectRows,
  withAttached,
} from './database.ts';
import { addDays, type Day, daysBetween, isDay } from './day.ts';
import { formatCount, formatList, plural } from './format.ts';
import { findCommit, git } from './git.ts';
import { type ObjectReader, openObjects } from './git-objects.ts';
import { parseReportCounts, ReportParseError } from './parse-report.ts';
import { plainText } from './plain-text.ts';
import type { Counts } from './scavio.ts';
import { newestDay, readDay, readDays, readFailures } from './store.ts';
import { REPORTS_FOLDER, reportPath } from './write-reports.ts';

/** A commit that touched the database or a report. */
export type HistoryCommit = {
  /** The abbreviated hash. */
  hash: string;
  /** The touched files with the blob that each became; null where it was deleted. */
  blobs: Map<string, string | null>;
};

/** Something that a commit did to the past, or that contradicts the rows. */
export type Finding = {
  commit: string;
  problem: string;
  day: string | null;
  hashtag: string | null;
  /** What the version before, or the database, says; null for nothing. */
  before: string | null;
  /** What the commit, or its report, says; null for nothing. */
  after: string | null;
};

/** What the audit of a history found. */
export type Audit = {
  findings: Finding[];
  /** What is worth knowing and no change of the past. */
  information: string[];
};

/** A version of the database; `isTutorial` where the tutorial's script wrote the file. */
type Version = { db: Database; isTutorial: boolean };

/**
 * The commits of the checked-out branch that touched the database or a report, by first parent,
 * oldest first; only those after the revision `since`, where given.
 * @throws UsageError where the history is not there, or the revision is unknown
 */
export async function listHistory(root: string, since: string | null): Promise<HistoryCommit[]> {
  const isShallow = await git(root, ['rev-parse', '--is-shallow-repository']).catch(() => null);
  if (isShallow === null) throw new UsageError('there is no git repository here');
  if (isShallow === 'true') {
    throw new UsageError(
      'this clone is shallow: it has only the end of the history; run: git fetch --unshallow',
    );
  }
  if ((await findCommit(root, 'HEAD')) === null)
    throw new UsageError('the branch has no commit yet');
  const start = since === null ? null : await findCommit(root, since);
  if (since !== null && start === null) {
    throw new UsageError(`--since ${since}: there is no such revision`);
  }
  const log = await git(root, [
    'log',
    '--first-parent',
    '-m', // a merge is what it changed for its first parent
    '--reverse',
    '--root',
    '--raw',
    '--no-abbrev',
    '--no-renames',
    '--no-color',
    '--no-show-signature',
    '--format=%H',
    start === null ? 'HEAD' : `${start}..HEAD`,
    '--',
    DATABASE_PATH,
    `:(glob)${REPORTS_FOLDER}/*.md`,
  ]);
  return parseLog(log);
}

/**
 * Compares every version of the database with the one before, and every report that a commit wrote
 * with the rows of that commit. Holds two versions at a time; ends early where the signal says so.
 * @param show gets the commits as they are begun
 */
export async function auditHistory(
  root: string,
  commits: HistoryCommit[],
  show: (done: number, commit: HistoryCommit) => void,
  signal: AbortSignal,
): Promise<Audit> {
  const audit: Audit = { findings: [], information: [] };
  const objects = openObjects(root);
  let version: Version | null = null;
  try {
    const [first] = commits;
    if (first !== undefined) {
      const commit = `${first.hash}^`;
      const file = await objects.read(`${commit}:${DATABASE_PATH}`);
      if (file !== null) version = await openVersion(file, commit, audit);
    }
    const startDay = version === null ? null : newestDay(version.db);
    for (const [index, commit] of commits.entries()) {
      if (signal.aborted) break;
      show(index, commit);
      version = await auditDatabase(commit, version, objects, audit);
      await auditReports(commit, version?.db ?? null, objects, audit);
    }
    if (version !== null) audit.information.push(...describeGaps(version.db, startDay));
    return audit;
  } finally {
    version?.db.close();
    objects.close();
  }
}

/** `3f2a9c1 2026-11-20 #aitools: the problem; before: …; after: …`: a finding in one line. */
export function renderFinding(finding: Finding): string {
  const { commit, day, hashtag, problem, before, after } = finding;
  const place = [commit, day, hashtag === null ? null : `#${hashtag}`].filter((p) => p !== null);
  const values =
    before === null && after === null
      ? ''
      : `; before: ${before ?? 'nothing'}; after: ${after ?? 'nothing'}`;
  return plainText(`${place.join(' ')}: ${problem}${values}`, 400);
}

function parseLog(log: string): HistoryCommit[] {
  const commits: HistoryCommit[] = [];
  for (const line of log.split('\n')) {
    const [, blob = '', status, file = ''] =
      /^:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) (\w)\t(.*)$/.exec(line) ?? [];
    if (status !== undefined) commits.at(-1)?.blobs.set(file, status === 'D' ? null : blob);
    else if (line !== '') commits.push({ hash: line.slice(0, 10), blobs: new Map() });
  }
  return commits;
}

/** The version that the file is; null, and a finding, where it is not sound. */
async function openVersion(file: Buffer, commit: string, audit: Audit): Promise<Version | null> {
  try {
    const isTutorial = isTutorialFile(file); // before the database takes the bytes over
    return { db: await parseDatabase(file), isTutorial };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    // The sentence on what is wrong; how to mend the newest file is not what is asked here.
    audit.findings.push(finding(commit, { problem: error.message.replace(/\. .*/s, '') }));
    return null;
  }
}

/** The version to compare the next commit with: this commit's, or the last sound one before. */
async function auditDatabase(
  { hash, blobs }: HistoryCommit,
  before: Version | null,
  objects: ObjectReader,
  audit: Audit,
): Promise<Version | null> {
  const blob = blobs.get(DATABASE_PATH);
  if (blob === undefined) return before;
  const file = blob === null ? null : await objects.read(blob);
  if (file === null) {
    audit.findings.push(finding(hash, { problem: `${DATABASE_PATH} was deleted` }));
    return before;
  }
  const after = await openVersion(file, hash, audit);
  if (after === null) return before;
  if (before !== null) {
    compareVersions(before, after, hash, audit);
    before.db.close();
  }
  return after;
}

function compareVersions(before: Version, after: Version, commit: string, audit: Audit): void {
  const newest = newestDay(before.db) ?? '';
  withAttached(after.db, before.db, 'earlier', () => {
    for (const row of selectRows(after.db, LOST_ROWS)) {
      const [date, hashtag, videos, views, isThere, newVideos, newViews, isCorrected] = row;
      const day = String(date);
      const isAllowed =
        (day >= newest && isCorrected === 1) || (before.isTutorial && day === newest);
      if (isThere === 1 && isAllowed) continue;
      const problem =
        isThere === 0
          ? 'the snapshot was removed'
          : day < newest
            ? 'the snapshot of a past day was changed'
            : 'the snapshot was changed without a correction';
      audit.findings.push(
        finding(commit, {
          problem,
          day,
          hashtag: String(hashtag),
          before: describeCounts(videos, views),
          after: isThere === 0 ? null : describeCounts(newVideos, newViews),
        }),
      );
    }
    // Mostly there is none, which takes far less to tell than where they are.
    const hasAdded = countBefore(after.db, newest) !== countBefore(before.db, newest);
    const addedRows = hasAdded ? selectRows(after.db, ADDED_ROWS, [newest]) : [];
    for (const [date, added] of addedRows) {
      const snapshots = plural(Number(added), 'snapshot');
      audit.information.push(plainText(`${commit} ${date}: ${snapshots} added later`));
    }
  });
}

/** How many rows are older than the day; reads only the others. */
function countBefore(db: Database, day: string): number {
  const sql = `SELECT (SELECT count(*) FROM snapshots)
    - (SELECT count(*) FROM snapshots WHERE date >= ?)`;
  return Number(selectRows(db, sql, [day]));
}

/** Rows that the version before has and this one has not, or has otherwise. */
const LOST_ROWS = `
  WITH
    lost AS (SELECT * FROM earlier.snapshots EXCEPT SELECT * FROM main.snapshots),
    corrected AS (
      SELECT runs.date, new.hashtag, new.video_count, new.view_count
      FROM (SELECT * FROM main.corrections EXCEPT SELECT * FROM earlier.corrections) new
      JOIN main.runs ON runs.id = new.run_id
    )
  SELECT lost.*, now.date IS NOT NULL, now.video_count, now.view_count, EXISTS (
    SELECT 1 FROM corrected c WHERE c.date = lost.date AND c.hashtag = lost.hashtag
      AND c.video_count IS lost.video_count AND c.view_count IS lost.view_count
  )
  FROM lost LEFT JOIN main.snapshots now ON now.date = lost.date AND now.hashtag = lost.hashtag
  ORDER BY lost.date, lost.hashtag`;

/** Days before ?1 that have more rows than in the version before, with how many more. */
const ADDED_ROWS = `
  SELECT date, count(*) - (SELECT count(*) FROM earlier.snapshots e WHERE e.date = s.date) added
  FROM main.snapshots s WHERE date < ?1 GROUP BY date HAVING added > 0`;

async function auditReports(
  { hash, blobs }: HistoryCommit,
  db: Database | null,
  objects: ObjectReader,
  audit: Audit,
): Promise<void> {
  for (const [file, blob] of blobs) {
    const day = file.slice(REPORTS_FOLDER.length + 1, -'.md'.length);
    if (!isDay(day) || file !== reportPath(day)) continue;
    const report = blob === null ? null : await objects.read(blob);
    if (report === null) {
      audit.findings.push(finding(hash, { day, problem: 'the report was deleted' }));
      continue;
    }
    try {
      const contradictions = compareReport(report.toString('utf8'), day, db);
      audit.findings.push(...contradictions.map((found) => finding(hash, { day, ...found })));
    } catch (error) {
      if (!(error instanceof ReportParseError)) throw error;
      audit.findings.push(finding(hash, { day, problem: error.message }));
    }
  }
}

/** What the report shows otherwise than the rows of its day, and the rows that it lacks. */
function compareReport(markdown: string, day: Day, db: Database | null) {
  const history = db === null ? [] : (readDay(db, day)?.history ?? []);
  const rows = new Map(history.filter((row) => row.day === day).map((row) => [row.hashtag, row]));
  const shown = new Set<string>();
  const contradictions: Pick<Finding, 'problem' | 'hashtag' | 'before' | 'after'>[] = [];
  const add = (problem: string, hashtag: string, counts: Counts | null) => {
    const row = rows.get(hashtag);
    const before = row === undefined ? null : describeCounts(row.videoCount, row.viewCount);
    const after = counts === null ? null : describeCounts(counts.videoCount, counts.viewCount);
    contradictions.push({ problem, hashtag, before, after });
  };
  for (const { hashtag, ...counts } of parseReportCounts(markdown)) {
    const row = rows.get(hashtag);
    if (shown.has(hashtag)) add('the report shows it twice', hashtag, counts);
    else if (row?.videoCount !== counts.videoCount || row.viewCount !== counts.viewCount) {
      add('the report shows other counts than the database', hashtag, counts);
    }
    shown.add(hashtag);
  }
  for (const hashtag of rows.keys()) {
    if (!shown.has(hashtag)) add('the report lacks the snapshot', hashtag, null);
  }
  return contradictions;
}

/** The days without a snapshot, and the hashtags that runs failed to get, after `startDay`. */
function describeGaps(db: Database, startDay: Day | null): string[] {
  const days = readDays(db).reverse();
  const captured = days.filter((entry) => entry.hasSnapshots).map((entry) => entry.day);
  const gaps = captured.flatMap((day, index) => {
    const previous = captured[index - 1];
    if (previous === undefined || (startDay !== null && day <= startDay)) return [];
    const length = daysBetween(previous, day) - 1;
    const [from, to] = [addDays(previous, 1), addDays(day, -1)];
    return length === 0 ? [] : [length === 1 ? from : `${from} to ${to}`];
  });
  const failed = days
    .filter(({ day, missed }) => missed > 0 && (startDay === null || day > startDay))
    .map(({ day, hasSnapshots }) => {
      const failures = readFailures(db, day).filter(
        ({ kind }) => kind !== 'not-found' || !hasSnapshots,
      );
      const names = failures.map(({ hashtag }) => `#${plainText(hashtag)}`);
      return `${day}: no count of ${formatList(names)}`;
    });
  return gaps.length === 0 ? failed : [`missing days: ${gaps.join(', ')}`, ...failed];
}

function finding(commit: string, what: Partial<Finding> & { problem: string }): Finding {
  return { commit, day: null, hashtag: null, before: null, after: null, ...what };
}

function describeCounts(videos: unknown, views: unknown): string {
  return `${describeCount(videos)} videos, ${describeCount(views)} views`;
}

/** The tutorial's script stored whatever it was given, which is shown as it is. */
function describeCount(value: unknown): string {
  return value === null || typeof value === 'number'
    ? formatCount(value)
    : plainText(String(value));
}
