import { compareText } from '../core/text.ts';
import { type Growth, type HashtagGrowth, rankedMeasure } from './growth.ts';

/**
 * Sorts hashtags and adds their ranks, from 1: by the rate of growth, then by the count, then by
 * name. Hashtags without a rank come last, by name.
 */
export function rankAll<T extends HashtagGrowth>(trends: T[]): (T & { rank: number | null })[] {
  const ranked = trends.filter(({ rankedBy }) => rankedBy !== null).sort(compareRanked);
  const others = trends.filter(({ rankedBy }) => rankedBy === null).sort(compareSize);
  const rates = ranked.map((trend) => rateForRank(rankedMeasure(trend).growth));
  return [
    ...ranked.map((trend, i) => ({ ...trend, rank: rates.indexOf(rates[i] ?? 0) + 1 })),
    ...others.map((trend) => ({ ...trend, rank: null })),
  ];
}

/** The largest first: by the count of videos, then of views, then by name. */
export function compareSize(a: HashtagGrowth, b: HashtagGrowth): number {
  return (
    (b.videos.count ?? -1) - (a.videos.count ?? -1) ||
    (b.views.count ?? -1) - (a.views.count ?? -1) ||
    compareText(a.hashtag, b.hashtag)
  );
}

function compareRanked(a: HashtagGrowth, b: HashtagGrowth): number {
  const [first, second] = [rankedMeasure(a), rankedMeasure(b)];
  return (
    rateForRank(second.growth) - rateForRank(first.growth) ||
    (second.count ?? 0) - (first.count ?? 0) ||
    compareText(a.hashtag, b.hashtag)
  );
}

/** A change within rounding counts as no change. */
function rateForRank(growth: Growth): number {
  return growth.kind === 'rate' && !growth.isWithinRounding ? growth.perDay : 0;
}
