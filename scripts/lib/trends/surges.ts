import { sharedRoundingStep } from './rounding.ts';

/** What a hashtag brought in the days up to a reading, beside what it usually brings in as many. */
export type Pace = {
  added: number;
  /** From 2 to 7. */
  days: number;
  /** What as many days of the four weeks before brought. Never negative. */
  usual: number;
  /** `added` as a multiple of `usual`; null if the usual is nothing, or too small to be measured. */
  timesUsual: number | null;
};

/** A surge is measured over at least and at most so many days. */
const MIN_DAYS = 2;
const MAX_DAYS = 7;
/** The pace of a hashtag that does not surge is measured over so many days. */
const PACE_DAYS = 3;
/** The usual is that of the 28 days before; with fewer than 14, there is none. */
const USUAL_DAYS = 28;
const MIN_USUAL_DAYS = 14;
/** A gap may make the usual's span longer by so many days. */
const TOLERANCE_DAYS = 7;

/** A surge brings at least this share of the count, and so many steps of TikTok's rounding. */
const MIN_SHARE = 0.02;
const MIN_STEPS = 4;
/** In the first days a part of all that is enough, if the last reading brought much of it. */
const EARLY_DAYS = 4;
const EARLY_PART = 0.5;
const EARLY_LAST_SHARE = 0.35;
/** How far above the usual all readings but the one that brought most must be. */
const CONFIRMING_FACTOR = 1.3;
const CONFIRMING_SHARE = 0.1;

/** A known count, and its day (since 1970-01-01). */
export type Reading = { dayNumber: number; count: number };

/**
 * What a hashtag brought up to a reading. `surge`: in at most 7 days it brought at least `factor`
 * times a usual week, at least 2 % of its count, and at least four rounding steps. In the first 4
 * days half of that is enough, if the last reading alone brought 35 % of it. Without the reading that
 * brought most, the others must be 1.3 times the usual and a tenth of it all, so that no single wild
 * reading and no correction makes a surge. The usual is that of the four weeks before. A hashtag with
 * less than two weeks has none, and can't surge. If several spans of days qualify, `surge` is the one
 * with the most times the usual.
 *
 * @param readings of one measure, oldest first
 * @param last the index of the reading
 * @returns null for what there is not; `recent` is the pace of the last 3 days, or of a gap in place
 *   of them
 */
export function measurePace(
  readings: Reading[],
  last: number,
  factor: number,
): { surge: Pace | null; recent: Pace | null } {
  const result: { surge: Pace | null; recent: Pace | null } = { surge: null, recent: null };
  for (let days = MIN_DAYS; days <= MAX_DAYS; days++) {
    const least = days === PACE_DAYS ? Number.NEGATIVE_INFINITY : EARLY_PART * MIN_SHARE;
    const span = measureSpan(readings, last, days, least);
    if (span === null) continue;
    const pace = paceOf(span);
    if (days === PACE_DAYS) result.recent = pace;
    if (span.days !== days || !isSurge(span, factor)) continue;
    if (result.surge === null || times(pace) > times(result.surge)) result.surge = pace;
  }
  return result;
}

/** What was added in the days up to the last reading, with everything that judges it. */
type Span = {
  days: number;
  added: number;
  /** What the last reading brought. */
  last: number;
  /** What all readings but the one that brought most brought, and in how many days. */
  others: number;
  othersDays: number;
  startCount: number;
  usualPerDay: number;
  /** True if the usual is more than rounding. */
  isUsualMeasured: boolean;
  /** 0 if the counts are exact. */
  roundingStep: number;
};

/**
 * Measures from the newest reading that is at least `days` days old. Of two neighbouring readings the
 * start takes the higher one, and the usual's start the lower one, so that a wild one adds nothing.
 * @param leastShare with a smaller gain, as a share of the start's count, there is no span
 */
