import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Counts } from '../../lib/core/count.ts';
import { type Day, isDay } from '../../lib/core/day.ts';
import { isUnsaved, LOCK_PATH, REPORTS_FOLDER } from '../../lib/core/paths.ts';
import type { Snapshot } from '../../lib/core/snapshot.ts';
import { auditHistory, listHistory, renderFinding } from '../../lib/history/audit.ts';
import { abbreviate, type Finding } from '../../lib/history/audit-database.ts';
import { parseDatabase } from '../../lib/store/database.ts';
import { middleOf, readHistory } from '../../lib/store/history.ts';
import { readDatabaseFile } from '../../lib/store/open.ts';
import { selectRows } from '../../lib/store/rows.ts';
import { git } from '../../lib/system/git.ts';
import { DEMO_KEY } from '../stand-in.ts';
import {
  creditsOf,
  daysOf,
  type Held,
  InvariantError,
  isHeld,
  type Promised,
  readHeld,
  readRemote,
  rowsOf,
  toReading,
} from './held.ts';
import type { Attempt, Pull } from './history.ts';
import type { Ended } from './machine.ts';
import { checkReports } from './reports.ts';
import { NOTES, type Reading, type World } from './world.ts';

/**
 * Notes that the laptop's owner has pulled and kept the files of one side. What the laptop had
 * committed is in the history that was pushed, unless a rebase has dropped it. What it had not is
 * gone if the file of one side took the place of the database, and its report stays behind.
 * @param before what the laptop had committed, and what others had pushed
 */
export async function promiseResolved(
  promised: Promised,
  { laptop, remote, resolvedDays, touched }: World,
  { committed, pushed }: { committed: Held; pushed: Held },
  { how, keep }: Pull,
): Promise<void> {
  const isPushed = how === 'merge' || keep === 'theirs';
  const own = promised.unpublished.filter((reading) => isHeld(committed, reading));
  if (isPushed) for (const reading of own) promise(promised, reading);
  const here = await readHeld(await readDatabaseFile(laptop));
  promised.unpublished = promised.unpublished.filter(
    (reading) => !own.includes(reading) && here !== null && isHeld(here, reading),
  );
  const left = await git(laptop, ['ls-files', '--others', '--', `${REPORTS_FOLDER}/*.md`]);
  const known = here === null ? new Set<Day>() : daysOf(here);
  for (const file of left.split('\n')) {
    const { name } = path.posix.parse(file);
    if (isDay(name) && !known.has(name)) touched.add(file);
  }
  const resolved = await readRemote(remote);
  for (const side of [committed, pushed]) {
    for (const day of daysOf(side)) {
      const kept = rowsOf(resolved, day);
      if (rowsOf(side, day) !== kept) resolvedDays.set(day, kept);
    }
  }
}

/** Checks the results of runs that were started together: where they ran, and in the remote. */
export async function checkEnds(
  world: World,
  attempt: Attempt,
  ends: Ended[],
  promised: Promised,
): Promise<void> {
  const held = await readRemote(world.remote);
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
      const isKept = (reading: Reading) => isHeld(held, reading) || (here && isHeld(here, reading));
      const lost = ended.readings.filter((reading) => !isKept(reading));
      const isToldLost = /^error: Could not store \d+ snapshot/m.test(ended.output);
      if (lost.length > ended.mayBeLost && !isToldLost) {
        refuse('snapshots were lost and the run did not say so');
      }
      const files = [...ended.output.matchAll(/They are kept in (\S+)\. /g)].map(
        ([, file]) => file,
      );
      const contents = await Promise.all(
        files.map((file) => readFile(path.join(ended.root, String(file)), 'utf8')),
      );
      const inFiles = contents.join('\n');
      const gone = lost.filter((reading) => !inFiles.includes(Object.values(reading).join()));
      if (files.length > 0 && gone.length > ended.mayBeLost) {
        refuse(`${files.join(' and ')} lack snapshots`);
      }
      const kept = ended.readings.filter((reading) => !lost.includes(reading));
      if (ended.root === world.laptop) promised.unpublished.push(...kept);
    }
  }
  await checkLaptop(world, ends);
  checkPaidOnce(attempt, ends);
  for (const ended of ends) {
    if (ended.exitCode === 0) checkComplete(ended, attempt, held);
    const starts = ends.map(({ startedAt }) => startedAt);
    const credits = creditsOf(held, ended.startedAt, starts);
    // An answer under way may not reach a run that is cancelled, or that can't save.
    const isWhole = attempt.cancelAt === null && !ended.output.includes('could not be saved');
    if (ended.isPublished && isWhole && credits !== null && credits !== ended.credits) {
      throw new InvariantError(
        `the run of ${ended.startedAt} used ${ended.credits} credits, but ${credits} are stored`,
      );
    }
  }
  await checkTimes(ends, held);
  await checkReports(world, attempt, ends, held, promised);
}

