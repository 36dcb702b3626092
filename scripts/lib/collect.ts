import type { Clock } from './clock.ts';
import { createPacer } from './pace.ts';
import type { AskScavio, Counts, Outcome } from './scavio.ts';

/** What the collection of one hashtag came to. */
export type Result =
  | ({ kind: 'captured' } & Counts)
  | { kind: 'not-found' | 'failed' | 'not-asked'; reason: string };

/** A finished collection: a result a hashtag, in the order asked, and what it cost. */
export type Collection = {
  results: Map<string, Result>;
  /** Null where the API does not say. */
  creditsUsed: number | null;
  creditsRemaining: number | null;
  /** Why the collection ended before all was asked; null where it did not. */
  stopReason: string | null;
};

/** Told after each hashtag; `done` counts from 1. `remainingMs` is an estimate. */
export type Progress = {
  done: number;
  total: number;
  hashtag: string;
  result: Result;
  remainingMs: number;
};

type CollectOptions = {
  ask: AskScavio;
  clock: Clock;
  random: () => number;
  concurrency: number;
  requestsPerMinute: number | null;
  /** Ends the collection early; what came is kept. Its reason is told. */
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  /** Told when a limit makes everyone wait for so long (milliseconds). */
  onWait: (waitMs: number, reason: string) => void;
};

const MAX_TRIES = 4;
const FIRST_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 60_000;
/** Shorter waits are no news. */
const MIN_TOLD_WAIT_MS = 1000;
/** So long without any answer of use, and the rest of the list is left for a later run. */
const MAX_STALL_MS = 30 * 60_000;

/**
 * Asks for every hashtag, never faster than the limits allow. One failing hashtag does not stop the
 * others; a limit (429) makes all wait and costs no hashtag a try; a refused key, spent credits or
 * half an hour without any useful answer end the collection with what came.
 */
export async function collect(hashtags: string[], options: CollectOptions): Promise<Collection> {
  const { ask, clock, random } = options;
  const pacer = createPacer(clock, options.requestsPerMinute, (untilMs) =>
    announceWait(untilMs, 'the limit of requests is reached'),
  );
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const results = new Map<string, Result>();
  const startedMs = clock.now();
  let lastUsefulMs = startedMs;
  let limitsInARow = 0;
  let announcedUntilMs = 0;
  let creditsUsed: number | null = null;
  let creditsRemaining: number | null = null;
  let stopReason: string | null = null;

  const endEarly = (reason: string) => {
    stopReason ??= reason;
    stop.abort();
  };

  const queue = hashtags.values();
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  if (options.signal.aborted) stopReason ??= String(options.signal.reason);
  const inOrder = hashtags.map((hashtag): [string, Result] => [
    hashtag,
    results.get(hashtag) ?? { kind: 'not-asked', reason: stopReason ?? 'the run ended early' },
  ]);
  return {
    results: new Map(inOrder),
    creditsUsed,
    creditsRemaining,
    stopReason,
  };

  async function worker(): Promise<void> {
    for (const hashtag of queue) {
      if (signal.aborted) return;
      const result = await collectOne(hashtag);
      if (result === null) return;
      results.set(hashtag, result);
      const done = results.size;
      const msPerHashtag = (clock.now() - startedMs) / done;
      options.onProgress({
        done,
        total: hashtags.length,
        hashtag,
        result,
        remainingMs: msPerHashtag * (hashtags.length - done),
      });
    }
  }

  /** Null where the collection ended before this hashtag had its result. */
  async function collectOne(hashtag: string): Promise<Result | null> {
    let tries = 0;
    for (;;) {
      try {
        await pacer.takeTurn(signal);
      } catch (error) {
        if (signal.aborted) return null;
        throw error;
      }
      const outcome = await askOnce(hashtag);
      switch (outcome.kind) {
        case 'counts':
          return {
            kind: 'captured',
            videoCount: outcome.videoCount,
            viewCount: outcome.viewCount,
          };
        case 'not-found':
          return { kind: 'not-found', reason: outcome.reason };
        case 'rejected':
          return { kind: 'failed', reason: outcome.reason };
        case 'stop':
          endEarly(outcome.reason);
          return { kind: 'failed', reason: outcome.reason };
        case 'rate-limited': {
          const untilMs = clock.now() + (outcome.retryAfterMs || backoffMs(limitsInARow));
          limitsInARow++;
          pacer.pauseUntil(untilMs);
          announceWait(untilMs, outcome.reason);
          break;
        }
        case 'fault': {
          tries++;
          // A request cut off by the end of the collection says nothing about the hashtag.
          if (signal.aborted) return null;
          if (tries === MAX_TRIES) {
            return { kind: 'failed', reason: `${outcome.reason}, ${MAX_TRIES} times` };
          }
          const waitMs = Math.max(backoffMs(tries - 1), outcome.retryAfterMs ?? 0);
          await clock.sleep(Math.min(waitMs, MAX_BACKOFF_MS), signal).catch(ignoreIfAborted);
          break;
        }
      }
      if (clock.now() - lastUsefulMs > MAX_STALL_MS) {
        endEarly(`nothing came from the API for half an hour (${outcome.reason})`);
      }
      if (signal.aborted) return null;
    }
  }

  async function askOnce(hashtag: string): Promise<Outcome> {
    // What is in flight when the collection ends early may be paid for already: it may finish.
    const reply = await ask(hashtag, options.signal);
    pacer.endTurn(reply.rateLimit);
    if (reply.creditsUsed !== null) creditsUsed = (creditsUsed ?? 0) + reply.creditsUsed;
    if (reply.creditsRemaining !== null) creditsRemaining = reply.creditsRemaining;
    const { kind } = reply.outcome;
    if (kind !== 'fault' && kind !== 'rate-limited') lastUsefulMs = clock.now();
    if (kind !== 'rate-limited') limitsInARow = 0;
    return reply.outcome;
  }

  /** A wait of everybody: told once, and not waited out where it would take too long. */
  function announceWait(untilMs: number, reason: string): void {
    const waitMs = untilMs - clock.now();
    if (untilMs - lastUsefulMs > MAX_STALL_MS) {
      endEarly(`the API asks to wait ${Math.round(waitMs / 1000)} s (${reason})`);
    } else if (waitMs >= MIN_TOLD_WAIT_MS && untilMs > announcedUntilMs) {
      announcedUntilMs = untilMs;
      options.onWait(waitMs, reason);
    }
  }

  /** Exponential, with jitter of up to a half so that clients that failed together spread out. */
  function backoffMs(failuresBefore: number): number {
    const fullMs = Math.min(FIRST_BACKOFF_MS * 2 ** failuresBefore, MAX_BACKOFF_MS);
    return fullMs * (0.5 + random() / 2);
  }

  function ignoreIfAborted(reason: unknown): void {
    if (!signal.aborted) throw reason;
  }
}
