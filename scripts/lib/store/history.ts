import type { Database } from 'sql.js';
import { parseCount, withoutQuirk } from '../core/count.ts';
import { addDays, type Day, isDay } from '../core/day.ts';
import { canonicalHashtag } from '../core/hashtag-name.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';
import { iterateRows, type Row, selectRows } from './rows.ts';

/** How far back trends look: 30 days, a week of tolerance, and the rank of the day before. */
const HISTORY_DAYS = 38;

/**
 * The snapshots that the trends of the days from `first` to `last` need, oldest first: those of the
 * days and of the weeks before, and, if a hashtag has too few of them, its newest older ones.
 */
export function readHistory(db: Database, first: Day, last: Day): Snapshot[] {
  const windowStart = addDays(first, -HISTORY_DAYS);
  const sql = 'SELECT * FROM snapshots WHERE date BETWEEN ? AND ? ORDER BY date';
  const recent = selectRows(db, sql, [windowStart, last]);
  const names = JSON.stringify(hashtagsNeedingOlder(recent, first));
  const older = ['video_count', 'view_count'].flatMap((count) =>
    names === '[]'
      ? []
      : selectRows(
          db,
          // The tutorial's script stored names as written: any alphabet, spaces, # and capitals.
          `SELECT max(date) AS date, hashtag, video_count, view_count FROM snapshots
           WHERE date < ? AND ${count} IS NOT NULL
             AND (hashtag IN (SELECT value FROM json_each(?)) OR hashtag GLOB '*[^a-z0-9_]*')
           GROUP BY hashtag`,
          [windowStart, names],
        ),
  );
  older.sort((a, b) => compareText(String(a.date), String(b.date)));
  return toSnapshots([...older, ...recent]);
}

/** The names of the hashtags whose newest earlier count may be older than the rows. */
function hashtagsNeedingOlder(rows: Row[], first: Day): string[] {
  const known = new Map<unknown, { videos: number; views: number }>();
  for (const { date, hashtag, video_count, view_count } of rows) {
    const counts = known.get(hashtag) ?? { videos: 0, views: 0 };
    // The first known count has nothing before it to compare with.
    const isEarly = String(date) <= first;
    if (video_count !== null && (isEarly || counts.videos === 0)) counts.videos++;
    if (view_count !== null && (isEarly || counts.views === 0)) counts.views++;
    known.set(hashtag, counts);
  }
  // One is the day's own; with two, the rank of the day before can't be computed.
  const isFew = (count: number) => count === 1 || count === 2;
  return [...known]
    .filter(([, { videos, views }]) => isFew(videos) || isFew(views))
    .map(([hashtag]) => canonicalHashtag(String(hashtag)));
}

/**
 * The snapshots as they are stored, by date and hashtag, one at a time. If given, `since` and
 * `hashtags` limit them.
 */
export function* iterateSnapshots(
  db: Database,
  since: Day | null = null,
  hashtags: Set<string> | null = null,
): Generator<Row> {
  const sql = 'SELECT * FROM snapshots WHERE date >= ? ORDER BY date, hashtag';
  for (const row of iterateRows(db, sql, [since ?? ''])) {
    if (hashtags === null || hashtags.has(canonicalHashtag(String(row.hashtag)))) yield row;
  }
}

/**
 * Rows of the table `snapshots` as snapshots, each under the normal form of its name, one per day
 * and hashtag. Rows without a valid day are left out. A count that is not valid is unknown.
 */
export function toSnapshots(rows: Iterable<Row>): Snapshot[] {
  const snapshots = new Map<string, Snapshot>();
  for (const { date, hashtag: storedName, video_count, view_count } of rows) {
    const [day, stored] = [String(date), String(storedName)];
    if (!isKnownDay(day)) continue;
    const hashtag = canonicalName(stored);
    const key = `${day} ${hashtag}`;
    // "Vibe Coding" and "vibecoding" are one hashtag. The row with the normal form wins.
    if (stored !== hashtag && snapshots.has(key)) continue;
    const counts = { videoCount: parseCount(video_count), viewCount: parseCount(view_count) };
    snapshots.set(key, { day: day as Day, hashtag, ...withoutQuirk(counts) });
  }
  return [...snapshots.values()];
}

/** Remembers the results, because a history repeats the same few days and names. */
function memoize<T>(compute: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    if (!known.has(text)) known.set(text, compute(text));
    return known.get(text) as T;
  };
}

// For the whole process: a long history is read in many parts, with the same names in each.
const canonicalName = memoize(canonicalHashtag);
const isKnownDay = memoize((text) => isDay(text));
