import { addDays, type Day, daysBetween, daysUpTo } from './day.ts';
import type { Period } from './period.ts';
import { compareText } from './plain-text.ts';
import type { Snapshot } from './store.ts';

export type Measure = 'videos' | 'views';

/** How a count changed since the newest earlier day on which it was known. */
export type Growth =
  /** The day's count is not known. */
  | { kind: 'unknown' }
  /** There is no earlier count to compare with. */
  | { kind: 'first' }
  /** The earlier count was 0, so that there is no rate. */
  | { kind: 'from-zero'; added: number; days: number }
  | ({ kind: 'rate'; added: number; days: number; perDay: number } & Rounded);

/** `isWithinRounding`: the change is no larger than one step of TikTok's rounding. */
type Rounded = { isWithinRounding: boolean };

/** Growth over a span of days, a fraction (0.05 is +5 %). */
export type SpanGrowth = { rate: number } & Rounded;

/** A count, and how it changed. */
export type MeasureGrowth = { count: number | null; growth: Growth };

/** One measure of one hashtag on one day. */
export type MeasureTrend = MeasureGrowth & {
  /** Null where no snapshot is old enough, or the newest that is, is more than a week too old. */
  over7Days: SpanGrowth | null;
  over30Days: SpanGrowth | null;
  /** The day's rate less the mean daily rate of the 7 days before (fractions); null if unknown. */
  acceleration: number | null;
};

/** A hashtag on a day. */
export type Trend = {
  hashtag: string;
  videos: MeasureTrend;
  views: MeasureTrend;
  viewsPerVideo: number | null;
  /** Videos; views where no growth of videos can be told; null where neither can. */
  rankedBy: Measure | null;
  /** 1 is the fastest growing; null where `rankedBy` is. */
  rank: number | null;
  /** Places gained since the previous day with snapshots; null where it was not ranked then. */
  rankChange: number | null;
  /** True on the first day that has a rank. */
  isNewlyRanked: boolean;
  isTrending: boolean;
  /** Faster than its threshold, and not trending for want of videos. */
  isTooSmall: boolean;
  isBreakout: boolean;
  /** The middle of the hashtag's own daily rates of the last 28 days; null with fewer than 7. */
  usualPerDay: number | null;
  /** The counts of `rankedBy` (videos where null) of the last 30 days, oldest first; null is a gap. */
  last30Days: (number | null)[];
};

/** A hashtag in a week or month. */
export type PeriodTrend = {
  hashtag: string;
  /** The last known count, and its growth since the newest one before the period, which is at most a
   * week older than it, or else since the first one in it. */
  videos: MeasureGrowth;
  views: MeasureGrowth;
  /** As for a day. */
  rankedBy: Measure | null;
  /** 1 is the fastest growing a day; null where `rankedBy` is. */
  rank: number | null;
  /** The counts of `rankedBy` (videos where null) that the growth is told from, by day. */
  countOn: Map<Day, number>;
  /** On which days it was trending, oldest first. */
  trendingDays: TrendingDay[];
};

/** A day on which a hashtag was trending, and how fast it grew. */
export type TrendingDay = { day: Day; growth: Growth; isBreakout: boolean };

/** When a hashtag counts as trending: daily growth above `trendingGrowthPercent`, `minVideos` reached. */
export type Threshold = { trendingGrowthPercent: number; minVideos: number };

const SPAN_TOLERANCE_DAYS = 7;
const FARTHEST_LOOK_DAYS = 30 + SPAN_TOLERANCE_DAYS;
const BREAKOUT_DAYS = 28;
const BREAKOUT_MIN_RATES = 7;
/** Makes the median absolute deviation comparable to a standard deviation of normal data. */
const MAD_SCALE = 1.4826;
/** Above the noise of floating point, below anything that a count can show. */
const EPSILON = 1e-9;

/**
 * The trends of all hashtags that have a snapshot on the day, by rank, the unranked ones last.
 *
 * @param snapshots any history; snapshots after the day do not matter
 * @param thresholdOf the threshold of a hashtag
 */
