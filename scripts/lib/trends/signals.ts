import { type Day, dayNumber } from '../core/day.ts';
import { computeGrowth, type Growth, type Point } from './growth.ts';
import { measurePace, type Pace } from './surges.ts';

/**
 * What moves. `trending`: the day's growth is above the threshold. `surging`: lately it brought far
 * more than its own usual. `breakout`: surging, and trending on the day or in the two days before.
 * `cooling`: surging or trending in the last 14 days, and back at its usual since this day.
 */
export type Signal = 'breakout' | 'surging' | 'trending' | 'cooling';

/** From where on a hashtag is said to move. */
export type Sensitivity = {
  /** Daily growth above which a hashtag is trending. */
  trendingGrowthPercent: number;
  /** A hashtag is surging with at least so many times what a usual week brings. */
  surgeFactor: number;
};

/** What one measure of a hashtag did on a day on which its count is known. */
export type DaySignal = {
  day: Day;
  growth: Growth;
  signal: Signal | null;
  isTrending: boolean;
  /** The surge's, or else the pace of the last 3 days; null if there is no usual yet. */
  pace: Pace | null;
};

/** For so many days after a surge or a trend a hashtag can begin to cool. */
const COOLING_DAYS = 14;
/** A trend of so many days ago still makes a surge a breakout. */
const BREAKOUT_DAYS = 2;
/** Signals look back so many days: to a surge, over its week, and over four weeks and a gap. */
export const SIGNAL_LOOK_BACK_DAYS = COOLING_DAYS + 7 + 28 + 7;
/** Larger than floating-point noise, smaller than any change of a count. */
const EPSILON = 1e-9;

/**
 * The signals of all points from `first` on.
 * @param points of one measure of one hashtag, oldest first, from `SIGNAL_LOOK_BACK_DAYS` before
 *   `first` on, if there are so many
 */
export function findSignals(points: Point[], sensitivity: Sensitivity, first: Day): DaySignal[] {
  const readings = points.map(({ day, count }) => ({ dayNumber: dayNumber(day), count }));
  let moves: Move[] = []; // of the last 14 days
  const start = dayNumber(first) - COOLING_DAYS;
  return points.flatMap((point, index): DaySignal[] => {
    const number = readings[index]?.dayNumber ?? start;
    if (number < start) return [];
    const growth = computeGrowth(points.slice(Math.max(index - 1, 0), index + 1), point.day);
    const isTrending = isFast(growth, sensitivity);
    const { surge, recent } = measurePace(readings, index, sensitivity.surgeFactor);
    const move = { dayNumber: number, count: point.count, isTrending, surge, recent };
    const before = moves.filter((other) => number - other.dayNumber <= COOLING_DAYS);
    moves = [...before, move];
    if (point.day < first) return [];
    const signal = nameSignal(move, before);
    return [{ day: point.day, growth, signal, isTrending, pace: surge ?? recent }];
  });
}

/** True if a day's growth alone makes a hashtag trending. */
function isFast(growth: Growth, { trendingGrowthPercent }: Sensitivity): boolean {
  if (growth.kind !== 'rate' || growth.isWithinRounding) return false;
  return growth.perDay > trendingGrowthPercent / 100 + EPSILON;
}

/** What a day says by itself. */
type Move = {
  dayNumber: number;
  count: number;
  isTrending: boolean;
  surge: Pace | null;
  recent: Pace | null;
};

/** @param before the last 14 days before the move, oldest first */
function nameSignal(move: Move, before: Move[]): Signal | null {
  const isNear = (other: Move) => move.dayNumber - other.dayNumber <= BREAKOUT_DAYS;
  const wasTrending = before.some((other) => other.isTrending && isNear(other));
  if (move.surge !== null) return move.isTrending || wasTrending ? 'breakout' : 'surging';
  if (move.isTrending) return 'trending';
  return beginsToCool(move, before) ? 'cooling' : null;
}

/**
 * True on the first day after a surge or a trend on which the pace is at most the usual before it. The
 * usual is taken in proportion to the count, because a hashtag that has grown usually brings more.
 */
function beginsToCool(move: Move, before: Move[]): boolean {
  const lastIndex = before.findLastIndex(isMoving);
  const last = before[lastIndex];
  // A count that went back is a wild reading or a correction, and no campaign that stopped.
  if (last === undefined || move.count < last.count) return false;
  const first = before.find(isMoving);
  const pace = first?.surge ?? first?.recent ?? null;
  if (first === undefined || pace === null) return false;
  const usualPerDay = pace.usual / pace.days;
  const isUsual = ({ count, recent }: Move) =>
    recent !== null && recent.added <= usualPerDay * recent.days * (count / first.count);
  return isUsual(move) && !before.slice(lastIndex + 1).some(isUsual);
}

function isMoving({ isTrending, surge }: Move): boolean {
  return isTrending || surge !== null;
}
