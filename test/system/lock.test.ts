import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LOCK_PATH } from '../../scripts/lib/core/paths.ts';
import { describeSystemError, writeFileAtomically } from '../../scripts/lib/system/files.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { TIMES, withLock } from '../../scripts/lib/system/lock.ts';
import { createFolder } from '../helpers/folder.ts';
import { PROJECT, runProcess } from '../helpers/process.ts';
import { createRepository, writeWatchlist } from '../helpers/repository.ts';
import { queryDatabase, runTrack, startApi } from '../helpers/tracker.ts';

const silent = () => {};
/** As in a run, but faster. */
const FAST = { beatMs: 20, staleMs: 400, giveUpMs: 10_000 };

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
  await Promise.all(names.map((name) => withLock(root, silent, hold(name), FAST)));
  return holders.sort();
}

/** Holds the lock in another task, until it is released. */
async function holdElsewhere(root: string) {
  let release = silent;
  let released: Promise<void> = Promise.resolve();
  await new Promise<void>((hasLock) => {
    const work = () =>
      new Promise<void>((resolve) => {
        release = resolve;
        hasLock();
      });
    released = withLock(root, silent, work, FAST);
  });
  return { release: () => release(), released };
}

/** Runs code in another process while that holds the lock. */
function runHolder(root: string, code: string, onStart?: (processId: number) => void) {
  const module = pathToFileURL(path.join(PROJECT, 'scripts/lib/system/lock.ts')).href;
  const program = `import { TIMES, withLock } from '${module}';
    await withLock(${JSON.stringify(root)}, () => {}, async () => { ${code} }, ${JSON.stringify(FAST)});`;
  const loader = path.join(PROJECT, 'node_modules/tsx/dist/esm/index.mjs');
  const args = ['--import', loader, '--input-type=module', '--eval', program];
  return runProcess(process.execPath, args, root, {}, onStart);
}

async function untilLocked(root: string): Promise<void> {
  while (!(await readdir(path.join(root, 'data'))).includes('tracker.lock')) await setTimeout(10);
}

