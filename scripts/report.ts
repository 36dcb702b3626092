import type { Database } from 'sql.js';
import { type Command, parseFlags, runCommand, UsageError } from './lib/command.ts';
import { openDatabase } from './lib/database.ts';
import { type Day, isDay } from './lib/day.ts';
import { withLock } from './lib/lock.ts';
import { type Period, parseMonth, parseWeek } from './lib/period.ts';
import { composeReport, renderConsoleReport } from './lib/report.ts';
import { newestDay, readDay, readPeriod } from './lib/store.ts';
import { readWatchlist } from './lib/watchlist.ts';
import {
  reportPath,
  summaryPath,
  writeIndex,
  writeReports,
  writeSummary,
} from './lib/write-reports.ts';

const FLAGS = {
  date: { type: 'string', value: 'D', help: 'The day (YYYY-MM-DD); the newest without it.' },
  week: { type: 'string', value: 'W', help: 'The summary of a week (YYYY-Www) instead of a day.' },
  month: { type: 'string', value: 'M', help: 'The summary of a month (YYYY-MM) instead of a day.' },
} as const;

const report: Command = async (args, { root, log }) => {
  const summary = 'Writes a report or summary again, from the database and the watchlist.';
  const flags = parseFlags('report', summary, FLAGS, args, log);
  if (flags === null) return 0;
  const { date, week, month } = flags;
  if ([date, week, month].filter((flag) => flag !== undefined).length > 1) {
    throw new UsageError('give one of --date, --week and --month');
  }
  if (date !== undefined && !isDay(date)) {
    throw new UsageError(`--date ${date} is not a day; write it as 2026-11-22`);
  }
  const period = parsePeriod(week, month);
  const watchlist = await readWatchlist(root);
  const db = await openDatabase(root);
  const newest = newestDay(db);
  if (newest === null) throw new UsageError('the database is empty; npm run track comes first');
  if (period === null) {
    const record = readRecord(db, date ?? newest, newest);
    const dayReport = composeReport(record, watchlist);
    await withLock(root, log.info, () => writeReports(db, root, dayReport, watchlist));
    log.info(`${renderConsoleReport(dayReport)}\n\nWrote ${reportPath(record.day)}`);
  } else {
    const record = readPeriod(db, period);
    if (record === null) {
      throw new UsageError(
        `--${period.kind} ${period.name}: the database has no snapshot of it; the newest is of ${newest}`,
      );
    }
    await withLock(root, log.info, async () => {
      await writeSummary(root, record, watchlist);
      await writeIndex(db, root, watchlist);
    });
    log.info(`Wrote ${summaryPath(period)}`);
  }
  return 0;
};

/** The period that a flag names; null where none is given. */
function parsePeriod(week: string | undefined, month: string | undefined): Period | null {
  const period =
    week !== undefined ? parseWeek(week) : month !== undefined ? parseMonth(month) : null;
  if (period === null && week !== undefined) {
    throw new UsageError(`--week ${week} is not a week; write it as 2026-W47`);
  }
  if (period === null && month !== undefined) {
    throw new UsageError(`--month ${month} is not a month; write it as 2026-11`);
  }
  return period;
}

function readRecord(db: Database, day: Day, newest: Day) {
  const record = readDay(db, day);
  if (record === null) {
    throw new UsageError(`--date ${day}: the database has no such day; the newest is ${newest}`);
  }
  return record;
}

await runCommand(report);
