import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Clock, systemClock } from './clock.ts';
import { DamagedDatabaseError, DatabaseError } from './database.ts';
import { GitError } from './git.ts';
import { HashtagNameError, parseHashtagName } from './hashtag.ts';
import { createLog, type Log } from './log.ts';
import { errorMessage } from './plain-text.ts';
import { PublishError } from './publish.ts';
import { WatchlistError } from './watchlist.ts';
import { describeSystemError, isSystemError } from './write-file.ts';

/** What a command gets from outside, so that nothing reads it on its own. */
export type Context = {
  /** The repository: the folder that the command was started in. */
  root: string;
  env: Record<string, string | undefined>;
  clock: Clock;
  random: () => number;
  fetch: typeof globalThis.fetch;
  log: Log;
  /** A terminal that a progress bar can be drawn on; null in a log. */
  terminal: NodeJS.WriteStream | null;
  /** Aborts when the command is to end early and keep what it has. */
  signal: AbortSignal;
};

/** 0: all is well. 1: something is missing or failed. 2: bad usage or configuration. */
export type ExitCode = 0 | 1 | 2;

/** A command; `args` are those after its name. */
export type Command = (args: string[], context: Context) => Promise<ExitCode>;

/** The command line or the environment is wrong; the message says what to write instead. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/**
 * A flag of a command with what `--help` says of it; or, as `positional`, an argument that has to be
 * there and is named after its `value`.
 */
export type Flags = Record<
  string,
  { type: 'string' | 'boolean' | 'positional'; value?: string; help: string }
>;

type FlagValues<F extends Flags> = {
  [K in keyof F]: F[K]['type'] extends 'positional'
    ? string
    : (F[K]['type'] extends 'string' ? string : boolean) | undefined;
};

/**
 * The values of a command's flags; null where the help was asked for, which is then printed.
 * @throws UsageError for unknown flags, missing values, and missing or left-over arguments
 */
export function parseFlags<F extends Flags>(
  name: string,
  summary: string,
  flags: F,
  args: string[],
  log: Log,
): FlagValues<F> | null {
  const named = Object.entries(flags).map(([flag, { type, value = '', help }]) => {
    const label = type === 'positional' ? value : `--${flag} ${value}`.trimEnd();
    return { flag, type, label, help };
  });
  const labels = named.map(({ type, label }) => (type === 'positional' ? label : `[${label}]`));
  const usage = [`npm run ${name}`, ...(labels.length > 0 ? ['--', ...labels] : [])].join(' ');
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean' } };
  for (const { flag, type } of named) if (type !== 'positional') options[flag] = { type };
  const wanted = named.filter(({ type }) => type === 'positional');
  try {
    const allowPositionals = wanted.length > 0;
    const { values, positionals } = parseArgs({ args, options, allowPositionals });
    if (values.help !== true) {
      if (positionals.length !== wanted.length) {
        const expected = wanted.map(({ label }) => label).join(' ');
        throw new Error(`Expected ${expected}, got ${positionals.join(' ') || 'nothing'}`);
      }
      const given = Object.fromEntries(wanted.map(({ flag }, i) => [flag, positionals[i]]));
      return { ...values, ...given } as FlagValues<F>;
    }
  } catch (cause) {
    throw new UsageError(`${errorMessage(cause)}\nUsage: ${usage}`, { cause });
  }
  const help = named.map(({ label, help: text }) => `  ${label.padEnd(16)} ${text}`);
  log.info([summary, '', `Usage: ${usage}`, ...(help.length > 0 ? ['', ...help] : [])].join('\n'));
  return null;
}

/**
 * The hashtags that a flag such as `--only` lists between commas, under the names that they are
 * stored by.
 * @throws UsageError where there is none, or one can't be a hashtag
 */
export function parseHashtagFlag(flag: string, list: string): string[] {
  const names = list.split(',').filter((text) => text.trim() !== '');
  if (names.length === 0) {
    throw new UsageError(`${flag} names no hashtag; write ${flag} aitools,llm`);
  }
  try {
    return names.map((text) => parseHashtagName(text).name);
  } catch (cause) {
    if (!(cause instanceof HashtagNameError)) throw cause;
    throw new UsageError(`${flag}: ${cause.message}`, { cause });
  }
}

/**
 * Runs a command as this process: prints what it throws, and sets the exit code. Without `ownLog` it
 * speaks on standard output.
 */
export async function runCommand(command: Command, ownLog?: Log): Promise<void> {
  // Whoever reads has enough, as `head` does; the work goes on.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const log = ownLog ?? (await createLog(process.env, (line) => process.stdout.write(`${line}\n`)));
  process.exitCode = await runReporting(command, process.argv.slice(2), {
    root: process.cwd(),
    env: process.env,
    clock: systemClock,
    random: Math.random,
    fetch: globalThis.fetch,
    log,
    terminal: process.stderr.isTTY ? process.stderr : null,
    get signal() {
      return listenForInterruption();
    },
  });
}

let interruption: AbortController | undefined;

/** Only for a command that asks: any other ends at once when it is interrupted. */
function listenForInterruption(): AbortSignal {
  if (interruption !== undefined) return interruption.signal;
  const controller = new AbortController();
  interruption = controller;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort(`interrupted (${name})`));
  }
  return controller.signal;
}

/** Runs a command and turns what it throws into a message and an exit code. */
export async function runReporting(
  command: Command,
  args: string[],
  context: Context,
): Promise<ExitCode> {
  try {
    return await command(args, context);
  } catch (error) {
    if (error instanceof WatchlistError) {
      for (const problem of error.problems) context.log.error(problem);
      return 2;
    }
    if (error instanceof UsageError) {
      context.log.error(error.message);
      return 2;
    }
    if (error instanceof DamagedDatabaseError) {
      const { adviseRecovery } = await import('./recover.ts'); // no run that is well pays for it
      context.log.error(`${errorMessage(error)}. ${await adviseRecovery(context.root)}`);
      return 1;
    }
    if (error instanceof DatabaseError) {
      context.log.error(error.message);
      return 1;
    }
    if (error instanceof PublishError || error instanceof GitError) {
      context.log.error(errorMessage(error));
      return 1;
    }
    if (isSystemError(error)) {
      context.log.error(describeSystemError(error));
      return 1;
    }
    context.log.error(`This is a defect of the tracker: ${errorMessage(error)}`);
    if (error instanceof Error && error.stack) context.log.info(error.stack);
    return 1;
  }
}
