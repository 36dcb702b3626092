import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import { listCommittedArchives } from '../archive/files.ts';
import {
  describeMonths,
  describeMove,
  type Move,
  takeOutMonths,
  writeMove,
} from '../archive/move.ts';
import { hasMonthToMove } from '../archive/split.ts';
import { DatabaseError } from '../core/errors.ts';
import { DATABASE_PATH } from '../core/paths.ts';
import { errorMessage } from '../core/text.ts';
import { openDatabase } from '../store/open.ts';
import { findCommit, git } from '../system/git.ts';
import type { Log } from '../system/log.ts';
import { commitChanged, follow, inWorktree, push } from './publish.ts';
import type { PublishTarget } from './target.ts';

/**
 * Moves the months that are over out of a daily file that has become large, in a commit of its own
 * on what was published, and pushes it. The checkout then follows. If anything fails, nothing is
 * changed, here or there, and the next run tries again.
 * @param db the daily file of the checkout
 * @param mostBytes a smaller file stays as it is
 */
export async function archivePublished(
  db: Database,
  target: PublishTarget,
  mostBytes: number,
  log: Log,
): Promise<void> {
  try {
    const { root, remote, branch } = target;
    const { size } = await stat(path.join(root, DATABASE_PATH));
    if (size <= mostBytes || !hasMonthToMove(db)) return;
    const tracking = `refs/remotes/${remote}/${branch}`;
    const published = await findCommit(root, tracking);
    if (published === null || published !== (await findCommit(root, 'HEAD'))) return;
    const move = await inWorktree(root, published, async (folder) => {
      const found = await commitMove(folder, target);
      if (found === null) return null;
      const commit = await git(folder, ['rev-parse', 'HEAD']);
      const failure = await push(commit, target);
      if (failure !== null) throw failure;
      await git(root, ['update-ref', tracking, commit]);
      // It is moved, whatever keeps this checkout from following.
      await follow(commit, target, log.info).catch((error) => log.info(errorMessage(error)));
      return found;
    });
    if (move !== null) log.info(describeMove(move));
  } catch (error) {
    // Files that do not fit together need a person. A push that fails does not.
    const tell = error instanceof DatabaseError ? log.warning : log.info;
    tell(`No month was archived, the next run tries again: ${errorMessage(error)}`);
  }
}

/** Commits a move in a folder; null if there is nothing to move. */
async function commitMove(folder: string, { identity }: PublishTarget): Promise<Move | null> {
  using db = await openDatabase(folder);
  const move = await takeOutMonths(db, folder);
  if (move === null) return null;
  await writeMove(db, folder, move);
  const message = `Archive ${describeMonths(move.months)}`;
  await commitChanged(folder, new Set(), message, identity);
  const committed = await listCommittedArchives(folder, 'HEAD');
  const leftOut = [...move.files.keys()].filter((file) => !committed.has(file));
  if (leftOut.length > 0) throw new Error(`git leaves ${leftOut[0]} out of the commit`);
  return move;
}
