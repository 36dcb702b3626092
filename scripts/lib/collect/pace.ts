import type { Clock } from '../system/clock.ts';
import type { RateLimit } from './answer.ts';

/** Decides when the next request may start. All requests share one pacer. */
export type Pacer = {
  /**
   * Resolves when a request may start, and counts it as started. Rejects when `signal` aborts.
   * `onWait` is called with the instant (Unix milliseconds) until which the request has to wait.
   */
  takeTurn: (signal: AbortSignal, onWait?: (untilMs: number) => void) => Promise<void>;
  /** Each turn ends here, with the allowance that the answer reported. */
  endTurn: (rateLimit: RateLimit | null) => void;
  /** No request starts before this instant (Unix milliseconds). */
  pauseUntil: (instantMs: number) => void;
};

// A reset is announced in whole seconds. A request that starts a moment too early is wasted.
const RESET_MARGIN_MS = 25;
/** Resets that differ by less belong to one window, because servers report whole seconds. */
const SAME_WINDOW_MS = 1500;
const MINUTE_MS = 60_000;
/** Timers are limited to 31 bits, so a longer wait is checked again after an hour. */
const MAX_SLEEP_MS = 3_600_000;

/** A pacer that keeps to `requestsPerMinute` (null: no such limit) and to what the API announces. */
export function createPacer(clock: Clock, requestsPerMinute: number | null): Pacer {
  const recentStartsMs: number[] = [];
  let pausedUntilMs = 0;
  let inFlight = 0;
  let allowance: RateLimit | null = null;
  let announceChange = new AbortController();

  return {
    async takeTurn(signal, onWait = () => {}) {
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

  /** Sliding window: a request may start a minute after the one `requestsPerMinute` before it. */
  function minuteLimitEndsMs(): number {
    if (requestsPerMinute === null) return 0;
    const previousMs = recentStartsMs.at(-Math.floor(requestsPerMinute));
    return previousMs === undefined ? 0 : previousMs + MINUTE_MS;
  }

  /** When the API allows another request; infinite if only an answer can say. */
  function allowanceReturnsMs(): number {
    if (allowance === null) return 0;
    const returnsMs = allowance.resetAtMs + RESET_MARGIN_MS;
    if (clock.now() >= returnsMs) {
      // A new window. Assume the same limit until its first answer says otherwise.
      const { limit } = allowance;
      allowance = { limit, remaining: limit ?? 1, resetAtMs: Number.POSITIVE_INFINITY };
    }
    // The announced remainder may not count the requests in flight yet.
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
      // Assume the server counted it.
      allowance = { ...allowance, remaining: allowance.remaining - 1 };
      return;
    }
    // An answer from an earlier window says nothing about the current one.
    if (announced.resetAtMs + RESET_MARGIN_MS <= clock.now()) return;
    const isAssumed = allowance.resetAtMs === Number.POSITIVE_INFINITY;
    const laterMs = announced.resetAtMs - allowance.resetAtMs;
    if (isAssumed || laterMs > SAME_WINDOW_MS) {
      allowance = announced;
    } else if (laterMs >= -SAME_WINDOW_MS) {
      // Answers can overtake each other. Within a window, the smallest remainder is the newest.
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
