import { addDays, type Day, daysUpTo } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';
import {
  computeGrowth,
  growthOfBoth,
  type HashtagGrowth,
  isPartOfDay,
  isRealChange,
  knownPoints,
  type MeasureGrowth,
  type Point,
  rankedMeasure,
  SPAN_TOLERANCE_DAYS,
  type SpanGrowth,
  spanGrowth,
} from './growth.ts';
import { rankAll } from './rank.ts';
import {
  type DaySignal,
  findSignals,
  type Sensitivity,
  SIGNAL_LOOK_BACK_DAYS,
  type Signal,
} from './signals.ts';
import type { Pace } from './surges.ts';

/** One measure of one hashtag on one day. */
export type MeasureTrend = MeasureGrowth & {
  /** Null if no snapshot is old enough, or if the newest of those is more than a week too old. */
  over7Days: SpanGrowth | null;
  over30Days: SpanGrowth | null;
  /**
   * The day's rate minus the mean daily rate of the 7 days before (fractions); null if unknown, as
   * after less than a day.
   */
  acceleration: number | null;
};

/** A hashtag on a day. */
export type Trend = HashtagGrowth<MeasureTrend> & {
  viewsPerVideo: number | null;
  /** 1 is the fastest growing; null if `rankedBy` is null. */
  rank: number | null;
  /**
   * Places gained since the previous day with snapshots, among the hashtags that are ranked on both
   * days; null unless it changed by more than rounding on both.
   */
  rankChange: number | null;
  /** True on the first day that has a rank. */
  isNewlyRanked: boolean;
  /** What moves; null on a usual day. */
  signal: Signal | null;
  /** What its previous reading showed; null if nothing, or if there is none. */
  signalBefore: Signal | null;
  isTrending: boolean;
  /** It would move, but has fewer than `minVideos` videos. */
  isTooSmall: boolean;
  /** What `rankedBy` brought lately, beside its usual; null if there is no usual yet. */
  pace: Pace | null;
  /** The counts of `rankedBy` (videos if null) of the last 30 days, oldest first; null is a gap. */
  last30Days: (number | null)[];
};

/** From where on a hashtag moves. One with fewer than `minVideos` videos never does. */
export type Threshold = Sensitivity & { minVideos: number };

/** The trends of a day need the counts of so many days before it. */
export const LOOK_BACK_DAYS = Math.max(30 + SPAN_TOLERANCE_DAYS, SIGNAL_LOOK_BACK_DAYS);

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
  const changes = rankChanges(today, growthOnPreviousDay(seriesByHashtag, day));
  return rankAll(today).map(({ points, ...figures }): Trend => {
    const { hashtag, rank } = figures;
    const countOn = new Map(points.slice(-30).map((point) => [point.day, point.count]));
    return {
      ...figures,
      rankChange: changes.get(hashtag) ?? null,
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
function judgeDay(hashtag: string, series: Snapshot[], day: Day, threshold: Threshold) {
  const farthestDay = addDays(day, -LOOK_BACK_DAYS);
  const allPoints = {
    videos: knownPoints(series, 'videos', farthestDay),
    views: knownPoints(series, 'views', farthestDay),
  };
  const trend = growthOfBoth(hashtag, (measure) => computeMeasure(allPoints[measure], day));
  const { videos, views, rankedBy } = trend;
  const points = rankedMeasure({ ...allPoints, rankedBy });
  const first = points.at(-2)?.day ?? day;
  const [found, before] = rankedBy === null ? [] : findSignals(points, threshold, first).reverse();
  return {
    ...trend,
    viewsPerVideo: videos.count && views.count !== null ? views.count / videos.count : null,
    ...withMinVideos(found, videos.count, threshold),
    signalBefore: withMinVideos(before, videos.count, threshold).signal,
    pace: found?.pace ?? null,
    points,
  };
}

/** The signal of a day, unless the hashtag has too few videos for one. */
export function withMinVideos(
  found: DaySignal | undefined,
  videoCount: number | null,
  { minVideos }: Threshold,
): Pick<Trend, 'signal' | 'isTrending' | 'isTooSmall'> {
  const { signal = null, isTrending = false } = found ?? {};
  const isTooSmall = minVideos > 0 && (videoCount ?? 0) < minVideos;
  if (!isTooSmall) return { signal, isTrending, isTooSmall };
  return { signal: null, isTrending: false, isTooSmall: signal !== null && signal !== 'cooling' };
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
      growth.kind === 'rate' && !isPartOfDay(growth) && weekBefore !== null
        ? growth.perDay - ((1 + weekBefore.rate) ** (1 / 7) - 1)
        : null,
  };
}

/** Places gained by the hashtags that have a rank, by a real change, on both days. */
function rankChanges(today: HashtagGrowth[], before: HashtagGrowth[]): Map<string, number> {
  const ranksAmong = (trends: HashtagGrowth[], others: HashtagGrowth[]) => {
    const names = new Set(others.flatMap((trend) => (trend.rankedBy ? [trend.hashtag] : [])));
    const ranked = rankAll(trends.filter(({ hashtag }) => names.has(hashtag)));
    return ranked.filter((trend) => isRealChange(rankedMeasure(trend).growth));
  };
  const earlier = new Map(ranksAmong(before, today).map(({ hashtag, rank }) => [hashtag, rank]));
  return new Map(
    ranksAmong(today, before).flatMap(({ hashtag, rank }): [string, number][] => {
      const rankBefore = earlier.get(hashtag) ?? null;
      return rank === null || rankBefore === null ? [] : [[hashtag, rankBefore - rank]];
    }),
  );
}

/** The growth of all hashtags on the newest earlier day that has a snapshot. */
function growthOnPreviousDay(seriesByHashtag: Map<string, Snapshot[]>, day: Day): HashtagGrowth[] {
  const before = [...seriesByHashtag].map(([hashtag, series]) => ({
    hashtag,
    series: series.at(-1)?.day === day ? series.slice(0, -1) : series,
  }));
  const previousDay =
    before
      .flatMap(({ series }) => series.at(-1)?.day ?? [])
      .sort()
      .at(-1) ?? day;
  return before
    .filter(({ series }) => series.at(-1)?.day === previousDay)
    .map(({ hashtag, series }) =>
      growthOfBoth(hashtag, (measure) => {
        const points = knownPoints(series, measure, previousDay); // the last two
        return { count: points.at(-1)?.count ?? null, growth: computeGrowth(points, previousDay) };
      }),
    );
}