describe('the lock', () => {
  it('has one holder at a time, and everybody gets it in the end', async () => {
    const root = await createRoot();
    expect(await holdAll(root, ['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c', 'd']);
  });

  it('says that it waits, and for which file', async () => {
    const root = await createRoot();
    const lines: string[] = [];
    const { release, released } = await holdElsewhere(root);
    const log = (line: string) => {
      lines.push(line);
      release();
    };
    await withLock(root, log, async () => {});
    await released;
    expect(lines).toEqual([`Waiting until another run has finished; it holds ${LOCK_PATH}`]);
  });

  it('lets work that holds it take it again', async () => {
    const root = await createRoot();
    const inner = () => withLock(root, silent, async () => 'done');
    expect(await withLock(root, silent, inner)).toBe('done');
    expect(await readdir(path.join(root, 'data'))).toEqual(['hashtags.json']);
  });

  it.each([
    ['the number of a living process', `${process.pid} before`],
    ['the number of the first process of a container', '1'],
    ['a token and a number, as a commit may have brought it', `${randomUUID()} 5`],
    ['nothing', ''],
    ['nonsense', '-1'],
  ])('is taken over if it holds %s and stands still', async (_, content) => {
    const root = await createRoot();
    await writeFile(path.join(root, LOCK_PATH), content);
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    expect(await withLock(root, log, async () => 'done', FAST)).toBe('done');
    expect(lines.at(-1)).toBe(`Took over ${LOCK_PATH}, which a run left behind`);
    expect(await readdir(path.join(root, 'data'))).toEqual(['hashtags.json']);
  });

  it('is taken over if it is a link to nowhere', async () => {
    const root = await createRoot();
    await symlink('nowhere', path.join(root, LOCK_PATH));
    expect(await withLock(root, silent, async () => 'done', FAST)).toBe('done');
    expect(await readdir(path.join(root, 'data'))).toEqual(['hashtags.json']);
  });

  it('is left alone if it is a folder, and the error says what to do', async () => {
    const root = await createRoot();
    await mkdir(path.join(root, LOCK_PATH));
    const error = await withLock(root, silent, async () => 'done', FAST).catch((cause) => cause);
    expect(describeSystemError(error)).toMatch(
      /tracker\.lock; a folder is where the file should be: move it away/,
    );
    expect((await readdir(path.join(root, 'data'))).sort()).toEqual([
      'hashtags.json',
      'tracker.lock',
    ]);
  });

  it('is taken over after 15 seconds without a beat, and waited for up to 10 minutes', () => {
    expect(TIMES).toEqual({ beatMs: 1000, staleMs: 15_000, giveUpMs: 600_000 });
  });

  it('has one holder at a time, even if many take it over at once', async () => {
    const root = await createRoot();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (let round = 0; round < 3; round++) {
      await writeFile(path.join(root, LOCK_PATH), `left ${round}`);
      expect(await holdAll(root, names)).toEqual(names);
    }
    expect(await readdir(path.join(root, 'data'))).toEqual(['hashtags.json']);
  });

  it('beats while its holder computes, and is not taken over', async () => {
    const root = await createRoot();
    const holder = runHolder(
      root,
      'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500)',
    );
    await untilLocked(root);
    const startMs = performance.now();
    const lines: string[] = [];
    await withLock(
      root,
      (line) => void lines.push(line),
      async () => {},
      FAST,
    );
    expect(performance.now() - startMs).toBeGreaterThan(1000);
    expect(lines).toEqual([`Waiting until another run has finished; it holds ${LOCK_PATH}`]);
    expect(await holder).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('that beats is waited for only so long', async () => {
    const root = await createRoot();
    const { release, released } = await holdElsewhere(root);
    const work = async () => 'never';
    await expect(withLock(root, silent, work, { ...FAST, giveUpMs: 600 })).rejects.toThrow(
      /is still alive; nothing was asked or changed: run again when it has finished/,
    );
    release();
    await released;
  });

  it('of a killed process is taken over', async () => {
    const root = await createRoot();
    let processId = 0;
    const holder = runHolder(root, 'await new Promise(() => setInterval(() => {}, 1000))', (id) => {
      processId = id;
    });
    await untilLocked(root);
    process.kill(processId, 'SIGKILL');
    await holder;
    expect(await withLock(root, silent, async () => 'done', FAST)).toBe('done');
  });

  it('that was taken over keeps its former holder from changing a file', async () => {
    const root = await createRoot();
    const file = path.join(root, 'file.txt');
    await writeFile(file, 'old');
    const work = async () => {
      await writeFile(path.join(root, LOCK_PATH), 'another 7'); // as a takeover does
      await writeFileAtomically(file, 'new');
    };
    await expect(withLock(root, silent, work, { ...FAST, beatMs: 60_000 })).rejects.toThrow(
      /another one took over its lock data\/tracker\.lock; it changes nothing any more/,
    );
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readFile(path.join(root, LOCK_PATH), 'utf8')).toBe('another 7');
    expect((await readdir(root)).sort()).toEqual(['data', 'file.txt']);
  });

  it('that was taken over keeps a run from storing and pushing, and the run says what is lost', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const head = await git(remote, ['rev-parse', 'main']);
    const ran = await runTrack(root, await startApi(), ['--publish'], {
      async fetch(...request) {
        await rm(path.join(root, LOCK_PATH));
        await writeFile(path.join(root, LOCK_PATH), 'another 7');
        return fetch(...request);
      },
    });
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain('took over its lock');
    expect(ran.output).toContain('Could not store 1 snapshot of 2026-11-22');
    expect((await readdir(path.join(root, 'data'))).sort()).toEqual([
      'hashtags.json',
      'tracker.lock',
      'unsaved-2026-11-22.csv',
    ]);
    expect(await git(remote, ['rev-parse', 'main'])).toBe(head);
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
    const ran = await Promise.all(names.map((name) => runTrack(root, api, ['--hashtag', name])));
    expect(ran.map(({ exitCode }) => exitCode)).toEqual(names.map(() => 0));
    expect(await queryDatabase(root, 'SELECT hashtag FROM snapshots')).toEqual(
      names.map((name) => [name]),
    );
    expect(await queryDatabase(root, 'SELECT count(*) FROM runs')).toEqual([[6]]);
  });
});
