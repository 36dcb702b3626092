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
import { git, gitOrNull } from '../system/git.ts';

/**
 * Why git would leave some of the day's files out of a commit, and what to do; null if it would
 * not. Git ignores files by rules, it skips files that are marked or outside of a sparse checkout, and
 * it takes nothing from a linked folder or from a repository within the repository. Or why it would
 * change the database, such as the line ends of a text.
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
  const [ignored, skipped, texts] = await Promise.all([
    findIgnored(root, files),
    findSkipped(root, files),
    findTexts(root, databases),
  ]);
  return ignored ?? skipped ?? texts;
}

/** Says which of the files git ignores. One that was committed in spite of a rule is not ignored. */
async function findIgnored(root: string, files: string[]): Promise<string | null> {
  const ignored = (await gitOrNull(root, ['check-ignore', '--', ...files]))?.split('\n') ?? [];
  const [first] = ignored;
  if (first === undefined) return null;
  return (
    `git ignores ${formatList(ignored, 3)}, so it would not be published; ` +
    `git check-ignore -v ${first} shows which rule does that`
  );
}

/** Says which of the databases git takes for text, in which it would change bytes. */
async function findTexts(root: string, databases: string[]): Promise<string | null> {
  const listed = await git(root, ['check-attr', '-z', 'text', 'eol', 'ident', '--', ...databases]);
  const fields = listed.split('\0');
  const texts = databases.filter((_, i) => {
    const [text, eol, ident] = [2, 5, 8].map((place) => fields[i * 9 + place]);
    const isText = text === 'unspecified' ? /^(lf|crlf)$/.test(eol ?? '') : text === 'set';
    return isText || ident === 'set';
  });
  if (texts.length === 0) return null;
  return (
    `git would change bytes of ${formatList(texts, 3)}, because its attributes say that this is ` +
    'text; add this line at the end of .gitattributes: *.db binary -ident'
  );
}

/** Says which of the files git does not look at for changes, because somebody marked them so. */
async function findSkipped(root: string, files: string[]): Promise<string | null> {
  const listed = (await git(root, ['ls-files', '-v', '-z', '--', ...files])).split('\0');
  const listMarked = (letters: RegExp) =>
    listed.filter((entry) => letters.test(entry)).map((entry) => entry.slice(2));
  const assumed = listMarked(/^[a-z] /);
  const skipped = listMarked(/^S /);
  if (assumed.length + skipped.length === 0) return null;
  const isSparse = (await gitOrNull(root, ['config', '--get', 'core.sparseCheckout'])) === 'true';
  const remedy =
    assumed.length > 0
      ? `git update-index --no-assume-unchanged ${assumed.join(' ')}`
      : isSparse
        ? 'git sparse-checkout disable'
        : `git update-index --no-skip-worktree ${skipped.join(' ')}`;
  const names = formatList(assumed.length > 0 ? assumed : skipped, 3);
  return `git skips changes of ${names}, so they would not be published; run: ${remedy}`;
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