export function computeTrends(
  snapshots: Snapshot[],
  day: Day,
  thresholdOf: (hashtag: string) => Threshold,
): Trend[] {
  const seriesByHashtag = groupByHashtag(snapshots, day);
  const ofDay = [...seriesByHashtag].filter(([, series]) => series.at(-1)?.day === day);
  const last30Days = daysUpTo(day, 30);
  const trends = ofDay.map(([hashtag, series]) =>
    computeTrend(hashtag, series, last30Days, thresholdOf(hashtag)),
  );

  const ranked = rank(trends);
  const ranksBefore = ranksOnPreviousDay(seriesByHashtag, day);
  for (const trend of trends) {
    const before = ranksBefore.get(trend.hashtag);
    if (before !== undefined && trend.rank !== null) trend.rankChange = before - trend.rank;
  }
  return ranked;
}

/**
 * The growth of all hashtags that have a snapshot in the period, by rank, the unranked ones last.
 *
 * @param snapshots as for a day
 * @param thresholdOf as for a day
 */
export function computePeriodTrends(
  snapshots: Snapshot[],
  period: Period,
  thresholdOf: (hashtag: string) => Threshold,
): PeriodTrend[] {
  const ofPeriod = [...groupByHashtag(snapshots, period.last)].filter(
    ([, series]) => (series.at(-1)?.day ?? '') >= period.first,
  );
  return rank(
    ofPeriod.map(([hashtag, series]) =>
      computePeriodTrend(hashtag, series, period, thresholdOf(hashtag)),
    ),
  );
}

/** The earliest day whose count the growth of a period can be told from. */
export function earliestStart({ first }: Period): Day {
  return addDays(first, -1 - SPAN_TOLERANCE_DAYS);
}

/** The measure that the trend is ranked by; videos where it is not ranked. */
export function rankedMeasure<M>(trend: { rankedBy: Measure | null; videos: M; views: M }): M {
  return trend[trend.rankedBy ?? 'videos'];
}

/** True for growth, or a fall, of more than rounding. */
export function isRealChange(growth: Growth): growth is Extract<Growth, { kind: 'rate' }> {
  return growth.kind === 'rate' && !growth.isWithinRounding && growth.added !== 0;
}

/** The days of the 30 up to `day` that have no snapshot at all, oldest first, from `firstDay` on. */
export function missingDays(
  snapshots: Snapshot[],
  day: Day,
  firstDay: Day,
  lookBackDays = 30,
): Day[] {
  const present = new Set(snapshots.map((snapshot) => snapshot.day));
  return daysUpTo(day, lookBackDays).filter((d) => d >= firstDay && !present.has(d));
}

/**
 * The step to which TikTok rounds a count of this size: exact below 10,000, 100 up to a million,
 * 100,000 up to a billion, 100,000,000 above. A count that is no multiple of its step is exact: 1.
 */
export function roundingStep(count: number): number {
  const step = count < 1e4 ? 1 : count < 1e6 ? 100 : count < 1e9 ? 1e5 : 1e8;
  return count % step === 0 ? step : 1;
}

type Series = Snapshot[];
type Point = { day: Day; count: number };

function groupByHashtag(snapshots: Snapshot[], lastDay: Day): Map<string, Series> {
  const groups = new Map<string, Series>();
  for (const snapshot of snapshots) {
    if (snapshot.day > lastDay) continue;
    const series = groups.get(snapshot.hashtag);
    if (series === undefined) groups.set(snapshot.hashtag, [snapshot]);
    else series.push(snapshot);
  }
  for (const series of groups.values()) {
    const isSorted = series.every((s, i) => i === 0 || (series[i - 1]?.day ?? '') <= s.day);
    if (!isSorted) series.sort((a, b) => compareText(a.day, b.day));
  }
  return groups;
}

function computeTrend(
  hashtag: string,
  series: Series,
  last30Days: Day[],
  threshold: Threshold,
): Trend {
  const { points, ...figures } = judgeDay(series, last30Days.at(-1) as Day, threshold);
  const countOn = new Map(points.slice(-30).map((point) => [point.day, point.count]));
  return {
    hashtag,
    ...figures,
    rank: null,
    rankChange: null,
    isNewlyRanked: figures.rankedBy !== null && points.length === 2,
    last30Days: last30Days.map((d) => countOn.get(d) ?? null),
  };
}

