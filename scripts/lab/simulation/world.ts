import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { track } from '../../lib/commands/track.ts';
import type { Counts } from '../../lib/core/count.ts';
import type { Day } from '../../lib/core/day.ts';
import type { ExitCode } from '../../lib/core/errors.ts';
import { LOCK_PATH, WATCHLIST_PATH } from '../../lib/core/paths.ts';
import { git } from '../../lib/system/git.ts';
import { createTerminalLog } from '../../lib/system/log.ts';
import { runReporting } from '../../lib/system/run-command.ts';
import { activeNames, readWatchlist } from '../../lib/watchlist/watchlist.ts';
import {
  DEMO_KEY,
  type Fault,
  hashtagAnswer,
  type StandInOptions,
  startStandIn,
  UNKNOWN_HASHTAG_ANSWER,
} from '../stand-in.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { DIED, type Step, type Verdict, withFaults, withSteps } from './faults.ts';
import { type Attempt, type Change, UNKNOWN_HASHTAG } from './history.ts';
import { spoil } from './spoil.ts';

/** The counts that the API answered for a day and a hashtag. */
export type Reading = { day: Day; hashtag: string } & Counts;

/** Everything outside the program: repositories, the API plan, the list, and the API's answers. */
export type World = {
  folder: string;
  /** Bare. */
  remote: string;
  /** A checkout that stays, like one on somebody's own machine. */
  laptop: string;
  /** The checkout in which others work. */
  others: string;
  day: Day;
  list: Map<string, 'active' | 'paused'>;
  isListBroken: boolean;
  settings: object;
  credits: number;
  /** The hashtags that TikTok does not have. */
  lost: Set<string>;
  limit: StandInOptions['limit'] | null;
  /** The edit that the laptop's owner has not committed, or null. */
  unfinished: string | null;
  /** Files that the laptop's owner has committed. */
  ownFiles: string[];
  readings: Reading[];
  /** Counts changes and starts, for names and texts that must be new. */
  count: number;
};

/** The result of one start of the tracker. `exitCode` is null if it died. */
export type Ended = {
  root: string;
  startedAt: string;
  exitCode: ExitCode | null;
  /** The hashtags that its list asked for when it started. */
  active: string[];
  output: string;
  isPublished: boolean;
  /** What the run did to a database that no run may build on; null if it had a good one. */
  spoiled: 'untouched' | 'changed' | null;
  /** At most this many answers may not have reached the run, because it was cancelled. */
  mayBeLost: number;
  /** The answers that this run got, and what they cost. */
  readings: Reading[];
  credits: number;
};

const NOTES = 'notes.md';
const DAY_MS = 86_400_000;

/** Small histories need no maintenance. It would start a process at every commit and push. */
const NO_UPKEEP = 'maintenance.auto=false';

/** Creates a bare remote, a laptop and the checkout of others. The list has two hashtags. */
export async function createWorld(folder: string): Promise<World> {
  const remote = path.join(folder, 'remote.git');
  const [laptop, others] = [path.join(folder, 'laptop'), path.join(folder, 'others')];
  await mkdir(path.join(others, 'data'), { recursive: true });
  await git(folder, ['init', '--quiet', '--bare', '--template=', '--initial-branch=main', remote]);
  await git(others, ['init', '--quiet', '--template=', '--initial-branch=main']);
  await git(remote, ['config', 'receive.autogc', 'false']);
  await git(others, ['config', ...NO_UPKEEP.split('=')]);
  await git(others, ['remote', 'add', 'origin', remote]);
  const world: World = {
    folder,
    remote,
    laptop,
    others,
    day: '2026-01-01' as Day,
    list: new Map([
      ['ai', 'active'],
      ['book', 'active'],
    ]),
    isListBroken: false,
    settings: {},
    credits: 1000,
    lost: new Set([UNKNOWN_HASHTAG]),
    limit: null,
    unfinished: null,
    ownFiles: [],
    readings: [],
    count: 0,
  };
  await configure(others, 'Ada');
  await writeFile(path.join(others, '.gitignore'), `*.tmp\n${LOCK_PATH}\n`);
  await writeFile(path.join(others, NOTES), 'first\n');
  await writeList(world);
  await git(others, ['add', '.']);
  await git(others, ['commit', '--quiet', '-m', 'Start']);
  await git(others, ['push', '--quiet', '--set-upstream', 'origin', 'main']);
  await git(folder, ['clone', '--quiet', '--template=', '-c', NO_UPKEEP, remote, laptop]);
  await configure(laptop, 'Bea');
  return world;
}

