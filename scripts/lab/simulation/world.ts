import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Counts } from '../../lib/core/count.ts';
import type { Day } from '../../lib/core/day.ts';
import { LOCK_PATH, WATCHLIST_PATH } from '../../lib/core/paths.ts';
import { git } from '../../lib/system/git.ts';
import type { StandInOptions } from '../stand-in.ts';
import { UNKNOWN_HASHTAG } from './history.ts';

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
  /** The reports that the laptop's owner has deleted or edited, and not committed. */
  touched: Set<string>;
  /** Commits in which people have changed the database or a report, so that the audit names them. */
  changedByPeople: Set<string>;
  /** The days whose report others have deleted, with the rows that the day had then. */
  deletedReports: Map<Day, string>;
  /**
   * The days that had other rows on a side of a conflict, with the rows that were kept. The report
   * may be of the other side.
   */
  resolvedDays: Map<Day, string>;
  /** Files that the laptop's owner has committed. */
  ownFiles: string[];
  readings: Reading[];
  /** Counts changes and starts, for names and texts that must be new. */
  count: number;
};

/** The notes that everybody edits. */
export const NOTES = 'notes.md';

/** Small histories need no maintenance. It would start a process at every commit and push. */
export const NO_UPKEEP = 'maintenance.auto=false';

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
    touched: new Set(),
    changedByPeople: new Set(),
    deletedReports: new Map(),
    resolvedDays: new Map(),
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

/** Writes the list into the checkout of others. */
export async function writeList(world: World): Promise<void> {
  const hashtags = [...world.list].map(([name, state]) =>
    state === 'paused' ? { name, paused: true } : name,
  );
  const text = JSON.stringify({ settings: world.settings, hashtags });
  const file = path.join(world.others, WATCHLIST_PATH);
  await writeFile(file, world.isListBroken ? text.slice(0, -3) : text);
}

/** Commits everything, or nothing. Returns the commit's hash. */
export async function commitAll(root: string, message: string): Promise<string> {
  await git(root, ['add', '--all']);
  await git(root, ['commit', '--quiet', '--allow-empty', '-m', message]);
  return git(root, ['rev-parse', 'HEAD']);
}

async function configure(root: string, name: string): Promise<void> {
  await git(root, ['config', 'user.name', name]);
  await git(root, ['config', 'user.email', `${name.toLowerCase()}@example.org`]);
}
