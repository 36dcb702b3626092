import childProcess, { type ChildProcess, type ExecFileException } from 'node:child_process';

type Finish = (error: ExecFileException | null, stdout: string, stderr: string) => void;

/** Runs programs for the process that started it, until that ends. */
const STARTER = `
const { execFile } = require('node:child_process');
const underWay = new Map();
process.on('disconnect', () => process.exit());
process.on('message', ({ id, isAborted, file, args, options }) => {
  if (isAborted) return underWay.get(id)?.abort();
  const stop = new AbortController();
  underWay.set(id, stop);
  execFile(file, args, { ...options, signal: stop.signal }, (error, stdout, stderr) => {
    underWay.delete(id);
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
  { signal, ...options }: { signal?: AbortSignal },
  finish: Finish,
): void {
  starter ??= startStarter();
  const child = starter;
  const id = started++;
  const abort = () => child.send({ id, isAborted: true });
  waiting.set(id, (...ended) => {
    signal?.removeEventListener('abort', abort);
    finish(...ended);
  });
  child.channel?.ref();
  child.send({ id, file, args, options });
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort);
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
  child.on('exit', (code) => {
    const error = new Error(`the process that starts others ended with ${code}`);
    for (const finish of waiting.values()) finish(error, '', '');
    waiting.clear();
    starter = null;
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