/** Makes one change as people would. */
export async function applyChange(world: World, change: Change): Promise<void> {
  world.count++;
  switch (change.kind) {
    case 'list':
      return changeList(world, change.hashtag, change.to);
    case 'break list':
      world.isListBroken = true;
      return pushAsOthers(world, 'Break the list', () => writeList(world));
    case 'settings': {
      const { concurrency, requestsPerMinute } = change;
      world.settings = {
        concurrency,
        ...(requestsPerMinute === null ? {} : { requestsPerMinute }),
      };
      return pushAsOthers(world, 'Change the settings', () => writeList(world));
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
      return pushAsOthers(world, 'Write notes', () =>
        writeFile(path.join(world.others, NOTES), `note ${world.count}\n`),
      );
    case 'merge':
      return mergeAsOthers(world);
    case 'commit here': {
      const file = `own-${world.count}.txt`;
      await writeFile(path.join(world.laptop, file), 'mine\n');
      await git(world.laptop, ['add', file]);
      await git(world.laptop, ['commit', '--quiet', '-m', `Add ${file}`, '--', file]);
      world.ownFiles.push(file);
      return;
    }
    case 'edit here':
      world.unfinished = `unfinished ${world.count}\n`;
      await writeFile(path.join(world.laptop, NOTES), world.unfinished);
      return;
    case 'pull here':
      return pullHere(world);
  }
}

/**
 * Starts the tracker where the attempt says, and waits until it ends.
 * @param nth counts the attempts of the day from 0
 */
export async function runAttempt(world: World, attempt: Attempt, nth: number): Promise<Ended[]> {
  world.count++;
  const startMs = Date.parse(world.day) + (5 + nth * 5) * 3_600_000;
  const random = createRandom(attempt.seed);
  const starts: Promise<Ended>[] = [];
  const runner = path.join(world.folder, `runner-${world.count}`);
  if (attempt.where !== 'laptop') {
    const args = ['clone', '--quiet', '--template=', '-c', NO_UPKEEP, world.remote, runner];
    await git(world.folder, args);
    starts.push(start(world, runner, attempt, startMs, random));
  }
  if (attempt.where !== 'runner') {
    starts.push(start(world, world.laptop, attempt, startMs + 60_000, random));
  }
  return Promise.all(starts);
}

/** Deletes the clone of a runner, as GitHub deletes the machine. Keeps the laptop. */
export async function throwAwayRunner(world: World, { root }: Ended): Promise<void> {
  if (root !== world.laptop) await rm(root, { recursive: true, force: true });
}

/** The laptop's owner discards an unfinished edit, and somebody repairs a broken list. */
export async function tidyUp(world: World): Promise<void> {
  if (world.unfinished !== null) await git(world.laptop, ['checkout', '--quiet', '--', NOTES]);
  world.unfinished = null;
  world.list.set('ai', 'active');
  world.lost = new Set([UNKNOWN_HASHTAG]);
  Object.assign(world, { isListBroken: false, settings: {}, credits: 1000, limit: null });
  await pushAsOthers(world, 'Repair the list', () => writeList(world));
  await pullHere(world);
}

/** The path of the notes that everybody edits. */
export function notesPath(world: World): string {
  return path.join(world.laptop, NOTES);
}

/** Random numbers from 0 to 1. The same seed gives the same numbers. */
function createRandom(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => uniformFloat64(generator);
}

async function start(
  world: World,
  root: string,
  attempt: Attempt,
  startMs: number,
  random: () => number,
): Promise<Ended> {
  const { day } = world;
  const clock = createVirtualClock(startMs);
  const readings: Reading[] = [];
  let credits = 0;
  const api = await startStandIn({
    credits: world.credits,
    now: clock.now,
    ...(world.limit ? { limit: world.limit } : {}),
    fault: () => {
      if (++requests === attempt.cancelAt) cancel.abort('interrupted (SIGTERM)');
      return chooseFault(attempt, random);
    },
    answer(hashtag) {
      world.credits--;
      credits++;
      if (attempt.api === 'answers for others') return hashtagAnswer('another', 5, 5000);
      if (attempt.api === 'answers nothing') return {};
      if (world.lost.has(hashtag)) return UNKNOWN_HASHTAG_ANSWER;
      const reading = { day, hashtag, ...countsAt(hashtag, clock.now(), random()) };
      if (!cancel.signal.aborted) readings.push(reading); // a cancelled run hears no more
      world.readings.push(reading);
      return hashtagAnswer(hashtag, reading.videoCount, reading.viewCount);
    },
  });
  const cancel = new AbortController();
  let requests = 0;
  const lines: string[] = [];
  const isRunner = root !== world.laptop;
  const env = {
    SCAVIO_API_KEY: DEMO_KEY,
    SCAVIO_BASE_URL: api.url,
    ...(isRunner
      ? {
          GITHUB_EVENT_NAME: 'schedule',
          GITHUB_SERVER_URL: 'https://github.com',
          GITHUB_REPOSITORY: 'o/r',
          GITHUB_RUN_ID: String(world.count),
        }
      : {}),
  };
  const spoiled = isRunner || attempt.spoiled === null ? null : await spoil(root, attempt.spoiled);
  const watchlist = await readWatchlist(root).catch(() => null);
  const active = watchlist === null ? [] : activeNames(watchlist);
  const ended = await withFaults(judgeBy(attempt), () =>
    runReporting(track, ['--publish', ...attempt.flags], {
      root,
      env,
      clock,
      random,
      fetch: withSteps(globalThis.fetch),
      log: createTerminalLog((line) => lines.push(line)),
      terminal: null,
      stdout: process.stdout,
      catchInterruption: () => cancel.signal,
    }),
  );
  await api.close();
  await buryLock(root);
  const isUntouched = await spoiled?.isUntouched();
  await spoiled?.mend();
  const output = lines.join('\n');
  return {
    root,
    startedAt: new Date(startMs).toISOString(),
    exitCode: ended === DIED ? null : ended,
    active,
    output,
    isPublished: ended !== DIED && /^(Published to|Nothing new to publish)/m.test(output),
    spoiled: isUntouched === undefined ? null : isUntouched ? 'untouched' : 'changed',
    mayBeLost: cancel.signal.aborted ? (watchlist?.settings.concurrency ?? 1) - 1 : 0,
    readings,
    credits,
  };
}

/** Removes a lock that a dead run left behind. The next run would take it over after 15 seconds. */
async function buryLock(root: string): Promise<void> {
  await rm(path.join(root, LOCK_PATH), { force: true });
}

function judgeBy({ disk, remote, death }: Attempt): (step: Step) => Verdict {
  let diskFailures = 0;
  let remoteSteps = 0;
  return ({ number, kind, what }) => {
    if (death?.at === number) return { end: 'die', when: death.when };
    if (disk !== null && kind === 'disk' && number >= disk.from) {
      if (diskFailures++ === 0 || disk.lasts) {
        const { when, code } = disk;
        return { end: 'fail', when, code, says: 'the disk failed' };
      }
    }
    if (remote !== null && kind === 'git' && /^git (push|fetch) /.test(what)) {
      const nth = remoteSteps++;
      if (remote.lasts ? nth >= remote.from : nth === remote.from) {
        return { end: 'fail', when: remote.when, code: '', says: remote.says };
      }
    }
    return null;
  };
}

function chooseFault({ api }: Attempt, random: () => number): Fault | null {
  switch (api) {
    case 'down':
      return { status: 503, body: { error: 'upstream unavailable' } };
    case 'storm':
      return { status: 429, body: { error: 'Too many requests' } };
    case 'refuses the key':
      return { status: 401, body: { error: 'Invalid API key' } };
    case 'echoes the key':
      return echo(random());
    case 'forgets':
      return random() < 0.8 ? { status: 404 } : null;
    case 'flaky': {
      const faults: Fault[] = [
        { status: 500 },
        { status: 429, headers: { 'Retry-After': '2' } },
        { status: 429 },
        { status: 404 },
        'reset',
        'cut',
        'nonsense',
        'broken-gzip',
      ];
      return random() < 0.4 ? (faults[Math.floor(random() * faults.length)] ?? null) : null;
    }
    default:
      return null;
  }
}

/** An error that repeats the request's headers. */
function echo(random: number): Fault {
  return {
    status: random < 0.5 ? 400 : 503,
    body: { error: `headers: Authorization: Bearer ${DEMO_KEY}` },
  };
}

/** Counts that grow. Now and then TikTok does not give the number of videos. */
function countsAt(hashtag: string, nowMs: number, random: number) {
  const size = 1000 * (1 + hashtag.charCodeAt(0) - 96);
  const days = nowMs / DAY_MS - 20_000;
  const videoCount = Math.round(size * (1 + days / 100) + random * 50);
  return { videoCount: random < 0.1 ? null : videoCount, viewCount: videoCount * 321 };
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

async function writeList(world: World): Promise<void> {
  const hashtags = [...world.list].map(([name, state]) =>
    state === 'paused' ? { name, paused: true } : name,
  );
  const text = JSON.stringify({ settings: world.settings, hashtags });
  const file = path.join(world.others, WATCHLIST_PATH);
  await writeFile(file, world.isListBroken ? text.slice(0, -3) : text);
}

async function pushAsOthers(world: World, message: string, edit: () => Promise<void>) {
  const { others } = world;
  await git(others, ['fetch', '--quiet', 'origin', 'main']);
  await git(others, ['reset', '--quiet', '--hard', 'FETCH_HEAD']);
  await edit();
  await commitAll(others, message);
  await git(others, ['push', '--quiet', 'origin', 'HEAD:main']);
}

/** Merges a branch that began some commits ago into what was pushed since. */
async function mergeAsOthers(world: World): Promise<void> {
  const { others, count } = world;
  await git(others, ['fetch', '--quiet', 'origin', 'main']);
  const base = await git(others, ['rev-list', '--max-count=3', '--first-parent', 'FETCH_HEAD']);
  await git(others, ['reset', '--quiet', '--hard', base.split('\n').at(-1) ?? 'FETCH_HEAD']);
  await writeFile(path.join(others, `branch-${count}.txt`), 'branch\n');
  await commitAll(others, `Add branch-${count}.txt`);
  const branch = await git(others, ['rev-parse', 'HEAD']);
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

async function commitAll(root: string, message: string): Promise<void> {
  await git(root, ['add', '--all']);
  await git(root, ['commit', '--quiet', '--allow-empty', '-m', message]);
}

async function configure(root: string, name: string): Promise<void> {
  await git(root, ['config', 'user.name', name]);
  await git(root, ['config', 'user.email', `${name.toLowerCase()}@example.org`]);
}
