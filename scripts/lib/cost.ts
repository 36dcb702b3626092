import { activeEntries, type Watchlist } from './watchlist.ts';

/** What a watchlist costs. A hashtag is one call a day, and a call is one credit. */
export type Cost = {
  callsPerDay: number;
  /** In 30 days. */
  creditsPerMonth: number;
  /** An estimate of a run that asks for everything, without retries. */
  runMs: number;
};

const DAYS_PER_MONTH = 30;
/** The example answer of the API's documents took 969 ms. */
const TYPICAL_ANSWER_MS = 1000;
const MINUTE_MS = 60_000;

/** What tracking the list costs at the limits that it sets itself; the API's plan may set lower ones. */
export function estimateCost(watchlist: Watchlist): Cost {
  const { concurrency, requestsPerMinute = Number.POSITIVE_INFINITY } = watchlist.settings;
  const callsPerDay = activeEntries(watchlist).length;
  const askingMs = Math.ceil(callsPerDay / concurrency) * TYPICAL_ANSWER_MS;
  const minutesWaited = Math.floor(Math.max(0, callsPerDay - 1) / Math.floor(requestsPerMinute));
  return {
    callsPerDay,
    creditsPerMonth: callsPerDay * DAYS_PER_MONTH,
    runMs: Math.max(askingMs, minutesWaited * MINUTE_MS + Math.min(askingMs, TYPICAL_ANSWER_MS)),
  };
}

/** Credits for fewer days than these should be topped up. */
export const LOW_CREDIT_DAYS = 7;

/** For how many whole days the credits last. */
export function daysOfCredits(credits: number, callsPerDay: number): number {
  return Math.floor(credits / Math.max(1, callsPerDay));
}
