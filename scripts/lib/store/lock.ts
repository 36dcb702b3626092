import { hash, randomUUID } from 'node:crypto';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LOCK_PATH } from '../core/paths.ts';
import { readIfThere } from '../system/files.ts';

const POLL_MS = 100;

type WriteLine = (line: string) => void;
/** What the tasks of this process have written into the locks that they hold or wait for. */
const ownHolders = new Set<string>();

/**
 * Runs `work` while no other process of this machine writes to the tracker's files below `root`. If
 * one does, waits for it and says so. A process that died does not keep the lock.
 * @throws the file system's error if the lock can't be written; then the files can't be either
 */
export function withLock<T>(root: string, log: WriteLine, work: () => Promise<T>): Promise<T> {
  return withLockFile(path.join(root, LOCK_PATH), log, work);
}

async function withLockFile<T>(lock: string, log: WriteLine, work: () => Promise<T>): Promise<T> {
  const holder = `${process.pid} ${randomUUID()}`;
  ownHolders.add(holder);
  try {
    await takeLock(lock, holder, log);
    try {
      return await work();
    } finally {
      await removeIfPossible(lock);
    }
  } finally {
    ownHolders.delete(holder);
  }
}

/** If removal fails, the next process sees a stale lock. */
async function removeIfPossible(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => {});
}

async function takeLock(lock: string, ownHolder: string, log: WriteLine): Promise<void> {
  const own = `${lock}.${randomUUID()}.tmp`;
  await mkdir(path.dirname(lock), { recursive: true });
  try {
    await writeFile(own, ownHolder);
    for (let polls = 0; !(await tryLink(own, lock)); polls++) {
      const holder = await readHolder(lock);
      if (holder === null) continue;
      const [pid = ''] = holder.split(' ');
      const isHeld = pid === String(process.pid) ? ownHolders.has(holder) : isAlive(pid);
      if (!isHeld) {
        await discard(lock, holder, log);
        continue;
      }
      if (polls === 0) {
        log(`Waiting for process ${pid} to finish. No such process? Delete ${LOCK_PATH}`);
      }
      await setTimeout(POLL_MS);
    }
  } finally {
    await removeIfPossible(own);
  }
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

/** The content of the lock; null if it was released meanwhile. */
async function readHolder(lock: string): Promise<string | null> {
  return (await readIfThere(lock))?.toString('utf8') ?? null;
}

function isAlive(pid: string): boolean {
  if (!/^[1-9]\d*$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0); // signal 0 only asks
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it belongs to another user
  }
}

/**
 * Removes a lock that `holder` left behind. Between reading the lock and removing it, another
 * process could do the same and a third could take the lock. So this step has a lock of its own for
 * each holder: whoever gets it finds either the stale lock, or nothing to do.
 */
function discard(lock: string, holder: string, log: WriteLine): Promise<void> {
  const ofHolder = `${lock}.${hash('sha256', holder).slice(0, 16)}.tmp`;
  return withLockFile(ofHolder, log, async () => {
    if ((await readHolder(lock)) === holder) await rm(lock, { force: true });
  });
}
