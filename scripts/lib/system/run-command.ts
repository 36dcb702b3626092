import { type ExitCode, TrackerError } from '../core/errors.ts';
import { errorMessage } from '../core/text.ts';
import { systemClock } from './clock.ts';
import type { Command, Context } from './command.ts';
import { describeSystemError, isSystemError } from './files.ts';
import { createLog } from './log.ts';

/** Runs a command as this process: prints what it throws, and sets the exit code. */
export async function runCommand(command: Command): Promise<void> {
  // A reader such as `head` may close the pipe early. The work goes on.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const stream = process[command.logTo];
  process.exitCode = await runReporting(command, process.argv.slice(2), {
    root: process.cwd(),
    env: process.env,
    clock: systemClock,
    random: Math.random,
    fetch: globalThis.fetch,
    log: await createLog(process.env, (line) => stream.write(`${line}\n`)),
    stdout: process.stdout,
    terminal: process.stderr.isTTY ? process.stderr : null,
    catchInterruption,
  });
}

/** Runs a command and turns what it throws into messages and an exit code. */
export async function runReporting(
  command: Command,
  args: string[],
  context: Context,
): Promise<ExitCode> {
  const { log } = context;
  try {
    return await command.run(args, context);
  } catch (error) {
    if (error instanceof TrackerError) {
      for (const problem of error.problems) log.error(problem);
      return error.exitCode;
    }
    if (isSystemError(error)) {
      log.error(describeSystemError(error));
      return 1;
    }
    log.error(`This is a bug in the tracker: ${errorMessage(error)}`);
    if (error instanceof Error && error.stack) log.info(error.stack);
    return 1;
  }
}

function catchInterruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort(`interrupted (${name})`));
  }
  return controller.signal;
}
