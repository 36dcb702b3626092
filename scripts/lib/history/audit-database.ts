import type { Database } from 'sql.js';
import { type CommittedArchives, compareArchives } from '../archive/files.ts';
import { DatabaseError } from '../core/errors.ts';
import { plural } from '../core/format.ts';
import { DATABASE_PATH, monthOfArchive } from '../core/paths.ts';
import { plainText } from '../core/text.ts';
import { type OpenDatabase, parseDatabase } from '../store/database.ts';
import { newestDay } from '../store/days.ts';
import { selectRows, selectValue, withAttached } from '../store/rows.ts';
import type { ObjectReader } from '../system/git-objects.ts';
import { changeArchives, isRememberedWell, listTouched, uniteArchives } from './archived.ts';
import { EARLIER, findChangedRecords, findChangedSnapshots } from './compare.ts';
import { EXPLAINED_SCHEMA, findUnexplained } from './explain.ts';
import type { Version, Versions } from './versions.ts';

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

/** What a commit has, its archives as they were last sound, and the sound versions that it stands for. */
export type State = Base & { versions: Version[] };

/** The hash of a commit's database, null if it has none, and its archives. */
export type Base = { blob: string | null; archives: CommittedArchives };

/** What the audit of a history found. */
export type Audit = {
  findings: Finding[];
  /** Worth knowing, but not a change of the past. */
  information: string[];
};

/**
 * What the commit has. Its versions are what the next commits are compared with: its own, or the
 * last sound ones before it.
 */
export async function auditDatabase(
  { hash, blobs, base }: { hash: string; blobs: Map<string, string | null>; base: Base | null },
  parents: State[],
  versions: Versions,
  objects: ObjectReader,
  audit: Audit,
): Promise<State> {
  const commit = abbreviate(hash);
  const blob = blobs.get(DATABASE_PATH);
  const first = parents[0];
  const before = [...new Set(parents.flatMap((parent) => parent.versions))];
  const archives = changeArchives(first?.archives ?? new Map(), blobs);
  if (blob === undefined && parents.every((parent) => isSame(parent.archives, archives))) {
    return { blob: first?.blob ?? null, versions: versions.hold(before), archives };
  }
  const after =
    blob === undefined
      ? (versions.hold(before.slice(0, 1))[0] ?? `there is no ${DATABASE_PATH}`)
      : blob === null
        ? `${DATABASE_PATH} was deleted`
        : await versions.open(blob);
  if (typeof after === 'string') {
    audit.findings.push({ commit, problem: after });
    return { blob: blob ?? null, versions: versions.hold(before), archives };
  }
  for (const problem of await findDamagedArchives(archives, parents, objects)) {
    audit.findings.push({ commit, problem });
  }
  const compared = new Set<Version>();
  const isFromOneSide = parents.some((parent) => hasSame(parent, { blob: blob ?? null, archives }));
  for (const [index, parent] of parents.entries()) {
    // What the other side has changed since then was found in its own commits.
    if (isFromOneSide && base !== null && hasSame(parent, base)) continue;
    for (const version of parent.versions) {
      const isUnchanged = version === after && isSame(parent.archives, archives);
      if (
        isUnchanged ||
        (compared.has(version) && isSame(parent.archives, first?.archives ?? archives))
      ) {
        continue;
      }
      const isFirst = index === 0 && compared.size === 0;
      compared.add(version);
      const pair = { before: version, after, archivesBefore: parent.archives, archives };
      await compareStates(pair, objects, commit, isFirst, audit);
    }
  }
  if (before.length === 0 && parents.every((parent) => parent.blob === null)) {
    using db = await parseDatabase(null);
    const pair = {
      before: { db, schema: after.schema },
      after,
      archivesBefore: new Map(),
      archives,
    };
    await compareStates(pair, objects, commit, false, audit);
  }
  return { blob: blob ?? first?.blob ?? null, versions: [after], archives };
}

const hasSame = (one: Base, other: Base) =>
  one.blob === other.blob && isSame(one.archives, other.archives);

const isSame = (before: CommittedArchives, after: CommittedArchives) =>
  compareArchives(before, after).length === 0;

/**
 * What is wrong with the archives that the commit has changed. They count as they were before.
 * @param archives of the commit; gets the earlier content back
 */
async function findDamagedArchives(
  archives: CommittedArchives,
  parents: State[],
  objects: ObjectReader,
): Promise<string[]> {
  const earlier = parents[0]?.archives ?? new Map<string, string>();
  const problems: string[] = [];
  for (const file of compareArchives(earlier, archives)) {
    const blob = archives.get(file);
    const problem = blob === undefined ? null : await describeDamage(file, blob, objects);
    if (problem === null) continue;
    problems.push(problem);
    const last = earlier.get(file);
    if (last === undefined) archives.delete(file);
    else archives.set(file, last);
  }
  return problems;
}

