import type { Database } from 'sql.js';
import type { Counts } from '../core/count.ts';
import { addDays, type Day, daysBetween, isDay } from '../core/day.ts';
import { DatabaseError, UsageError } from '../core/errors.ts';
import { formatList, plural } from '../core/format.ts';
import { DATABASE_PATH, REPORTS_FOLDER, reportPath } from '../core/paths.ts';
import { plainText } from '../core/text.ts';
import { isTutorialFile, type OpenDatabase, parseDatabase } from '../store/database.ts';
import { newestDay, readDay, readDays } from '../store/days.ts';
import { selectRows, selectValue, withAttached } from '../store/rows.ts';
import { findCommit, git } from '../system/git.ts';
import { type ObjectReader, openObjects } from '../system/git-objects.ts';
import { describeCounts, EARLIER, findChangedSnapshots } from './compare.ts';
import { parseReportCounts, ReportParseError } from './parse-report.ts';

/** A commit that touched the database or a report. */
type HistoryCommit = {
  /** Abbreviated. */
  hash: string;
  /** The touched files, each with its new blob; null if it was deleted. */
  blobs: Map<string, string | null>;
};

/** A change of the past, or something that contradicts the rows. */
export type Finding = {
  commit: string;
  problem: string;
  day?: string;
  hashtag?: string;
  /** What the version before, or the database, says; absent if it says nothing. */
  before?: string;
  /** What the commit, or its report, says; absent if it says nothing. */
  after?: string;
};

/** What the audit of a history found. */
type Audit = {
  findings: Finding[];
  /** Worth knowing, but not a change of the past. */
  information: string[];
};

/** A version of the database. `isTutorial`: the tutorial's script wrote the file. */
type Version = { db: OpenDatabase; isTutorial: boolean };

/**
 * The commits of the checked-out branch that touched the database or a report, by first parent,
 * oldest first; only those after the revision `since`, if given.
 * @throws UsageError if the history is missing or incomplete, or the revision is unknown
 */
export async function listHistory(root: string, since: string | null): Promise<HistoryCommit[]> {
  const isShallow = await git(root, ['rev-parse', '--is-shallow-repository']).catch(() => null);
  if (isShallow === null) throw new UsageError('this is not a git repository; run it in a clone');
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
  const range = start === null ? 'HEAD' : `${start}..HEAD`;
  const files = [DATABASE_PATH, `:(glob)${REPORTS_FOLDER}/*.md`];
  return parseLog(await git(root, ['log', ...LOG_OPTIONS, range, '--', ...files]));
}

/** With -m, a merge lists what it changed in comparison with its first parent. */
const LOG_OPTIONS = [
  ...['--first-parent', '-m', '--reverse', '--root', '--raw', '--no-abbrev', '--no-renames'],
  ...['--no-color', '--no-show-signature', '--format=%H'],
];

/**
 * Compares every version of the database with the one before, and every report that a commit wrote
 * with the rows of that commit. Holds two versions at a time. Ends early when the signal aborts.
 * @param show called with each commit before it is checked
 */
export async function auditHistory(
  root: string,
  commits: HistoryCommit[],
  show: (done: number, commit: HistoryCommit) => void,
  signal: AbortSignal,
): Promise<Audit> {
  const audit: Audit = { findings: [], information: [] };
  using objects = openObjects(root);
  const [first] = commits;
  let version = first === undefined ? null : await openVersionBefore(first, objects, audit);
  const startDay = version === null ? null : newestDay(version.db);
  for (const [index, commit] of commits.entries()) {
    if (signal.aborted) break;
    show(index, commit);
    version = await auditDatabase(commit, version, objects, audit);
    audit.findings.push(...(await auditReports(commit, version?.db ?? null, objects)));
  }
  if (version !== null) audit.information.push(...describeGaps(version.db, startDay));
  version?.db.close();
  return audit;
}

/** The database that a commit started from; null if there was none. */
async function openVersionBefore({ hash }: HistoryCommit, objects: ObjectReader, audit: Audit) {
  const commit = `${hash}^`;
  const file = await objects.read(`${commit}:${DATABASE_PATH}`);
  return file === null ? null : openVersion(file, commit, audit);
}

