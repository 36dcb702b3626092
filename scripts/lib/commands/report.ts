import type { Day } from '../core/day.ts';
import { UsageError } from '../core/errors.ts';
import { reportPath, summaryPath } from '../core/paths.ts';
import { type Period, parseMonth, parseWeek } from '../core/period.ts';
import { refuseChangedPast, refuseLostDays } from '../history/committed.ts';
import { renderConsoleReport } from '../reports/console.ts';
import { composeReport } from '../reports/day-report.ts';
import { type Sources, writeIndex, writeReports, writeSummary } from '../reports/write.ts';
import { newestDay, readDay, readPeriod } from '../store/days.ts';
import { openDatabase } from '../store/open.ts';
import { defineCommand, parseDayFlag } from '../system/command.ts';
import { withLock } from '../system/lock.ts';
import type { Log } from '../system/log.ts';
import { readWatchlist } from '../watchlist/watchlist.ts';

export const report = defineCommand({
  name: 'report',
  summary: 'Writes a report or summary again, from the database and the watchlist.',
  flags: {
    date: { type: 'string', value: 'D', help: 'The day (YYYY-MM-DD). Default: the newest.' },
    week: {
      type: 'string',
      value: 'W',
      help: 'The summary of a week (YYYY-Www) instead of a day.',
    },
    month: {
      type: 'string',
      value: 'M',
      help: 'The summary of a month (YYYY-MM) instead of a day.',
    },
  },
  async run({ date, week, month }, { root, log }) {
    if ([date, week, month].filter((flag) => flag !== undefined).length > 1) {
      throw new UsageError('give only one of --date, --week and --month');
    }
    const day = date === undefined ? null : parseDayFlag('--date', date);
    const period = parsePeriod(week, month);
    const watchlist = await readWatchlist(root);
    using db = await openDatabase(root);
    await refuseChangedPast(db, root);
    await refuseLostDays(db, root);
    const newest = newestDay(db);
    if (newest === null) throw new UsageError('the database is empty; run: npm run track');
    const sources = { db, watchlist, root };
    if (period === null) await reportDay(sources, day ?? newest, newest, log);
    else await reportPeriod(sources, period, newest, log);
    return 0;
  },
});

async function reportDay(sources: Sources, day: Day, newest: Day, log: Log): Promise<void> {
  const record = readDay(sources.db, day);
  if (record === null) {
    throw new UsageError(`--date ${day}: the database has no such day; the newest is ${newest}`);
  }
  const dayReport = composeReport(record, sources.watchlist);
  await withLock(sources.root, log.info, () => writeReports(sources, dayReport));
  log.info(`${renderConsoleReport(dayReport)}\n\nWrote ${reportPath(day)}`);
}

async function reportPeriod(sources: Sources, period: Period, newest: Day, log: Log) {
  const record = readPeriod(sources.db, period);
  if (record === null) {
    throw new UsageError(
      `--${period.kind} ${period.name}: the database has no snapshot of that ${period.kind}; ` +
        `the newest day is ${newest}`,
    );
  }
  await withLock(sources.root, log.info, async () => {
    await writeSummary(sources, record);
    await writeIndex(sources, null);
  });
  log.info(`Wrote ${summaryPath(period)}`);
}

/** The period that a flag names; null if none is given. */
function parsePeriod(week: string | undefined, month: string | undefined): Period | null {
  if (week !== undefined) {
    return parseWeek(week) ?? refuse(`--week ${week} is not a week; write it as 2026-W47`);
  }
  if (month === undefined) return null;
  return parseMonth(month) ?? refuse(`--month ${month} is not a month; write it as 2026-11`);
}

function refuse(message: string): never {
  throw new UsageError(message);
}
