import type { Measure } from '../lib/trends/growth.ts';
import { findFastest, type Total } from '../lib/trends/totals.ts';
import type { MeasureTrend, Trend } from '../lib/trends/trends.ts';

/** What the hashtags of a group did together. Rates are fractions. */
export type GroupFigures = {
  group: string;
  hashtags: number;
  /** What they have together, as the report has it; null if no count is known. */
  total: Total | null;
  over7Days: number | null;
  over30Days: number | null;
  /** Its fastest hashtag, if any grew by more than rounding. */
  fastest: Trend | null;
};

/**
 * The figures of a group on a day. Growth over 7 and 30 days is that of the hashtags for which it is
 * known; a change within rounding counts as no change.
 * @param trends those of its hashtags, by rank
 */
export function groupFigures(
  group: string,
  trends: Trend[],
  measure: Measure,
  total: Total | undefined,
): GroupFigures {
  const parts = trends.map((trend) => trend[measure]);
  return {
    group,
    hashtags: trends.length,
    total: total ?? null,
    over7Days: combine(parts, (part) => part.over7Days),
    over30Days: combine(parts, (part) => part.over30Days),
    fastest: findFastest(trends),
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
