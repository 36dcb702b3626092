import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashtagAnswer, type StandIn } from '../../scripts/lab/stand-in.ts';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import { report } from '../../scripts/lib/commands/report.ts';
import { git } from '../../scripts/lib/system/git.ts';
import {
  cloneRepository,
  createOnce,
  createRepository,
  type Repository,
  showFile,
} from '../helpers/repository.ts';
import { queryDatabase, runInProcess, runScript, runTrack, startApi } from '../helpers/tracker.ts';

// The old day is the last of a week, so that its summary is written when the new day begins.
const [BEFORE, OLD, NEW] = ['2026-11-28', '2026-11-29', '2026-11-30'];
const COUNTS = 'SELECT date, hashtag, video_count FROM snapshots ORDER BY date, hashtag';
const BOTH_DAYS = [
  [BEFORE, 'aitools', 1000],
  [BEFORE, 'llm', 1000],
  [OLD, 'aitools', 1100],
  [OLD, 'llm', 1100],
  [NEW, 'aitools', 1300],
  [NEW, 'llm', 1300],
];

const apiWith = (videos: number) =>
  startApi({ answer: (name) => hashtagAnswer(name, videos, 50_000) });

/** Creates a repository with a published day. */
function createDayBefore(): Promise<Repository> {
  return createOnce('the day before', async () => {
    const repository = await createRepository(['aitools', 'llm']);
    await runTrack(repository.root, await apiWith(1000), ['--publish'], { day: BEFORE });
    return repository;
  });
}

/** Runs the old day from ten minutes before midnight. The first request takes as long as `during`. */
async function runOldDay(
  root: string,
  api: StandIn,
  args: string[],
  during: () => Promise<unknown>,
) {
  const clock = createVirtualClock(Date.parse(`${OLD}T23:50:00Z`));
  let isFirst = true;
  const fetch: typeof globalThis.fetch = async (...request) => {
    const answer = await globalThis.fetch(...request);
    if (isFirst) {
      isFirst = false;
      await during();
      await clock.sleep(20 * 60_000);
    }
    return answer;
  };
  return runTrack(root, api, args, { clock, fetch });
}

/** Checks everything that the remote shows of both days. */
async function expectBothDays(repository: Repository): Promise<void> {
  const { remote } = repository;
  const clone = await cloneRepository(repository);
  expect(await queryDatabase(clone, COUNTS)).toEqual(BOTH_DAYS);
  const read = (file: string) => showFile(remote, 'main', file);
  expect(await read(`reports/${OLD}.md`)).toContain('✅ 2 of 2 hashtags · ');
  expect(await read(`reports/${NEW}.md`)).toContain('+200');
  expect(await read('reports/weekly/2026-W48.md')).toContain('✅ 2 of 2 days · ');
  expect(await read('data/latest.csv')).toContain(NEW);
  expect(await read('reports/README.md')).toContain(`(${OLD}.md)`);
  // Nothing is left that another rendering would change.
  for (const flags of [
    ['--date', OLD],
    ['--date', NEW],
    ['--week', '2026-W48'],
  ]) {
    expect(await runInProcess(report, clone, flags, {})).toMatchObject({ exitCode: 0 });
  }
  expect(await git(clone, ['status', '--porcelain'])).toBe('');
  expect(await runScript('audit', [], clone)).toMatchObject({ exitCode: 0 });
}

