import type { Database } from 'sql.js';
import type { Day } from '../core/day.ts';
import type { DayRecord, Run } from '../core/snapshot.ts';
import { composeReport, type DayReport } from '../reports/day-report.ts';
import { listReports, writeIndex, writeWithSummaries } from '../reports/write.ts';
import { readDay } from '../store/days.ts';
import { addedDays, adoptAdditions } from '../store/merge.ts';
import { openCommitted, openDatabase, saveDatabase } from '../store/open.ts';
import { recordRun } from '../store/record.ts';
import type { Log } from '../system/log.ts';
import { readWatchlist, type Watchlist, WatchlistError } from '../watchlist/watchlist.ts';
import { renderCommitMessage } from './commit-message.ts';
import { describeFailure, findUnwrittenDays } from './reports.ts';

/** What a checkout has that the remote may not have. */
type Additions = {
  /** The checkout. */
  root: string;
  db: Database;
  /** The day of the run. */
  day: Day;
  /** The newest run; null if it asked for nothing. */
  run: Run | null;
  /** The day's report; null if none was written. */
  report: DayReport | null;
  /** Used if the other checkout's watchlist has mistakes. */
  watchlist: Watchlist;
  log: Log;
};

/**
 * Adds the checkout's additions to the database below `otherRoot`, and writes the reports of every
 * day that this changes. If a run is added, the reports of later days are written again, because
 * their growth is measured against its day.
 * @param baseCommit the newest commit that both have; null if there is none
 * @returns the commit's message, about the last day that was changed, and the record of `day` as it is
 *   published (null if it has none)
 */
export async function rebuild(
  otherRoot: string,
  baseCommit: string | null,
  { root, db, day, run, report, watchlist, log }: Additions,
): Promise<{ message: string; record: DayRecord | null }> {
  const otherWatchlist = await readWatchlist(otherRoot).catch((error: unknown) => {
    if (error instanceof WatchlistError) return watchlist;
    throw error;
  });
  using merged = await openDatabase(otherRoot);
  if (run !== null) recordRun(merged, run);
  using base = await openCommitted(root, baseCommit);
  const days = new Set(adoptAdditions(merged, db, base));
  if (report !== null) days.add(report.day);
  await saveDatabase(merged, otherRoot);
  const sources = { db: merged, watchlist: otherWatchlist, root: otherRoot };
  const firstRun = addedDays(db, base).find(({ hasRun }) => hasRun)?.day;
  const reportDays = await listReports(sources);
  const later = reportDays.filter((other) => firstRun !== undefined && other > firstRun);
  const unwritten = await findUnwrittenDays(sources);
  let last: DayReport | null = null;
  let newest: DayReport | null = null;
  for (const day of [...new Set([...days, ...later, ...unwritten])].sort()) {
    const record = readDay(merged, day);
    if (record === null) continue;
    try {
      newest = composeReport(record, otherWatchlist);
      await writeWithSummaries(sources, newest);
      if (days.has(day)) last = newest;
    } catch (error) {
      if (!unwritten.includes(day) || days.has(day)) throw error;
      log.warning(describeFailure(day, error));
    }
  }
  if (newest !== null) await writeIndex(sources, newest);
  return { message: renderCommitMessage(last), record: readDay(merged, day) };
}
