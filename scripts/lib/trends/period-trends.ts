import { addDays, type Day } from '../core/day.ts';
import type { Period } from '../core/period.ts';
import type { Snapshot } from '../core/snapshot.ts';
import {
  chooseMeasure,
  computeGrowth,
  countOf,
  type Growth,
  knownPoints,
  type Measure,
  type MeasureGrowth,
  type Point,
  rankedMeasure,
  SPAN_TOLERANCE_DAYS,
} from './growth.ts';
import { rankOf, sortByRank } from './rank.ts';
import { groupByHashtag, isTrending, judgeDay, type Threshold } from './trends.ts';

/** A hashtag in a week or month. */
export type PeriodTrend = {
  hashtag: string;
  /** The last known count, and its growth since the newest one before the period, or, where that
   * is more than a week older than the period, since the first one in it. */
  videos: MeasureGrowth;
  views: MeasureGrowth;
  /** As for a day. */
  rankedBy: Measure | null;
  /** 1 is the fastest growing a day; null where `rankedBy` is. */
  rank: number | null;
  /** The counts of `rankedBy` (videos where null) that the growth is computed from, by day. */
  countOn: Map<Day, number>;
  /** The days on which it was trending, oldest first. */
  trendingDays: TrendingDay[];
};

/** A day on which a hashtag was trending, and how fast it grew. */
export type TrendingDay = { day: Day; growth: Growth; isBreakout: boolean };

/**
 * The growth of all hashtags that have a snapshot in the period, by rank, the unranked ones last.
 * @param snapshots any history; snapshots after the period are ignored
 * @param thresholdOf the threshold of a hashtag
 */
export function computePeriodTrends(
  snapshots: Snapshot[],
  period: Period,
  thresholdOf: (hashtag: string) => Threshold,
): PeriodTrend[] {
  const trends = [...groupByHashtag(snapshots, period.last)]
    .filter(([, series]) => (series.at(-1)?.day ?? '') >= period.first)
    .map(([hashtag, series]) => computePeriodTrend(hashtag, series, period, thresholdOf(hashtag)));
  const ranks = rankOf(trends);
  return sortByRank(trends).map((trend) => ({ ...trend, rank: ranks.get(trend.hashtag) ?? null }));
}

/** The earliest day from which the growth of a period can be measured. */
export function earliestStart({ first }: Period): Day {
  return addDays(first, -1 - SPAN_TOLERANCE_DAYS);
}

function computePeriodTrend(
  hashtag: string,
  series: Snapshot[],
  period: Period,
  threshold: Threshold,
): Omit<PeriodTrend, 'rank'> {
  const videoPoints = periodPoints(series, 'videos', period);
  const viewPoints = periodPoints(series, 'views', period);
  const videos = computePeriodMeasure(videoPoints);
  const views = computePeriodMeasure(viewPoints);
  const rankedBy = chooseMeasure(videos.growth, views.growth);
  const points = rankedBy === 'views' ? viewPoints : videoPoints;
  return {
    hashtag,
    videos,
    views,
    rankedBy,
    countOn: new Map(points.map(({ day, count }) => [day, count])),
    trendingDays: series.flatMap(({ day }, i) => {
      if (day < period.first || !hasJumped(series, i, threshold)) return [];
      const figures = judgeDay(hashtag, series.slice(0, i + 1), day, threshold);
      const isBreakout = figures.verdict === 'breakout';
      const { growth } = rankedMeasure(figures);
      return isTrending(figures) ? [{ day, growth, isBreakout }] : [];
    }),
  };
}

/** A quick first look: true where a count grew by more than the threshold since the one before. */
function hasJumped(
  series: Snapshot[],
  index: number,
  { trendingGrowthPercent }: Threshold,
): boolean {
  return (['videos', 'views'] as const).some((measure) => {
    const isEarlier = (snapshot: Snapshot, i: number) =>
      i < index && countOf(snapshot, measure) !== null;
    const [earlier, snapshot] = [series.findLast(isEarlier), series[index]];
    const before = earlier === undefined ? null : countOf(earlier, measure);
    const count = snapshot === undefined ? null : countOf(snapshot, measure);
    const factor = 1 + trendingGrowthPercent / 100;
    return before !== null && count !== null && count > before * factor;
  });
}

/** The known points of the period, after the one that they are compared with, if any. */
function periodPoints(series: Snapshot[], measure: Measure, period: Period): Point[] {
  const points = knownPoints(series, measure, period.first);
  const inPeriod = points.filter((point) => point.day >= period.first);
  const before = points.findLast((point) => point.day < period.first);
  const isNear = before !== undefined && before.day >= earliestStart(period);
  return isNear && inPeriod.length > 0 ? [before, ...inPeriod] : inPeriod;
}

function computePeriodMeasure(points: Point[]): MeasureGrowth {
  const [start, end] = [points[0], points.at(-1)];
  if (start === undefined || end === undefined) return { count: null, growth: { kind: 'unknown' } };
  const growth = computeGrowth(points.length === 1 ? [end] : [start, end], end.day);
  return { count: end.count, growth };
}
