import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import { isRemembered } from '../archive/add.ts';
import {
  listArchives,
  listChangedArchives,
  listCommittedArchives,
  missingArchive,
  openArchive,
  parseArchive,
} from '../archive/files.ts';
import { findGoodMonth } from '../archive/restore.ts';
import { listRememberedMonths, rememberedByOne } from '../archive/split.ts';
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
 * @returns the archive files that are not the last commit's
 * @throws DatabaseError, also if the last commit's file can't be compared
 */
export async function refuseChangedPast(db: Database, root: string): Promise<string[]> {
  const blob = await findCommittedDatabase(root);
  if (blob === null) return [];
  const file = await readDatabaseFile(root);
  const archives = await findChangedArchives(db, root);
  const isCommitted = file !== null && hashBlob(file, blob) === blob;
  if (isCommitted && archives.length === 0) return [];
  const committed = await readObject(root, blob);
  if (committed === null) throw cantCompare('its content is missing; run: git fetch --refetch');
  if (file !== null && isPointerTo(committed, file)) return archives;
  const isTutorial = isTutorialFile(committed); // first, because SQLite changes these bytes
  const found = await openEarlier(committed, root);
  if (found === null) return archives;
  using earlier = found.db;
  if (file !== null && schemaOf(file) < found.schema) {
    throw new DatabaseError(
      `${DATABASE_PATH} has an older schema (user_version ${schemaOf(file)}) than the last ` +
        `commit’s (${found.schema}). Keep a copy, then take the committed file back: ${takeBack(DATABASE_PATH)}`,
    );
  }
  const newest = newestDay(earlier) ?? '';
  const months = rememberedByOne(earlier, db);
  const moved = (await listArchives(root)).filter((file) => months.has(monthOfArchive(file)));
  const compared = [...new Set([...archives, ...moved])];
  const compare = (now: Database, before: Database): RowChange[] =>
    withAttached(now, before, EARLIER, () => [
      ...findChangedSnapshots(now, newest, isTutorial),
      ...findChangedRecords(now),
    ]);
  const changes =
    compared.length === 0
      ? [...compare(db, earlier), ...findInvented(db, found)]
      : await withArchives(db, earlier, compared, root, compare);
  if (changes.length === 0) return archives;
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

/**
 * New rows that no run or import explains, and what is kept of archived months, which changes only
 * together with the archives. In a changed archive, a row may be back that an earlier import explains.
 */
function findInvented(now: Database, { db: earlier, schema }: Earlier): RowChange[] {
  const isKept = remembersSame(earlier, now);
  return [
    ...(isKept
      ? []
      : [{ day: 'archived months', problem: 'what the file keeps of them was changed' }]),
    ...(schema < EXPLAINED_SCHEMA
      ? []
      : withAttached(now, earlier, EARLIER, () => findUnexplained(now, ''))),
  ];
}

/**
 * Refuses an archive with rows that the database does not know to be archived, because a move or an
 * import was cut short. Published like that, they would stand twice, or would not be remembered.
 * @param changed the archive files that are not the last commit's
 * @throws DatabaseError
 */
export async function refuseUnfinished(
  db: Database,
  root: string,
  changed: string[],
): Promise<void> {
  const known = new Set<string | null>(listRememberedMonths(db));
  const unknown = changed.find((file) => !known.has(monthOfArchive(file)));
  if (unknown !== undefined) {
    throw new DatabaseError(
      `${unknown} is new, but ${DATABASE_PATH} does not know that this month is archived: a move or ` +
        'an import was cut short. To finish it, run it again: npm run archive, or the import',
    );
  }
  if (changed.length === 0) return;
  using whole = await unite(db, openAll(root, changed));
  if (isRemembered(db, whole)) return;
  throw new DatabaseError(
    `an import was cut short: ${DATABASE_PATH} does not know yet how many rows ${formatList(changed, 3)} ` +
      'has. To finish it, run the import again. If its file is gone, finish what was done of it: ' +
      `npm run import -- ${changed[0]}`,
  );
}

const openAll = (root: string, files: string[]) =>
  files.map((file) => ({ file, open: () => openArchive(root, file) }));

/** The archive files that are not the last commit's. Without archives, git is not asked. */
async function findChangedArchives(db: Database, root: string): Promise<string[]> {
  const isUsed = firstKeptDay(db) !== null || (await listArchives(root)).length > 0;
  return isUsed ? listChangedArchives(root) : [];
}

/**
 * Compares the database with the last commit's, both together with some archives. So a row that was
 * moved into one of them is there on both sides.
 */
async function withArchives<T>(
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
  const there = outOfGit(archives, committed, objects).map(({ file, open }) => ({
    file,
    open: () => open().catch((error: unknown) => openEarlierArchive(error, earlier, root, file)),
  }));
  using now = await unite(db, here);
  using before = await unite(earlier, there);
  return compare(now, before);
}

/** In place of a committed archive that can't be read: the newest good one before it. */
async function openEarlierArchive(error: unknown, earlier: Database, root: string, file: string) {
  if (!(error instanceof DatabaseError)) throw error;
  const good = await findGoodMonth(earlier, root, monthOfArchive(file) ?? '');
  if (good === null) throw cantCompare(error.message.replace(/\. .*/s, ''), file);
  const bytes = good.files.get(file);
  return bytes === undefined ? null : parseArchive(bytes, file);
}

/** Whether the month of an archive file that is gone has another one, as parts of it. */
async function isReplaced(root: string, file: string): Promise<boolean> {
  const month = monthOfArchive(file);
  return (await listArchives(root)).some((other) => monthOfArchive(other) === month);
}

/**
 * Refuses a database without the days that the checkout's reports show, such as one that somebody
 * replaced with an older file and committed. Reports without counts are no sign of that. Refuses also
 * one whose archived months have no file, because somebody deleted it and committed that.
 * @throws DatabaseError
 */
export async function refuseLostDays(db: Database, root: string): Promise<void> {
  const archived = new Set((await listArchives(root)).map(monthOfArchive));
  const gone = listRememberedMonths(db).filter((month) => !archived.has(month));
  if (gone.length > 0) {
    throw new DatabaseError(
      `${plural(gone.length, 'archived month')} of ${DATABASE_PATH} ${gone.length === 1 ? 'has' : 'have'} ` +
        `no file below ${ARCHIVE_FOLDER}: ${formatList(gone, 6)}. To bring the rows back, run: npm run restore`,
    );
  }
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

function cantCompare(reason: string, file = DATABASE_PATH): DatabaseError {
  return new DatabaseError(
    `${file} can't be compared with the last commit’s: ${reason}. To go on with this file, ` +
      `${commitOnPurpose(file)}; to go on with the committed one: ${takeBack(file)}`,
  );
}

function renderChange({ day, hashtag, problem, before, after }: RowChange): string {
  const place = hashtag === undefined ? day : `${day} ${showHashtag(hashtag)}`;
  const values = `the last commit has ${before ?? 'nothing'}; this file has ${after ?? 'nothing'}`;
  const isKnown = before !== undefined || after !== undefined;
  return plainText(`${place}: ${problem}${isKnown ? ` (${values})` : ''}`, 400);
}
