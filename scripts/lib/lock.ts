import { hash, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Holds the number of the process that is writing to the tracker's files, and of its task. */
export const LOCK_PATH = 'data/tracker.lock';

const POLL_MS = 100;

/** What the tasks of this process write into the locks that they hold or wait for. */
const ownHolders = new Set<string>();

/**
 * Runs `work` while no other process of this machine writes to the tracker's files below `root`:
 * waits for the one that does, and says so. A process that died does not keep the lock.
 * @throws what the file system says where the lock can't be written, which goes for the files too
 */
export function withLock<T>(
  root: string,
  log: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  return withLockFile(path.join(root, LOCK_PATH), log, work);
}

async function withLockFile<T>(
  lock: string,
  log: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
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

/** What the disk refuses to remove nobody holds any more, which the next one sees. */
async function removeIfPossible(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => {});
}

async function takeLock(
  lock: string,
  ownHolder: string,
  log: (line: string) => void,
): Promise<void> {
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
        log(`Waiting for process ${pid}, which writes here (none? then delete ${LOCK_PATH})`);
      }
      await setTimeout(POLL_MS);
    }
  } finally {
    await removeIfPossible(own);
  }
}

/** A link appears at once and with its content; false where the lock is taken. */
function tryLink(own: string, lock: string): Promise<boolean> {
  return link(own, lock).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
}

/** What stands in the lock; null where it was released meanwhile. */
function readHolder(lock: string): Promise<string | null> {
  return readFile(lock, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

function isAlive(pid: string): boolean {
  if (!/^[1-9]\d*$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0); // asks, does not kill
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it belongs to somebody else
  }
}

/**
 * Removes a lock that `holder` left behind. Between a look at the lock and its removal another
 * could have done the same and let a third one in, so this takes a lock of its own, one for each
 * holder: whoever has it finds either what was left behind, or nothing to do.
 */
function discard(lock: string, holder: string, log: (line: string) => void): Promise<void> {
  const ofHolder = `${lock}.${hash('sha256', holder).slice(0, 16)}.tmp`;
  return withLockFile(ofHolder, log, async () => {
    if ((await readHolder(lock)) === holder) await rm(lock, { force: true });
  });
}
