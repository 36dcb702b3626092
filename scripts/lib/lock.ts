import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Holds the number of the process that is writing to the tracker's files. */
export const LOCK_PATH = 'data/tracker.lock';

const POLL_MS = 100;

/** How many tasks of this process hold each lock or wait for it. */
const tasks = new Map<string, number>();

/**
 * Runs `work` while no other process of this machine writes to the tracker's files below `root`:
 * waits for the one that does, and says so. A process that died does not keep the lock.
 * @throws what the file system says where the lock can't be written, which goes for the files too
 */
export async function withLock<T>(
  root: string,
  log: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const lock = path.join(root, LOCK_PATH);
  tasks.set(lock, (tasks.get(lock) ?? 0) + 1);
  try {
    await takeLock(lock, log);
    try {
      return await work();
    } finally {
      await removeIfPossible(lock);
    }
  } finally {
    tasks.set(lock, (tasks.get(lock) ?? 1) - 1);
  }
}

/** What the disk refuses to remove is that of a dead process soon, and of no task of this one now. */
async function removeIfPossible(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => {});
}

async function takeLock(lock: string, log: (line: string) => void): Promise<void> {
  const own = `${lock}.${randomUUID()}.tmp`;
  await mkdir(path.dirname(lock), { recursive: true });
  try {
    await writeFile(own, String(process.pid));
    for (let polls = 0; !(await tryLink(own, lock)); polls++) {
      const holder = await readHolder(lock);
      if (holder === null) continue;
      const isLeftover = holder === String(process.pid) && tasks.get(lock) === 1;
      if (isLeftover || !isAlive(holder)) {
        await discard(lock, holder);
        continue;
      }
      if (polls === 0) {
        log(`Waiting for process ${holder}, which writes here (none? then delete ${LOCK_PATH})`);
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

/** What stands in the lock, a process's number; null where it was released meanwhile. */
function readHolder(lock: string): Promise<string | null> {
  return readFile(lock, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

function isAlive(holder: string): boolean {
  if (!/^[1-9]\d*$/.test(holder)) return false;
  try {
    process.kill(Number(holder), 0); // asks, does not kill
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it belongs to somebody else
  }
}

/** Removes the lock of a dead process; if another has replaced it meanwhile, that one is put back. */
async function discard(lock: string, holder: string): Promise<void> {
  const aside = `${lock}.${randomUUID()}.tmp`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readHolder(aside)) !== holder) await tryLink(aside, lock);
  await rm(aside, { force: true });
}
