import type { SiteInfo } from '../lib/dashboard/site.ts';
import type { DayState } from '../lib/trends/day-state.ts';
import type { Measure } from '../lib/trends/growth.ts';
import { findFastest, type Total } from '../lib/trends/totals.ts';
import type { MeasureTrend, Trend } from '../lib/trends/trends.ts';
import type { Overview } from './data/messages.ts';

/** What the hashtags of a group did together. Rates are fractions. */
export type GroupFigures = {
  group: string;
  /** How many have a snapshot of the day, and how many the group has. */
  captured: number;
  members: number;
  /** What they have together, as the report has it; null if no count is known. */
  total: Total | null;
  /** The hashtags that the change of the total is without: they lack a count on one of the days. */
  leftOut: string[];
  over7Days: number | null;
  over30Days: number | null;
  /** Its fastest hashtag, if any grew by more than rounding. */
  fastest: Trend | null;
};

/**
 * The figures of a group on a day. Growth over 7 and 30 days is that of the hashtags for which it is
 * known; a change within rounding counts as no change.
 */
export function groupFigures(
  group: string,
  { trends, totals, state }: Pick<Overview, 'trends' | 'totals'> & { state: MissedOfDay },
  { hashtags }: Pick<SiteInfo, 'hashtags'>,
  measure: Measure,
): GroupFigures {
  const names = hashtags.flatMap((one) => (one.group === group ? one.name : []));
  const members = new Set(names);
  const captured = trends.filter(({ hashtag }) => members.has(hashtag));
  const missed = state.missed.filter(({ hashtag }) => members.has(hashtag));
  const parts = captured.map((trend) => trend[measure]);
  const total = totals[group]?.[measure] ?? null;
  return {
    group,
    captured: captured.length,
    members: members.size,
    total,
    leftOut: [...(total?.leftOut ?? []), ...missed.map(({ hashtag }) => hashtag)],
    over7Days: combine(parts, (part) => part.over7Days),
    over30Days: combine(parts, (part) => part.over30Days),
    fastest: findFastest(captured),
  };
}

type MissedOfDay = Pick<DayState, 'missed'>;

/** The rate of the sum of all counts whose own rates are known; null if there is none. */
function combine(
  parts: MeasureTrend[],
  rateOf: (part: MeasureTrend) => { rate: number; isWithinRounding: boolean } | null,
): number | null {
  let [now, before] = [0, 0];
  for (const part of parts) {
    const found = rateOf(part);
    if (found === null || part.count === null) continue;
    now += part.count;
    before += found.isWithinRounding ? part.count : part.count / (1 + found.rate);
  }
  return before === 0 ? null : now / before - 1;
}
