import { AsyncLocalStorage } from 'node:async_hooks';
import {
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { errorMessage } from '../core/text.ts';

/** The bytes of a file; null if there is no such file. */
export function readIfThere(file: string): Promise<Buffer | null> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** The names in a folder; none if there is no such folder. */
export async function listFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

const changeCheck = new AsyncLocalStorage<() => Promise<void>>();

/** Runs `work`. Before each change of a file, and wherever `checkChange` is called, runs `check`. */
export function whileChangesAreChecked<T>(
  check: () => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  return changeCheck.run(check, work);
}

/** Rejects if the current work must not change anything any more. */
export async function checkChange(): Promise<void> {
  await changeCheck.getStore()?.();
}

/** True if something has this path. */
export function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/**
 * Replaces a file in one step: writes the content to a temporary file in the same folder, syncs it,
 * and renames it. Whatever happens, the file is the old one or the new one. The temporary name has
 * the process id, so that two processes never share it, and ends in `.tmp`, which git ignores.
 */
export async function writeFileAtomically(file: string, content: string | Uint8Array) {
  const folder = path.dirname(file);
  const temporary = `${file}.${process.pid}.tmp`;
  await mkdir(folder, { recursive: true });
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await checkChange();
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes to the file that a person named. An ordinary file is replaced in one step, a link is
 * followed, and anything else (a device, a pipe) is written to and stays what it is.
 */
export async function writeToNamedFile(file: string, content: string | Uint8Array): Promise<void> {
  const found = await statIfThere(file);
  // The system follows links such as /dev/fd/1 that lead to a pipe without a path.
  if (found !== null && !found.isFile()) await writeFile(file, content);
  else await writeFileAtomically(await followLinks(file), content);
}

/** True if both paths lead to the same file, by any spelling, link or hard link. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([followLinks(one), followLinks(other)]);
  if (first === second) return true;
  const [a, b] = await Promise.all([statIfThere(first), statIfThere(second)]);
  return a !== null && b !== null && a.dev === b.dev && a.ino === b.ino;
}

/** True if the path leads into the folder, by any spelling or link. */
export async function isInFolder(file: string, folder: string): Promise<boolean> {
  const [target, parent] = await Promise.all([followLinks(file), followLinks(folder)]);
  return target.startsWith(parent + path.sep);
}

/** Where a path leads, even if there is no such file yet. */
async function followLinks(file: string, linksLeft = 40): Promise<string> {
  const there = await realpath(file).catch(() => null);
  if (there !== null) return there;
  const folder = path.dirname(file);
  const link = linksLeft > 0 ? await readlink(file).catch(() => null) : null;
  if (link !== null) return followLinks(path.resolve(folder, link), linksLeft - 1);
  const realFolder = folder === file ? folder : await followLinks(folder, linksLeft);
  return path.join(realFolder, path.basename(file));
}

function statIfThere(file: string) {
  return stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/**
 * Writes a new file: the first of the names that nothing has. It overwrites nothing, so it may be
 * written when nothing else may be changed any more.
 * @param nameOf the names to try, from number 1 on, below `root`
 * @returns the name
 */
export async function writeNewFile(
  root: string,
  nameOf: (number: number) => string,
  content: string | Uint8Array,
): Promise<string> {
  for (let number = 1; ; number++) {
    const file = path.join(root, nameOf(number));
    const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return null;
      throw error;
    });
    if (handle === null) continue;
    try {
      await handle.writeFile(content);
      await handle.sync();
      return nameOf(number);
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  }
}

/** Writes the text, unless the file already has exactly this text. */
export async function writeTextIfChanged(file: string, text: string): Promise<void> {
  if ((await readIfThere(file))?.toString('utf8') !== text) await writeFileAtomically(file, text);
}

/** True for an error of the file system or the network, which is not a bug in the tracker. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

/** What the file system said, and what to do about it. */
export function describeSystemError(error: unknown): string {
  const remedy = isSystemError(error) ? REMEDIES[error.code ?? ''] : undefined;
  return errorMessage(error) + (remedy === undefined ? '' : `; ${remedy}`);
}

const REMEDIES: Record<string, string> = {
  ENOSPC: 'the disk is full: free some space, then run again',
  EDQUOT: 'your disk quota is used up: free some space, then run again',
  EFBIG: 'files may not grow this large here: raise the limit, then run again',
  EACCES: 'you can’t write there: change the permissions (ls -l shows them), then run again',
  EPERM: 'you can’t write there: change the permissions (ls -l shows them), then run again',
  EROFS: 'the disk is read-only: run this in a folder that you can write to',
  EISDIR: 'a folder is where the file should be: move it away, then run again',
  ERR_FS_EISDIR: 'a folder is where the file should be: move it away, then run again',
  ENOTDIR: 'a file is where a folder should be: move it away, then run again',
  EEXIST: 'a file is where a folder should be: move it away, then run again',
};
