import { type Day, daysUpTo } from '../core/day.ts';
import type { DayRecord, Failure, Snapshot } from '../core/snapshot.ts';

/** What became of the hashtags of a day. Each is in one of the three. */
export type DayState = {
  captured: Set<string>;
  /** TikTok does not have them: nothing is missing. */
  absent: Failure[];
  /** A later run of the day asks for them again. */
  missed: Failure[];
};

/**
 * True where the day lacks the hashtag. "Not found" is believed only where something was captured:
 * where nothing was, more likely the answers are wrong than TikTok empty.
 */
export function isMissed({ kind }: Failure, hasSnapshots: boolean): boolean {
  return kind !== 'not-found' || !hasSnapshots;
}

/** Sorts a day's hashtags; `failures` holds the last word on each without a snapshot. */
export function judgeDayState(captured: Iterable<string>, failures: Failure[]): DayState {
  const names = new Set(captured);
  const isLost = (failure: Failure) => isMissed(failure, names.size > 0);
  return {
    captured: names,
    absent: failures.filter((failure) => !isLost(failure)),
    missed: failures.filter(isLost),
  };
}

/** The same for a day's record; a day without a record has nothing. */
export function judgeRecord(record: DayRecord | null): DayState {
  if (record === null) return judgeDayState([], []);
  const captured = record.history.filter(({ day }) => day === record.day);
  return judgeDayState(
    captured.map(({ hashtag }) => hashtag),
    record.failures,
  );
}

/** The hashtags that the day still lacks, including those that no run has asked for yet. */
export function missingHashtags({ captured, absent }: DayState, wanted: string[]): string[] {
  const absentNames = new Set(absent.map(({ hashtag }) => hashtag));
  return wanted.filter((name) => !captured.has(name) && !absentNames.has(name));
}

/** The days of the `lookBackDays` up to `day` without any snapshot, oldest first, from `firstDay` on. */
export function missingDays(
  snapshots: Snapshot[],
  day: Day,
  firstDay: Day,
  lookBackDays = 30,
): Day[] {
  const present = new Set(snapshots.map((snapshot) => snapshot.day));
  return daysUpTo(day, lookBackDays).filter((d) => d >= firstDay && !present.has(d));
}
