import type { Database } from 'sql.js';
import type { Day } from '../core/day.ts';
import type { Watchlist } from '../watchlist/watchlist.ts';
import { compareRows, type Difference } from './compare.ts';
import type { Connection } from './connection.ts';
import { createDayReader, readDigests } from './local-days.ts';
import { readDays, watchlistRows } from './send.ts';
import { DAY_TABLES, inSchema, parseRows, selectStatement, WATCHLIST } from './tables.ts';

/** What a comparison of everything found. */
export type Verified = {
  days: number;
  rows: number;
  /** The days that differ, oldest first, each with its tables that do. */
  differing: { day: Day; differences: Difference[] }[];
  daysOnlyThere: Day[];
  /** How the list differs; null if it does not. */
  watchlist: Difference | null;
};

/** Compares so many days at once, because each query takes the time of a round trip. */
const DAYS_AT_ONCE = 20;

/**
 * Compares every row of the mirror with the rows that it should have, day by day. Writes nothing.
 * @param since compares only the days from this one on
 * @throws MirrorError
 */
export async function verifyMirror(
  connection: Connection,
  db: Database,
  watchlist: Watchlist,
  source: string,
  since: Day | null,
): Promise<Verified> {
  const days = [...readDigests(db).keys()].filter((day) => since === null || day >= since);
  const readRows = createDayReader(db, days);
  const verified: Verified = {
    days: days.length,
    rows: 0,
    differing: [],
    daysOnlyThere: await findDaysOnlyThere(connection, source, days, since),
    watchlist: null,
  };
  for (let start = 0; start < days.length; start += DAYS_AT_ONCE) {
    const batch = days.slice(start, start + DAYS_AT_ONCE);
    const here = readRows(batch);
    const found = new Map(batch.map((day) => [day, [] as Difference[]]));
    for (const table of Object.values(DAY_TABLES)) {
      const there = await readDays(connection, table, source, batch);
      const rows = here.get(table) ?? [];
      verified.rows += rows.length;
      const whole = compareRows(table, rows, there);
      for (const day of batch) {
        const ofDay = onDay(whole, day);
        if (isDifferent(ofDay)) found.get(day)?.push(ofDay);
      }
    }
    for (const [day, differences] of found) {
      if (differences.length > 0) verified.differing.push({ day, differences });
    }
  }
  const list = await connection.query(selectStatement(WATCHLIST), [source]);
  const difference = compareRows(
    WATCHLIST,
    watchlistRows(watchlist),
    parseRows(WATCHLIST, list.rows),
  );
  if (isDifferent(difference)) verified.watchlist = difference;
  return verified;
}

function isDifferent({ missing, changed, extra }: Difference): boolean {
  return missing.length + changed.length + extra.length > 0;
}

function onDay({ table, missing, changed, extra }: Difference, day: Day): Difference {
  return {
    table,
    missing: missing.filter(([date]) => date === day),
    changed: changed.filter(({ here: [date] }) => date === day),
    extra: extra.filter(([date]) => date === day),
  };
}

/** The days with rows there and none here, oldest first. */
async function findDaysOnlyThere(
  connection: Connection,
  source: string,
  here: Day[],
  since: Day | null,
): Promise<Day[]> {
  const known = new Set(here);
  const queries = Object.values(DAY_TABLES).map(
    ({ name }) => `SELECT DISTINCT date FROM ${inSchema(name)} WHERE source = $1`,
  );
  const sql = `SELECT to_char(date, 'YYYY-MM-DD') FROM (${queries.join(' UNION ')}) AS days ORDER BY 1`;
  const { rows } = await connection.query(sql, [source]);
  return rows
    .map(([day]) => day as Day)
    .filter((day) => !known.has(day) && (since === null || day >= since));
}
