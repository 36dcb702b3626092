import { addDays, type Day, daysBetween, daysUpTo } from '../../lib/core/day.ts';
import { formatChange, formatCount, formatPercent } from '../../lib/core/format.ts';
import type { Snapshot } from '../../lib/core/snapshot.ts';
import { capitalize } from '../../lib/core/text.ts';
import { type GroupDay, groupSteps } from '../../lib/dashboard/site.ts';
import {
  changeOf,
  computeGrowth,
  countOf,
  type Growth,
  type Measure,
  type Point,
} from '../../lib/trends/growth.ts';
import type { TotalStep } from '../../lib/trends/totals.ts';
import { formatGrowth, formatTotalGrowth } from '../../lib/trends/trend-words.ts';
import type { Mode, Range } from '../address.ts';

/** One day of a line: its exact count, and how it changed. */
export type LinePoint = {
  count: number;
  growth: Growth;
  /** Of a group: how many hashtags have no count on the day, so that an older one is taken. */
  older?: number | undefined;
  /** Of a group: true if it has other hashtags than on the day before. */
  hasOthers?: boolean;
};

/** A line of the chart: a hashtag or group, its known days, and the days that stand out. */
export type Line = {
  key: string;
  label: string;
  points: Map<Day, LinePoint>;
  /** The days on which it had a signal, with the signal's mark. */
  marks: Map<Day, string>;
};

/**
 * The known days of a series, each with its growth since the known day before.
 * @param snapshots oldest first
 */
export function pointsOf(snapshots: Snapshot[], measure: Measure): Map<Day, LinePoint> {
  const points = new Map<Day, LinePoint>();
  let before: Point[] = [];
  for (const snapshot of snapshots) {
    const count = countOf(snapshot, measure);
    if (count === null) continue;
    const { day, capturedAt = null } = snapshot;
    const point = { day, count, capturedAt };
    points.set(day, { count, growth: computeGrowth([...before, point], day) });
    before = [point];
  }
  return points;
}

/** The known days of a group. Its growth is that of its hashtags with a count on both days. */
export function pointsOfGroup(days: GroupDay[], measure: Measure): Map<Day, LinePoint> {
  const steps = groupSteps(days, measure);
  return new Map(
    days.flatMap((one): [Day, LinePoint][] => {
      const count = countOf(one, measure);
      if (count === null) return [];
      const growth = growthOfStep(steps.get(one.day));
      const older = one.olderCounts[measure];
      return [[one.day, { count, growth, older, hasOthers: !one.isComparable }]];
    }),
  );
}

function growthOfStep(step: TotalStep | undefined): Growth {
  if (step === undefined) return { kind: 'first' };
  const { from, day, before, after, hasRounded } = step;
  const points = [
    { day: from, count: before },
    { day, count: after },
  ];
  const growth = computeGrowth(points, day);
  return growth.kind === 'rate' ? { ...growth, isWithinRounding: hasRounded } : growth;
}

/** How many days' change each range shows. */
const RANGE_DAYS = { '7d': 7, '30d': 30, '90d': 90, '1y': 365 };

/**
 * The days of the range, oldest first: up to `lastDay`, and not before the first of the lines. The
 * change of 7 days needs 8 of them: from the day that it begins with to the last.
 */
export function daysOf(range: Range, lines: Line[], lastDay: Day): Day[] {
  const starts = lines.flatMap(({ points }) => points.keys().next().value ?? []).sort();
  const first = starts[0] ?? lastDay;
  if (typeof range === 'object') {
    return daysUpTo(range.to, daysBetween(range.from, range.to) + 1);
  }
  const available = Math.max(1, daysBetween(first, lastDay));
  const wanted = range === 'all' ? available : RANGE_DAYS[range];
  return daysUpTo(lastDay, Math.min(wanted, available) + 1);
}

/** The values of a line on each of the days, as the chart draws them; null is a gap. */
export function valuesOf({ points }: Line, days: Day[], mode: Mode): (number | null)[] {
  const base = days.map((day) => points.get(day)?.count ?? 0).find((count) => count > 0);
  return days.map((day) => {
    const point = points.get(day);
    if (point === undefined) return null;
    const { count, growth } = point;
    if (mode === 'total') return count;
    if (mode === 'indexed') return base === undefined ? null : (count / base) * 100;
    if (mode === 'growth') return growth.kind === 'rate' ? growth.perDay * 100 : null;
    const change = changeOf(growth);
    return change === null ? null : change.added / change.days;
  });
}

/**
 * The values of a logarithmic axis: powers of ten if they are many; with twice and five times those
 * if they are fewer; on a short axis, steps of the same size.
 */