/** `3f2a9c1 2026-11-20 #aitools: the problem; before: …; after: …`: a finding in one line. */
export function renderFinding(finding: Finding): string {
  const { commit, day, hashtag, problem, before, after } = finding;
  const place = [commit, day, hashtag && `#${hashtag}`].filter((part) => part).join(' ');
  const values =
    before || after ? `; before: ${before ?? 'nothing'}; after: ${after ?? 'nothing'}` : '';
  return plainText(`${place}: ${problem}${values}`, 400);
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

/** Opens a version of the file. If it is not sound, adds a finding and returns null. */
async function openVersion(file: Buffer, commit: string, audit: Audit): Promise<Version | null> {
  try {
    const isTutorial = isTutorialFile(file); // first, because SQLite changes these bytes
    return { db: await parseDatabase(file), isTutorial };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    // Keep the problem, drop the advice.
    audit.findings.push({ commit, problem: error.message.replace(/\. .*/s, '') });
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
    audit.findings.push({ commit: hash, problem: `${DATABASE_PATH} was deleted` });
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
  withAttached(after.db, before.db, EARLIER, () => {
    const changes = findChangedSnapshots(after.db, newest, before.isTutorial);
    audit.findings.push(...changes.map((change) => ({ commit, ...change })));
    // Usually there are none, and counting is far cheaper than looking for them.
    const hasAdded = countBefore(after.db, newest) !== countBefore(before.db, newest);
    const addedRows = hasAdded ? selectRows(after.db, ADDED_ROWS, [newest]) : [];
    for (const { date, added } of addedRows) {
      const snapshots = plural(Number(added), 'snapshot');
      audit.information.push(plainText(`${commit} ${date}: ${snapshots} added later`));
    }
  });
}

/** How many rows are older than the day. It reads only the newer ones. */
function countBefore(db: Database, day: string): number {
  const sql = `SELECT (SELECT count(*) FROM snapshots)
    - (SELECT count(*) FROM snapshots WHERE date >= ?)`;
  return Number(selectValue(db, sql, [day]));
}

/** Days before ?1 that have more rows than in the version before, with how many more. */
const ADDED_ROWS = `
  SELECT date, count(*) - (SELECT count(*) FROM earlier.snapshots e WHERE e.date = s.date) added
  FROM main.snapshots s WHERE date < ?1 GROUP BY date HAVING added > 0`;

async function auditReports(commit: HistoryCommit, db: Database | null, objects: ObjectReader) {
  const findings: Finding[] = [];
  for (const [file, blob] of commit.blobs) {
    const day = file.slice(REPORTS_FOLDER.length + 1, -'.md'.length);
    if (!isDay(day) || file !== reportPath(day)) continue;
    const report = blob === null ? null : await objects.read(blob);
    const found = report === null ? DELETED : compareReport(report.toString('utf8'), day, db);
    findings.push(...found.map((what) => ({ commit: commit.hash, day, ...what })));
  }
  return findings;
}

const DELETED = [{ problem: 'the report was deleted' }];

/** Where the report differs from the rows of its day, and which rows it lacks. */
function compareReport(markdown: string, day: Day, db: Database | null) {
  const contradictions: Omit<Finding, 'commit' | 'day'>[] = [];
  const history = db === null ? [] : (readDay(db, day)?.history ?? []);
  const rows = new Map(history.filter((row) => row.day === day).map((row) => [row.hashtag, row]));
  const shown = new Set<string>();
  const add = (problem: string, hashtag: string, counts?: Counts) => {
    const row = rows.get(hashtag);
    contradictions.push({
      problem,
      hashtag,
      ...(row && { before: describeCounts(row.videoCount, row.viewCount) }),
      ...(counts && { after: describeCounts(counts.videoCount, counts.viewCount) }),
    });
  };
  try {
    for (const { hashtag, ...counts } of parseReportCounts(markdown)) {
      const row = rows.get(hashtag);
      if (shown.has(hashtag)) add('the report shows the hashtag twice', hashtag, counts);
      else if (row?.videoCount !== counts.videoCount || row.viewCount !== counts.viewCount) {
        add('the report shows other counts than the database', hashtag, counts);
      }
      shown.add(hashtag);
    }
  } catch (error) {
    if (!(error instanceof ReportParseError)) throw error;
    return [{ problem: error.message }];
  }
  for (const hashtag of rows.keys()) {
    if (!shown.has(hashtag)) add('the report lacks the snapshot', hashtag);
  }
  return contradictions;
}

/** The days without a snapshot, and the hashtags that the runs missed, after `startDay`. */
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
  const missed = days
    .filter((entry) => entry.missed.length > 0 && (startDay === null || entry.day > startDay))
    .map((entry) => {
      const names = entry.missed.map(({ hashtag }) => `#${plainText(hashtag)}`);
      return `${entry.day}: no counts for ${formatList(names)}`;
    });
  return gaps.length === 0 ? missed : [`missing days: ${gaps.join(', ')}`, ...missed];
}
