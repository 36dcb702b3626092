/** What a run says about the hashtags that it captured. */
export type DayRun = {
  /** ISO 8601 in UTC; null if it is not known. */
  finishedAt: string | null;
  /** How many hashtags it captured. */
  stored: number;
  failed: Set<string>;
  /** The hashtags whose counts it replaced. */
  corrected: Set<string>;
};

/**
 * When the run ended that captured each snapshot of a day, for those of which the runs leave no
 * doubt. The database does not say which run captured a snapshot. But if a run captured as many
 * hashtags as it can have captured, it captured those.
 * @param runs those of the day, in the order in which they started
 */
export function findCapturedAt(hashtags: string[], runs: DayRun[]): Map<string, string> {
  const capturedAt = new Map<string, string>();
  const lastFailure = new Map<string, number>();
  runs.forEach(({ failed }, i) => {
    for (const hashtag of failed) lastFailure.set(hashtag, i);
  });
  let left = hashtags;
  runs.forEach(({ finishedAt, stored, corrected }, i) => {
    // Whatever a later run failed to capture was not there yet.
    const isPossible = (hashtag: string) => (lastFailure.get(hashtag) ?? -1) < i;
    const possible = new Set(left.filter(isPossible));
    const again = [...corrected].filter((hashtag) => !possible.has(hashtag));
    const most = hashtags.filter(isPossible).length;
    if (stored !== possible.size + again.length && stored !== most) return;
    for (const hashtag of possible) if (finishedAt !== null) capturedAt.set(hashtag, finishedAt);
    left = left.filter((hashtag) => !possible.has(hashtag));
  });
  for (const { finishedAt, corrected } of runs) {
    for (const hashtag of corrected) {
      if (finishedAt === null) capturedAt.delete(hashtag);
      else capturedAt.set(hashtag, finishedAt);
    }
  }
  return capturedAt;
}
