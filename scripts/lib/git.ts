import { execFile } from 'node:child_process';
import { plainText } from './plain-text.ts';

/** A git command that failed; `stderr` is git's own words, without credentials. */
export class GitError extends Error {
  override name = 'GitError';
  readonly stderr: string;

  constructor(args: string[], stderr: string, options: ErrorOptions) {
    super(`git ${args[0]} failed: ${plainText(stderr, 400)}`, options);
    this.stderr = stderr;
  }
}

const TIMEOUT_MS = 120_000;

/**
 * Runs git in a folder and resolves with its standard output, trimmed at the end.
 * @throws GitError where it exits with anything but 0, or takes longer than allowed, by default two minutes
 */
export function git(folder: string, args: string[], timeoutMs = TIMEOUT_MS): Promise<string> {
  const options = { cwd: folder, env: gitEnv(), timeout: timeoutMs, maxBuffer: 256 * 2 ** 20 };
  return new Promise((resolve, reject) => {
    execFile('git', args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout.trimEnd());
      const said = error.killed ? `no answer within ${timeoutMs / 1000} s` : stderr || stdout;
      const words = (said || error.message).replaceAll(/\/\/[^/\s@]+@/g, '//');
      reject(new GitError(args, words, { cause: error.killed ? undefined : error.code }));
    });
  });
}

/** The environment that git runs in. */
export function gitEnv(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LC_ALL: 'C', // the messages are looked at
    GIT_TERMINAL_PROMPT: '0', // a question nobody answers would hang the run
    // A git hook that starts the tracker hands these on; they would lead to its own files.
    GIT_DIR: undefined,
    GIT_WORK_TREE: undefined,
    GIT_INDEX_FILE: undefined,
  };
}

/**
 * The yes or no of a command that says no by exiting with 1, such as `git diff --quiet`.
 * @throws GitError where it exits with anything else
 */
export function askGit(folder: string, args: string[]): Promise<boolean> {
  return git(folder, args).then(
    () => true,
    (error: unknown) => {
      if (error instanceof GitError && error.cause === 1) return false;
      throw error;
    },
  );
}

/** The full hash of the commit that a revision names; null where there is none. */
export function findCommit(folder: string, revision: string): Promise<string | null> {
  const name = `${revision}^{commit}`;
  return git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', name]).catch(
    () => null,
  );
}
