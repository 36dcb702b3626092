import { addDays, type Day } from './day.ts';
import type { Growth, MeasureGrowth } from './trends.ts';

const fixed = (digits: number) =>
  new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
// Made once: making one takes longer than all that it formats in a report.
const WHOLE = fixed(0);
const WITH_DIGITS = [WHOLE, fixed(1), fixed(2)] as const;

/** `1,247,832`; an en dash where the count is not known. */
export function formatCount(count: number | null): string {
  return count === null ? '–' : WHOLE.format(count);
}

/** A change with its sign: `+1,204`, `-12`, `0`. */
export function formatChange(change: number): string {
  return change > 0 ? `+${formatCount(change)}` : formatCount(change);
}

/** A fraction as a signed percentage: `+15.2%`, `-0.03%`, `0.0%` for exactly none. */
export function formatPercent(fraction: number): string {
  const percent = fraction * 100;
  const size = Math.abs(percent);
  if (size > 0 && size < 0.005) return percent > 0 ? '+<0.01%' : '-<0.01%';
  const digits = size >= 100 ? 0 : size >= 0.095 || size === 0 ? 1 : 2;
  const text = WITH_DIGITS[digits].format(percent);
  return percent > 0 ? `+${text}%` : `${text}%`;
}

/** Growth a day in a few words: `+15.2%`, `+1.0%/day over 3 days`, `first day`, `from 0`. */
export function formatGrowth(growth: Growth): string {
  switch (growth.kind) {
    case 'unknown':
      return '–';
    case 'first':
      return 'first day';
    case 'from-zero':
      return `from 0${overDays(growth.days)}`;
    case 'rate': {
      const perDay = growth.days > 1 ? '/day' : '';
      return `${formatDailyRate(growth)}${perDay}${overDays(growth.days)}`;
    }
  }
}

/** The rate a day: `+1.0%`, `≈+0.5%` within rounding; an en dash where there is none. */
export function formatDailyRate(growth: Growth): string {
  return growth.kind === 'rate' ? `${roundingMark(growth)}${formatPercent(growth.perDay)}` : '–';
}

/**
 * Growth over a whole span in a few words: `+15.2%`, `one day`, `from 0`; `+9.1% over 5 days` where
 * the span is not the `usualDays`.
 */
export function formatTotalGrowth({ count, growth }: MeasureGrowth, usualDays: number): string {
  if (growth.kind === 'unknown') return '–';
  if (growth.kind === 'first') return 'one day';
  const over = growth.days === usualDays ? '' : ` over ${plural(growth.days, 'day')}`;
  if (growth.kind === 'from-zero') return `from 0${over}`;
  const { added } = growth;
  const total = added / ((count ?? 0) - added);
  return `${roundingMark(growth)}${formatPercent(total)}${over}`;
}

/** `1 day`, `3 days`. */
export function plural(count: number, unit: string): string {
  return `${formatCount(count)} ${unit}${count === 1 ? '' : 's'}`;
}

/** `a, b, c`; of a list that may be very long the first items, and how many more there are. */
export function formatList(items: string[], maxItems = 30): string {
  const more = items.length - maxItems;
  const shown = items.slice(0, maxItems).join(', ');
  return more > 0 ? `${shown} and ${formatCount(more)} more` : shown;
}

/** Days as ranges: `2026-11-05`, `2026-11-07 to 2026-11-09`. */
export function formatRanges(days: Day[]): string[] {
  const starts = days.filter((day) => !days.includes(addDays(day, -1)));
  const ends = days.filter((day) => !days.includes(addDays(day, 1)));
  return starts.map((start, i) => (start === ends[i] ? start : `${start} to ${ends[i]}`));
}

/** `40 s`, `3 min`, `2 h`: as exact as one needs to know how long to wait. */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function roundingMark({ isWithinRounding, added }: Extract<Growth, { kind: 'rate' }>): string {
  return isWithinRounding && added !== 0 ? '≈' : '';
}

function overDays(days: number): string {
  return days > 1 ? ` over ${days} days` : '';
}
