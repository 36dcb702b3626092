import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { firstDayToKeep } from '../../lib/archive/split.ts';
import { addDays, type Day, dayOf, daysBetween } from '../../lib/core/day.ts';
import { ARCHIVE_FOLDER, DATABASE_PATH } from '../../lib/core/paths.ts';
import { git } from '../../lib/system/git.ts';
import { createTracker, hashtagNames } from './history.ts';
import { figure, type Measurement, type ProcessRun, runScript } from './measure.ts';
import { chooseUsualDay, startInstantApi } from './whole-run.ts';

const RUNS = 5;
const COMMIT_TIMEOUT_MS = 600_000;

/** Runs one of the project's commands in a folder. */
type Run = (script: string, folder: string, args?: string[]) => Promise<ProcessRun>;

/**
 * Measures what archived months cost: moving them, and the runs after that. A run with ten years
 * behind it is compared with a run whose database has the kept months and nothing before them.
 */
export async function measureGrowing(
  project: string,
  log: (line: string) => void,
): Promise<Measurement[]> {
  const { api, env } = await startInstantApi();
  const run: Run = (script, folder, args = []) => runScript(project, script, folder, env, args);
  const day = chooseUsualDay(dayOf(Date.now(), 'UTC'));
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-growing-'));
  try {
    const measurements = [
      ...(await measureLongHistory(folder, day, run)),
      ...(await measureLongList(folder, day, run)),
    ];
    for (const { what, unit, tracker } of measurements)
      log(`${what}: ${tracker.toFixed(2)} ${unit}`);
    return measurements;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await api.close();
  }
}

async function measureLongHistory(folder: string, day: Day, run: Run): Promise<Measurement[]> {
  const names = hashtagNames(1000);
  const archived = path.join(folder, 'ten-years');
  const { move, before, kept } = await createArchived(archived, names, 3650, day, run);
  const plain = path.join(folder, 'kept-months');
  (await createTracker(plain, names, daysBetween(kept, day), kept)).close();
  await commitAll(plain);
  // By turns, because other programs that are busy should disturb both.
  const runs: { archived: ProcessRun; plain: ProcessRun }[] = [];
  for (let i = 0; i < RUNS; i++) {
    runs.push({
      archived: await runInClone(archived, day, run),
      plain: await runInClone(plain, day, run),
    });
  }
  const least = (side: 'archived' | 'plain', read: (run: ProcessRun) => number) =>
    Math.min(...runs.map((both) => read(both[side])));
  const sideBySide = (what: string, unit: string, read: (run: ProcessRun) => number) => ({
    ...figure(what, unit, least('archived', read)),
    other: least('plain', read),
    otherIs: 'a database of the kept months alone',
    goal: 1.1,
  });
  return [
    ...describeMove('1,000 hashtags, 10 years', before, move),
    figure('… the daily file after it', 'MB', await megabytesOf(archived, DATABASE_PATH)),
    sideBySide('… a run', 's', ({ seconds }) => seconds),
    sideBySide('… its peak memory', 'MB', peakOf),
  ];
}

async function measureLongList(folder: string, day: Day, run: Run): Promise<Measurement[]> {
  const root = path.join(folder, 'long-list');
  const { move, before } = await createArchived(root, hashtagNames(7000), 365, day, run);
  const names = await readdir(path.join(root, ARCHIVE_FOLDER));
  const sizes = await Promise.all(
    names.map((name) => megabytesOf(root, `${ARCHIVE_FOLDER}/${name}`)),
  );
  const daily = await runInClone(root, day, run);
  return [
    ...describeMove('7,000 hashtags, 1 year', before, move),
    figure('… the daily file after it', 'MB', await megabytesOf(root, DATABASE_PATH)),
    figure('… the largest archive', 'MB', Math.max(...sizes)),
    figure('… a run', 's', daily.seconds),
    figure('… its peak memory', 'MB', peakOf(daily)),
  ];
}

function describeMove(what: string, before: number, move: ProcessRun): Measurement[] {
  return [
    figure(`${what}: the database before the move`, 'MB', before),
    figure('… the move', 's', move.seconds),
    figure('… the peak memory of the move', 'MB', peakOf(move)),
  ];
}

/**
 * Writes a tracker whose newest day is the one before `day`, moves its months that are over, and
 * commits everything.
 * @returns the move, the size of the database before it (MB), and the first day that stayed in it
 */
async function createArchived(root: string, names: string[], days: number, day: Day, run: Run) {
  const db = await createTracker(root, names, days, addDays(day, -days));
  const kept = firstDayToKeep(db);
  db.close();
  if (kept === null) throw new Error('the history is empty');
  const before = await megabytesOf(root, DATABASE_PATH);
  await git(root, ['init', '--quiet']);
  const move = await run('archive', root);
  await commitAll(root);
  return { move, before, kept };
}

async function commitAll(root: string): Promise<void> {
  await git(root, ['init', '--quiet']);
  await git(root, ['add', '--all'], { timeoutMs: COMMIT_TIMEOUT_MS });
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org'];
  await git(root, [...identity, 'commit', '--quiet', '--message=Start'], {
    timeoutMs: COMMIT_TIMEOUT_MS,
  });
}

/** A day's run in a fresh clone, as on GitHub, because each run changes its database. */
async function runInClone(original: string, day: Day, run: Run): Promise<ProcessRun> {
  const root = `${original}-clone`;
  try {
    await git(original, ['clone', '--quiet', original, root], { timeoutMs: COMMIT_TIMEOUT_MS });
    return await run('track', root, ['--date', day]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function megabytesOf(root: string, file: string): Promise<number> {
  return (await stat(path.join(root, file))).size / 1e6;
}

function peakOf({ peakMegabytes }: ProcessRun): number {
  return peakMegabytes ?? Number.NaN;
}
