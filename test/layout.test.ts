import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from './helpers/process.ts';

/** The rooms of scripts/lib from the top down. A file imports only from its own room or below. */
const ROOMS = [
  'commands',
  'notify',
  'history',
  'publish',
  'reports',
  'store',
  'collect',
  'watchlist',
  'system',
  'trends',
  'core',
];
/** A page in a browser must be able to run this code. */
const PURE_ROOMS = ['trends', 'core'];
const MOST_FILES_IN_A_ROOM = 12;

const files = (await readdir(path.join(PROJECT, 'scripts'), { recursive: true }))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.split(path.sep).join('/'))
  .sort();

/** What each file imports: paths below scripts/, or the names of packages. */
const importsOf = new Map(
  await Promise.all(
    files.map(async (file): Promise<[string, string[]]> => {
      const source = await readFile(path.join(PROJECT, 'scripts', file), 'utf8');
      const found = source.matchAll(
        /^(?:import|export)\b[^;]*?from '([^']+)'|import\('([^']+)'\)/gm,
      );
      const names = [...found].map(([, fixed, lazy]) => fixed ?? lazy ?? '');
      const resolve = (name: string) =>
        name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name;
      return [file, names.map(resolve)];
    }),
  ),
);
const arrows = [...importsOf].flatMap(([from, names]) => names.map((to) => ({ from, to })));

/** The room of a file: `lab` for scripts/lab, `door` for an entry point, null for a package. */
function roomOf(file: string): string | null {
  if (!file.endsWith('.ts')) return null;
  const [wing = '', room = ''] = file.split('/');
  return wing === 'lib' ? room : wing === 'lab' ? 'lab' : 'door';
}

/** Finds a circle of imports that the file leads to. Null if there is none. */
function findCircle(
  file: string,
  path: string[] = [],
  isSound = new Set<string>(),
): string[] | null {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  if (isSound.has(file)) return null;
  for (const next of importsOf.get(file) ?? []) {
    const circle = findCircle(next, [...path, file], isSound);
    if (circle !== null) return circle;
  }
  isSound.add(file);
  return null;
}

describe('the layout of scripts/', () => {
  it('has only the rooms that are listed here, each with at most a dozen files', async () => {
    expect((await readdir(path.join(PROJECT, 'scripts/lib'))).sort()).toEqual(ROOMS.toSorted());
    for (const room of ROOMS) {
      const inRoom = files.filter((file) => roomOf(file) === room);
      expect(
        inRoom.length,
        `scripts/lib/${room} has too many files: divide it`,
      ).toBeLessThanOrEqual(MOST_FILES_IN_A_ROOM);
    }
  });

  it('has rooms that import only from rooms below', () => {
    const wrong = arrows.flatMap(({ from, to }) => {
      const [source, target] = [ROOMS.indexOf(roomOf(from) ?? ''), ROOMS.indexOf(roomOf(to) ?? '')];
      if (source < 0 || target < 0 || source <= target) return [];
      return [`${from} imports ${to}, but the room ${ROOMS[target]} is above ${ROOMS[source]}`];
    });
    expect(wrong).toEqual([]);
  });

  it('has no files that import each other in a circle', () => {
    const circles = files.flatMap((file) => findCircle(file)?.join(' → ') ?? []);
    expect(circles).toEqual([]);
  });

  it('has no import of the lab or of a door in scripts/lib', () => {
    const wrong = arrows
      .filter(({ from, to }) => from.startsWith('lib/') && !to.startsWith('lib/') && roomOf(to))
      .map(({ from, to }) => `${from} imports ${to}, which is outside scripts/lib`);
    expect(wrong).toEqual([]);
  });

  it('has pure rooms that import neither Node nor SQLite', () => {
    const wrong = arrows
      .filter(({ from }) => PURE_ROOMS.includes(roomOf(from) ?? ''))
      .filter(({ to }) => to.startsWith('node:') || to === 'sql.js')
      .map(({ from, to }) => `${from} imports ${to}, which a page in a browser does not have`);
    expect(wrong).toEqual([]);
    expect(ROOMS.slice(-PURE_ROOMS.length), 'pure rooms must be at the bottom').toEqual(PURE_ROOMS);
  });

  it('has doors that import only a command and what runs it', () => {
    for (const [file, names] of importsOf) {
      if (roomOf(file) !== 'door') continue;
      expect(names, `scripts/${file}`).toHaveLength(2);
      expect(names).toContain('lib/system/run-command.ts');
    }
  });

  it('is the map of the README, in the same order', async () => {
    const readme = await readFile(path.join(PROJECT, 'README.md'), 'utf8');
    const [, map = ''] = /\n## The code\n([\s\S]*?)(?:\n## |$)/.exec(readme) ?? [];
    const mapped = [...map.matchAll(/^\| `scripts\/lib\/([\w-]+)\/` \|/gm)].map(([, room]) => room);
    expect(mapped).toEqual(ROOMS);
    expect(map).toContain('`scripts/lab/`');
  });

  it('is also the layout of the tests', async () => {
    const folders = (await readdir(path.join(PROJECT, 'test'), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    for (const folder of folders) expect([...ROOMS, 'lab', 'helpers']).toContain(folder);
  });
});
