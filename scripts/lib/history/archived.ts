import type { Database } from 'sql.js';
import { type CommittedArchives, compareArchives } from '../archive/files.ts';
import { remember } from '../archive/remember.ts';
import { copyTables, REMEMBERED } from '../archive/rows.ts';
import { listRememberedMonths, rememberedByOne } from '../archive/split.ts';
import { outOfGit, unite } from '../archive/whole.ts';
import { monthOfArchive } from '../core/paths.ts';
import { type OpenDatabase, parseDatabase } from '../store/database.ts';
import { firstKeptDay } from '../store/history.ts';
import { selectRows, withAttached } from '../store/rows.ts';
import type { ObjectReader } from '../system/git-objects.ts';
import { EARLIER } from './compare.ts';

/** The archives of a commit: those that it comes from, with what it has changed. */
export function changeArchives(
  before: CommittedArchives,
  blobs: Map<string, string | null>,
): CommittedArchives {
  const after = new Map(before);
  for (const [file, blob] of blobs) {
    if (monthOfArchive(file) === null) continue;
    if (blob === null) after.delete(file);
    else after.set(file, blob);
  }
  return after;
}

/**
 * A daily file together with some of its commit's archives.
 * @throws DatabaseError if one can't be read, or contradicts the others
 */
export function uniteArchives(
  daily: Database,
  archives: CommittedArchives,
  files: Iterable<string>,
  objects: ObjectReader,
): Promise<OpenDatabase> {
  return unite(daily, outOfGit(files, archives, objects));
}

/** A daily file with the archives of its commit. */
type WithArchives = { db: Database; archives: CommittedArchives };

/**
 * The archives that two versions do not have alike, and those of the months that only one of both
 * remembers: their rows may stand in the daily file of the other one.
 */
export function listTouched(before: WithArchives, after: WithArchives): string[] {
  const months = rememberedByOne(before.db, after.db);
  const moved = [...after.archives.keys()].filter((file) => months.has(monthOfArchive(file)));
  return [...new Set([...compareArchives(before.archives, after.archives), ...moved])].sort();
}

/**
 * Whether what a daily file keeps of archived months follows from the archives: from what it kept
 * before and the months that are new, or, if earlier ones have changed, from all of them.
 */
export async function isRememberedWell(
  before: WithArchives,
  after: WithArchives,
  objects: ObjectReader,
): Promise<boolean> {
  const changed = listTouched(before, after);
  if (changed.length === 0) return remembersSame(before.db, after.db);
  const end = firstKeptDay(after.db);
  if (end === null) return after.archives.size === 0 || remembersSame(before.db, after.db);
  const files = [...before.archives.keys()].map(monthOfArchive);
  const months = new Set([...files, ...listRememberedMonths(before.db)]);
  const isNew = changed.every((file) => !months.has(monthOfArchive(file)));
  using none = await parseDatabase(null);
  const read = isNew ? changed : after.archives.keys();
  using past = await uniteArchives(none, after.archives, read, objects);
  if (isNew) copyTables(before.db, past, REMEMBERED);
  using expected = await parseDatabase(null);
  remember(expected, past, end);
  return remembersSame(expected, after.db);
}

/** Whether two daily files keep the same of archived months. */
export function remembersSame(before: Database, after: Database): boolean {
  return withAttached(after, before, EARLIER, () =>
    REMEMBERED.every((table) => {
      const [here, there] = [`SELECT * FROM main.${table}`, `SELECT * FROM ${EARLIER}.${table}`];
      return (
        selectRows(after, `${here} EXCEPT ${there} LIMIT 1`).length === 0 &&
        selectRows(after, `${there} EXCEPT ${here} LIMIT 1`).length === 0
      );
    }),
  );
}
