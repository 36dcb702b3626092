import { AsyncLocalStorage } from 'node:async_hooks';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { track } from '../../lib/commands/track.ts';
import { addDays, type Day } from '../../lib/core/day.ts';
import type { ExitCode } from '../../lib/core/errors.ts';
import { LOCK_PATH } from '../../lib/core/paths.ts';
import type { Clock } from '../../lib/system/clock.ts';
import type { Context } from '../../lib/system/command.ts';
import { git } from '../../lib/system/git.ts';
import { createTerminalLog } from '../../lib/system/log.ts';
import { runReporting } from '../../lib/system/run-command.ts';
import { activeNames, readWatchlist } from '../../lib/watchlist/watchlist.ts';
import { DEMO_KEY, hashtagAnswer, startStandIn, UNKNOWN_HASHTAG_ANSWER } from '../stand-in.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import { chooseFault, countsAt } from './api.ts';
import { DIED, type Step, standStill, type Verdict, withFaults, withSteps } from './faults.ts';
import { A_GOOD_RUN, type Attempt } from './history.ts';
import { spoil } from './spoil.ts';
import { NO_UPKEEP, type Reading, type World } from './world.ts';

/** The result of one start of the tracker. `exitCode` is null if it died. */
export type Ended = {
  root: string;
  day: Day;
  startedAt: string;
  exitCode: ExitCode | null;
  /** The hashtags that its list asked for when it started. */
  active: string[];
  output: string;
  isPublished: boolean;
  /** What the run did to a database that no run may build on; null if it had a good one. */
  spoiled: 'untouched' | 'changed' | null;
  /** At most this many answers may not have reached the run, because it was cancelled. */
  mayBeLost: number;
  /** The answers that this run got, and what they cost. */
  readings: Reading[];
  credits: number;
};

const HOUR_MS = 3_600_000;

/**
 * Starts the tracker where the attempt says, and waits until it ends.
 * @param nth counts the attempts of the day from 0
 */
export async function runAttempt(world: World, attempt: Attempt, nth: number): Promise<Ended[]> {
  world.count++;
  const { where, isLate, isFrozen, lock } = attempt;
  const startMs =
    Date.parse(world.day) +
    // Seconds apart: a run before midnight may end without a new day, and then another begins.
    (isLate ? 24 * HOUR_MS - 600_000 + nth * 1000 : (5 + nth * 5) * HOUR_MS);
  const random = createRandom(attempt.seed);
  const isOnLaptop = where === 'laptop' || where === 'laptop twice';
  const first = isOnLaptop ? world.laptop : await cloneRunner(world);
  const roots = where === 'runner' || where === 'laptop' ? [first] : [first, world.laptop];
  for (const root of roots) await leaveLock(root, lock);

  let others: Promise<Ended>[] = [];
  let nextDay: Promise<Ended[]> = Promise.resolve([]);
  const outside = AsyncLocalStorage.snapshot();
  const delay = async (clock: VirtualClock) => {
    if (isFrozen) await standStill(Promise.all(others));
    if (!isLate) return;
    nextDay = outside(() => runNextDay(world, startMs + 1_200_000, random));
    await nextDay;
    // After half an hour, a run is published in parts.
    clock.advance(attempt.seed % 2 === 0 ? 1_200_000 : 2_400_000);
  };
  const starts = roots.map((root, i) =>
    start(world, root, startMs + i * 60_000, attempt, random, i === 0 ? delay : null),
  );
  others = starts.slice(1);
  return [...(await Promise.all(starts)), ...(await nextDay)];
}

/** Lets the new day begin, with a run in a clone of its own. */
async function runNextDay(world: World, startMs: number, random: () => number): Promise<Ended[]> {
  world.day = addDays(world.day, 1);
  return [await start(world, await cloneRunner(world), startMs, A_GOOD_RUN, random, null)];
}

/** Clones the remote, as GitHub does for each run. */
async function cloneRunner(world: World): Promise<string> {
  const runner = path.join(world.folder, `runner-${world.count++}`);
  const args = ['clone', '--quiet', '--shared', '--template=', '-c', NO_UPKEEP];
  await git(world.folder, [...args, world.remote, runner]);
  return runner;
}

/** Deletes the clone of a runner, as GitHub deletes the machine. Keeps the laptop. */
export async function throwAwayRunner(world: World, { root }: Ended): Promise<void> {
  if (root !== world.laptop) await rm(root, { recursive: true, force: true });
}

/** Puts a lock into a checkout, as if its holder was in a container that is gone. */
async function leaveLock(root: string, lock: Attempt['lock']): Promise<void> {
  if (lock === null) return;
  const content = lock === 'left' ? 'of-another-container 7' : String(process.pid);
  await writeFile(path.join(root, LOCK_PATH), content);
}

/** Random numbers from 0 to 1. The same seed gives the same numbers. */
function createRandom(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => uniformFloat64(generator);
}

