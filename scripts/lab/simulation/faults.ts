import { AsyncLocalStorage } from 'node:async_hooks';
import childProcess, { type ExecFileException } from 'node:child_process';
import disk, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import workerThreads, { type Worker } from 'node:worker_threads';
import { execFileElsewhere } from './starter.ts';

/** Something that a run does outside its own process: on the disk, with git, or with the API. */
export type Step = {
  /** Counts all steps of the run from 0, of every kind. */
  number: number;
  kind: 'disk' | 'git' | 'api';
  /** The call and its subject: `rename data/x.tmp`, `git push origin …`, `POST aitools`. */
  what: string;
};

/** What happens to a step. `half` is in the middle of a write, and before every other step. */
export type Verdict =
  | { end: 'fail'; when: 'before' | 'half' | 'after'; code: string; says: string }
  | { end: 'die'; when: 'before' | 'half' | 'after' }
  | null;

/** The run has died: it takes no further step and reports nothing. */
export const DIED = Symbol('died');

type Run = {
  judge: (step: Step) => Verdict;
  steps: number;
  isDead: boolean;
  die: () => void;
  /** What the system is still doing for the run. It finishes this even if the run has died. */
  underWay: Set<Promise<unknown>>;
  /** Each closes a file that is still open. The system does this when a run has died. */
  closeHandles: Set<() => Promise<void>>;
  /** Its threads, which end with it. */
  threads: Set<Worker>;
};

const current = new AsyncLocalStorage<Run>();

/**
 * Runs `work`, and does to each of its steps what `judge` says. The program itself is not changed.
 * Only Node's functions for files and processes are replaced, and only in the work's asynchronous
 * context. A run that dies stops where it is, as after `kill -9`. The system finishes what it has
 * begun.
 */
export async function withFaults<T>(
  judge: (step: Step) => Verdict,
  work: () => Promise<T>,
): Promise<T | typeof DIED> {
  interpose();
  let die = () => {};
  const death = new Promise<typeof DIED>((resolve) => {
    die = () => resolve(DIED);
  });
  const run: Run = {
    judge,
    steps: 0,
    isDead: false,
    die,
    underWay: new Set(),
    closeHandles: new Set(),
    threads: new Set(),
  };
  const ended = await Promise.race([current.run(run, work), death]);
  while (run.underWay.size > 0) await Promise.allSettled(run.underWay);
  for (const close of run.closeHandles) await close();
  for (const thread of run.threads) await thread.terminate();
  return ended;
}

/** Stops the current run and its threads, as the system stops a container, until something is over. */
export async function standStill(until: Promise<unknown>): Promise<void> {
  for (const thread of current.getStore()?.threads ?? []) await thread.terminate();
  await until;
}

/** A `fetch` whose requests are steps of the run. */
export function withSteps(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) =>
    takeStep('api', String(init?.body ?? input), () => fetch(input, init), networkError);
}

const never = () => new Promise<never>(() => {});

async function takeStep<T>(
  kind: Step['kind'],
  what: string,
  act: () => Promise<T>,
  errorOf: (code: string, says: string, what: string) => Error,
  actHalf: () => Promise<unknown> = async () => {},
): Promise<T> {
  const run = current.getStore();
  // The runs of a process share its modules. One that dies while it loads a module would stop them all.
  if (run === undefined || what.includes('/node_modules/')) return act();
  if (run.isDead) return never();
  const verdict = run.judge({ number: run.steps++, kind, what });
  const end = (): Promise<never> | null => {
    if (verdict?.end === 'fail') throw errorOf(verdict.code, verdict.says, what);
    run.isDead = true;
    run.die();
    return never();
  };
  if (verdict?.when === 'half') await underWay(run, actHalf());
  if (verdict?.when === 'before' || verdict?.when === 'half') return end() ?? never();
  const [settled] = await Promise.allSettled([underWay(run, act())]);
  // Another task of the same run may have died meanwhile.
  if (run.isDead) return never();
  if (verdict !== null) return end() ?? never();
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

async function underWay<T>(run: Run, action: Promise<T>): Promise<T> {
  run.underWay.add(action);
  try {
    return await action;
  } finally {
    run.underWay.delete(action);
  }
}

const DISK_FUNCTIONS = [
  'link',
  'mkdir',
  'mkdtemp',
  'readFile',
  'readdir',
  'rename',
  'rm',
  'stat',
  'writeFile',
] as const;

let isInterposed = false;

function interpose(): void {
  if (isInterposed) return;
  isInterposed = true;
  const { open } = disk;
  for (const name of DISK_FUNCTIONS) {
    const original = disk[name] as (...args: unknown[]) => Promise<unknown>;
    Object.assign(disk, {
      [name]: (...args: unknown[]) =>
        takeStep('disk', `${name} ${args[0]}`, () => original(...args), diskError),
    });
  }
  Object.assign(disk, {
    open: (...args: Parameters<typeof open>) =>
      takeStep('disk', `open ${args[0]}`, async () => watchHandle(await open(...args)), diskError),
  });
  class WatchedWorker extends workerThreads.Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      current.getStore()?.threads.add(this);
    }
  }
  Object.assign(workerThreads, { Worker: WatchedWorker });
  Object.assign(childProcess, { execFile: watchExecFile(execFileElsewhere) });
  syncBuiltinESMExports();
}

function watchHandle(handle: FileHandle): FileHandle {
  const writeFile = handle.writeFile.bind(handle);
  const sync = handle.sync.bind(handle);
  const close = handle.close.bind(handle);
  const { closeHandles } = current.getStore() ?? {};
  closeHandles?.add(close);
  const closeOnce = () => {
    closeHandles?.delete(close);
    return close();
  };
  return Object.assign(handle, {
    writeFile: (content: string | Uint8Array) => {
      const half = content.slice(0, content.length / 2);
      const writeHalf = () => writeFile(half);
      return takeStep('disk', 'write', () => writeFile(content), diskError, writeHalf);
    },
    sync: () => takeStep('disk', 'fsync', sync, diskError),
    close: () => takeStep('disk', 'close', closeOnce, diskError),
  });
}

type Finish = (error: ExecFileException | null, stdout: string, stderr: string) => void;

function watchExecFile(original: typeof execFileElsewhere) {
  return (...[file, args, options, finish]: Parameters<typeof original>): void => {
    const act = () =>
      new Promise<Parameters<Finish>>((resolve) => {
        original(file, args, options, (...ended) => resolve(ended));
      });
    const gitError = (_code: string, says: string) => Object.assign(new Error(says), { code: 128 });
    takeStep('git', `${file} ${args.join(' ')}`, act, gitError).then(
      (ended) => finish(...ended),
      (error: ExecFileException) => finish(error, '', error.message),
    );
  };
}

function diskError(code: string, says: string, what: string): Error {
  const [syscall = '', path = ''] = what.split(' ', 2);
  return Object.assign(new Error(`${code}: ${says}, ${what}`), { code, syscall, path });
}

function networkError(code: string, says: string): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(says), { code }) });
}
