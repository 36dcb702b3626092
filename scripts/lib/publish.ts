import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Clock } from './clock.ts';
import { DATABASE_PATH } from './database.ts';
import { GitError, git } from './git.ts';
import { isGeneratedReport, REPORTS_FOLDER } from './write-reports.ts';

/** The snapshots are kept but could not be pushed. The message says why and what to do. */
export class PublishError extends Error {
  override name = 'PublishError';
}

/** Where a checkout publishes to. */
export type PublishTarget = { remote: string; branch: string };

type PublishOptions = {
  message: string;
  /** Brings the files below another root, which holds the remote's newest commit, up to date with
   * everything that this checkout has; resolves with the commit's message. */
  rebuildIn: (root: string) => Promise<string>;
  clock: Clock;
  random: () => number;
  log: (line: string) => void;
  /** For each exchange with the remote. */
  timeoutMs?: number;
};

const KEPT = 'the snapshots are committed in this checkout';
const MAX_TRIES = 10;
const BOT_NAME = 'github-actions[bot]';
const BOT_EMAIL = '41898282+github-actions[bot]@users.noreply.github.com';

/**
 * Finds the branch and remote that the checkout publishes to, before anything is paid for.
 * @throws PublishError where there is none
 */
export async function findPublishTarget(root: string): Promise<PublishTarget> {
  const ask = (args: string[]) => git(root, args).catch(() => null);
  if ((await ask(['rev-parse', '--git-dir'])) === null) {
    throw new PublishError('--publish needs a git repository; run it in a clone, or git init here');
  }
  const branch = await ask(['symbolic-ref', '--short', '--quiet', 'HEAD']);
  if (branch === null) {
    throw new PublishError('--publish needs a branch, and HEAD is detached; git switch main first');
  }
  const remote = (await ask(['config', `branch.${branch}.remote`])) ?? 'origin';
  if ((await ask(['remote', 'get-url', remote])) === null) {
    throw new PublishError(
      `--publish needs a remote, and there is no "${remote}"; git remote add ${remote} <URL>`,
    );
  }
  const merge = await ask(['config', `branch.${branch}.merge`]);
  return { remote, branch: merge?.replace('refs/heads/', '') ?? branch };
}

/**
 * Commits the database and the reports of the checkout, and nothing else, and pushes. When somebody
 * else has pushed in between, the files are rebuilt on the remote's newest commit, in a folder of
 * its own, and pushed from there: nothing of the checkout is discarded, nothing is merged.
 *
 * @returns whether there was anything to publish
 * @throws PublishError where the push fails for good; the snapshots then stay in the checkout
 */
export async function publish(
  root: string,
  target: PublishTarget,
  options: PublishOptions,
): Promise<boolean> {
  const { log, clock, random, timeoutMs } = options;
  const committed = await commitGenerated(root, options.message).catch((cause: unknown) => {
    throw new PublishError('the snapshots are stored, and could not be committed', { cause });
  });
  if (!committed && !(await isAhead(root, target))) return false;

  let failure: unknown = await tryPush(root, target, timeoutMs);
  for (let tries = 1; failure !== null; tries++) {
    refuseHopeless(failure, target);
    if (tries === MAX_TRIES) {
      throw new PublishError(
        `the push to ${target.remote}/${target.branch} failed ${MAX_TRIES} times: check the ` +
          `connection, then run again to push; ${KEPT}`,
        { cause: failure },
      );
    }
    log(`The push was rejected (try ${tries} of ${MAX_TRIES}); taking the remote's newest commit`);
    await clock.sleep(random() * Math.min(250 * 2 ** tries, 10_000));
    failure = await pushRebuilt(root, target, options).catch((error: unknown) => {
      if (error instanceof GitError) return error;
      if (error instanceof PublishError) throw error;
      throw new PublishError(`the remote's newest commit could not be added to; ${KEPT}`, {
        cause: error,
      });
    });
  }
  return true;
}

/** Commits the tracker's own files where they changed. True where there was something to commit. */
async function commitGenerated(root: string, message: string): Promise<boolean> {
  const status = await git(root, [
    'status',
    '--porcelain=v1',
    '-z',
    '--no-renames',
    '--untracked-files=all',
    '--',
    DATABASE_PATH,
    REPORTS_FOLDER,
  ]);
  const files = status
    .split('\0')
    .map((entry) => entry.slice(3))
    .filter(isGenerated);
  if (files.length === 0) return false;
  await git(root, ['add', '--', ...files]);
  // "--only": what else is staged stays staged.
  await git(root, [
    ...(await identity(root)),
    'commit',
    '--quiet',
    '--only',
    '-m',
    message,
    '--',
    ...files,
  ]);
  return true;
}