describe('a run that ends after a run of the next day', () => {
  it('stores what it paid for under its own day if the other was published elsewhere', async () => {
    const repository = await createDayBefore();
    const { root } = repository;
    const other = await cloneRepository(repository);
    const next = await apiWith(1300);
    const api = await apiWith(1100);
    const ran = await runOldDay(root, api, ['--publish'], () =>
      runTrack(other, next, ['--publish'], { day: NEW }),
    );
    expect(ran).toMatchObject({ exitCode: 0, output: expect.stringContaining('Published') });
    expect(api.requests.toSorted()).toEqual(['aitools', 'llm']);
    await expectBothDays(repository);
    expect(await git(repository.remote, ['log', '-1', '--format=%s', 'main'])).toContain(OLD);
    expect(await git(root, ['status', '--porcelain'])).toBe('');
  });

  it('stores it if the other came into this checkout', async () => {
    const repository = await createDayBefore();
    const { root } = repository;
    const other = await cloneRepository(repository);
    const next = await apiWith(1300);
    const ran = await runOldDay(root, await apiWith(1100), ['--publish'], async () => {
      await runTrack(other, next, ['--publish'], { day: NEW });
      await git(root, ['pull', '--quiet']);
    });
    expect(ran).toMatchObject({ exitCode: 0, output: expect.stringContaining('Published') });
    await expectBothDays(repository);
  });

  it('leaves it to the next run to publish both reports if it does not publish itself', async () => {
    const repository = await createDayBefore();
    const { root } = repository;
    const other = await cloneRepository(repository);
    const next = await apiWith(1300);
    const ran = await runOldDay(root, await apiWith(1100), [], async () => {
      await runTrack(other, next, ['--publish'], { day: NEW });
      await git(root, ['pull', '--quiet']);
    });
    expect(ran.exitCode).toBe(0);
    const file = path.join(root, 'reports', `${NEW}.md`);
    expect(await readFile(file, 'utf8')).toContain('+200');
    const failing = await startApi({ fault: () => ({ status: 400, body: {} }) });
    await runTrack(root, failing, ['--publish'], { day: '2026-12-01' });
    await expectBothDays(repository);
  });

  it('adds only what the day lacks if others published a part of it', async () => {
    const repository = await createDayBefore();
    const { root, remote } = repository;
    const other = await cloneRepository(repository);
    const first = await apiWith(1100);
    const next = await apiWith(1300);
    const ran = await runOldDay(root, await apiWith(1111), ['--publish'], async () => {
      await runTrack(other, first, ['--publish', '--hashtag', 'llm'], { day: OLD });
      await runTrack(other, next, ['--publish'], { day: NEW });
    });
    expect(ran.exitCode).toBe(0);
    const clone = await cloneRepository(repository);
    expect(await queryDatabase(clone, COUNTS)).toContainEqual([OLD, 'aitools', 1111]);
    expect(await queryDatabase(clone, COUNTS)).toContainEqual([OLD, 'llm', 1100]);
    const corrections = await queryDatabase(clone, 'SELECT hashtag, video_count FROM corrections');
    expect(corrections).toEqual([['llm', 1111]]);
    expect(await showFile(remote, 'main', `reports/${NEW}.md`)).toContain('+189');
    expect((await runScript('audit', [], clone)).exitCode).toBe(0);
  });

  it('does so while it goes on, part by part', async () => {
    const repository = await createDayBefore();
    const { root } = repository;
    const other = await cloneRepository(repository);
    const [api, next] = [await apiWith(1100), await apiWith(1300)];
    const clock = createVirtualClock(Date.parse(`${OLD}T23:00:00Z`));
    let asked = 0;
    const fetch: typeof globalThis.fetch = async (...request) => {
      const answer = await globalThis.fetch(...request);
      await clock.sleep(asked++ === 0 ? 31 * 60_000 : 62 * 60_000);
      if (asked === 2) await runTrack(other, next, ['--publish'], { day: NEW });
      return answer;
    };
    const ran = await runTrack(root, api, ['--publish'], { clock, fetch });
    expect(ran.exitCode).toBe(0);
    await expectBothDays(repository);
  });
});

describe('a run for a past day', () => {
  it('is refused if it begins after the next day was stored, and nothing is asked', async () => {
    const { root } = await createDayBefore();
    await runTrack(root, await apiWith(1300), [], { day: NEW });
    const api = await apiWith(1100);
    const ran = await runTrack(root, api, ['--date', OLD], { day: NEW });
    expect(ran).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining(`${OLD} is before ${NEW}, the newest day in the database`),
    });
    expect(api.requests).toEqual([]);
  });
});
