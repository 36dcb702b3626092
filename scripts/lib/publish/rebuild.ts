import type { Database } from 'sql.js';
import type { Run } from '../core/snapshot.ts';
import { composeReport, type DayReport } from '../reports/day-report.ts';
import { writeReports } from '../reports/write.ts';
import { adoptAdditions } from '../store/adopt.ts';
import { newestDay, readDay } from '../store/days.ts';
import { openCommitted, openDatabase, saveDatabase } from '../store/open.ts';
import { recordRun } from '../store/record.ts';
import { readWatchlist, type Watchlist, WatchlistError } from '../watchlist/watchlist.ts';
import { renderCommitMessage } from './commit-message.ts';

/** What a checkout has that the remote may lack. */
type Additions = {
  /** The checkout. */
  root: string;
  db: Database;
  /** The newest run; null where it asked for nothing. */
  run: Run | null;
  /** The day whose report was written; null where there is none. */
  report: DayReport | null;
  /** Used where the other checkout's watchlist is broken. */
  watchlist: Watchlist;
};

/**
 * Adds the checkout's additions to the database below `otherRoot`, and writes the reports of every
 * day that this changes.
 * @param baseCommit what both come from; null where they have nothing in common
 * @returns the commit's message, about the last day that was changed
 */
export async function rebuild(
  otherRoot: string,
  baseCommit: string | null,
  { root, db, run, report, watchlist }: Additions,
): Promise<string> {
  const otherWatchlist = await readWatchlist(otherRoot).catch((error: unknown) => {
    if (error instanceof WatchlistError) return watchlist;
    throw error;
  });
  using merged = await openDatabase(otherRoot);
  // A run of an earlier day than the remote's newest is adopted like any other that only we have.
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
  return renderCommitMessage(last);
}
