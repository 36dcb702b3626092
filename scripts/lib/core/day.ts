/** A calendar day, `YYYY-MM-DD`. Sorts as text. The watchlist's time zone says when it begins. */
export type Day = string & { readonly __brand: 'Day' };

const DAY_MS = 86_400_000;

/** True for a day that exists in the calendar, written `YYYY-MM-DD`. */
export function isDay(text: string): text is Day {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** The day that the instant (Unix milliseconds) falls on in an IANA time zone. */
export function dayOf(instantMs: number, timeZone: string): Day {
  return new Date(instantMs).toLocaleDateString('sv-SE', { timeZone }) as Day; // YYYY-MM-DD
}

/** The day `count` days later (earlier if negative). */
export function addDays(day: Day, count: number): Day {
  return new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10) as Day;
}

/** Whole days from `from` to `to`; negative if `to` is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return dayNumber(to) - dayNumber(from);
}

/** Whole days since 1970-01-01. */
export function dayNumber(day: Day): number {
  const known = dayNumbers.get(day);
  if (known !== undefined) return known;
  const number = Math.round(Date.parse(day) / DAY_MS);
  dayNumbers.set(day, number);
  return number;
}

// A history has few days, and asks for each of them many thousand times.
const dayNumbers = new Map<Day, number>();

/** The `count` days that end with `last`, oldest first. */
export function daysUpTo(last: Day, count: number): Day[] {
  return Array.from({ length: count }, (_, i) => addDays(last, i - count + 1));
}
