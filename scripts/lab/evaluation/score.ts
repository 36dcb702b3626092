/** Known counts by day (since 1970-01-01), oldest first. */
export type DailyCounts = ReadonlyMap<number, number>;

/** A real surge: its first and its last day. */
export type Episode = { first: number; last: number };

/** A hashtag's counts, and what the later ones say about the earlier ones. */
export type Hindsight = {
  counts: DailyCounts;
  episodes: Episode[];
  /** The days on which a flag can be judged, because an episode could have begun near them. */
  judgeable: ReadonlySet<number>;
};

/** How well the flags of a rule find the episodes of all hashtags. Shares are from 0 to 1. */
export type Score = {
  episodes: number;
  /**
   * The share of the episodes with a flag, from their first day to 7 days after their last; null if
   * there are none.
   */
  found: number | null;
  /** Flags that can be judged: those with readings 28 days before and 7 days after them. */
  flags: number;
  /** The share of the flags that stand in no episode. */
  falseFlags: number;
  /** False flags for each 100 times 30 readings. */
  falsePer100Months: number;
  /** Flags at most 7 days apart are one alarm. It is false if its first flag is. */
  alarms: number;
  falseAlarms: number;
  /** Days from the start of an episode to its first flag: the median. Null if none was found. */
  delayDays: number | null;
  /** The share of an episode's gain that had come by its first flag: the median. */
  gainAlreadyThere: number | null;
};

const WEEK = 7;
const USUAL_WEEKS = 4;
/** A flag on the day before an episode is not false. */
const EARLY_DAYS = 1;

/**
 * Finds the episodes of a hashtag: runs of days, at most 7 apart, whose next 7 days brought at least
 * twice a usual week of the 28 days before, 2 % of the count, and four rounding steps. This shares no
 * code with the rules that it judges.
 */
export function lookBack(counts: DailyCounts): Hindsight {
  const episodes: Episode[] = [];
  const judgeable = new Set<number>();
  for (const day of counts.keys()) {
    if (!counts.has(day - USUAL_WEEKS * WEEK) || !counts.has(day + WEEK)) continue;
    for (let near = day - EARLY_DAYS; near <= day + WEEK; near++) judgeable.add(near);
    if (!isBeforeSurge(counts, day)) continue;
    const newest = episodes.at(-1);
    if (newest !== undefined && day - newest.last <= WEEK) newest.last = day;
    else episodes.push({ first: day, last: day });
  }
  return { counts, episodes, judgeable };
}

/** Scores a rule. `flags` are the days on which it flags the hashtag, in any order. */
export function scoreFlags(hashtags: { hindsight: Hindsight; flags: Iterable<number> }[]): Score {
  let [episodes, found, flagged, falseFlags, alarms, falseAlarms, readings] = [0, 0, 0, 0, 0, 0, 0];
  const [delays, shares]: [number[], number[]] = [[], []];
  for (const { hindsight, flags } of hashtags) {
    const { counts, episodes: ofHashtag, judgeable } = hindsight;
    const judged = [...new Set(flags)]
      .filter((day) => counts.has(day) && judgeable.has(day))
      .sort((a, b) => a - b);
    const isFalse = (day: number) =>
      !ofHashtag.some(({ first, last }) => first - EARLY_DAYS <= day && day <= last + WEEK);
    const begins = judged.filter((day, i) => i === 0 || day - (judged[i - 1] ?? 0) > WEEK);
    readings += counts.size;
    episodes += ofHashtag.length;
    flagged += judged.length;
    falseFlags += judged.filter(isFalse).length;
    alarms += begins.length;
    falseAlarms += begins.filter(isFalse).length;
    for (const { first, last } of ofHashtag) {
      const hit = judged.find((day) => first <= day && day <= last + WEEK);
      if (hit === undefined) continue;
      found++;
      delays.push(hit - first);
      const gain = countOn(counts, last + WEEK) - countOn(counts, first);
      const gained = countOn(counts, hit) - countOn(counts, first);
      if (gain > 0) shares.push(Math.min(Math.max(gained / gain, 0), 1));
    }
  }
  return {
    episodes,
    found: episodes === 0 ? null : found / episodes,
    flags: flagged,
    falseFlags: falseFlags / Math.max(flagged, 1),
    falsePer100Months: (100 * falseFlags) / (readings / 30),
    alarms,
    falseAlarms: falseAlarms / Math.max(alarms, 1),
    delayDays: median(delays),
    gainAlreadyThere: median(shares),
  };
}

function isBeforeSurge(counts: DailyCounts, day: number): boolean {
  const count = countOn(counts, day);
  const later = countOn(counts, day + WEEK);
  const before = countOn(counts, day - USUAL_WEEKS * WEEK);
  const usual = Math.max((count - before) / USUAL_WEEKS, 0);
  const ahead = later - count;
  const steps = 4 * Math.max(1, commonStep(count, later));
  return ahead >= 2 * usual && ahead >= steps && ahead >= 0.02 * count;
}

/** The step to which TikTok rounds the larger count, if both are multiples of it; otherwise 0. */
function commonStep(a: number, b: number): number {
  const larger = Math.max(a, b);
  const step = larger < 1e4 ? 1 : larger < 1e6 ? 100 : larger < 1e9 ? 1e5 : 1e8;
  return step > 1 && a % step === 0 && b % step === 0 ? step : 0;
}

function countOn(counts: DailyCounts, day: number): number {
  return counts.get(day) ?? 0;
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}
