import { mkdir, rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { addDays } from '../../lib/core/day.ts';
import { TIMES } from '../../lib/system/lock.ts';
import {
  InvariantError,
  type Promised,
  promiseNothing,
  readCommitted,
  readRemote,
} from './held.ts';
import { A_GOOD_RUN, type Attempt, type SimulatedDay, UNKNOWN_HASHTAG } from './history.ts';
import { checkEnds, checkRemote, promiseResolved } from './invariants.ts';
import { runAttempt, throwAwayRunner } from './machine.ts';
import { applyChange, followAdvice, pullAndResolve, tidyUp } from './people.ts';
import { createWorld, type World } from './world.ts';

/** A run takes a fraction of a second. A run that takes this long never ends. */
const HANG_MS = 60_000;

/** A lock's times are real ones. These are as far apart as the beats of a busy machine allow. */
const LOCK_TIMES = { beatMs: 20, staleMs: 400 };

/**
 * Runs through a history with the real program, real files and real git in its own folder. Checks
 * after every run and every day that nothing is lost, made up or changed. On the day after the last
 * one, the laptop runs undisturbed. That run must bring everything to the remote.
 * @param showDay called when a day is over
 * @throws InvariantError with the day on which a promise was broken
 */
export async function liveThrough(
  history: SimulatedDay[],
  folder: string,
  showDay: () => void,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const usualTimes = { ...TIMES };
  Object.assign(TIMES, LOCK_TIMES);
  const world = await createWorld(folder);
  const promised = promiseNothing();
  try {
    for (const day of history) {
      world.day = addDays(world.day, 1 + day.gap);
      for (const change of day.changes) await applyChange(world, change);
      for (const [nth, attempt] of day.attempts.entries()) {
        await liveThroughAttempt(world, attempt, nth, promised);
      }
      await checkRemote(world, promised);
      showDay();
    }
    world.day = addDays(world.day, 1);
    await tidyUp(world);
    let last = await liveThroughAttempt(world, A_GOOD_RUN, 0, promised);
    for (let nth = 1; last.isAdvised && nth < 4; nth++) {
      last = await liveThroughAttempt(world, A_GOOD_RUN, nth, promised);
    }
    const [ended] = last.ends;
    // A laptop that could not pull may have an old list that holds only the unknown hashtag.
    const isHopeless = ended?.active.every((hashtag) => hashtag === UNKNOWN_HASHTAG);
    if (ended?.exitCode !== 0 && !isHopeless) {
      throw new InvariantError(`a run without faults failed:\n${ended?.output}`);
    }
    await checkRemote(world, promised);
    await checkRemote(world, { ...promised, auditedCommit: null });
  } catch (cause) {
    if (!(cause instanceof InvariantError)) throw cause;
    throw new InvariantError(`On ${world.day}: ${cause.message}`, { cause });
  } finally {
    Object.assign(TIMES, usualTimes);
    await rm(folder, { recursive: true, force: true });
  }
}

async function liveThroughAttempt(world: World, attempt: Attempt, nth: number, promised: Promised) {
  if (attempt.pull !== null) {
    const [committed, pushed] = [await readCommitted(world.laptop), await readRemote(world.remote)];
    if (await pullAndResolve(world, attempt.pull)) {
      await promiseResolved(promised, world, { committed, pushed }, attempt.pull);
    }
  }
  const isOver = new AbortController();
  const hang = setTimeout(HANG_MS, null, { signal: isOver.signal }).then(
    () => {
      throw new InvariantError(`a run hung: ${JSON.stringify(attempt)}`);
    },
    () => [], // the run ended first
  );
  const ends = await Promise.race([runAttempt(world, attempt, nth), hang]);
  isOver.abort();
  await checkEnds(world, attempt, ends, promised);
  let isAdvised = false;
  for (const ended of ends) isAdvised = (await followAdvice(world, ended)) || isAdvised;
  for (const ended of ends) await throwAwayRunner(world, ended);
  return { ends, isAdvised };
}
