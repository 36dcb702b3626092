import type { Database } from 'sql.js';
import { formatCount } from '../core/format.ts';
import { plainText } from '../core/text.ts';
import { type Row, selectRows } from '../store/rows.ts';

/** A row that an earlier version of the database has, or that only this one has. */
export type RowChange = {
  problem: string;
  day: string;
  /** Absent for a run and for an import. */
  hashtag?: string;
  /** What the earlier version has; absent if it has nothing. */
  before?: string;
  /** What this version has; absent if it has nothing. */
  after?: string;
};

/** The name of the schema under which the comparisons read the earlier version. */
export const EARLIER = 'earlier';

/**
 * The snapshots of the attached earlier version that are gone or different in `db`. A count of its
 * newest day may differ if a new correction has the earlier one.
 * @param isTutorial whether the tutorial's script wrote the earlier version. It keeps no corrections
 */
export function findChangedSnapshots(
  db: Database,
  newest: string,
  isTutorial: boolean,
): RowChange[] {
  return selectRows(db, LOST_SNAPSHOTS).flatMap((row) => {
    const day = String(row.date);
    const isThere = row.is_there === 1;
    const isAllowed = (day >= newest && row.is_corrected === 1) || (isTutorial && day === newest);
    if (isThere && isAllowed) return [];
    const problem = !isThere
      ? 'the snapshot was removed'
      : day < newest
        ? 'the snapshot of a past day was changed'
        : 'the snapshot was changed without a correction';
    return [
      {
        problem,
        day,
        hashtag: String(row.hashtag),
        before: describeCounts(row.video_count, row.view_count),
        ...(isThere ? { after: describeCounts(row.new_videos, row.new_views) } : {}),
      },
    ];
  });
}

/**
 * The rows of all tables but the snapshots that are gone or different in `db`, and those that were
 * added without the new run that they should come from. A new run may replace a hashtag's id.
 */
export function findChangedRecords(db: Database): RowChange[] {
  const changes: RowChange[] = [];
  const hasNewRun = selectRows(db, `SELECT 1 FROM ${NEW_RUNS} LIMIT 1`).length > 0;
  for (const [table, { what, key, unexplained, isReplaced }] of Object.entries(RECORDS)) {
    const isSame = key.map((column) => `other.${column} IS row.${column}`).join(' AND ');
    const find = (schema: string, row: Row) =>
      selectRows(
        db,
        `SELECT other.* FROM ${schema}.${table} other
         JOIN (SELECT ${key.map((column, i) => `?${i + 1} AS ${column}`).join()}) row ON ${isSame}`,
        key.map((column) => row[column] ?? null),
      )[0];
    const add = (how: string, day: unknown, before?: Row, after?: Row) => {
      const hashtag = (before ?? after)?.hashtag;
      changes.push({
        problem: `the ${what} was ${how}`,
        day: String(day ?? 'no day'),
        ...(hashtag === undefined ? {} : { hashtag: String(hashtag) }),
        ...(before && { before: describeRow(before, after) }),
        ...(after && { after: describeRow(after, before) }),
      });
    };
    const dayOf = (row: Row) =>
      row.date ?? row.first_date ?? selectRows(db, DAY_OF_RUN, [row.run_id ?? null])[0]?.date;
    const lost = `SELECT * FROM ${EARLIER}.${table} EXCEPT SELECT * FROM main.${table}`;
    for (const row of selectRows(db, lost)) {
      const now = find('main', row);
      if (now !== undefined && isReplaced && hasNewRun) continue;
      add(now === undefined ? 'removed' : 'changed', dayOf(row), row, now);
    }
    if (unexplained === undefined) continue;
    const added = `SELECT * FROM main.${table} WHERE ${unexplained}
      EXCEPT SELECT * FROM ${EARLIER}.${table}`;
    for (const row of selectRows(db, added)) {
      if (find(EARLIER, row) === undefined) add('added by no run', dayOf(row), undefined, row);
    }
  }
  return changes;
}

/** `1,247 videos, 98,412 views` */
export function describeCounts(videos: unknown, views: unknown): string {
  return `${describeCount(videos)} videos, ${describeCount(views)} views`;
}

/** The tutorial's script stored whatever it was given. It is shown as it is. */
function describeCount(value: unknown): string {
  if (value === null || Number.isInteger(value)) return formatCount(value as number | null);
  return plainText(String(value));
}

/** The values of a row that differ from those of the other, or all of them. */
function describeRow(row: Row, other?: Row): string {
  return Object.entries(row)
    .filter(([column, value]) => other === undefined || other[column] !== value)
    .map(([column, value]) => `${column} ${plainText(String(value ?? 'unknown'), 60)}`)
    .join(', ');
}

/** The runs that the attached earlier version lacks. */
export const NEW_RUNS = `(SELECT * FROM main.runs WHERE id NOT IN (SELECT id FROM ${EARLIER}.runs))`;

const OF_NO_NEW_RUN = `run_id IN (SELECT id FROM ${EARLIER}.runs)
  OR run_id NOT IN (SELECT id FROM main.runs)`;
const OF_NO_NEW_RUNS_DAY = `date NOT IN (SELECT date FROM ${NEW_RUNS})`;

/**
 * `unexplained` is the condition of new rows that come from no new run; absent where a row needs
 * none. `isReplaced`: a new run may replace a row.
 */
const RECORDS: Record<
  string,
  { what: string; key: string[]; unexplained?: string; isReplaced?: boolean }
> = {
  runs: { what: 'record of a run', key: ['id'] },
  failures: { what: 'failure of a run', key: ['run_id', 'hashtag'], unexplained: OF_NO_NEW_RUN },
  corrections: { what: 'correction', key: ['run_id', 'hashtag'], unexplained: OF_NO_NEW_RUN },
  imports: { what: 'record of an import', key: ['id'] },
  captures: {
    what: 'record of a later capture',
    key: ['run_id', 'hashtag'],
    unexplained: OF_NO_NEW_RUN,
  },
  hashtags: {
    what: 'id of the hashtag',
    key: ['hashtag'],
    unexplained: `NOT EXISTS ${NEW_RUNS}`,
    isReplaced: true,
  },
  videos: {
    what: 'video of the day',
    key: ['date', 'hashtag', 'video_id'],
    unexplained: OF_NO_NEW_RUNS_DAY,
  },
  companions: {
    what: 'companion of the day',
    key: ['date', 'hashtag', 'companion'],
    unexplained: OF_NO_NEW_RUNS_DAY,
  },
};

const DAY_OF_RUN = `SELECT date FROM ${EARLIER}.runs WHERE id = ?1
  UNION ALL SELECT date FROM main.runs WHERE id = ?1`;

const LOST_SNAPSHOTS = `WITH
    lost AS (SELECT * FROM ${EARLIER}.snapshots EXCEPT SELECT * FROM main.snapshots),
    corrected AS (
      SELECT runs.date, new.hashtag, new.video_count, new.view_count
      FROM (SELECT * FROM main.corrections EXCEPT SELECT * FROM ${EARLIER}.corrections) new
      JOIN main.runs ON runs.id = new.run_id
    )
  SELECT lost.*, now.date IS NOT NULL AS is_there, now.video_count AS new_videos,
    now.view_count AS new_views, EXISTS (
      SELECT 1 FROM corrected c WHERE c.date = lost.date AND c.hashtag = lost.hashtag
        AND c.video_count IS lost.video_count AND c.view_count IS lost.view_count
    ) AS is_corrected
  FROM lost LEFT JOIN main.snapshots now ON now.date = lost.date AND now.hashtag = lost.hashtag
  ORDER BY lost.date, lost.hashtag`;
