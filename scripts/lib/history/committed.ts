import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import {
  listArchives,
  listChangedArchives,
  listCommittedArchives,
  missingArchive,
  openArchive,
} from '../archive/files.ts';
import { listRememberedMonths } from '../archive/split.ts';
import { outOfGit, unite } from '../archive/whole.ts';
import { type Day, isDay } from '../core/day.ts';
import { DamagedDatabaseError, DatabaseError } from '../core/errors.ts';
import { formatList, formatRanges, plural } from '../core/format.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import {
  ARCHIVE_FOLDER,
  DATABASE_PATH,
  monthOfArchive,
  REPORTS_FOLDER,
  reportPath,
} from '../core/paths.ts';
import { plainText } from '../core/text.ts';
import { isTutorialFile, type OpenDatabase, parseDatabase, schemaOf } from '../store/database.ts';
import { newestDay, readRecordedDays } from '../store/days.ts';
import { firstKeptDay } from '../store/history.ts';
import { findCommittedDatabase, findGoodVersion, readDatabaseFile } from '../store/open.ts';
import { withAttached } from '../store/rows.ts';
import { readIfThere } from '../system/files.ts';
import { hashBlob, openObjects, readObject } from '../system/git-objects.ts';
import { remembersSame } from './archived.ts';
import { EARLIER, findChangedRecords, findChangedSnapshots, type RowChange } from './compare.ts';
import { EXPLAINED_SCHEMA, findUnexplained } from './explain.ts';
import { parseReportCounts, ReportParseError } from './parse-report.ts';

const MAX_SHOWN = 3;
const takeBack = (paths: string) => `git checkout HEAD -- ${paths}`;
const commitOnPurpose = (paths: string) => `commit it: git commit -m "Change the past" -- ${paths}`;

/**
 * Refuses a checkout's database in which a row of the last commit's is gone or different, because
 * publishing it would change the past, or with new rows that no run or import explains. New runs,
 * imported snapshots, and counts that a correction explains are fine. Rows are read only if the file
 * is not the committed one.
 * @param db the database, as it was opened from the checkout's file
 * @throws DatabaseError, also if the last commit's file can't be compared
 */
export async function refuseChangedPast(db: Database, root: string): Promise<void> {
  const blob = await findCommittedDatabase(root);
  if (blob === null) return;
  const file = await readDatabaseFile(root);
  const archives = await findChangedArchives(db, root);
  const isCommitted = file !== null && hashBlob(file, blob) === blob;
  if (isCommitted && archives.length === 0) return;
  const committed = await readObject(root, blob);
  if (committed === null) throw cantCompare('its content is missing; run: git fetch --refetch');
  if (file !== null && isPointerTo(committed, file)) return;
  const isTutorial = isTutorialFile(committed); // first, because SQLite changes these bytes
  const found = await openEarlier(committed, root);
  if (found === null) return;
  using earlier = found.db;
  if (file !== null && schemaOf(file) < found.schema) {
    throw new DatabaseError(
      `${DATABASE_PATH} has an older schema (user_version ${schemaOf(file)}) than the last ` +
        `commit’s (${found.schema}). Keep a copy, then take the committed file back: ${takeBack(DATABASE_PATH)}`,
    );
  }
  const newest = newestDay(earlier) ?? '';
  const compare = (now: Database, before: Database): RowChange[] =>
    withAttached(now, before, EARLIER, () => [
      ...findChangedSnapshots(now, newest, isTutorial),
      ...findChangedRecords(now),
      ...(found.schema < EXPLAINED_SCHEMA ? [] : findUnexplained(now, '')),
    ]);
  const changes =
    archives.length === 0
      ? [...compare(db, earlier), ...findChangedMemory(db, earlier)]
      : await withChangedArchives(db, earlier, archives, root, compare);
  if (changes.length === 0) return;
  const shown = changes.slice(0, MAX_SHOWN).map(renderChange).join('. ');
  const more = changes.length > MAX_SHOWN ? `. … and ${changes.length - MAX_SHOWN} more` : '';
  const changed = archives.length > MAX_SHOWN ? [ARCHIVE_FOLDER] : archives;
  const places = isCommitted ? changed : [DATABASE_PATH, ...changed];
  const paths = places.join(' ');
  throw new DatabaseError(
    `${formatList(places)} ${places.length === 1 ? 'differs' : 'differ'} from the last commit in ` +
      `${plural(changes.length, 'place')} that no run or import explains. ${shown}${more}. To take what is ` +
      `committed back, keep a copy, then run: ${takeBack(paths)}, npm run import -- COPY. ` +
      `If the change is on purpose, ${commitOnPurpose(paths)}`,
  );
}

/** What the file keeps of archived months changes only together with the archives. */
function findChangedMemory(db: Database, earlier: Database): RowChange[] {
  if (remembersSame(earlier, db)) return [];
  return [{ day: 'archived months', problem: 'what the file keeps of them was changed' }];
}

/**
 * Refuses a new archive whose month the database does not know to be archived. Published like that,
 * its rows would stand twice, or would not be remembered.
 * @throws DatabaseError
 */
