import type { Measure } from '../lib/trends/growth.ts';
import type { MeasureTrend, Trend } from '../lib/trends/trends.ts';

/** What the hashtags of a group did together. Rates are fractions. */
export type GroupFigures = {
  group: string;
  hashtags: number;
  /** Of the hashtags whose counts are known. */
  total: number;
  added: number | null;
  perDay: number | null;
  over7Days: number | null;
  over30Days: number | null;
  /** Its fastest hashtag. */
  fastest: Trend | null;
};

/**
 * The figures of a group on a day. Growth is that of the hashtags for which it is known; a change
 * within rounding counts as no change.
 * @param trends those of its hashtags, by rank
 */
export function groupFigures(group: string, trends: Trend[], measure: Measure): GroupFigures {
  const parts = trends.map((trend) => trend[measure]);
  const dayRate = ({ growth }: MeasureTrend) =>
    growth.kind === 'rate'
      ? { rate: growth.perDay, isWithinRounding: growth.isWithinRounding }
      : null;
  const added = parts.flatMap(({ growth }) =>
    growth.kind === 'rate' && !growth.isWithinRounding ? growth.added / growth.days : [],
  );
  return {
    group,
    hashtags: trends.length,
    total: parts.reduce((sum, { count }) => sum + (count ?? 0), 0),
    added: added.length === 0 ? null : Math.round(added.reduce((sum, count) => sum + count, 0)),
    perDay: combine(parts, dayRate),
    over7Days: combine(parts, (part) => part.over7Days),
    over30Days: combine(parts, (part) => part.over30Days),
    fastest: trends.find(({ rankedBy }) => rankedBy !== null) ?? null,
  };
}

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
