import { addDays, type Day } from '../core/day.ts';
import type { Period } from '../core/period.ts';
import type { Snapshot } from '../core/snapshot.ts';
import {
  computeGrowth,
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
import { type DaySignal, findSignals, type Signal } from './signals.ts';
import type { Pace } from './surges.ts';
import { groupByHashtag, LOOK_BACK_DAYS, type Threshold, withMinVideos } from './trends.ts';

/**
 * A hashtag in a week or month: its last known counts, each with its growth since the newest one
 * before the period, or, if that one is more than a week older, since the first one in the period.
 */
export type PeriodTrend = HashtagGrowth & {
  /** 1 is the fastest daily growth; null if `rankedBy` is null. */
  rank: number | null;
  /** The counts of `rankedBy` (videos if null) that the growth is computed from, by day. */
  countOn: Map<Day, number>;
  /** The days on which it moved, oldest first. */
  movingDays: MovingDay[];
};

/** What a hashtag did on a day, by the measure that it was ranked by on that day. */
export type MovingDay = {
  day: Day;
  growth: Growth;
  signal: Signal;
  isTrending: boolean;
  pace: Pace | null;
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
    movingDays: findMovingDays(series, period, threshold),
  };
}

/** The days of the period with a signal: the same as in the reports of these days. */
function findMovingDays(series: Snapshot[], { first }: Period, threshold: Threshold): MovingDay[] {
  const farthestDay = addDays(first, -LOOK_BACK_DAYS);
  const signalsOn = (measure: Measure) => {
    const signals = findSignals(knownPoints(series, measure, farthestDay), threshold, first);
    return new Map(signals.map((found) => [found.day, found]));
  };
  const videosOn = signalsOn('videos');
  const hasRate = (found: DaySignal | undefined) => found?.growth.kind === 'rate';
  const ofPeriod = series.filter(({ day }) => day >= first);
  const isEnough = ofPeriod.every(({ day }) => hasRate(videosOn.get(day)));
  const viewsOn = isEnough ? videosOn : signalsOn('views');
  return ofPeriod.flatMap(({ day, videoCount }): MovingDay[] => {
    const found = [videosOn.get(day), viewsOn.get(day)].find(hasRate);
    const { signal, isTrending } = withMinVideos(found, videoCount, threshold);
    if (found === undefined || signal === null) return [];
    const { growth, pace } = found;
    return [{ day, growth, signal, isTrending, pace }];
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
