import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { listArchives } from '../archive/files.ts';
import { listRememberedMonths } from '../archive/split.ts';
import { readApiAccess } from '../collect/access.ts';
import { fetchUsage } from '../collect/scavio.ts';
import { addDays, type Day, dayOf, daysBetween } from '../core/day.ts';
import { formatProblem, TrackerError } from '../core/errors.ts';
import { formatCount, formatList, formatMegabytes, formatRanges, plural } from '../core/format.ts';
import {
  ARCHIVE_FOLDER,
  DATABASE_PATH,
  isUnsaved,
  monthOfArchive,
  WATCHLIST_PATH,
} from '../core/paths.ts';
import type { DayRecord } from '../core/snapshot.ts';
import { plainText } from '../core/text.ts';
import { SITE_PATH } from '../dashboard/site.ts';
import { refuseChangedPast, refuseLostDays, refuseUnfinished } from '../history/committed.ts';
import { readDatabaseAddress } from '../mirror/address.ts';
import { withConnection } from '../mirror/connection.ts';
import { isPrepared } from '../mirror/prepare.ts';
import { readMirroredDays } from '../mirror/send.ts';
import { findSource } from '../mirror/source.ts';
import { explainFailedPush } from '../publish/failed-push.ts';
import { findPublishTarget } from '../publish/target.ts';
import type { OpenDatabase } from '../store/database.ts';
import { newestDay, readCreditsLeft, readDay } from '../store/days.ts';
import { openDatabase } from '../store/open.ts';
import type { Clock } from '../system/clock.ts';
import type { Context } from '../system/command.ts';
import { exists, readIfThere } from '../system/files.ts';
import { GitError, git } from '../system/git.ts';
import { createHttp, HttpFault } from '../system/http.ts';
import { warnOfPlainHttp } from '../system/links.ts';
import { judgeRecord, missingDays } from '../trends/day-state.ts';
import { daysOfCredits, LOW_CREDIT_DAYS } from '../watchlist/credits.ts';
import { judgeFile, judgeRepository, judgeRuns } from '../watchlist/limits.ts';
import { activeNames, readWatchlist, type Watchlist } from '../watchlist/watchlist.ts';

/** One thing that was checked. A fault makes a run fail, or stops runs from starting. */
export type Finding = {
  state: 'fine' | 'remark' | 'fault';
  text: string;
  /** What to do; absent if all is well, or if the text says it. */
  remedy?: string;
};

/** What the earlier checks have found. */
type Known = {
  watchlist: Watchlist | null;
  /** The remaining credits, and the day they were reported; null if just now. */
  credits: { credits: number; day: Day | null } | null;
};

type Findings = AsyncGenerator<Finding, void>;

const TRACK_WORKFLOW = '.github/workflows/track.yml';
const CHECK_WORKFLOW = '.github/workflows/check.yml';
const RUN_IT = 'npm run track, or on GitHub: Actions → Track hashtags → Run workflow';
const PUSH_TIMEOUT_MS = 30_000;
const PAGE_TIMEOUT_MS = 10_000;

const fine = (text: string): Finding => ({ state: 'fine', text });
const remark = (text: string, remedy: string): Finding => ({ state: 'remark', text, remedy });
const fault = (text: string, remedy: string): Finding => ({ state: 'fault', text, remedy });

/**
 * Checks everything that a run needs, one thing after the other. Writes nothing, pushes nothing,
 * costs nothing. If a check throws a TrackerError, it ends and reports the error as a fault.
 */
export async function* examine(context: Context): Findings {
  const known: Known = { watchlist: null, credits: null };
  const checks = [
    checkWatchlist,
    checkDatabase,
    checkWorkflows,
    checkRemote,
    checkKey,
    checkCredits,
    checkMirror,
    checkDashboard,
  ];
  for (const check of checks) {
    try {
      yield* check(context, known);
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error;
      for (const problem of error.problems) {
        const text = typeof problem === 'string' ? problem : formatProblem(problem);
        yield { state: 'fault', text };
      }
    }
  }
}

