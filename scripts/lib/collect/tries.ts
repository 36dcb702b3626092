import { backoffMs, type Clock } from '../system/clock.ts';
import type { Outcome, Result } from './answer.ts';
import type { Pacer } from './pace.ts';

type Rules = {
  clock: Clock;
  random: () => number;
  pacer: Pacer;
  /** Called with the instant (Unix milliseconds) until which a request has to wait. */
  onWait: (untilMs: number) => void;
  /** Ends the tries. */
  signal: AbortSignal;
  /** Ends the whole collection. */
  endEarly: (reason: string) => void;
  /** Ends the whole collection if its time is over. Called before each request. */
  watchTime: () => void;
  /** Makes all requests wait; `retryAfterMs` is null if the API does not say how long. */
  pauseEveryone: (retryAfterMs: number | null, reason: string) => void;
};

const MAX_TRIES = 4;
export const FIRST_WAIT_MS = 1000;
export const MAX_WAIT_MS = 60_000;

/**
 * Asks for a hashtag, at most four times, until there is an answer. A 429 makes all requests wait
 * and does not count as a try. Null if the collection ended first.
 */
export async function askUntilDone<Found>(
  hashtag: string,
  askOnce: (hashtag: string) => Promise<Outcome<Found>>,
  { clock, random, pacer, onWait, signal, endEarly, watchTime, pauseEveryone }: Rules,
): Promise<Result<Found> | null> {
  let faults = 0;
  for (;;) {
    watchTime();
    if (!(await takeTurn(pacer, signal, onWait))) return null;
    const outcome = await askOnce(hashtag);
    switch (outcome.kind) {
      case 'stop':
        endEarly(outcome.reason);
        return null;
      case 'rate-limited':
        pauseEveryone(outcome.retryAfterMs, outcome.reason);
        break;
      case 'fault': {
        // A request cut off by the end of the collection says nothing about the hashtag.
        if (signal.aborted) return null;
        faults++;
        if (faults === MAX_TRIES) {
          return { kind: 'failed', reason: `${outcome.reason}, ${MAX_TRIES} times` };
        }
        const ownWaitMs = backoffMs(faults - 1, FIRST_WAIT_MS, MAX_WAIT_MS, random());
        const waitMs = Math.min(Math.max(ownWaitMs, outcome.retryAfterMs ?? 0), MAX_WAIT_MS);
        await clock.sleep(waitMs, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
        break;
      }
      default:
        return outcome;
    }
  }
}

/** Waits for a turn. False if the collection ended first. */
async function takeTurn(
  pacer: Pacer,
  signal: AbortSignal,
  onWait: Rules['onWait'],
): Promise<boolean> {
  try {
    await pacer.takeTurn(signal, onWait);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
