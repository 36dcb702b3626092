import { HashtagNameError, parseHashtagName } from './hashtag.ts';
import {
  createHttp,
  type HttpAnswer,
  HttpFault,
  parseJson,
  parseRetryAfter,
  serverNow,
} from './http.ts';
import { errorMessage, plainText } from './plain-text.ts';

export const DEFAULT_BASE_URL = 'https://api.scavio.dev';

/** A count is an exact integer in 0…2^53−1, or null where it is not known. */
export type Counts = { videoCount: number | null; viewCount: number | null };

/** What one request came to. Reasons are one line of plain text, without the key. */
export type Outcome =
  | ({ kind: 'counts' } & Counts)
  | { kind: 'not-found'; reason: string }
  /** This hashtag can't be had by asking again. */
  | { kind: 'rejected'; reason: string }
  /** A passing fault: worth asking again, after `retryAfterMs` where the API names a time. */
  | { kind: 'fault'; reason: string; retryAfterMs: number | null }
  | { kind: 'rate-limited'; reason: string; retryAfterMs: number | null }
  /** Nothing more can be had from the API in this run. */
  | { kind: 'stop'; reason: string };

/** The request allowance that the API reports; the reset is in Unix milliseconds of the local clock. */
export type RateLimit = { limit: number | null; remaining: number; resetAtMs: number };

/** An outcome with what came along; credits are null where the API does not say. */
export type Reply = {
  outcome: Outcome;
  rateLimit: RateLimit | null;
  creditsUsed: number | null;
  creditsRemaining: number | null;
};

/** Asks the API for one hashtag; never throws for what the API or the network does. */
export type AskScavio = (hashtag: string, signal: AbortSignal) => Promise<Reply>;

type ClientOptions = {
  /** Scheme, host and optional path that the endpoint's path is appended to. */
  baseUrl: string;
  key: string;
  fetch: typeof globalThis.fetch;
  now: () => number;
  /** Covers the whole answer, body included. */
  timeoutMs?: number;
};

/** A client for the hashtag endpoint. One call is one HTTP request: retries are up to the caller. */
export function createScavioClient(options: ClientOptions): AskScavio {
  const { baseUrl, key, now, timeoutMs = 30_000 } = options;
  const send = createHttp(options.fetch);
  const url = `${baseUrl.replace(/\/+$/, '')}/api/v1/tiktok/hashtag`;
  const redact = (text: string) => text.replaceAll(key, '***');

  return async (hashtag, signal) => {
    try {
      const answer = await send(url, {
        method: 'POST',
        // Current clients send hashtag_name, older ones hashtag; unknown fields are ignored.
        body: { hashtag_name: hashtag, hashtag },
        headers: { Authorization: `Bearer ${key}`, Accept: 'application/json' },
        timeoutMs,
        signal,
      });
      return parseReply(hashtag, answer, now());
    } catch (error) {
      const reason = plainText(
        redact(error instanceof HttpFault ? error.message : errorMessage(error)),
      );
      return noReply({ kind: 'fault', reason, retryAfterMs: null });
    }
  };

  function parseReply(hashtag: string, response: HttpAnswer, nowMs: number): Reply {
    const body = parseJson(response.text);
    const record = asRecord(body);
    const outcome = parseOutcome(hashtag, response, body, nowMs);
    return {
      // Not before it is parsed: JSON has several ways to write the key.
      outcome:
        'reason' in outcome ? { ...outcome, reason: plainText(redact(outcome.reason)) } : outcome,
      rateLimit: parseRateLimit(response.headers, nowMs),
      creditsUsed: parseCount(record?.credits_used),
      creditsRemaining: parseCount(record?.credits_remaining ?? record?.credit_balance),
    };
  }
}

/** What the account has left, or why that can't be told. Reasons are plain text, without the key. */
export type Usage =
  /** The key is good; what the API does not say is null. */
  | { kind: 'known'; plan: string | null; credits: number | null }
  | { kind: 'refused' | 'unreachable' | 'unknown'; reason: string };

/** Asks the API what the account has left, which costs nothing; never throws for what it answers. */
export async function fetchUsage(options: Omit<ClientOptions, 'now'>): Promise<Usage> {
  const { baseUrl, key, timeoutMs = 30_000 } = options;
  const plain = (text: string) => plainText(text.replaceAll(key, '***'));
  try {
    const { status, text } = await createHttp(options.fetch)(
      `${baseUrl.replace(/\/+$/, '')}/api/v1/usage`,
      {
        method: 'GET',
        headers: { Authorization: `Bearer ${key}`, Accept: 'application/json' },
        timeoutMs,
      },
    );
    const usage = asRecord(parseJson(text));
    const detail = errorDetail(usage);
    const reason = plain(`HTTP ${status}${detail ? `: ${detail}` : ''}`);
    if (status === 401 || status === 403) return { kind: 'refused', reason };
    if (status >= 300 && status < 400) return { kind: 'unreachable', reason };
    if (status !== 200) return { kind: 'unknown', reason };
    if (usage === null) return { kind: 'unreachable', reason: 'the answer is not a JSON object' };
    const plan = typeof usage.plan === 'string' ? plain(usage.plan) : null;
    return { kind: 'known', plan, credits: parseCount(usage.credit_balance) };
  } catch (error) {
    const reason = error instanceof HttpFault ? error.message : errorMessage(error);
    return { kind: 'unreachable', reason: plain(reason) };
  }
}

function noReply(outcome: Outcome): Reply {
  return { outcome, rateLimit: null, creditsUsed: null, creditsRemaining: null };
}