export async function refuseUnfinishedMove(db: Database, root: string): Promise<void> {
  const known = new Set<string | null>(listRememberedMonths(db));
  const unknown = (await listArchives(root)).filter((file) => !known.has(monthOfArchive(file)));
  if (unknown.length === 0 || (await findCommittedDatabase(root)) === null) return;
  const changed = await listChangedArchives(root);
  const file = unknown.find((one) => changed.includes(one));
  if (file === undefined) return;
  throw new DatabaseError(
    `${file} is new, but ${DATABASE_PATH} does not know that this month is archived: a move or an ` +
      'import was cut short. To finish it, run it again: npm run archive, or the import',
  );
}

/** The archive files that are not the last commit's. Without archives, git is not asked. */
async function findChangedArchives(db: Database, root: string): Promise<string[]> {
  const isUsed = firstKeptDay(db) !== null || (await listArchives(root)).length > 0;
  return isUsed ? listChangedArchives(root) : [];
}

/**
 * Compares the database with the last commit's, both together with the archives that have changed.
 * So a row that was moved into an archive is there on both sides.
 */
async function withChangedArchives<T>(
  db: Database,
  earlier: Database,
  archives: string[],
  root: string,
  compare: (now: Database, before: Database) => T,
): Promise<T> {
  const committed = await listCommittedArchives(root, 'HEAD');
  using objects = openObjects(root);
  const here = archives.map((file) => ({
    file,
    async open() {
      const archive = await openArchive(root, file);
      if (archive === null && committed.has(file) && !(await isReplaced(root, file))) {
        throw missingArchive(file);
      }
      return archive;
    },
  }));
  const there = outOfGit(archives, committed, objects, (file) => `the last commit’s ${file}`);
  using now = await unite(db, here);
  using before = await unite(earlier, there);
  return compare(now, before);
}

/** Whether the month of an archive file that is gone has another one, as parts of it. */
async function isReplaced(root: string, file: string): Promise<boolean> {
  const month = monthOfArchive(file);
  return (await listArchives(root)).some((other) => monthOfArchive(other) === month);
}

/**
 * Refuses a database without the days that the checkout's reports show, such as one that somebody
 * replaced with an older file and committed. Reports without counts are no sign of that.
 * @throws DatabaseError
 */
export async function refuseLostDays(db: Database, root: string): Promise<void> {
  const folder = path.join(root, REPORTS_FOLDER);
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []; // without reports, or a file
    throw error;
  });
  const known: Set<string> = readRecordedDays(db);
  const unknown = files
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
    .filter(isDay)
    .filter((day) => !known.has(day))
    .sort();
  const lost: Day[] = [];
  for (const day of unknown) {
    if (
      showsCounts((await readIfThere(path.join(root, reportPath(day))))?.toString('utf8') ?? '')
    ) {
      lost.push(day);
    }
  }
  if (lost.length === 0) return;
  throw new DatabaseError(
    `${DATABASE_PATH} has neither a snapshot nor a run of ${plural(lost.length, 'day')} with a ` +
      `report: ${formatList(formatRanges(lost), 5)}. To bring the counts back, run: npm run ` +
      'restore -- --from-reports. To start over on purpose, delete these reports too, and commit that',
  );
}

/** True also for a report that can't be read. */
function showsCounts(markdown: string): boolean {
  try {
    return parseReportCounts(markdown).length > 0;
  } catch (error) {
    if (error instanceof ReportParseError) return true;
    throw error;
  }
}

/** A version of the database, and the schema that its file has. */
type Earlier = { db: OpenDatabase; schema: number };

/** The committed version; if it is damaged, the newest good one before it; null if there is none. */
async function openEarlier(committed: Buffer, root: string): Promise<Earlier | null> {
  const schema = schemaOf(committed); // first, because SQLite changes these bytes
  try {
    return { db: await parseDatabase(committed, `the last commit’s ${DATABASE_PATH}`), schema };
  } catch (error) {
    if (error instanceof DamagedDatabaseError) {
      const good = await findGoodVersion(root);
      if (good === null) return null;
      return { schema: schemaOf(good.file), db: await parseDatabase(good.file) };
    }
    if (error instanceof DatabaseError) throw cantCompare(error.message);
    throw error;
  }
}

/** True if the committed content is a pointer of Git LFS to exactly this file. */
function isPointerTo(committed: Buffer, file: Buffer): boolean {
  const text = committed.toString('latin1', 0, 200);
  const [, oid] = /^version https:\/\/git-lfs\S*\noid sha256:([0-9a-f]{64})\n/.exec(text) ?? [];
  return oid === createHash('sha256').update(file).digest('hex');
}

function cantCompare(reason: string): DatabaseError {
  return new DatabaseError(
    `${DATABASE_PATH} can't be compared with the last commit’s: ${reason}. To go on with this ` +
      `file, ${commitOnPurpose(DATABASE_PATH)}; to go on with the committed one: ${takeBack(DATABASE_PATH)}`,
  );
}

function renderChange({ day, hashtag, problem, before, after }: RowChange): string {
  const place = hashtag === undefined ? day : `${day} ${showHashtag(hashtag)}`;
  const values = `the last commit has ${before ?? 'nothing'}; this file has ${after ?? 'nothing'}`;
  const isKnown = before !== undefined || after !== undefined;
  return plainText(`${place}: ${problem}${isKnown ? ` (${values})` : ''}`, 400);
}
