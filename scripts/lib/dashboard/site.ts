import type { Day } from '../core/day.ts';
import { countOf, type Measure, type Point } from '../trends/growth.ts';
import type { TotalStep } from '../trends/totals.ts';
import type { Threshold } from '../trends/trends.ts';

/** Where the parts of a site are, from its top. */
export const SITE_PATH = 'data/site.json';
export const WHOLE_DATABASE_PATH = 'data/tracker.db.gz';
export const RECENT_DATABASE_PATH = 'data/recent.db.gz';
/** The newest chart. Its address never changes. */
export const CHART_PATH = 'chart.svg';
export const GROUPS_PATH = 'data/groups.json.gz';

/** The file with the whole history of the hashtag with this number in `SiteInfo.hashtags`. */
export function historyPath(number: number): string {
  return `data/hashtags/${number}.db.gz`;
}

/** A hashtag of the watchlist, or one that was removed from it and has snapshots. */
export type SiteHashtag = {
  name: string;
  group: string | null;
  threshold: Threshold;
  /** Whether the watchlist asks for it. */
  status: 'tracked' | 'paused' | 'removed';
};

/** What the page knows before it opens a database: the file `data/site.json`. */
export type SiteInfo = {
  /** Changes with the data. It is added to the addresses of the files, so no cache mixes them. */
  version: string;
  timeZone: string;
  /** The first day with a snapshot. */
  firstDay: Day | null;
  /** True if each hashtag's older history is in a file of its own. */
  isDivided: boolean;
  /** Of a hashtag that is not among these. */
  threshold: Threshold;
  /** The groups, in the watchlist's order. */
  groups: string[];
  hashtags: SiteHashtag[];
};

/** What the hashtags of a group had together on one day. */
export type GroupDay = {
  day: Day;
  videoCount: number | null;
  viewCount: number | null;
  /** False if other hashtags were counted on the day before, so that both counts can't be compared. */
  isComparable: boolean;
  /**
   * What the hashtags with a count on both days did, as the day's report has it; null if there are
   * none. Absent if it leads from the known count before to this one, which saves half of the file.
   */
  steps: Partial<Record<Measure, TotalStep | null | undefined>>;
  /** How many hashtags have no count on the day, so that an older one is taken; absent if none. */
  olderCounts: Partial<Record<Measure, number | undefined>>;
};

/** The file `data/groups.json.gz`: each group's days, oldest first. */
export type GroupHistories = Record<string, GroupDay[]>;

/** The steps of a group, by the days that they lead to. */
export function groupSteps(days: GroupDay[], measure: Measure): Map<Day, TotalStep> {
  const steps = new Map<Day, TotalStep>();
  let before: Point | null = null;
  for (const one of days) {
    const count = countOf(one, measure);
    if (count === null) continue;
    const point = { day: one.day, count };
    const given = one.steps[measure];
    const step = given === undefined ? wholeStep(before, point) : given;
    if (step !== null) steps.set(one.day, step);
    before = point;
  }
  return steps;
}

/** The step from one count of all to the next; null without a count before. */
export function wholeStep(before: Point | null, after: Point): TotalStep | null {
  if (before === null) return null;
  const { day, count } = after;
  return { from: before.day, day, before: before.count, after: count, hasRounded: false };
}
