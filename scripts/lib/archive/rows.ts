import type { Database } from 'sql.js';
import { DatabaseError } from '../core/errors.ts';
import { inTransaction, selectRows, selectValue, withAttached } from '../store/rows.ts';

/** A span of dates: from `first` on, and before `end`. */
type Span = { first: string; end: string };

export const ALL_TIME: Span = { first: '', end: '~' };

/** The span of a month, `2025-03`. */
export function spanOf(month: string): Span {
  return { first: `${month}-01`, end: `${month}-32` };
}

const OF_DATE = 'date >= ?1 AND date < ?2';
const ofRun = (schema: string) =>
  `run_id IN (SELECT id FROM ${schema}.runs WHERE date >= ?1 AND date < ?2)`;

/** The tables whose rows belong to a day, those of runs after the rows that belong to them. */
const TABLES: [table: string, condition: (schema: string) => string][] = [
  ['snapshots', () => OF_DATE],
  ['videos', () => OF_DATE],
  ['companions', () => OF_DATE],
  ['failures', ofRun],
  ['corrections', ofRun],
  ['captures', ofRun],
  ['runs', () => OF_DATE],
];

/**
 * Copies the rows of some days into another database. Rows that it has already stay.
 * @throws DatabaseError if it has a row with the same key and other values
 * @param name what people call `source`
 */
export function copyRows(source: Database, target: Database, span: Span, name: string): void {
  withAttached(target, source, 'source', () =>
    inTransaction(target, () => {
      for (const [table, condition] of TABLES) copyTable(target, table, condition, span, name);
    }),
  );
}

function copyTable(
  target: Database,
  table: string,
  condition: (schema: string) => string,
  { first, end }: Span,
  name: string,
): void {
  const rows = `FROM source.${table} WHERE ${condition('source')}`;
  const count = Number(selectValue(target, `SELECT count(*) ${rows}`, [first, end]));
  target.run(`INSERT OR IGNORE INTO main.${table} SELECT * ${rows}`, [first, end]);
  if (target.getRowsModified() === count) return;
  const other = `SELECT * ${rows} EXCEPT SELECT * FROM main.${table} LIMIT 1`;
  const [row] = selectRows(target, other, [first, end]);
  if (row === undefined) return;
  throw new DatabaseError(
    `${name} has a row in its table ${table} that another file of the tracker has with other ` +
      `values: ${Object.values(row).join(', ')}. One of them was changed. npm run audit names the commit`,
  );
}

/**
 * The first row of a database that another one does not have among its rows of some days, with its
 * table; null if there is none.
 */
export function findLacking(source: Database, target: Database, { first, end }: Span) {
  return withAttached(target, source, 'source', () => {
    for (const [table, condition] of TABLES) {
      const there = `SELECT * FROM main.${table} WHERE ${condition('main')}`;
      const lacking = `SELECT * FROM source.${table} EXCEPT ${there} LIMIT 1`;
      const [row] = selectRows(target, lacking, [first, end]);
      if (row !== undefined) return { table, row: Object.values(row).join(', ') };
    }
    return null;
  });
}

/** Deletes the rows of some days. */
export function deleteRows(db: Database, { first, end }: Span): void {
  for (const [table, condition] of TABLES) {
    db.run(`DELETE FROM ${table} WHERE ${condition('main')}`, [first, end]);
  }
}

/** How many rows of these days there are, in all tables. */
export function countRowsOfSpan(db: Database, { first, end }: Span): number {
  const counts = TABLES.map(([table, condition]) =>
    Number(
      selectValue(db, `SELECT count(*) FROM ${table} WHERE ${condition('main')}`, [first, end]),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** How many snapshots each date has. */
export function countSnapshots(db: Database): Map<string, number> {
  const rows = selectRows(db, 'SELECT date, count(*) AS count FROM snapshots GROUP BY date');
  return new Map(rows.map(({ date, count }) => [String(date), Number(count)]));
}

/** Copies whole tables, in place of what the other database has in them. */
export function copyTables(source: Database, target: Database, tables: readonly string[]): void {
  withAttached(target, source, 'source', () => {
    for (const table of tables) {
      target.run(`DELETE FROM main.${table}`);
      target.run(`INSERT INTO main.${table} SELECT * FROM source.${table}`);
    }
  });
}

/** The tables in which the daily file keeps what is needed of archived months. */
export const REMEMBERED = ['archived_days', 'archived_hashtags', 'archived_latest'] as const;
