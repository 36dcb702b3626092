import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import {
  DATABASE_PATH,
  DatabaseError,
  parseDatabase,
  selectRows,
  withAttached,
} from './database.ts';
import { type Day, isDay } from './day.ts';
import { plural } from './format.ts';
import { askGit, findCommit, git } from './git.ts';
import { openObjects, readObject } from './git-objects.ts';
import { parseReportCounts, ReportParseError } from './parse-report.ts';
import { addMissingSnapshots, newestDay, type Snapshot } from './store.ts';
import { reportPath } from './write-reports.ts';

/** A sound version of the database in the history of the branch. */
export type GoodVersion = {
  /** The abbreviated hash of the commit that wrote it. */
  commit: string;
  file: Buffer;
  /** The newest day that it holds; null for none. */
  newestDay: Day | null;
};

/** The newest version in the branch's history that opens and passes its check; null for none. */
export async function findGoodVersion(root: string): Promise<GoodVersion | null> {
  const log = await git(root, ['rev-list', '--first-parent', 'HEAD', '--', DATABASE_PATH]);
  const objects = openObjects(root);
  try {
    for (const hash of log.split('\n').filter((line) => line !== '')) {
      const file = await objects.read(`${hash}:${DATABASE_PATH}`);
      if (file === null) continue;
      try {
        const db = await parseDatabase(Buffer.from(file)); // a copy: opening takes the bytes over
        const version = { commit: hash.slice(0, 10), file, newestDay: newestDay(db) };
        db.close();
        return version;
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
      }
    }
    return null;
  } finally {
    objects.close();
  }
}

/** The database as a commit has it; an empty one where there is no such commit, or no sound file in it. */
export async function openCommitted(root: string, commit: string | null): Promise<Database> {
  if (commit === null) return parseDatabase(null);
  const file = await readObject(root, `${commit}:${DATABASE_PATH}`);
  return parseDatabase(file).catch((error: unknown) => {
    if (error instanceof DatabaseError) return parseDatabase(null);
    throw error;
  });
}

/**
 * Refuses a checkout's database that has lost what the last commit has: an older file, put there by
 * hand, would be published over the newer one.
 * @throws DatabaseError
 */
export async function refuseOlderDatabase(db: Database, root: string): Promise<void> {
  if (await isAsCommitted(root)) return;
  const committed = await openCommitted(root, 'HEAD');
  const [row] = withAttached(db, committed, 'committed', () => selectRows(db, COUNT_LOST));
  committed.close();
  const lost = Number(row?.[0]);
  if (lost === 0) return;
  throw new DatabaseError(
    `${DATABASE_PATH} lacks ${plural(lost, 'snapshot')} that the last commit has: is it an older ` +
      `file? Keep a copy, then: git restore ${DATABASE_PATH}, npm run import -- COPY`,
  );
}

/** True where the checkout's database is the last commit's, or nothing was committed yet. */
async function isAsCommitted(root: string): Promise<boolean> {
  try {
    return await askGit(root, ['diff', '--quiet', 'HEAD', '--', DATABASE_PATH]);
  } catch (error) {
    if ((await findCommit(root, 'HEAD')) === null) return true;
    throw error;
  }
}

const COUNT_LOST = `SELECT count(*) FROM (
  SELECT date, hashtag FROM committed.snapshots EXCEPT SELECT date, hashtag FROM main.snapshots
)`;

/** What to do about a damaged database, in a sentence. */
export async function adviseRecovery(root: string): Promise<string> {
  const good = await findGoodVersion(root).catch(() => null);
  return good === null
    ? 'The history has no good version of it'
    : `The newest good version is of commit ${good.commit}, with days up to ${good.newestDay}; ` +
        'bring it back with: npm run restore';
}

/** Snapshots that a report shows and the database did not have, now added to it. */
export type Recovered = { report: string; snapshots: Snapshot[] };

/**
 * Adds to the database what the committed reports show and it does not have. A report that can't be
 * read is passed over.
 * @returns what came from which report, and which reports can't be read and why, oldest first
 */
export async function addFromReports(
  db: Database,
  root: string,
): Promise<{ recovered: Recovered[]; unreadable: string[] }> {
  const listed = await git(root, ['ls-tree', '--name-only', 'HEAD', 'reports/']);
  const days = listed
    .split('\n')
    .map((file) => file.slice('reports/'.length, -'.md'.length))
    .filter(isDay);
  const recovered: Recovered[] = [];
  const unreadable: string[] = [];
  for (const day of days) {
    const report = reportPath(day);
    const markdown = await git(root, ['show', `HEAD:${report}`]);
    try {
      const shown = parseReportCounts(markdown).map((counts) => ({ day, ...counts }));
      const snapshots = addMissingSnapshots(db, shown);
      if (snapshots.length > 0) recovered.push({ report, snapshots });
    } catch (error) {
      if (!(error instanceof ReportParseError)) throw error;
      unreadable.push(`${report}: ${error.message}`);
    }
  }
  return { recovered, unreadable };
}

/** The bytes of the checkout's database; null where there is none. */
export async function readDatabaseFile(root: string): Promise<Buffer | null> {
  try {
    return await readFile(path.join(root, DATABASE_PATH));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
