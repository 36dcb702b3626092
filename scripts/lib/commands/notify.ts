import { dayOf } from '../core/day.ts';
import { reportPath } from '../core/paths.ts';
import { errorMessage } from '../core/text.ts';
import { createGitHub, type GitHub } from '../notify/github.ts';
import {
  type Done,
  keepTroubleIssue,
  readKnownTroubles,
  type Situation,
  writeDigest,
} from '../notify/issues.ts';
import { type News, parseNews } from '../notify/news.ts';
import { type Evidence, findTroubles } from '../notify/troubles.ts';
import { postToWebhook, renderFailure, renderMessage } from '../notify/webhook.ts';
import { composeReport } from '../reports/day-report.ts';
import { readCreditsLeft, readDay, readLastHeard } from '../store/days.ts';
import { openDatabase } from '../store/open.ts';
import { type Context, defineCommand } from '../system/command.ts';
import { createHttp, type SendHttp, tryTwice } from '../system/http.ts';
import { fileUrl, runUrl } from '../system/links.ts';
import type { Log } from '../system/log.ts';
import { readWatchlist, type Watchlist } from '../watchlist/watchlist.ts';

const REQUEST_TIMEOUT_MS = 20_000;

/**
 * Tells people of the run that `track` has just ended: through the webhook, the digest issue and the
 * trouble issue, each where it is configured. Whatever fails is a warning.
 */
export const notify = defineCommand({
  name: 'notify',
  summary: 'Tells people about the last run, as configured; made for GitHub Actions.',
  flags: {},
  async run(_flags, context) {
    const { root, env, clock, log } = context;
    if (!env.TRACK_RESULT) {
      log.warning('TRACK_RESULT is not set: notify follows track in .github/workflows/track.yml');
      return 0;
    }
    const send = createHttp(context.fetch);
    const watchlist = await orWarn('The watchlist', log, () => readWatchlist(root));
    const news = readNews(context);
    const situation = await readSituation(news, watchlist, context);
    const tell = async (subject: string, act: () => Promise<Done>) =>
      log.info(`${subject}: ${(await orWarn(subject, log, act)) ?? 'failed'}`);

    let known = new Set<string>();
    const { digestIssue, troubleIssue = false } = watchlist?.settings ?? {};
    const wantsIssues = troubleIssue || digestIssue !== undefined;
    const github = wantsIssues ? connect(send, context) : null;
    if (github !== null && troubleIssue) {
      await tell('Trouble issue', async () => {
        // Read first: a second try may find the issue that the first one has opened.
        known = await tryTwice(clock, () => readKnownTroubles(github));
        return tryTwice(clock, () => keepTroubleIssue(github, situation));
      });
    }
    if (github !== null && digestIssue !== undefined) {
      await tell('Digest', () =>
        tryTwice(clock, () => writeDigest(github, digestIssue, situation)),
      );
    }
    const message = composeMessage(news, situation, known);
    const url = env.ALERT_WEBHOOK_URL?.trim() ?? '';
    if (url === '' || message === null) {
      log.info(`Webhook: ${url === '' ? 'not configured' : 'nothing new'}`);
    } else {
      const options = { url, send, clock, timeoutMs: REQUEST_TIMEOUT_MS };
      await tell('Webhook', () => postToWebhook(message, options).then(() => 'sent'));
    }
    return 0;
  },
});

/**
 * The message for the webhook; null where there is nothing to say. A run that fails outright fails at
 * each attempt of the day. It is announced only once where the trouble issue remembers it.
 */
function composeMessage(
  news: News | null,
  { run, report, links }: Situation,
  known: Set<string>,
): string | null {
  if (news !== null) return renderMessage(news, report, links);
  return run === 'failed' && !known.has('failed') ? renderFailure(links.run) : null;
}

/** The news that the run handed on; null where it failed before that. */
function readNews({ env, log }: Context): News | null {
  const text = env.NEWS ?? '';
  const news = parseNews(text);
  if (news === null && (text !== '' || env.TRACK_RESULT === 'success')) {
    log.warning(
      'The run handed on no readable news, so the webhook gets no message. ' +
        'Is .github/workflows/track.yml as old as the rest?',
    );
  }
  return news;
}

async function readSituation(
  news: News | null,
  watchlist: Watchlist | null,
  { env, clock, root, log }: Context,
): Promise<Situation> {
  const run =
    env.TRACK_RESULT === 'success' ? 'succeeded' : news === null ? 'failed' : 'incomplete';
  const day = news?.day ?? dayOf(clock.now(), watchlist?.settings.timeZone ?? 'UTC');
  using db = await orWarn('The database', log, () => openDatabase(root));
  const record = db === null ? null : readDay(db, day);
  const report = record === null || watchlist === null ? null : composeReport(record, watchlist);
  const lastHeard: Evidence['lastHeard'] = db === null ? new Map() : readLastHeard(db);
  const creditsLeft = db === null ? null : (readCreditsLeft(db)?.credits ?? null);
  return {
    day,
    run,
    report,
    troubles: findTroubles({ day, run, report, watchlist, lastHeard, creditsLeft }),
    links: {
      report: report === null ? null : fileUrl(env, reportPath(day)),
      run: runUrl(env),
      help: fileUrl(env, 'README.md#when-something-fails'),
    },
  };
}

/** Null, with a warning, where the job's environment lacks what GitHub gives it. */
function connect(send: SendHttp, { env, clock, log }: Context): GitHub | null {
  const { GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = env;
  if (!repository || !token) {
    log.warning('No issue is written: GITHUB_REPOSITORY and GITHUB_TOKEN must be set');
    return null;
  }
  return createGitHub({
    apiUrl: env.GITHUB_API_URL || 'https://api.github.com',
    repository,
    token,
    send,
    clock,
    timeoutMs: REQUEST_TIMEOUT_MS,
  });
}

/** Turns any failure into a warning: nobody's data depends on it. */
async function orWarn<T>(subject: string, log: Log, attempt: () => Promise<T>): Promise<T | null> {
  try {
    return await attempt();
  } catch (error) {
    log.warning(`${subject}: ${errorMessage(error)}`);
    return null;
  }
}
