import type { Database } from 'sql.js';
import type { Day } from '../core/day.ts';
import { thresholds, type Watchlist } from '../watchlist/watchlist.ts';
import { compareRows, type Difference } from './compare.ts';
import { type Connection, inTransaction } from './connection.ts';
import { createDayReader, type DayRows, readDigests } from './local-days.ts';
import {
  DAY_TABLES,
  inSchema,
  MIRRORED_DAYS,
  type MirrorRow,
  parseRows,
  selectStatement,
  type Table,
  toText,
  upsertStatement,
  WATCHLIST,
} from './tables.ts';

/** What was done, and what was found there. */
export type Sent = {
  days: Day[];
  added: number;
  changed: number;
  /** How the days differed before. Missing rows were added, changed ones were corrected. */
  differences: Difference[];
  /** Days that only the mirror has. */
  daysOnlyThere: Day[];
};

/** A transaction has about so many rows, but always whole days. */
const ROWS_PER_TRANSACTION = 20_000;
/** A row of each table takes about so much room in a list of parameters. */
const ROWS_PER_STATEMENT = 50_000;

/**
 * Brings the mirror up to date: sends the days that are new or differ from what was sent, oldest
 * first, and the watchlist. Each day is there as a whole or not at all.
 * @param since from this day on, all days are sent again, whatever was sent before
 * @throws MirrorError
 */
export async function sendDays(
  connection: Connection,
  db: Database,
  source: string,
  since: Day | null,
): Promise<Sent> {
  const digests = readDigests(db);
  const there = await readMirroredDays(connection, source);
  const due = [...digests.keys()].filter(
    (day) => there.get(day) !== digests.get(day) || (since !== null && day >= since),
  );
  const sent: Sent = {
    days: due,
    added: 0,
    changed: 0,
    differences: [],
    daysOnlyThere: [...there.keys()].filter((day) => !digests.has(day)).sort(),
  };
  const readRows = createDayReader(db, due);
  let [batch, rows, count]: [Day[], DayRows, number] = [[], new Map(), 0];
  for (const day of due) {
    const ofDay = readRows([day]);
    for (const [table, added] of ofDay) {
      const all = rows.get(table) ?? [];
      rows.set(table, all);
      for (const row of added) all.push(row);
      count += added.length;
    }
    batch.push(day);
    if (count < ROWS_PER_TRANSACTION && day !== due.at(-1)) continue;
    for (const difference of await sendBatch(connection, source, batch, rows, digests)) {
      sent.added += difference.missing.length;
      sent.changed += difference.changed.length;
      if (difference.changed.length + difference.extra.length > 0) {
        sent.differences.push({ ...difference, missing: [] }); // too many to keep
      }
    }
    [batch, rows, count] = [[], new Map(), 0];
  }
  return sent;
}

/** Makes the list there the list that is here. Returns how many entries were changed. */
export async function sendWatchlist(
  connection: Connection,
  watchlist: Watchlist,
  source: string,
): Promise<number> {
  return inTransaction(connection, async () => {
    const rows = watchlistRows(watchlist);
    const names = rows.map(([hashtag]) => hashtag);
    const gone = await connection.query(
      `DELETE FROM ${inSchema(WATCHLIST.name)} WHERE source = $1 AND NOT hashtag = ANY($2::text[])`,
      [source, names],
    );
    return gone.count + (await upsert(connection, WATCHLIST, source, rows));
  });
}

/** The watchlist as rows of its table. */
export function watchlistRows(watchlist: Watchlist): MirrorRow[] {
  const thresholdOf = thresholds(watchlist);
  return watchlist.entries.map(({ name, group = null, paused }) => {
    const { trendingGrowthPercent, surgeFactor } = thresholdOf(name);
    return [
      name,
      group === null ? null : toText(group),
      paused,
      trendingGrowthPercent,
      surgeFactor,
    ];
  });
}

/** The digest of each mirrored day; null if the day has to be compared again. */
export async function readMirroredDays(
  connection: Connection,
  source: string,
): Promise<Map<Day, string | null>> {
  const { rows } = await connection.query(selectStatement(MIRRORED_DAYS), [source]);
  return new Map(rows.map(([day, digest]) => [day as Day, digest ?? null]));
}

/** The rows of some days that the mirror has. */
export async function readDays(
  connection: Connection,
  table: Table,
  source: string,
  days: Day[],
): Promise<MirrorRow[]> {
  const sql = selectStatement(table, 'source = $1 AND date = ANY($2::date[])');
  return parseRows(table, (await connection.query(sql, [source, days])).rows);
}

async function sendBatch(
  connection: Connection,
  source: string,
  days: Day[],
  rows: DayRows,
  digests: Map<Day, string>,
): Promise<Difference[]> {
  return inTransaction(connection, async () => {
    const differences: Difference[] = [];
    for (const table of Object.values(DAY_TABLES)) {
      const here = rows.get(table) ?? [];
      const difference = compareRows(table, here, await readDays(connection, table, source, days));
      differences.push(difference);
      if (difference.missing.length + difference.changed.length > 0) {
        await upsert(connection, table, source, here);
      }
    }
    // A day with more rows there than here is compared again each time.
    const withExtra = new Set(differences.flatMap(({ extra }) => extra.map(([day]) => day)));
    const done = days.map((day) => [day, withExtra.has(day) ? null : (digests.get(day) ?? null)]);
    await upsert(connection, MIRRORED_DAYS, source, done);
    return differences;
  });
}

async function upsert(
  connection: Connection,
  table: Table,
  source: string,
  rows: MirrorRow[],
): Promise<number> {
  const sql = upsertStatement(table);
  let count = 0;
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    const part = rows.slice(start, start + ROWS_PER_STATEMENT);
    const lists = Object.keys(table.columns).map((_, i) => part.map((row) => row[i]));
    count += (await connection.query(sql, [source, ...lists])).count;
  }
  return count;
}
