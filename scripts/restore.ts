import path from 'node:path';
import type { Database } from 'sql.js';
import {
  type Command,
  type Context,
  type ExitCode,
  parseFlags,
  runCommand,
} from './lib/command.ts';
import {
  DATABASE_PATH,
  DamagedDatabaseError,
  DatabaseError,
  parseDatabase,
  saveDatabase,
} from './lib/database.ts';
import { plural } from './lib/format.ts';
import { withLock } from './lib/lock.ts';
import { addFromReports, findGoodVersion, readDatabaseFile } from './lib/recover.ts';
import { writeFileAtomically } from './lib/write-file.ts';

const FLAGS = {
  'from-reports': {
    type: 'boolean',
    help: 'Add what the committed reports show and the database does not have.',
  },
} as const;

const restore: Command = async (args, context) => {
  const summary = 'Brings back the newest good database of the history where this one is damaged.';
  const flags = parseFlags('restore', summary, FLAGS, args, context.log);
  if (flags === null) return 0;
  return withLock(context.root, context.log.info, () => restoreHere(context, flags));
};

async function restoreHere(
  context: Context,
  flags: { 'from-reports': boolean | undefined },
): Promise<ExitCode> {
  const { root, log } = context;
  const sound = await openSound(root);
  const db = sound ?? (await bringBack(context));
  if (flags['from-reports'] !== true) {
    if (sound !== null) log.info(`${DATABASE_PATH} is sound: there is nothing to restore`);
    return 0;
  }
  const { recovered, unreadable } = await addFromReports(db, root);
  if (recovered.length > 0) await saveDatabase(db, root);
  for (const { report, snapshots } of recovered) {
    const names = snapshots.map(({ hashtag }) => `#${hashtag}`).join(', ');
    log.info(`${plural(snapshots.length, 'snapshot')} taken from ${report}: ${names}`);
  }
  for (const problem of unreadable) log.error(`Nothing taken from ${problem}`);
  if (recovered.length + unreadable.length === 0) {
    log.info('The reports show nothing that the database does not have');
  }
  return unreadable.length === 0 ? 0 : 1;
}

/** The checkout's database; null where it is missing or damaged. */
async function openSound(root: string): Promise<Database | null> {
  const file = await readDatabaseFile(root);
  try {
    return file === null ? null : await parseDatabase(file);
  } catch (error) {
    if (error instanceof DamagedDatabaseError) return null;
    throw error;
  }
}

async function bringBack({ root, log }: Context): Promise<Database> {
  const good = await findGoodVersion(root);
  if (good === null)
    throw new DatabaseError(
      `the history has no good version of ${DATABASE_PATH}; move what is there away, and npm run track makes a new one`,
    );
  const file = path.join(root, DATABASE_PATH);
  const damaged = await readDatabaseFile(root);
  if (damaged !== null) {
    await writeFileAtomically(`${file}.damaged`, damaged);
    log.info(`Kept the damaged file as ${DATABASE_PATH}.damaged`);
  }
  await writeFileAtomically(file, good.file);
  log.info(`Restored ${DATABASE_PATH} from commit ${good.commit}, days up to ${good.newestDay}`);
  return parseDatabase(good.file);
}

await runCommand(restore);
