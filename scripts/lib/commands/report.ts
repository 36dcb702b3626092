import { withHistory } from '../archive/whole.ts';
import type { Day } from '../core/day.ts';
import { UsageError } from '../core/errors.ts';
import { formatList, plural } from '../core/format.ts';
import { reportPath, summaryPath } from '../core/paths.ts';
import { monthOf, type Period, parseMonth, parseWeek, weekOf } from '../core/period.ts';
import { refuseChangedPast, refuseLostDays } from '../history/committed.ts';
import { renderConsoleReport } from '../reports/console.ts';
import { composeReport } from '../reports/day-report.ts';
import {
  listReports,
  listSummaries,
  type Sources,
  writeDay,
  writeIndex,
  writeReports,
  writeSummary,
} from '../reports/write.ts';
import { newestDay, readDay, readDays, readPeriod } from '../store/days.ts';
import { openDatabase } from '../store/open.ts';
import { type Context, defineCommand, parseDayFlag } from '../system/command.ts';
import { withLock } from '../system/lock.ts';
import type { Log } from '../system/log.ts';
import { createProgressBar } from '../system/progress-bar.ts';
import { readWatchlist, warnOfPause } from '../watchlist/watchlist.ts';

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
    all: {
      type: 'boolean',
      help: 'Every report and summary that does not exist yet. The others stay as they are.',
    },
    since: { type: 'string', value: 'D', help: 'The same, but only from the day D on.' },
  },
  async run({ date, week, month, all, since }, { root, log, terminal }) {
    const given = [date, week, month, since, all || undefined];
    if (given.filter((flag) => flag !== undefined).length > 1) {
      throw new UsageError('give only one of --date, --week, --month, --all and --since');
    }
    const day = date === undefined ? null : parseDayFlag('--date', date);
    const firstDay = since === undefined ? null : parseDayFlag('--since', since);
    const period = parsePeriod(week, month);
    const watchlist = await readWatchlist(root);
    using daily = await openDatabase(root);
    await refuseChangedPast(daily, root);
    await refuseLostDays(daily, root);
    const newest = newestDay(daily);
    const warning = warnOfPause(watchlist);
    if (warning !== null) log.warning(warning);
    if (newest === null) throw new UsageError('the database is empty; run: npm run track');
    const needed = all ? 'all' : [firstDay ?? period?.first ?? day ?? newest];
    using history = await withHistory(daily, root, needed);
    const sources = { db: history.db, watchlist, root };
    if (firstDay !== null && firstDay > newest) {
      throw new UsageError(`--since ${firstDay}: the newest day of the database is ${newest}`);
    }
    if (all || firstDay !== null) {
      await withLock(root, log.info, () => reportMissing(sources, firstDay, { log, terminal }));
    } else if (period === null) await reportDay(sources, day ?? newest, newest, log);
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

/**
 * Writes the reports of all days, and the summaries of all weeks and months that are over, that do
 * not exist yet: the oldest first, because each links to the one before it.
 */
async function reportMissing(
  sources: Sources,
  firstDay: Day | null,
  { log, terminal }: Pick<Context, 'log' | 'terminal'>,
): Promise<void> {
  const { days, periods } = await findMissing(sources, firstDay);
  const bar = createProgressBar(days.length + periods.length, terminal);
  let done = 0;
  try {
    for (const day of days) {
      bar.show(done++, day);
      const record = readDay(sources.db, day);
      if (record !== null) await writeDay(sources, composeReport(record, sources.watchlist));
    }
    for (const period of periods) {
      bar.show(done++, period.name);
      const record = readPeriod(sources.db, period);
      if (record !== null) await writeSummary(sources, record);
    }
    await writeIndex(sources, null);
  } finally {
    bar.end();
  }
  log.info(describeWritten(days, periods, firstDay));
}

/** The days and the ended periods from `firstDay` on that have no report, each oldest first. */
async function findMissing(sources: Sources, firstDay: Day | null) {
  const entries = readDays(sources.db).reverse();
  const newest = entries.at(-1)?.day ?? null;
  const reported = new Set(await listReports(sources));
  const summarized = new Set((await listSummaries(sources)).map(({ name }) => name));
  const periods = entries
    .filter(({ hasSnapshots }) => hasSnapshots)
    .flatMap(({ day }) => [weekOf(day), monthOf(day)])
    .filter(({ last }) => newest !== null && last < newest && (!firstDay || last >= firstDay))
    .filter(({ name }) => !summarized.has(name));
  return {
    days: entries
      .map(({ day }) => day)
      .filter((day) => !reported.has(day) && (!firstDay || day >= firstDay)),
    periods: [...new Map(periods.map((period) => [period.name, period])).values()],
  };
}

function describeWritten(days: Day[], periods: Period[], firstDay: Day | null): string {
  const weeks = periods.filter(({ kind }) => kind === 'week').length;
  const months = periods.length - weeks;
  const span = days.length === 1 ? days[0] : `${days[0]} to ${days.at(-1)}`;
  const written = [
    days.length === 0 ? [] : [`${plural(days.length, 'day')} (${span})`],
    weeks === 0 ? [] : [plural(weeks, 'week')],
    months === 0 ? [] : [plural(months, 'month')],
  ].flat();
  if (written.length > 0) return `Wrote the missing reports: ${formatList(written)}`;
  const from = firstDay === null ? '' : ` from ${firstDay} on`;
  return (
    `Nothing is missing: each day${from} has its report, and each week and month that is over its ` +
    'summary. To write one again: --date, --week or --month'
  );
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
