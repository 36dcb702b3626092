import { copyFile, cp, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addDays, type Day, dayOf } from '../../lib/core/day.ts';
import { DATABASE_PATH } from '../../lib/core/paths.ts';
import { monthOf, weekOf } from '../../lib/core/period.ts';
import { git } from '../../lib/system/git.ts';
import { DEMO_KEY, startStandIn } from '../stand-in.ts';
import { createTracker, hashtagNames, TUTORIAL_TABLE } from './history.ts';
import { fastest, type Measurement, type ProcessRun, runProgram, runScript } from './measure.ts';

const SCALES = [100, 1000].flatMap((hashtags) =>
  [0, 365, 1095].map((days) => ({ hashtags, days })),
);
const RUNS = 5;

/** Starts an API without latency. Resolves with it and with the environment of a run that asks it. */
export async function startInstantApi() {
  const api = await startStandIn({
    answer: () => ({ video_count: 1_000_003, view_count: 2_000_000_011 }),
    credits: Number.MAX_SAFE_INTEGER,
  });
  const env = { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url, NO_COLOR: '1' };
  return { api, env };
}

/**
 * Measures a day's run from process start to exit against an API without latency, and compares it
 * with the tutorial's script.
 */
export async function measureWholeRuns(
  project: string,
  log: (line: string) => void,
): Promise<Measurement[]> {
  const { api, env } = await startInstantApi();
  const day = chooseUsualDay(dayOf(Date.now(), 'UTC'));
  const measurements: Measurement[] = [];
  const secondsWithoutHistory = new Map<number, number>();
  try {
    for (const { hashtags, days } of SCALES) {
      const root = await mkdtemp(path.join(tmpdir(), 'bench-run-'));
      const db = await createTracker(root, hashtagNames(hashtags), days, addDays(day, -days));
      db.run(`CREATE TABLE old AS SELECT * FROM snapshots; DROP TABLE snapshots; ${TUTORIAL_TABLE};
        INSERT INTO snapshots SELECT * FROM old ORDER BY date, hashtag; DROP TABLE old; VACUUM`);
      const tutorialFile = db.export();
      db.close();
      const tracker = await fastest(RUNS, () => runTracker(project, root, day, env));
      const tutorial = await fastest(RUNS, () => runTutorial(project, root, tutorialFile, env));
      const scale = `${hashtags} hashtags, ${days / 365} years of history`;
      log(`whole run, ${scale}: ${tracker.seconds.toFixed(2)} s`);
      const isSmall = hashtags === 100 && days === 365;
      const isLarge = hashtags === 1000 && days === 1095;
      measurements.push({
        what: `A run, ${scale}`,
        unit: 's',
        tracker: tracker.seconds,
        other: tutorial.seconds,
        otherIs: 'the tutorial’s script',
        goal: isSmall ? 1.5 : isLarge ? 1 : null,
      });
      if (isSmall) {
        const floor = await fastest(RUNS, () => runScript(project, 'lab/bench/floor', root, env));
        measurements.push({
          what: 'The same',
          unit: 's',
          tracker: tracker.seconds,
          other: floor.seconds,
          otherIs: 'only Node with tsx and 100 requests',
          goal: null,
        });
      }
      if (days === 0) secondsWithoutHistory.set(hashtags, tracker.seconds);
      if (!isLarge) continue;
      const fileMegabytes =
        (await stat(path.join(root, DATABASE_PATH)).catch(() => null))?.size ?? 0;
      measurements.push(
        {
          what: `Its time beyond a run without history`,
          unit: 's',
          tracker: tracker.seconds - (secondsWithoutHistory.get(hashtags) ?? 0),
          other: 1.5,
          otherIs: 'what was promised',
          goal: 1,
        },
        {
          what: `Its peak memory`,
          unit: 'MB',
          tracker: tracker.peakMegabytes ?? Number.NaN,
          other: (6 * fileMegabytes) / 1e6 + 150,
          otherIs: '6 × the file + 150 MB',
          goal: 1,
        },
      );
      await rm(root, { recursive: true, force: true });
    }
  } finally {
    await api.close();
  }
  return measurements;
}

/** Today, or tomorrow if today begins a week or month. Such a day also writes a summary. */
export function chooseUsualDay(today: Day): Day {
  const isUsual = (day: Day) => weekOf(day).first !== day && monthOf(day).first !== day;
  return [today, addDays(today, 1)].find(isUsual) ?? today;
}

/** Runs the tracker in a copy, because each run changes its database. */
async function runTracker(
  project: string,
  original: string,
  day: Day,
  env: Record<string, string>,
): Promise<ProcessRun> {
  const root = await mkdtemp(path.join(tmpdir(), 'bench-copy-'));
  try {
    await cp(original, root, { recursive: true });
    await git(root, ['init', '--quiet']);
    return await runScript(project, 'track', root, env, ['--date', day]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function runTutorial(
  project: string,
  original: string,
  database: Uint8Array,
  env: Record<string, string>,
): Promise<ProcessRun> {
  const root = await mkdtemp(path.join(tmpdir(), 'bench-tutorial-'));
  try {
    await cp(path.join(original, 'data'), path.join(root, 'data'), { recursive: true });
    await writeFile(path.join(root, 'tutorial.db'), database);
    await copyFile(
      path.join(project, 'scripts/lab/bench/tutorial.py'),
      path.join(root, 'tutorial.py'),
    );
    return await runProgram('python3', ['tutorial.py'], root, env);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
