import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readApiAccess } from './api-access.ts';
import { type Context, UsageError } from './command.ts';
import { daysOfCredits, LOW_CREDIT_DAYS } from './cost.ts';
import { DATABASE_PATH, DamagedDatabaseError, DatabaseError, openDatabase } from './database.ts';
import { type Day, dayOf, daysBetween } from './day.ts';
import { formatCount, formatRanges, plural } from './format.ts';
import { GitError, git } from './git.ts';
import { errorMessage, plainText } from './plain-text.ts';
import {
  explainFailedPush,
  findPublishTarget,
  PublishError,
  type PublishTarget,
} from './publish.ts';
import { adviseRecovery } from './recover.ts';
import { fetchUsage } from './scavio.ts';
import { capturedHashtags, newestDay, readCreditsLeft, readDay } from './store.ts';
import { missingDays } from './trends.ts';
import {
  activeEntries,
  formatProblem,
  readWatchlist,
  WATCHLIST_PATH,
  type Watchlist,
  WatchlistError,
} from './watchlist.ts';

/** One thing that was looked at. A fault makes a run fail or keeps it from coming. */
export type Finding = {
  state: 'fine' | 'remark' | 'fault';
  text: string;
  /** What to do; null where all is fine, or the text says it. */
  remedy: string | null;
};

/** What is left, and since when that is known; null for just now. */
type CreditsLeft = { credits: number; day: Day | null };

const TRACK_WORKFLOW = '.github/workflows/track.yml';
const CHECK_WORKFLOW = '.github/workflows/check.yml';
const RUN_IT = 'npm run track, or on GitHub: Actions → Track hashtags → Run workflow';
const PUSH_TIMEOUT_MS = 30_000;

const fine = (text: string): Finding => ({ state: 'fine', text, remedy: null });
const remark = (text: string, remedy: string | null): Finding => ({
  state: 'remark',
  text,
  remedy,
});
const fault = (text: string, remedy: string | null): Finding => ({ state: 'fault', text, remedy });

/**
 * Looks at all that a run needs, one thing after the other: the list, the database, the workflow
 * files, the remote, the key and its credits. Writes nothing, pushes nothing, costs no credit.
 */
export async function* examine(context: Context): AsyncGenerator<Finding, void> {
  const { root, clock } = context;
  const watchlist = yield* examineWatchlist(root);
  const today = dayOf(clock.now(), watchlist?.settings.timeZone ?? 'UTC');
  const lastKnown = yield* examineDatabase(root, today);
  yield* examineWorkflows(root);
  yield await examineRemote(root);
  const left = (yield* examineKey(context)) ?? lastKnown;
  if (watchlist !== null && left !== null) yield judgeCredits(watchlist, left);
}

/** `✓ text`, or `✗ text` with the remedy on a line of its own. */
export function renderFinding({ state, text, remedy }: Finding): string {
  const mark = { fine: '✓', remark: '!', fault: '✗' }[state];
  const line = `${mark} ${plainText(text, 1000)}`;
  return remedy === null ? line : `${line}\n    → ${plainText(remedy, 1000)}`;
}

async function* examineWatchlist(root: string): AsyncGenerator<Finding, Watchlist | null> {
  try {
    const watchlist = await readWatchlist(root);
    const active = activeEntries(watchlist).length;
    const paused = watchlist.entries.length - active;
    const text = `${WATCHLIST_PATH}: ${active} to track, ${paused} paused`;
    yield active > 0 ? fine(text) : remark(text, 'take "paused" away from what is to be tracked');
    return watchlist;
  } catch (error) {
    if (!(error instanceof WatchlistError)) throw error;
    for (const problem of error.problems) yield fault(formatProblem(problem), null);
    return null;
  }
}

async function* examineDatabase(
  root: string,
  today: Day,
): AsyncGenerator<Finding, CreditsLeft | null> {
  try {
    const db = await openDatabase(root);
    const newest = newestDay(db);
    const record = newest === null ? null : readDay(db, newest);
    if (record === null) {
      yield remark(`${DATABASE_PATH} has no day yet`, `the first run makes one: ${RUN_IT}`);
      return null;
    }
    const { day, history, firstDay } = record;
    const captured = plural(capturedHashtags(db, day).size, 'hashtag');
    const age = daysBetween(day, today);
    const text = `${DATABASE_PATH} is sound; its newest day is ${day}, with ${captured}`;
    yield age <= 1
      ? fine(text)
      : remark(
          `${text}, ${age} days ago`,
          'git pull, in case GitHub has newer ones; if not, see there why the runs ended: ' +
            'Actions → Track hashtags',
        );
    const missing = missingDays(history, day, firstDay);
    if (missing.length > 0) {
      yield remark(
        `${plural(missing.length, 'day')} missing in the 30 up to ${day}: ${formatRanges(missing).join(', ')}`,
        'nothing brings them back; if more come, see the runs: Actions → Track hashtags',
      );
    }
    return readCreditsLeft(db);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const isDamaged = error instanceof DamagedDatabaseError;
    yield fault(errorMessage(error), isDamaged ? await adviseRecovery(root) : null);
    return null;
  }
}

