import { addDays, type Day } from './day.ts';
import type { Period } from './period.ts';

const fixed = (digits: number) =>
  new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
// Created once, because creating one takes longer than formatting a whole report.
const WHOLE = fixed(0);
const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const WITH_DIGITS = [WHOLE, fixed(1), fixed(2)] as const;

/** `1,247,832`; an en dash if the count is unknown. */
export function formatCount(count: number | null): string {
  return count === null ? '–' : WHOLE.format(count);
}

/** A large number in a few digits, for sums: `225.4M`, `1.2K`, `950`. */
export function formatCompact(count: number): string {
  return COMPACT.format(count);
}

/** The size of a file, in millions of bytes: `25.3 MB`. */
export function formatMegabytes(bytes: number): string {
  return `${WITH_DIGITS[1].format(bytes / 1_000_000)} MB`;
}

/** A change with its sign: `+1,204`, `-12`, `0`. */
export function formatChange(change: number): string {
  return change > 0 ? `+${formatCount(change)}` : formatCount(change);
}

/** How many times something is another: `3.4`, `12`. */
export function formatTimes(times: number): string {
  return Math.abs(times) < 9.95 ? WITH_DIGITS[1].format(times) : WHOLE.format(times);
}

/** A fraction as a signed percentage: `+15.2%`, `-0.03%`, `0.0%` for no change at all. */
export function formatPercent(fraction: number): string {
  const percent = fraction * 100;
  const size = Math.abs(percent);
  if (size > 0 && size < 0.005) return percent > 0 ? '+<0.01%' : '-<0.01%';
  const digits = size >= 100 ? 0 : size >= 0.095 || size === 0 ? 1 : 2;
  const text = WITH_DIGITS[digits].format(percent);
  return percent > 0 ? `+${text}%` : `${text}%`;
}

/** `1 day`, `3 days`. */
export function plural(count: number, unit: string): string {
  return `${formatCount(count)} ${unit}${count === 1 ? '' : 's'}`;
}

/** So long may a list be that stands in one line. Thirty usual links need half of it. */
const MOST_LIST_CHARACTERS = 10_000;

/** The first items, at most `maxItems`, that together are short enough for one line. */
export function firstThatFit(items: string[], maxItems: number): string[] {
  const shown: string[] = [];
  let characters = 0;
  for (const item of items.slice(0, maxItems)) {
    characters += item.length;
    if (characters > MOST_LIST_CHARACTERS) break;
    shown.push(item);
  }
  return shown;
}

/**
 * `a, b, c`; a long list ends with the number of the items that are left out.
 * @param all how many there are, if not all have been made
 */
export function formatList(items: string[], maxItems = 30, all = items.length): string {
  const shown = firstThatFit(items, maxItems);
  const more = all - shown.length;
  if (shown.length === 0 && more > 0) return `${formatCount(more)} whose names are too long`;
  return more > 0 ? `${shown.join(', ')} and ${formatCount(more)} more` : shown.join(', ');
}

/** Days as ranges: `2026-11-05`, `2026-11-07 to 2026-11-09`. */
export function formatRanges(days: Day[]): string[] {
  const starts = days.filter((day) => !days.includes(addDays(day, -1)));
  const ends = days.filter((day) => !days.includes(addDays(day, 1)));
  return starts.map((start, i) => (start === ends[i] ? start : `${start} to ${ends[i]}`));
}

/** `40 s`, `3 min`, `2.0 h` */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** `Sunday 22 November 2026`, without the comma that some versions of Node put in between. */
export function formatLongDay(day: Day): string {
  const format = (style: object) =>
    new Date(day).toLocaleDateString('en-GB', { timeZone: 'UTC', ...style });
  return `${format({ weekday: 'long' })} ${format({ dateStyle: 'long' })}`;
}

/** `Sun 22 Nov 2026` */
export function formatShortDay(day: Day): string {
  const [weekday = '', ...date] = formatLongDay(day).split(' ');
  return [
    weekday.slice(0, 3),
    ...date.map((part) => (/\d/.test(part) ? part : part.slice(0, 3))),
  ].join(' ');
}

/** `2026-11-22 06:17 UTC`: an instant (ISO 8601) in a time zone. */
export function formatInstant(iso: string, timeZone: string): string {
  const style = { timeZone, dateStyle: 'short', timeStyle: 'short' } as const;
  return `${new Date(iso).toLocaleString('sv-SE', style)} ${timeZone}`;
}

/** `22 Nov 2026` */
export function formatDate(day: Day): string {
  return formatShortDay(day).slice('Sun '.length);
}

/** `22 Nov 2026`, `20 Nov to 22 Nov 2026`, `30 Dec 2025 to 2 Jan 2026` */
export function formatDates(first: Day, last: Day): string {
  if (first === last) return formatDate(first);
  const isSameYear = first.slice(0, 4) === last.slice(0, 4);
  const start = formatDate(first);
  return `${isSameYear ? start.slice(0, -' 2026'.length) : start} to ${formatDate(last)}`;
}

/** `week 47 of 2026`, `November 2026` */
export function formatPeriod({ kind, name, first }: Period): string {
  if (kind === 'week') return `week ${Number(name.slice(6))} of ${name.slice(0, 4)}`;
  const style = { timeZone: 'UTC', month: 'long', year: 'numeric' } as const;
  return new Date(first).toLocaleDateString('en-GB', style);
}
