import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  ARCHIVE_FOLDER,
  DATABASE_PATH,
  GENERATED_PATHS,
  isGenerated,
  LOCK_PATH,
  monthOfArchive,
} from '../core/paths.ts';
import { backoffMs, type Clock } from '../system/clock.ts';
import { checkChange, exists } from '../system/files.ts';
import { askGit, findCommit, GitError, type GitLimits, git, listStatus } from '../system/git.ts';
import { explainFailedPush } from './failed-push.ts';
import { FollowError, KEPT, PublishError, type PublishTarget, readBranch } from './target.ts';

type PublishOptions = {
  message: string;
  /** The files besides the database that this run made. No other is committed. */
  reports: string[];
  /**
   * Adds to the files below another root, which has the remote's newest commit, everything that
   * this checkout has added since `base`, the newest commit that both have. Resolves with the
   * message of the new commit.
   */
  rebuildIn: (root: string, base: string | null) => Promise<string>;
  clock: Clock;
  random: () => number;
  log: (line: string) => void;
  /** Limits each exchange with the remote; `signal` ends all tries. */
  limits?: GitLimits;
};

const TRACKED_PATHS = [DATABASE_PATH, ARCHIVE_FOLDER, ...GENERATED_PATHS];

const OWN_COMMITS =
  'Your own commits are not pushed yet. Until they are, this checkout lacks what was published, and ' +
  'another run here asks for it again: git pull --rebase, then git push';

const MAX_TRIES = 10;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;

/**
 * Commits the database and the reports that this run made, and nothing else, and pushes. If somebody
 * else has pushed in the meantime, rebuilds the files on the remote's newest commit, in a separate
 * folder, and pushes from there. Nothing in the checkout is discarded, and nothing is merged.
 *
 * @returns whether there was anything to publish
 * @throws PublishError if the push fails for good; the snapshots then stay in the checkout
 */
export async function publish(target: PublishTarget, options: PublishOptions): Promise<boolean> {
  const { root } = target;
  const { message, reports, log, clock, random, limits = {} } = options;
  if ((await readBranch(root)) !== target.head) {
    throw new PublishError(
      'another branch was checked out meanwhile; the snapshots are stored: switch back and run again',
    );
  }
  const files = await commitChanged(root, new Set(reports), message, target.identity).catch(
    (cause: unknown) => {
      throw new PublishError('the snapshots are stored, but could not be committed', cause);
    },
  );
  if (!files.includes(DATABASE_PATH)) await refuseLeftOut(root);
  if (files.length === 0 && !(await isAhead(target))) return false;

  const commit = await git(root, ['rev-parse', 'HEAD']);
  const tried = [commit];
  let failure = await push(commit, target, limits);
  for (let tries = 1; failure !== null; tries++) {
    if (limits.signal?.aborted) throw tooSlow(target, failure);
    const remedy = explainFailedPush(failure.stderr, target);
    if (remedy !== null) throw new PublishError(`${remedy}; ${KEPT}`, failure);
    if (tries === MAX_TRIES) {
      throw new PublishError(
        `the push to ${target.remote}/${target.branch} failed ${MAX_TRIES} times: check the ` +
          `connection, then run again to push; ${KEPT}`,
        failure,
      );
    }
    log(`The push failed (try ${tries} of ${MAX_TRIES}); fetching the remote's newest commit`);
    const waitMs = backoffMs(tries - 1, FIRST_WAIT_MS, MAX_WAIT_MS, random());
    await clock.sleep(waitMs, limits.signal).catch((cause: unknown) => {
      throw tooSlow(target, cause);
    });
    failure = await pushRebuilt(target, tried, options).catch((error: unknown) => {
      if (error instanceof PublishError) throw error;
      const what = "the snapshots could not be added to the remote's newest commit";
      throw new PublishError(`${what}; ${KEPT}`, error);
    });
  }
  return true;
}

