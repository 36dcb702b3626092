import { addDays, type Day, daysBetween, isDay } from './day.ts';

/** An ISO week (`2026-W47`, Monday to Sunday) or a calendar month (`2026-11`). */
export type Period = {
  kind: 'week' | 'month';
  /** Periods of one kind sort by name as text. */
  name: string;
  first: Day;
  last: Day;
};

/** The ISO week of the day. It belongs to the year that has most of its days. */
export function weekOf(day: Day): Period {
  const first = mondayBefore(day);
  const year = addDays(first, 3).slice(0, 4); // the year of its Thursday
  const firstOfYear = mondayBefore(`${year}-01-04` as Day); // 4 January is always in week 1
  const number = daysBetween(firstOfYear, first) / 7 + 1;
  const name = `${year}-W${String(number).padStart(2, '0')}`;
  return { kind: 'week', name, first, last: addDays(first, 6) };
}

/** The calendar month of the day. */
export function monthOf(day: Day): Period {
  const name = day.slice(0, 7);
  const first = `${name}-01` as Day;
  const nextMonth = addDays(first, 31).slice(0, 7);
  return { kind: 'month', name, first, last: addDays(`${nextMonth}-01` as Day, -1) };
}

/** The week written `2026-W47`; null for any other text, and for a week that does not exist. */
export function parseWeek(text: string): Period | null {
  const [, year, number] = /^(\d{4})-W(\d\d)$/.exec(text) ?? [];
  const fourth = `${year}-01-04`;
  if (!isDay(fourth)) return null;
  const week = weekOf(addDays(fourth, (Number(number) - 1) * 7));
  return week.name === text ? week : null;
}

/** The month written `2026-11`; null for any other text. */
export function parseMonth(text: string): Period | null {
  const first = `${text}-01`;
  return isDay(first) ? monthOf(first) : null;
}

/** How many days the period has. */
export function lengthInDays({ first, last }: Period): number {
  return daysBetween(first, last) + 1;
}

/** The Monday of the day's week. */
function mondayBefore(day: Day): Day {
  const daysSinceMonday = (new Date(day).getUTCDay() + 6) % 7;
  return addDays(day, -daysSinceMonday);
}
