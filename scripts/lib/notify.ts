import type { Database } from 'sql.js';
import { type Command, type Context, parseFlags } from './command.ts';
import { openDatabase } from './database.ts';
import { dayOf } from './day.ts';
import { createGitHub, type GitHub } from './github.ts';
import { tryTwice } from './http.ts';
import { keepTroubleIssue, readKnownTroubles, type Situation, writeDigest } from './issues.ts';
import { fileUrl, runUrl } from './links.ts';
import { type News, parseNews } from './news.ts';
import { errorMessage } from './plain-text.ts';
import { composeReport } from './report.ts';
import { readCreditsLeft, readDay, readLastHeard } from './store.ts';
import { type Evidence, findTroubles } from './troubles.ts';
import { activeEntries, readWatchlist, type Watchlist } from './watchlist.ts';
import { postToWebhook, renderFailure, renderMessage } from './webhook.ts';
import { reportPath } from './write-reports.ts';

const REQUEST_TIMEOUT_MS = 20_000;

/**
 * `npm run notify`: tells people of the run that `track` has just ended: through the webhook, the
 * digest issue and the trouble issue, each where it is configured. Whatever fails is a warning.
 */
export const notify: Command = async (args, context) => {
  const summary = 'Tells of the run before, through what is configured; made for GitHub Actions.';
  if (parseFlags('notify', summary, {}, args, context.log) === null) return 0;
  const { env, log } = context;
  if (!env.TRACK_RESULT) {
    log.warning('TRACK_RESULT is not set: notify runs after track, in .github/workflows/track.yml');
    return 0;
  }
  const watchlist = await orWarn(() => readWatchlist(context.root), 'The watchlist', context);
  const news = readNews(context);
  const run =
    news === null && env.TRACK_RESULT !== 'success'
      ? 'failed'
      : env.TRACK_RESULT === 'success'
        ? 'succeeded'
        : 'incomplete';
  const situation = await readSituation(run, news, watchlist, context);

  let isKnown = false;
  const { digestIssue, troubleIssue } = watchlist?.settings ?? {};
  if (troubleIssue || digestIssue !== undefined) {
    const github = connect(context);
    if (github !== null && troubleIssue) {
      isKnown = (await tellTroubleIssue(github, situation, context)).has('failed');
    }
    if (github !== null && digestIssue !== undefined) {
      await tellDigest(github, digestIssue, situation, context);
    }
  }
  // A run that fails at once fails at each attempt of the day: told once, where that is known.
  const failure = run === 'failed' && !isKnown ? renderFailure(situation.links.run) : null;
  const message = news === null ? failure : renderMessage(news, situation.report, situation.links);
  await tellWebhook(message, context);
  return 0;
};

/** What the run handed on; null where it failed before it could. */
function readNews({ env, log }: Context): News | null {
  const text = env.NEWS ?? '';
  const news = parseNews(text);
  if (news === null && (text !== '' || env.TRACK_RESULT === 'success')) {
    log.warning(
      'The run handed on no news that can be read, so the webhook is not told what is new. ' +
        'Is .github/workflows/track.yml as old as the rest?',
    );
  }
  return news;
}

async function readSituation(
  run: Evidence['run'],
  news: News | null,
  watchlist: Watchlist | null,
  context: Context,
): Promise<Situation> {
  const { env, clock, root } = context;
  const day = news?.day ?? dayOf(clock.now(), watchlist?.settings.timeZone ?? 'UTC');
  const active = watchlist === null ? [] : activeEntries(watchlist).map(({ name }) => name);
  const db = await orWarn(() => openDatabase(root), 'The database', context);
  const record = db === null ? null : readDay(db, day);
  const report = record === null || watchlist === null ? null : composeReport(record, watchlist);
  return {
    day,
    report,
    troubles: findTroubles({ day, run, report, active, ...readEvidence(db) }),
    links: {
      report: report === null ? null : fileUrl(env, reportPath(day)),
      run: runUrl(env),
      help: fileUrl(env, 'README.md#when-something-fails'),
    },
  };
}

function readEvidence(db: Database | null): Pick<Evidence, 'lastHeard' | 'creditsLeft'> {
  if (db === null) return { lastHeard: new Map(), creditsLeft: null };
  return { lastHeard: readLastHeard(db), creditsLeft: readCreditsLeft(db)?.credits ?? null };
}

/** Null, with a warning, where the job's environment lacks what GitHub gives it. */
function connect({ env, fetch, clock, log }: Context): GitHub | null {
  const { GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = env;
  if (!repository || !token) {
    log.warning('No issue is written: GITHUB_REPOSITORY and GITHUB_TOKEN must be set');
    return null;
  }
  return createGitHub({
    apiUrl: env.GITHUB_API_URL || 'https://api.github.com',
    repository,
    token,
    fetch,
    clock,
    timeoutMs: REQUEST_TIMEOUT_MS,
  });
}

/** The kinds of trouble that the issue told of before. */
async function tellTroubleIssue(
  github: GitHub,
  situation: Situation,
  context: Context,
): Promise<Set<string>> {
  const { clock, log } = context;
  let known = new Set<string>();
  const done = await orWarn(
    async () => {
      // Apart, for a second try may find the issue that the first one has made.
      known = await tryTwice(clock, () => readKnownTroubles(github));
      return tryTwice(clock, () => keepTroubleIssue(github, situation));
    },
    'The trouble issue',
    context,
  );
  log.info(`Trouble issue: ${done ?? 'not told'}`);
  return known;
}

async function tellDigest(
  github: GitHub,
  issueNumber: number,
  situation: Situation,
  context: Context,
): Promise<void> {
  const attempt = () => writeDigest(github, issueNumber, situation);
  const done = await orWarn(() => tryTwice(context.clock, attempt), 'The digest', context);
  context.log.info(`Digest: ${done ?? 'not told'}`);
}

async function tellWebhook(message: string | null, context: Context): Promise<void> {
  const { env, fetch, clock, log } = context;
  const url = env.ALERT_WEBHOOK_URL?.trim() ?? '';
  if (url === '' || message === null) {
    log.info(`Webhook: ${url === '' ? 'not configured' : 'nothing new'}`);
    return;
  }
  const options = { url, fetch, clock, timeoutMs: REQUEST_TIMEOUT_MS };
  const sent = await orWarn(
    () => postToWebhook(message, options).then(() => true),
    'The webhook',
    context,
  );
  log.info(`Webhook: ${sent ? 'told' : 'not told'}`);
}

/** What can't be done is a warning, whatever the reason: nobody's data depends on it. */
async function orWarn<T>(
  attempt: () => Promise<T>,
  subject: string,
  { log }: Context,
): Promise<T | null> {
  try {
    return await attempt();
  } catch (error) {
    log.warning(`${subject}: ${errorMessage(error)}`);
    return null;
  }
}
