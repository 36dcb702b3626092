import { addDays, type Day } from '../core/day.ts';
import type { Snapshot } from '../core/snapshot.ts';
import {
  countOf,
  dailyRate,
  isRealChange,
  type Measure,
  type MeasureGrowth,
  rankedMeasure,
} from './growth.ts';
import { isWithinRounding } from './rounding.ts';
import type { Trend } from './trends.ts';

/** What hashtags have together on a day, in one measure. */
export type Total = {
  /** The sum of the known counts; null if there is none. */
  count: number | null;
  /** What the hashtags added that have a count on this day and on the newest day before it. */
  added: number | null;
  /** The daily rate of that. */
  perDay: number | null;
  /** The median of the daily rates of the 28 days before; null with fewer than 7 of them. */
  usualPerDay: number | null;
  /** True if `added` holds a change within rounding. */
  hasRounded: boolean;
  /** The hashtags with a count on this day that `added` leaves out: the day before has none of them. */
  leftOut: string[];
};

/** What the hashtags with a count on two days had together on them. */
export type TotalStep = {
  from: Day;
  day: Day;
  before: number;
  after: number;
  /** True if one of them changed within rounding. */
  hasRounded: boolean;
};

const USUAL_DAYS = 28;
const MIN_USUAL_DAYS = 7;

/** The measure that more of the hashtags have a count of; videos if it is the same for both. */
export function commonMeasure(trends: { videos: MeasureGrowth; views: MeasureGrowth }[]): Measure {
  const known = (measure: Measure) =>
    trends.filter((trend) => trend[measure].count !== null).length;
  return known('views') > known('videos') ? 'views' : 'videos';
}

/**
 * Adds up the counts of hashtags on a day. Rates are those of the hashtags that have a count on
 * both days, so a hashtag that is new or missing changes no rate.
 * @param snapshots of these hashtags, up to the day, in any order
 */
export function computeTotal(snapshots: Snapshot[], day: Day, measure: Measure): Total {
  const first = addDays(day, -USUAL_DAYS - 1);
  const recent = snapshots.filter((snapshot) => snapshot.day >= first);
  const countsOn = countsByDay(recent, measure);
  const steps = stepsBetween(countsOn);
  const today = steps.find((step) => step.day === day);
  const rates = steps.filter((step) => step !== today).flatMap((step) => rateOf(step) ?? []);
  const counts = countsOn.get(day) ?? new Map<string, number>();
  const before = countsOn.get(today?.from ?? day);
  return {
    count: counts.size === 0 ? null : sum([...counts.values()]),
    added: today === undefined ? null : today.after - today.before,
    perDay: today === undefined ? null : rateOf(today),
    usualPerDay: rates.length < MIN_USUAL_DAYS ? null : median(rates),
    hasRounded: today?.hasRounded ?? false,
    leftOut: today === undefined ? [] : [...counts.keys()].filter((name) => !before?.has(name)),
  };
}

/**
 * The steps of hashtags from each day with a count to the next one, oldest first. There is none
 * where no hashtag has a count on both.
 * @param snapshots of these hashtags, in any order
 */
export function totalSteps(snapshots: Snapshot[], measure: Measure): TotalStep[] {
  return stepsBetween(countsByDay(snapshots, measure));
}

/** The known counts of each day, by hashtag. */
type CountsByDay = Map<Day, Map<string, number>>;

function countsByDay(snapshots: Snapshot[], measure: Measure): CountsByDay {
  const countsOn: CountsByDay = new Map();
  for (const snapshot of snapshots) {
    const count = countOf(snapshot, measure);
    if (count === null) continue;
    const counts = countsOn.get(snapshot.day) ?? new Map<string, number>();
    counts.set(snapshot.hashtag, count);
    countsOn.set(snapshot.day, counts);
  }
  return countsOn;
}

function stepsBetween(countsOn: CountsByDay): TotalStep[] {
  const days = [...countsOn.keys()].sort();
  return days.slice(1).flatMap((later, i) => measureStep(countsOn, days[i] ?? later, later) ?? []);
}

/** The first of some hashtags by rank, if it grew by more than rounding. */
export function findFastest([fastest]: Trend[]): Trend | null {
  if (fastest === undefined) return null;
  const { growth } = rankedMeasure(fastest);
  return isRealChange(growth) && growth.added >= 0 ? fastest : null;
}

/** From one day to another, over the hashtags that have a count on both. */
function measureStep(countsOn: CountsByDay, from: Day, to: Day): TotalStep | null {
  const later = countsOn.get(to) ?? new Map<string, number>();
  const pairs = [...(countsOn.get(from) ?? [])].flatMap(([hashtag, before]) => {
    const after = later.get(hashtag);
    return after === undefined ? [] : [{ before, after }];
  });
  if (pairs.length === 0) return null;
  const [before, after] = [sum(pairs.map((p) => p.before)), sum(pairs.map((p) => p.after))];
  return { from, day: to, before, after, hasRounded: pairs.some(isRounded) };
}

function rateOf({ from, day, before, after }: TotalStep): number | null {
  return before === 0 ? null : dailyRate({ day: from, count: before }, { day, count: after });
}

function isRounded({ before, after }: { before: number; after: number }): boolean {
  return before !== after && isWithinRounding(before, after);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[(sorted.length - 1) >> 1] ?? 0, sorted[middle] ?? 0];
  return (low + high) / 2;
}
