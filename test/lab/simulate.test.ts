import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError, promiseNothing } from '../../scripts/lab/simulation/held.ts';
import {
  A_GOOD_RUN,
  type Attempt,
  anyHistory,
  type Change,
  type SimulatedDay,
} from '../../scripts/lab/simulation/history.ts';
import { checkEnds, checkRemote } from '../../scripts/lab/simulation/invariants.ts';
import { runAttempt } from '../../scripts/lab/simulation/machine.ts';
import { applyChange } from '../../scripts/lab/simulation/people.ts';
import { liveThrough } from '../../scripts/lab/simulation/simulate.ts';
import { createWorld } from '../../scripts/lab/simulation/world.ts';
import { DATABASE_PATH } from '../../scripts/lib/core/paths.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createFolder } from '../helpers/folder.ts';
import { spawnScript } from '../helpers/process.ts';

const simulatedDay = (attempts: Partial<Attempt>[], changes: Change[] = []): SimulatedDay => ({
  gap: 0,
  changes,
  attempts: attempts.map((attempt, seed) => ({ ...A_GOOD_RUN, seed, ...attempt })),
});

const OFFLINE: Attempt['remote'] = {
  from: 0,
  says: 'error: RPC failed; HTTP 502',
  when: 'before',
  lasts: true,
};

/** Each kind of fault once, where the tracker has something to lose. */
const EACH_FAULT: SimulatedDay[] = [
  // Another count of the same day, here and in a race.
  simulatedDay(
    [{ where: 'runner' }, { where: 'runner', flags: ['--refresh'] }],
    [{ kind: 'pull here' }],
  ),
  simulatedDay([{ remote: OFFLINE }, { where: 'runner' }, { flags: ['--refresh'] }]),
  // A count that was replaced before it was merged.
  simulatedDay(
    [{ remote: OFFLINE }, { remote: OFFLINE, flags: ['--refresh'] }, {}],
    [{ kind: 'push' }],
  ),
  // A database that no run may build on.
  simulatedDay(
    (['flip', 'older', 'cut', 'journal'] as const).map((spoiled) => ({ spoiled })),
    [{ kind: 'pull here' }],
  ),
  // A torn write, a full disk from the first write of the database on, and the end of the run.
  simulatedDay([
    { disk: { of: 'all', from: 20, code: 'ENOSPC', when: 'half', lasts: true } },
    { death: { at: 24, when: 'half' } },
    {},
  ]),
  simulatedDay([{ cancelAt: 2 }, { api: 'echoes the key', where: 'runner' }, {}]),
  simulatedDay([{ api: 'forgets' }, { api: 'flaky' }, { api: 'storm', where: 'both' }]),
  // A merge that drops what a runner has pushed, and one that brings reports without rows.
  simulatedDay([
    { remote: OFFLINE },
    { where: 'runner' },
    { pull: { how: 'merge', keep: 'ours' }, remote: OFFLINE, flags: ['--refresh'] },
  ]),
  simulatedDay([{ where: 'runner' }, { pull: { how: 'merge', keep: 'theirs' } }, {}]),
  simulatedDay([{ remote: OFFLINE }]),
  simulatedDay([{ where: 'runner' }]),
  simulatedDay([{ pull: { how: 'rebase', keep: 'ours' }, where: 'runner' }, {}]),
  // Two containers in one checkout, of which one stands still, and a lock of a third one.
  simulatedDay([{ where: 'laptop twice', isFrozen: true, lock: 'left' }]),
  // A run that ends on the next day; reports that only a later run can write, and that others delete.
  simulatedDay([{ isLate: true, where: 'runner' }]),
  simulatedDay([{ disk: { of: 'reports', from: 0, code: 'EIO', when: 'before', lasts: true } }]),
  simulatedDay(
    [{ where: 'runner' }, {}],
    [{ kind: 'report', act: 'delete', which: 'oldest', isCommitted: true }, { kind: 'lock' }],
  ),
  // Reports that the laptop's owner alone has changed.
  simulatedDay(
    [{}],
    [
      { kind: 'pull here' },
      { kind: 'report', act: 'delete', which: 'oldest', isCommitted: false },
      { kind: 'report', act: 'edit', which: 'newest', isCommitted: false },
    ],
  ),
];

