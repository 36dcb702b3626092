import { addDays, type Day } from '../core/day.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { countOf, type Measure, type Point } from '../trends/growth.ts';
import { type TotalStep, totalSteps } from '../trends/totals.ts';
import { type GroupDay, wholeStep } from './site.ts';

/** A count that is missing is taken from a snapshot that is at most this much older. */
const CARRY_DAYS = 7;
/** A day with fewer of the group's hashtags than this has no total. */
const LEAST_SHARE = 0.8;

/**
 * What the hashtags of a group had together on each day. A hashtag belongs to the total from its
 * first count to its last. Where it lacks a count in between, the one before is taken. Its change
 * from day to day is the report's: that of the hashtags with a count on both days.
 * @param histories the snapshots of each hashtag, oldest first
 */
export function sumGroup(histories: Snapshot[][], firstDay: Day, lastDay: Day): GroupDay[] {
  const videos = sumMeasure(histories, 'videos', firstDay, lastDay);
  const views = sumMeasure(histories, 'views', firstDay, lastDay);
  const snapshots = histories.flat();
  const videoSteps = otherSteps(snapshots, 'videos', videos);
  const viewSteps = otherSteps(snapshots, 'views', views);
  const days: GroupDay[] = [];
  for (let day = firstDay; day <= lastDay; day = addDays(day, 1)) {
    const [video, view] = [videos.get(day), views.get(day)];
    if (video === undefined && view === undefined) continue;
    days.push({
      day,
      videoCount: video?.total ?? null,
      viewCount: view?.total ?? null,
      isComparable: (video?.isComparable ?? true) && (view?.isComparable ?? true),
      steps: { videos: videoSteps.get(day), views: viewSteps.get(day) },
      olderCounts: { videos: video?.older || undefined, views: view?.older || undefined },
    });
  }
  return days;
}

/** The step to each day with a total, unless it leads from the total before to this one. */
function otherSteps(snapshots: Snapshot[], measure: Measure, totals: Map<Day, { total: number }>) {
  const steps = new Map(totalSteps(snapshots, measure).map((step) => [step.day, step]));
  const others = new Map<Day, TotalStep | null>();
  let before: Point | null = null;
  for (const [day, { total }] of totals) {
    const point = { day, count: total };
    const step = steps.get(day) ?? null;
    const whole = wholeStep(before, point);
    before = point;
    const isWhole =
      step?.from === whole?.from &&
      step?.before === whole?.before &&
      step?.after === whole?.after &&
      !step?.hasRounded;
    if (!isWhole) others.set(day, step);
  }
  return others;
}

function sumMeasure(histories: Snapshot[][], measure: Measure, firstDay: Day, lastDay: Day) {
  const series = histories
    .map((snapshots) =>
      snapshots.flatMap((snapshot) => {
        const count = countOf(snapshot, measure);
        return count === null ? [] : [{ day: snapshot.day, count }];
      }),
    )
    .filter((points) => points.length > 0)
    .map((points) => ({ points, next: 0 }));
  const totals = new Map<Day, { total: number; older: number; isComparable: boolean }>();
  let membersBefore = '';
  for (let day = firstDay; day <= lastDay; day = addDays(day, 1)) {
    const oldest = addDays(day, -CARRY_DAYS);
    let [total, known, expected, older, members] = [0, 0, 0, 0, ''];
    series.forEach((one, i) => {
      while ((one.points[one.next]?.day ?? '~') <= day) one.next++;
      const point = one.points[one.next - 1];
      if (point === undefined || (point.day !== day && one.next === one.points.length)) return;
      expected++;
      if (point.day === day) known++;
      if (point.day < oldest) return;
      if (point.day !== day) older++;
      total += point.count;
      members += `${i} `;
    });
    if (known === 0 || known < expected * LEAST_SHARE) continue;
    const isComparable = membersBefore === '' || membersBefore === members;
    totals.set(day, { total, older, isComparable });
    membersBefore = members;
  }
  return totals;
}
