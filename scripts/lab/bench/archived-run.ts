import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { takeOutMonths, writeMove } from '../../lib/archive/move.ts';
import { REMEMBERED } from '../../lib/archive/rows.ts';
import { addDays, dayOf } from '../../lib/core/day.ts';
import { ARCHIVE_FOLDER } from '../../lib/core/paths.ts';
import { openDatabase, saveDatabase } from '../../lib/store/open.ts';
import { DEMO_KEY, startStandIn } from '../stand-in.ts';
import { createTracker, hashtagNames } from './history.ts';
import { fastest, type Measurement } from './measure.ts';
import { chooseUsualDay, runTracker } from './whole-run.ts';

const HASHTAGS = 1000;
const YEARS = 10;
const RUNS = 5;
/** An archive should cost a run nothing. */
const GOAL = 1.1;

/**
 * Measures a day's run with ten years behind it, most of them in archives, and compares it with the
 * same daily file without any archive.
 */
export async function measureArchivedRuns(
  project: string,
  log: (line: string) => void,
): Promise<Measurement[]> {
  const api = await startStandIn({
    answer: () => ({ video_count: 1_000_003, view_count: 2_000_000_011 }),
    credits: Number.MAX_SAFE_INTEGER,
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-archive-'));
  const [archived, plain] = [path.join(folder, 'archived'), path.join(folder, 'plain')];
  const day = chooseUsualDay(dayOf(Date.now(), 'UTC'));
  const env = { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url, NO_COLOR: '1' };
  try {
    const days = YEARS * 365;
    const db = await createTracker(archived, hashtagNames(HASHTAGS), days, addDays(day, -days));
    const move = await takeOutMonths(db, archived);
    if (move !== null) await writeMove(db, archived, move);
    db.close();
    await cp(archived, plain, { recursive: true });
    await forget(plain);
    const run = await fastest(RUNS, () => runTracker(project, archived, day, env));
    const without = await fastest(RUNS, () => runTracker(project, plain, day, env));
    const what = `A run, ${HASHTAGS} hashtags, ${YEARS} years of history, archived`;
    log(`${what}: ${run.seconds.toFixed(2)} s`);
    const otherIs = 'the same daily file without archives';
    const megabytes = [run, without].map(({ peakMegabytes }) => peakMegabytes ?? Number.NaN);
    const [tracker = Number.NaN, other = Number.NaN] = megabytes;
    return [
      { what, unit: 's', tracker: run.seconds, other: without.seconds, otherIs, goal: GOAL },
      { what: 'Its peak memory', unit: 'MB', tracker, other, otherIs, goal: GOAL },
    ];
  } finally {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Leaves only the daily file, as if the tracker had begun with its first day. */
async function forget(root: string): Promise<void> {
  await rm(path.join(root, ARCHIVE_FOLDER), { recursive: true });
  using db = await openDatabase(root);
  for (const table of REMEMBERED) db.run(`DELETE FROM ${table}`);
  await saveDatabase(db, root);
}
