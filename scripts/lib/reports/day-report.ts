import type { Day } from '../core/day.ts';
import type { DayRecord } from '../core/snapshot.ts';
import { type DayState, judgeDayState, missingDays } from '../trends/day-state.ts';
import { findMoves, type Move } from '../trends/moves.ts';
import { compareSize } from '../trends/rank.ts';
import { computeTrends, type Trend } from '../trends/trends.ts';
import { daysOfCredits } from '../watchlist/credits.ts';
import { groupsByHashtag, thresholds, type Watchlist } from '../watchlist/watchlist.ts';
import { nameSource } from './parts.ts';

/** What a day's report says: the day's record, and what it means with this watchlist. Pure data. */
export type DayReport = DayRecord & {
  /** Names what it is made from, see `nameSource`. */
  source: string;
  timeZone: string;
  /** The address of the dashboard; null if it is not published. */
  dashboard: string | null;
  /** By rank. Without ranks, and by size, if `isTooFew`. */
  trends: Trend[];
  state: DayState;
  /** True if so many hashtags are missing that nothing is ranked. */
  isTooFew: boolean;
  /** What moved, the strongest first; if `isTooFew`, only what TikTok has got or lost. */
  moves: Move[];
  /** How many hashtags should have been captured. */
  tracked: number;
  /** Days of the last 30 with no snapshot at all. */
  missingDays: Day[];
  /** Credits are null if the API did not say. */
  creditsUsed: number | null;
  creditsRemaining: number | null;
  /** For how many days the remaining credits last. */
  creditsLastDays: number | null;
  /** Hashtags of `previousDay` that are no longer asked for. */
  paused: string[];
  removed: string[];
  /** Hashtags with joiners on their first day, and their name on `previousDay`, without joiners. */
  begunAnew: { hashtag: string; before: string }[];
  /** The names on the list, the paused ones as well. */
  listed: Set<string>;
  /** The group of each hashtag that has one, in the order of the list. */
  groups: Map<string, string>;
};

/** With a smaller share of the hashtags that TikTok has, a rank says little. */
const MIN_SHARE = 0.8;

/** Computes a day's report from the day's rows. */
export function composeReport(record: DayRecord, watchlist: Watchlist): DayReport {
  // Later days change nothing in the report.
  const { newestDay: _day, databaseBytes: _bytes, ...lasting } = record;
  const { day, history, runs, failures } = record;
  const ranked = computeTrends(history, day, thresholds(watchlist));

  const used = runs.flatMap((run) => run.creditsUsed ?? []);
  const creditsRemaining = runs.flatMap((run) => run.creditsRemaining ?? []).at(-1) ?? null;
  const captured = ranked.map(({ hashtag }) => hashtag);
  const state = judgeDayState(captured, failures, record.returned);
  const tracked = Math.max(runs.at(-1)?.tracked ?? 0, captured.length + failures.length);
  const isTooFew = captured.length < MIN_SHARE * (tracked - state.absent.length);
  const trends = isTooFew ? withoutRanks(ranked) : ranked;
  return {
    ...record,
    source: nameSource(lasting, watchlist),
    timeZone: watchlist.settings.timeZone,
    dashboard: watchlist.settings.dashboard ?? null,
    trends,
    state,
    isTooFew,
    moves: findMoves({ ...record, trends: isTooFew ? [] : trends, state }),
    tracked,
    missingDays: missingDays(history, day, record.firstDay),
    creditsUsed: used.length === 0 ? null : used.reduce((sum, credits) => sum + credits, 0),
    creditsRemaining,
    creditsLastDays: creditsRemaining === null ? null : daysOfCredits(creditsRemaining, watchlist),
    ...findDropped(record, watchlist),
    begunAnew: findBegunAnew(record, watchlist),
    listed: new Set(watchlist.entries.map(({ name }) => name)),
    groups: groupsByHashtag(watchlist),
  };
}

function withoutRanks(trends: Trend[]): Trend[] {
  const unranked = { rank: null, rankChange: null, isNewlyRanked: false };
  return trends.map((trend) => ({ ...trend, ...unranked })).sort(compareSize);
}

/** Every hashtag that has no snapshot on the day, and why: the missed ones first. */
export function failuresOf({ state }: DayReport) {
  return [...state.missed, ...state.absent];
}

/** True if the day has every tracked hashtag, apart from those that TikTok does not have. */
export function isComplete({ state, tracked }: DayReport): boolean {
  return state.captured.size > 0 && state.captured.size + state.absent.length === tracked;
}

/**
 * The hashtags that were captured on the day before but not on this one, because the watchlist has
 * paused or removed them. If the day has no snapshot, the next day mentions them.
 */
function findDropped(record: DayRecord, { entries }: Watchlist) {
  const { day, history, failures, previousHashtags } = record;
  const captured = history.filter((snapshot) => snapshot.day === day);
  const seen = new Set([...captured, ...failures].map(({ hashtag }) => hashtag));
  const dropped = captured.length === 0 ? [] : previousHashtags.filter((name) => !seen.has(name));
  const isPaused = new Map(entries.map((entry) => [entry.name, entry.paused]));
  return {
    paused: dropped.filter((name) => isPaused.get(name) === true),
    removed: dropped.filter((name) => !isPaused.has(name)),
  };
}

/** The hashtags of the list that were tracked without their joiners on the day before. */
function findBegunAnew(record: DayRecord, { entries }: Watchlist): DayReport['begunAnew'] {
  const { day, history, failures, previousHashtags } = record;
  const captured = history.filter((snapshot) => snapshot.day === day);
  const seen = new Set([...captured, ...failures].map(({ hashtag }) => hashtag));
  const earlier = new Set(previousHashtags);
  const listed = new Set(entries.map(({ name }) => name));
  return entries
    .map(({ name }) => ({ hashtag: name, before: name.replace(/\p{Join_Control}/gu, '') }))
    .filter(
      ({ hashtag, before }) =>
        seen.has(hashtag) && !earlier.has(hashtag) && earlier.has(before) && !listed.has(before),
    );
}
