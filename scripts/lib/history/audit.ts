import type { Database } from 'sql.js';
import { listCommittedArchives } from '../archive/files.ts';
import { addDays, type Day, daysBetween } from '../core/day.ts';
import { UsageError } from '../core/errors.ts';
import { formatCount, formatList, plural } from '../core/format.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import { ARCHIVE_FOLDER, DATABASE_PATH, LATEST_CSV_PATH, REPORTS_FOLDER } from '../core/paths.ts';
import { plainText } from '../core/text.ts';
import { newestDay, readDays } from '../store/days.ts';
import { findCommit, git } from '../system/git.ts';
import { hashBlob, type ObjectReader, openObjects } from '../system/git-objects.ts';
import {
  type Audit,
  abbreviate,
  auditDatabase,
  type Base,
  type Finding,
  holdWhole,
  type State,
} from './audit-database.ts';
import { openReportAudit } from './audit-reports.ts';
import { holdVersions, type Versions } from './versions.ts';

/** A commit that touched the database, or a file that is made from it. */
type HistoryCommit = {
  hash: string;
  /** The newest such commits that it comes from, or commits that are not audited. */
  parents: string[];
  /** The touched files, each with its new blob; null if it was deleted. */
  blobs: Map<string, string | null>;
  /** The touched files that it has from none of its parents. */
  written: Set<string>;
  /** The touched files that a merge has together with the database from one of its parents. */
  judgedBefore: Set<string>;
  /** What both sides of a merge come from; null for other commits, and for two histories. */
  base: Base | null;
};

/**
 * The commits of the checked-out branch, and of everything that was merged into it, that touched
 * the database or a file that is made from it. Each comes after its parents. With `since`, only those after it.
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
  const start = since === null ? null : await findCommit(root, since);
  if (since !== null && start === null) {
    throw new UsageError(`--since ${since}: there is no such revision`);
  }
  const range = start === null ? 'HEAD' : `${start}..HEAD`;
  const files = [
    DATABASE_PATH,
    `:(glob)${ARCHIVE_FOLDER}/*.db`,
    LATEST_CSV_PATH,
    `:(glob)${REPORTS_FOLDER}/**/*.md`,
  ];
  const options = ['-c', 'log.diffMerges=separate', 'log', ...LOG_OPTIONS];
  const log = await git(root, [...options, range, '--', ...files]).catch(async (error: unknown) => {
    const hasCommit = (await findCommit(root, 'HEAD')) !== null;
    throw hasCommit ? error : new UsageError('the branch has no commit yet');
  });
  const commits = parseLog(log);
  for (const commit of commits) {
    if (commit.parents.length !== 2) continue;
    const sides = [`${commit.hash}^1`, `${commit.hash}^2`];
    const base = await git(root, ['merge-base', ...sides]).catch(() => null);
    if (base === null) continue;
    await leaveOutRepeated(root, commit, base);
    if (commit.blobs.has(DATABASE_PATH)) commit.base = await readBase(root, base);
  }
  return commits;
}

async function readBase(root: string, commit: string): Promise<Base> {
  const name = ['--verify', '--quiet', `${commit}:${DATABASE_PATH}`];
  const blob = await git(root, ['rev-parse', ...name]).catch(() => null);
  return { blob, archives: await listCommittedArchives(root, commit) };
}

/**
 * Leaves out the reports that a merge lacks because a commit of one side has deleted them: then that
 * commit is to blame, and both sides come from one that has them.
 */
async function leaveOutRepeated(root: string, { blobs, written }: HistoryCommit, base: string) {
  const lacking = [...blobs.keys()].filter(
    (file) => blobs.get(file) === null && !written.has(file) && file.endsWith('.md'),
  );
  if (lacking.length === 0) return;
  const before = await git(root, ['ls-tree', '-r', '-z', '--name-only', base, '--', ...lacking]);
  for (const file of before.split('\0')) blobs.delete(file);
}

/** With -m, a merge lists what it changed in comparison with each parent, one after the other. */
const LOG_OPTIONS = [
  ...['--full-history', '--sparse', '-m', '--reverse', '--topo-order', '--root', '--raw'],
  ...['--no-abbrev', '--no-renames', '--no-color', '--no-show-signature', '--format=%H %P'],
];

/**
 * Compares the database of every commit with that of each of its parents, so that what a merge
 * drops or changes is found, and every report that a commit wrote with the rows of that commit.
 * Opens each version once, and holds it until its last child is checked. Ends early when the signal
 * aborts.
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
  using versions = holdVersions(objects);
  const auditReports = openReportAudit(objects);
  const states = await openStart(root, commits, versions, objects, audit);
  const startDay = newestOf([...states.values()]);
  const unread = countReaders(commits);
  const unshown = new Map<Day, number>();
  const auditReportsOf = async (commit: HistoryCommit, state: State) => {
    using whole = holdWhole(state, objects);
    return await auditReports(commit, state.versions[0]?.db ?? null, whole.open);
  };
  let last: State | undefined;
  for (const [index, commit] of commits.entries()) {
    if (signal.aborted) break;
    show(index, commit);
    const parents = commit.parents.flatMap((hash) => states.get(hash) ?? []);
    last = await auditDatabase(commit, parents, versions, objects, audit);
    const reports = await auditReportsOf(commit, last);
    const named = abbreviate(commit.hash);
    audit.findings.push(...reports.findings.map((found) => ({ commit: named, ...found })));
    audit.information.push(...reports.information.map((text) => `${named} ${text}`));
    for (const { day, count } of reports.unshown) unshown.set(day, count);
    states.set(commit.hash, last);
    for (const hash of commit.parents) {
      const left = (unread.get(hash) ?? 0) - 1;
      unread.set(hash, left);
      if (left > 0) continue;
      versions.release(states.get(hash)?.versions ?? []);
      states.delete(hash);
    }
  }
  if (last !== undefined) {
    using whole = holdWhole(last, objects);
    const db = await whole.open();
    if (db !== null) audit.information.push(...describeGaps(db, startDay));
  }
  if (unshown.size > 0) audit.information.push(describeUnshown(unshown));
  return audit;
}

/** Says that reports had no room for all counts, so that nobody takes them for a proof of these. */
function describeUnshown(unshown: Map<Day, number>): string {
  const most = formatCount(Math.max(...unshown.values()));
  return (
    `${plural(unshown.size, 'report')} had no room for all hashtags of the day, so the reports prove ` +
    `nothing about the counts of the others: up to ${most} a day`
  );
}

/** What the commits have that the first ones started from. */
async function openStart(
  root: string,
  commits: HistoryCommit[],
  versions: Versions,
  objects: ObjectReader,
  audit: Audit,
): Promise<Map<string, State>> {
  const audited = new Set(commits.map(({ hash }) => hash));
  const states = new Map<string, State>();
  for (const hash of new Set(commits.flatMap(({ parents }) => parents))) {
    if (audited.has(hash)) continue;
    const file = await objects.read(`${hash}:${DATABASE_PATH}`);
    const blob = file === null ? null : hashBlob(file, hash);
    const version = blob === null ? null : await versions.open(blob);
    if (typeof version === 'string') {
      audit.findings.push({ commit: abbreviate(hash), problem: version });
    }
    const isSound = version !== null && typeof version !== 'string';
    const archives = await listCommittedArchives(root, hash);
    states.set(hash, { blob, versions: isSound ? [version] : [], archives });
  }
  return states;
}

/** How many of the commits have a commit as a parent. */
function countReaders(commits: HistoryCommit[]): Map<string, number> {
  const readers = new Map<string, number>();
  for (const hash of commits.flatMap(({ parents }) => parents)) {
    readers.set(hash, (readers.get(hash) ?? 0) + 1);
  }
  return readers;
}

function newestOf(states: State[]): Day | null {
  const days = states.flatMap(({ versions }) => versions.map(({ db }) => newestDay(db)));
  return days.reduce((a, b) => ((b ?? '') > (a ?? '') ? b : a), null);
}

/** `3f2a9c1 2026-11-20 #aitools: the problem; before: …; after: …`: a finding in one line. */
export function renderFinding(finding: Finding): string {
  const { commit, day, hashtag, problem, before, after } = finding;
  const place = [commit, day, hashtag && showHashtag(hashtag)].filter((part) => part).join(' ');
  const values =
    before || after ? `; before: ${before ?? 'nothing'}; after: ${after ?? 'nothing'}` : '';
  return plainText(`${place}: ${problem}${values}`, 400);
}

