import type { Snapshot } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';
import type { DayState, Turn } from './day-state.ts';
import { changeOf, countOf, isRealChange, type Measure, rankedMeasure } from './growth.ts';
import type { Trend } from './trends.ts';

/** What moved on a day, strongest first. `turn`: TikTok has got or lost the hashtag. */
export const MOVE_KINDS = [
  'breakout',
  'surging',
  'trending',
  'falling',
  'cooling',
  'turn',
  'milestone',
] as const;

/** One hashtag that moved, and how. `milestone` is the round count that it passed on this day. */
export type Move =
  | { kind: 'turn'; hashtag: string; turn: Turn }
  | {
      kind: Exclude<(typeof MOVE_KINDS)[number], 'turn'>;
      hashtag: string;
      trend: Trend;
      milestone: number | null;
    };

/** A hashtag falls if it loses at least this share a day. */
const FALL_PER_DAY = 0.01;
const EPSILON = 1e-9; // larger than floating-point noise
const SMALLEST_MILESTONE = 10_000;

/** What the moves of a day are found in; a `DayReport` has it all. */
type DayOfMoves = {
  trends: Trend[];
  state: Pick<DayState, 'turns'>;
  /** The snapshots up to the day. */
  history: Snapshot[];
};

/**
 * What moved on a day: breakouts, surges, trends, real falls (at least 1 % a day, and more than
 * rounding), what cools, what TikTok has got or lost, and milestones (1, 2 and 5 × 10ⁿ from 10,000).
 * Within a kind by the multiple of its usual, then by the rate. Except for turns, a hashtag is
 * listed once, with its strongest kind.
 */
export function findMoves({ trends, state, history }: DayOfMoves): Move[] {
  const ofTrends = trends.flatMap((trend): Move[] => {
    const { hashtag } = trend;
    const milestone = findMilestone(trend, history);
    const kind = kindOf(trend) ?? (milestone === null ? null : 'milestone');
    return kind === null ? [] : [{ kind, hashtag, trend, milestone }];
  });
  const turns = state.turns.map((turn): Move => ({ kind: 'turn', hashtag: turn.hashtag, turn }));
  return [...ofTrends, ...turns].sort(compareMoves);
}

function kindOf({ signal, ...trend }: Trend): 'falling' | Trend['signal'] {
  if (signal !== null && signal !== 'cooling') return signal;
  const { growth } = rankedMeasure(trend);
  const isFall = isRealChange(growth) && growth.perDay <= -FALL_PER_DAY + EPSILON;
  return isFall ? 'falling' : signal;
}

/** The largest milestone that lies between the two counts, unless an older count had reached it. */
function findMilestone(trend: Trend, history: Snapshot[]): number | null {
  const { count, growth } = rankedMeasure(trend);
  const change = changeOf(growth);
  if (count === null || change === null || change.added <= 0) return null;
  const milestone = largestMilestoneUpTo(count);
  if (milestone === null || count - change.added >= milestone) return null;
  const measure: Measure = trend.rankedBy ?? 'videos';
  const reached = history.filter(
    (snapshot) =>
      snapshot.hashtag === trend.hashtag && (countOf(snapshot, measure) ?? 0) >= milestone,
  );
  return reached.length === 1 ? milestone : null; // one is the day's own
}

function largestMilestoneUpTo(count: number): number | null {
  if (count < SMALLEST_MILESTONE) return null;
  const power = 10 ** (String(count).length - 1);
  return ([5, 2].find((factor) => factor * power <= count) ?? 1) * power;
}

function compareMoves(a: Move, b: Move): number {
  const byKind = MOVE_KINDS.indexOf(a.kind) - MOVE_KINDS.indexOf(b.kind);
  if (byKind !== 0) return byKind;
  if (a.kind === 'turn' || b.kind === 'turn') return compareText(a.hashtag, b.hashtag);
  if (a.kind === 'falling') return rateOf(a.trend) - rateOf(b.trend);
  const [first, second] = [timesOf(a.trend), timesOf(b.trend)];
  if (first !== second) return second > first ? 1 : -1;
  return rateOf(b.trend) - rateOf(a.trend) || compareText(a.hashtag, b.hashtag);
}

/** Beside a usual of nothing, any gain is infinitely many times as much. */
function timesOf({ pace }: Trend): number {
  if (pace === null) return Number.NEGATIVE_INFINITY;
  return pace.timesUsual ?? Number.POSITIVE_INFINITY;
}

function rateOf(trend: Trend): number {
  const { growth } = rankedMeasure(trend);
  return growth.kind === 'rate' ? growth.perDay : Number.POSITIVE_INFINITY;
}
