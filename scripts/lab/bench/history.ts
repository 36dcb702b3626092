import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import { addDays, type Day } from '../../lib/core/day.ts';
import { WATCHLIST_PATH } from '../../lib/core/paths.ts';
import type { Run } from '../../lib/core/snapshot.ts';
import { parseDatabase } from '../../lib/store/database.ts';
import { saveDatabase } from '../../lib/store/open.ts';
import { insertRun, insertSnapshots, recordRun } from '../../lib/store/record.ts';
import { inTransaction } from '../../lib/store/rows.ts';

/** The first day of a history, if it does not matter. */
export const FIRST_DAY = '2023-01-01' as Day;

/** The table that the tutorial's script creates. */
export const TUTORIAL_TABLE =
  'CREATE TABLE snapshots (date TEXT, hashtag TEXT, video_count INTEGER, view_count INTEGER, PRIMARY KEY (date, hashtag))';

/** Names of hashtags that are as long as real ones. */
export function hashtagNames(count: number): string[] {
  const words = ['ai', 'book', 'cat', 'dance', 'edit', 'food', 'gym', 'home', 'ideas', 'joke'];
  return Array.from({ length: count }, (_, i) => `${words[i % 10]}${words[(i * 7) % 9]}${i}`);
}

/** Exact counts that grow by about one percent per day, differently for each hashtag and day. */
export function countsOf(hashtag: number, day: number): { videoCount: number; viewCount: number } {
  const noise = Math.sin(hashtag * 12.9898 + day * 78.233) * 43_758.5453;
  const random = noise - Math.floor(noise);
  const size = 5_000 * (1 + ((hashtag * 7919) % 997));
  const videoCount = Math.round(
    size * (1 + 0.002 * (1 + (hashtag % 5))) ** (day % 400) + random * 90,
  );
  return {
    videoCount,
    viewCount: Math.round(videoCount * (2_000 + (hashtag % 37) * 111 + random)),
  };
}

/** Adds the run of a day to a database, as the tracker would: `dayNumber` days after `firstDay`. */
export function addDay(
  db: Database,
  names: string[],
  dayNumber: number,
  firstDay = FIRST_DAY,
): Day {
  const run = runOf(names, dayNumber, firstDay);
  recordRun(db, run);
  return run.day;
}

function runOf(names: string[], dayNumber: number, firstDay: Day): Run {
  const day = addDays(firstDay, dayNumber);
  return {
    day,
    startedAt: `${day}T05:17:08.114Z`,
    finishedAt: `${day}T05:18:21.902Z`,
    trigger: 'schedule',
    url: `https://github.com/somebody/tiktok-hashtags/actions/runs/${12_000_000_000 + dayNumber * 7_000_003}`,
    tracked: names.length,
    creditsUsed: names.length,
    creditsRemaining: 1_000_000 - dayNumber * names.length,
    snapshots: names.map((hashtag, i) => ({ hashtag, ...countsOf(i, dayNumber) })),
    failures: [],
    stopReason: null,
  };
}

/** Writes a watchlist and a database below `root`, with `days` days from `firstDay` on. */
export async function createTracker(
  root: string,
  names: string[],
  days: number,
  firstDay = FIRST_DAY,
): Promise<Database> {
  await mkdir(path.join(root, 'data'), { recursive: true });
  await writeFile(path.join(root, WATCHLIST_PATH), JSON.stringify({ hashtags: names }));
  const db = await parseDatabase(null);
  // Without the checks of `recordRun`, each of which reads the whole database.
  inTransaction(db, () => {
    for (let dayNumber = 0; dayNumber < days; dayNumber++) {
      const run = runOf(names, dayNumber, firstDay);
      insertRun(db, run);
      insertSnapshots(
        db,
        run.snapshots.map((snapshot) => ({ day: run.day, ...snapshot })),
      );
    }
  });
  db.run('VACUUM');
  if (days > 0) await saveDatabase(db, root);
  return db;
}
