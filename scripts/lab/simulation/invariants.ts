import { readdir, readFile } from 'node:fs/promises';
import type { Counts } from '../../lib/core/count.ts';
import { DATABASE_PATH, isUnsaved, reportPath } from '../../lib/core/paths.ts';
import type { Snapshot } from '../../lib/core/snapshot.ts';
import { auditHistory, listHistory, renderFinding } from '../../lib/history/audit.ts';
import { parseReportCounts } from '../../lib/history/parse-report.ts';
import { parseDatabase } from '../../lib/store/database.ts';
import { middleOf, readHistory } from '../../lib/store/history.ts';
import { readDatabaseFile } from '../../lib/store/open.ts';
import { type Row, selectRows } from '../../lib/store/rows.ts';
import { git } from '../../lib/system/git.ts';
import { readObject } from '../../lib/system/git-objects.ts';
import { DEMO_KEY } from '../stand-in.ts';
import type { Attempt } from './history.ts';
import { type Ended, notesPath, type Reading, type World } from './world.ts';

/** The tracker broke a promise. */
export class InvariantError extends Error {
  override name = 'InvariantError';
}

/** The content of a database by `day hashtag`: snapshots, and the counts that they replaced. */
type Held = {
  snapshots: Map<string, Counts>;
  replaced: Map<string, Counts[]>;
  /** The kind of the newest failure of each hashtag that was asked for. */
  failures: Map<string, string>;
  creditsOf: Map<string, number>;
};

/** What the remote must contain from now on, and the last commit that was audited. */
export type Promised = {
  readings: Map<string, Reading>;
  /** What the laptop has stored and not published yet. */
  unpublished: Reading[];
  auditedCommit: string | null;
};

/** Checks the results of runs that were started together: where they ran, and in the remote. */
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
    if (/bug in the tracker/.test(ended.output))
      refuse('a run took a fault for a bug in the tracker');
    if (ended.output.includes(DEMO_KEY)) refuse('a run printed the key');
    if (ended.spoiled === 'changed') refuse('a run wrote to a database that it must not build on');
    if (ended.spoiled !== null && (ended.exitCode === 0 || ended.readings.length > 0)) {
      refuse('a run went on with a database that it must not build on');
    }
    const here = await readHeld(await readDatabaseFile(ended.root));
    if (here === null) refuse('the database is damaged');
    if (ended.isPublished) {
      if (ended.mayBeLost === 0) {
        for (const reading of ended.readings) promise(promised, reading);
      }
      if (ended.root === world.laptop) {
        for (const reading of promised.unpublished.splice(0)) promise(promised, reading);
      }
      // Snapshots that earlier runs left in the checkout were published as well.
      for (const [key, counts] of here?.snapshots ?? []) promise(promised, toReading(key, counts));
    } else if (ended.exitCode === 0) {
      refuse('a run exited with 0 but did not publish');
    } else if (ended.exitCode === 1 && ended.readings.length > 0) {
      const lost = ended.readings.filter((reading) => here === null || !isHeld(here, reading));
      const isToldLost = /^error: Could not store \d+ snapshot/m.test(ended.output);
      if (lost.length > ended.mayBeLost && !isToldLost) {
        refuse('snapshots were lost and the run did not say so');
      }
      const kept = ended.readings.filter((reading) => !lost.includes(reading));
      if (ended.root === world.laptop) promised.unpublished.push(...kept);
    }
  }
  await checkLaptop(world, ends);
  const held = await readRemote(world);
  for (const ended of ends) {
    if (ended.exitCode === 0) checkComplete(ended, attempt, held);
    const credits = held.creditsOf.get(ended.startedAt);
    const isCounted = ended.isPublished && attempt.cancelAt === null && credits !== undefined;
    if (isCounted && credits !== ended.credits) {
      throw new InvariantError(
        `the run of ${ended.startedAt} used ${ended.credits} credits, but ${credits} are stored`,
      );
    }
  }
  await checkTimes(world, ends);
  if (ends.some((ended) => ended.isPublished) && attempt.disk === null && attempt.death === null) {
    await checkReport(world, held);
  }
}

/** Checks that a snapshot whose time is that of one of the runs has the counts that this run got. */
async function checkTimes({ remote, day }: World, ends: Ended[]): Promise<void> {
  const file = await readObject(remote, `main:${DATABASE_PATH}`);
  if (file === null) return;
  using db = await parseDatabase(file);
  const history = readHistory(db, day, day).filter((snapshot) => snapshot.day === day);
  for (const run of selectRows(db, 'SELECT * FROM runs WHERE date = ?', [day])) {
    const ended = ends.find(({ startedAt }) => startedAt === run.started_at);
    if (ended === undefined) continue;
    const isOfRun = ({ capturedAt }: Snapshot) => capturedAt === middleOf(run);
    for (const { hashtag, capturedAt: _, ...counts } of history.filter(isOfRun)) {
      const reading = ended.readings.find((answered) => answered.hashtag === hashtag);
      const isAnswered = (['videoCount', 'viewCount'] as const).every(
        (name) => reading?.[name] === null || reading?.[name] === counts[name],
      );
      if (isAnswered) continue;
      throw new InvariantError(
        `the run of ${ended.startedAt} did not bring ${day} ${hashtag} ${JSON.stringify(counts)}`,
      );
    }
  }
}