function tooSlow({ remote, branch }: PublishTarget, cause: unknown): PublishError {
  return new PublishError(`the push to ${remote}/${branch} did not end in time; ${KEPT}`, cause);
}

/**
 * Commits the tracker's own files that changed, and resolves with them. The archives are a part of
 * the database.
 * @param own the only other files to commit; null for every file that the tracker makes
 */
export async function commitChanged(
  root: string,
  own: Set<string> | null,
  message: string,
  identity: string[],
) {
  const changed = await listStatus(root, TRACKED_PATHS);
  const files = [...changed.keys()].filter((file) => {
    const isData = file === DATABASE_PATH || monthOfArchive(file) !== null;
    return isData || (own?.has(file) ?? isGenerated(file));
  });
  if (files.length === 0) return [];
  await git(root, ['add', '--', ...files]);
  // "--only": whatever else is staged stays staged.
  const commit = ['commit', '--quiet', '--only', '-m', message, '--', ...files];
  await git(root, [...identity, ...commit]);
  return files;
}

/** Refuses a database that git leaves out of commits (skip-worktree, a linked folder). */
async function refuseLeftOut(root: string): Promise<void> {
  if (!(await exists(path.join(root, DATABASE_PATH)))) return;
  const here = await git(root, ['hash-object', '--', DATABASE_PATH]);
  const committed = await git(root, ['rev-parse', `HEAD:${DATABASE_PATH}`]).catch(() => null);
  if (committed === here) return;
  throw new PublishError(
    `the snapshots are stored, but git leaves ${DATABASE_PATH} out of the commit: ` +
      'is it marked skip-worktree, or is its folder a link?',
  );
}

async function isAhead({ root, remote, branch }: PublishTarget): Promise<boolean> {
  const known = await findCommit(root, `refs/remotes/${remote}/${branch}`);
  if (known === null) return true;
  return (await git(root, ['rev-list', '--count', `${known}..HEAD`])) !== '0';
}

/** Pushes a commit, unless somebody took over the lock. Null if it succeeded. */
export async function push(
  commit: string,
  { root, remote, branch }: PublishTarget,
  limits?: GitLimits,
): Promise<GitError | null> {
  await checkChange();
  const refspec = `${commit}:refs/heads/${branch}`;
  return attempt(root, ['push', '--quiet', ...ONLY_BRANCH, remote, refspec], limits);
}

/** Settings can add a person's tags to a push, or make it push nothing but submodules. */
const ONLY_BRANCH = ['--no-follow-tags', '--recurse-submodules=no'];

/** Runs git. Null if it succeeded. */
async function attempt(root: string, args: string[], limits?: GitLimits): Promise<GitError | null> {
  try {
    await git(root, args, limits);
    return null;
  } catch (error) {
    if (error instanceof GitError) return error;
    throw error;
  }
}

/**
 * Adds this checkout's additions to the remote's newest commit and pushes the result.
 * @param tried the commits whose push failed, or seemed to; gets the new commit as well
 */
async function pushRebuilt(target: PublishTarget, tried: string[], options: PublishOptions) {
  const { root, remote, branch, identity } = target;
  const { rebuildIn, log, limits } = options;
  const tracking = `refs/remotes/${remote}/${branch}`;
  const refspec = `+refs/heads/${branch}:${tracking}`;
  const fetchFailure = await attempt(root, ['fetch', '--quiet', remote, refspec], limits);
  if (fetchFailure !== null) return fetchFailure;
  const remoteHead = await git(root, ['rev-parse', tracking]);
  for (const commit of tried) {
    if (!(await askGit(root, ['merge-base', '--is-ancestor', commit, remoteHead]))) continue;
    // The push had arrived. Only the answer was lost.
    await follow(remoteHead, target, log);
    return null;
  }

  return inWorktree(root, remoteHead, async (folder) => {
    const base = await git(root, ['merge-base', 'HEAD', remoteHead]).catch(() => null);
    await commitChanged(folder, null, await rebuildIn(folder, base), identity);
    const pushed = await git(folder, ['rev-parse', 'HEAD']);
    tried.push(pushed);
    const failure = await push(pushed, target, limits);
    if (failure !== null) return failure;
    await git(root, ['update-ref', tracking, pushed]);
    await follow(pushed, target, log);
    return null;
  });
}

