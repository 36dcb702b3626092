import { addDays, type Day, daysUpTo } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';
import {
  computeGrowth,
  dailyRate,
  type Growth,
  growthOfBoth,
  type HashtagGrowth,
  knownPoints,
  type MeasureGrowth,
  type Point,
  rankedMeasure,
  SPAN_TOLERANCE_DAYS,
  type SpanGrowth,
  spanGrowth,
} from './growth.ts';
import { rankAll } from './rank.ts';

/** One measure of one hashtag on one day. */
export type MeasureTrend = MeasureGrowth & {
  /** Null if no snapshot is old enough, or if the newest of those is more than a week too old. */
  over7Days: SpanGrowth | null;
  over30Days: SpanGrowth | null;
  /** The day's rate minus the mean daily rate of the 7 days before (fractions); null if unknown. */
  acceleration: number | null;
};

/**
 * `trending`: faster than its threshold. `breakout`: trending, and far faster than its own usual
 * rates. `too-small`: faster than its threshold, but with fewer than `minVideos` videos.
 */
export type Verdict = 'usual' | 'too-small' | 'trending' | 'breakout';

/** A hashtag on a day. */
export type Trend = HashtagGrowth<MeasureTrend> & {
  viewsPerVideo: number | null;
  /** 1 is the fastest growing; null if `rankedBy` is null. */
  rank: number | null;
  /** Places gained since the previous day with snapshots; null if it was not ranked then. */
  rankChange: number | null;
  /** True on the first day that has a rank. */
  isNewlyRanked: boolean;
  verdict: Verdict;
  /** The median of the hashtag's own daily rates of the last 28 days; null with fewer than 7. */
  usualPerDay: number | null;
  /** The counts of `rankedBy` (videos if null) of the last 30 days, oldest first; null is a gap. */
  last30Days: (number | null)[];
};

/** A hashtag with `minVideos` is trending if its daily growth is above `trendingGrowthPercent`. */
export type Threshold = { trendingGrowthPercent: number; minVideos: number };

const LOOK_BACK_DAYS = 30 + SPAN_TOLERANCE_DAYS;
const BREAKOUT_DAYS = 28;
const BREAKOUT_MIN_RATES = 7;
/** Makes the median absolute deviation comparable to a standard deviation of normal data. */
const MAD_SCALE = 1.4826;
/** Larger than floating-point noise, smaller than any change of a count. */
const EPSILON = 1e-9;

export function isTrending({ verdict }: Pick<Trend, 'verdict'>): boolean {
  return verdict === 'trending' || verdict === 'breakout';
}

/**
 * The trends of all hashtags that have a snapshot on the day, by rank, the unranked ones last.
 * @param snapshots any history; snapshots after the day are ignored
 * @param thresholdOf the threshold of a hashtag
 */
export function computeTrends(
  snapshots: Snapshot[],
  day: Day,
  thresholdOf: (hashtag: string) => Threshold,
): Trend[] {
  const seriesByHashtag = groupByHashtag(snapshots, day);
  const last30Days = daysUpTo(day, 30);
  const today = [...seriesByHashtag]
    .filter(([, series]) => series.at(-1)?.day === day)
    .map(([hashtag, series]) => judgeDay(hashtag, series, day, thresholdOf(hashtag)));
  const ranksBefore = ranksOnPreviousDay(seriesByHashtag, day);
  return rankAll(today).map(({ points, ...figures }): Trend => {
    const { hashtag, rank } = figures;
    const rankBefore = ranksBefore.get(hashtag) ?? null;
    const countOn = new Map(points.slice(-30).map((point) => [point.day, point.count]));
    return {
      ...figures,
      rankChange: rank === null || rankBefore === null ? null : rankBefore - rank,
      isNewlyRanked: rank !== null && points.length === 2,
      last30Days: last30Days.map((d) => countOn.get(d) ?? null),
    };
  });
}

/** The snapshots up to the day by hashtag, oldest first. */
export function groupByHashtag(snapshots: Snapshot[], lastDay: Day): Map<string, Snapshot[]> {
  const upToDay = snapshots.filter(({ day }) => day <= lastDay);
  upToDay.sort((a, b) => compareText(a.day, b.day));
  return groupBy(upToDay, ({ hashtag }) => hashtag);
}