function measureSpan(
  readings: Reading[],
  lastIndex: number,
  days: number,
  leastShare: number,
): Span | null {
  const [last, beforeLast] = [readings[lastIndex], readings[lastIndex - 1]];
  if (last === undefined || beforeLast === undefined) return null;
  const startIndex = indexUpTo(readings, lastIndex, last.dayNumber - days);
  const start = readings[startIndex];
  if (start === undefined || start === beforeLast) return null;
  if (last.dayNumber - start.dayNumber > MAX_DAYS) return null;
  const startCount = Math.max(start.count, readings[startIndex - 1]?.count ?? 0);
  // Most readings end here. What follows takes longer.
  if (last.count - startCount < leastShare * startCount) return null;
  const usualStart = findUsualStart(readings, startIndex, start.dayNumber);
  if (usualStart === null) return null;
  const most = findLargestGain(readings, startIndex, lastIndex);
  const usualDays = start.dayNumber - usualStart.dayNumber;
  const fall = findLargestFall(readings, usualStart.index, startIndex);
  const usualAdded = Math.max(startCount - usualStart.count + fall, 0);
  return {
    days: last.dayNumber - start.dayNumber,
    added: last.count - startCount,
    last: last.count - beforeLast.count,
    others: last.count - startCount - most.added,
    othersDays: last.dayNumber - start.dayNumber - most.days,
    startCount,
    usualPerDay: usualAdded / usualDays,
    isUsualMeasured: usualAdded > sharedRoundingStep(usualStart.count, startCount),
    roundingStep: sharedRoundingStep(start.count, last.count),
  };
}

function findLargestGain(readings: Reading[], startIndex: number, lastIndex: number) {
  let most = { added: Number.NEGATIVE_INFINITY, days: 0 };
  for (let i = startIndex + 1; i <= lastIndex; i++) {
    const [earlier, later] = [readings[i - 1], readings[i]];
    if (earlier === undefined || later === undefined) continue;
    const added = later.count - earlier.count;
    if (added > most.added) most = { added, days: later.dayNumber - earlier.dayNumber };
  }
  return most;
}

/** How much the count fell at once between two readings; 0 if it never did. */
function findLargestFall(readings: Reading[], startIndex: number, lastIndex: number): number {
  let fall = 0;
  for (let i = startIndex + 1; i <= lastIndex; i++) {
    fall = Math.max(fall, (readings[i - 1]?.count ?? 0) - (readings[i]?.count ?? 0));
  }
  return fall;
}

/** Where the usual before `startDay` is measured from; null if the time before it is too short. */
function findUsualStart(readings: Reading[], startIndex: number, startDay: number) {
  const earliest = startDay - USUAL_DAYS - TOLERANCE_DAYS;
  let index = indexUpTo(readings, startIndex, startDay - USUAL_DAYS);
  if ((readings[index]?.dayNumber ?? earliest - 1) < earliest) index++;
  const [first, newer] = [readings[index], readings[index + 1]];
  if (first === undefined || newer === undefined) return null;
  if (startDay - first.dayNumber < MIN_USUAL_DAYS) return null;
  return { index, dayNumber: first.dayNumber, count: Math.min(first.count, newer.count) };
}

/**
 * The index of the newest reading, up to the one at `from`, that is of the day or an earlier one; or
 * -1. There is at most one reading a day, so it can't be further back than there are days between.
 */
function indexUpTo(readings: Reading[], from: number, dayNumber: number): number {
  const days = (readings[from]?.dayNumber ?? dayNumber) - dayNumber;
  let index = Math.max(from - Math.max(days, 0), -1);
  while (index < from && (readings[index + 1]?.dayNumber ?? dayNumber + 1) <= dayNumber) index++;
  return index;
}

function isSurge(span: Span, factor: number): boolean {
  const { added, last, others, othersDays, startCount, usualPerDay, roundingStep } = span;
  if (others <= roundingStep || others < CONFIRMING_SHARE * added) return false;
  // At a count that a correction has raised, the usual is larger in proportion.
  const usualOfOthers = usualPerDay * othersDays * (1 + added / Math.max(startCount, 1));
  if (others < CONFIRMING_FACTOR * usualOfOthers + roundingStep / 2) return false;
  const needed = Math.max(
    factor * 7 * usualPerDay,
    MIN_SHARE * startCount,
    MIN_STEPS * Math.max(roundingStep, 1),
  );
  const isEarly = span.days <= EARLY_DAYS && last >= EARLY_LAST_SHARE * added;
  return added >= (isEarly ? EARLY_PART : 1) * needed;
}

function paceOf({ days, added, usualPerDay, isUsualMeasured }: Span): Pace {
  const usual = usualPerDay * days;
  return { added, days, usual, timesUsual: isUsualMeasured ? added / usual : null };
}

function times({ timesUsual, added }: Pace): number {
  return timesUsual ?? added;
}
