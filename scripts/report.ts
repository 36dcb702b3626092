import { type Command, parseFlags, runCommand, UsageError } from './lib/command.ts';
import { openDatabase } from './lib/database.ts';
import { isDay } from './lib/day.ts';
import { withLock } from './lib/lock.ts';
import { composeReport, renderConsoleReport } from './lib/report.ts';
import { newestDay, readDay } from './lib/store.ts';
import { readWatchlist } from './lib/watchlist.ts';
import { reportPath, writeReports } from './lib/write-reports.ts';

const FLAGS = {
  date: { type: 'string', value: 'D', help: 'The day (YYYY-MM-DD); the newest without it.' },
} as const;

const report: Command = async (args, { root, log }) => {
  const summary = 'Writes a day’s report again, from the database and the watchlist.';
  const flags = parseFlags('report', summary, FLAGS, args, log);
  if (flags === null) return 0;
  const watchlist = await readWatchlist(root);
  const db = await openDatabase(root);
  const newest = newestDay(db);
  if (newest === null) throw new UsageError('the database is empty; npm run track comes first');
  const day = flags.date ?? newest;
  const record = isDay(day) ? readDay(db, day) : null;
  if (record === null) {
    throw new UsageError(`--date ${day}: the database has no such day; the newest is ${newest}`);
  }
  const dayReport = composeReport(record, watchlist);
  await withLock(root, log.info, () => writeReports(db, root, dayReport, watchlist));
  log.info(`${renderConsoleReport(dayReport)}\n\nWrote ${reportPath(record.day)}`);
  return 0;
};

await runCommand(report);
