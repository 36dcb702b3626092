import type { Clock } from './clock.ts';
import type { RateLimit } from './scavio.ts';

/** Decides when the next request may start. One pacer is shared by all that ask. */
export type Pacer = {
  /** Resolves when a request may start, and counts it as started. Rejects when `signal` aborts. */
  takeTurn: (signal: AbortSignal) => Promise<void>;
  /** Each turn ends here, with the allowance that the answer reported. */
  endTurn: (rateLimit: RateLimit | null) => void;
  /** Nobody starts before this instant (Unix milliseconds). */
  pauseUntil: (instantMs: number) => void;
  /** When the pause that is in force ends; in the past when there is none. */
  pausedUntilMs: () => number;
};

// A reset is announced in whole seconds; a request a moment too early would be a wasted one.
const RESET_MARGIN_MS = 25;
const MINUTE_MS = 60_000;

/** A pacer that keeps to `requestsPerMinute` (null: no such limit) and to what the API announces. */
export function createPacer(clock: Clock, requestsPerMinute: number | null): Pacer {
  const minuteStartsMs: number[] = [];
  let pausedUntilMs = 0;
  let inFlight = 0;
  let allowance: RateLimit | null = null;
  let announceChange = new AbortController();

  const changed = () => {
    announceChange.abort();
    announceChange = new AbortController();
  };

  return {
    async takeTurn(signal) {
      for (;;) {
        signal.throwIfAborted();
        const waitMs = nextStartMs() - clock.now();
        if (waitMs <= 0) break;
        await sleepUntilChange(waitMs, signal);
      }
      inFlight++;
      if (requestsPerMinute !== null) minuteStartsMs.push(clock.now());
    },
    endTurn(rateLimit) {
      inFlight--;
      // Answers can overtake each other: within a window the smaller allowance is the newer one.
      const isStale =
        rateLimit !== null &&
        allowance !== null &&
        rateLimit.resetAtMs <= allowance.resetAtMs &&
        rateLimit.remaining > allowance.remaining;
      if (rateLimit !== null && !isStale) allowance = rateLimit;
      changed();
    },
    pauseUntil(instantMs) {
      pausedUntilMs = Math.max(pausedUntilMs, instantMs);
    },
    pausedUntilMs: () => pausedUntilMs,
  };

  function nextStartMs(): number {
    return Math.max(pausedUntilMs, minuteLimitEndsMs(), allowanceReturnsMs());
  }

  /** Sliding window: a request may start a minute after the one `requestsPerMinute` places before. */
  function minuteLimitEndsMs(): number {
    if (requestsPerMinute === null) return 0;
    if (requestsPerMinute < 1) return (minuteStartsMs.at(-1) ?? 0) + MINUTE_MS / requestsPerMinute;
    const previous = minuteStartsMs.at(-Math.floor(requestsPerMinute));
    return previous === undefined ? 0 : previous + MINUTE_MS;
  }

  function allowanceReturnsMs(): number {
    if (allowance === null) return 0;
    // Requests in flight may not be counted yet in the last announced remainder.
    if (allowance.remaining > inFlight) return 0;
    const returnsMs = allowance.resetAtMs + RESET_MARGIN_MS;
    if (clock.now() < returnsMs) return returnsMs;
    // A new window: full again as far as is known, until the next answer says otherwise.
    const { limit } = allowance;
    if (limit === null || inFlight === 0) return 0;
    return limit > inFlight ? 0 : Number.POSITIVE_INFINITY;
  }

  async function sleepUntilChange(waitMs: number, signal: AbortSignal): Promise<void> {
    const wake = AbortSignal.any([signal, announceChange.signal]);
    // Timers hold 31 bits; an hour is far below that and longer waits are looked at again.
    await clock.sleep(Math.min(waitMs, 3_600_000), wake).catch((reason: unknown) => {
      if (!wake.aborted) throw reason;
    });
  }
}
