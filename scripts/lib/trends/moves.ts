import type { Counts } from '../core/count.ts';
import type { Day } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import type { DayRecord, Snapshot } from '../core/snapshot.ts';
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
  /** The highest counts ever before the day, of the hashtags that pass a milestone on it. */
  peaks: DayRecord['peaks'];
};

/**
 * What moved on a day: breakouts, surges, trends, real falls (at least 1 % a day, and more than
 * rounding), what cools, what TikTok has got or lost, and milestones.
 * Within a kind by the multiple of its usual, then by the rate. Except for turns, a hashtag is
 * listed once, with its strongest kind.
 */
export function findMoves({ trends, state, history, peaks }: DayOfMoves): Move[] {
  const milestones = findMilestones(trends, [...history, ...peaks]);
  const ofTrends = trends.flatMap((trend): Move[] => {
    const { hashtag } = trend;
    const milestone = milestones.get(hashtag) ?? null;
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

/**
 * The hashtags of the day that pass a milestone in one of their counts, as far as the history says.
 * @param history oldest first
 */
export function hashtagsAtMilestone(history: Snapshot[], day: Day): string[] {
  const isAt = (series: Snapshot[]) =>
    (['videos', 'views'] as const).some((measure) => {
      const counts = series.flatMap((snapshot) => countOf(snapshot, measure) ?? []);
      const count = counts.pop() ?? 0;
      return counts.length > 0 && passedMilestone(Math.max(...counts), count) !== null;
    });
  return [...groupBy(history, ({ hashtag }) => hashtag)]
    .filter(([, series]) => series.at(-1)?.day === day && isAt(series))
    .map(([hashtag]) => hashtag);
}

/**
 * For each hashtag the largest milestone that lies between its two counts, unless an older count had
 * reached it.
 */
function findMilestones(
  trends: Trend[],
  counts: ({ hashtag: string } & Counts)[],
): Map<string, number> {
  const passing = trends.flatMap((trend) => {
    const { count, growth } = rankedMeasure(trend);
    const change = changeOf(growth);
    if (count === null || change === null) return [];
    const milestone = passedMilestone(count - change.added, count);
    const measure: Measure = trend.rankedBy ?? 'videos';
    return milestone === null ? [] : [{ hashtag: trend.hashtag, milestone, measure }];
  });
  const names = new Set(passing.map(({ hashtag }) => hashtag));
  const countsOf = groupBy(
    counts.filter(({ hashtag }) => names.has(hashtag)),
    ({ hashtag }) => hashtag,
  );
  const isFirst = ({ hashtag, milestone, measure }: (typeof passing)[number]) =>
    (countsOf.get(hashtag) ?? []).filter((other) => (countOf(other, measure) ?? 0) >= milestone)
      .length === 1; // one is the day's own
  return new Map(passing.filter(isFirst).map(({ hashtag, milestone }) => [hashtag, milestone]));
}

/** The largest milestone above `before` and up to `count`. */
function passedMilestone(before: number, count: number): number | null {
  let passed: number | null = null;
  for (let next = nextMilestone(before); next <= count; next = nextMilestone(next)) passed = next;
  return passed;
}

/** The smallest milestone above the count. Milestones are 1, 2 and 5 × 10ⁿ, from 10,000. */
export function nextMilestone(count: number): number {
  for (let power = SMALLEST_MILESTONE; ; power *= 10) {
    const next = [power, 2 * power, 5 * power].find((milestone) => milestone > count);
    if (next !== undefined) return next;
  }
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
