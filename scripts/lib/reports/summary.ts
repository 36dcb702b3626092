import { type Day, daysBetween } from '../core/day.ts';
import type { PeriodRecord } from '../core/snapshot.ts';
import { missingDays } from '../trends/day-state.ts';
import { changeOf, type Measure, rankedMeasure } from '../trends/growth.ts';
import { computePeriodTrends, type MovingDay, type PeriodTrend } from '../trends/period-trends.ts';
import { isMarkedRounded } from '../trends/trend-words.ts';
import { groupsByHashtag, thresholds, type Watchlist } from '../watchlist/watchlist.ts';
import { nameSource } from './parts.ts';

/** What the summary of a week or month says: its record, and what it means. Pure data. */
export type Summary = PeriodRecord & {
  /** Names what it is made from, see `nameSource`. */
  source: string;
  /** The address of the dashboard; null if it is not published. */
  dashboard: string | null;
  trends: PeriodTrend[];
  /** How many days could have snapshots so far, and which of them have none. */
  possibleDays: number;
  missingDays: Day[];
  /** The group of each hashtag that has one. */
  groups: Map<string, string>;
};

/** Computes a period's summary from its rows. */
export function composeSummary(record: PeriodRecord, watchlist: Watchlist): Summary {
  const { period, firstDay, lastDay, history } = record;
  const start = firstDay > period.first ? firstDay : period.first;
  const possibleDays = daysBetween(start, lastDay) + 1;
  return {
    ...record,
    source: nameSource(record, watchlist),
    dashboard: watchlist.settings.dashboard ?? null,
    trends: computePeriodTrends(history, period, thresholds(watchlist)),
    possibleDays,
    missingDays: missingDays(history, lastDay, start, possibleDays),
    groups: groupsByHashtag(watchlist),
  };
}

/** What hashtags have together over a period, in one measure; nulls are unknown. */
type Total = {
  count: number | null;
  added: number | null;
  /** A fraction. */
  rate: number | null;
  /** True if `added` holds a change within rounding. */
  hasRounded: boolean;
};

/** What hashtags have together, in one measure; `added` is null if no change is known. */
export function totalOf(trends: PeriodTrend[], measure: Measure): Total {
  const known = trends.flatMap((trend) => trend[measure].count ?? []);
  const changed = trends.flatMap((trend) => {
    const { count, growth } = trend[measure];
    const change = changeOf(growth);
    return change === null || count === null ? [] : [{ added: change.added, count, growth }];
  });
  const added = changed.reduce((sum, change) => sum + change.added, 0);
  const before = changed.reduce((sum, change) => sum + change.count, 0) - added;
  return {
    count: known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0),
    added: changed.length === 0 ? null : added,
    rate: before === 0 ? null : added / before,
    hasRounded: changed.some(({ growth }) => isMarkedRounded(growth)),
  };
}

/** What a week or month tells of its days, the strongest first. */
export const MOVES = ['breakout', 'surging', 'trending'] as const;

/** The days on which it surged or trended. */
export function movesOf({
  movingDays,
}: PeriodTrend): (MovingDay & { signal: (typeof MOVES)[number] })[] {
  return movingDays.flatMap((moving) => {
    const { signal } = moving;
    return signal === 'cooling' ? [] : [{ ...moving, signal }];
  });
}

/** The strongest of what it did in the period; null if it never surged or trended. */
export function strongestMove(trend: PeriodTrend): (typeof MOVES)[number] | null {
  const signals = movesOf(trend).map(({ signal }) => signal);
  return MOVES.find((kind) => signals.includes(kind)) ?? null;
}

/** The most that it brought on a day on which it moved, as a multiple of its usual; null if unknown. */
export function mostTimesUsual(trend: PeriodTrend): number | null {
  const times = movesOf(trend).flatMap(({ pace }) => pace?.timesUsual ?? []);
  return times.length === 0 ? null : Math.max(...times);
}

/** What it added in the measure that it is ranked by; 0 if that is unknown. */
export function addedTo(trend: PeriodTrend): number {
  return changeOf(rankedMeasure(trend).growth)?.added ?? 0;
}
