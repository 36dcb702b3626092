import { execFile } from 'node:child_process';
import { TrackerError } from '../core/errors.ts';
import { plainText } from '../core/text.ts';

/** A git command that failed; `stderr` is what git and its hooks said, without credentials. */
export class GitError extends TrackerError {
  override name = 'GitError';
  readonly stderr: string;
  /** Git's exit code; null if git was killed or could not be started. */
  readonly gitExitCode: number | null;

  constructor(args: string[], said: string, gitExitCode: number | null) {
    const stderr = hideCredentials(said);
    super(`git ${args[0]} failed: ${plainText(stderr, 400)}`);
    this.stderr = stderr;
    this.gitExitCode = gitExitCode;
  }
}

/**
 * The text with no user name and no password in its addresses. A password may hold any character,
 * so everything goes up to the last @ of the quoted address, or of the word.
 */
function hideCredentials(text: string): string {
  return text
    .replaceAll(/'([a-z][a-z\d+.-]*:\/\/)[^'\n]*@/gi, "'$1")
    .replaceAll(/([a-z][a-z\d+.-]*:\/\/)\S*@/gi, '$1');
}

const TIMEOUT_MS = 120_000;

/** How long git may take. `signal` ends it earlier. */
export type GitLimits = { timeoutMs?: number; signal?: AbortSignal };

/**
 * Runs git in a folder and resolves with its standard output, trimmed at the end.
 * @throws GitError if it exits with anything but 0, or takes longer than allowed
 */
export function git(
  folder: string,
  args: string[],
  { timeoutMs = TIMEOUT_MS, signal }: GitLimits = {},
): Promise<string> {
  const limits = { timeout: timeoutMs, maxBuffer: 256 * 2 ** 20, ...(signal && { signal }) };
  return new Promise((resolve, reject) => {
    execFile('git', args, { cwd: folder, env: gitEnv(), ...limits }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout.trimEnd());
      // A hook may say on standard output why it refuses.
      const words = [stderr, stdout.slice(0, 1000)].map((text) => text.trim()).filter(Boolean);
      const late = signal?.aborted ? 'no answer in time' : `no answer within ${timeoutMs / 1000} s`;
      const said = error.killed || signal?.aborted ? late : words.join('\n');
      const exitCode = typeof error.code === 'number' ? error.code : null;
      reject(new GitError(args, said || error.message, exitCode));
    });
  });
}

/** The environment that git runs in. */
export function gitEnv(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LC_ALL: 'C', // its messages are matched against English patterns
    GIT_TERMINAL_PROMPT: '0', // a question that nobody answers would hang the run
    // A git hook that starts the tracker sets these. They would point git to the hook's repository.
    GIT_DIR: undefined,
    GIT_WORK_TREE: undefined,
    GIT_INDEX_FILE: undefined,
    // Some editors set this for git and its hooks. Patterns such as "reports/**" would match nothing.
    GIT_LITERAL_PATHSPECS: undefined,
    // The history as everybody has it, not as somebody replaced it in this clone.
    GIT_NO_REPLACE_OBJECTS: '1',
    // Git starts hooks and credential helpers, which are other people's programs.
    SCAVIO_API_KEY: undefined,
    ALERT_WEBHOOK_URL: undefined,
    DATABASE_URL: undefined,
  };
}

/**
 * Runs a command that answers yes with exit code 0 and no with 1, such as `git diff --quiet`.
 * @throws GitError if it exits with anything else
 */
export async function askGit(folder: string, args: string[]): Promise<boolean> {
  return (await gitOrNull(folder, args)) !== null;
}

/** Git's output; null if it exits with 1, which means "no" or "none" in many commands. */
export async function gitOrNull(folder: string, args: string[]): Promise<string | null> {
  try {
    return await git(folder, args);
  } catch (error) {
    if (error instanceof GitError && error.gitExitCode === 1) return null;
    throw error;
  }
}

/**
 * The files below some paths that differ from the last commit, also those that it lacks, each with
 * git's two letters for that.
 */
export async function listStatus(folder: string, paths: string[]): Promise<Map<string, string>> {
  const options = ['--porcelain=v1', '-z', '--no-renames', '--untracked-files=all'];
  const status = await git(folder, ['status', ...options, '--', ...paths]);
  const entries = status.split('\0').filter((entry) => entry !== '');
  return new Map(entries.map((entry) => [entry.slice(3), entry.slice(0, 2)]));
}

/** The full hash of the commit that a revision names; null if there is none. */
export function findCommit(folder: string, revision: string): Promise<string | null> {
  const name = `${revision}^{commit}`;
  return git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', name]).catch(
    () => null,
  );
}
