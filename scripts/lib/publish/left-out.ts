import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { listArchives } from '../archive/files.ts';
import type { Day } from '../core/day.ts';
import { formatList } from '../core/format.ts';
import {
  BADGE_PATH,
  chartPath,
  DATABASE_PATH,
  INDEX_PATH,
  LATEST_CSV_PATH,
  reportPath,
  summaryPath,
} from '../core/paths.ts';
import { monthOf, weekOf } from '../core/period.ts';
import { exists } from '../system/files.ts';
import { gitOrNull } from '../system/git.ts';

/**
 * Why git would leave some of the day's files out of a commit, or damage a database, and what to do;
 * null if it would not. Git ignores files by rules, and it takes nothing from a linked folder or from
 * a repository within the repository. In what a rule calls text, it changes line ends.
 */
export async function findLeftOut(root: string, day: Day): Promise<string | null> {
  const periods = [weekOf(day), monthOf(day)];
  const databases = [DATABASE_PATH, ...(await listArchives(root))];
  const files = [
    ...databases,
    LATEST_CSV_PATH,
    reportPath(day),
    INDEX_PATH,
    BADGE_PATH,
    chartPath(day),
    ...periods.flatMap((period) => [summaryPath(period), chartPath(period.name)]),
  ];
  const folders = new Set(files.flatMap(foldersOf));
  for (const folder of [...folders].sort()) {
    const problem = await findFolderProblem(root, folder);
    if (problem !== null) return problem;
  }
  // A file that was committed in spite of a rule is not ignored.
  const ignored = (await gitOrNull(root, ['check-ignore', '--', ...files]))?.split('\n') ?? [];
  const [first] = ignored;
  if (first === undefined) return await findTextRule(root, databases);
  return (
    `git ignores ${formatList(ignored, 3)}, so it would not be published; ` +
    `git check-ignore -v ${first} shows which rule does that`
  );
}

async function findTextRule(root: string, databases: string[]): Promise<string | null> {
  const found = await gitOrNull(root, ['check-attr', '-z', 'text', 'eol', '--', ...databases]);
  const values = found?.split('\0') ?? [];
  for (let i = 0; i + 5 < values.length; i += 6) {
    const [file, , text, , , eol] = values.slice(i, i + 6);
    // A kind of line end without more makes a file a text.
    if (text !== 'set' && (text !== 'unspecified' || eol === 'unspecified')) continue;
    return (
      `a rule of .gitattributes makes ${file} a text, and git would damage it by changing line ` +
      'ends; write as the last line of .gitattributes: *.db binary'
    );
  }
  return null;
}

async function findFolderProblem(root: string, folder: string): Promise<string | null> {
  const found = await statIfThere(path.join(root, folder));
  if (found === null) return null;
  const instead = 'git would leave out what is in it; use an ordinary folder';
  if (found.isSymbolicLink()) return `${folder} is a link, and ${instead}`;
  const isRepository = await exists(path.join(root, folder, '.git'));
  return isRepository ? `${folder} is a repository of its own, and ${instead}` : null;
}

function statIfThere(file: string): Promise<Stats | null> {
  return lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
}

/** `reports` and `reports/charts` for a file in the latter. */
function foldersOf(file: string): string[] {
  const names = file.split('/').slice(0, -1);
  return names.map((_, i) => names.slice(0, i + 1).join('/'));
}
