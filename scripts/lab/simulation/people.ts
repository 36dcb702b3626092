import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { importFile } from '../../lib/commands/import.ts';
import { restore } from '../../lib/commands/restore.ts';
import { type Day, isDay } from '../../lib/core/day.ts';
import { LOCK_PATH, REPORTS_FOLDER, reportPath } from '../../lib/core/paths.ts';
import { refuseLostDays } from '../../lib/history/committed.ts';
import { openDatabase } from '../../lib/store/open.ts';
import type { Command } from '../../lib/system/command.ts';
import { exists } from '../../lib/system/files.ts';
import { git } from '../../lib/system/git.ts';
import { runReporting } from '../../lib/system/run-command.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { InvariantError, readRemote, rowsOf } from './held.ts';
import { type Change, type Pull, UNKNOWN_HASHTAG } from './history.ts';
import { contextOf, type Ended } from './machine.ts';
import { commitAll, NOTES, type World, writeList } from './world.ts';

/** Makes one change as people would. */
export async function applyChange(world: World, change: Change): Promise<void> {
  world.count++;
  const { others, laptop, count } = world;
  switch (change.kind) {
    case 'list':
      return changeList(world, change.hashtag, change.to);
    case 'break list':
      world.isListBroken = true;
      await pushAsOthers(world, 'Break the list', () => writeList(world));
      return;
    case 'settings': {
      const { concurrency, requestsPerMinute } = change;
      world.settings = {
        concurrency,
        ...(requestsPerMinute === null ? {} : { requestsPerMinute }),
      };
      await pushAsOthers(world, 'Change the settings', () => writeList(world));
      return;
    }
    case 'credits':
      world.credits = change.credits;
      return;
    case 'tiktok':
      if (change.isLost) world.lost.add(change.hashtag);
      else if (change.hashtag !== UNKNOWN_HASHTAG) world.lost.delete(change.hashtag);
      return;
    case 'limit':
      world.limit = change.limit;
      return;
    case 'push':
      await pushAsOthers(world, 'Write notes', () =>
        writeFile(path.join(others, NOTES), `note ${count}\n`),
      );
      return;
    case 'merge':
      return mergeAsOthers(world);
    case 'commit here': {
      const file = `own-${count}.txt`;
      await writeFile(path.join(laptop, file), 'mine\n');
      await git(laptop, ['add', file]);
      await git(laptop, ['commit', '--quiet', '-m', `Add ${file}`, '--', file]);
      world.ownFiles.push(file);
      return;
    }
    case 'edit here':
      world.unfinished = `unfinished ${count}\n`;
      await writeFile(path.join(laptop, NOTES), world.unfinished);
      return;
    case 'pull here':
      return pullHere(world);
    case 'report':
      return change.isCommitted ? pushReport(world, change) : touchReportHere(world, change);
    case 'lock':
      await pushAsOthers(world, 'Add all files', async () => {
        await writeFile(path.join(others, LOCK_PATH), `of another machine ${count}`);
        await git(others, ['add', '--force', LOCK_PATH]);
      });
  }
}

/** The laptop's owner discards unfinished edits, and somebody repairs a broken list. */
export async function tidyUp(world: World): Promise<void> {
  const takeBack = (file: string) =>
    succeeds(git(world.laptop, ['checkout', '--quiet', '--', file])); // not if no commit has it
  for (const file of world.touched) {
    if (!(await takeBack(file))) await rm(path.join(world.laptop, file), { force: true });
  }
  for (const file of [...(world.unfinished === null ? [] : [NOTES]), LOCK_PATH]) {
    await takeBack(file);
  }
  world.touched.clear();
  world.unfinished = null;
  world.list.set('ai', 'active');
  world.lost = new Set([UNKNOWN_HASHTAG]);
  Object.assign(world, { isListBroken: false, settings: {}, credits: 1000, limit: null });
  await pushAsOthers(world, 'Repair the list', async () => {
    await git(world.others, ['rm', '--quiet', '--ignore-unmatch', LOCK_PATH]);
    await writeList(world);
  });
  await pullHere(world);
}

/**
 * Pulls on the laptop, and pushes. If both sides have changed a file, keeps that of one side, as
 * people do with a binary file. If git refuses to begin, nothing changes.
 * @returns whether there was a conflict
 */
