import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Day, isDay } from '../core/day.ts';
import { type ExitCode, UsageError } from '../core/errors.ts';
import { HashtagNameError, parseHashtagName } from '../core/hashtag-name.ts';
import { errorMessage } from '../core/text.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** What a command gets from outside. The code below the commands reads none of it itself. */
export type Context = {
  /** The repository: the folder that the command was started in. */
  root: string;
  env: Record<string, string | undefined>;
  clock: Clock;
  /** A number in 0…1, as Math.random gives. */
  random: () => number;
  fetch: typeof globalThis.fetch;
  /** Messages for people. */
  log: Log;
  /** Results that another program may read, and the help. */
  stdout: NodeJS.WritableStream;
  /** A terminal that a progress bar can be drawn on; null in a log. */
  terminal: NodeJS.WriteStream | null;
  /** After this call, an interruption (Ctrl+C) aborts the signal instead of ending the process. */
  catchInterruption: () => AbortSignal;
};

export type Command = {
  /** Where the log goes: to `stderr` if standard output is only for results. */
  logTo: 'stdout' | 'stderr';
  /** `args` are those after the command's name. */
  run: (args: string[], context: Context) => Promise<ExitCode>;
};

/**
 * A flag of a command with its line in `--help`. A `positional` is a required argument, named
 * after its `value`. A `synonym` is another name of the flag, which `--help` does not mention.
 */
type Flags = Record<
  string,
  { type: 'string' | 'boolean' | 'positional'; value?: string; help: string; synonym?: string }
>;

type FlagValues<F extends Flags> = {
  [K in keyof F]: F[K]['type'] extends 'positional'
    ? string
    : F[K]['type'] extends 'string'
      ? string | undefined
      : boolean;
};

type CommandSpec<F extends Flags> = {
  /** As in `npm run NAME`. */
  name: string;
  /** The first line of `--help`. */
  summary: string;
  flags: F;
  logTo?: Command['logTo'];
  run: (flags: FlagValues<F>, context: Context) => Promise<ExitCode>;
};

/**
 * A command that reads its flags, answers `--help`, and rejects flags that it does not know, or
 * that npm has taken for its own.
 */
export function defineCommand<const F extends Flags>(spec: CommandSpec<F>): Command {
  const { logTo = 'stdout', run } = spec;
  return {
    logTo,
    async run(args, context) {
      refuseFlagsOfNpm(spec, context.env);
      const values = parseFlags(spec, args);
      if (values !== null) return run(values, context);
      context.stdout.write(`${renderHelp(spec)}\n`);
      return 0;
    },
  };
}

/**
 * The day that a flag names.
 * @throws UsageError if the text is not a day
 */
export function parseDayFlag(flag: string, text: string, example = '2026-11-22'): Day {
  if (isDay(text)) return text;
  throw new UsageError(`${flag} ${text} is not a day; write it as ${example}`);
}

/**
 * The hashtags that a flag lists, separated by commas, in their normal form.
 * @throws UsageError if there is none, or if one can't be a hashtag
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
 * The bytes of a file that an argument names.
 * @throws UsageError if it can't be read
 */
export function readFileArgument(root: string, name: string): Promise<Buffer> {
  return readFile(path.resolve(root, name)).catch((cause: unknown) => {
    throw new UsageError(`${name} can't be read: ${errorMessage(cause)}`, { cause });
  });
}

/** Prints a result piece by piece, at the reader's pace. A reader such as `head` may end early. */
export async function printResult(
  pieces: Iterable<string | Uint8Array>,
  stdout: NodeJS.WritableStream,
): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), stdout);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/**
 * Refuses flags of this command that npm has taken for its own, because there was no `--` before
 * them. Npm then sets a variable for each of them, and the command does not get them.
 */
function refuseFlagsOfNpm<F extends Flags>(spec: CommandSpec<F>, env: Context['env']): void {
  const taken = Object.entries(spec.flags)
    .filter(([flag, { type }]) => type !== 'positional' && env[npmVariable(flag)])
    .map(([flag]) => flag);
  const [first] = taken;
  if (first === undefined) return;
  const names = taken.map((flag) => `--${flag}`).join(', ');
  throw new UsageError(
    `npm took ${names} for its own, so ${spec.name} did not get it: put -- before the flags. ` +
      `(If you gave no such flag, remove ${first} from .npmrc, or ${npmVariable(first)} from the ` +
      `environment.)\n${renderUsage(spec)}`,
  );
}

/** The variable in which npm passes a flag on. It is empty if the flag is off. */
function npmVariable(flag: string): string {
  return `npm_config_${flag.replaceAll('-', '_')}`;
}

/** The values of the flags; null if `--help` is given. */
function parseFlags<F extends Flags>(spec: CommandSpec<F>, args: string[]): FlagValues<F> | null {
  const entries = Object.entries(spec.flags);
  const positionalFlags = entries.filter(([, { type }]) => type === 'positional');
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean' } };
  for (const [flag, { type, synonym }] of entries) {
    if (type === 'string') options[flag] = { type };
    if (type === 'boolean') options[flag] = { type, default: false };
    if (type !== 'positional' && synonym !== undefined) options[synonym] = { type };
  }
  try {
    const allowPositionals = positionalFlags.length > 0;
    const { values, positionals } = parseArgs({ args, options, allowPositionals });
    if (values.help === true) return null;
    if (positionals.length !== positionalFlags.length) {
      const expected = positionalFlags.map(([, { value }]) => value).join(' ');
      throw new Error(`Expected ${expected}, got ${positionals.join(' ') || 'nothing'}`);
    }
    const given = Object.fromEntries(positionalFlags.map(([flag], i) => [flag, positionals[i]]));
    const bySynonym = Object.fromEntries(
      entries.flatMap(([flag, { synonym }]) => {
        const value = synonym === undefined ? undefined : values[synonym];
        return value === undefined ? [] : [[flag, value]];
      }),
    );
    return { ...values, ...given, ...bySynonym } as FlagValues<F>;
  } catch (cause) {
    throw new UsageError(`${errorMessage(cause)}\n${renderUsage(spec)}`, { cause });
  }
}

function renderUsage<F extends Flags>({ name, flags }: CommandSpec<F>): string {
  const labels = Object.entries(flags).map(([flag, { type, value = '' }]) =>
    type === 'positional' ? value : `[${`--${flag} ${value}`.trimEnd()}]`,
  );
  return `Usage: ${[`npm run ${name}`, ...(labels.length > 0 ? ['--', ...labels] : [])].join(' ')}`;
}

function renderHelp<F extends Flags>(spec: CommandSpec<F>): string {
  const lines = Object.entries(spec.flags).map(([flag, { type, value = '', help }]) => {
    const label = type === 'positional' ? value : `--${flag} ${value}`.trimEnd();
    return `  ${label.padEnd(16)} ${help}`;
  });
  const usage = [spec.summary, '', renderUsage(spec)];
  return [...usage, ...(lines.length > 0 ? ['', ...lines] : [])].join('\n');
}