/** What a command gets, apart from the API. */
export function contextOf(root: string, clock: Clock, lines: string[]): Context {
  return {
    root,
    env: {},
    clock,
    random: Math.random,
    fetch: globalThis.fetch,
    log: createTerminalLog((line) => lines.push(line)),
    terminal: null,
    stdout: process.stdout,
    catchInterruption: () => new AbortController().signal,
  };
}

/** @param delay keeps the run from going on after its first request */
async function start(
  world: World,
  root: string,
  startMs: number,
  attempt: Attempt,
  random: () => number,
  delay: ((clock: VirtualClock) => Promise<void>) | null,
): Promise<Ended> {
  const startedAt = new Date(startMs).toISOString();
  const day = startedAt.slice(0, 10) as Day;
  const clock = createVirtualClock(startMs);
  const cancel = new AbortController();
  const readings: Reading[] = [];
  let [requests, credits] = [0, 0];
  const api = await startStandIn({
    credits: world.credits,
    now: clock.now,
    ...(world.limit ? { limit: world.limit } : {}),
    fault: () => {
      if (++requests === attempt.cancelAt) cancel.abort('interrupted (SIGTERM)');
      return chooseFault(attempt.api, random);
    },
    answer(hashtag) {
      world.credits--;
      credits++;
      if (attempt.api === 'answers for others') return hashtagAnswer('another', 5, 5000);
      if (attempt.api === 'answers nothing') return {};
      if (world.lost.has(hashtag)) return UNKNOWN_HASHTAG_ANSWER;
      const reading = { day, hashtag, ...countsAt(hashtag, clock.now(), random()) };
      if (!cancel.signal.aborted) readings.push(reading); // a cancelled run hears no more
      world.readings.push(reading);
      return hashtagAnswer(hashtag, reading.videoCount, reading.viewCount);
    },
  });
  let isDelayed = delay !== null;
  const ask = withSteps(globalThis.fetch);
  const fetch: typeof globalThis.fetch = async (...request) => {
    const answer = await ask(...request);
    if (!isDelayed) return answer;
    isDelayed = false;
    await delay?.(clock);
    return answer;
  };
  const isRunner = root !== world.laptop;
  const env = {
    SCAVIO_API_KEY: DEMO_KEY,
    SCAVIO_BASE_URL: api.url,
    ...(isRunner
      ? {
          GITHUB_EVENT_NAME: 'schedule',
          GITHUB_SERVER_URL: 'https://github.com',
          GITHUB_REPOSITORY: 'o/r',
          GITHUB_RUN_ID: String(world.count),
        }
      : {}),
  };
  const mayBeSpoiled = !isRunner && attempt.where !== 'laptop twice';
  const spoiled = mayBeSpoiled && attempt.spoiled ? await spoil(root, attempt.spoiled) : null;
  const watchlist = await readWatchlist(root).catch(() => null);
  const active = watchlist === null ? [] : activeNames(watchlist);
  const lines: string[] = [];
  const context = contextOf(root, clock, lines);
  const ended = await withFaults(judgeBy(attempt), () =>
    runReporting(track, ['--publish', ...attempt.flags], {
      ...context,
      env,
      random,
      fetch,
      catchInterruption: () => cancel.signal,
    }),
  );
  await api.close();
  const isUntouched = await spoiled?.isUntouched();
  await spoiled?.mend();
  const output = lines.join('\n');
  return {
    root,
    day,
    startedAt,
    exitCode: ended === DIED ? null : ended,
    active,
    output,
    isPublished: ended !== DIED && saysPublished(output),
    spoiled: isUntouched === undefined ? null : isUntouched ? 'untouched' : 'changed',
    mayBeLost: cancel.signal.aborted ? (watchlist?.settings.concurrency ?? 1) - 1 : 0,
    readings,
    credits,
  };
}

/** Whether the end of a run was published, not only a part of it: after its report, if it has one. */
function saysPublished(output: string): boolean {
  const end = output.slice(Math.max(0, output.lastIndexOf('TikTok Hashtag Report')));
  const isStored = !/^error: Could not store/m.test(output);
  return isStored && /^(Published to|Nothing new to publish)/m.test(end);
}

/** The steps that write reports, and what is made with them. */
const WRITES_REPORT = /^(open|rename) \S*\/(reports\/|data\/latest)\S*$/;

function judgeBy({ disk, remote, death }: Attempt): (step: Step) => Verdict {
  let [failures, reportSteps] = [0, 0];
  let remoteSteps = 0;
  return ({ number, kind, what }) => {
    if (death?.at === number) return { end: 'die', when: death.when };
    if (disk !== null && kind === 'disk' && (disk.of === 'all' || WRITES_REPORT.test(what))) {
      const nth = disk.of === 'all' ? number : reportSteps++;
      if (nth >= disk.from && (failures++ === 0 || disk.lasts)) {
        const { when, code } = disk;
        return { end: 'fail', when, code, says: 'the disk failed' };
      }
    }
    if (remote !== null && kind === 'git' && /^git (push|fetch) /.test(what)) {
      const nth = remoteSteps++;
      if (remote.lasts ? nth >= remote.from : nth === remote.from) {
        return { end: 'fail', when: remote.when, code: '', says: remote.says };
      }
    }
    return null;
  };
}
