import type { Database } from 'sql.js';
import { saveAdded } from '../archive/add.ts';
import { compareArchives, listArchives, listCommittedArchives } from '../archive/files.ts';
import { openCommittedWhole, uniteWhole, withHistory } from '../archive/whole.ts';
import type { Day } from '../core/day.ts';
import type { DayRecord, Run } from '../core/snapshot.ts';
import { composeReport, type DayReport } from '../reports/day-report.ts';
import { listReports, writeIndex, writeWithSummaries } from '../reports/write.ts';
import { readDay } from '../store/days.ts';
import { addedDays, adoptAdditions } from '../store/merge.ts';
import { openCommitted, openDatabase, saveDatabase } from '../store/open.ts';
import { addMissingSnapshots, recordRun } from '../store/record.ts';
import type { Log } from '../system/log.ts';
import { readWatchlist, type Watchlist, WatchlistError } from '../watchlist/watchlist.ts';
import { renderCommitMessage } from './commit-message.ts';
import { findLeftOut } from './left-out.ts';
import { describeFailure, findUnwrittenDays } from './reports.ts';
import { KEPT, PublishError } from './target.ts';

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
 * @throws PublishError if git would leave a file of the day out there, or change the database
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
  const leftOut = await findLeftOut(otherRoot, day);
  if (leftOut !== null)
    throw new PublishError(`on the remote's newest commit, ${leftOut}; ${KEPT}`);
  using merged = await openDatabase(otherRoot);
  if (run !== null) recordRun(merged, run);
  using base = await openCommitted(root, baseCommit);
  const days = new Set(await adoptAll(merged, otherRoot, { root, db }, base, baseCommit));
  if (report !== null) days.add(report.day);
  await saveDatabase(merged, otherRoot);
  const sources = { db: merged, watchlist: otherWatchlist, root: otherRoot };
  const firstRun = addedDays(db, base).find(({ hasRun }) => hasRun)?.day;
  const reportDays = await listReports(sources);
  const later = reportDays.filter((other) => firstRun !== undefined && other > firstRun);
  const unwritten = await findUnwrittenDays(sources, report?.day ?? null);
  const all = [...new Set([...days, ...later, ...unwritten])].sort();
  using history = await withHistory(merged, otherRoot, all);
  let last: DayReport | null = null;
  let newest: DayReport | null = null;
  for (const day of all) {
    const record = readDay(history.db, day);
    if (record === null) continue;
    try {
      newest = composeReport(record, otherWatchlist);
      await writeWithSummaries({ ...sources, db: history.db }, newest);
      if (days.has(day)) last = newest;
    } catch (error) {
      if (!unwritten.includes(day) || days.has(day)) throw error;
      log.warning(describeFailure(day, error));
    }
  }
  if (newest !== null) await writeIndex(sources, newest);
  return { message: renderCommitMessage(last), record: readDay(merged, day) };
}

/**
 * Adds what the checkout has and neither the other one nor the commit that both come from. If the
 * checkout has changed its archives, what they have counts as well. That it has moved months does not
 * matter: the next run moves them.
 * @returns the days that were changed
 */
async function adoptAll(
  merged: Database,
  otherRoot: string,
  { root, db }: Pick<Additions, 'root' | 'db'>,
  base: Database,
  baseCommit: string | null,
): Promise<Day[]> {
  if (!(await hasChangedArchives(root, baseCommit))) return adopt(merged, otherRoot, db, base);
  using whole = await uniteWhole(db, root);
  using wholeBase = await openCommittedWhole(root, baseCommit);
  return await adopt(merged, otherRoot, whole, wholeBase);
}

async function hasChangedArchives(root: string, baseCommit: string | null): Promise<boolean> {
  if ((await listArchives(root)).length === 0) return false;
  const [before, now] = await Promise.all([
    baseCommit === null ? new Map() : listCommittedArchives(root, baseCommit),
    listCommittedArchives(root, 'HEAD'),
  ]);
  return compareArchives(before, now).length > 0;
}

async function adopt(
  merged: Database,
  otherRoot: string,
  source: Database,
  base: Database,
): Promise<Day[]> {
  const { days, archived } = adoptAdditions(merged, source, base);
  if (archived.length === 0) return days;
  using whole = await uniteWhole(merged, otherRoot);
  const added = addMissingSnapshots(whole, archived);
  await saveAdded(merged, whole, added, null, otherRoot);
  return [...days, ...added.map(({ day }) => day)];
}
