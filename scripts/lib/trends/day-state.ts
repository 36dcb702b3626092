import { type Day, daysUpTo } from '../core/day.ts';
import type { DayRecord, Failure, Snapshot } from '../core/snapshot.ts';

/** The hashtags of a day, by what became of them. Each is in one of the three. */
export type DayState = {
  captured: Set<string>;
  /** TikTok does not have them, so nothing is missing. */
  absent: Failure[];
  /** The day lacks them. A later run asks again, unless the API refuses the name. */
  missed: Failure[];
};

/**
 * True if the day lacks the hashtag. "Not found" counts only if something was captured. If nothing
 * was, the answers are probably wrong.
 */
export function isMissed({ kind }: Failure, hasSnapshots: boolean): boolean {
  return kind !== 'not-found' || !hasSnapshots;
}

/** Sorts a day's hashtags; `failures` has the newest failure of each one without a snapshot. */
export function judgeDayState(captured: Iterable<string>, failures: Failure[]): DayState {
  const names = new Set(captured);
  const isLost = (failure: Failure) => isMissed(failure, names.size > 0);
  return {
    captured: names,
    absent: failures.filter((failure) => !isLost(failure)),
    missed: failures.filter(isLost),
  };
}

/** The same for a day's record; a day without a record has no hashtags. */
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

/**
 * Those of the missing hashtags that a run asks for: not those whose names the API has refused
 * today. If nothing was captured, such refusals are probably wrong as well.
 */
export function hashtagsToAsk(state: DayState, wanted: string[]): string[] {
  const refused = state.missed.filter(({ kind }) => kind === 'rejected' && state.captured.size > 0);
  const names = new Set(refused.map(({ hashtag }) => hashtag));
  return missingHashtags(state, wanted).filter((name) => !names.has(name));
}

/** Days without snapshots in the `lookBackDays` up to `day`, from `firstDay` on. Oldest first. */
export function missingDays(
  snapshots: Snapshot[],
  day: Day,
  firstDay: Day,
  lookBackDays = 30,
): Day[] {
  const present = new Set(snapshots.map((snapshot) => snapshot.day));
  return daysUpTo(day, lookBackDays).filter((d) => d >= firstDay && !present.has(d));
}
