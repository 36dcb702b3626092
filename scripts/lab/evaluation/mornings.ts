import { type Day, dayNumber } from '../../lib/core/day.ts';
import type { Snapshot } from '../../lib/core/snapshot.ts';
import { countOf, growthOfBoth, knownPoints, type Measure } from '../../lib/trends/growth.ts';
import { findSignals, type Sensitivity, type Signal } from '../../lib/trends/signals.ts';
import type { DailyCounts } from './score.ts';

/** What the tracker says on each morning of a hashtag's history on which it says something. */
export type Mornings = {
  hashtag: string;
  /** Of the measure that is known on more days; videos if both are known on as many. */
  counts: DailyCounts;
  signals: { day: Day; signal: Signal }[];
};

/**
 * Finds the signals of all days as the day's own report does: by videos, or by views on days on
 * which the growth of videos is not known.
 * @param snapshots of one hashtag, oldest first
 */
export function liveMornings(
  hashtag: string,
  snapshots: Snapshot[],
  sensitivity: Sensitivity,
): Mornings {
  const first = snapshots[0]?.day;
  if (first === undefined) return { hashtag, counts: new Map(), signals: [] };
  const pointsOf = (measure: Measure) => knownPoints(snapshots, measure, first);
  const signalsOf = (measure: Measure) =>
    new Map(findSignals(pointsOf(measure), sensitivity, first).map((found) => [found.day, found]));
  const found = { videos: signalsOf('videos'), views: signalsOf('views') };
  const signals = snapshots.flatMap((snapshot) => {
    const { rankedBy } = growthOfBoth(hashtag, (measure) => ({
      count: countOf(snapshot, measure),
      growth: found[measure].get(snapshot.day)?.growth ?? { kind: 'unknown' },
    }));
    const signal = rankedBy === null ? null : (found[rankedBy].get(snapshot.day)?.signal ?? null);
    return signal === null ? [] : [{ day: snapshot.day, signal }];
  });
  const measure = found.views.size > found.videos.size ? 'views' : 'videos';
  const counts = new Map(pointsOf(measure).map(({ day, count }) => [dayNumber(day), count]));
  return { hashtag, counts, signals };
}

/** The days on which the tutorial's rule flags a hashtag: over 5 % more than in the row before. */
export function tutorialFlags(counts: DailyCounts): number[] {
  let before = 0;
  return [...counts].flatMap(([day, count]) => {
    const isFlag = before > 0 && (count - before) / before > 0.05;
    before = count;
    return isFlag ? [day] : [];
  });
}
