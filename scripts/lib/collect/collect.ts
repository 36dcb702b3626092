import type { Counts } from '../core/count.ts';
import { backoffMs, type Clock } from '../system/clock.ts';
import type { Outcome, Result } from './answer.ts';
import type { Pacer } from './pace.ts';
import type { AskScavio } from './scavio.ts';
import { askUntilDone, FIRST_WAIT_MS, MAX_WAIT_MS } from './tries.ts';

/** What a collection has cost. Null if the API does not say. */
export type Credits = { creditsUsed: number | null; creditsRemaining: number | null };

/** A finished collection: one result per hashtag, in the order asked, and what it cost. */
export type Collection<Found = Counts> = Credits & {
  results: Map<string, Result<Found>>;
  /** Why the collection ended before everything was asked; null if it did not. */
  stopReason: string | null;
};

/** Reported after each hashtag; `done` counts from 1. `remainingMs` is an estimate. */
export type Progress<Found = Counts> = {
  done: number;
  total: number;
  hashtag: string;
  result: Result<Found>;
  remainingMs: number;
  /** Of the collection so far. */
  credits: Credits;
};

type CollectOptions<Found> = {
  ask: AskScavio<Found>;
  clock: Clock;
  random: () => number;
  concurrency: number;
  /** All collections of a run share it. */
  pacer: Pacer;
  /**
   * Ends the collection early, with the results so far and those that come within two seconds. Its
   * reason becomes the stop reason.
   */
  signal: AbortSignal;
  /** No request starts after this instant (Unix milliseconds); null if there is no limit. */
  deadlineMs: number | null;
  onProgress: (progress: Progress<Found>) => void;
  /** Called when a limit makes all requests wait for `waitMs`. */
  onWait: (waitMs: number, reason: string) => void;
};

/** Shorter waits are not worth a line. */
const MIN_ANNOUNCED_MS = 1000;
/** Twice what an answer usually takes, and a small part of what GitHub leaves to a cancelled run. */
const LAST_ANSWERS_MS = 2000;
/** Give up after this long without a useful answer. */
const MAX_STALL_MS = 30 * 60_000;
export const OUT_OF_TIME = 'the minutes that --minutes allows are over';

/**
 * Asks for every hashtag, never faster than the limits allow. One failing hashtag does not stop the
 * others. A limit (429) makes all requests wait and does not count as a try. A refused key, spent
 * credits, half an hour without a useful answer or the deadline end the collection, with the results
 * so far.
 */
export async function collect<Found>(
  hashtags: string[],
  options: CollectOptions<Found>,
): Promise<Collection<Found>> {
  const { ask, clock, random, concurrency, pacer, onProgress } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const collection: Collection<Found> = {
    results: new Map(),
    creditsUsed: null,
    creditsRemaining: null,
    stopReason: null,
  };
  const endEarly = (reason: string) => {
    collection.stopReason ??= reason;
    stop.abort();
  };
  const { deadlineMs } = options;
  const isOver = (atMs = clock.now()) => deadlineMs !== null && atMs >= deadlineMs;
  const patience = createPatience(options, isOver, endEarly);
  const onWait = (untilMs: number) => patience.waitUntil(untilMs, 'the request limit is reached');
  const cutOff = new AbortController();
  const allDone = new AbortController();
  const cutOffLater = () => {
    const cut = () => cutOff.abort(options.signal.reason);
    clock.sleep(LAST_ANSWERS_MS, allDone.signal).then(cut, () => {});
  };
  let limitsInARow = 0;
  const pauseEveryone = (retryAfterMs: number | null, reason: string) => {
    const ownWaitMs = backoffMs(limitsInARow++, FIRST_WAIT_MS, MAX_WAIT_MS, random());
    const untilMs = clock.now() + (retryAfterMs || ownWaitMs);
    pacer.pauseUntil(untilMs);
    patience.waitUntil(untilMs, reason);
  };
  const askOnce = async (hashtag: string) => {
    // A request in flight when the collection ends may already be paid for, so it may finish.
    const reply = await ask(hashtag, cutOff.signal);
    pacer.endTurn(reply.rateLimit);
    if (reply.creditsUsed !== null) {
      collection.creditsUsed = (collection.creditsUsed ?? 0) + reply.creditsUsed;
    }
    collection.creditsRemaining = reply.creditsRemaining ?? collection.creditsRemaining;
    if (reply.outcome.kind !== 'rate-limited') limitsInARow = 0;
    patience.heard(reply.outcome);
    return reply.outcome;
  };

  const startedMs = clock.now();
  const results = new Map<string, Result<Found>>();
  const queue = hashtags.values();
  const watchTime = () => {
    if (isOver()) endEarly(OUT_OF_TIME);
  };
  const rules = { clock, random, pacer, onWait, signal, endEarly, watchTime, pauseEveryone };
  const work = async () => {
    for (const hashtag of queue) {
      const result = await askUntilDone(hashtag, askOnce, rules);
      if (result === null) return;
      results.set(hashtag, result);
      const [done, total] = [results.size, hashtags.length];
      const remainingMs = ((clock.now() - startedMs) / done) * (total - done);
      const { creditsUsed, creditsRemaining } = collection;
      const credits = { creditsUsed, creditsRemaining };
      onProgress({ done, total, hashtag, result, remainingMs, credits });
    }
  };
  options.signal.addEventListener('abort', cutOffLater);
  try {
    await Promise.all(Array.from({ length: concurrency }, work));
  } finally {
    options.signal.removeEventListener('abort', cutOffLater);
    allDone.abort();
  }
  if (options.signal.aborted) collection.stopReason ??= String(options.signal.reason);
  const reason = collection.stopReason ?? 'the run ended early';
  for (const hashtag of hashtags) {
    collection.results.set(hashtag, results.get(hashtag) ?? { kind: 'not-asked', reason });
  }
  return collection;
}

/**
 * Ends the collection if no useful answer comes for long, or if the API asks to wait that long, or
 * beyond the deadline.
 */
function createPatience(
  { clock, onWait }: Pick<CollectOptions<unknown>, 'clock' | 'onWait'>,
  isOver: (atMs: number) => boolean,
  endEarly: (reason: string) => void,
) {
  let lastUsefulMs = clock.now();
  let announcedUntilMs = 0;
  return {
    heard(outcome: Outcome<unknown>) {
      if (outcome.kind !== 'fault' && outcome.kind !== 'rate-limited') lastUsefulMs = clock.now();
      else if (clock.now() - lastUsefulMs > MAX_STALL_MS) {
        endEarly(`no useful answer from the API for half an hour (${outcome.reason})`);
      }
    },
    /** Announces a wait of all requests, once. */
    waitUntil(untilMs: number, reason: string) {
      const waitMs = untilMs - clock.now();
      if (untilMs - lastUsefulMs > MAX_STALL_MS) {
        endEarly(`the API asks to wait ${Math.round(waitMs / 1000)} s (${reason})`);
      } else if (isOver(untilMs)) {
        endEarly(OUT_OF_TIME);
      } else if (waitMs >= MIN_ANNOUNCED_MS && untilMs > announcedUntilMs) {
        announcedUntilMs = untilMs;
        onWait(waitMs, reason);
      }
    },
  };
}
