import type { Counts } from './count.ts';
import type { Day } from './day.ts';
import type { Period } from './period.ts';

/** A hashtag's counts on a day. There is at most one per day and hashtag. */
export type Snapshot = {
  day: Day;
  hashtag: string;
  /** The middle of the run that captured it, in Unix milliseconds; null or missing if unknown. */
  capturedAt?: number | null;
} & Counts;

/**
 * Why a hashtag has no snapshot: TikTok does not have it, the API refuses its name, the requests
 * failed, or nobody asked.
 */
export type Failure = {
  hashtag: string;
  kind: 'not-found' | 'rejected' | 'failed' | 'not-asked';
  reason: string;
  /** Only of a "not found": what the hashtag's history says. Null or missing if it has no history. */
  absence?: Absence | null;
};

/**
 * What the history of a hashtag says about a day without a count. Only days count on which the API
 * did not find the hashtag, and on which something else was captured.
 */
export type Absence = {
  /** The newest count before the day; null if there never was one. */
  last: ({ day: Day } & Counts) | null;
  /** The first such day since the last count; the day itself if there is none before it. */
  since: Day;
  /** How many such days there are since the last count, without the day itself. */
  daysBefore: number;
};

/** Counts that a later run of the same day replaced, and when it did so (ISO 8601, UTC). */
export type Correction = { hashtag: string; replacedAt: string } & Counts;

/** What the tracker knows of a run. Instants are ISO 8601 in UTC. */
export type RunInfo = {
  day: Day;
  startedAt: string;
  finishedAt: string;
  /** What started it: GitHub's event name, or "local". */
  trigger: string;
  /** The run's page on GitHub. */
  url: string | null;
  /** How many hashtags of the watchlist were not paused. */
  tracked: number;
  /** Credits are null if the API did not say. */
  creditsUsed: number | null;
  creditsRemaining: number | null;
};

/** A video as it was on a day. Unknown values are null. */
export type Video = {
  /** TikTok's number of it. It can be too large for a number. */
  id: string;
  /** The name in the address of the author's page, without @. It may contain anything. */
  author: string | null;
  plays: number | null;
  /** ISO 8601, UTC. */
  createdAt: string | null;
};

/** A hashtag that videos of another hashtag name as well, and how many of them do. */
export type Companion = { hashtag: string; uses: number };

/** What people post under a hashtag that surges. */
export type TopVideos = {
  hashtag: string;
  /** Those with the most plays, see `chooseTopVideos`. */
  videos: Video[];
  /** The hashtags used most beside it, the most used first. */
  companions: Companion[];
  /** Why there are no videos; null if there are some. */
  problem: string | null;
};

/** Credits that were left after a run of the day. */
export type CreditsLeft = { credits: number; day: Day };

/** A run with its results. */
export type Run = RunInfo & {
  snapshots: ({ hashtag: string } & Counts)[];
  failures: Failure[];
  /** TikTok's own numbers of hashtags that were captured; absent if none is known. */
  tiktokIds?: Map<string, string>;
  /** Absent if no videos were asked for. */
  topVideos?: TopVideos[];
  /** Why it ended before everything was asked; null if it did not. */
  stopReason: string | null;
};

/** Everything that the database holds about a day, and the history that its trends need. */
export type DayRecord = {
  day: Day;
  /** The first and the newest day of the database. */
  firstDay: Day;
  newestDay: Day;
  /** The size of the database. */
  databaseBytes: number;
  /** The newest day before this one with a snapshot, and its hashtags. */
  previousDay: Day | null;
  previousHashtags: string[];
  /** Snapshots up to the day, oldest first. */
  history: Snapshot[];
  /** In the order in which they started. */
  runs: RunInfo[];
  /** The newest failure of each hashtag that has no snapshot on the day. */
  failures: Failure[];
  /** The hashtags with a snapshot on the day that were not found before it. */
  returned: { hashtag: string; absence: Absence }[];
  /** The highest counts before the day, of the hashtags that pass a milestone on it. */
  peaks: ({ hashtag: string } & Counts)[];
  corrections: Correction[];
  /** Of the hashtags whose videos were asked for on the day. */
  topVideos: TopVideos[];
};

/** Everything that the database holds about a week or month, and the history that its trends need. */
export type PeriodRecord = {
  period: Period;
  /** The first day of the database. */
  firstDay: Day;
  /** The last day of the period, or the newest day of the database if that is earlier. */
  lastDay: Day;
  /** Snapshots up to the last day, oldest first. */
  history: Snapshot[];
};
