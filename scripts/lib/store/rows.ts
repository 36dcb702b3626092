import type { Database, SqlValue } from 'sql.js';

/** A row of a query: its values by the names of their columns. */
export type Row = Record<string, SqlValue>;

/** All rows of a query. If `T` is not Row, it names the columns; their values are not checked. */
export function selectRows<T = Row>(db: Database, sql: string, parameters: SqlValue[] = []): T[] {
  return [...iterateRows(db, sql, parameters)] as T[];
}

/** The rows of a query, one at a time. */
export function* iterateRows(
  db: Database,
  sql: string,
  parameters: SqlValue[] = [],
): Generator<Row> {
  const statement = db.prepare(sql, parameters);
  try {
    const names = statement.getColumnNames();
    while (statement.step()) {
      const row: Row = {};
      // Faster than getAsObject, which asks for the names at every row.
      const values = statement.get();
      for (let i = 0; i < names.length; i++) row[names[i] ?? ''] = values[i] ?? null;
      yield row;
    }
  } finally {
    statement.free();
  }
}

/** The only value of a query with one row and one column; null if there is no row. */
export function selectValue(db: Database, sql: string, parameters: SqlValue[] = []): SqlValue {
  return Object.values(selectRows(db, sql, parameters)[0] ?? {})[0] ?? null;
}

/** Runs `change` in a transaction. If it throws, nothing is changed. */
export function inTransaction<T>(db: Database, change: () => T): T {
  db.run('BEGIN');
  try {
    const result = change();
    db.run('COMMIT');
    return result;
  } catch (error) {
    db.run('ROLLBACK');
    throw error;
  }
}

/** Runs `work` while queries of `db` can also read `other`, as the schema `name`. */
export function withAttached<T>(db: Database, other: Database, name: string, work: () => T): T {
  const file = selectValue(other, "SELECT file FROM pragma_database_list WHERE name = 'main'");
  db.run(`ATTACH ? AS ${name}`, [file]);
  try {
    return work();
  } finally {
    db.run(`DETACH ${name}`);
  }
}