describe('histories full of faults', () => {
  // `npm run simulate` can run any number of histories. These are the same on every machine.
  it('keep every promise while each fault happens', async () => {
    await liveThrough(EACH_FAULT, path.join(await createFolder(), 'world'), () => {});
  }, 300_000);

  it.each([1])(
    'keep every promise with seed %i',
    async (seed) => {
      const folder = path.join(await createFolder(), 'world');
      const [history = []] = fc.sample(anyHistory(5), { seed, numRuns: 1 });
      await liveThrough(history, folder, () => {});
    },
    300_000,
  );
});

describe('the checks of the simulation', () => {
  /** Creates a world with two days, forges the remote’s database, and returns what is found. */
  async function forge(sql: string): Promise<unknown> {
    const world = await createWorld(await createFolder());
    const promised = promiseNothing();
    for (const day of ['2026-01-01', '2026-01-02']) {
      Object.assign(world, { day });
      const [ended] = await runAttempt(world, A_GOOD_RUN, 0);
      for (const reading of ended?.readings ?? []) {
        promised.readings.set(JSON.stringify(reading), reading);
      }
      await checkRemote(world, promised);
    }
    await applyChange(world, { kind: 'push' }); // the others' checkout has the newest commit now
    const db = await openDatabase(world.others);
    db.run(sql);
    await saveDatabase(db, world.others);
    await git(world.others, ['commit', '--quiet', '-m', 'Forge', '--', DATABASE_PATH]);
    await git(world.others, ['push', '--quiet', 'origin', 'HEAD:main']);
    return checkRemote(world, promised).catch((error) => error);
  }

  it.each([
    ['a missing snapshot', "DELETE FROM snapshots WHERE hashtag = 'ai'", /is lost/],
    [
      'a count that the API never answered',
      'UPDATE snapshots SET video_count = 1',
      /is lost|never answered/,
    ],
    [
      'a made-up snapshot',
      "INSERT INTO snapshots VALUES ('2026-01-01', 'cat', 1, 1)",
      /the API never answered 2026-01-01 cat/,
    ],
  ])('find %s', async (_, sql, message) => {
    const found = await forge(sql);
    expect(found).toBeInstanceOf(InvariantError);
    expect(String(found)).toMatch(message);
  });
});

describe('the check of a run that says that all is well', () => {
  it('finds a hashtag with a count that was not found, until the fourth day', async () => {
    const world = await createWorld(await createFolder());
    const promised = promiseNothing();
    const found: (string | null)[] = [];
    for (const day of ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-05']) {
      Object.assign(world, { day });
      const ends = await runAttempt(world, A_GOOD_RUN, 0);
      const claimed = ends.map((ended) => ({ ...ended, exitCode: 0 as const }));
      const check = checkEnds(world, A_GOOD_RUN, claimed, promised);
      found.push(await check.then(() => null, String));
      await applyChange(world, { kind: 'tiktok', hashtag: 'book', isLost: true });
    }
    const missing = expect.stringMatching(/exited with 0, but \S+ book is missing/);
    expect(found).toEqual([null, missing, missing, missing, null]);
  });
});

describe('the check of a snapshot’s time', () => {
  it('finds a snapshot that is said to be of a run that did not bring it', async () => {
    const world = await createWorld(await createFolder());
    const promised = promiseNothing();
    const ends = await runAttempt(world, A_GOOD_RUN, 0);
    await checkEnds(world, A_GOOD_RUN, ends, promised);
    const others = ends.map((ended) => ({
      ...ended,
      readings: ended.readings.filter(({ hashtag }) => hashtag !== 'book'),
    }));
    await expect(checkEnds(world, A_GOOD_RUN, others, promised)).rejects.toThrow(
      /the run of \S+ did not bring \S+ book/,
    );
  });
});

describe('npm run simulate', () => {
  it('runs the requested number of days and reports the seed', async () => {
    const ran = await spawnScript('simulate', ['--seed', '7', '--days', '2'], await createFolder());
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^\d+ days in \d+ histor\w+ with seed 7: every promise was kept\n$/);
  });

  it('rejects a seed that is not a number', async () => {
    const ran = await spawnScript('simulate', ['--seed', 'x'], await createFolder());
    expect(ran).toMatchObject({ exitCode: 2, stdout: 'error: --seed x is not a whole number\n' });
  });
});
