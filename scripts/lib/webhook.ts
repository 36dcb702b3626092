import type { Clock } from './clock.ts';
import { formatChange, formatCount, formatGrowth, formatList, formatPercent } from './format.ts';
import { createHttp, HttpFault, parseRetryAfter, RequestError, tryTwice } from './http.ts';
import type { News } from './news.ts';
import { plainText } from './plain-text.ts';
import type { DayReport } from './report.ts';
import { rankedMeasure } from './trends.ts';

/** Discord takes no more characters; Slack and Mattermost take many. */
const MAX_CHARACTERS = 2000;
const MAX_NAMES = 10;

/** Where a message leads; null outside GitHub. */
export type MessageLinks = { report: string | null; run: string | null };

/**
 * The news as Slack, Mattermost and Discord show them alike: plain lines. Null where nothing is new.
 * @param report the day's; null where it can't be had
 */
export function renderMessage(
  news: News,
  report: DayReport | null,
  links: MessageLinks,
): string | null {
  const { day, trending, failures, more } = news;
  if (trending.length + failures.length + more === 0) return null;
  const namesByReason = new Map<string, string[]>();
  for (const { hashtag, reason } of failures) {
    namesByReason.set(reason, [...(namesByReason.get(reason) ?? []), hashtag]);
  }
  // Weighed by how much each line tells, so that what is cut off can be counted.
  const lines = [
    ...trending.map((hashtag) => ({ text: renderTrend(hashtag, report), count: 1 })),
    ...[...namesByReason].map(([reason, names]) => ({
      text: `⚠️ Not captured: ${renderNames(names)} (${escapeText(reason)})`,
      count: names.length,
    })),
  ];
  const head = `TikTok hashtags on ${day}`;
  const foot = [
    links.report === null ? [] : [`Report: ${escapeText(links.report)}`],
    links.run === null || failures.length === 0 ? [] : [`Run: ${escapeText(links.run)}`],
  ].flat();
  let left = lines.reduce((sum, { count }) => sum + count, more);
  const shown: string[] = [];
  for (const { text, count } of lines) {
    const rest = left - count > 0 ? [`… and ${formatCount(left - count)} more`] : [];
    if ([head, ...shown, text, ...rest, ...foot].join('\n').length > MAX_CHARACTERS) break;
    shown.push(text);
    left -= count;
  }
  const rest = left > 0 ? [`… and ${formatCount(left)} more`] : [];
  return [head, ...shown, ...rest, ...foot].join('\n');
}

/** The message on a run that published nothing. */
export function renderFailure(runLink: string | null): string {
  const where = runLink === null ? 'Its log' : escapeText(runLink);
  return `⚠️ The run of the TikTok hashtag tracker failed. ${where} says why, and what to do.`;
}

type WebhookOptions = {
  /** A secret: whoever has it can post. It is in no message and no error. */
  url: string;
  fetch: typeof globalThis.fetch;
  clock: Clock;
  timeoutMs: number;
};

/**
 * Posts `{"text"}`, as Slack's webhooks take it; once more where the server is busy or broken.
 * @throws RequestError where it was not taken
 */
export async function postToWebhook(text: string, options: WebhookOptions): Promise<void> {
  const { url, clock, timeoutMs } = options;
  const send = createHttp(options.fetch);
  if (!isPostable(url)) {
    throw new RequestError('ALERT_WEBHOOK_URL is not a web address; copy it again', null);
  }
  await tryTwice(clock, async () => {
    const answer = await send(url, {
      method: 'POST',
      headers: { Accept: '*/*' },
      body: { text },
      timeoutMs,
    }).catch((error: unknown) => {
      if (!(error instanceof HttpFault)) throw error;
      // Not tried again, for the message may have come through. The fault could name the address.
      throw new RequestError('the webhook gave no answer; is ALERT_WEBHOOK_URL right?', null);
    });
    const { status, headers } = answer;
    if (status >= 200 && status < 300) return;
    const isPassing = status === 429 || status >= 500;
    const advice = isPassing ? 'it was not told this time' : 'make a new one, replace the secret';
    const waitMs = isPassing ? (parseRetryAfter(headers, clock.now()) ?? FIRST_WAIT_MS) : null;
    throw new RequestError(`the webhook refused the message (HTTP ${status}); ${advice}`, waitMs);
  });
}

const FIRST_WAIT_MS = 2000;

function isPostable(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

function renderTrend(hashtag: string, report: DayReport | null): string {
  const name = `#${escapeText(hashtag)}`;
  const trend = report?.trends.find((candidate) => candidate.hashtag === hashtag);
  if (trend === undefined) return `📈 ${name}`;
  const { growth, count } = rankedMeasure(trend);
  const added = growth.kind === 'rate' ? `, ${formatChange(growth.added)}` : '';
  const usual =
    trend.isBreakout && trend.usualPerDay !== null
      ? `, breakout: its usual day is ${formatPercent(trend.usualPerDay)}`
      : '';
  const mark = trend.isBreakout ? '🚀' : '📈';
  const figures = `${trend.rankedBy} ${formatGrowth(growth)}${added}, now ${formatCount(count)}`;
  return `${mark} ${name} ${escapeText(figures)}${usual}`;
}

function renderNames(names: string[]): string {
  return formatList(
    names.map((name) => `#${escapeText(name)}`),
    MAX_NAMES,
  );
}

/** Text from outside: no mention, no link with another text, none of Slack's own marks. */
function escapeText(text: string): string {
  return plainText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '@\u2060') // a word joiner: Mattermost and Discord take @name for a mention
    .replaceAll('](', ']\u2060(');
}