export async function pullAndResolve(world: World, { how, keep }: Pull): Promise<boolean> {
  const { laptop, changedByPeople } = world;
  await git(laptop, ['fetch', '--quiet', 'origin', 'main']);
  const newest = await git(laptop, ['rev-parse', 'FETCH_HEAD']);
  const begin = how === 'merge' ? ['merge', '--no-edit'] : ['rebase'];
  const isClean = await succeeds(git(laptop, [...begin, '--quiet', newest]));
  if (!isClean) {
    const isUnderWay = async () =>
      (await exists(path.join(laptop, '.git/MERGE_HEAD'))) ||
      (await exists(path.join(laptop, '.git/rebase-merge')));
    if (!(await isUnderWay())) return false;
    const goOn = how === 'merge' ? ['commit', '--no-edit', '--quiet'] : ['rebase', '--continue'];
    for (let tries = 0; tries < 100 && (await isUnderWay()); tries++) {
      await keepSide(laptop, keep);
      await git(laptop, ['-c', 'core.editor=true', ...goOn]).catch(() => {}); // the next conflict
    }
    const own = how === 'merge' ? ['--max-count=1', 'HEAD'] : [`${newest}..HEAD`];
    const made = await git(laptop, ['rev-list', ...own]);
    for (const hash of made.split('\n')) changedByPeople.add(hash);
  }
  await git(laptop, ['push', '--quiet', 'origin', 'HEAD:main']);
  return !isClean;
}

/** Solves every conflict with the whole file of one side, or without a file that it lacks. */
async function keepSide(root: string, side: Pull['keep']): Promise<void> {
  const unmerged = await git(root, ['diff', '--name-only', '--diff-filter=U']);
  for (const file of unmerged.split('\n').filter(Boolean)) {
    const isThere = await succeeds(git(root, ['checkout', '--quiet', `--${side}`, '--', file]));
    await git(root, isThere ? ['add', '--', file] : ['rm', '--quiet', '--', file]);
  }
}

/**
 * Does what a run advises.
 * @returns false if it has not advised anything that the simulation knows
 * @throws InvariantError if the advice does not help
 */
export async function followAdvice(world: World, { root, output }: Ended): Promise<boolean> {
  const isAbout = (command: string) => output.includes(command);
  const [, unsaved] = /npm run import -- (data\/unsaved-\S+)/.exec(output) ?? [];
  const [, place] = /git stash, git reset --keep (\S+),/.exec(output) ?? [];
  // Of a runner, it is an artifact.
  if (unsaved !== undefined && root === world.laptop)
    await runHere(world, root, importFile, unsaved);
  else if (isAbout('npm run restore -- --from-reports')) await bringBackDays(world, root);
  else if (place !== undefined) await stashAndReset(world, place);
  else return false;
  return true;
}

/** On the laptop: unfinished edits that nobody can merge are discarded. */
async function stashAndReset(world: World, place: string): Promise<void> {
  const { laptop, touched } = world;
  await git(laptop, ['stash', '--quiet']);
  await git(laptop, ['reset', '--quiet', '--keep', place]);
  if (await succeeds(git(laptop, ['stash', 'pop', '--quiet']))) return;
  await git(laptop, ['reset', '--quiet', '--hard']);
  await git(laptop, ['stash', 'drop', '--quiet']).catch(() => {}); // nothing was stashed
  touched.clear();
  world.unfinished = null;
}

/**
 * Brings back days that have a report and no rows: on the laptop, or, if a runner has found them, in
 * the checkout of others, who push the result.
 */
async function bringBackDays(world: World, advised: string): Promise<void> {
  const root = advised === world.laptop ? advised : world.others;
  const bringBack = async () => {
    await runHere(world, root, restore, '--from-reports');
    using db = await openDatabase(root);
    const problem = await refuseLostDays(db, root).then(() => null, String);
    if (problem !== null) throw new InvariantError(`The advice did not help: ${problem}`);
  };
  if (root === world.laptop) await bringBack();
  else await pushAsOthers(world, 'Bring back the counts', bringBack);
}

