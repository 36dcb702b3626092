import { activeNames, type Watchlist } from './watchlist.ts';

/** What a watchlist costs. Each hashtag takes one call a day, and a call costs one credit. */
export type Cost = {
  callsPerDay: number;
  /** In 30 days. */
  creditsPerMonth: number;
  /** An estimate for a run that asks for everything, without retries. */
  runMs: number;
};

const DAYS_PER_MONTH = 30;
/** The example answer of the API's documentation took 969 ms. */
const TYPICAL_ANSWER_MS = 1000;
const MINUTE_MS = 60_000;
/** If the credits last for fewer days than this, people are told to top up. */
export const LOW_CREDIT_DAYS = 7;

/** What tracking the list costs, within the list's limits. The API's plan may set lower limits. */
export function estimateCost(watchlist: Watchlist): Cost {
  const { concurrency, requestsPerMinute = Number.POSITIVE_INFINITY } = watchlist.settings;
  const callsPerDay = activeNames(watchlist).length;
  const askingMs = Math.ceil(callsPerDay / concurrency) * TYPICAL_ANSWER_MS;
  const minutesWaited = Math.floor(Math.max(0, callsPerDay - 1) / Math.floor(requestsPerMinute));
  return {
    callsPerDay,
    creditsPerMonth: callsPerDay * DAYS_PER_MONTH,
    runMs: Math.max(askingMs, minutesWaited * MINUTE_MS + Math.min(askingMs, TYPICAL_ANSWER_MS)),
  };
}

/** How many whole days the credits last with this list, without the paused hashtags. */
export function daysOfCredits(credits: number, watchlist: Watchlist): number {
  return Math.floor(credits / Math.max(1, activeNames(watchlist).length));
}
