import { type Day, daysUpTo } from '../core/day.ts';
import type { Absence, DayRecord, Failure, Snapshot } from '../core/snapshot.ts';

/** The hashtags of a day, by what became of them. Each is in one of the first three. */
export type DayState = {
  captured: Set<string>;
  /** TikTok does not have them, so nothing is missing. */
  absent: Failure[];
  /** The day lacks them. A later run asks again, unless the API refuses the name. */
  missed: Failure[];
  /** The hashtags that TikTok has lost or got on this day. */
  turns: Turn[];
};

/** What became of a hashtag on the day: gone from TikTok, back after that, or there at last. */
export type Turn = { hashtag: string; kind: 'gone' | 'back' | 'now'; absence: Absence };

/** A hashtag with a count is gone when it is not found on more days in a row than this. */
const DAYS_OF_DOUBT = 3;

/**
 * True if the day lacks the hashtag. "Not found" is believed only where it agrees with the
 * hashtag's history: it never had a count, or it is gone. If nothing was captured on the day, the
 * answers are probably wrong.
 */
export function isMissed({ kind, absence }: Failure, hasSnapshots: boolean): boolean {
  if (kind !== 'not-found' || !hasSnapshots) return true;
  return absence != null && !isAbsence(absence.last !== null, absence.daysBefore + 1);
}

/**
 * True if TikTok does not have the hashtag.
 * @param hadCount whether it ever had a count
 * @param days the days since then on which it was not found, although something was captured
 */
export function isAbsence(hadCount: boolean, days: number): boolean {
  return days > (hadCount ? DAYS_OF_DOUBT : 0);
}

/**
 * Sorts a day's hashtags.
 * @param failures the newest failure of each hashtag without a snapshot
 * @param returned the hashtags with a snapshot that were not found before
 */
export function judgeDayState(
  captured: Iterable<string>,
  failures: Failure[],
  returned: DayRecord['returned'] = [],
): DayState {
  const names = new Set(captured);
  const isLost = (failure: Failure) => isMissed(failure, names.size > 0);
  const absent = failures.filter((failure) => !isLost(failure));
  const gone = absent.flatMap(({ hashtag, absence }): Turn[] =>
    // Only on the first such day.
    absence?.last && absence.daysBefore === DAYS_OF_DOUBT
      ? [{ hashtag, kind: 'gone', absence }]
      : [],
  );
  const found = returned
    .filter(({ absence }) => isAbsence(absence.last !== null, absence.daysBefore))
    .map((entry): Turn => ({ ...entry, kind: entry.absence.last === null ? 'now' : 'back' }));
  return { captured: names, absent, missed: failures.filter(isLost), turns: [...gone, ...found] };
}

/** The same for a day's record; a day without a record has no hashtags. */
export function judgeRecord(record: DayRecord | null): DayState {
  if (record === null) return judgeDayState([], []);
  const captured = record.history.filter(({ day }) => day === record.day);
  return judgeDayState(
    captured.map(({ hashtag }) => hashtag),
    record.failures,
    record.returned,
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
