import { addDays, type Day } from '../lib/core/day.ts';
import type { Snapshot } from '../lib/core/snapshot.ts';
import { computePeriodTrends, type MovingDay } from '../lib/trends/period-trends.ts';
import type { Signal } from '../lib/trends/signals.ts';
import { MOVE_MARKS } from '../lib/trends/trend-words.ts';
import type { Threshold, Trend } from '../lib/trends/trends.ts';

const STRENGTHS: Signal[] = ['breakout', 'surging', 'trending', 'cooling'];

/** 0 for the strongest signal; a usual day comes last. */
export function signalOrder({ signal }: Pick<Trend, 'signal'>): number {
  return signal === null ? STRENGTHS.length : STRENGTHS.indexOf(signal);
}

/** The days of a whole history on which the hashtag moved. */
export function findMovingDays(
  hashtag: string,
  snapshots: Snapshot[],
  threshold: Threshold,
): MovingDay[] {
  const [first, last] = [snapshots[0]?.day, snapshots.at(-1)?.day];
  if (first === undefined || last === undefined) return [];
  const life = { kind: 'month', name: hashtag, first: addDays(first, -1), last } as const;
  return computePeriodTrends(snapshots, life, () => threshold)[0]?.movingDays ?? [];
}

/** The days that stand out in a chart, with their marks. */
export function marksOf(days: MovingDay[]): Map<Day, string> {
  const rising = days.filter(({ signal }) => signal !== 'cooling');
  return new Map(rising.map(({ day, signal }) => [day, MOVE_MARKS[signal]]));
}
