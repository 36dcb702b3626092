import childProcess, { type ChildProcess, type ExecFileException } from 'node:child_process';

type Finish = (error: ExecFileException | null, stdout: string, stderr: string) => void;

/** Runs programs for the process that started it, until that ends. */
const STARTER = `
const { execFile } = require('node:child_process');
process.on('disconnect', () => process.exit());
process.on('message', ({ id, file, args, options }) => {
  execFile(file, args, options, (error, stdout, stderr) => {
    const { message, code, killed } = error ?? {};
    process.send({ id, error: error && { message, code, killed }, stdout, stderr });
  });
});`;

let starter: ChildProcess | null = null;
const waiting = new Map<number, Finish>();
let started = 0;

/**
 * Does what `execFile` does, in a small process. The larger a process is, the longer the system
 * needs to start another one from it, and the simulation starts git some 40 times a day.
 */
export function execFileElsewhere(
  file: string,
  args: string[],
  options: object,
  finish: Finish,
): void {
  starter ??= startStarter();
  const id = started++;
  waiting.set(id, finish);
  starter.channel?.ref();
  starter.send({ id, file, args, options });
}

function startStarter(): ChildProcess {
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const child = childProcess.spawn(process.execPath, ['-e', STARTER], { stdio: [...stdio] });
  child.on('message', ({ id, error, stdout, stderr }: Answer) => {
    const finish = waiting.get(id);
    waiting.delete(id);
    // The process may end when nothing is under way.
    if (waiting.size === 0) child.channel?.unref();
    finish?.(error && Object.assign(new Error(error.message), error), stdout, stderr);
  });
  child.unref();
  return child;
}

type Answer = {
  id: number;
  error: { message: string; code?: number | string; killed?: boolean } | null;
  stdout: string;
  stderr: string;
};