export function roundValues(min: number, max: number): number[] {
  const powers = Array.from(
    { length: Math.floor(Math.log10(max)) - Math.floor(Math.log10(min)) + 1 },
    (_, i) => 10 ** (Math.floor(Math.log10(min)) + i),
  );
  const isInside = (value: number) => value >= min && value <= max;
  if (max / min > 1000) return powers.filter(isInside);
  if (max / min > 10)
    return powers.flatMap((power) => [power, 2 * power, 5 * power]).filter(isInside);
  const least = (max - min) / 6;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5].find((times) => times * power >= least) ?? 10);
  const first = Math.ceil(min / step);
  return Array.from({ length: Math.floor(max / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** A value as the axis shows it. */
export function formatValue(value: number, mode: Mode): string {
  if (mode === 'growth') return formatPercent(value / 100);
  if (mode === 'indexed' && value < 10_000) return formatCount(Math.round(value));
  const text = SHORT.format(value);
  return mode === 'added' && value > 0 ? `+${text}` : text;
}

const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 2 });

/** What `*` behind a count means. */
export const OLDER_COUNTS_NOTE =
  '* A hashtag has no count on this day. The sum has its last one. New and Growth leave it out.';

/** The exact figures of a day: `567,795`, `+13,047`, `+1.2%/day over 2 days`. A sum may have a `*`. */
export function describePoint(point: LinePoint | undefined): string[] {
  if (point === undefined) return ['no count'];
  const change = changeOf(point.growth);
  return [
    `${formatCount(point.count)}${point.older === undefined ? '' : '*'}`,
    ...(change === null ? [] : [formatChange(change.added), formatGrowth(point.growth)]),
  ];
}

/**
 * How a line changed over the days that are shown: `+31.2%`, `+5.0% over 12 days` if it covers fewer
 * than the range asks for; null if that is unknown.
 */
export function describeSpan({ points }: Line, days: Day[], range: Range): string | null {
  const known = days.flatMap((day) => {
    const point = points.get(day);
    return point === undefined ? [] : [{ day, ...point }];
  });
  // A sum with older counts says too little of its day.
  const whole = known.filter(({ older }) => older === undefined);
  const [first, last] = [whole[0], whole.at(-1)];
  // A group whose hashtags changed in between has no growth.
  const isComparable = known.slice(1).every(({ hasOthers }) => hasOthers !== true);
  if (first === undefined || last === undefined || first === last || !isComparable) return null;
  const growth = computeGrowth([first, last], last.day);
  const isFixed = typeof range === 'string' && range !== 'all';
  const wanted = isFixed ? RANGE_DAYS[range] : days.length - 1;
  return formatTotalGrowth({ count: last.count, growth }, wanted);
}

/**
 * The days that are drawn as dots: those that stand out, and those without a neighbour, of which no
 * line can be drawn.
 * @param values of the line on the days, as `valuesOf` gives them
 */
export function dotsOf({ marks }: Line, days: Day[], values: ArrayLike<unknown>) {
  const isKnown = (i: number) => values[i] !== null && values[i] !== undefined;
  return days.flatMap((day, index) => {
    const isAlone = !isKnown(index - 1) && !isKnown(index + 1);
    const hasSignal = marks.has(day);
    return isKnown(index) && (isAlone || hasSignal) ? [{ index, hasSignal }] : [];
  });
}

/** What the dots on the lines mean; null if there are none. */
export function describeDots(lines: Line[], days: Day[], mode: Mode): string | null {
  const dots = lines.flatMap((line) => dotsOf(line, days, valuesOf(line, days, mode)));
  const meanings = [
    dots.some(({ hasSignal }) => hasSignal) ? 'a day with a signal' : [],
    dots.some(({ hasSignal }) => !hasSignal) ? 'a day between gaps' : [],
  ].flat();
  return meanings.length === 0 ? null : capitalize(meanings.join(', or '));
}

/** What was added on each day, for a small curve: null where the day or the one before is unknown. */
export function addedEachDay(counts: (number | null)[]): (number | null)[] {
  let before: { count: number; index: number } | null = null;
  return counts.map((count, index) => {
    if (count === null) return null;
    const added = before === null ? null : (count - before.count) / (index - before.index);
    before = { count, index };
    return added;
  });
}

/** Runs of days that are at most `apart` days from each other. */
export function joinDays(days: Day[], apart: number): { first: Day; last: Day }[] {
  const runs: { first: Day; last: Day }[] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run !== undefined && addDays(run.last, apart) >= day) run.last = day;
    else runs.push({ first: day, last: day });
  }
  return runs;
}
