import { AsyncLocalStorage } from 'node:async_hooks';
import { hash, randomUUID } from 'node:crypto';
import { link, lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { TrackerError } from '../core/errors.ts';
import { plural } from '../core/format.ts';
import { LOCK_PATH } from '../core/paths.ts';
import { readIfThere, whileChangesAreChecked } from './files.ts';

type WriteLine = (line: string) => void;

/** In milliseconds. */
export type LockTimes = {
  /** Between two beats of a lock. */
  beatMs: number;
  /** A lock without a beat for this long was left behind. */
  staleMs: number;
  /** How long to wait for locks that beat. */
  giveUpMs: number;
};

/** What runs use. The first two are far apart, because a busy machine delays beats. */
export const TIMES: LockTimes = { beatMs: 1000, staleMs: 15_000, giveUpMs: 600_000 };
const POLL_MS = 100;

/** The locks that the current task holds. */
const held = new AsyncLocalStorage<ReadonlySet<string>>();

/**
 * Runs `work` while nobody else writes to the tracker's files below `root`: no other process of this
 * machine, and none in a container that sees the same folder. If somebody does, waits and says so.
 * Work that holds the lock already goes on at once.
 *
 * The lock is a file with the holder's token and a number, which a thread of the holder increases.
 * If the number stands still, whoever has watched it long enough takes the lock over. So before each
 * change of a file, and before a push, the holder checks that the lock is still its own.
 * @throws TrackerError if others hold the lock for too long, or if it was taken over; the file
 * system's error if the lock can't be written, because then the files can't be either
 */
export async function withLock<T>(
  root: string,
  log: WriteLine,
  work: () => Promise<T>,
  times: LockTimes = TIMES,
): Promise<T> {
  const lock = path.resolve(root, LOCK_PATH);
  const others = held.getStore() ?? new Set();
  if (others.has(lock)) return work();
  const token = randomUUID();
  await takeLock(lock, token, log, times);
  const heart = startHeart(lock, token, times.beatMs);
  try {
    return await held.run(new Set([...others, lock]), () =>
      whileChangesAreChecked(() => refuseIfLost(lock, token), work),
    );
  } finally {
    await heart.terminate();
    await release(lock, token);
  }
}

/** Increases the number in the lock, even while the main thread computes. Ends with the lock. */
const HEART = `
const { openSync, fstatSync, readFileSync, writeSync } = require('node:fs');
const { lock, token, beatMs } = require('node:worker_threads').workerData;
const file = openSync(lock, 'r+');
if (readFileSync(file, 'latin1').startsWith(token)) {
  let beats = 0;
  const timer = setInterval(() => {
    if (fstatSync(file).nlink === 0) clearInterval(timer);
    else writeSync(file, token + ' ' + ++beats, 0);
  }, beatMs);
}`;

function startHeart(lock: string, token: string, beatMs: number): Worker {
  const workerData = { lock, token, beatMs };
  const heart = new Worker(HEART, { eval: true, execArgv: [], env: {}, workerData });
  heart.on('error', () => {}); // without beats, the lock is taken over, and the holder notices that
  heart.unref();
  return heart;
}

async function refuseIfLost(lock: string, token: string): Promise<void> {
  if (tokenOf(await readLock(lock)) === token) return;
  throw new TrackerError(
    `this run stood still for so long that another one took over its lock ${LOCK_PATH}; ` +
      'it changes nothing any more: run again',
  );
}

/** If removal fails, the lock has no beat any more, and the next process takes it over. */
async function release(lock: string, token: string): Promise<void> {
  const holder = await readLock(lock).catch(() => null);
  if (tokenOf(holder) === token) await rm(lock, { force: true }).catch(() => {});
}

async function takeLock(
  lock: string,
  token: string,
  log: WriteLine,
  times: LockTimes,
): Promise<void> {
  const own = `${lock}.${token}.tmp`;
  await mkdir(path.dirname(lock), { recursive: true });
  try {
    await writeFile(own, `${token} 0`);
    const startMs = performance.now();
    let seen: string | null = null;
    let lookedAtMs = startMs;
    let stillMs = 0;
    for (let polls = 0; !(await tryLink(own, lock)); polls++) {
      const content = await readLock(lock);
      const nowMs = performance.now();
      // If this process itself stood still, it does not know what happened meanwhile.
      stillMs = polls > 0 && content === seen ? stillMs + Math.min(nowMs - lookedAtMs, 1000) : 0;
      seen = content;
      lookedAtMs = nowMs;
      if (stillMs >= times.staleMs) {
        await discard(lock, content, log, times);
        stillMs = 0;
        continue;
      }
      if (nowMs - startMs >= times.giveUpMs) throw tooLong(times.giveUpMs);
      if (polls === 1) log(`Waiting until another run has finished; it holds ${LOCK_PATH}`);
      await setTimeout(polls === 0 ? 5 : POLL_MS);
    }
  } finally {
    await rm(own, { force: true }).catch(() => {});
  }
}

function tooLong(giveUpMs: number): TrackerError {
  const minutes = plural(Math.round(giveUpMs / 60_000), 'minute');
  return new TrackerError(
    `another run has been at work on these files for ${minutes} and is still alive; nothing was ` +
      `asked or changed: run again when it has finished. (Its lock is ${LOCK_PATH}.)`,
  );
}

/** A link appears at once, together with its content. False if the lock is taken. */
function tryLink(own: string, lock: string): Promise<boolean> {
  return link(own, lock).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
}

/** What the lock holds; null if there is none, or nothing that can be read without waiting. */
async function readLock(lock: string): Promise<string | null> {
  const info = await lstat(lock).catch(() => null);
  return info?.isFile() ? ((await readIfThere(lock))?.toString('latin1') ?? null) : null;
}

function tokenOf(content: string | null): string | undefined {
  return content?.split(' ', 1)[0];
}

/**
 * Removes a lock that was left behind with this content. Between reading the lock and removing it,
 * another process could do the same and a third could take the lock. So this step has a lock of its
 * own for each content: whoever gets it finds either the stale lock, or nothing to do.
 */
async function discard(
  lock: string,
  content: string | null,
  log: WriteLine,
  times: LockTimes,
): Promise<void> {
  const takeover = `${lock}.${hash('sha256', content ?? '').slice(0, 16)}.tmp`;
  const token = randomUUID();
  await takeLock(takeover, token, () => {}, times);
  try {
    if ((await readLock(lock)) !== content) return;
    await rm(lock, { force: true });
    log(`Took over ${LOCK_PATH}, which a run left behind`);
  } finally {
    await release(takeover, token);
  }
}
