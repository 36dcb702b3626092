import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command, parseFlags, runCommand, UsageError } from './lib/command.ts';
import {
  isTutorialFile,
  openDatabase,
  parseDatabase,
  saveDatabase,
  selectRows,
} from './lib/database.ts';
import { addDays, dayOf } from './lib/day.ts';
import {
  checkRows,
  findOtherCounts,
  parseCsv,
  type RefusedRow,
  type SourceRow,
} from './lib/exchange.ts';
import { formatCount } from './lib/format.ts';
import { withLock } from './lib/lock.ts';
import type { Log } from './lib/log.ts';
import { errorMessage, plainText } from './lib/plain-text.ts';
import { addMissingSnapshots, iterateSnapshots } from './lib/store.ts';

const FLAGS = {
  file: {
    type: 'positional',
    value: 'FILE',
    help: 'A database of the tracker or the tutorial, or a CSV with the columns of an export.',
  },
  'dry-run': { type: 'boolean', help: 'Say what would be taken, write nothing.' },
} as const;

const MAX_REFUSED_TOLD = 20;
const MAX_OTHER_TOLD = 5;

const importSnapshots: Command = async (args, { root, clock, log }) => {
  const summary = 'Takes in the days and hashtags of a file that the database does not have.';
  const flags = parseFlags('import', summary, FLAGS, args, log);
  if (flags === null) return 0;

  // East of UTC, tomorrow may have begun.
  const tomorrow = addDays(dayOf(clock.now(), 'UTC'), 1);
  const { snapshots, refused } = checkRows(await readRows(root, flags.file), tomorrow);
  const isDry = flags['dry-run'] === true;
  const takeIn = async () => {
    const db = await openDatabase(root);
    const missing = addMissingSnapshots(db, snapshots);
    if (missing.length > 0 && !isDry) await saveDatabase(db, root);
    // Of two rows of the file that disagree, too, one is stored by now.
    return { added: missing, other: findOtherCounts(snapshots, iterateSnapshots(db, null, null)) };
  };
  const { added, other } = await (isDry ? takeIn() : withLock(root, log.info, takeIn));

  const refusals = refused.map(({ place, reason }) => `${place}: ${reason}`);
  warnOfFirst(MAX_REFUSED_TOLD, refusals, log);
  warnOfFirst(MAX_OTHER_TOLD, other, log);
  const days = added.length > 0 ? ` (${added[0]?.day} to ${added.at(-1)?.day})` : '';
  log.info(
    `${isDry ? 'Dry run, nothing is written: ' : ''}${formatCount(added.length)} taken${days}, ` +
      `${formatCount(snapshots.length - added.length)} already there` +
      (other.length > 0
        ? ` (${formatCount(other.length)} with other counts: the stored ones stay), `
        : ', ') +
      `${formatCount(refused.length)} refused`,
  );
  if (added[0] !== undefined && !isDry) {
    log.info(`To write the report of a day taken: npm run report -- --date ${added[0].day}`);
  }
  return refused.length > 0 ? 1 : 0;
};

function warnOfFirst(most: number, messages: string[], log: Log): void {
  for (const message of messages.slice(0, most)) log.warning(message);
  const untold = messages.length - most;
  if (untold > 0) log.warning(`… and ${formatCount(untold)} more`);
}

async function readRows(root: string, name: string): Promise<(SourceRow | RefusedRow)[]> {
  const file = await readFile(path.resolve(root, name)).catch((cause: unknown) => {
    throw new UsageError(`${name} can't be read: ${errorMessage(cause)}`, { cause });
  });
  if (!file.toString('latin1', 0, 16).startsWith('SQLite format 3')) {
    return parseCsv(file.toString('utf8'), name);
  }
  const isTutorial = isTutorialFile(file);
  const db = await parseDatabase(file, name);
  return selectRows(db, 'SELECT * FROM snapshots ORDER BY date, hashtag').map((row) => {
    const cells = row.map((value) => String(value ?? '').trim());
    const place = plainText(`row ${cells[0]} ${cells[1]}`);
    return isTutorial && row[2] === 0 && row[3] === 0
      ? { place, reason: 'both counts are 0, which is how the tutorial’s script stores a failure' }
      : { place, cells };
  });
}

await runCommand(importSnapshots);