async function describeDamage(file: string, blob: string, objects: ObjectReader) {
  const bytes = await objects.read(blob);
  if (bytes === null) return `the content of ${file} is missing in this clone`;
  try {
    using _ = await parseDatabase(bytes, file);
    return null;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return error.message.replace(/\. .*/s, ''); // the problem without the advice
  }
}

/** Two versions with the archives of their commits. */
type Pair = {
  before: Version;
  after: Version;
  archivesBefore: CommittedArchives;
  archives: CommittedArchives;
};

/**
 * Compares two versions, each together with the archives that may have rows of the other's daily
 * file. So rows that moved to an archive are there on both sides.
 */
async function compareStates(
  { before, after, archivesBefore, archives }: Pair,
  objects: ObjectReader,
  commit: string,
  isFirstParent: boolean,
  audit: Audit,
): Promise<void> {
  const states = [
    { db: before.db, archives: archivesBefore },
    { db: after.db, archives },
  ] as const;
  const changed = listTouched(...states);
  try {
    if (changed.length === 0) compareVersions(before, after, commit, isFirstParent, audit);
    else {
      using earlier = await uniteArchives(before.db, archivesBefore, changed, objects);
      using now = await uniteArchives(after.db, archives, changed, objects);
      const united = { findings: [], information: [] };
      const pair = [
        { ...before, db: earlier },
        { ...after, db: now },
      ] as const;
      compareVersions(...pair, commit, isFirstParent, united);
      const deleted = changed.filter((file) => !archives.has(file));
      audit.findings.push(...nameDeleted(united.findings, deleted, commit));
      audit.information.push(...united.information);
    }
    if (await isRememberedWell(...states, objects)) return;
    const problem = 'what the database keeps of archived months is not what they say';
    audit.findings.push({ commit, problem });
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    audit.findings.push({ commit, problem: error.message.replace(/\. .*/s, '') });
  }
}

/** Says once that a file is gone, in place of each of its rows. */
function nameDeleted(findings: Finding[], deleted: string[], commit: string): Finding[] {
  const gone = new Map<string, string>();
  const others = findings.filter(({ day = '' }) => {
    const file = deleted.find((candidate) => monthOfArchive(candidate) === day.slice(0, 7));
    if (file !== undefined) gone.set(file, `${file} was deleted, and its rows are nowhere else`);
    return file === undefined;
  });
  return [...[...gone.values()].map((problem) => ({ commit, problem })), ...others];
}

function compareVersions(
  before: Version,
  after: Version,
  commit: string,
  isFirstParent: boolean,
  audit: Audit,
): void {
  if (after.schema < before.schema) {
    const problem = `the schema went back from ${before.schema} to ${after.schema}`;
    audit.findings.push({ commit, problem });
  }
  const newest = newestDay(before.db) ?? '';
  withAttached(after.db, before.db, EARLIER, () => {
    const changes = findChangedSnapshots(after.db, newest, before.schema === 0);
    audit.findings.push(...changes.map((change) => ({ commit, ...change })));
    // Usually there are none, and counting is far cheaper than looking for them.
    const hasAdded = countBefore(after.db, newest) !== countBefore(before.db, newest);
    if (after.schema >= EXPLAINED_SCHEMA) {
      const from = hasAdded || changes.length > 0 ? '' : newest;
      const found = [...findChangedRecords(after.db), ...findUnexplained(after.db, from)];
      audit.findings.push(...found.map((finding) => ({ commit, ...finding })));
    }
    if (!isFirstParent) return; // what a merge brings was added before it
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

/** Opens everything that a commit has, the archives as well, when it is first needed. */
export function holdWhole({ versions, archives }: State, objects: ObjectReader) {
  let opened: OpenDatabase | null = null;
  return {
    /** Null if the commit has no sound version, or its archives do not fit together. */
    async open(): Promise<Database | null> {
      const daily = versions[0]?.db ?? null;
      if (daily === null || archives.size === 0) return daily;
      opened ??= await uniteArchives(daily, archives, archives.keys(), objects).catch(
        nullIfDatabaseError,
      );
      return opened;
    },
    [Symbol.dispose]: () => opened?.close(),
  };
}

function nullIfDatabaseError(error: unknown): null {
  if (error instanceof DatabaseError) return null;
  throw error;
}

/** A commit's hash as people read it. */
export function abbreviate(hash: string): string {
  return hash.slice(0, 10);
}