/** `✓ text`, or `✗ text` with the remedy on a line of its own. */
export function renderFinding({ state, text, remedy }: Finding): string {
  const mark = { fine: '✓', remark: '!', fault: '✗' }[state];
  const line = `${mark} ${plainText(text, 1000)}`;
  return remedy === undefined ? line : `${line}\n    → ${plainText(remedy, 1000)}`;
}

async function* checkWatchlist({ root }: Context, known: Known): Findings {
  const watchlist = await readWatchlist(root);
  known.watchlist = watchlist;
  const active = activeNames(watchlist).length;
  const paused = watchlist.entries.length - active;
  const text = `${WATCHLIST_PATH}: ${active} to track, ${paused} paused`;
  yield active > 0
    ? fine(text)
    : remark(`${text}, so nothing is asked for`, 'remove "paused" from some hashtags');
}

async function* checkDatabase({ root, clock }: Context, known: Known): Findings {
  using db = await openDatabase(root);
  known.credits = readCreditsLeft(db);
  const newest = newestDay(db);
  const record = newest === null ? null : readDay(db, newest);
  if (record === null) {
    yield remark(`${DATABASE_PATH} has no data yet`, `start the first run: ${RUN_IT}`);
  } else yield* checkDays(record, clock, known);
  const files = await readdir(path.join(root, 'data')).catch(() => []);
  const paths = files.map((file) => `data/${file}`);
  for (const file of paths.filter(isUnsaved).sort()) {
    const text = `${file} has snapshots that a run could not store`;
    yield remark(text, `npm run import -- ${file}, then delete it`);
  }
  yield* checkSizes(db, record, root);
  const changedArchives = await refuseChangedPast(db, root);
  await refuseLostDays(db, root);
  await refuseUnfinished(db, root, changedArchives);
}

/** What has become large. A small tracker gets nothing. */
async function* checkSizes(db: OpenDatabase, record: DayRecord | null, root: string): Findings {
  const months = listRememberedMonths(db);
  if (record !== null && months.length > 0) {
    yield fine(
      `${DATABASE_PATH} has ${formatMegabytes(record.databaseBytes)}; ` +
        `${plural(months.length, 'month')} up to ${months.at(-1)} in ${ARCHIVE_FOLDER}`,
    );
  }
  const unknown = (await listArchives(root)).filter(
    (file) => !months.includes(monthOfArchive(file) ?? ''),
  );
  if (unknown.length > 0) {
    yield remark(
      `${DATABASE_PATH} does not know what is in ${formatList(unknown, 3)}: a move or an import was cut short`,
      'npm run archive, or the import again',
    );
  }
  const limits = [
    record === null ? null : judgeFile(record.databaseBytes),
    record === null ? null : judgeRuns(record.runs),
    judgeRepository(await measureRepository(root)),
  ];
  for (const limit of limits) if (limit !== null) yield remark(limit.text, limit.remedy);
}

/** The bytes of a repository's objects; 0 if that is unknown, as in a shallow clone. */
async function measureRepository(root: string): Promise<number> {
  const isShallow = await git(root, ['rev-parse', '--is-shallow-repository']).catch(() => 'true');
  if (isShallow === 'true') return 0;
  const counts = await git(root, ['count-objects', '-v']);
  const sizes = [...counts.matchAll(/^size(?:-pack)?: (\d+)$/gm)];
  return sizes.reduce((sum, [, kibibytes]) => sum + Number(kibibytes) * 1024, 0);
}

function* checkDays(record: DayRecord, clock: Clock, known: Known): Generator<Finding, void> {
  const { day, history, firstDay } = record;
  const age = daysBetween(day, todayOf(clock.now(), known));
  const captured = plural(judgeRecord(record).captured.size, 'hashtag');
  const text = `${DATABASE_PATH} is sound; its newest day is ${day}, with ${captured}`;
  yield age <= 1
    ? fine(text)
    : remark(
        `${text}, ${age} days ago`,
        'git pull, in case GitHub has newer days; if not, look there for why the runs stopped: ' +
          'Actions → Track hashtags',
      );
  const missing = missingDays(history, day, firstDay);
  if (missing.length > 0) {
    const days = formatRanges(missing).join(', ');
    yield remark(
      `${plural(missing.length, 'day')} missing in the 30 days up to ${day}: ${days}`,
      'they can’t be recovered; if more follow, look at the runs: Actions → Track hashtags',
    );
  }
}