/** Checks that nothing promised is missing in the remote, made up there, or changed. */
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
      throw new InvariantError(
        `a count was made up: the API never answered ${key} ${JSON.stringify(counts)}`,
      );
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
    throw new InvariantError(`the audit found: ${findings.map(renderFinding).join('\n')}`);
  }
  promised.auditedCommit = head;
}

/**
 * Checks that a run that exited with 0 has stored every hashtag that it had to ask for, apart from
 * those that TikTok does not have.
 */
function checkComplete({ startedAt, active }: Ended, attempt: Attempt, held: Held): void {
  const [flag, value] = attempt.flags;
  const day = startedAt.slice(0, 10);
  for (const name of flag === '--hashtag' ? String(value).split(',') : active) {
    const key = `${day} ${name}`;
    if (!held.snapshots.has(key) && !isAbsent(held, day, name)) {
      throw new InvariantError(`a run exited with 0, but ${key} is missing`);
    }
  }
}

/**
 * Whether a hashtag may count as absent on a day: it never had a count, or this is at least the
 * fourth day since its last one on which only others were found.
 */
function isAbsent(held: Held, day: string, hashtag: string): boolean {
  const daysWithCounts = new Set([...held.snapshots.keys()].map((key) => key.slice(0, 10)));
  const notFound = [...daysWithCounts]
    .filter((other) => other <= day && held.failures.get(`${other} ${hashtag}`) === 'not-found')
    .filter((other) => !held.snapshots.has(`${other} ${hashtag}`));
  if (!notFound.includes(day)) return false;
  const lastCount = [...daysWithCounts]
    .filter((other) => other < day && held.snapshots.has(`${other} ${hashtag}`))
    .reduce((last, other) => (other > last ? other : last), '');
  return lastCount === '' || notFound.filter((other) => other > lastCount).length >= 4;
}

async function checkReport(world: World, held: Held): Promise<void> {
  const report = await git(world.remote, ['show', `main:${reportPath(world.day)}`]).catch(() => '');
  if (report.includes(DEMO_KEY)) throw new InvariantError('the key is in the report');
  const shown = new Map(
    parseReportCounts(report).map(({ hashtag, ...counts }) => [`${world.day} ${hashtag}`, counts]),
  );
  const rows = [...held.snapshots].filter(([key]) => key.startsWith(world.day));
  for (const [key, counts] of rows) {
    if (JSON.stringify(shown.get(key)) !== JSON.stringify(counts)) {
      throw new InvariantError(`the report shows ${JSON.stringify(shown.get(key))} for ${key}`);
    }
  }
  if (shown.size !== rows.length)
    throw new InvariantError('the report shows more hashtags than are stored');
}

/** Checks that the laptop still has its owner's work, and that a good run left no uncommitted files. */
async function checkLaptop(world: World, ends: Ended[]): Promise<void> {
  const ended = ends.find(({ root }) => root === world.laptop);
  if (ended === undefined) return;
  if (world.unfinished !== null) {
    const notes = await readFile(notesPath(world), 'utf8');
    if (notes !== world.unfinished)
      throw new InvariantError(`an unfinished edit was changed to ${notes}`);
  }
  const files = await readdir(world.laptop);
  const lost = world.ownFiles.filter((file) => !files.includes(file));
  if (lost.length > 0)
    throw new InvariantError(`files that the owner committed are gone: ${lost.join()}`);
  if (!ended.isPublished || ended.exitCode !== 0) return;
  const status = ['status', '--porcelain', '--untracked-files=all', '--', 'data', 'reports'];
  const left = (await git(world.laptop, status))
    .split('\n')
    .filter((line) => line !== '' && !isUnsaved(line.slice(3))); // those wait for their owner
  if (left.length > 0) {
    throw new InvariantError(`a good run left uncommitted files:\n${left.join('\n')}`);
  }
}

async function readRemote(world: World): Promise<Held> {
  const file = await readObject(world.remote, `main:${DATABASE_PATH}`);
  if (file?.includes(DEMO_KEY)) throw new InvariantError('the key is in the remote’s database');
  const held = await readHeld(file);
  if (held === null) throw new InvariantError('the remote’s database is damaged');
  return held;
}

/** Null if the file is damaged. */
async function readHeld(file: Buffer | null): Promise<Held | null> {
  const held: Held = {
    snapshots: new Map(),
    replaced: new Map(),
    failures: new Map(),
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
  const failures =
    'SELECT date, hashtag, kind FROM failures JOIN runs ON runs.id = run_id ORDER BY run_id';
  for (const row of selectRows(db, failures)) held.failures.set(keyOf(row), String(row.kind));
  for (const run of selectRows(db, 'SELECT started_at, credits_used FROM runs')) {
    const startedAt = String(run.started_at);
    if (held.creditsOf.has(startedAt)) {
      throw new InvariantError(`the run of ${startedAt} is stored twice`);
    }
    held.creditsOf.set(startedAt, Number(run.credits_used));
  }
  return held;
}

const keyOf = ({ date, hashtag }: Row) => `${date} ${hashtag}`;
const toCounts = (row: Row) =>
  ({ videoCount: row.video_count, viewCount: row.view_count }) as Counts;

/** Whether each known count is in the snapshot or, if it was replaced, in the corrections. */
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
