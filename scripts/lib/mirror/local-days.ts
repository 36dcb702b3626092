import { createHash, type Hash } from 'node:crypto';
import type { Database } from 'sql.js';
import { parseCount } from '../core/count.ts';
import { type Day, isDay } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import { compareText } from '../core/text.ts';
import { type FindTime, readCaptureTimes, toSnapshots } from '../store/history.ts';
import { iterateRows, type Row, selectRows } from '../store/rows.ts';
import { DAY_TABLES, type MirrorRow, type Table, toText } from './tables.ts';

/** The rows of some days, by their table. */
export type DayRows = Map<Table, MirrorRow[]>;

/** Goes up by one when rows are read in another way, so that all days are sent again. */
const READING = 2;

/**
 * A digest of everything that the database has about each day, oldest first. It changes whenever
 * the day's rows do. Rows without a valid day are left out.
 */
export function readDigests(db: Database): Map<Day, string> {
  const hashes = new Map<Day, Hash>();
  for (const [table, query] of Object.entries(CONTENTS)) {
    for (const { date, content } of iterateRows(db, query)) {
      const day = toMirroredDay(date);
      if (day === null) continue;
      const hash = hashes.get(day) ?? createHash('sha256').update(`reading ${READING}`);
      hashes.set(day, hash.update(`\n${table}\n${content}`));
    }
  }
  const inOrder = [...hashes].sort(([a], [b]) => compareText(a, b));
  return new Map(inOrder.map(([day, hash]) => [day, hash.digest('hex')]));
}

/**
 * Returns a function that reads the rows of some of these days as the reports read them. When their
 * snapshots were captured is read at once, because each such query reads all runs.
 */
export function createDayReader(db: Database, days: Day[]): (some: Day[]) => DayRows {
  const findTime = readCaptureTimes(
    db,
    days.map((date) => ({ date })),
  );
  return (some) => {
    const rows: DayRows = new Map(Object.values(DAY_TABLES).map((table) => [table, []]));
    for (const day of some) {
      for (const [table, ofDay] of readDay(db, day, findTime)) rows.get(table)?.push(...ofDay);
    }
    return rows;
  };
}

function readDay(db: Database, day: Day, findTime: FindTime): [Table, MirrorRow[]][] {
  const runs = selectRows(db, 'SELECT * FROM runs WHERE date = ? ORDER BY started_at, id', [day]);
  const [failures, corrections] = ['failures', 'corrections'].map((table) =>
    runs.flatMap(({ id = null }) =>
      selectRows(db, `SELECT * FROM ${table} WHERE run_id = ? ORDER BY hashtag`, [id]),
    ),
  ) as [Row[], Row[]];
  const rows = selectRows(db, 'SELECT * FROM snapshots WHERE date = ? ORDER BY hashtag', [day]);
  const snapshots = toSnapshots(rows, findTime);
  return [
    [
      DAY_TABLES.SNAPSHOTS,
      snapshots.map(({ hashtag, videoCount, viewCount, capturedAt = null }) => [
        day,
        toText(hashtag),
        videoCount,
        viewCount,
        capturedAt === null ? null : new Date(capturedAt).toISOString(),
      ]),
    ],
    [DAY_TABLES.RUNS, runs.map((run) => toRunRow(day, run))],
    [DAY_TABLES.FAILURES, toFailureRows(day, failures)],
    [
      DAY_TABLES.CORRECTIONS,
      corrections.map(({ run_id, hashtag, video_count, view_count }) => [
        day,
        Number(run_id),
        toText(hashtag),
        parseCount(video_count),
        parseCount(view_count),
      ]),
    ],
  ];
}

function toRunRow(day: Day, run: Row): MirrorRow {
  return [
    day,
    Number(run.id),
    toInstant(run.started_at),
    toInstant(run.finished_at),
    toText(run.trigger),
    run.url === null ? null : toText(run.url),
    ...[run.tracked, run.asked, run.stored, run.failed].map(parseCount),
    ...[run.credits_used, run.credits_remaining].map(parseCount),
  ];
}

/** The failures, each with its reason, which is stored once for those of the same kind. */
function toFailureRows(day: Day, failures: Row[]): MirrorRow[] {
  const ofOneKind = groupBy(failures, ({ run_id, kind }) => `${run_id} ${kind}`);
  return [...ofOneKind.values()].flatMap((group) => {
    const shared = group.find(({ reason }) => reason !== '')?.reason ?? '';
    return group.map(({ run_id, hashtag, kind, reason }) => [
      day,
      Number(run_id),
      toText(hashtag),
      toText(kind),
      toText(reason || shared),
    ]);
  });
}

/** A day that every database can store; null for any other text. */
function toMirroredDay(value: unknown): Day | null {
  return typeof value === 'string' && isDay(value) && value >= '0001' ? value : null;
}

/** The instant in UTC with milliseconds; null if the text has no time zone or is no instant. */
function toInstant(value: unknown): string | null {
  const text = String(value);
  const ms = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** All columns of a row as one text, in which nothing can be mistaken for something else. */
const concatenate = (...columns: string[]) =>
  columns.map((column) => `coalesce(${column}, char(30))`).join(' || char(31) || ');

const contentOf = (rows: string, ...columns: string[]) =>
  `SELECT date, group_concat(${concatenate(...columns)}, char(29)) AS content
   FROM (${rows}) GROUP BY date`;

const CONTENTS = {
  snapshots: contentOf(
    'SELECT * FROM snapshots ORDER BY date, hashtag',
    'hashtag',
    'video_count',
    'view_count',
  ),
  runs: contentOf(
    'SELECT * FROM runs ORDER BY date, id',
    'id',
    'started_at',
    'finished_at',
    'trigger',
    'url',
    'tracked',
    'asked',
    'stored',
    'failed',
    'credits_used',
    'credits_remaining',
  ),
  failures: contentOf(
    'SELECT date, f.* FROM failures f JOIN runs ON runs.id = run_id ORDER BY date, run_id, hashtag',
    'run_id',
    'hashtag',
    'kind',
    'reason',
  ),
  captures: contentOf(
    'SELECT date, c.* FROM captures c JOIN runs ON runs.id = run_id ORDER BY date, run_id, hashtag',
    'run_id',
    'hashtag',
  ),
  corrections: contentOf(
    'SELECT date, c.* FROM corrections c JOIN runs ON runs.id = run_id ORDER BY date, run_id, hashtag',
    'run_id',
    'hashtag',
    'video_count',
    'view_count',
  ),
};
