import path from 'node:path';
import { addDays, type Day, isDay } from '../../lib/core/day.ts';
import { REPORTS_FOLDER, reportPath, WATCHLIST_PATH } from '../../lib/core/paths.ts';
import { parseReportCounts } from '../../lib/history/parse-report.ts';
import { renderAgain } from '../../lib/history/render-again.ts';
import { parseDatabase } from '../../lib/store/database.ts';
import { git } from '../../lib/system/git.ts';
import { readObject } from '../../lib/system/git-objects.ts';
import { parseWatchlist } from '../../lib/watchlist/watchlist.ts';
import { DEMO_KEY } from '../stand-in.ts';
import { daysOf, type Held, InvariantError, type Promised, rowsOf } from './held.ts';
import type { Attempt } from './history.ts';
import type { Ended } from './machine.ts';
import type { World } from './world.ts';

/** Checks the reports that were pushed. */
export async function checkReports(
  world: World,
  attempt: Attempt,
  ends: Ended[],
  held: Held,
  promised: Promised,
): Promise<void> {
  const isUndisturbed = attempt.disk === null && attempt.death === null;
  const published = ends.filter((ended) => ended.isPublished);
  const reports = await listReports(world.remote);
  if (published.length > 0 && attempt.where === 'runner' && !attempt.isLate) {
    await checkNoLostDays(world.remote, held, reports);
  }
  await checkDays(world, promised, held, reports, isUndisturbed ? published : []);
  // A laptop may have an older list.
  const isLateRunner = attempt.isLate && attempt.where === 'runner';
  if (isLateRunner && isUndisturbed && published.length === 2) {
    await checkRendered(world.remote, published, held);
  }
}

/** Checks that the reports of the runs' days are what the tracker makes of the rows that are pushed. */
async function checkRendered(remote: string, ends: Ended[], { file }: Held): Promise<void> {
  const list = await git(remote, ['show', `main:${WATCHLIST_PATH}`]);
  const watchlist = await Promise.resolve(list)
    .then(parseWatchlist)
    .catch(() => null);
  if (watchlist === null) return; // then others made them
  using db = await parseDatabase(file && Buffer.from(file));
  const origin = { db, watchlist, read: async () => null, composed: new Map() };
  for (const { day } of ends) {
    const report = await readObject(remote, `main:${reportPath(day)}`);
    const text = report?.toString() ?? '';
    const made = await renderAgain(reportPath(day), text, origin);
    if (typeof made === 'object' && made.text === text) continue;
    throw new InvariantError(`the report of ${day} is not what its rows say`);
  }
}

/** Checks that a run whose clone had reports with counts and no rows of their days has not gone on. */
async function checkNoLostDays(remote: string, held: Held, reports: Set<Day>): Promise<void> {
  const known = daysOf(held);
  for (const day of [...reports].filter((reported) => !known.has(reported))) {
    const report = await git(remote, ['show', `main:${reportPath(day)}`]);
    if (parseReportCounts(report).length === 0) continue;
    throw new InvariantError(`a run went on without the rows of ${day}`);
  }
}

/**
 * Checks that reports that others have deleted stay away, and, after runs that nothing has disturbed,
 * that their days and all days since the newest report before them have reports of their rows.
 */
async function checkDays(
  { remote, deletedReports, resolvedDays }: World,
  promised: Promised,
  held: Held,
  days: Set<Day>,
  undisturbed: Ended[],
): Promise<void> {
  for (const [day, rows] of deletedReports) {
    if (rows !== rowsOf(held, day)) deletedReports.delete(day);
    else if (days.has(day)) throw new InvariantError(`the deleted report of ${day} is back`);
  }
  const { newestReport } = promised;
  promised.newestReport = [...days].sort().at(-1) ?? null; // no run fills gaps before it
  const newest = undisturbed
    .map(({ day }) => day)
    .sort()
    .at(-1);
  if (newest === undefined) return;
  const since = held.runDays.filter(
    (day) => day >= (newestReport ?? '') && day > addDays(newest, -30),
  );
  for (const day of new Set([...since, ...undisturbed.map((ended) => ended.day)])) {
    if (deletedReports.has(day) || resolvedDays.get(day) === rowsOf(held, day)) continue;
    await checkReport(remote, day, held);
  }
}

/** The days whose report was pushed. */
async function listReports(remote: string): Promise<Set<Day>> {
  const listed = await git(remote, ['ls-tree', '--name-only', 'main', `${REPORTS_FOLDER}/`]);
  const names = listed.split('\n').map((file) => path.posix.basename(file, '.md'));
  return new Set(names.filter(isDay));
}

async function checkReport(remote: string, day: Day, held: Held): Promise<void> {
  const report = await git(remote, ['show', `main:${reportPath(day)}`]).catch(() => '');
  if (report.includes(DEMO_KEY)) throw new InvariantError('the key is in the report');
  const shown = new Map(
    parseReportCounts(report).map(({ hashtag, ...counts }) => [`${day} ${hashtag}`, counts]),
  );
  const rows = [...held.snapshots].filter(([key]) => key.startsWith(day));
  for (const [key, counts] of rows) {
    if (JSON.stringify(shown.get(key)) !== JSON.stringify(counts)) {
      throw new InvariantError(`the report shows ${JSON.stringify(shown.get(key))} for ${key}`);
    }
  }
  if (shown.size !== rows.length)
    throw new InvariantError('the report shows more hashtags than are stored');
}