function isGenerated(file: string): boolean {
  return file === DATABASE_PATH || isGeneratedReport(file);
}

async function identity(root: string): Promise<string[]> {
  const email = await git(root, ['config', 'user.email']).catch(() => '');
  return email === '' ? ['-c', `user.name=${BOT_NAME}`, '-c', `user.email=${BOT_EMAIL}`] : [];
}

async function isAhead(root: string, { remote, branch }: PublishTarget): Promise<boolean> {
  const known = await git(root, [
    'rev-parse',
    '--verify',
    '--quiet',
    `refs/remotes/${remote}/${branch}`,
  ]).catch(() => null);
  if (known === null) return true;
  return (await git(root, ['rev-list', '--count', `${known}..HEAD`])) !== '0';
}

/** Null where the push succeeded. */
async function tryPush(
  root: string,
  { remote, branch }: PublishTarget,
  timeoutMs: number | undefined,
): Promise<GitError | null> {
  try {
    await git(root, ['push', '--quiet', remote, `HEAD:refs/heads/${branch}`], timeoutMs);
    return null;
  } catch (error) {
    if (error instanceof GitError) return error;
    throw error;
  }
}

/** Builds this checkout's additions onto the remote's newest commit and pushes that. */
async function pushRebuilt(
  root: string,
  target: PublishTarget,
  { rebuildIn, log, timeoutMs }: PublishOptions,
): Promise<GitError | null> {
  const { remote, branch } = target;
  const tracking = `refs/remotes/${remote}/${branch}`;
  await git(root, ['fetch', '--quiet', remote, `+refs/heads/${branch}:${tracking}`], timeoutMs);
  const remoteHead = await git(root, ['rev-parse', tracking]);

  const folder = await mkdtemp(path.join(tmpdir(), 'hashtag-tracker-'));
  try {
    await git(root, ['worktree', 'add', '--quiet', '--detach', '--force', folder, remoteHead]);
    await commitGenerated(folder, await rebuildIn(folder));
    const failure = await tryPush(folder, target, timeoutMs);
    if (failure !== null) return failure;
    const pushed = await git(folder, ['rev-parse', 'HEAD']);
    await git(root, ['update-ref', tracking, pushed]);
    await follow(root, pushed, target, log);
    return null;
  } finally {
    await git(root, ['worktree', 'remove', '--force', folder]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
    await git(root, ['worktree', 'prune']);
  }
}

/**
 * Moves the checkout to what was pushed, keeping every uncommitted change. A person's own commits
 * stay where they are, without the tracker's on top, which are in what was pushed.
 */
async function follow(
  root: string,
  pushed: string,
  { remote, branch }: PublishTarget,
  log: (line: string) => void,
): Promise<void> {
  const own = await git(root, [
    'log',
    '-1',
    '--format=%H',
    `${pushed}..HEAD`,
    '--',
    '.',
    `:(exclude)${DATABASE_PATH}`,
    `:(exclude)${REPORTS_FOLDER}`,
  ]);
  if (own !== '') log(`Your own commits are not pushed yet: git pull --rebase, then git push`);
  try {
    await git(root, ['reset', '--quiet', '--keep', own === '' ? pushed : own]);
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    throw new PublishError(
      `the snapshots were pushed, but this checkout has uncommitted changes to files that others ` +
        `changed as well; run: git stash, git reset --keep ${remote}/${branch}, git stash pop`,
      { cause },
    );
  }
}

/** Failures that another try can't mend, each with its remedy. */
function refuseHopeless(failure: unknown, { remote, branch }: PublishTarget): void {
  const said = failure instanceof GitError ? failure.stderr : '';
  const remedies: [RegExp, string][] = [
    [
      /protected branch|GH006|GH013|rule violations/i,
      `the branch ${branch} is protected: let github-actions[bot] push to it ` +
        '(Settings → Rules → Bypass list), or choose a branch without protection',
    ],
    [
      /error: 403|Permission to .* denied|denied to/i,
      'the token may not push: Settings → Actions → General → Workflow permissions → ' +
        '"Read and write permissions"',
    ],
    [
      /could not read Username|Authentication failed|Permission denied|could not read Password/i,
      `git has no valid credentials for ${remote}: git push by hand once, or set up a token`,
    ],
    [
      /does not appear to be a git repository|Repository not found|does not exist/i,
      `the remote ${remote} can't be reached: check its address with git remote -v`,
    ],
    [/pre-receive hook declined|hook declined/i, `the remote's own rules refused the push`],
    [/GH001|file size limit|larger than/i, 'a file is larger than the remote accepts'],
  ];
  const remedy = remedies.find(([pattern]) => pattern.test(said))?.[1];
  if (remedy !== undefined) throw new PublishError(`${remedy}; ${KEPT}`, { cause: failure });
}
