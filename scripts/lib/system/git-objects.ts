import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { exists } from './files.ts';
import { askGit, GitError, git, gitEnv } from './git.ts';

/** Reads a repository's objects, one after the other, through one git process. */
export type ObjectReader = Disposable & {
  /** The content of the object with a name (a hash, `<commit>:<path>`); null if it is missing. */
  read: (name: string) => Promise<Buffer | null>;
};

/** Starts the git process. Disposing ends it. Reading rejects with a GitError if git fails. */
export function openObjects(folder: string): ObjectReader {
  const child = spawn('git', ['cat-file', '--batch'], { cwd: folder, env: gitEnv() });
  const chunks: AsyncIterator<Buffer> = child.stdout[Symbol.asyncIterator]();
  let unread: Buffer = Buffer.alloc(0);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => {}); // standard error says why git ended

  async function nextChunk(): Promise<Buffer> {
    const { done, value } = await chunks.next();
    if (done === true) throw new GitError(['cat-file'], stderr, child.exitCode);
    return value;
  }

  async function readLine(): Promise<string> {
    while (!unread.includes('\n')) unread = Buffer.concat([unread, await nextChunk()]);
    const end = unread.indexOf('\n');
    const line = unread.toString('utf8', 0, end);
    unread = unread.subarray(end + 1);
    return line;
  }

  async function readBytes(size: number): Promise<Buffer> {
    const parts = [unread];
    let length = unread.length;
    while (length < size) {
      const chunk = await nextChunk();
      parts.push(chunk);
      length += chunk.length;
    }
    const bytes = Buffer.concat(parts, length);
    unread = bytes.subarray(size);
    return bytes.subarray(0, size);
  }

  return {
    async read(name) {
      child.stdin.write(`${name}\n`);
      const size = / [a-z]+ (\d+)$/.exec(await readLine())?.[1];
      if (size === undefined) return null;
      const content = await readBytes(Number(size));
      await readBytes(1); // the line end after it
      return content;
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}

/** The content of one object, as `ObjectReader.read` returns it. */
export async function readObject(folder: string, name: string): Promise<Buffer | null> {
  using objects = openObjects(folder);
  return await objects.read(name);
}

/**
 * The hash of a file in the last commit; null if the commit lacks the file, if there is no commit
 * yet, or if the folder is in no repository.
 * @throws GitError if git can't tell
 */
export async function findCommittedBlob(folder: string, file: string): Promise<string | null> {
  return (await listCommittedBlobs(folder, file)).get(file) ?? null;
}

/**
 * The files that the last commit has at a path, or directly in a folder if the path ends with a
 * slash, each with its hash. There are none without a commit, and outside of a repository.
 * @throws GitError if git can't tell
 */
export async function listCommittedBlobs(folder: string, place: string) {
  const none = new Map<string, string>();
  if (!(await isInRepository(folder))) return none;
  try {
    return await listBlobs(folder, 'HEAD', place);
  } catch (error) {
    if (await hasNoCommit(folder)) return none;
    throw error;
  }
}

/** The same of any commit, which must be there. */
export async function listBlobs(folder: string, commit: string, place: string) {
  const listed = await git(folder, ['ls-tree', '-z', commit, '--', `./${place}`]);
  return new Map(
    listed.split('\0').flatMap((line) => {
      const [, hash = '', file] = /^\d+ blob ([0-9a-f]+)\t(.*)$/.exec(line) ?? [];
      return file === undefined ? [] : [[file, hash]];
    }),
  );
}

/** False if the folder is in no repository, or on a branch without a commit. */
export async function hasHistory(folder: string): Promise<boolean> {
  return (await isInRepository(folder)) && !(await hasNoCommit(folder));
}

/** The hash that git gives a file with this content, of the same kind as another hash. */
export function hashBlob(content: Uint8Array, like: string): string {
  const hash = createHash(like.length === 40 ? 'sha1' : 'sha256');
  return hash.update(`blob ${content.length}\0`).update(content).digest('hex');
}

/** Looks for the folder `.git` itself, because git gives one answer for several kinds of trouble. */
async function isInRepository(folder: string): Promise<boolean> {
  for (let place = path.resolve(folder); ; place = path.dirname(place)) {
    if (await exists(path.join(place, '.git'))) return true;
    if (place === path.dirname(place)) return false;
  }
}

/** True for a branch without a commit. A branch that git can't read is none. */
async function hasNoCommit(folder: string): Promise<boolean> {
  try {
    await git(folder, ['symbolic-ref', '--quiet', 'HEAD']);
    return !(await askGit(folder, ['rev-parse', '--verify', '--quiet', 'HEAD']));
  } catch {
    return false;
  }
}