/** @throws InvariantError if the command fails */
async function runHere(world: World, root: string, command: Command, flag: string): Promise<void> {
  const lines: string[] = [];
  const context = contextOf(root, createVirtualClock(Date.parse(world.day)), lines);
  const exitCode = await runReporting(command, [flag], context);
  if (exitCode === 0) return;
  const said = lines.join('\n');
  throw new InvariantError(
    `the command with ${flag} failed in ${root}, as a run advised:\n${said}`,
  );
}

async function changeList(
  world: World,
  hashtag: string,
  to: 'active' | 'paused' | 'absent',
): Promise<void> {
  if (to === 'absent' && world.list.size === 1) return; // the tracker rejects an empty list
  if (to === 'absent') world.list.delete(hashtag);
  else world.list.set(hashtag, to);
  world.isListBroken = false;
  await pushAsOthers(world, `List #${hashtag} as ${to}`, () => writeList(world));
}

type ReportChange = Extract<Change, { kind: 'report' }>;

/** Others delete or edit a report, and push that. */
async function pushReport(world: World, change: ReportChange): Promise<void> {
  let touched: Day | null = null;
  const hash = await pushAsOthers(world, 'Change a report', async () => {
    touched = await touchReport(world.others, change);
  });
  if (touched === null) return;
  world.changedByPeople.add(hash);
  if (change.act === 'edit') return;
  world.deletedReports.set(touched, rowsOf(await readRemote(world.remote), touched));
}

async function touchReportHere(world: World, change: ReportChange): Promise<void> {
  const day = await touchReport(world.laptop, change);
  if (day !== null) world.touched.add(reportPath(day));
}

/** Deletes or edits the oldest or the newest report. Resolves with its day; null for none. */
async function touchReport(root: string, { act, which }: ReportChange): Promise<Day | null> {
  const names = await readdir(path.join(root, REPORTS_FOLDER)).catch(() => []);
  const days = names
    .map((name) => name.replace('.md', ''))
    .filter(isDay)
    .sort();
  const day = days.at(which === 'oldest' ? 0 : -1);
  // The only report is the newest one.
  if (day === undefined || (which === 'oldest' && days.length === 1)) return null;
  const file = path.join(root, reportPath(day));
  if (act === 'delete') await rm(file);
  else await writeFile(file, (await readFile(file, 'utf8')).replace('\n', '\nRead by all.\n'));
  return day;
}

/** Pushes what `edit` changes, and resolves with the commit. */
async function pushAsOthers(
  world: World,
  message: string,
  edit: () => Promise<unknown>,
): Promise<string> {
  const { others } = world;
  await git(others, ['fetch', '--quiet', 'origin', 'main']);
  await git(others, ['reset', '--quiet', '--hard', 'FETCH_HEAD']);
  await edit();
  const hash = await commitAll(others, message);
  await git(others, ['push', '--quiet', 'origin', 'HEAD:main']);
  return hash;
}

/** Merges a branch that began some commits ago into what was pushed since. */
async function mergeAsOthers(world: World): Promise<void> {
  const { others, count } = world;
  await git(others, ['fetch', '--quiet', 'origin', 'main']);
  const base = await git(others, ['rev-list', '--max-count=3', '--first-parent', 'FETCH_HEAD']);
  await git(others, ['reset', '--quiet', '--hard', base.split('\n').at(-1) ?? 'FETCH_HEAD']);
  await writeFile(path.join(others, `branch-${count}.txt`), 'branch\n');
  const branch = await commitAll(others, `Add branch-${count}.txt`);
  await git(others, ['reset', '--quiet', '--hard', 'FETCH_HEAD']);
  await git(others, ['merge', '--quiet', '--no-ff', '-m', `Merge branch-${count}`, branch]);
  await git(others, ['push', '--quiet', 'origin', 'HEAD:main']);
}

/** Pulls and pushes as people do. If the pull fails, the laptop is back where it was. */
async function pullHere(world: World): Promise<void> {
  const { laptop } = world;
  try {
    await git(laptop, ['pull', '--quiet', '--rebase', 'origin', 'main']);
    await git(laptop, ['push', '--quiet', 'origin', 'HEAD:main']);
  } catch {
    await git(laptop, ['rebase', '--abort']).catch(() => {});
  }
}

function succeeds(command: Promise<string>): Promise<boolean> {
  return command.then(
    () => true,
    () => false,
  );
}
