import type { Database } from 'sql.js';
import { addDays, type Day } from '../core/day.ts';
import { archivePath } from '../core/paths.ts';
import { monthOf, parseMonth } from '../core/period.ts';
import { parseDatabase } from '../store/database.ts';
import { newestCapturedDay } from '../store/days.ts';
import { selectRows } from '../store/rows.ts';
import { copyRows, spanOf } from './rows.ts';

/**
 * The daily file keeps the months of this many days, up to its newest day. On the first of a month, the
 * summary of the month before looks back 88 days, and the 30 days of the feed look back 87.
 */
const KEPT_DAYS = 92;
/** GitHub warns from 50 MB. */
export const MOST_BYTES = 40_000_000;

/**
 * The first day that stays in the daily file; null if it has no snapshot. The newest run stays as
 * well, so that no number of a run is given twice.
 */
export function firstDayToKeep(db: Database): Day | null {
  const newest = newestCapturedDay(db);
  if (newest === null) return null;
  const [run] = selectRows(db, 'SELECT date FROM runs ORDER BY id DESC LIMIT 1');
  const first = addDays(newest, 1 - KEPT_DAYS);
  const month = parseMonth(String(run?.date).slice(0, 7))?.first;
  return month !== undefined && month < first ? month : monthOf(first).first;
}

/** The archived months that a daily file remembers, oldest first. */
export function listRememberedMonths(db: Database): string[] {
  const sql = 'SELECT DISTINCT substr(date, 1, 7) AS month FROM archived_days ORDER BY month';
  return selectRows(db, sql).map(({ month }) => String(month));
}

/** The archived months that only one of two daily files remembers. The other may have their rows. */
export function rememberedByOne(one: Database, other: Database): Set<string | null> {
  const [here, there] = [one, other].map((db) => new Set(listRememberedMonths(db)));
  return new Set([...(here ?? []), ...(there ?? [])].filter((m) => here?.has(m) !== there?.has(m)));
}

/** Whether a daily file has a month that may move. Unlike `listMonths`, it reads few rows. */
export function hasMonthToMove(db: Database): boolean {
  const end = firstDayToKeep(db);
  if (end === null) return false;
  const isDate = "date GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]*'";
  return ['snapshots', 'runs'].some((table) => {
    const oldest = `SELECT date FROM ${table} WHERE ${isDate} ORDER BY date LIMIT 1`;
    return selectRows(db, oldest).some(({ date }) => String(date) < end);
  });
}

/** The months before a day that have rows, oldest first. Rows without a valid date have none. */
export function listMonths(db: Database, end: Day): string[] {
  const tables = ['snapshots', 'runs', 'videos', 'companions'];
  const queries = tables.map((table) => `SELECT substr(date, 1, 7) AS month FROM ${table}`);
  const sql = `SELECT month FROM (${queries.join(' UNION ')}) ORDER BY month`;
  return selectRows(db, sql).flatMap(({ month }) => {
    const period = parseMonth(String(month));
    return period !== null && period.first < end ? period.name : [];
  });
}

/**
 * The files of a month: the same bytes for the same rows. A month that is larger than one file may
 * be is divided by days.
 */
export async function writeMonth(
  db: Database,
  month: string,
  mostBytes = MOST_BYTES,
): Promise<Map<string, Uint8Array>> {
  for (let parts = 1; ; parts++) {
    const files = new Map<string, Uint8Array>();
    for (const [index, span] of divide(db, month, parts).entries()) {
      using file = await parseDatabase(null);
      copyRows(db, file, span, 'the database');
      files.set(archivePath(month, parts === 1 ? null : index + 1), file.export());
    }
    const isSmall = [...files.values()].every(({ length }) => length <= mostBytes);
    if (isSmall || files.size < parts) return files;
  }
}

/** Divides a month into spans with about the same number of snapshots; at most one for each day. */
function divide(db: Database, month: string, parts: number): { first: string; end: string }[] {
  const whole = spanOf(month);
  const days = selectRows(
    db,
    'SELECT date, count(*) AS count FROM snapshots WHERE date >= ? AND date < ? GROUP BY date',
    [whole.first, whole.end],
  );
  const total = days.reduce((sum, { count }) => sum + Number(count), 0);
  const starts: string[] = [];
  let before = 0;
  for (const { date, count } of days) {
    if (before >= (total * (starts.length + 1)) / parts) starts.push(String(date));
    before += Number(count);
  }
  const firsts = [whole.first, ...starts];
  return firsts.map((first, i) => ({ first, end: firsts[i + 1] ?? whole.end }));
}