/** The figures of the series' last day, and the points of `rankedBy` that they are told from. */
function judgeDay(series: Series, day: Day, threshold: Threshold) {
  const farthestDay = addDays(day, -FARTHEST_LOOK_DAYS);
  const videoPoints = knownPoints(series, 'videos', farthestDay);
  const viewPoints = knownPoints(series, 'views', farthestDay);
  const videos = computeMeasure(videoPoints, day);
  const views = computeMeasure(viewPoints, day);
  const rankedBy = chooseMeasure(videos.growth, views.growth);
  const [points, { growth }] = rankedBy === 'views' ? [viewPoints, views] : [videoPoints, videos];
  const rates = usualRates(points, day);
  const usualPerDay = rates.length < BREAKOUT_MIN_RATES ? null : median(rates);
  const isFast =
    growth.kind === 'rate' &&
    !growth.isWithinRounding &&
    growth.perDay > threshold.trendingGrowthPercent / 100 + EPSILON;
  const isLarge = threshold.minVideos === 0 || (videos.count ?? 0) >= threshold.minVideos;
  const isTrending = isFast && isLarge;
  return {
    points,
    videos,
    views,
    viewsPerVideo:
      videos.count !== null && videos.count > 0 && views.count !== null
        ? views.count / videos.count
        : null,
    rankedBy,
    isTrending,
    isTooSmall: isFast && !isLarge,
    isBreakout:
      isTrending && growth.kind === 'rate' && growth.perDay > breakoutLimit(rates) + EPSILON,
    usualPerDay,
  };
}

function computePeriodTrend(
  hashtag: string,
  series: Series,
  period: Period,
  threshold: Threshold,
): PeriodTrend {
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
    rank: null,
    countOn: new Map(points.map(({ day, count }) => [day, count])),
    trendingDays: series.flatMap(({ day }, i) => {
      if (day < period.first || !hasJumped(series, i, threshold)) return [];
      const figures = judgeDay(series.slice(0, i + 1), day, threshold);
      const { isTrending, isBreakout } = figures;
      return isTrending ? [{ day, growth: rankedMeasure(figures).growth, isBreakout }] : [];
    }),
  };
}

/** True where a count grew by more than the threshold since the one before: a condition for trending. */
function hasJumped(series: Series, index: number, { trendingGrowthPercent }: Threshold): boolean {
  return (['videos', 'views'] as const).some((measure) => {
    const known = (snapshot: Snapshot, i: number) =>
      i < index && countOf(snapshot, measure) !== null;
    const [earlier, snapshot] = [series.findLast(known), series[index]];
    const before = earlier === undefined ? null : countOf(earlier, measure);
    const count = snapshot === undefined ? null : countOf(snapshot, measure);
    const factor = 1 + trendingGrowthPercent / 100;
    return before !== null && count !== null && count > before * factor;
  });
}