async function* examineWorkflows(root: string): AsyncGenerator<Finding, void> {
  const read = (file: string) => readFile(path.join(root, file), 'utf8').catch(() => null);
  const copyIt = (file: string) => `git restore ${file}, or copy it from the template`;
  const track = await read(TRACK_WORKFLOW);
  // Not a YAML parser: what people break by hand shows in the text.
  const crons = track?.match(/^\s*-\s*cron:\s*(['"])\S+( \S+){4}\1/gm)?.length ?? 0;
  if (track === null) {
    yield fault(`${TRACK_WORKFLOW} can't be read`, copyIt(TRACK_WORKFLOW));
  } else if (/^(?:<{7}|={7}|>{7}|\t)/m.test(track)) {
    yield fault(`${TRACK_WORKFLOW} holds a merge conflict or a tab`, copyIt(TRACK_WORKFLOW));
  } else if (!/^\s*schedule:/m.test(track) || crons === 0) {
    yield fault(
      `${TRACK_WORKFLOW} has no schedule: nothing runs by itself`,
      copyIt(TRACK_WORKFLOW),
    );
  } else if (!/^[^#]*npm run track/m.test(track)) {
    yield fault(`${TRACK_WORKFLOW} does not run npm run track`, copyIt(TRACK_WORKFLOW));
  } else {
    yield fine(`${TRACK_WORKFLOW} is there, with ${plural(crons, 'schedule')}`);
  }
  if ((await read(CHECK_WORKFLOW)) === null) {
    yield remark(`${CHECK_WORKFLOW} can't be read: changes go unchecked`, copyIt(CHECK_WORKFLOW));
  }
}

async function examineRemote(root: string): Promise<Finding> {
  if ((await git(root, ['--version']).catch(() => null)) === null) {
    return fault('git is not there', 'install it: https://git-scm.com');
  }
  try {
    return await tryPush(root, await findPublishTarget(root));
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    return fault(errorMessage(error), null);
  }
}

async function tryPush(root: string, target: PublishTarget): Promise<Finding> {
  const { remote, branch } = target;
  const args = ['push', '--dry-run', '--no-verify', remote, `HEAD:refs/heads/${branch}`];
  try {
    await git(root, args, PUSH_TIMEOUT_MS);
    return fine(`${remote}/${branch} can be pushed to, unless a rule protects it`);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    if (/\(fetch first\)|\(non-fast-forward\)/.test(error.stderr)) {
      return remark(
        `others have pushed to ${remote}/${branch} since your last pull`,
        'git pull --rebase',
      );
    }
    return fault(
      `${remote}/${branch} can't be pushed to: ${errorMessage(error)}`,
      explainFailedPush(error.stderr, target) ??
        `try it by hand: git push --dry-run ${remote} HEAD:${branch}`,
    );
  }
}

async function* examineKey(context: Context): AsyncGenerator<Finding, CreditsLeft | null> {
  const { env, fetch } = context;
  if (!env.SCAVIO_API_KEY?.trim() && env.GITHUB_ACTIONS !== 'true') {
    yield remark(
      'SCAVIO_API_KEY is not set here: the key was not checked',
      'SCAVIO_API_KEY=<your key> npm run doctor',
    );
    return null;
  }
  try {
    const access = readApiAccess(env);
    const usage = await fetchUsage({ ...access, fetch });
    switch (usage.kind) {
      case 'known':
        yield fine(`the API takes the key${usage.plan === null ? '' : `, plan ${usage.plan}`}`);
        return usage.credits === null ? null : { credits: usage.credits, day: null };
      case 'refused':
        yield fault(
          `the API refused the key (${usage.reason})`,
          'make a new one at https://scavio.dev and replace the secret: ' +
            'Settings → Secrets and variables → Actions → SCAVIO_API_KEY',
        );
        return null;
      case 'unreachable':
        yield fault(
          `the API can't be reached (${usage.reason})`,
          `is the network up, and is SCAVIO_BASE_URL right? It is ${access.baseUrl}`,
        );
        return null;
      case 'unknown':
        yield remark(
          `the API does not say whether it takes the key (${usage.reason})`,
          'try later',
        );
        return null;
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    yield fault(error.message, null);
    return null;
  }
}

function judgeCredits(watchlist: Watchlist, { credits, day }: CreditsLeft): Finding {
  const calls = activeEntries(watchlist).length;
  const days = daysOfCredits(credits, calls);
  const when = day === null ? '' : ` on ${day}`;
  const text =
    `${plural(credits, 'credit')} left${when}, ` +
    `enough for ${plural(days, 'day')} at ${formatCount(calls)} a day`;
  if (days >= LOW_CREDIT_DAYS) return fine(text);
  const remedy = 'top up at https://scavio.dev, or pause hashtags';
  return credits < calls && day === null ? fault(text, remedy) : remark(text, remedy);
}
