import { formatCount, formatDuration, plural } from '../core/format.ts';
import { activeNames, type Watchlist } from './watchlist.ts';

/**
 * What a watchlist costs. Each hashtag takes one call a day, and a call costs one credit. Videos come
 * on top.
 */
export type Cost = {
  callsPerDay: number;
  /** In 30 days. */
  creditsPerMonth: number;
  /** What videos add to that in 30 days at most, if each day brings that many surges. */
  videoCreditsPerMonth: number;
  /** An estimate for a run that asks for everything, without retries. */
  runMs: number;
};

const DAYS_PER_MONTH = 30;
/** The example answer of the API's documentation took 969 ms. */
const TYPICAL_ANSWER_MS = 1000;
const MINUTE_MS = 60_000;
/** How often the workflow runs on a day. */
export const RUNS_PER_DAY = 3;
/** How long a run of the workflow asks. */
export const RUN_MINUTES = 270;
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
    videoCreditsPerMonth: Math.min(watchlist.settings.topVideos, callsPerDay) * DAYS_PER_MONTH,
    runMs: Math.max(askingMs, minutesWaited * MINUTE_MS + Math.min(askingMs, TYPICAL_ANSWER_MS)),
  };
}

/**
 * For how many hashtags the workflow's runs of a day can ask within the list's limits, and which
 * limit decides that. It's an estimate: the API's plan may set lower limits.
 */
export function estimateReach({ settings }: Watchlist) {
  const { concurrency, requestsPerMinute = Number.POSITIVE_INFINITY } = settings;
  const answersPerMinute = (concurrency * MINUTE_MS) / TYPICAL_ANSWER_MS;
  const perMinute = Math.min(Math.floor(requestsPerMinute), answersPerMinute);
  const limit: 'requestsPerMinute' | 'concurrency' =
    perMinute < answersPerMinute ? 'requestsPerMinute' : 'concurrency';
  return { hashtagsPerDay: perMinute * RUN_MINUTES * RUNS_PER_DAY, limit };
}

/** `It costs 8 credits a day, 240 in 30 days; a run takes about 8 s`. */
export function describeCost({ callsPerDay, creditsPerMonth, runMs }: Cost): string {
  return (
    `It costs ${plural(callsPerDay, 'credit')} a day, ${formatCount(creditsPerMonth)} in ` +
    `${DAYS_PER_MONTH} days; a run takes about ${formatDuration(runMs)}`
  );
}

/** For how many whole days the credits last, if that is less than a week; null otherwise. */
export function daysOfLowCredits(credits: number, watchlist: Watchlist): number | null {
  const days = daysOfCredits(credits, watchlist);
  return days < LOW_CREDIT_DAYS && activeNames(watchlist).length > 0 ? days : null;
}

/** `The credits will run out within a week` and `12 left, enough for 6 days`. */
export function explainLowCredits(credits: number, days: number): [what: string, left: string] {
  const left = `${formatCount(credits)} left`;
  return days === 0
    ? ['The credits are not enough for another day', left]
    : ['The credits will run out within a week', `${left}, enough for ${plural(days, 'day')}`];
}

/** How many whole days the credits last with this list, without the paused hashtags. */
export function daysOfCredits(credits: number, watchlist: Watchlist): number {
  return Math.floor(credits / Math.max(1, activeNames(watchlist).length));
}
