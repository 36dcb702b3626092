import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Database } from 'sql.js';
import type { Day } from '../core/day.ts';
import { DamagedDatabaseError, DatabaseError } from '../core/errors.ts';
import { DATABASE_PATH } from '../core/paths.ts';
import { describeSystemError, exists, readIfThere, writeFileAtomically } from '../system/files.ts';
import { GitError, git } from '../system/git.ts';
import { findCommittedBlob, hasHistory, openObjects, readObject } from '../system/git-objects.ts';
import { isTutorialFile, type OpenDatabase, parseDatabase, refuseConstraints } from './database.ts';
import { newestDay } from './days.ts';
import { recordTutorialFile } from './record.ts';

/**
 * Opens the database below `root`; a new, empty one if there is no such file, and only then.
 * @throws DatabaseError as `parseDatabase`, and if the file is missing though it was committed. If
 * it is missing or damaged, the message says how to restore it.
 */
export async function openDatabase(root: string): Promise<OpenDatabase> {
  try {
    const file = await readDatabaseFile(root);
    if (file === null && (await findCommittedDatabase(root)) !== null) {
      throw new DamagedDatabaseError(`${DATABASE_PATH} is missing, though the last commit has it`);
    }
    const isTutorial = file !== null && isTutorialFile(file);
    const db = await (isTutorial ? openTutorialFile(file) : parseDatabase(file));
    try {
      refuseConstraints(db);
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  } catch (error) {
    if (!(error instanceof DamagedDatabaseError)) throw error;
    const advice = await adviseRecovery(root);
    throw new DamagedDatabaseError(`${error.message}. ${advice}`, { cause: error });
  }
}

/** Opens a file of the tutorial's script. A record of where its rows come from is added to them. */
async function openTutorialFile(file: Buffer): Promise<OpenDatabase> {
  const sha256 = createHash('sha256').update(file).digest('hex'); // before SQLite changes the bytes
  const db = await parseDatabase(file);
  recordTutorialFile(db, sha256);
  return db;
}

/**
 * The bytes of the checkout's database; null if there is none.
 * @throws DatabaseError if it can't be read, or if a program has not finished its edit of it
 */
export async function readDatabaseFile(root: string): Promise<Buffer | null> {
  await refuseUnfinishedEdit(root);
  try {
    return await readIfThere(path.join(root, DATABASE_PATH));
  } catch (cause) {
    const reason = describeSystemError(cause);
    throw new DatabaseError(`the database can't be read: ${reason}`, { cause });
  }
}

/**
 * Writes the database to its file below `root`, in one step.
 * @throws DatabaseError if it can't be written, or if a program has not finished its edit of it
 */
export async function saveDatabase(db: Database, root: string): Promise<void> {
  await refuseUnfinishedEdit(root);
  try {
    await writeFileAtomically(path.join(root, DATABASE_PATH), db.export());
  } catch (cause) {
    const reason = describeSystemError(cause);
    throw new DatabaseError(`the database could not be written: ${reason}`, { cause });
  }
}

/**
 * Refuses a journal beside a database file, because then the file alone is not the database.
 * @param name the file's path, from `root`
 * @throws DatabaseError
 */
export async function refuseUnfinishedEdit(root: string, name = DATABASE_PATH): Promise<void> {
  for (const journal of [`${name}-journal`, `${name}-wal`]) {
    if (!(await exists(path.resolve(root, journal)))) continue;
    const drop =
      name === DATABASE_PATH
        ? `; or drop the edit: delete ${journal}, then run: git checkout HEAD -- ${name}`
        : '';
    throw new DatabaseError(
      `${journal} is there, so another program has not finished its edit of the database, and ` +
        'the file may hold half of it. Close that program. If the journal stays, finish or undo ' +
        `the edit: sqlite3 ${name} VACUUM${drop}`,
    );
  }
}

/** The database of a commit; an empty one if there is no such commit, or no sound file in it. */
export async function openCommitted(root: string, commit: string | null): Promise<OpenDatabase> {
  if (commit === null) return parseDatabase(null);
  const file = await readObject(root, `${commit}:${DATABASE_PATH}`);
  return parseDatabase(file).catch((error: unknown) => {
    if (error instanceof DatabaseError) return parseDatabase(null);
    throw error;
  });
}

/**
 * The newest version in the branch's history that opens and passes its check; null for none.
 * @returns the abbreviated hash of the commit that wrote it, its bytes, and the newest day in it
 */
export async function findGoodVersion(root: string) {
  if (!(await hasHistory(root))) return null;
  const log = await git(root, ['rev-list', '--first-parent', 'HEAD', '--', DATABASE_PATH]);
  using objects = openObjects(root);
  for (const hash of log.split('\n').filter((line) => line !== '')) {
    const file = await objects.read(`${hash}:${DATABASE_PATH}`);
    const day = file === null ? undefined : await findNewestDay(file);
    if (file !== null && day !== undefined) {
      return { commit: hash.slice(0, 10), file, newestDay: day };
    }
  }
  return null;
}

/** The newest day in a file, null for none; undefined if the file is not sound. */
async function findNewestDay(file: Buffer): Promise<Day | null | undefined> {
  try {
    using db = await parseDatabase(Buffer.from(file)); // a copy: SQLite changes the bytes
    return newestDay(db);
  } catch (error) {
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
}

/** What to do about a damaged database, in one sentence. */
async function adviseRecovery(root: string): Promise<string> {
  const good = await findGoodVersion(root).catch(() => null);
  return good === null
    ? 'Git’s history has no good version of it'
    : `The newest good version is in commit ${good.commit}, with days up to ${good.newestDay}; ` +
        'to restore it, run: npm run restore';
}

/**
 * The hash of the last commit's database; null if it has none, or if this is no repository.
 * @throws DatabaseError with git's words if git can't tell
 */
export async function findCommittedDatabase(root: string): Promise<string | null> {
  try {
    return await findCommittedBlob(root, DATABASE_PATH);
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    const words =
      cause.gitExitCode === null ? `${cause.message}; is git installed?` : cause.message;
    throw new DatabaseError(`git can't tell which ${DATABASE_PATH} the last commit has: ${words}`, {
      cause,
    });
  }
}
