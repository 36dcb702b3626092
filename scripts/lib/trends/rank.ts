import { compareText } from '../core/text.ts';
import { type Growth, type Measure, type MeasureGrowth, rankedMeasure } from './growth.ts';

/** What a rank is decided by. */
type Rankable = {
  hashtag: string;
  rankedBy: Measure | null;
  videos: MeasureGrowth;
  views: MeasureGrowth;
};

/**
 * Sorts hashtags by their rank: the fastest growing first, then the larger count, then the name.
 * Those without a rank follow by name.
 */
export function sortByRank<T extends Rankable>(trends: T[]): T[] {
  const isRanked = ({ rankedBy }: T) => rankedBy !== null;
  return [
    ...trends.filter(isRanked).sort(compareRanked),
    ...trends.filter((trend) => !isRanked(trend)).sort((a, b) => compareText(a.hashtag, b.hashtag)),
  ];
}

/** The rank of each ranked hashtag; 1 is the fastest growing. */
export function rankOf(trends: Rankable[]): Map<string, number> {
  const ranked = sortByRank(trends).filter(({ rankedBy }) => rankedBy !== null);
  return new Map(ranked.map(({ hashtag }, index) => [hashtag, index + 1]));
}

function compareRanked(a: Rankable, b: Rankable): number {
  const [first, second] = [rankedMeasure(a), rankedMeasure(b)];
  return (
    rateForRank(second.growth) - rateForRank(first.growth) ||
    (second.count ?? 0) - (first.count ?? 0) ||
    compareText(a.hashtag, b.hashtag)
  );
}

/** A change within rounding counts as none. */
function rateForRank(growth: Growth): number {
  return growth.kind === 'rate' && !growth.isWithinRounding ? growth.perDay : 0;
}
