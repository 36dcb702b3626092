import { setTimeout } from 'node:timers/promises';

/** The program's clock. It is passed in, so that tests can run days in milliseconds. */
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
 * `maxMs`. A random part, up to half, is left out, so that clients don't all retry together.
 * @param failures how many tries failed before the one that has just failed
 * @param random a number in 0…1
 */
export function backoffMs(failures: number, firstMs: number, maxMs: number, random: number) {
  return Math.min(firstMs * 2 ** failures, maxMs) * (0.5 + random / 2);
}