/** A hook that runs after a checkout is for the folder that a person works in. */
const NO_HOOKS = ['-c', 'core.hooksPath=/dev/null'];

/** Runs `work` in a folder of its own that has the files of a commit. */
export async function inWorktree<T>(
  root: string,
  commit: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hashtag-tracker-'));
  try {
    const add = ['worktree', 'add', '--quiet', '--detach', '--force', folder, commit];
    await git(root, [...NO_HOOKS, ...add]);
    return await work(folder);
  } finally {
    await git(root, ['worktree', 'remove', '--force', folder]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Removes generated files that the next commit here lacks and the pushed commit has, and the charts of
 * its reports. A run that failed half-way left them. They would be in the way of the reset, or stand
 * without their rows after it.
 */
async function removeLeftReports(root: string, pushed: string): Promise<void> {
  const list = async (args: string[]) =>
    (await git(root, [...args, '-z', '--', ...GENERATED_PATHS])).split('\0').filter(isGenerated);
  const nameOf = (file: string) => path.posix.parse(file).name; // a chart has its report's
  const published = new Set((await list(['ls-tree', '-r', '--name-only', pushed])).map(nameOf));
  for (const file of await list(['ls-files', '--others'])) {
    if (published.has(nameOf(file))) await rm(path.join(root, file));
  }
}

/**
 * Makes the reset to the next commit leave generated files that were changed here, and the lock, as
 * they are. Nobody needs to merge files that can be made again, and the lock is this run's own.
 * Resolves with these files, whose entries in git's index are those of the next commit then.
 */
async function leaveGenerated(root: string, next: string): Promise<string[]> {
  const args = ['diff', '--name-only', '-z', 'HEAD', next, '--', ...GENERATED_PATHS, LOCK_PATH];
  const coming = (await git(root, args)).split('\0');
  const changed = await git(root, ['diff', '--name-only', '-z', 'HEAD', '--', ...GENERATED_PATHS]);
  const left = new Set([...changed.split('\0'), LOCK_PATH]);
  const files = coming.filter(
    (file) => left.has(file) && (isGenerated(file) || file === LOCK_PATH),
  );
  if (files.length > 0) await git(root, ['reset', '--quiet', next, '--', ...files]);
  return files;
}

/**
 * Moves the checkout to what was pushed and keeps every uncommitted change. A person's own commits
 * stay; only the tracker's commits on top of them go, because they are in what was pushed.
 */
export async function follow(pushed: string, target: PublishTarget, log: PublishOptions['log']) {
  const { root, remote, branch } = target;
  const others = TRACKED_PATHS.map((file) => `:(exclude)${file}`);
  const own = await git(root, ['rev-list', '-1', `${pushed}..HEAD`, '--', '.', ...others]);
  if (own !== '') log(OWN_COMMITS);
  const next = own === '' ? pushed : own;
  const left = await leaveGenerated(root, next);
  await removeLeftReports(root, pushed);
  try {
    await git(root, ['reset', '--quiet', '--keep', next]);
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    // Else the next run would find nothing to commit in files that are staged.
    if (left.length > 0) await git(root, ['reset', '--quiet', 'HEAD', '--', ...left]);
    const place = own === '' ? `${remote}/${branch}` : own.slice(0, 10);
    throw new FollowError(
      `the snapshots were pushed, but this checkout has uncommitted changes to files that others ` +
        `changed as well; run: git stash, git reset --keep ${place}, git stash pop`,
      cause,
    );
  }
}
