import type { Clock } from '../../scripts/lib/clock.ts';

/** A clock that stands still until somebody sleeps, and then jumps; `sleptMs` tells for how long. */
export function createFakeClock(startMs = Date.UTC(2026, 10, 22, 6, 17)): Clock & {
  sleptMs: () => number;
  advance: (ms: number) => void;
} {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      nowMs += Math.max(0, ms);
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
    sleptMs: () => nowMs - startMs,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}
