import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LOCK_PATH } from '../../scripts/lib/core/paths.ts';
import { withLock } from '../../scripts/lib/store/lock.ts';
import { createFolder } from '../helpers/folder.ts';
import { writeWatchlist } from '../helpers/repository.ts';
import { queryDatabase, runTrack, startApi } from '../helpers/tracker.ts';

const silent = () => {};
/** Larger than any process id on Linux. */
const DEAD = '4194999';

async function createRoot(hashtags: string[] = ['aitools']): Promise<string> {
  const root = await createFolder();
  await writeWatchlist(root, { hashtags });
  return root;
}

/** Takes the lock with all names at once. Returns who held it. Throws if two held it together. */
async function holdAll(root: string, names: string[]): Promise<string[]> {
  const holders: string[] = [];
  let holder: string | null = null;
  const hold = (name: string) => async () => {
    if (holder !== null) throw new Error(`${name} got the lock while ${holder} held it`);
    holder = name;
    await setTimeout(2);
    holder = null;
    holders.push(name);
  };
  await Promise.all(names.map((name) => withLock(root, silent, hold(name))));
  return holders.sort();
}

describe('the lock', () => {
  it('has one holder at a time, and everybody gets it in the end', async () => {
    const root = await createRoot();
    expect(await holdAll(root, ['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c', 'd']);
  });

  it('names the process that it waits for', async () => {
    const root = await createRoot();
    const lines: string[] = [];
    let release = silent;
    await new Promise<void>((hasLock) => {
      const work = () =>
        new Promise<void>((resolve) => {
          release = resolve;
          hasLock();
        });
      void withLock(root, silent, work);
    });
    const log = (line: string) => {
      lines.push(line);
      release();
    };
    await withLock(root, log, async () => {});
    expect(lines).toEqual([
      `Waiting for process ${process.pid} to finish. No such process? Delete ${LOCK_PATH}`,
    ]);
  });

  it.each([
    ['a process that died', DEAD],
    ['an empty file', ''],
    ['nonsense', '-1'],
    ['an earlier task of this process that could not remove it', String(process.pid)],
  ])('is taken over from %s', async (_, holder) => {
    const root = await createRoot();
    await writeFile(path.join(root, LOCK_PATH), holder);
    expect(await withLock(root, silent, async () => 'done')).toBe('done');
    expect(await readdir(path.join(root, 'data'))).toEqual(['hashtags.json']);
  });

  it('is taken over from an earlier task, even if several tasks wait for it', async () => {
    const root = await createRoot();
    await writeFile(path.join(root, LOCK_PATH), `${process.pid} before`);
    const both = ['a', 'b'].map((name) => withLock(root, silent, async () => name));
    expect(await Promise.all(both)).toEqual(['a', 'b']);
  });

  it('has one holder at a time, even if many take it over at once', async () => {
    const root = await createRoot();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (let round = 0; round < 4; round++) {
      await writeFile(path.join(root, LOCK_PATH), `${DEAD} ${round}`);
      expect(await holdAll(root, names)).toEqual(names);
    }
    expect(await readdir(path.join(root, 'data'))).toEqual(['hashtags.json']);
  });

  it('is released when the work fails', async () => {
    const root = await createRoot();
    const failing = withLock(root, silent, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await readdir(path.join(root, 'data'))).toEqual(['hashtags.json']);
  });
});

describe('several runs in one folder', () => {
  it('at the same time lose no snapshot', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const root = await createRoot(names);
    const api = await startApi();
    const ran = await Promise.all(names.map((name) => runTrack(root, api, ['--only', name])));
    expect(ran.map(({ exitCode }) => exitCode)).toEqual(names.map(() => 0));
    expect(await queryDatabase(root, 'SELECT hashtag FROM snapshots')).toEqual(
      names.map((name) => [name]),
    );
    expect(await queryDatabase(root, 'SELECT count(*) FROM runs')).toEqual([[6]]);
  });
});
