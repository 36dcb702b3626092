import { stat } from 'node:fs/promises';
import path from 'node:path';
import { describeMove, takeOutMonths, writeMove } from '../archive/move.ts';
import type { ExitCode } from '../core/errors.ts';
import { formatMegabytes, plural } from '../core/format.ts';
import { ARCHIVE_FOLDER, DATABASE_PATH } from '../core/paths.ts';
import { refuseChangedPast, refuseLostDays } from '../history/committed.ts';
import { openDatabase } from '../store/open.ts';
import { type Context, defineCommand } from '../system/command.ts';
import { withLock } from '../system/lock.ts';

export const archive = defineCommand({
  name: 'archive',
  summary: 'Moves the months that are over out of the daily file, as large ones do by themselves.',
  flags: {
    'dry-run': { type: 'boolean', help: 'Say what would move; write nothing.' },
  },
  async run({ 'dry-run': isDry }, context) {
    const { root, log } = context;
    return isDry
      ? moveMonths(true, context)
      : withLock(root, log.info, () => moveMonths(false, context));
  },
});

async function moveMonths(isDry: boolean, { root, log }: Context): Promise<ExitCode> {
  using db = await openDatabase(root);
  await refuseChangedPast(db, root);
  await refuseLostDays(db, root);
  const move = await takeOutMonths(db, root);
  if (move === null) {
    log.info('Nothing to move: the database has only the months that runs need');
    return 0;
  }
  for (const { month, rows } of move.months) log.info(`${month}: ${plural(rows, 'row')}`);
  for (const [file, bytes] of move.files) log.info(`${file}: ${formatMegabytes(bytes.length)}`);
  const before = await stat(path.join(root, DATABASE_PATH));
  const sizes = [before.size, db.export().length].map(formatMegabytes);
  log.info(`${DATABASE_PATH}: ${sizes.join(' before, ')} after`);
  if (isDry) {
    log.info('Dry run, nothing is written');
    return 0;
  }
  await writeMove(db, root, move);
  log.info(
    `${describeMove(move)}. Commit all of it together: git add ${ARCHIVE_FOLDER}, ` +
      `git commit -m "Archive" -- ${DATABASE_PATH} ${ARCHIVE_FOLDER}; or let the next run do it`,
  );
  return 0;
}
