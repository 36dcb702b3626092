import { DatabaseError, UsageError } from '../core/errors.ts';
import { WATCHLIST_PATH } from '../core/paths.ts';
import { readCreditsLeft } from '../store/days.ts';
import { openDatabase } from '../store/open.ts';
import { type Context, defineCommand } from '../system/command.ts';
import { findCommit } from '../system/git.ts';
import { readObject } from '../system/git-objects.ts';
import { describeCost, estimateCost } from '../watchlist/credits.ts';
import {
  describeVideoCosts,
  renderConsoleReview,
  renderReview,
  reviewWatchlist,
  warnOfCredits,
  warnOfTime,
} from '../watchlist/review.ts';
import {
  activeNames,
  parseWatchlist,
  readWatchlist,
  type Watchlist,
  WatchlistError,
  warnOfPause,
} from '../watchlist/watchlist.ts';

export const check = defineCommand({
  name: 'check',
  summary: `Checks ${WATCHLIST_PATH}, and says what the list costs.`,
  flags: {
    since: {
      type: 'string',
      value: 'REV',
      help: 'Say what changed since REV, and what it cost before.',
    },
  },
  async run({ since }, context) {
    const { root, log } = context;
    const watchlist = await readWatchlist(root);
    for (const notice of watchlist.notices) log.notice(notice);
    const active = activeNames(watchlist).length;
    const paused = watchlist.entries.length - active;
    log.info(`${WATCHLIST_PATH} is fine: ${active} to track, ${paused} paused`);
    const tooLong = warnOfTime(watchlist);
    if (tooLong !== null) warn(tooLong, log);
    const allPaused = warnOfPause(watchlist);
    if (allPaused !== null) log.warning(allPaused);
    if (since !== undefined) {
      await showChanges(since, watchlist, context);
      return 0;
    }
    log.info(describeCost(estimateCost(watchlist)));
    const ofVideos = describeVideoCosts(watchlist);
    if (ofVideos !== null) log.info(ofVideos);
    for (const remark of await judgeCredits(root, watchlist)) log.warning(remark);
    return 0;
  },
});

/** Prints what changed and what it costs; on GitHub, shows it on the run's page as well. */
async function showChanges(since: string, watchlist: Watchlist, { root, log }: Context) {
  const before = await readWatchlistAt(root, since);
  const review = reviewWatchlist(before instanceof WatchlistError ? null : before, watchlist);
  const remarks = await judgeCredits(root, watchlist);
  if (before instanceof WatchlistError) {
    remarks.unshift(`the list at ${since} was not valid, so everything counts as added`);
  }
  log.info(renderConsoleReview(review));
  for (const message of remarks) warn(message, log);
  const ofTime = warnOfTime(watchlist); // printed already
  await log.showSummary(renderReview(review, ofTime === null ? remarks : [...remarks, ofTime]));
}

function warn(message: string, log: Context['log']): void {
  log.warning({ file: WATCHLIST_PATH, line: 1, column: 1, message });
}

/** The list as it was at a revision; null if there was none, the error if it was wrong. */
async function readWatchlistAt(
  root: string,
  revision: string,
): Promise<Watchlist | WatchlistError | null> {
  const commit = await findCommit(root, revision);
  if (commit === null) throw new UsageError(`--since ${revision}: there is no such revision`);
  const file = await readObject(root, `${commit}:${WATCHLIST_PATH}`);
  try {
    return file === null ? null : parseWatchlist(file);
  } catch (error) {
    if (error instanceof WatchlistError) return error;
    throw error;
  }
}

/** Warns if a month of this list costs more than the credits that the newest run reported. */
async function judgeCredits(root: string, watchlist: Watchlist): Promise<string[]> {
  try {
    using db = await openDatabase(root);
    const left = readCreditsLeft(db);
    const warning = left === null ? null : warnOfCredits(watchlist, left);
    return warning === null ? [] : [warning];
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return [`the remaining credits are unknown: ${error.message}`];
  }
}
