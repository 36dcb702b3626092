import { formatCount, formatList } from '../core/format.ts';
import { groupBy } from '../core/group-by.ts';
import { isolateRightToLeft, plainText } from '../core/text.ts';
import type { Clock } from '../system/clock.ts';
import {
  HttpFault,
  parseRetryAfter,
  RequestError,
  type SendHttp,
  tryTwice,
} from '../system/http.ts';
import type { News } from './news.ts';

/** The limit of Discord. Slack and Mattermost accept more. */
const MAX_CHARACTERS = 2000;
const MAX_NAMES = 10;

/** Links for a message; null outside GitHub. */
type MessageLinks = { report: string | null; run: string | null };

/** The news as plain lines, which Slack, Mattermost and Discord all show. Null if nothing is new. */
export function renderMessage(news: News, links: MessageLinks): string | null {
  const { day, moves, failures, more } = news;
  if (moves.length + failures.length + more === 0) return null;
  // `count` is how many hashtags a line is about, so that those cut off can be counted.
  const lines = [
    ...[...groupBy(failures, ({ reason }) => reason)].map(([reason, group]) => ({
      text: `⚠️ Not captured: ${renderNames(group)} (${escapeText(reason)})`,
      count: group.length,
    })),
    ...[...groupBy(moves, ({ mark, words }) => `${mark} ${words}`)].map(([, group]) => ({
      text: `${group[0]?.mark} ${renderNames(group)} ${escapeText(group[0]?.words ?? '')}`,
      count: group.length,
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

/** The message about a run that published nothing. */
export function renderFailure(runLink: string | null): string {
  const where = runLink === null ? 'Its log' : escapeText(runLink);
  return `⚠️ The run of the TikTok hashtag tracker failed. ${where} says why, and what to do.`;
}

type WebhookOptions = {
  /** A secret: whoever has it can post. No message and no error contains it. */
  url: string;
  send: SendHttp;
  clock: Clock;
  timeoutMs: number;
};

/**
 * Posts `{"text"}`, as Slack's webhooks expect it; once more if the server is busy or broken.
 * @throws RequestError if the message was not accepted
 */
export async function postToWebhook(text: string, options: WebhookOptions): Promise<void> {
  const { url, send, clock, timeoutMs } = options;
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
      // Not tried again: the message may have arrived. Not quoted: the fault could name the address.
      throw new RequestError('the webhook gave no answer; check ALERT_WEBHOOK_URL', null);
    });
    const { status, headers } = answer;
    if (status >= 200 && status < 300) return;
    const isPassing = status === 429 || status >= 500;
    const advice = isPassing ? 'this message is lost' : 'make a new webhook and replace the secret';
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

function renderNames(items: { hashtag: string }[]): string {
  return formatList(
    items.map(({ hashtag }) => renderName(hashtag)),
    MAX_NAMES,
  );
}

function renderName(hashtag: string): string {
  return isolateRightToLeft(`#${escapeText(hashtag)}`);
}

/** Escapes text from outside: no mention, no link with another text, no markup of Slack. */
function escapeText(text: string): string {
  return plainText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '@\u2060') // a word joiner: Mattermost and Discord read @name as a mention
    .replaceAll('](', ']\u2060(');
}
