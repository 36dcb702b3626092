import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Clock } from './clock.ts';
import { DATABASE_PATH } from './database.ts';
import { askGit, GitError, git } from './git.ts';
import { GENERATED_PATHS, isGeneratedReport } from './write-reports.ts';

/** The snapshots are kept but could not be pushed. The message says why and what to do. */
export class PublishError extends Error {
  override name = 'PublishError';
}

/**
 * Where a checkout publishes to, from which of its branches (a full name), and whether its
 * settings say who commits.
 */
export type PublishTarget = { remote: string; branch: string; head: string; hasIdentity: boolean };

type PublishOptions = {
  message: string;
  /** Brings the files below another root, which holds the remote's newest commit, up to date with
   * everything that this checkout has and the commit `base`, which both have in common, has not;
   * resolves with the commit's message. */
  rebuildIn: (root: string, base: string | null) => Promise<string>;
  clock: Clock;
  random: () => number;
  log: (line: string) => void;
  /** For each exchange with the remote. */
  timeoutMs?: number;
};

const KEPT = 'the snapshots are committed in this checkout';
const MAX_TRIES = 10;
/** Who the job’s own token is. */
export const BOT_NAME = 'github-actions[bot]';
const BOT_EMAIL = '41898282+github-actions[bot]@users.noreply.github.com';

/**
 * Finds the branch and remote that the checkout publishes to, before anything is paid for.
 * @throws PublishError where there is none, or where git would leave the snapshots out
 */
export async function findPublishTarget(root: string): Promise<PublishTarget> {
  const [prefix = '', gitFolder = ''] = (
    await git(root, ['rev-parse', '--show-prefix', '--git-dir']).catch((cause) => {
      throw new PublishError(
        '--publish needs a git repository; run it in a clone, or git init here',
        { cause },
      );
    })
  ).split('\n');
  if (prefix !== '') {
    throw new PublishError(
      `--publish works in a repository's top folder, and this is its folder ${prefix}; give the tracker a repository of its own`,
    );
  }
  for (const [file, what] of UNDER_WAY) {
    if (await exists(path.resolve(root, gitFolder, file))) {
      throw new PublishError(`a ${what} is under way here: finish it, or git ${what} --abort`);
    }
  }
  const head = await readBranch(root);
  if (head === null) {
    throw new PublishError('--publish needs a branch, and HEAD is detached; git switch main first');
  }
  if (await isIgnored(root)) {
    throw new PublishError(
      `git ignores ${DATABASE_PATH}, so that it would not be published; ` +
        `git check-ignore -v ${DATABASE_PATH} tells where`,
    );
  }
  const branch = head.replace('refs/heads/', '');
  const settings = parseSettings(await git(root, ['config', '--list', '--null']));
  const upstream = settings.get(`branch.${branch}.remote`) ?? 'origin';
  // An address in place of a name may hold a password; "." is this very repository.
  const remote = /[:/]|^\.$/.test(upstream) ? 'origin' : upstream;
  if (!settings.has(`remote.${remote}.url`)) {
    throw new PublishError(
      `--publish needs a remote, and there is no "${remote}"; git remote add ${remote} <URL>`,
    );
  }
  const merge = remote === upstream ? settings.get(`branch.${branch}.merge`) : undefined;
  return {
    remote,
    branch: merge?.replace('refs/heads/', '') ?? branch,
    head,
    hasIdentity: (settings.get('user.email') ?? '') !== '',
  };
}

/** What keeps git from committing some files only, by the file in its folder that tells. */
const UNDER_WAY = [
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
] as const;

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** The full name of the checked-out branch: a short one could be a tag's. Null for none. */
function readBranch(root: string): Promise<string | null> {
  return git(root, ['symbolic-ref', '--quiet', 'HEAD']).catch((error: unknown) => {
    if (error instanceof GitError && error.cause === 1) return null;
    throw error;
  });
}

/** True where the database is ignored, and not committed all the same. */
function isIgnored(root: string): Promise<boolean> {
  return askGit(root, ['check-ignore', '--quiet', DATABASE_PATH]);
}

/** What `git config --list --null` prints: a key, a line end, a value, a zero. */
function parseSettings(list: string): Map<string, string> {
  const entries = list.split('\0').map((entry): [string, string] => {
    const [key = '', ...value] = entry.split('\n');
    return [key, value.join('\n')];
  });
  return new Map(entries);
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
  if ((await readBranch(root)) !== target.head) {
    throw new PublishError(
      'another branch was checked out meanwhile; the snapshots are stored: switch back and run again',
    );
  }
  const files = await commitGenerated(root, options.message, target).catch((cause: unknown) => {
    throw new PublishError('the snapshots are stored, and could not be committed', { cause });
  });
  if (!files.includes(DATABASE_PATH)) await refuseLeftOut(root);
  if (files.length === 0 && !(await isAhead(root, target))) return false;

  const commit = await git(root, ['rev-parse', 'HEAD']);
  const tried = [commit];
  let failure: unknown = await tryPush(root, commit, target, timeoutMs);
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
    failure = await pushRebuilt(root, target, tried, options).catch((error: unknown) => {
      if (error instanceof PublishError) throw error;
      throw new PublishError(`the remote's newest commit could not be added to; ${KEPT}`, {
        cause: error,
      });
    });
  }
  return true;
}

