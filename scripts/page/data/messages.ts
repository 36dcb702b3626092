import type { Day } from '../../lib/core/day.ts';
import type { Snapshot, Video } from '../../lib/core/snapshot.ts';
import type { GroupDay, SiteInfo } from '../../lib/dashboard/site.ts';
import type { DayState } from '../../lib/trends/day-state.ts';
import type { Measure } from '../../lib/trends/growth.ts';
import type { Move } from '../../lib/trends/moves.ts';
import type { MovingDay, PeriodTrend } from '../../lib/trends/period-trends.ts';
import type { Total } from '../../lib/trends/totals.ts';
import type { Trend } from '../../lib/trends/trends.ts';

/** What the newest day says, as its report does. */
export type Overview = {
  day: Day;
  firstDay: Day;
  trends: Trend[];
  state: DayState;
  /** What moved on the day, strongest first. */
  moves: Move[];
  /** How many hashtags should have been captured. */
  tracked: number;
  /** What the hashtags of each group have together, as the report has it. */
  totals: Record<string, Record<Measure, Total>>;
  /** Days of the last 30 with no snapshot at all. */
  missingDays: Day[];
  /** The last 7 days, as a week's summary has them. */
  week: PeriodTrend[];
  /** The newest snapshot, of the last weeks, of each hashtag that the day lacks. */
  lastSeen: Snapshot[];
};

/** The whole life of a hashtag. */
export type HashtagHistory = {
  snapshots: Snapshot[];
  corrections: { day: Day; videoCount: number | null; viewCount: number | null }[];
  /** The days on which it moved, oldest first. */
  movingDays: MovingDay[];
  videos: TopVideo[];
};

/** A video that had the most plays when its hashtag was moving. */
export type TopVideo = Video & { day: Day };

/** What the worker can be asked for. */
export type Question =
  | { kind: 'overview' }
  | { kind: 'history'; hashtag: string }
  | { kind: 'group'; group: string };

export type Answers = {
  /** The overview is null if the database has no day. */
  overview: { info: SiteInfo; overview: Overview | null };
  history: HashtagHistory;
  group: GroupDay[];
};

export type Request = { id: number; question: Question };
export type Response = { id: number } & ({ answer: unknown } | { problem: string });
