import path from 'node:path';
import type { Database } from 'sql.js';
import { addDays, type Day } from '../core/day.ts';
import { FEED_PATH, WEEKLY_FEED_PATH } from '../core/paths.ts';
import { type Period, weekOf } from '../core/period.ts';
import { compareText } from '../core/text.ts';
import { newestDay, type readDays, readPeriod } from '../store/days.ts';
import { hasHistory } from '../store/history.ts';
import { selectRows } from '../store/rows.ts';
import { readIfThere, writeTextIfChanged } from '../system/files.ts';
import { thresholds, type Watchlist } from '../watchlist/watchlist.ts';
import { type Entry, renderAtom } from './atom.ts';
import { findDailyNews, findWeeklyNews } from './news-of-days.ts';
import {
  dayAddress,
  findPlace,
  hashtagsAddress,
  nameOf,
  type Place,
  weekAddress,
} from './place.ts';

const MAX_ENTRIES = 30;
/** As many as the days of a feed cover. */
const WEEKS_BESIDE_DAYS = 5;

/** Of the names that feeds themselves have. Any day would do, but it must never change. */
const FEED_DAY = '2026-01-01' as Day;

/**
 * Writes the feeds below `root`, if there is news that they lack: `reports/feed.xml` with the days
 * and weeks, and `reports/weekly.xml` with the weeks. Without an address of the page or of the
 * repository there are none, because their entries could have no lasting names.
 * @param days what `readDays` gives
 * @returns the paths of the feeds that were written
 */
export async function writeFeeds(
  db: Database,
  watchlist: Watchlist,
  root: string,
  days: ReturnType<typeof readDays>,
): Promise<string[]> {
  const newest = newestDay(db);
  const place = await findPlace(root, watchlist.settings);
  const address = place.dashboard ?? place.repository;
  if (newest === null || address === null) return [];
  const lastWeek = weekOf(addDays(weekOf(newest).first, -1));
  const isTold = async (file: string, day: Day, what: string) => {
    const text = (await readIfThere(path.join(root, file)))?.toString('utf8');
    return text?.includes(`<id>${nameOf(address, day, what)}</id>`) ?? false;
  };
  const daily = listDailyEntries(db, watchlist, place, newest, days);
  const isDayNews =
    daily.some(({ day }) => day === newest) || (await isTold(FEED_PATH, newest, newest));
  const isWeekNew = !(await isTold(WEEKLY_FEED_PATH, lastWeek.last, lastWeek.name));
  if (!isDayNews && !isWeekNew) return [];
  // Whoever reads the feed has had the weeks whose days are archived.
  const weeks = listWeeks(lastWeek, isWeekNew ? MAX_ENTRIES : WEEKS_BESIDE_DAYS)
    .filter(({ first }) => hasHistory(db, first))
    .flatMap((week) => weeklyEntry(db, watchlist, place, week) ?? []);
  const write = async (file: string, title: string, entries: Entry[]): Promise<string[]> => {
    if (entries.length === 0) return [];
    const id = nameOf(address, FEED_DAY, path.posix.basename(file));
    const feed = { id, title, link: address };
    const linkOf = (hashtag: string) => hashtagsAddress(place, [hashtag]);
    const text = await renderAtom(feed, entries.slice(0, MAX_ENTRIES), linkOf);
    await writeTextIfChanged(path.join(root, file), text);
    return [file];
  };
  const all = [...daily.map(({ entry }) => entry), ...weeks.slice(0, WEEKS_BESIDE_DAYS)];
  all.sort((a, b) => compareText(b.updatedAt, a.updatedAt));
  return [
    ...(await write(FEED_PATH, 'TikTok hashtags', all)),
    ...(isWeekNew ? await write(WEEKLY_FEED_PATH, 'TikTok hashtags by week', weeks) : []),
  ];
}

/** The last days with news, newest first. */
function listDailyEntries(
  db: Database,
  watchlist: Watchlist,
  place: Place,
  newest: Day,
  days: ReturnType<typeof readDays>,
): { day: Day; entry: Entry }[] {
  const first = addDays(newest, 1 - MAX_ENTRIES);
  const record = readPeriod(db, { kind: 'month', name: newest, first, last: newest });
  if (record === null) return [];
  const missed = new Map(days.map((entry) => [entry.day, entry.missed]));
  const missedOn = (day: Day) => (missed.get(day) ?? []).map(({ hashtag }) => hashtag);
  const lastRunOn = new Map(
    selectRows(db, LAST_RUNS, [first]).map(({ date, finished_at }) => [date, String(finished_at)]),
  );
  return [...findDailyNews(record, thresholds(watchlist), missedOn)]
    .reverse()
    .map(([day, news]) => ({
      day,
      entry: {
        ...news,
        id: nameOf(place.dashboard ?? place.repository ?? '', day, day),
        link: dayAddress(
          place,
          day,
          news.lines.map(({ hashtag }) => hashtag),
        ),
        updatedAt: lastRunOn.get(day) ?? `${day}T12:00:00.000Z`,
      },
    }));
}

/** When the last run of each day ended that stored something. */
const LAST_RUNS = `SELECT date, max(finished_at) AS finished_at FROM runs
  WHERE date >= ? AND stored > 0 GROUP BY date`;

/** The weeks up to the last one, newest first. */
function listWeeks(last: Period, count: number): Period[] {
  return Array.from({ length: count }, (_, i) => weekOf(addDays(last.first, -7 * i)));
}

function weeklyEntry(db: Database, watchlist: Watchlist, place: Place, week: Period): Entry | null {
  const record = readPeriod(db, week);
  const news = record === null ? null : findWeeklyNews(record, thresholds(watchlist));
  if (news === null) return null;
  return {
    ...news,
    id: nameOf(place.dashboard ?? place.repository ?? '', week.last, week.name),
    link: weekAddress(place, week),
    updatedAt: `${addDays(week.last, 1)}T00:00:00.000Z`,
  };
}
