import path from 'node:path';
import type { Day } from '../core/day.ts';
import { TrackerError } from '../core/errors.ts';
import { errorMessage } from '../core/text.ts';
import { exists } from '../system/files.ts';
import { git, gitOrNull } from '../system/git.ts';
import { findLeftOut } from './left-out.ts';

/** The user that GitHub shows for the job's own token. */
export const BOT_NAME = 'github-actions[bot]';
const BOT_EMAIL = '41898282+github-actions[bot]@users.noreply.github.com';
const BOT_IDENTITY = ['-c', `user.name=${BOT_NAME}`, '-c', `user.email=${BOT_EMAIL}`];

/** The snapshots are kept but could not be pushed. The message says why and what to do. */
export class PublishError extends TrackerError {
  override name = 'PublishError';

  /** @param cause git's error, which is added to the message */
  constructor(message: string, cause?: unknown) {
    super(cause === undefined ? message : `${message} (${errorMessage(cause)})`, { cause });
  }
}

/** The snapshots are pushed, but the checkout could not be moved to what was pushed. */
export class FollowError extends PublishError {
  override name = 'FollowError';
}

/** What became of the snapshots of a push that failed. */
export const KEPT = 'the snapshots are committed in this checkout';

/** Where a checkout publishes to. */
export type PublishTarget = {
  /** The checkout. */
  root: string;
  remote: string;
  /** The remote's addresses. They may contain passwords. */
  urls: string[];
  branch: string;
  /** The full name of the checkout's own branch. */
  head: string;
  /** Options that tell git who commits; none if its settings do. */
  identity: string[];
};

/**
 * Finds the branch and remote that the checkout publishes to, before anything is paid for.
 * @param day the day whose files will be published
 * @throws PublishError if there is none, or if git would leave the snapshots or a report out
 */
export async function findPublishTarget(root: string, day: Day): Promise<PublishTarget> {
  const place = await git(root, ['rev-parse', '--show-prefix', '--git-dir']).catch((cause) => {
    const message = '--publish needs a git repository; run it in a clone, or run git init here';
    throw new PublishError(message, cause);
  });
  const [prefix = '', gitFolder = ''] = place.split('\n');
  if (prefix !== '') {
    throw new PublishError(
      `--publish works only in a repository's top folder, and this is its folder ${prefix}; give the tracker its own repository`,
    );
  }
  for (const [file, what] of UNDER_WAY) {
    if (await exists(path.resolve(root, gitFolder, file))) {
      throw new PublishError(
        `a ${what} is in progress here: finish it, or run: git ${what} --abort`,
      );
    }
  }
  const head = await readBranch(root);
  if (head === null) {
    throw new PublishError('--publish needs a branch, but HEAD is detached; run: git switch main');
  }
  const leftOut = await findLeftOut(root, day);
  if (leftOut !== null) throw new PublishError(leftOut);
  const branch = head.replace('refs/heads/', '');
  const settings = parseSettings(await git(root, ['config', '--list', '--null']));
  const upstream = settings.get(`branch.${branch}.remote`) ?? 'origin';
  // An address in place of a name may contain a password; "." is this repository itself.
  const remote = /[:/]|^\.$/.test(upstream) ? 'origin' : upstream;
  if (!settings.has(`remote.${remote}.url`)) {
    throw new PublishError(
      `--publish needs a remote, but there is no "${remote}"; run: git remote add ${remote} <URL>`,
    );
  }
  if (settings.has(`remote.${remote}.mirror`) && (await isMirror(root, remote))) {
    throw new PublishError(
      `the remote ${remote} is a mirror, which takes no single branch; ` +
        `run: git config remote.${remote}.mirror false`,
    );
  }
  const merge = remote === upstream ? settings.get(`branch.${branch}.merge`) : undefined;
  return {
    root,
    remote,
    urls: (await git(root, ['remote', 'get-url', '--push', '--all', remote])).split('\n'),
    branch: merge?.replace('refs/heads/', '') ?? branch,
    head,
    identity: settings.get('user.email') ? [] : BOT_IDENTITY,
  };
}

async function isMirror(root: string, remote: string): Promise<boolean> {
  const args = ['config', '--type=bool', '--get', `remote.${remote}.mirror`];
  return (await gitOrNull(root, args)) === 'true';
}

/** Operations that block a partial commit, by marker file. */
const UNDER_WAY = [
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
] as const;

/** The full name of the checked-out branch; null for none. (A short name could be a tag's.) */
export function readBranch(root: string): Promise<string | null> {
  return gitOrNull(root, ['symbolic-ref', '--quiet', 'HEAD']);
}

/** Parses `git config --list --null`: for each setting a key, a line end, a value and a zero. */
function parseSettings(list: string): Map<string, string> {
  const entries = list.split('\0').map((entry): [string, string] => {
    const [key = '', ...value] = entry.split('\n');
    return [key, value.join('\n')];
  });
  return new Map(entries);
}
