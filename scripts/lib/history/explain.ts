import type { Database } from 'sql.js';
import { plural } from '../core/format.ts';
import { selectRows } from '../store/rows.ts';
import { EARLIER, NEW_RUNS } from './compare.ts';

/** A day with rows that nothing explains. */
export type Unexplained = { day: string; problem: string };

/** The first schema whose rows are all explained, by runs or by imports. */
export const EXPLAINED_SCHEMA = 2;

/** What an import that is new in a version may explain: so many rows in a range of days. */
type Import = { first: string; last: string; left: number };

/**
 * The days with more new rows and corrections than the runs explain that the attached earlier
 * version lacks. A run explains as many as it stored. An import explains as many of the new rows in
 * its range of days as it says that it added, and no correction. Each correction has a snapshot. A run's
 * captures are at most what it stored, each with its snapshot; the day's first run that stored anything
 * has none. A new run has only values that the tracker writes, because reports show them.
 * @param from days before it have no new rows
 */
export function findUnexplained(db: Database, from: string): Unexplained[] {
  const rows = countByDay(db, NEW_SNAPSHOTS, [from]);
  const corrections = countByDay(db, NEW_CORRECTIONS);
  const stored = countByDay(db, STORED_BY_NEW_RUNS);
  const imports = selectRows(db, NEW_IMPORTS).map(
    (row): Import => ({
      first: String(row.first_date),
      last: String(row.last_date),
      left: Math.max(0, Number(row.rows) || 0),
    }),
  );
  const unexplained: Unexplained[] = [];
  for (const day of [...new Set([...rows.keys(), ...corrections.keys()])].sort()) {
    const added = rows.get(day) ?? 0;
    const corrected = corrections.get(day) ?? 0;
    const captured = stored.get(day) ?? 0;
    const forged = Math.max(0, corrected - captured);
    const rest = Math.max(0, added + corrected - captured) - forged;
    const left = forged + rest - takeFromImports(imports, day, rest);
    if (left === 0) continue;
    const parts = `${plural(added, 'new snapshot')}, ${plural(corrected, 'new correction')}`;
    unexplained.push({
      day,
      problem:
        `no new run or import explains ${plural(left, 'row')} ` +
        `(${parts}; the new runs stored ${captured})`,
    });
  }
  for (const [day, count] of countByDay(db, WRONG_CAPTURES)) {
    const problem = `no new run can have brought ${plural(count, 'later capture')}`;
    unexplained.push({ day, problem });
  }
  for (const [day, count] of countByDay(db, WRONG_CORRECTIONS)) {
    const problem = `there is no snapshot for ${plural(count, 'new correction')}`;
    unexplained.push({ day, problem });
  }
  for (const [day, count] of countByDay(db, WRONG_RUNS)) {
    const problem = `the tracker never writes such values: ${plural(count, 'new run')}`;
    unexplained.push({ day, problem });
  }
  return unexplained;
}

/**
 * Takes rows of a day from the imports, first from those that end first: later days, which come
 * later, may need the others. Returns how many it could take.
 */
function takeFromImports(imports: Import[], day: string, wanted: number): number {
  let taken = 0;
  const fitting = imports.filter(({ first, last }) => first <= day && day <= last);
  for (const entry of fitting.sort((a, b) => (a.last < b.last ? -1 : 1))) {
    const part = Math.min(entry.left, wanted - taken);
    entry.left -= part;
    taken += part;
  }
  return taken;
}

function countByDay(db: Database, sql: string, parameters: string[] = []): Map<string, number> {
  return new Map(
    selectRows(db, sql, parameters).map(({ day, count }) => [String(day), Number(count) || 0]),
  );
}

const NEW_SNAPSHOTS = `SELECT date AS day, count(*) AS count FROM main.snapshots s
  WHERE date >= ?1 AND NOT EXISTS (
    SELECT 1 FROM ${EARLIER}.snapshots e WHERE e.date = s.date AND e.hashtag = s.hashtag
  ) GROUP BY date`;

const NEW_CORRECTIONS = `SELECT runs.date AS day, count(*) AS count
  FROM ${NEW_RUNS} runs JOIN main.corrections ON run_id = runs.id GROUP BY runs.date`;

const STORED_BY_NEW_RUNS = `SELECT date AS day, sum(max(0, CAST(stored AS INTEGER))) AS count
  FROM ${NEW_RUNS} GROUP BY date`;

const WRONG_CAPTURES = `WITH
    firsts AS MATERIALIZED (SELECT date, min(id) AS id FROM main.runs WHERE stored > 0 GROUP BY date),
    brought AS (
      SELECT runs.date, runs.id, max(0, CAST(runs.stored AS INTEGER)) AS stored, count(*) AS captures,
        count(s.hashtag) AS snapshots
      FROM ${NEW_RUNS} runs JOIN main.captures c ON c.run_id = runs.id
      LEFT JOIN main.snapshots s ON s.date = runs.date AND s.hashtag = c.hashtag
      GROUP BY runs.id
    )
  SELECT brought.date AS day, sum(
    captures - iif(firsts.id IS NULL OR firsts.id = brought.id, 0, min(snapshots, stored))
  ) AS count
  FROM brought LEFT JOIN firsts ON firsts.date = brought.date AND firsts.id <= brought.id
  GROUP BY brought.date HAVING count > 0`;

const WRONG_CORRECTIONS = `SELECT runs.date AS day, count(*) AS count
  FROM ${NEW_RUNS} runs JOIN main.corrections c ON c.run_id = runs.id
  WHERE NOT EXISTS (
    SELECT 1 FROM main.snapshots s WHERE s.date = runs.date AND s.hashtag = c.hashtag
  ) GROUP BY runs.date`;

const WRONG_RUNS = `SELECT date AS day, count(*) AS count FROM ${NEW_RUNS} WHERE NOT (
    date IS date(date)
    AND julianday(started_at) IS NOT NULL AND julianday(finished_at) IS NOT NULL
    AND typeof(tracked) = 'integer' AND typeof(asked) = 'integer'
    AND typeof(stored) = 'integer' AND typeof(failed) = 'integer'
    AND typeof(credits_used) IN ('integer', 'real', 'null')
    AND typeof(credits_remaining) IN ('integer', 'real', 'null')
    AND (url IS NULL OR url GLOB 'http://*' OR url GLOB 'https://*')
  ) GROUP BY date`;

const NEW_IMPORTS = `SELECT * FROM main.imports
  WHERE id NOT IN (SELECT id FROM ${EARLIER}.imports) ORDER BY id`;
