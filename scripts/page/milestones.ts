import { addDays, type Day } from '../lib/core/day.ts';
import type { Point, SpanGrowth } from '../lib/trends/growth.ts';
import { nextMilestone } from '../lib/trends/moves.ts';

/** A later date would be a guess. */
const MOST_DAYS_AHEAD = 3 * 365;

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
 * When the count reaches its next milestone if it goes on as in the last 30 days; null if it does
 * not grow, or not so soon.
 */
export function expectNextMilestone(last: Point, over30Days: SpanGrowth | null): Day | null {
  if (over30Days === null || over30Days.rate <= 0 || last.count <= 0) return null;
  const perDay = Math.log1p(over30Days.rate) / 30;
  const days = Math.ceil(Math.log(nextMilestone(last.count) / last.count) / perDay);
  return days > MOST_DAYS_AHEAD ? null : addDays(last.day, days);
}
