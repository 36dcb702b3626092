import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from './helpers/process.ts';

/** The folders of scripts/lib from the top down. A file imports only from its own or below. */
const FOLDERS = [
  'commands',
  'doctor',
  'notify',
  'mirror',
  'history',
  'publish',
  'dashboard',
  'reports',
  'feeds',
  'archive',
  'store',
  'collect',
  'watchlist',
  'system',
  'trends',
  'core',
];
/** What the page in a browser runs: its own files, and everything that they import. */
const PAGE = 'page/';
const PACKAGES_OF_PAGE = ['lit-html', 'sql.js', 'uplot'];
/** Code that is the same everywhere: the page shows what the reports say because of it. */
const PURE_FOLDERS = ['trends', 'core'];
const MOST_FILES_IN_A_FOLDER = 12;

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

/** The folder of a file: `lab`, `page`, `entry` for an entry point, null for a package. */
function folderOf(file: string): string | null {
  if (!file.endsWith('.ts')) return null;
  const [part = '', folder = ''] = file.split('/');
  return part === 'lib' ? folder : part === 'lab' || part === 'page' ? part : 'entry';
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
  it('has only the folders that are listed here, each with at most a dozen files', async () => {
    expect((await readdir(path.join(PROJECT, 'scripts/lib'))).sort()).toEqual(FOLDERS.toSorted());
    for (const folder of FOLDERS) {
      const inFolder = files.filter((file) => folderOf(file) === folder);
      expect(
        inFolder.length,
        `scripts/lib/${folder} has too many files: divide it`,
      ).toBeLessThanOrEqual(MOST_FILES_IN_A_FOLDER);
    }
  });

  it('has folders that import only from folders below', () => {
    const wrong = arrows.flatMap(({ from, to }) => {
      const [source, target] = [
        FOLDERS.indexOf(folderOf(from) ?? ''),
        FOLDERS.indexOf(folderOf(to) ?? ''),
      ];
      if (source < 0 || target < 0 || source <= target) return [];
      return [
        `${from} imports ${to}, but the folder ${FOLDERS[target]} is above ${FOLDERS[source]}`,
      ];
    });
    expect(wrong).toEqual([]);
  });

  it('has no files that import each other in a circle', () => {
    const circles = files.flatMap((file) => findCircle(file)?.join(' → ') ?? []);
    expect(circles).toEqual([]);
  });

  it('has no import of the lab, the page or an entry point in scripts/lib', () => {
    const wrong = arrows
      .filter(({ from, to }) => from.startsWith('lib/') && !to.startsWith('lib/') && folderOf(to))
      .map(({ from, to }) => `${from} imports ${to}, which is outside scripts/lib`);
    expect(wrong).toEqual([]);
  });

  it('has pure folders that import neither Node nor SQLite', () => {
    const wrong = arrows
      .filter(({ from }) => PURE_FOLDERS.includes(folderOf(from) ?? ''))
      .filter(({ to }) => to.startsWith('node:') || to === 'sql.js')
      .map(({ from, to }) => `${from} imports ${to}, which a page in a browser does not have`);
    expect(wrong).toEqual([]);
    expect(FOLDERS.slice(-PURE_FOLDERS.length), 'pure folders must be at the bottom').toEqual(
      PURE_FOLDERS,
    );
  });

  it('has a page that reaches nothing of Node, and no package but its own', () => {
    const reached = new Set(files.filter((file) => file.startsWith(PAGE)));
    for (const file of reached) {
      for (const name of importsOf.get(file) ?? []) reached.add(name);
    }
    const packages = [...reached].filter((name) => folderOf(name) === null);
    expect(packages.filter((name) => name.startsWith('node:'))).toEqual([]);
    expect([...new Set(packages.map((name) => name.split('/')[0]))].toSorted()).toEqual(
      PACKAGES_OF_PAGE,
    );
    expect(reached.size).toBeGreaterThan(20);
  });

  it('has entry points that import only a command and what runs it', () => {
    for (const [file, names] of importsOf) {
      if (folderOf(file) !== 'entry') continue;
      expect(names, `scripts/${file}`).toHaveLength(2);
      expect(names).toContain('lib/system/run-command.ts');
    }
  });

  it('is the map of the README, in the same order', async () => {
    const readme = await readFile(path.join(PROJECT, 'README.md'), 'utf8');
    const [, map = ''] = /\n## The code\n([\s\S]*?)(?:\n## |$)/.exec(readme) ?? [];
    const mapped = [...map.matchAll(/^\| `scripts\/lib\/([\w-]+)\/` \|/gm)].map(
      ([, folder]) => folder,
    );
    expect(mapped).toEqual(FOLDERS);
    expect(map).toContain('`scripts/lab/`');
    expect(map).toContain('`scripts/page/`');
  });

  it('is also the layout of the tests', async () => {
    const folders = (await readdir(path.join(PROJECT, 'test'), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    for (const folder of folders) expect([...FOLDERS, 'lab', 'page', 'helpers']).toContain(folder);
  });
});
