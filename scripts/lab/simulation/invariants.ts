import { readdir, readFile } from 'node:fs/promises';
import type { Counts } from '../../lib/core/count.ts';
import { DATABASE_PATH, reportPath } from '../../lib/core/paths.ts';
import { auditHistory, listHistory, renderFinding } from '../../lib/history/audit.ts';
import { parseReportCounts } from '../../lib/history/parse-report.ts';
import { parseDatabase } from '../../lib/store/database.ts';
import { readDatabaseFile } from '../../lib/store/open.ts';
import { type Row, selectRows } from '../../lib/store/rows.ts';
import { git } from '../../lib/system/git.ts';
import { readObject } from '../../lib/system/git-objects.ts';
import type { Attempt } from './history.ts';
import { type Ended, notesPath, type Reading, type World } from './world.ts';

/** A promise of the tracker is broken. */
export class InvariantError extends Error {
  override name = 'InvariantError';
}

/** What a database holds, by `day hashtag`: the snapshot, and the counts that it replaced. */
type Held = {
  snapshots: Map<string, Counts>;
  replaced: Map<string, Counts[]>;
  unknown: Set<string>;
  creditsOf: Map<string, number>;
};

/** What has to be in the remote from now on, and up to where the history is audited. */
export type Promised = { readings: Map<string, Reading>; auditedCommit: string | null };

/** Checks how runs that were started together ended, each where it ran and in the remote. */
export async function checkEnds(
  world: World,
  attempt: Attempt,
  ends: Ended[],
  promised: Promised,
): Promise<void> {
  for (const ended of ends) {
    const refuse = (what: string): never => {
      throw new InvariantError(
        `${what}\n${ended.root}, exit code ${ended.exitCode}:\n${ended.output}`,
      );
    };
    if (/defect of the tracker/.test(ended.output)) refuse('a fault was taken for a defect');
    const here = await readHeld(await readDatabaseFile(ended.root));
    if (here === null) refuse('the database is damaged');
    if (ended.isPublished) {
      for (const reading of ended.readings) promise(promised, reading);
      // What the checkout has had from earlier runs went along.
      for (const [key, counts] of here?.snapshots ?? []) promise(promised, toReading(key, counts));
    } else if (ended.exitCode === 0) {
      refuse('a run that did not publish says that all is well');
    } else if (ended.exitCode === 1 && ended.readings.length > 0) {
      const isKept = ended.readings.every((reading) => here !== null && isHeld(here, reading));
      const isToldLost = /^error: Could not store \d+ snapshot/m.test(ended.output);
      if (!isKept && !isToldLost) refuse('snapshots were lost without a word');
    }
  }
  await checkLaptop(world, ends);
  const held = await readRemote(world);
  for (const ended of ends) {
    if (ended.exitCode === 0) checkComplete(ended, attempt, held);
    const credits = held.creditsOf.get(ended.startedAt);
    if (ended.isPublished && credits !== undefined && credits !== ended.credits) {
      throw new InvariantError(`${ended.startedAt} used ${ended.credits} credits, not ${credits}`);
    }
  }
  if (ends.some((ended) => ended.isPublished) && attempt.disk === null && attempt.death === null) {
    await checkReport(world, held);
  }
}

/** Checks the remote: what was promised is there, nothing was made up, and the past is as it was. */
export async function checkRemote(world: World, promised: Promised): Promise<void> {
  const head = await git(world.remote, ['rev-parse', 'main']);
  if (head === promised.auditedCommit) return;
  const held = await readRemote(world);
  for (const reading of promised.readings.values()) {
    if (!isHeld(held, reading)) {
      throw new InvariantError(`a snapshot is lost: ${JSON.stringify(reading)}`);
    }
  }
  for (const [key, counts] of held.snapshots) {
    const answered = world.readings.filter(({ day, hashtag }) => `${day} ${hashtag}` === key);
    const isAnswered = (name: keyof Counts) =>
      answered.some((reading) => reading[name] === counts[name]);
    if (!isAnswered('videoCount') || !isAnswered('viewCount')) {
      throw new InvariantError(`nobody answered ${key} ${JSON.stringify(counts)}`);
    }
  }
  const commits = await listHistory(world.remote, promised.auditedCommit);
  const { findings } = await auditHistory(
    world.remote,
    commits,
    () => {},
    new AbortController().signal,
  );
  if (findings.length > 0) {
    throw new InvariantError(`the audit finds: ${findings.map(renderFinding).join('\n')}`);
  }
  promised.auditedCommit = head;
}

