import type { Database } from 'sql.js';
import { DatabaseError } from '../core/errors.ts';
import { plural } from '../core/format.ts';
import { DATABASE_PATH } from '../core/paths.ts';
import { openCommitted } from '../store/open.ts';
import { selectValue, withAttached } from '../store/rows.ts';
import { askGit, findCommit } from '../system/git.ts';

/**
 * Refuses a checkout's database that lacks snapshots of the last commit. Publishing an older file
 * would replace the newer one.
 * @throws DatabaseError
 */
export async function refuseOlderDatabase(db: Database, root: string): Promise<void> {
  if (await isAsCommitted(root)) return;
  using committed = await openCommitted(root, 'HEAD');
  const lost = Number(withAttached(db, committed, 'committed', () => selectValue(db, COUNT_LOST)));
  if (lost === 0) return;
  throw new DatabaseError(
    `${DATABASE_PATH} lacks ${plural(lost, 'snapshot')} that the last commit has: is it an older ` +
      `file? Keep a copy, then run: git restore ${DATABASE_PATH}, npm run import -- COPY`,
  );
}

/** True if the checkout's database is the last commit's, or if nothing was committed yet. */
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
