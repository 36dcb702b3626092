import { TOLERANCE_HOURS } from '../trends/growth.ts';

/** The only schema that the mirror needs and touches. */
export const SCHEMA = 'hashtag_tracker';

/** The types of columns that are the same in every database with PostgreSQL's protocol. */
type ColumnType = 'text' | 'date' | 'bigint' | 'boolean' | 'double precision' | 'timestamptz';

/** A table of the mirror, in which every row also has its `source`, the repository. */
export type Table = {
  name: string;
  /** Without `source`. */
  columns: Record<string, ColumnType>;
  /** The columns that identify a row of a source. */
  key: string[];
};

/** A value of a column. Instants are ISO 8601 in UTC with milliseconds. */
export type Value = string | number | boolean | null;

/** A row of a table: its values in the order of the columns, without `source`. */
export type MirrorRow = Value[];

const COUNTS = { video_count: 'bigint', view_count: 'bigint' } as const;

/** `captured_at` is the middle of the run that brought the counts; null if that is unknown. */
const SNAPSHOTS: Table = {
  name: 'snapshots',
  columns: { date: 'date', hashtag: 'text', ...COUNTS, captured_at: 'timestamptz' },
  key: ['date', 'hashtag'],
};

const RUNS: Table = {
  name: 'runs',
  columns: {
    date: 'date',
    id: 'bigint',
    started_at: 'timestamptz',
    finished_at: 'timestamptz',
    trigger: 'text',
    url: 'text',
    tracked: 'bigint',
    asked: 'bigint',
    stored: 'bigint',
    failed: 'bigint',
    credits_used: 'bigint',
    credits_remaining: 'bigint',
  },
  key: ['date', 'id'],
};

const FAILURES: Table = {
  name: 'failures',
  columns: { date: 'date', run_id: 'bigint', hashtag: 'text', kind: 'text', reason: 'text' },
  key: ['date', 'run_id', 'hashtag'],
};

const CORRECTIONS: Table = {
  name: 'corrections',
  columns: { date: 'date', run_id: 'bigint', hashtag: 'text', ...COUNTS },
  key: ['date', 'run_id', 'hashtag'],
};

/** The tables whose rows belong to a day, with the day in the first column. */
export const DAY_TABLES = { SNAPSHOTS, RUNS, FAILURES, CORRECTIONS };

/** The list as it is now. */
export const WATCHLIST: Table = {
  name: 'watchlist',
  columns: {
    hashtag: 'text',
    group_name: 'text',
    paused: 'boolean',
    trending_growth_percent: 'double precision',
    surge_factor: 'double precision',
  },
  key: ['hashtag'],
};

/** What was mirrored of each day: a digest of its rows in the repository's database. */
export const MIRRORED_DAYS: Table = {
  name: 'mirrored_days',
  columns: { date: 'date', digest: 'text' },
  key: ['date'],
};

export const TABLES = [...Object.values(DAY_TABLES), WATCHLIST, MIRRORED_DAYS];

export const VIEW = 'daily_growth';

/** The number of the newest statements that were executed, so that they are executed only once. */
export const VERSION_TABLE = 'mirror_version';

/** Goes up by one when `CREATE_STATEMENTS` change. */
export const VERSION = 2;

/** The name of a table or view with its schema. */
export const inSchema = (name: string) => `${SCHEMA}.${name}`;

/**
 * The hours between two readings, the same as in trends/growth.ts; null if they are not known, or if
 * a clock went back.
 */
const HOURS = `CASE WHEN captured_at > earlier_captured_at THEN
    round(extract(epoch FROM captured_at - earlier_captured_at) * 1000)::double precision / 3600000
  END`;

const NEAREST_DAYS = 'greatest(round(hours / 24), 1)';

/** How many days a rate is divided by, the same as `rateDays` in trends/growth.ts. */
const RATE_DAYS = `CASE
      WHEN hours IS NULL THEN days
      WHEN hours < ${24 - TOLERANCE_HOURS} THEN 1
      WHEN abs(hours - 24 * ${NEAREST_DAYS}) <= ${TOLERANCE_HOURS} THEN ${NEAREST_DAYS}
      ELSE hours / 24
    END`;

/** The step to which TikTok rounds a count, as `roundingStep` in trends/rounding.ts says. */
const stepOf = (count: string) => {
  const step = `CASE WHEN ${count} < 10000 THEN 1 WHEN ${count} < 1000000 THEN 100
      WHEN ${count} < 1000000000 THEN 100000 ELSE 100000000 END`;
  return `CASE WHEN ${count} % (${step}) = 0 THEN (${step}) ELSE 1 END`;
};