/** The commits that touched a file, with parents among themselves, as far as there are any. */
function parseLog(log: string): HistoryCommit[] {
  const all = new Map<string, LoggedCommit>();
  let current: LoggedCommit | undefined;
  for (const line of log.split('\n').filter((text) => text !== '')) {
    const [, blob = '', status, file = ''] =
      /^:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) (\w)\t(.*)$/.exec(line) ?? [];
    if (status === undefined) {
      const [hash = '', ...parents] = line.trim().split(' ');
      current = all.get(hash) ?? { hash, parents, blobs: new Map(), comparisons: [] };
      current.comparisons.push(new Set());
      all.set(hash, current);
    } else if (current !== undefined) {
      current.comparisons.at(-1)?.add(file);
      current.blobs.set(file, status === 'D' ? null : blob);
    }
  }
  const touching: HistoryCommit[] = [];
  const standsFor = new Map<string, string[]>();
  for (const commit of all.values()) {
    const { hash, parents, blobs } = commit;
    const origins = [...new Set(parents.flatMap((parent) => standsFor.get(parent) ?? [parent]))];
    standsFor.set(hash, blobs.size > 0 ? [hash] : origins);
    if (blobs.size === 0) continue;
    const files = [...blobs.keys()];
    const written = new Set(files.filter((file) => !hasFromOneParent(commit, [file])));
    const judgedBefore = new Set(
      files.filter((file) => hasFromOneParent(commit, [file, DATABASE_PATH])),
    );
    touching.push({ hash, parents: origins, blobs, written, judgedBefore, base: null });
  }
  return touching;
}

/** A commit as the log lists it, with the files that differ from a parent, parent by parent. */
type LoggedCommit = Pick<HistoryCommit, 'hash' | 'parents' | 'blobs'> & {
  comparisons: Set<string>[];
};

/** Whether a commit has all these files as one parent does. The log leaves out a parent that has all. */
function hasFromOneParent({ parents, comparisons }: LoggedCommit, files: string[]): boolean {
  if (comparisons.length < parents.length) return true;
  return comparisons.some((differing) => files.every((file) => !differing.has(file)));
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
      const names = entry.missed.map(({ hashtag }) => showHashtag(hashtag));
      return `${entry.day}: no counts for ${formatList(names)}`;
    });
  return gaps.length === 0 ? missed : [`missing days: ${formatList(gaps)}`, ...missed];
}