/** The day that it is now, by the list's time zone if it is known. */
function todayOf(nowMs: number, { watchlist }: Known): Day {
  return dayOf(nowMs, watchlist?.settings.timeZone ?? 'UTC');
}

async function* checkWorkflows({ root }: Context): Findings {
  if (await isDataOnly(root)) {
    yield remark(
      'this folder has data, but neither the program nor its workflows, as that of the demo: ' +
        'nothing runs by itself here',
      'to track on GitHub, put the data into a repository that was made from the template',
    );
    return;
  }
  const read = (file: string) => readIfThere(path.join(root, file)).catch(() => null);
  const copyIt = (file: string) => `git restore ${file}, or copy it from the template`;
  const track = (await read(TRACK_WORKFLOW))?.toString('utf8') ?? null;
  // No YAML parser is needed: what people break by hand shows in the text.
  const crons = track?.match(/^\s*-\s*cron:\s*(['"])\S+( \S+){4}\1/gm)?.length ?? 0;
  const problem =
    track === null
      ? "can't be read"
      : /^(?:<{7}|={7}|>{7}|\t)/m.test(track)
        ? 'contains a merge conflict or a tab'
        : !/^\s*schedule:/m.test(track) || crons === 0
          ? 'has no schedule, so nothing runs by itself'
          : !/^[^#]*(?:npm run track|scripts\.track)/m.test(track)
            ? 'does not run npm run track'
            : null;
  yield problem === null
    ? fine(`${TRACK_WORKFLOW} is there, with ${plural(crons, 'schedule')}`)
    : fault(`${TRACK_WORKFLOW} ${problem}`, copyIt(TRACK_WORKFLOW));
  if ((await read(CHECK_WORKFLOW)) === null) {
    yield remark(`${CHECK_WORKFLOW} can't be read: changes go unchecked`, copyIt(CHECK_WORKFLOW));
  }
}

/** True for a folder that only holds a tracker's data, such as the demo's. */
async function isDataOnly(root: string): Promise<boolean> {
  const program = ['package.json', '.github'].map((name) => exists(path.join(root, name)));
  return !(await Promise.all(program)).includes(true);
}

async function* checkRemote({ root, clock }: Context, known: Known): Findings {
  if ((await git(root, ['--version']).catch(() => null)) === null) {
    yield fault('git is not installed', 'install it: https://git-scm.com');
    return;
  }
  // Today's files may be committed already, and rules do not apply to those.
  const target = await findPublishTarget(root, addDays(todayOf(clock.now(), known), 1));
  const { remote, branch } = target;
  for (const url of target.urls) {
    const text = warnOfPlainHttp(`the remote ${remote}`, url, 'your password');
    if (text !== null) yield { state: 'remark', text };
  }
  const args = ['push', '--dry-run', '--no-verify', remote, `HEAD:refs/heads/${branch}`];
  try {
    await git(root, args, { timeoutMs: PUSH_TIMEOUT_MS });
    yield fine(`${remote}/${branch} can be pushed to, unless a rule protects it`);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const byHand = `try it by hand: git push --dry-run ${remote} HEAD:${branch}`;
    yield /\(fetch first\)|\(non-fast-forward\)/.test(error.stderr)
      ? remark(
          `others have pushed to ${remote}/${branch} since your last pull`,
          'git pull --rebase',
        )
      : fault(
          `${remote}/${branch} can't be pushed to: ${error.message}`,
          explainFailedPush(error.stderr, target) ?? byHand,
        );
  }
}

async function* checkKey({ env, fetch }: Context, known: Known): Findings {
  if (!env.SCAVIO_API_KEY?.trim() && env.GITHUB_ACTIONS !== 'true') {
    const remedy = 'SCAVIO_API_KEY=<your key> npm run doctor';
    yield remark('SCAVIO_API_KEY is not set here, so the key was not checked', remedy);
    return;
  }
  const access = readApiAccess(env);
  const warning = warnOfPlainHttp('SCAVIO_BASE_URL', access.baseUrl, 'the key');
  if (warning !== null) yield { state: 'remark', text: warning };
  const usage = await fetchUsage({ ...access, send: createHttp(fetch) });
  switch (usage.kind) {
    case 'known':
      yield fine(`the API accepts the key${usage.plan === null ? '' : `, plan ${usage.plan}`}`);
      if (usage.credits !== null) known.credits = { credits: usage.credits, day: null };
      return;
    case 'refused':
      yield fault(
        `the API refused the key (${usage.reason})`,
        'create a new one at https://scavio.dev and replace the secret: ' +
          'Settings → Secrets and variables → Actions → SCAVIO_API_KEY',
      );
      return;
    case 'unreachable':
      yield fault(
        `the API can't be reached (${usage.reason})`,
        `is the network up, and is SCAVIO_BASE_URL right? It is ${access.baseUrl}`,
      );
      return;
    case 'unknown': {
      const text = `the API does not say whether it accepts the key (${usage.reason})`;
      yield remark(text, 'try again later');
    }
  }
}

async function* checkDashboard({ fetch }: Context, { watchlist }: Known): Findings {
  const address = watchlist?.settings.dashboard;
  if (address === undefined) return;
  const enable =
    'choose Settings → Pages → Source: GitHub Actions, then run: Actions → Track hashtags → Run workflow';
  const request = { method: 'GET', headers: {}, timeoutMs: PAGE_TIMEOUT_MS } as const;
  const answer = await createHttp(fetch)(`${address}${SITE_PATH}`, request).catch(
    (error: unknown) => {
      if (error instanceof HttpFault) return error;
      throw error;
    },
  );
  if (answer instanceof HttpFault) {
    yield remark(`the dashboard at ${address} can't be reached (${answer.message})`, enable);
  } else if (answer.status !== 200 || !answer.text.startsWith('{"version":')) {
    yield remark(`there is no dashboard at ${address} (HTTP ${answer.status})`, enable);
  } else yield fine(`the dashboard is at ${address}`);
}

async function* checkCredits(_context: Context, known: Known): Findings {
  const { watchlist } = known;
  if (watchlist === null || known.credits === null) return;
  const { credits, day } = known.credits;
  const calls = activeNames(watchlist).length;
  const days = daysOfCredits(credits, watchlist);
  const left = `${plural(credits, 'credit')} left${day === null ? '' : ` on ${day}`}`;
  if (calls === 0) {
    yield fine(left);
    return;
  }
  const text = `${left}, enough for ${plural(days, 'day')} at ${formatCount(calls)} a day`;
  const remedy = 'top up at https://scavio.dev, or pause hashtags';
  if (days >= LOW_CREDIT_DAYS) yield fine(text);
  else if (credits < calls && day === null) yield fault(text, remedy);
  else yield remark(text, remedy);
}

/** Only if there is a mirror. A run goes on without it, so nothing here is a fault. */
async function* checkMirror({ root, env }: Context): Findings {
  if (!env.DATABASE_URL?.trim()) return;
  const update = 'npm run mirror, or on GitHub: Actions → Track hashtags → Run workflow';
  try {
    const address = await readDatabaseAddress(env, root);
    const source = await findSource(root, env);
    const days = await withConnection(address, async (connection) =>
      (await isPrepared(connection)) ? readMirroredDays(connection, source) : null,
    );
    const newest = [...(days?.keys() ?? [])].sort().at(-1);
    yield newest === undefined
      ? remark(`${address.place} has nothing of ${source} yet`, update)
      : fine(`${address.place} has the days of ${source} up to ${newest}`);
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error;
    yield { state: 'remark', text: error.message };
  }
}