/** The figures of a hashtag's newest day, and the points of `rankedBy` that they come from. */
export function judgeDay(hashtag: string, series: Snapshot[], day: Day, threshold: Threshold) {
  const farthestDay = addDays(day, -LOOK_BACK_DAYS);
  const allPoints = {
    videos: knownPoints(series, 'videos', farthestDay),
    views: knownPoints(series, 'views', farthestDay),
  };
  const trend = growthOfBoth(hashtag, (measure) => computeMeasure(allPoints[measure], day));
  const { videos, views, rankedBy } = trend;
  const points = rankedMeasure({ ...allPoints, rankedBy });
  const rates = usualRates(points, day);
  return {
    ...trend,
    viewsPerVideo: videos.count && views.count !== null ? views.count / videos.count : null,
    verdict: judgeGrowth(rankedMeasure(trend).growth, rates, videos.count, threshold),
    usualPerDay: rates.length < BREAKOUT_MIN_RATES ? null : median(rates),
    points,
  };
}

function judgeGrowth(
  growth: Growth,
  usualRates: number[],
  videoCount: number | null,
  { trendingGrowthPercent, minVideos }: Threshold,
): Verdict {
  if (growth.kind !== 'rate' || growth.isWithinRounding) return 'usual';
  if (growth.perDay <= trendingGrowthPercent / 100 + EPSILON) return 'usual';
  if (minVideos > 0 && (videoCount ?? 0) < minVideos) return 'too-small';
  return growth.perDay > breakoutLimit(usualRates) + EPSILON ? 'breakout' : 'trending';
}

function computeMeasure(points: Point[], day: Day): MeasureTrend {
  const growth = computeGrowth(points, day);
  const upToDay = growth.kind === 'unknown' ? [] : points;
  const weekBefore = spanGrowth(upToDay.slice(0, -1), 7);
  return {
    count: upToDay.at(-1)?.count ?? null,
    growth,
    over7Days: spanGrowth(upToDay, 7),
    over30Days: spanGrowth(upToDay, 30),
    acceleration:
      growth.kind === 'rate' && weekBefore !== null
        ? growth.perDay - ((1 + weekBefore.rate) ** (1 / 7) - 1)
        : null,
  };
}

/** The daily rates between the known points of the 28 days before `day`, without the day itself. */
function usualRates(points: Point[], day: Day): number[] {
  const start = addDays(day, -BREAKOUT_DAYS);
  const recent = points.slice(-BREAKOUT_DAYS - 2);
  return recent.flatMap((point, i) => {
    const earlier = recent[i - 1];
    const isUsual = point.day >= start && point.day < day;
    return isUsual && earlier !== undefined && earlier.count > 0 ? [dailyRate(earlier, point)] : [];
  });
}

/** Median plus three robust standard deviations; infinite if the history is too short. */
function breakoutLimit(rates: number[]): number {
  if (rates.length < BREAKOUT_MIN_RATES) return Number.POSITIVE_INFINITY;
  const middle = median(rates);
  const deviations = rates.map((rate) => Math.abs(rate - middle));
  return middle + 3 * MAD_SCALE * median(deviations);
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? upper;
  return (lower + upper) / 2;
}

/** The ranks on the newest earlier day that has a snapshot. */
function ranksOnPreviousDay(seriesByHashtag: Map<string, Snapshot[]>, day: Day) {
  const before = [...seriesByHashtag].map(([hashtag, series]) => ({
    hashtag,
    series: series.at(-1)?.day === day ? series.slice(0, -1) : series,
  }));
  const previousDay =
    before
      .flatMap(({ series }) => series.at(-1)?.day ?? [])
      .sort()
      .at(-1) ?? day;
  const farthestDay = addDays(previousDay, -LOOK_BACK_DAYS);
  const standings = before
    .filter(({ series }) => series.at(-1)?.day === previousDay)
    .map(({ hashtag, series }) =>
      growthOfBoth(hashtag, (measure) => {
        const points = knownPoints(series, measure, farthestDay);
        return { count: points.at(-1)?.count ?? null, growth: computeGrowth(points, previousDay) };
      }),
    );
  return new Map(rankAll(standings).map(({ hashtag, rank }) => [hashtag, rank]));
}