/** Checks that of two runs in one checkout the second one asks only for what the first one lacks. */
function checkPaidOnce({ where, flags }: Attempt, [first, second]: Ended[]): void {
  if (where !== 'laptop twice' || flags.includes('--refresh')) return;
  if (first?.exitCode !== 0 || second?.exitCode !== 0) return;
  // Beside the owner's own commits, the checkout lacks what was published.
  if (first.output.includes('Your own commits are not pushed yet')) return;
  const twice = first.readings.filter(({ day, hashtag }) =>
    second.readings.some((other) => other.day === day && other.hashtag === hashtag),
  );
  if (twice.length === 0) return;
  throw new InvariantError(`paid twice for ${JSON.stringify(twice)}`);
}

/** Checks that a snapshot whose time is that of one of the runs has the counts that this run got. */
async function checkTimes(ends: Ended[], { file }: Held): Promise<void> {
  if (file === null) return;
  using db = await parseDatabase(Buffer.from(file));
  for (const ended of ends) {
    const { day, startedAt } = ended;
    const runs = selectRows(db, 'SELECT * FROM runs WHERE date = ?', [day]);
    for (const run of runs.filter((row) => row.started_at === startedAt)) {
      // A snapshot is known to be a run's by its time, which another run may have as well.
      if (runs.some((other) => other.id !== run.id && middleOf(other) === middleOf(run))) continue;
      const isOfRun = (snapshot: Snapshot) =>
        snapshot.day === day && snapshot.capturedAt === middleOf(run);
      for (const { hashtag, capturedAt: _, ...counts } of readHistory(db, day, day).filter(
        isOfRun,
      )) {
        const reading = ended.readings.find((answered) => answered.hashtag === hashtag);
        const isAnswered = (['videoCount', 'viewCount'] as const).every(
          (name) => reading?.[name] === null || reading?.[name] === counts[name],
        );
        if (isAnswered) continue;
        throw new InvariantError(
          `the run of ${startedAt} did not bring ${day} ${hashtag} ${JSON.stringify(counts)}`,
        );
      }
    }
  }
}

/**
 * Checks that nothing promised is missing in the remote, made up there, or changed, unless a person
 * did that in a commit, and the audit says so.
 */
export async function checkRemote(world: World, promised: Promised): Promise<void> {
  const { remote } = world;
  const head = await git(remote, ['rev-parse', 'main']);
  if (head === promised.auditedCommit) return;
  const held = await readRemote(remote);
  const { byPeople, others } = await audit(world, promised.auditedCommit);
  promised.auditedCommit = head;
  for (const [key, reading] of promised.readings) {
    if (isHeld(held, reading)) continue;
    const { day, hashtag } = reading;
    if (!byPeople.some((finding) => finding.day === day && finding.hashtag === hashtag)) {
      throw new InvariantError(`a snapshot is lost: ${JSON.stringify(reading)}`);
    }
    promised.readings.delete(key);
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
  if (others.length === 0) return;
  throw new InvariantError(`the audit found: ${others.map(renderFinding).join('\n')}`);
}

/** What the audit finds: in commits of people, and in others, where there must be nothing. */
async function audit({ remote, changedByPeople }: World, since: string | null) {
  const commits = await listHistory(remote, since);
  const { signal } = new AbortController();
  const { findings } = await auditHistory(remote, commits, () => {}, signal);
  const people = new Set([...changedByPeople].map(abbreviate));
  const isByPeople = ({ commit }: Finding) => people.has(commit);
  return {
    byPeople: findings.filter(isByPeople),
    others: findings.filter((finding) => !isByPeople(finding)),
  };
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

/** Checks that the laptop still has its owner's work, and that a good run left no uncommitted files. */
async function checkLaptop(world: World, ends: Ended[]): Promise<void> {
  const ended = ends.find(({ root }) => root === world.laptop);
  if (ended === undefined) return;
  if (world.unfinished !== null) {
    const notes = await readFile(path.join(world.laptop, NOTES), 'utf8');
    if (notes !== world.unfinished)
      throw new InvariantError(`an unfinished edit was changed to ${notes}`);
  }
  const files = await readdir(world.laptop);
  const lost = world.ownFiles.filter((file) => !files.includes(file));
  if (lost.length > 0)
    throw new InvariantError(`files that the owner committed are gone: ${lost.join()}`);
  if (!ended.isPublished || ended.exitCode !== 0) return;
  const isOfOwner = (file: string) =>
    isUnsaved(file) || world.touched.has(file) || file === LOCK_PATH; // taken over, if committed
  const status = ['status', '--porcelain', '--untracked-files=all', '--', 'data', 'reports'];
  const left = (await git(world.laptop, status))
    .split('\n')
    .filter((line) => line !== '' && !isOfOwner(line.slice(3)));
  if (left.length > 0) {
    throw new InvariantError(`a good run left uncommitted files:\n${left.join('\n')}`);
  }
}

function promise(promised: Promised, reading: Reading): void {
  promised.readings.set(JSON.stringify(Object.values(reading)), reading);
}
