import type { Database } from 'sql.js';
import { parseCount } from '../../lib/core/count.ts';
import { addDays, type Day } from '../../lib/core/day.ts';
import { groupBy } from '../../lib/core/group-by.ts';
import { canonicalHashtag } from '../../lib/core/hashtag-name.ts';
import type { Snapshot } from '../../lib/core/snapshot.ts';
import type { SiteInfo } from '../../lib/dashboard/site.ts';
import { newestCapturedDay, readDay } from '../../lib/store/days.ts';
import { readCaptureTimes, readHistory, toSnapshots } from '../../lib/store/history.ts';
import { selectRows, selectValue } from '../../lib/store/rows.ts';
import { judgeDayState, missingDays } from '../../lib/trends/day-state.ts';
import type { Measure } from '../../lib/trends/growth.ts';
import { findMoves } from '../../lib/trends/moves.ts';
import { computePeriodTrends } from '../../lib/trends/period-trends.ts';
import { computeTotal } from '../../lib/trends/totals.ts';
import { computeTrends, groupByHashtag, type Threshold } from '../../lib/trends/trends.ts';
import { findMovingDays } from '../signals.ts';
import type { HashtagHistory, Overview, TopVideo } from './messages.ts';

/** What the newest day says; null if there is none. */
export function readOverview(db: Database, info: SiteInfo): Overview | null {
  // A divided database is ordered by hashtag.
  db.run('CREATE INDEX IF NOT EXISTS snapshots_by_date ON snapshots (date)');
  const day = newestCapturedDay(db);
  const record = day === null ? null : readDay(db, day);
  if (day === null || record === null) return null;
  const firstDay = info.firstDay ?? record.firstDay;
  const thresholdOf = createThresholds(info);
  const trends = computeTrends(record.history, day, thresholdOf);
  const names = trends.map(({ hashtag }) => hashtag);
  const captured = new Set(names);
  const state = judgeDayState(names, record.failures, record.returned);
  const weekStart = addDays(day, -6);
  const lastDays = { kind: 'week', name: 'the last 7 days', first: weekStart, last: day } as const;
  return {
    day,
    firstDay,
    trends,
    tracked: Math.max(record.runs.at(-1)?.tracked ?? 0, names.length + record.failures.length),
    state,
    moves: findMoves({ ...record, trends, state }),
    totals: sumGroups(
      record.history.filter(({ hashtag }) => captured.has(hashtag)),
      day,
      info,
    ),
    missingDays: missingDays(record.history, day, firstDay),
    week: computePeriodTrends(readHistory(db, weekStart, day), lastDays, thresholdOf),
    lastSeen: [...groupByHashtag(record.history, day)].flatMap(([hashtag, series]) =>
      captured.has(hashtag) ? [] : series.slice(-1),
    ),
  };
}

function sumGroups(history: Snapshot[], day: Day, { hashtags }: SiteInfo): Overview['totals'] {
  const groupOf = new Map(hashtags.map(({ name, group }) => [name, group]));
  const byGroup = groupBy(history, ({ hashtag }) => groupOf.get(hashtag) ?? null);
  return Object.fromEntries(
    [...byGroup].flatMap(([group, snapshots]) => {
      if (group === null) return [];
      const total = (measure: Measure) => computeTotal(snapshots, day, measure);
      return [[group, { videos: total('videos'), views: total('views') }]];
    }),
  );
}

/** The threshold of each hashtag. */
function createThresholds({ hashtags, threshold }: SiteInfo): (hashtag: string) => Threshold {
  const own = new Map(hashtags.map((hashtag) => [hashtag.name, hashtag.threshold]));
  return (hashtag) => own.get(hashtag) ?? threshold;
}

/** Everything that is stored of a hashtag, and when it moved. */
export function readHashtag(db: Database, hashtag: string, info: SiteInfo): HashtagHistory {
  // Names may be stored as they were written.
  const stored = selectRows(db, 'SELECT DISTINCT hashtag FROM snapshots')
    .map((row) => String(row.hashtag))
    .filter((name) => name === hashtag || canonicalHashtag(name) === hashtag);
  const rows = stored.flatMap((name) =>
    selectRows(db, 'SELECT * FROM snapshots WHERE hashtag = ?', [name]),
  );
  const snapshots =
    groupByHashtag(toSnapshots(rows, readCaptureTimes(db, rows)), LAST_DAY).get(hashtag) ?? [];
  return {
    snapshots,
    movingDays: findMovingDays(hashtag, snapshots, createThresholds(info)(hashtag)),
    corrections: selectRows<{ day: Day; videoCount: unknown; viewCount: unknown }>(
      db,
      `SELECT date AS day, video_count AS videoCount, view_count AS viewCount
       FROM corrections JOIN runs ON runs.id = run_id WHERE hashtag = ? ORDER BY date`,
      [hashtag],
    ).map(({ day, videoCount, viewCount }) => ({
      day,
      videoCount: parseCount(videoCount),
      viewCount: parseCount(viewCount),
    })),
    videos: readVideos(db, hashtag),
  };
}

const LAST_DAY = '9999-12-31' as Day;

function readVideos(db: Database, hashtag: string): TopVideo[] {
  const hasTable = selectValue(db, "SELECT 1 FROM sqlite_schema WHERE name = 'videos'") !== null;
  if (!hasTable) return [];
  return selectRows<TopVideo>(
    db,
    `SELECT date AS day, video_id AS id, author, plays, created_at AS createdAt FROM videos
     WHERE hashtag = ? ORDER BY date DESC, plays DESC`,
    [hashtag],
  );
}