/** Commits the tracker's own files that changed, and resolves with them. */
async function commitGenerated(
  root: string,
  message: string,
  { hasIdentity }: PublishTarget,
): Promise<string[]> {
  const status = await git(root, [
    'status',
    '--porcelain=v1',
    '-z',
    '--no-renames',
    '--untracked-files=all',
    '--',
    DATABASE_PATH,
    ...GENERATED_PATHS,
  ]);
  const files = status
    .split('\0')
    .map((entry) => entry.slice(3))
    .filter(isGenerated);
  if (files.length === 0) return [];
  await git(root, ['add', '--', ...files]);
  const identity = ['-c', `user.name=${BOT_NAME}`, '-c', `user.email=${BOT_EMAIL}`];
  // "--only": what else is staged stays staged.
  const commit = ['commit', '--quiet', '--only', '-m', message, '--', ...files];
  await git(root, hasIdentity ? commit : [...identity, ...commit]);
  return files;
}

/** What git was told to overlook (skip-worktree, a linked folder) is in no status and no commit. */
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

function isGenerated(file: string): boolean {
  return file === DATABASE_PATH || isGeneratedReport(file);
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
  commit: string,
  { remote, branch }: PublishTarget,
  timeoutMs: number | undefined,
): Promise<GitError | null> {
  return attempt(root, ['push', '--quiet', remote, `${commit}:refs/heads/${branch}`], timeoutMs);
}

/** Null where git succeeded. */
function attempt(root: string, args: string[], timeoutMs?: number): Promise<GitError | null> {
  return git(root, args, timeoutMs).then(
    () => null,
    (error: unknown) => {
      if (error instanceof GitError) return error;
      throw error;
    },
  );
}

/**
 * Builds this checkout's additions onto the remote's newest commit and pushes that.
 * @param tried the commits whose push failed, or seemed to; what is built here is added
 */
async function pushRebuilt(
  root: string,
  target: PublishTarget,
  tried: string[],
  { rebuildIn, log, timeoutMs }: PublishOptions,
): Promise<GitError | null> {
  const { remote, branch } = target;
  const tracking = `refs/remotes/${remote}/${branch}`;
  const refspec = `+refs/heads/${branch}:${tracking}`;
  const fetchFailure = await attempt(root, ['fetch', '--quiet', remote, refspec], timeoutMs);
  if (fetchFailure !== null) return fetchFailure;
  const remoteHead = await git(root, ['rev-parse', tracking]);
  for (const commit of tried) {
    if (!(await askGit(root, ['merge-base', '--is-ancestor', commit, remoteHead]))) continue;
    // The push had arrived; only the answer was lost.
    await follow(root, remoteHead, target, log);
    return null;
  }

  const folder = await mkdtemp(path.join(tmpdir(), 'hashtag-tracker-'));
  try {
    await git(root, ['worktree', 'add', '--quiet', '--detach', '--force', folder, remoteHead]);
    const base = await git(root, ['merge-base', 'HEAD', remoteHead]).catch(() => null);
    await commitGenerated(folder, await rebuildIn(folder, base), target);
    const pushed = await git(folder, ['rev-parse', 'HEAD']);
    tried.push(pushed);
    const failure = await tryPush(root, pushed, target, timeoutMs);
    if (failure !== null) return failure;
    await git(root, ['update-ref', tracking, pushed]);
    await follow(root, pushed, target, log);
    return null;
  } finally {
    await git(root, ['worktree', 'remove', '--force', folder]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
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
    'rev-list',
    '-1',
    `${pushed}..HEAD`,
    '--',
    '.',
    ...[DATABASE_PATH, ...GENERATED_PATHS].map((generated) => `:(exclude)${generated}`),
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

/** What went wrong with a push that another try can't mend, and what to do; null for any other. */
export function explainFailedPush(said: string, { remote, branch }: PublishTarget): string | null {
  const remedies: [RegExp, string][] = [
    [
      /protected branch|GH006|GH013|rule violations/i,
      `the branch ${branch} is protected, and no rule can let a workflow's own token through: ` +
        'leave the branch out of it (Settings → Rules → Rulesets, or Settings → Branches)',
    ],
    [
      /error: 403|Permission to .* denied|denied to/i,
      'the token may not push: Settings → Actions → General → Workflow permissions → ' +
        '"Read and write permissions"; on your own machine, use an account that may',
    ],
    [
      /could not read Username|Authentication failed|Permission denied|could not read Password/i,
      `git has no valid credentials for ${remote}: git push by hand once, or set up a token`,
    ],
    [
      /does not appear to be a git repository|repository .*not found|does not exist/i,
      `the remote ${remote} can't be reached: check its address with git remote -v`,
    ],
    [/GH001|file size limit|larger than/i, 'a file is larger than the remote accepts'],
    [/hook declined/i, `the remote's own rules refused the push`],
  ];
  return remedies.find(([pattern]) => pattern.test(said))?.[1] ?? null;
}

function refuseHopeless(failure: unknown, target: PublishTarget): void {
  const remedy = failure instanceof GitError ? explainFailedPush(failure.stderr, target) : null;
  if (remedy === null) return;
  throw new PublishError(`${remedy}; ${KEPT}`, { cause: failure });
}
