/** 0: all is well. 1: something is missing or failed. 2: bad usage or configuration. */
export type ExitCode = 0 | 1 | 2;

/** A message about a file, at a 1-based line and column. */
export type Problem = { file: string; line: number; column: number; message: string };

/** `data/hashtags.json:3:14: message`, which editors and terminals make clickable. */
export function formatProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/**
 * A problem that a person can fix: the message says what happened and what to do. Any other error
 * that reaches `runReporting` is a bug in the tracker.
 */
export class TrackerError extends Error {
  override name = 'TrackerError';
  readonly exitCode: ExitCode = 1;
  /** What to print: the message, or several messages, each with its place. */
  readonly problems: (string | Problem)[] = [this.message];
}

/** The command line or the environment is wrong; the message says what to write instead. */
export class UsageError extends TrackerError {
  override name = 'UsageError';
  override readonly exitCode: ExitCode = 2;
}
/** The database file can't be used. The message says what is wrong and what to do. */
export class DatabaseError extends TrackerError {
  override name = 'DatabaseError';
}

/** The file is damaged or missing: `npm run restore` may restore it. */
export class DamagedDatabaseError extends DatabaseError {
  override name = 'DamagedDatabaseError';
}