function parseOutcome(
  hashtag: string,
  { status, headers, text }: HttpAnswer,
  body: unknown,
  nowMs: number,
): Outcome {
  const detail = errorDetail(body);
  const reason = `HTTP ${status}${detail ? `: ${detail}` : ''}`;
  const retryAfterMs = () => parseWait(headers, body, detail, nowMs);
  if (status === 200) return parseAnswer(hashtag, body, text, detail);
  if (status === 401 || status === 403) {
    return { kind: 'stop', reason: `the API refused the key (${reason}); check SCAVIO_API_KEY` };
  }
  if (status === 402) {
    const billingUrl = asRecord(body)?.billing_url;
    const where = typeof billingUrl === 'string' ? ` at ${billingUrl}` : '';
    return { kind: 'stop', reason: `out of credits (${reason}); top up${where}, then run again` };
  }
  if (status === 404) return { kind: 'not-found', reason };
  if (status === 410) {
    return { kind: 'stop', reason: `the endpoint is retired (${reason}); update this tracker` };
  }
  if (status === 429) return { kind: 'rate-limited', reason, retryAfterMs: retryAfterMs() };
  if (status >= 500) return { kind: 'fault', reason, retryAfterMs: retryAfterMs() };
  if (status >= 300 && status < 400) {
    return {
      kind: 'rejected',
      reason: `${reason}: redirects are not followed; check SCAVIO_BASE_URL`,
    };
  }
  return { kind: 'rejected', reason };
}

function parseAnswer(hashtag: string, body: unknown, text: string, detail: string): Outcome {
  const top = asRecord(body);
  if (top === null) {
    // Not quoted: who knows what an answer holds that is not the API's.
    const what = text.trim() === '' ? 'empty' : 'not a JSON object';
    return { kind: 'fault', reason: `the answer is ${what}`, retryAfterMs: null };
  }
  const data = asRecord(top.data);
  const info = asRecord(data?.challengeInfo);
  const challenge = asRecord(info?.challenge);

  const title = challenge?.title;
  if (typeof title === 'string' && title !== '' && !isSameHashtag(title, hashtag)) {
    const id = challenge?.id;
    const which = typeof id === 'string' ? `#${title} (id ${id})` : `#${title}`;
    return { kind: 'rejected', reason: `the API answered for another hashtag: ${which}` };
  }
  const places = [info?.statsV2, info?.stats, challenge?.stats, data?.stats, data, top];
  for (const place of places) {
    const counts = parseCounts(asRecord(place));
    if (counts !== null) return { kind: 'counts', ...counts };
  }
  if (detail !== '') return { kind: 'rejected', reason: `HTTP 200, but an error: ${detail}` };
  if (isEmpty(top) || isEmpty(top.data) || isEmpty(data?.challengeInfo)) {
    return { kind: 'not-found', reason: 'the API knows no such hashtag' };
  }
  return { kind: 'rejected', reason: 'the answer holds neither a video count nor a view count' };
}

/** Null where the place holds neither count. */
function parseCounts(place: Record<string, unknown> | null): Counts | null {
  const videoCount = parseCount(place?.videoCount ?? place?.video_count);
  const viewCount = parseCount(place?.viewCount ?? place?.view_count);
  if (videoCount === null && viewCount === null) return null;
  return withoutQuirk({ videoCount, viewCount });
}

/** TikTok reports 0 videos beside many views where it does not know the number: then it is unknown. */
export function withoutQuirk({ videoCount, viewCount }: Counts): Counts {
  const isQuirk = videoCount === 0 && viewCount !== null && viewCount > 0;
  return { videoCount: isQuirk ? null : videoCount, viewCount };
}

/** An exact non-negative integer, given as a number or as digits; null for anything else. */
function parseCount(value: unknown): number | null {
  const isDigits = typeof value === 'string' && /^\d{1,16}$/.test(value);
  const count = isDigits ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0
    ? Math.abs(count)
    : null;
}

function isSameHashtag(title: string, hashtag: string): boolean {
  try {
    return parseHashtagName(title).name === hashtag;
  } catch (error) {
    if (error instanceof HashtagNameError) return false;
    throw error;
  }
}

/** The text of `{"error": {"code", "message"}}` (older) or `{"error": "text"}` (current). */
function errorDetail(body: unknown): string {
  const error = asRecord(body)?.error;
  if (typeof error === 'string') return error;
  const { code, message } = asRecord(error) ?? {};
  return [code, message].filter((part) => typeof part === 'string').join(': ');
}

/** Milliseconds to wait, from the header, the body, or its message. */
function parseWait(headers: Headers, body: unknown, detail: string, nowMs: number): number | null {
  const fromHeader = parseRetryAfter(headers, nowMs);
  if (fromHeader !== null) return fromHeader;
  const record = asRecord(body);
  const said =
    record?.retry_after ??
    asRecord(record?.error)?.retry_after ??
    /retry after (\d+(?:\.\d+)?) s/i.exec(detail)?.[1];
  const seconds = typeof said === 'number' ? said : Number.parseFloat(String(said));
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

function parseRateLimit(headers: Headers, nowMs: number): RateLimit | null {
  const number = (name: string) => {
    const text = headers.get(name)?.trim() ?? '';
    return /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
  };
  const remaining = number('x-ratelimit-remaining');
  const resetSeconds = number('x-ratelimit-reset');
  if (remaining === null || resetSeconds === null) return null;
  const resetAtMs = resetSeconds * 1000 - serverNow(headers, nowMs) + nowMs;
  return { limit: number('x-ratelimit-limit'), remaining, resetAtMs };
}

function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function isEmpty(value: unknown): boolean {
  return value === null || (asRecord(value) !== null && Object.keys(value as object).length === 0);
}
