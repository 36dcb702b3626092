import { addDays, type Day, dayOf } from '../core/day.ts';
import { reportPath, summaryPath } from '../core/paths.ts';
import { weekOf } from '../core/period.ts';
import type { PeriodRecord } from '../core/snapshot.ts';
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
import { composeSummary } from '../reports/summary.ts';
import type { OpenDatabase } from '../store/database.ts';
import {
  readCreditsLeft,
  readDay,
  readLastHeard,
  readPeriod,
  readRecordedDays,
} from '../store/days.ts';
import { openDatabase } from '../store/open.ts';
import { type Context, defineCommand } from '../system/command.ts';
import { createHttp, type SendHttp, tryTwice } from '../system/http.ts';
import { fileUrl, runUrl, warnOfPlainHttp } from '../system/links.ts';
import type { Log } from '../system/log.ts';
import { readWatchlist, type Watchlist } from '../watchlist/watchlist.ts';

const REQUEST_TIMEOUT_MS = 20_000;

/**
 * Tells people about the run of `track` that has just ended: through the webhook, the digest issue
 * and the trouble issue, if they are configured. Whatever fails is only a warning.
 */
export const notify = defineCommand({
  name: 'notify',
  summary: 'Tells people about the last run, as configured; made for GitHub Actions.',
  flags: {},
  async run(_flags, context) {
    const { root, env, clock, log } = context;
    if (!env.TRACK_RESULT) {
      log.warning('TRACK_RESULT is not set: see how .github/workflows/track.yml runs notify');
      return 0;
    }
    const send = createHttp(context.fetch);
    const watchlist = await orWarn('The watchlist', log, () => readWatchlist(root));
    const news = readNews(context);
    const situation = await readSituation(news, watchlist, context);
    const runAndLog = async (subject: string, act: () => Promise<Done>) =>
      log.info(`${subject}: ${(await orWarn(subject, log, act)) ?? 'failed'}`);

    let known = new Set<string>();
    const { digestIssue, troubleIssue = false } = watchlist?.settings ?? {};
    const wantsIssues = troubleIssue || digestIssue !== undefined;
    const github = wantsIssues ? connect(send, context) : null;
    if (github !== null && troubleIssue) {
      await runAndLog('Trouble issue', async () => {
        // Read first: a second try may find the issue that the first one has opened.
        known = await tryTwice(clock, () => readKnownTroubles(github));
        return tryTwice(clock, () => keepTroubleIssue(github, situation));
      });
    }
    if (github !== null && digestIssue !== undefined) {
      await runAndLog('Digest', () =>
        tryTwice(clock, () => writeDigest(github, digestIssue, situation)),
      );
    }
    const message = composeMessage(news, situation, known);
    const url = env.ALERT_WEBHOOK_URL?.trim() ?? '';
    if (url === '' || message === null) {
      log.info(`Webhook: ${url === '' ? 'not configured' : 'nothing new'}`);
    } else {
      const warning = warnOfPlainHttp('ALERT_WEBHOOK_URL', url, 'the messages and the address');
      if (warning !== null) log.warning(warning);
      const options = { url, send, clock, timeoutMs: REQUEST_TIMEOUT_MS };
      await runAndLog('Webhook', () => postToWebhook(message, options).then(() => 'sent'));
    }
    return 0;
  },
});

/**
 * The message for the webhook; null if there is nothing to say. A run that fails outright
 * usually fails again later in the day. If the trouble issue has it, it is not announced again.
 */
function composeMessage(
  news: News | null,
  { run, links }: Situation,
  known: Set<string>,
): string | null {
  if (news !== null) return renderMessage(news, links);
  return run === 'failed' && !known.has('failed') ? renderFailure(links.run) : null;
}

/** The news of the run; null if it failed before it could report any. */
function readNews({ env, log }: Context): News | null {
  const text = env.NEWS ?? '';
  const news = parseNews(text);
  if (news === null && (text !== '' || env.TRACK_RESULT === 'success')) {
    log.warning(
      'The news of the run can’t be read, so the webhook gets no message. ' +
        'Is .github/workflows/track.yml from the same version as the scripts?',
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
  // A run that failed has written no summary either.
  const week = db === null || report === null ? null : readEndedWeek(db, day);
  return {
    day,
    run,
    report,
    week: week === null || watchlist === null ? null : composeSummary(week, watchlist),
    troubles: findTroubles({ day, run, report, watchlist, lastHeard, creditsLeft }),
    links: {
      report: report === null ? null : fileUrl(env, reportPath(day)),
      week: week === null ? null : fileUrl(env, summaryPath(week.period)),
      run: runUrl(env),
      help: fileUrl(env, 'README.md#when-something-fails'),
      dashboard: watchlist?.settings.dashboard ?? null,
    },
  };
}

/** The week before that of the day, if no day of this week has been tracked before; null otherwise. */
function readEndedWeek(db: OpenDatabase, day: Day): PeriodRecord | null {
  const week = weekOf(addDays(weekOf(day).first, -1));
  const isTold = [...readRecordedDays(db)].some((other) => other > week.last && other < day);
  return isTold ? null : readPeriod(db, week);
}

/** Null, with a warning, if the job's environment lacks what GitHub sets. */
function connect(send: SendHttp, { env, clock, log }: Context): GitHub | null {
  const { GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = env;
  if (!repository || !token) {
    log.warning('No issue was written: GITHUB_REPOSITORY and GITHUB_TOKEN must be set');
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

/** Turns any failure into a warning, because no data depends on it. */
async function orWarn<T>(subject: string, log: Log, attempt: () => Promise<T>): Promise<T | null> {
  try {
    return await attempt();
  } catch (error) {
    log.warning(`${subject}: ${errorMessage(error)}`);
    return null;
  }
}
