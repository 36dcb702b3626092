import { createHash } from 'node:crypto';
import path from 'node:path';
import { saveAdded } from '../archive/add.ts';
import { uniteWhole } from '../archive/whole.ts';
import { addDays, dayOf } from '../core/day.ts';
import { UsageError } from '../core/errors.ts';
import { formatCount } from '../core/format.ts';
import { decodeText, plainText } from '../core/text.ts';
import { refuseChangedPast } from '../history/committed.ts';
import {
  checkRows,
  findOtherCounts,
  parseCsv,
  type RefusedRow,
  type SourceRow,
} from '../store/csv.ts';
import { isTutorialFile, parseDatabase } from '../store/database.ts';
import { firstKeptDay, iterateSnapshots } from '../store/history.ts';
import { openDatabase, refuseUnfinishedEdit, saveDatabase } from '../store/open.ts';
import { importSnapshots } from '../store/record.ts';
import { defineCommand, readFileArgument } from '../system/command.ts';
import { withLock } from '../system/lock.ts';
import { showFirst } from '../system/log.ts';

const MAX_REFUSED_SHOWN = 20;
const MAX_OTHER_SHOWN = 5;

export const importFile = defineCommand({
  name: 'import',
  summary: 'Adds the days and hashtags of a file that the database does not have.',
  flags: {
    file: {
      type: 'positional',
      value: 'FILE',
      help: 'A database of the tracker or the tutorial, or a CSV with the columns of an export.',
    },
    'dry-run': { type: 'boolean', help: 'Say what would be added; write nothing.' },
  },
  async run(flags, { root, clock, log }) {
    const isDry = flags['dry-run'];
    // East of UTC, tomorrow may already have begun.
    const tomorrow = addDays(dayOf(clock.now(), 'UTC'), 1);
    const file = await readFileArgument(root, flags.file);
    const origin = {
      importedAt: new Date(clock.now()).toISOString(),
      source: plainText(path.basename(flags.file), 200),
      sha256: createHash('sha256').update(file).digest('hex'), // before SQLite changes the bytes
    };
    const { snapshots, refused } = checkRows(await parseRows(file, flags.file, root), tomorrow);
    const addAll = async () => {
      using db = await openDatabase(root);
      if (!isDry) await refuseChangedPast(db, root);
      const kept = firstKeptDay(db);
      const isRecent = kept === null || snapshots.every(({ day }) => day >= kept);
      using whole = isRecent ? null : await uniteWhole(db, root);
      const added = importSnapshots(whole ?? db, snapshots, origin);
      // This also finds rows of the file that contradict each other, because one is stored by now.
      const other = findOtherCounts(snapshots, iterateSnapshots(whole ?? db));
      if (!isDry && whole !== null) await saveAdded(db, whole, added, origin, root);
      else if (!isDry && added.length > 0) await saveDatabase(db, root);
      return { added, other };
    };
    const { added, other } = await (isDry ? addAll() : withLock(root, log.info, addAll));

    const refusals = refused.map(({ place, reason }) => `${place}: ${reason}`);
    showFirst(log, 'warning', refusals, MAX_REFUSED_SHOWN);
    showFirst(log, 'warning', other, MAX_OTHER_SHOWN);
    const days = added.length > 0 ? ` (${added[0]?.day} to ${added.at(-1)?.day})` : '';
    const otherCounts =
      other.length > 0
        ? ` (${formatCount(other.length)} with other counts; the stored ones stay)`
        : '';
    log.info(
      `${isDry ? 'Dry run, nothing is written: ' : ''}${formatCount(added.length)} added${days}, ` +
        `${formatCount(snapshots.length - added.length)} already there${otherCounts}, ` +
        `${formatCount(refused.length)} rejected`,
    );
    if (added[0] !== undefined && !isDry) {
      log.info(`To write the reports of the new days: npm run report -- --since ${added[0].day}`);
    }
    return refused.length > 0 ? 1 : 0;
  },
});

async function parseRows(
  file: Buffer,
  name: string,
  root: string,
): Promise<(SourceRow | RefusedRow)[]> {
  if (!file.toString('latin1', 0, 16).startsWith('SQLite format 3')) {
    const { text, problem } = decodeText(file);
    if (problem !== null) throw new UsageError(`${name} can't be imported: ${problem}`);
    return parseCsv(text, name);
  }
  await refuseUnfinishedEdit(root, name);
  const isTutorial = isTutorialFile(file);
  using db = await parseDatabase(file, name);
  return [...iterateSnapshots(db)].map((row) => {
    const cells = Object.values(row).map((value) => String(value ?? '').trim());
    const place = plainText(`row ${cells[0]} ${cells[1]}`);
    return isTutorial && row.video_count === 0 && row.view_count === 0
      ? { place, reason: 'both counts are 0, which is how the tutorial’s script stores a failure' }
      : { place, cells };
  });
}
