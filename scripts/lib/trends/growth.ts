import type { Counts } from '../core/count.ts';
import { addDays, type Day, daysBetween } from '../core/day.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { isWithinRounding } from './rounding.ts';

export type Measure = 'videos' | 'views';

/** `isWithinRounding`: the change is no larger than one step of TikTok's rounding. */
type Rounded = { isWithinRounding: boolean };

/** How a count changed since the newest earlier day on which it was known. */
export type Growth =
  /** The day's count is not known. */
  | { kind: 'unknown' }
  /** There is no earlier count to compare with. */
  | { kind: 'first' }
  /** The earlier count was 0, so there is no rate. */
  | ({ kind: 'from-zero' } & Change)
  /** `perDay` is a fraction: 0.05 is +5 % a day. In less than a day: of that time. */
  | ({ kind: 'rate'; perDay: number } & Change & Rounded);

/** How many were added from one reading to another. */
export type Change = Elapsed & { added: number };

/** The time between two readings. */
export type Elapsed = {
  /** By the calendar. */
  days: number;
  /** By the clock; null if that is not known. */
  hours: number | null;
};

/** Growth over a span of days, as a fraction: 0.05 is +5 %. */
export type SpanGrowth = { rate: number } & Rounded;

/** A count, and how it changed. */
export type MeasureGrowth = { count: number | null; growth: Growth };

/** A hashtag's growth in both measures, and the one that it is ranked by. */
export type HashtagGrowth<M extends MeasureGrowth = MeasureGrowth> = {
  hashtag: string;
  videos: M;
  views: M;
  /** Videos, or views if the growth of videos is unknown; null if both are. */
  rankedBy: Measure | null;
};

/** A day on which a count is known, and when it was captured (Unix milliseconds), if that is known. */
export type Point = { day: Day; count: number; capturedAt?: number | null };

/** A span may be measured from a count that is up to this much older than the span. */
export const SPAN_TOLERANCE_DAYS = 7;

/** The measure that a hashtag is ranked by; videos if it is not ranked. */
export function rankedMeasure<M>(trend: { rankedBy: Measure | null; videos: M; views: M }): M {
  return trend[trend.rankedBy ?? 'videos'];
}

/** Computes a hashtag's growth in both measures, and the measure that it is ranked by. */
export function growthOfBoth<M extends MeasureGrowth>(
  hashtag: string,
  growthOf: (measure: Measure) => M,
): HashtagGrowth<M> {
  const [videos, views] = [growthOf('videos'), growthOf('views')];
  const otherwise = views.growth.kind === 'rate' ? 'views' : null;
  return { hashtag, videos, views, rankedBy: videos.growth.kind === 'rate' ? 'videos' : otherwise };
}

/** True if the count grew or fell by more than rounding. */
export function isRealChange(growth: Growth): growth is Extract<Growth, { kind: 'rate' }> {
  return growth.kind === 'rate' && !growth.isWithinRounding && growth.added !== 0;
}

/** How many were added, in how many days; null if that is unknown. */
export function changeOf(growth: Growth): Change | null {
  return growth.kind === 'rate' || growth.kind === 'from-zero' ? growth : null;
}

export function countOf({ videoCount, viewCount }: Counts, measure: Measure): number | null {
  return measure === 'videos' ? videoCount : viewCount;
}

/**
 * The days on which the count is known, oldest first, back to the newest one before `farthestDay`.
 * @param snapshots of one hashtag, oldest first
 */
export function knownPoints(snapshots: Snapshot[], measure: Measure, farthestDay: Day): Point[] {
  const points: Point[] = [];
  for (const snapshot of snapshots.toReversed()) {
    const { day, capturedAt = null } = snapshot;
    const count = countOf(snapshot, measure);
    if (count === null) continue;
    points.push({ day, count, capturedAt });
    if (points.length > 1 && day < farthestDay) break;
  }
  return points.reverse();
}

/** Growth between the last two points; unknown if the last point is of another day. */
export function computeGrowth(points: Point[], day: Day): Growth {
  const [earlier, last] = [points.at(-2), points.at(-1)];
  if (last === undefined || last.day !== day) return { kind: 'unknown' };
  if (earlier === undefined) return { kind: 'first' };
  const added = last.count - earlier.count;
  const change = { added, ...elapsedBetween(earlier, last) };
  if (earlier.count === 0) return { kind: 'from-zero', ...change };
  return {
    kind: 'rate',
    ...change,
    perDay: dailyRate(earlier, last),
    isWithinRounding: isWithinRounding(earlier.count, last.count),
  };
}

/**
 * The rate that, compounded daily, leads from one count to the other. In less than a day it is the
 * rate of that time, because what the rest of the day brings is not known.
 */
export function dailyRate(earlier: Point, later: Point): number {
  return (later.count / earlier.count) ** (1 / rateDays(elapsedBetween(earlier, later))) - 1;
}

/** A whole number of days may be so many hours shorter or longer: late runs, and summer time. */
export const TOLERANCE_HOURS = 2.4;
const HOUR_MS = 3_600_000;

/**
 * The hours between two readings if they are not what the days say, which a text about them has to
 * mention; null on a usual morning, and if the hours are not known.
 */
export function oddHours({ days, hours }: Elapsed): number | null {
  return hours === null || Math.abs(hours - 24 * days) <= TOLERANCE_HOURS ? null : hours;
}

/** True if the readings are less than a day apart, even with the tolerance. */
export function isPartOfDay({ hours }: Elapsed): boolean {
  return hours !== null && hours < 24 - TOLERANCE_HOURS;
}

/** How many days a rate is divided by: a whole number, unless the hours say otherwise; at least 1. */
function rateDays(elapsed: Elapsed): number {
  const { days, hours } = elapsed;
  if (hours === null) return days;
  if (isPartOfDay(elapsed)) return 1;
  const nearest = Math.max(Math.round(hours / 24), 1);
  return Math.abs(hours - 24 * nearest) <= TOLERANCE_HOURS ? nearest : hours / 24;
}

function elapsedBetween(earlier: Point, later: Point): Elapsed {
  const days = daysBetween(earlier.day, later.day);
  const ms = (later.capturedAt ?? Number.NaN) - (earlier.capturedAt ?? Number.NaN);
  return { days, hours: ms > 0 ? ms / HOUR_MS : null }; // a clock that went back says nothing
}

/**
 * Growth over exactly `days` days up to the last point, from the newest point that is old enough.
 * If that point is up to a week older, its rate is compounded to `days`. Null if there is none.
 */
export function spanGrowth(points: Point[], days: number): SpanGrowth | null {
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
