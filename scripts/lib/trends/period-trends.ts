import { addDays, type Day } from '../core/day.ts';
import type { Period } from '../core/period.ts';
import type { Snapshot } from '../core/snapshot.ts';
import {
  computeGrowth,
  countOf,
  type Growth,
  growthOfBoth,
  type HashtagGrowth,
  knownPoints,
  type Measure,
  type MeasureGrowth,
  type Point,
  rankedMeasure,
  SPAN_TOLERANCE_DAYS,
} from './growth.ts';
import { rankAll } from './rank.ts';
import { groupByHashtag, isTrending, judgeDay, type Threshold } from './trends.ts';

/**
 * A hashtag in a week or month: its last known counts, each with its growth since the newest one
 * before the period, or, if that one is more than a week older, since the first one in the period.
 */
export type PeriodTrend = HashtagGrowth & {
  /** 1 is the fastest daily growth; null if `rankedBy` is null. */
  rank: number | null;
  /** The counts of `rankedBy` (videos if null) that the growth is computed from, by day. */
  countOn: Map<Day, number>;
  /** The days on which it was trending, oldest first. */
  trendingDays: { day: Day; growth: Growth; isBreakout: boolean }[];
};

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
  return rankAll(trends);
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
  const videos = periodPoints(series, 'videos', period);
  const views = periodPoints(series, 'views', period);
  const points = { videos, views };
  const growth = growthOfBoth(hashtag, (measure) => computePeriodMeasure(points[measure]));
  const ranked = rankedMeasure({ ...points, rankedBy: growth.rankedBy });
  return {
    ...growth,
    countOn: new Map(ranked.map(({ day, count }) => [day, count])),
    trendingDays: series.flatMap(({ day }, i) => {
      const upToDay = series.slice(0, i + 1);
      if (day < period.first || !hasJumped(upToDay, threshold)) return [];
      const figures = judgeDay(hashtag, upToDay, day, threshold);
      const isBreakout = figures.verdict === 'breakout';
      const { growth } = rankedMeasure(figures);
      return isTrending(figures) ? [{ day, growth, isBreakout }] : [];
    }),
  };
}

/** A quick first check: true if a last count is above the one before by more than the threshold. */
function hasJumped(series: Snapshot[], { trendingGrowthPercent }: Threshold): boolean {
  return (['videos', 'views'] as const).some((measure) => {
    const counts = series.map((snapshot) => countOf(snapshot, measure));
    const count = counts.pop() ?? null;
    const before = counts.findLast((earlier) => earlier !== null) ?? null;
    const factor = 1 + trendingGrowthPercent / 100;
    return before !== null && count !== null && count > before * factor;
  });
}

/** The known points of the period, preceded by the one that they are compared with, if any. */
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
