import { spawn } from 'node:child_process';
import { GitError, gitEnv } from './git.ts';

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