/** A run that says that all is well has every hashtag that it was about. */
function checkComplete({ startedAt, active }: Ended, attempt: Attempt, held: Held): void {
  const [flag, value] = attempt.flags;
  const day = startedAt.slice(0, 10);
  for (const name of flag === '--only' ? String(value).split(',') : active) {
    const key = `${day} ${name}`;
    if (!held.snapshots.has(key) && !held.unknown.has(key)) {
      throw new InvariantError(`all is well, says the run, but ${key} is not there`);
    }
  }
}

async function checkReport(world: World, held: Held): Promise<void> {
  const report = await git(world.remote, ['show', `main:${reportPath(world.day)}`]).catch(() => '');
  const shown = new Map(
    parseReportCounts(report).map(({ hashtag, ...counts }) => [`${world.day} ${hashtag}`, counts]),
  );
  const rows = [...held.snapshots].filter(([key]) => key.startsWith(world.day));
  for (const [key, counts] of rows) {
    if (JSON.stringify(shown.get(key)) !== JSON.stringify(counts)) {
      throw new InvariantError(`the report says ${JSON.stringify(shown.get(key))} of ${key}`);
    }
  }
  if (shown.size !== rows.length) throw new InvariantError('the report shows more than the rows');
}

/** What its owner has left on the laptop is still there, and nothing lies around. */
async function checkLaptop(world: World, ends: Ended[]): Promise<void> {
  const ended = ends.find(({ root }) => root === world.laptop);
  if (ended === undefined) return;
  if (world.unfinished !== null) {
    const notes = await readFile(notesPath(world), 'utf8');
    if (notes !== world.unfinished) throw new InvariantError(`an edit became ${notes}`);
  }
  const files = await readdir(world.laptop);
  const lost = world.ownFiles.filter((file) => !files.includes(file));
  if (lost.length > 0) throw new InvariantError(`a commit's file is gone: ${lost.join()}`);
  if (!ended.isPublished || ended.exitCode !== 0) return;
  const left = await git(world.laptop, ['status', '--porcelain', '--', 'data', 'reports']);
  if (left !== '') throw new InvariantError(`uncommitted after a good run:\n${left}`);
}

async function readRemote(world: World): Promise<Held> {
  const held = await readHeld(await readObject(world.remote, `main:${DATABASE_PATH}`));
  if (held === null) throw new InvariantError('the remote’s database is damaged');
  return held;
}

/** Null where the file is damaged. */
async function readHeld(file: Buffer | null): Promise<Held | null> {
  const held: Held = {
    snapshots: new Map(),
    replaced: new Map(),
    unknown: new Set(),
    creditsOf: new Map(),
  };
  if (file === null) return held;
  using db = await parseDatabase(file).catch(() => null);
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
  const unknown =
    "SELECT date, hashtag FROM failures JOIN runs ON runs.id = run_id WHERE kind = 'not-found'";
  for (const row of selectRows(db, unknown)) held.unknown.add(keyOf(row));
  for (const run of selectRows(db, 'SELECT started_at, credits_used FROM runs')) {
    const startedAt = String(run.started_at);
    if (held.creditsOf.has(startedAt)) {
      throw new InvariantError(`the run of ${startedAt} is there twice`);
    }
    held.creditsOf.set(startedAt, Number(run.credits_used));
  }
  return held;
}

const keyOf = ({ date, hashtag }: Row) => `${date} ${hashtag}`;
const toCounts = (row: Row) =>
  ({ videoCount: row.video_count, viewCount: row.view_count }) as Counts;

/** Each known count stands in the snapshot or, replaced, among its corrections. */
function isHeld(held: Held, { day, hashtag, ...counts }: Reading): boolean {
  const key = `${day} ${hashtag}`;
  const all = [held.snapshots.get(key), ...(held.replaced.get(key) ?? [])];
  return (['videoCount', 'viewCount'] as const).every(
    (name) => counts[name] === null || all.some((other) => other?.[name] === counts[name]),
  );
}

function promise(promised: Promised, reading: Reading): void {
  promised.readings.set(JSON.stringify(Object.values(reading)), reading);
}

function toReading(key: string, counts: Counts): Reading {
  const [day, hashtag] = key.split(' ');
  return { day, hashtag, ...counts } as Reading;
}
