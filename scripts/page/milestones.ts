import { addDays, type Day } from '../lib/core/day.ts';
import { formatCount, formatDate, plural } from '../lib/core/format.ts';
import type { Measure, Point } from '../lib/trends/growth.ts';
import { nextMilestone } from '../lib/trends/moves.ts';
import type { Pace } from '../lib/trends/surges.ts';

/** A later date would be a guess. */
const MOST_YEARS_AHEAD = 3;
/** Up to so many days ahead, a day is named. */
const MOST_DAYS_NAMED = 60;

/** The milestones that the counts passed, each on the first day above it, newest first. */
export function passedMilestones(points: Point[]): { milestone: number; day: Day }[] {
  const passed: { milestone: number; day: Day }[] = [];
  let next = nextMilestone(points[0]?.count ?? 0);
  for (const { day, count } of points) {
    for (; count >= next; next = nextMilestone(next)) passed.unshift({ milestone: next, day });
  }
  return passed;
}

/**
 * The next milestone, and when the count reaches it at its usual pace: `Next: 200,000 videos, in about
 * 10 days at its usual pace (2 Dec 2026)`; or why that can't be said.
 * @param pace of the newest count; null if there is no usual yet
 * @param hasEnded true if the newest count is old, so that nobody knows how it went on
 */
export function describeNextMilestone(
  last: Point,
  pace: Pace | null,
  measure: Measure,
  hasEnded: boolean,
): string {
  const milestone = nextMilestone(last.count);
  const next = `Next: ${formatCount(milestone)} ${measure}`;
  if (hasEnded) return `${next}. It has no new counts, so nobody can say when.`;
  if (pace === null) return `${next}. When can be said after two weeks of counts.`;
  const perDay = pace.usual / pace.days;
  if (pace.usual < 0.5) return `${next}, not at its usual pace: it usually brings none`;
  const days = Math.ceil((milestone - last.count) / perDay);
  if (days > MOST_YEARS_AHEAD * 365) {
    return `${next}, not within ${MOST_YEARS_AHEAD} years at its usual pace`;
  }
  if (days > MOST_DAYS_NAMED) {
    return `${next}, in about ${plural(Math.round(days / 30.4), 'month')} at its usual pace`;
  }
  const day = formatDate(addDays(last.day, days));
  return `${next}, in about ${plural(days, 'day')} at its usual pace (${day})`;
}
