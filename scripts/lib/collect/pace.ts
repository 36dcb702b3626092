import type { Clock } from '../system/clock.ts';
import type { RateLimit } from './answer.ts';

/** Decides when the next request may start. One pacer is shared by all that ask. */
export type Pacer = {
  /** Resolves when a request may start, and counts it as started. Rejects when `signal` aborts. */
  takeTurn: (signal: AbortSignal) => Promise<void>;
  /** Each turn ends here, with the allowance that the answer reported. */
  endTurn: (rateLimit: RateLimit | null) => void;
  /** Nobody starts before this instant (Unix milliseconds). */
  pauseUntil: (instantMs: number) => void;
};

// A reset is announced in whole seconds; a request a moment too early would be a wasted one.
const RESET_MARGIN_MS = 25;
/** Resets that differ by less are of the same window: a server's clock is told in whole seconds. */
const SAME_WINDOW_MS = 1500;
const MINUTE_MS = 60_000;
/** Timers hold 31 bits; longer waits are looked at again after an hour. */
const MAX_SLEEP_MS = 3_600_000;

/**
 * A pacer that keeps to `requestsPerMinute` (null: no such limit) and to what the API announces.
 * @param onWait told the instant (Unix milliseconds) until which a request has to wait
 */
export function createPacer(
  clock: Clock,
  requestsPerMinute: number | null,
  onWait: (untilMs: number) => void = () => {},
): Pacer {
  const recentStartsMs: number[] = [];
  let pausedUntilMs = 0;
  let inFlight = 0;
  let allowance: RateLimit | null = null;
  let announceChange = new AbortController();

  return {
    async takeTurn(signal) {
      for (;;) {
        signal.throwIfAborted();
        const startMs = Math.max(pausedUntilMs, minuteLimitEndsMs(), allowanceReturnsMs());
        if (startMs <= clock.now()) break;
        if (Number.isFinite(startMs)) onWait(startMs);
        signal.throwIfAborted();
        await sleepUntilChange(startMs - clock.now(), signal);
      }
      inFlight++;
      if (requestsPerMinute !== null) recentStartsMs.push(clock.now());
    },
    endTurn(rateLimit) {
      inFlight--;
      updateAllowance(rateLimit);
      announceChange.abort();
      announceChange = new AbortController();
    },
    pauseUntil(instantMs) {
      pausedUntilMs = Math.max(pausedUntilMs, instantMs);
    },
  };

  /** Sliding window: a request may start a minute after the one `requestsPerMinute` places before. */
  function minuteLimitEndsMs(): number {
    if (requestsPerMinute === null) return 0;
    const previousMs = recentStartsMs.at(-Math.floor(requestsPerMinute));
    return previousMs === undefined ? 0 : previousMs + MINUTE_MS;
  }

  /** Infinite where only an answer can tell. */
  function allowanceReturnsMs(): number {
    if (allowance === null) return 0;
    const returnsMs = allowance.resetAtMs + RESET_MARGIN_MS;
    if (clock.now() >= returnsMs) {
      // A new window: as full as the last one was, until its first answer says otherwise.
      const { limit } = allowance;
      allowance = { limit, remaining: limit ?? 1, resetAtMs: Number.POSITIVE_INFINITY };
    }
    // Requests in flight may not be counted yet in the announced remainder.
    if (allowance.remaining > inFlight) return 0;
    const isUnknown = allowance.resetAtMs === Number.POSITIVE_INFINITY;
    return isUnknown && inFlight === 0 ? 0 : allowance.resetAtMs + RESET_MARGIN_MS;
  }

  function updateAllowance(announced: RateLimit | null): void {
    if (allowance === null) {
      allowance = announced;
      return;
    }
    if (announced === null) {
      // It was counted, as far as anybody knows.
      allowance = { ...allowance, remaining: allowance.remaining - 1 };
      return;
    }
    // An answer of a window that is over says nothing about the running one.
    if (announced.resetAtMs + RESET_MARGIN_MS <= clock.now()) return;
    const isAssumed = allowance.resetAtMs === Number.POSITIVE_INFINITY;
    const laterMs = announced.resetAtMs - allowance.resetAtMs;
    if (isAssumed || laterMs > SAME_WINDOW_MS) {
      allowance = announced;
    } else if (laterMs >= -SAME_WINDOW_MS) {
      // Answers overtake each other: within a window the smallest remainder is the newest.
      const remaining = Math.min(allowance.remaining, announced.remaining);
      allowance = { ...announced, remaining };
    }
  }

  async function sleepUntilChange(waitMs: number, signal: AbortSignal): Promise<void> {
    const wake = AbortSignal.any([signal, announceChange.signal]);
    await clock.sleep(Math.min(waitMs, MAX_SLEEP_MS), wake).catch((reason: unknown) => {
      if (!wake.aborted) throw reason;
    });
  }
}
