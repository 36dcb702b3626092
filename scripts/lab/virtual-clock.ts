import type { Clock } from '../lib/system/clock.ts';

export type VirtualClock = Clock & { sleptMs: () => number; advance: (ms: number) => void };

type Sleeper = { untilMs: number; wake: () => void };

/**
 * A clock that stands still while work is going on, and then jumps to the time at which the next
 * sleeper wakes. Tasks that sleep at the same time wait together, not one after the other.
 * `sleptMs` is the time that has passed since the start.
 */
export function createVirtualClock(startMs = Date.UTC(2026, 10, 22, 6, 17)): VirtualClock {
  let nowMs = startMs;
  let isRunning = false;
  const sleepers = new Set<Sleeper>();

  const wakeNext = () => {
    const next = [...sleepers].reduce<Sleeper | null>(
      (first, sleeper) => (first && first.untilMs <= sleeper.untilMs ? first : sleeper),
      null,
    );
    isRunning = next !== null;
    if (next === null) return;
    nowMs = Math.max(nowMs, next.untilMs);
    next.wake();
    setImmediate(wakeNext);
  };

  return {
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const end = (settle: () => void) => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', abort);
          settle();
        };
        const abort = () => end(() => reject(signal?.reason));
        const sleeper = { untilMs: nowMs + Math.max(0, ms), wake: () => end(resolve) };
        signal?.addEventListener('abort', abort);
        sleepers.add(sleeper);
        if (!isRunning) setImmediate(wakeNext);
        isRunning = true;
      }),
    sleptMs: () => nowMs - startMs,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}
