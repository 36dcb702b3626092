import { addDays, type Day } from '../../scripts/lib/core/day.ts';
import type { Failure } from '../../scripts/lib/core/snapshot.ts';
import { type OpenDatabase, parseDatabase } from '../../scripts/lib/store/database.ts';
import { recordRun } from '../../scripts/lib/store/record.ts';
import { TODAY } from './snapshots.ts';

/** The counts of a hashtag on a day; null if the run could not get them. */
export type CountsOn = (
  hashtag: string,
  daysAgo: number,
) => { videoCount: number | null; viewCount: number | null } | null;

/** A database with one run on each of the last days up to TODAY, apart from those left out. */
export async function createHistory(
  names: string[],
  days: number,
  countsOn: CountsOn,
  leftOut: number[] = [],
): Promise<OpenDatabase> {
  const db = await parseDatabase(null);
  for (let daysAgo = days - 1; daysAgo >= 0; daysAgo--) {
    if (leftOut.includes(daysAgo)) continue;
    const found = names.map((hashtag) => ({ hashtag, counts: countsOn(hashtag, daysAgo) }));
    recordRun(db, {
      ...runOn(addDays(TODAY, -daysAgo), names.length),
      snapshots: found.flatMap(({ hashtag, counts }) =>
        counts === null ? [] : [{ hashtag, ...counts }],
      ),
      failures: found
        .filter(({ counts }) => counts === null)
        .map(({ hashtag }): Failure => ({ hashtag, kind: 'failed', reason: 'HTTP 503' })),
    });
  }
  return db;
}

/** A run of the day that got nothing. */
export function runOn(day: Day, tracked: number) {
  return {
    day,
    startedAt: `${day}T06:17:00.000Z`,
    finishedAt: `${day}T06:18:00.000Z`,
    trigger: 'schedule',
    url: null,
    tracked,
    creditsUsed: tracked,
    creditsRemaining: 900,
    snapshots: [],
    failures: [],
    stopReason: null,
  };
}

/** Counts that grow by this fraction a day, exactly. */
export function growing(videosToday: number, perDay: number, daysAgo: number) {
  const videoCount = Math.round(videosToday / (1 + perDay) ** daysAgo);
  return { videoCount, viewCount: videoCount * 1_237 };
}
