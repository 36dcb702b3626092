import path from 'node:path';
import { restoreArchives } from '../archive/restore.ts';
import { DamagedDatabaseError, DatabaseError } from '../core/errors.ts';
import { formatList, plural } from '../core/format.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import { DATABASE_PATH, LATEST_CSV_PATH } from '../core/paths.ts';
import { refuseChangedPast, refuseLostDays } from '../history/committed.ts';
import { addFromReports } from '../history/from-reports.ts';
import { type OpenDatabase, parseDatabase, refuseConstraints } from '../store/database.ts';
import { findGoodVersion, readDatabaseFile } from '../store/open.ts';
import { countLost } from '../store/salvage.ts';
import { type Context, defineCommand } from '../system/command.ts';
import { writeFileAtomically, writeNewFile } from '../system/files.ts';
import { withLock } from '../system/lock.ts';

export const restore = defineCommand({
  name: 'restore',
  summary: 'Replaces a damaged database or archive with the newest good one in git’s history.',
  flags: {
    'from-reports': {
      type: 'boolean',
      help: 'Also add counts that the reports show and the database does not have.',
    },
  },
  run: (flags, context) =>
    withLock(context.root, context.log.info, async () => {
      const { root, log } = context;
      const sound = await openSound(root);
      using db = sound ?? (await restoreGoodVersion(context, flags['from-reports'] === true));
      const archives = await restoreArchives(db, root);
      for (const { file, commit, kept } of archives) {
        if (kept !== null) log.info(`Kept the damaged file as ${kept}`);
        log.info(`Restored ${file} from commit ${commit}`);
      }
      if (flags['from-reports']) return (await addReported(db, context)) ? 0 : 1;
      if (sound === null || archives.length > 0) return 0;
      // Other trouble than damage. The messages say what to do about it.
      refuseConstraints(db);
      await refuseChangedPast(db, root);
      await refuseLostDays(db, root);
      log.info(`${DATABASE_PATH} is sound: there is nothing to restore`);
      return 0;
    }),
});

/** The checkout's database; null if it is missing or damaged. */
async function openSound(root: string): Promise<OpenDatabase | null> {
  const file = await readDatabaseFile(root);
  try {
    return file === null ? null : await parseDatabase(file);
  } catch (error) {
    if (error instanceof DamagedDatabaseError) return null;
    throw error;
  }
}

/** @param hasReports whether reports may bring back the rows of a database that is nowhere any more */
async function restoreGoodVersion({ root, log }: Context, hasReports: boolean) {
  const good = await findGoodVersion(root);
  if (good === null) {
    if (hasReports && (await readDatabaseFile(root)) === null) return parseDatabase(null);
    throw new DatabaseError(
      `git’s history has no good version of ${DATABASE_PATH}; move the file away, then run: npm run track`,
    );
  }
  const db = await parseDatabase(Buffer.from(good.file)); // a copy: SQLite changes the bytes
  const damaged = await readDatabaseFile(root);
  if (damaged !== null) {
    log.info(await describeLoss(damaged, db));
    log.info(`Kept the damaged file as ${await keepCopy(root, damaged)}`);
  }
  await writeFileAtomically(path.join(root, DATABASE_PATH), good.file);
  log.info(`Restored ${DATABASE_PATH} from commit ${good.commit}, days up to ${good.newestDay}`);
  return db;
}

/** How many rows of the damaged file the database that replaces it lacks. */
async function describeLoss(damaged: Buffer, db: OpenDatabase): Promise<string> {
  const lost = await countLost(damaged, db);
  if (lost === null) return 'No row of the damaged file can be read, so what goes can’t be counted';
  const { snapshots, runs, videos, isAll } = lost;
  const ofVideos = videos === 0 ? '' : ` with ${plural(videos, 'video')}`;
  const rows = `${plural(snapshots, 'snapshot')} and ${plural(runs, 'run')}${ofVideos} of the damaged file`;
  return isAll
    ? `Going: ${rows}, which the restored one lacks`
    : `Going: at least ${rows}, which the restored one lacks; the damage hides the rest`;
}

/** Keeps a copy of the damaged file beside it, under a name that no earlier copy has. */
function keepCopy(root: string, damaged: Buffer): Promise<string> {
  const nameOf = (number: number) => `${DATABASE_PATH}${number === 1 ? '' : `.${number}`}.damaged`;
  return writeNewFile(root, nameOf, damaged);
}

/** False if some reports can't be read, or had no room for all that is missing. */
async function addReported(db: OpenDatabase, { root, log, clock }: Context): Promise<boolean> {
  const { recovered, unreadable, incomplete } = await addFromReports(
    db,
    root,
    new Date(clock.now()).toISOString(),
  );
  for (const { report, snapshots } of recovered) {
    const names = formatList(snapshots.map(({ hashtag }) => showHashtag(hashtag)));
    log.info(`${plural(snapshots.length, 'snapshot')} added from ${report}: ${names}`);
  }
  for (const problem of unreadable) log.error(`Nothing added from ${problem}`);
  for (const { report, left } of incomplete) {
    log.error(
      `${report} had no room for all of its hashtags, and there is no ${LATEST_CSV_PATH} of its ` +
        `day: ${plural(left, 'snapshot')} can't be brought back`,
    );
  }
  if (recovered.length + unreadable.length + incomplete.length === 0) {
    log.info('The database already has everything that the reports show');
  }
  return unreadable.length + incomplete.length === 0;
}
