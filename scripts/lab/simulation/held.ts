import type { Counts } from '../../lib/core/count.ts';
import type { Day } from '../../lib/core/day.ts';
import { DATABASE_PATH } from '../../lib/core/paths.ts';
import { parseDatabase } from '../../lib/store/database.ts';
import { type Row, selectRows } from '../../lib/store/rows.ts';
import { readObject } from '../../lib/system/git-objects.ts';
import { DEMO_KEY } from '../stand-in.ts';
import type { Reading } from './world.ts';

/** The tracker broke a promise. */
export class InvariantError extends Error {
  override name = 'InvariantError';
}

/** The content of a database by `day hashtag`: snapshots, and the counts that they replaced. */
export type Held = {
  /** The file itself; null if there is none. */
  file: Buffer | null;
  snapshots: Map<string, Counts>;
  replaced: Map<string, Counts[]>;
  /**
   * The kind of the newest failure of each hashtag that was asked for; `not-found` if any run of the
   * day was told that: it judged by that, whatever a run at the same time was told.
   */
  failures: Map<string, string>;
  /** The runs, and the parts of long ones, by when they started. */
  runs: Map<string, { finishedAt: string; credits: number }>;
  /** The days of the runs. */
  runDays: Day[];
};

/** What the remote must contain from now on, and the last commit that was audited. */
export type Promised = {
  readings: Map<string, Reading>;
  /** What the laptop has stored and not published yet. */
  unpublished: Reading[];
  auditedCommit: string | null;
  /** The newest day with a report. */
  newestReport: Day | null;
};

export function promiseNothing(): Promised {
  return { readings: new Map(), unpublished: [], auditedCommit: null, newestReport: null };
}

/** Null if the file is damaged. */
export async function readHeld(file: Buffer | null): Promise<Held | null> {
  const held: Held = {
    file,
    snapshots: new Map(),
    replaced: new Map(),
    failures: new Map(),
    runs: new Map(),
    runDays: [],
  };
  if (file === null) return held;
  // A copy, because SQLite changes the bytes.
  using db = await parseDatabase(Buffer.from(file)).catch(() => null);
  if (db === null) return null;
  for (const row of selectRows(db, 'SELECT * FROM snapshots')) {
    held.snapshots.set(keyOf(row), toCounts(row));
  }
  const corrections =
    'SELECT date, hashtag, video_count, view_count FROM corrections JOIN runs ON runs.id = run_id';
  for (const row of selectRows(db, corrections)) {
    const before = held.replaced.get(keyOf(row)) ?? [];
    held.replaced.set(keyOf(row), [...before, toCounts(row)]);
  }
  const failures =
    'SELECT date, hashtag, kind FROM failures JOIN runs ON runs.id = run_id ORDER BY run_id';
  for (const row of selectRows(db, failures)) {
    if (held.failures.get(keyOf(row)) !== 'not-found') {
      held.failures.set(keyOf(row), String(row.kind));
    }
  }
  for (const run of selectRows(db, 'SELECT * FROM runs')) {
    const startedAt = String(run.started_at);
    if (held.runs.has(startedAt)) {
      throw new InvariantError(`the run of ${startedAt} is stored twice`);
    }
    const credits = Number(run.credits_used);
    held.runs.set(startedAt, { finishedAt: String(run.finished_at), credits });
    held.runDays.push(run.date as Day);
  }
  return held;
}

const keyOf = ({ date, hashtag }: Row) => `${date} ${hashtag}`;
const toCounts = (row: Row) =>
  ({ videoCount: row.video_count, viewCount: row.view_count }) as Counts;

/**
 * The credits of a run in all its parts, each of which begins when the one before ends.
 * @param others when other runs began, which may be at the same moment
 */
export function creditsOf(held: Held, startedAt: string, others: string[]): number | null {
  const run = held.runs.get(startedAt);
  if (run === undefined) return null;
  const { finishedAt, credits } = run;
  const isLast = finishedAt === startedAt || others.includes(finishedAt);
  return credits + (isLast ? 0 : (creditsOf(held, finishedAt, others) ?? 0));
}

/** Whether each known count is in the snapshot or, if it was replaced, in the corrections. */
export function isHeld(held: Held, { day, hashtag, ...counts }: Reading): boolean {
  const key = `${day} ${hashtag}`;
  const all = [held.snapshots.get(key), ...(held.replaced.get(key) ?? [])];
  return (['videoCount', 'viewCount'] as const).every(
    (name) => counts[name] === null || all.some((other) => other?.[name] === counts[name]),
  );
}

export function toReading(key: string, counts: Counts): Reading {
  const [day, hashtag] = key.split(' ');
  return { day, hashtag, ...counts } as Reading;
}

/** Everything that the database has of a day, as a text. */
export function rowsOf({ snapshots, replaced, runDays }: Held, day: Day): string {
  const ofDay = (rows: Map<string, unknown>) => [...rows].filter(([key]) => key.startsWith(day));
  const runs = runDays.filter((other) => other === day).length;
  return JSON.stringify([ofDay(snapshots), ofDay(replaced), runs]);
}

/** The days of which a database has snapshots or runs. */
export function daysOf({ snapshots, runDays }: Held): Set<Day> {
  return new Set([...runDays, ...[...snapshots.keys()].map((key) => key.slice(0, 10) as Day)]);
}

/** The newest database that was pushed. */
export async function readRemote(remote: string): Promise<Held> {
  const file = await readObject(remote, `main:${DATABASE_PATH}`);
  if (file?.includes(DEMO_KEY)) throw new InvariantError('the key is in the remote’s database');
  const held = await readHeld(file);
  if (held === null) throw new InvariantError('the remote’s database is damaged');
  return held;
}

/** The database of a checkout's last commit. */
export async function readCommitted(root: string): Promise<Held> {
  const held = await readHeld(await readObject(root, `HEAD:${DATABASE_PATH}`));
  if (held === null) throw new InvariantError('a committed database is damaged');
  return held;
}
