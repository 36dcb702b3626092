import type { Day } from '../lib/core/day.ts';
import { addDays } from '../lib/core/day.ts';
import type { Snapshot } from '../lib/core/snapshot.ts';
import { computePeriodTrends } from '../lib/trends/period-trends.ts';
import { trendMark } from '../lib/trends/trend-words.ts';
import { isTrending, type Threshold, type Trend } from '../lib/trends/trends.ts';
import type { SignalDay } from './data/messages.ts';

/** Why a hashtag stands out on a day: a word, and the mark before it. The strongest has 0. */
export type Signal = { word: string; mark: string; order: number };

/** The signal of a hashtag on its newest day; null on a usual day. */
export function signalOf(trend: Trend): Signal | null {
  if (!isTrending(trend)) return null;
  const isBreakout = trend.verdict === 'breakout';
  return { word: trend.verdict, mark: trendMark(trend), order: isBreakout ? 0 : 1 };
}

/** The days of a whole history that had a signal. */
export function signalDays(
  hashtag: string,
  snapshots: Snapshot[],
  threshold: Threshold,
): SignalDay[] {
  const [first, last] = [snapshots[0]?.day, snapshots.at(-1)?.day];
  if (first === undefined || last === undefined) return [];
  const life = { kind: 'month', name: hashtag, first: addDays(first, -1), last } as const;
  return computePeriodTrends(snapshots, life, () => threshold)[0]?.trendingDays ?? [];
}

/** The marks of the days that had a signal. */
export function marksOf(days: SignalDay[]): Map<Day, string> {
  return new Map(
    days.map(({ day, isBreakout }) => [
      day,
      trendMark({ verdict: isBreakout ? 'breakout' : 'trending' }),
    ]),
  );
}
