import { setTimeout } from 'node:timers/promises';

/** Time as the program sees it; handed in, so that tests can run days in milliseconds. */
export type Clock = {
  /** Unix milliseconds. */
  now: () => number;
  /** Rejects with the signal's reason when it aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
};

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => setTimeout(ms, undefined, signal ? { signal } : {}),
};

/**
 * How long to wait before another try (milliseconds): twice as long after each failure, up to
 * `maxMs`. Up to half of it is left off at random, so that clients that failed together spread out.
 * @param failures how many tries have failed before this one, not counting the last
 * @param random a number in 0…1
 */
export function backoffMs(failures: number, firstMs: number, maxMs: number, random: number) {
  return Math.min(firstMs * 2 ** failures, maxMs) * (0.5 + random / 2);
}