/** The known points of the period, after the one that they are compared with, if any. */
function periodPoints(series: Series, measure: Measure, period: Period): Point[] {
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

function chooseMeasure(videos: Growth, views: Growth): Measure | null {
  if (videos.kind === 'rate') return 'videos';
  return views.kind === 'rate' ? 'views' : null;
}

/** The days, oldest first, on which the count is known: back to the newest before `farthestDay`. */
function knownPoints(series: Series, measure: Measure, farthestDay: Day): Point[] {
  const points: Point[] = [];
  for (const snapshot of series.toReversed()) {
    const { day } = snapshot;
    const count = countOf(snapshot, measure);
    if (count === null) continue;
    points.push({ day, count });
    if (points.length > 1 && day < farthestDay) break;
  }
  return points.reverse();
}

function countOf({ videoCount, viewCount }: Snapshot, measure: Measure): number | null {
  return measure === 'videos' ? videoCount : viewCount;
}

function computeMeasure(points: Point[], day: Day): MeasureTrend {
  const growth = computeGrowth(points, day);
  if (growth.kind === 'unknown') {
    return { count: null, growth, over7Days: null, over30Days: null, acceleration: null };
  }
  const weekBefore = spanGrowth(points.slice(0, -1), 7);
  return {
    count: points.at(-1)?.count ?? null,
    growth,
    over7Days: spanGrowth(points, 7),
    over30Days: spanGrowth(points, 30),
    acceleration:
      growth.kind === 'rate' && weekBefore !== null
        ? growth.perDay - ((1 + weekBefore.rate) ** (1 / 7) - 1)
        : null,
  };
}

/** Growth of the last point, if that is the day's, since the one before. */
function computeGrowth(points: Point[], day: Day | null): Growth {
  const [earlier, last] = [points.at(-2), points.at(-1)];
  if (last === undefined || last.day !== day) return { kind: 'unknown' };
  if (earlier === undefined) return { kind: 'first' };
  const added = last.count - earlier.count;
  const days = daysBetween(earlier.day, last.day);
  if (earlier.count === 0) return { kind: 'from-zero', added, days };
  return {
    kind: 'rate',
    added,
    days,
    perDay: dailyRate(earlier, last),
    isWithinRounding: isWithinRounding(earlier.count, last.count),
  };
}

/** The rate that, compounded daily, leads from the one count to the other. */
function dailyRate(earlier: Point, later: Point): number {
  return (later.count / earlier.count) ** (1 / daysBetween(earlier.day, later.day)) - 1;
}

function isWithinRounding(a: number, b: number): boolean {
  const step = Math.max(roundingStep(a), roundingStep(b));
  return step > 1 && Math.abs(a - b) <= step;
}

/**
 * Growth over exactly `days` days up to the last point: from the newest point that is as old, its
 * rate compounded to `days` where it is up to a week older.
 */
function spanGrowth(points: Point[], days: number): SpanGrowth | null {
  const last = points.at(-1);
  if (last === undefined) return null;
  const latestStart = addDays(last.day, -days);
  const start = points.findLast((point) => point.day <= latestStart);
  if (start === undefined || start.count === 0) return null;
  if (daysBetween(start.day, latestStart) > SPAN_TOLERANCE_DAYS) return null;
  return {
    rate: (1 + dailyRate(start, last)) ** days - 1,
    isWithinRounding: isWithinRounding(start.count, last.count),
  };
}

/** The daily rates between the known points of the 28 days before `day`, the day itself left out. */
function usualRates(points: Point[], day: Day): number[] {
  const start = addDays(day, -BREAKOUT_DAYS);
  const recent = points.slice(-BREAKOUT_DAYS - 2);
  return recent.flatMap((point, i) => {
    const earlier = recent[i - 1];
    const isUsual = point.day >= start && point.day < day;
    return isUsual && earlier !== undefined && earlier.count > 0 ? [dailyRate(earlier, point)] : [];
  });
}

/** Median plus three robust standard deviations; out of reach where the history is too short. */
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

/** Ranks the trends that have a rate, fastest first; the others follow by name. */
function rank<T extends Trend | PeriodTrend>(trends: T[]): T[] {
  const ranked = trends
    .filter((trend) => trend.rankedBy !== null)
    .sort((a, b) => compareStandings(standingOf(a), standingOf(b)));
  ranked.forEach((trend, index) => {
    trend.rank = index + 1;
  });
  const unranked = trends.filter((trend) => trend.rankedBy === null);
  return [...ranked, ...unranked.sort((a, b) => compareText(a.hashtag, b.hashtag))];
}

type Standing = { hashtag: string; rate: number; count: number };

function standingOf(trend: Trend | PeriodTrend): Standing {
  const { growth, count } = rankedMeasure<MeasureGrowth>(trend);
  return { hashtag: trend.hashtag, rate: rankedRate(growth), count: count ?? 0 };
}

function compareStandings(a: Standing, b: Standing): number {
  return b.rate - a.rate || b.count - a.count || compareText(a.hashtag, b.hashtag);
}

/** A change within rounding counts as none. */
function rankedRate(growth: Growth): number {
  return growth.kind === 'rate' && !growth.isWithinRounding ? growth.perDay : 0;
}

function ranksOnPreviousDay(seriesByHashtag: Map<string, Series>, day: Day): Map<string, number> {
  const before = [...seriesByHashtag].map(([hashtag, series]): [string, Series] => [
    hashtag,
    series.at(-1)?.day === day ? series.slice(0, -1) : series,
  ]);
  let previousDay: Day | null = null;
  for (const [, series] of before) {
    const last = series.at(-1)?.day ?? null;
    if (last !== null && (previousDay === null || last > previousDay)) previousDay = last;
  }
  const standings = before.flatMap(([hashtag, series]): Standing[] => {
    if (previousDay === null || series.at(-1)?.day !== previousDay) return [];
    const farthestDay = addDays(previousDay, -FARTHEST_LOOK_DAYS);
    const pointsOf = {
      videos: knownPoints(series, 'videos', farthestDay),
      views: knownPoints(series, 'views', farthestDay),
    };
    const growthOf = (measure: Measure) => computeGrowth(pointsOf[measure], previousDay);
    const measure = chooseMeasure(growthOf('videos'), growthOf('views'));
    if (measure === null) return [];
    const count = pointsOf[measure].at(-1)?.count ?? 0;
    return [{ hashtag, rate: rankedRate(growthOf(measure)), count }];
  });
  return new Map(
    standings.sort(compareStandings).map(({ hashtag }, index) => [hashtag, index + 1]),
  );
}
