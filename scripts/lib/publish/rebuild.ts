import type { Database } from 'sql.js';
import type { Day } from '../core/day.ts';
import type { DayRecord, Run } from '../core/snapshot.ts';
import { composeReport, type DayReport } from '../reports/day-report.ts';
import { writeReports } from '../reports/write.ts';
import { newestDay, readDay } from '../store/days.ts';
import { adoptAdditions } from '../store/merge.ts';
import { openCommitted, openDatabase, saveDatabase } from '../store/open.ts';
import { recordRun } from '../store/record.ts';
import { readWatchlist, type Watchlist, WatchlistError } from '../watchlist/watchlist.ts';
import { renderCommitMessage } from './commit-message.ts';

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
};

/**
 * Adds the checkout's additions to the database below `otherRoot`, and writes the reports of every
 * day that this changes.
 * @param baseCommit the newest commit that both have; null if there is none
 * @returns the commit's message, about the last day that was changed, and the record of `day` as it is
 *   published (null if it has none)
 */
export async function rebuild(
  otherRoot: string,
  baseCommit: string | null,
  { root, db, day, run, report, watchlist }: Additions,
): Promise<{ message: string; record: DayRecord | null }> {
  const otherWatchlist = await readWatchlist(otherRoot).catch((error: unknown) => {
    if (error instanceof WatchlistError) return watchlist;
    throw error;
  });
  using merged = await openDatabase(otherRoot);
  // A run of a day before the remote's newest is adopted below, like any other that only we have.
  if (run !== null && run.day >= (newestDay(merged) ?? run.day)) recordRun(merged, run);
  using base = await openCommitted(root, baseCommit);
  const days = new Set(adoptAdditions(merged, db, base));
  if (report !== null) days.add(report.day);
  await saveDatabase(merged, otherRoot);
  let last: DayReport | null = null;
  for (const day of [...days].sort()) {
    const record = readDay(merged, day);
    if (record === null) continue;
    last = composeReport(record, otherWatchlist);
    await writeReports({ db: merged, watchlist: otherWatchlist, root: otherRoot }, last);
  }
  return { message: renderCommitMessage(last), record: readDay(merged, day) };
}
