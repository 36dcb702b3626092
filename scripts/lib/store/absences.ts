import type { Database, Statement } from 'sql.js';
import { type Day, isDay } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import { canonicalHashtag } from '../core/hashtag-name.ts';
import type { Absence } from '../core/snapshot.ts';
import { toSnapshots } from './history.ts';
import { type Row, selectRows } from './rows.ts';

/** What the history says about hashtags that were not found. */
export type AbsenceReader = {
  /**
   * What the history says about each of these days, in the same order.
   * @param days days of one hashtag without a count, oldest first. On all but the last one, it was
   *   not found
   */
  read(hashtag: string, days: Day[]): Absence[];
  [Symbol.dispose](): void;
};

/**
 * Opens a reader, which looks only at the days that it has to. It must be disposed of.
 * @param snapshotDays the days with a snapshot, oldest first
 */
export function openAbsences(db: Database, snapshotDays: string[]): AbsenceReader {
  const days = snapshotDays.filter(isDay);
  const positionOf = new Map(days.map((day, i) => [day, i]));
  const one = db.prepare('SELECT * FROM snapshots WHERE date = ? AND hashtag = ?');
  const archived = readArchivedAbsences(db);
  const otherNames = new Map<Day, Map<string, Row[]>>();

  /** The rows of a day whose names may not be in their normal form, by their normal form. */
  const readOtherNames = (day: Day) => {
    const known = otherNames.get(day);
    if (known !== undefined) return known;
    const rows = selectRows(db, OTHER_NAMES, [day]);
    const byName = groupBy(rows, ({ hashtag }) => canonicalHashtag(String(hashtag)));
    otherNames.set(day, byName);
    return byName;
  };

  /** The newest count before the position in `days`, but none at or before `stop`. */
  const findLast = (hashtag: string, before: number, stop: number): Absence['last'] => {
    for (let i = before - 1; i > stop; i--) {
      const day = days[i] as Day;
      const rows = [...selectOne(one, day, hashtag), ...(readOtherNames(day).get(hashtag) ?? [])];
      for (const { videoCount, viewCount } of toSnapshots(rows)) {
        if (videoCount !== null || viewCount !== null) return { day, videoCount, viewCount };
      }
    }
    return null;
  };

  return {
    read(hashtag, asked) {
      const before = archived.get(hashtag);
      let since = before?.since ?? null;
      let last = before?.last ?? null;
      let daysBefore = before?.days ?? 0;
      let stop = -1;
      return asked.map((day) => {
        const position = positionOf.get(day) ?? countBefore(days, day);
        const newer = findLast(hashtag, position, stop);
        if (newer !== null) [last, since, daysBefore] = [newer, null, 0];
        const absence = { last, since: since ?? day, daysBefore };
        stop = position - 1;
        // Where nothing was captured, the answer says nothing.
        if (positionOf.has(day)) {
          stop = position;
          since ??= day;
          daysBefore++;
        }
        return absence;
      });
    },
    [Symbol.dispose]: () => one.free(),
  };
}

/** What the archived months say: the newest count, and the days after it that count. */
type ArchivedAbsence = { last: Absence['last']; since: Day | null; days: number };

function readArchivedAbsences(db: Database): Map<string, ArchivedAbsence> {
  const archived = new Map<string, ArchivedAbsence>();
  const entryOf = (hashtag: string) => {
    const entry = archived.get(hashtag) ?? { last: null, since: null, days: 0 };
    archived.set(hashtag, entry);
    return entry;
  };
  const latest = selectRows(db, 'SELECT * FROM archived_latest ORDER BY date');
  for (const { day, hashtag, videoCount, viewCount } of toSnapshots(latest)) {
    if (videoCount === null && viewCount === null) continue;
    entryOf(hashtag).last = { day, videoCount, viewCount };
  }
  const absent = 'SELECT * FROM archived_hashtags WHERE absent_since IS NOT NULL';
  for (const { hashtag, absent_since, absent_days } of selectRows(db, absent)) {
    const since = String(absent_since);
    const entry = entryOf(String(hashtag));
    entry.since = isDay(since) ? since : null;
    entry.days = Number(absent_days);
  }
  return archived;
}

const OTHER_NAMES = "SELECT * FROM snapshots WHERE date = ? AND hashtag GLOB '*[^a-z0-9_]*'";

function selectOne(statement: Statement, day: Day, hashtag: string): Row[] {
  statement.bind([day, hashtag]);
  const rows = statement.step() ? [statement.getAsObject()] : [];
  statement.reset();
  return rows;
}

/** How many of the days, which are in order, are before `day`. */
function countBefore(days: Day[], day: Day): number {
  const index = days.findIndex((candidate) => candidate >= day);
  return index < 0 ? days.length : index;
}