/** Growth since the newest earlier day on which the count was known, for each measure. */
const CREATE_VIEW = `CREATE OR REPLACE VIEW ${inSchema(VIEW)} AS
WITH points AS (
  SELECT source, date, hashtag, captured_at, 'videos' AS measure, video_count AS count
  FROM ${inSchema('snapshots')} WHERE video_count IS NOT NULL
  UNION ALL
  SELECT source, date, hashtag, captured_at, 'views' AS measure, view_count AS count
  FROM ${inSchema('snapshots')} WHERE view_count IS NOT NULL
), pairs AS (
  SELECT source, date, hashtag, measure, count, captured_at,
    lag(date) OVER series AS earlier_date,
    lag(count) OVER series AS earlier_count,
    lag(captured_at) OVER series AS earlier_captured_at
  FROM points
  WINDOW series AS (PARTITION BY source, hashtag, measure ORDER BY date)
), spans AS (
  SELECT source, date, hashtag, measure, count, earlier_count,
    count - earlier_count AS added,
    date - earlier_date AS days,
    ${HOURS} AS hours,
    ${stepOf('count')} AS step,
    ${stepOf('earlier_count')} AS earlier_step
  FROM pairs
)
SELECT source, date, hashtag, measure, count, added, hours,
  CASE WHEN earlier_count > 0
    THEN power(count::double precision / earlier_count, 1 / (${RATE_DAYS})::double precision) - 1
  END AS rate,
  CASE WHEN earlier_count > 0
    THEN greatest(step, earlier_step) > 1 AND abs(added) <= greatest(step, earlier_step)
  END AS within_rounding,
  days
FROM spans`;

function createTable({ name, columns, key }: Table): string {
  const lines = Object.entries(columns).map(([column, type]) => `  ${column} ${type}`);
  const keyColumns = ['source', ...key].join(', ');
  return `CREATE TABLE IF NOT EXISTS ${inSchema(name)} (
  source text,
${lines.join(',\n')},
  PRIMARY KEY (${keyColumns})
)`;
}

export const CREATE_SCHEMA = `CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`;

/** Creates everything that is missing in the schema. Each can be executed again. */
export const CREATE_STATEMENTS = [
  ...TABLES.map(createTable),
  `ALTER TABLE ${inSchema(WATCHLIST.name)} ADD COLUMN IF NOT EXISTS surge_factor double precision`,
  CREATE_VIEW,
  `CREATE TABLE IF NOT EXISTS ${inSchema(VERSION_TABLE)} (version bigint PRIMARY KEY)`,
  `INSERT INTO ${inSchema(VERSION_TABLE)} VALUES (${VERSION}) ON CONFLICT DO NOTHING`,
];

/**
 * Adds the rows of a source, and changes those that differ. Its parameters are the source, and a
 * list for each column.
 */
export function upsertStatement({ name, columns, key }: Table): string {
  const names = Object.keys(columns);
  const lists = Object.values(columns).map((type, i) => `$${i + 2}::${type}[]`);
  const values = names.filter((column) => !key.includes(column));
  return `INSERT INTO ${inSchema(name)} AS stored (source, ${names.join(', ')})
    SELECT $1, ${names.map((column) => `sent.${column}`).join(', ')}
    FROM unnest(${lists.join(', ')}) AS sent (${names.join(', ')})
    ON CONFLICT (source, ${key.join(', ')}) DO UPDATE
    SET ${values.map((column) => `${column} = excluded.${column}`).join(', ')}
    WHERE ${values.map((column) => `stored.${column} IS DISTINCT FROM excluded.${column}`).join(' OR ')}`;
}

/**
 * Reads the rows of a source. The values are texts that depend on no setting of the session.
 * @param where a condition in which $1 is the source
 */
export function selectStatement({ name, columns }: Table, where = 'source = $1'): string {
  const values = Object.entries(columns).map(([column, type]) => {
    if (type === 'date') return `to_char(${column}, 'YYYY-MM-DD')`;
    if (type !== 'timestamptz') return `${column}::text`;
    return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  });
  return `SELECT ${values.join(', ')} FROM ${inSchema(name)} WHERE ${where}`;
}

/** The rows that a select statement gave. */
export function parseRows({ columns }: Table, rows: (string | null)[][]): MirrorRow[] {
  const types = Object.values(columns);
  return rows.map((row) => row.map((text, i) => parseValue(text, types[i])));
}

function parseValue(text: string | null, type: ColumnType | undefined): Value {
  if (text === null) return null;
  if (type === 'boolean') return text === 'true';
  return type === 'bigint' || type === 'double precision' ? Number(text) : text;
}

/** A text that every database can store. */
export function toText(value: unknown): string {
  return String(value).toWellFormed().replaceAll('\0', '\uFFFD');
}

/** The columns of a row that identify it, as one text. */
export function keyOf({ columns, key }: Table, row: MirrorRow): string {
  const names = Object.keys(columns);
  return JSON.stringify(key.map((column) => row[names.indexOf(column)]));
}
