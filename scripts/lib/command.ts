import { parseArgs } from 'node:util';
import { type Clock, systemClock } from './clock.ts';
import { DatabaseError } from './database.ts';
import { createLog, type Log } from './log.ts';
import { errorMessage } from './plain-text.ts';
import { PublishError } from './publish.ts';
import { WatchlistError } from './watchlist.ts';

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

/** A flag of a command, as `parseArgs` takes it, with what `--help` says of it. */
export type Flags = Record<string, { type: 'string' | 'boolean'; value?: string; help: string }>;

/**
 * The values of a command's flags; null where the help was asked for, which is then printed.
 * @throws UsageError for unknown flags, missing values and left-over arguments
 */
export function parseFlags<F extends Flags>(
  name: string,
  summary: string,
  flags: F,
  args: string[],
  log: Log,
): { [K in keyof F]?: F[K]['type'] extends 'string' ? string : boolean } | null {
  const usage = `npm run ${name} -- ${Object.entries(flags)
    .map(([flag, { value }]) => `[--${flag}${value ? ` ${value}` : ''}]`)
    .join(' ')}`;
  try {
    const options = Object.fromEntries(
      Object.entries(flags).map(([flag, { type }]) => [flag, { type }]),
    );
    const { values } = parseArgs({ args, options: { ...options, help: { type: 'boolean' } } });
    if (values.help !== true) return values as ReturnType<typeof parseFlags<F>>;
  } catch (cause) {
    throw new UsageError(`${errorMessage(cause)}\nUsage: ${usage}`, { cause });
  }
  const help = Object.entries(flags).map(
    ([flag, { value, help: text }]) => `  ${`--${flag} ${value ?? ''}`.padEnd(16)} ${text}`,
  );
  log.info([summary, '', `Usage: ${usage}`, ...(help.length > 0 ? ['', ...help] : [])].join('\n'));
  return null;
}

/** Runs a command as this process: prints what it throws, and sets the exit code. */
export async function runCommand(command: Command): Promise<void> {
  const log = await createLog(process.env, (line) => process.stdout.write(`${line}\n`));
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interruption.abort(`interrupted (${name})`));
  }
  process.exitCode = await runReporting(command, process.argv.slice(2), {
    root: process.cwd(),
    env: process.env,
    clock: systemClock,
    random: Math.random,
    fetch: globalThis.fetch,
    log,
    terminal: process.stderr.isTTY ? process.stderr : null,
    signal: interruption.signal,
  });
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
    if (error instanceof DatabaseError || error instanceof PublishError) {
      context.log.error(errorMessage(error));
      return 1;
    }
    context.log.error(`This is a defect of the tracker: ${errorMessage(error)}`);
    if (error instanceof Error && error.stack) context.log.info(error.stack);
    return 1;
  }
}
