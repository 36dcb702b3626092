import { type Command, type Context, parseFlags, runCommand, UsageError } from './lib/command.ts';
import { DatabaseError, openDatabase } from './lib/database.ts';
import { findCommit } from './lib/git.ts';
import { readObject } from './lib/git-objects.ts';
import { errorMessage } from './lib/plain-text.ts';
import { readCreditsLeft } from './lib/store.ts';
import {
  activeEntries,
  parseWatchlist,
  readWatchlist,
  WATCHLIST_PATH,
  type Watchlist,
  WatchlistError,
} from './lib/watchlist.ts';
import {
  renderConsoleReview,
  renderReview,
  reviewWatchlist,
  type WatchlistReview,
  warnOfCredits,
} from './lib/watchlist-changes.ts';

const FLAGS = {
  since: {
    type: 'string',
    value: 'REV',
    help: 'Say what changed since this revision, and the cost.',
  },
} as const;

const check: Command = async (args, context) => {
  const { root, log } = context;
  const flags = parseFlags('check', `Checks ${WATCHLIST_PATH}.`, FLAGS, args, log);
  if (flags === null) return 0;
  const watchlist = await readWatchlist(root);
  for (const notice of watchlist.notices) log.notice(notice);
  const active = activeEntries(watchlist).length;
  const paused = watchlist.entries.length - active;
  log.info(`${WATCHLIST_PATH} is fine: ${active} to track, ${paused} paused`);
  if (flags.since !== undefined) await showChanges(flags.since, watchlist, context);
  return 0;
};

/** Says what changed and what it costs; on GitHub on the run's page, too. */
async function showChanges(since: string, watchlist: Watchlist, { root, log }: Context) {
  const before = await readWatchlistAt(root, since);
  const review = reviewWatchlist(before instanceof WatchlistError ? null : before, watchlist);
  const remarks: string[] = [];
  if (before instanceof WatchlistError) {
    remarks.push(`the list at ${since} was not valid: everything counts as added`);
  }
  remarks.push(...(await judgeCredits(root, review)));
  log.info(renderConsoleReview(review));
  for (const message of remarks) log.warning({ line: 1, column: 1, message });
  await log.showSummary(renderReview(review, remarks));
}

/** The list as it was at a revision; null where there was none, the error where it was wrong. */
async function readWatchlistAt(
  root: string,
  revision: string,
): Promise<Watchlist | WatchlistError | null> {
  const commit = await findCommit(root, revision);
  if (commit === null) throw new UsageError(`--since ${revision}: there is no such revision`);
  const file = await readObject(root, `${commit}:${WATCHLIST_PATH}`);
  try {
    return file === null ? null : parseWatchlist(file.toString('utf8'));
  } catch (error) {
    if (error instanceof WatchlistError) return error;
    throw error;
  }
}

/** What is to be said of the cost, measured by the credits that the newest run was told of. */
async function judgeCredits(root: string, { costAfter }: WatchlistReview): Promise<string[]> {
  try {
    const db = await openDatabase(root);
    const left = readCreditsLeft(db);
    db.close();
    const warning = left === null ? null : warnOfCredits(costAfter, left);
    return warning === null ? [] : [warning];
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return [`the credits left are not known: ${errorMessage(error)}`];
  }
}

await runCommand(check);
