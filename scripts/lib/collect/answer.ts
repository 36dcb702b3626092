import { type Counts, parseCount, withoutQuirk } from '../core/count.ts';
import { canonicalHashtag, showHashtag } from '../core/hashtag-name.ts';
import { type HttpAnswer, parseRetryAfter, serverNow } from '../system/http.ts';
import { parseExactJson } from './exact-json.ts';

/**
 * The result for a hashtag; `Found` is what was asked for. `failed`: asking again in this run would
 * not help. `rejected`: the API refuses the name.
 */
export type Result<Found = Counts> =
  | ({ kind: 'captured' } & Found)
  | { kind: 'not-found' | 'rejected' | 'failed' | 'not-asked'; reason: string };

/** The outcome of one request: a result, or a reason to ask again or to stop. */
export type Outcome<Found = Counts> =
  | Exclude<Result<Found>, { kind: 'not-asked' }>
  /** Worth asking again, after `retryAfterMs` if the API names a time. */
  | { kind: 'fault' | 'rate-limited'; reason: string; retryAfterMs: number | null }
  /** The API would refuse every other request of this run as well. */
  | { kind: 'stop'; reason: string };

/** The request allowance that the API reports; the reset is in Unix milliseconds of the local clock. */
export type RateLimit = { limit: number | null; remaining: number; resetAtMs: number };

/** An outcome, and what else the answer says. Credits are null if the API does not say. */
export type Reply<Found = Counts> = {
  outcome: Outcome<Found>;
  rateLimit: RateLimit | null;
  creditsUsed: number | null;
  creditsRemaining: number | null;
};

/** Reads the body of an answer that does not say that it failed. */
export type ReadBody<Found> = (top: Record<string, unknown>) => Outcome<Found>;

/** Reads the API's answer to one request. Reasons may contain anything. */
export function parseReply<Found>(
  answer: HttpAnswer,
  nowMs: number,
  readBody: ReadBody<Found>,
): Reply<Found> {
  const body = parseExactJson(answer.text);
  const record = asRecord(body);
  return {
    outcome: parseOutcome(answer, body, nowMs, readBody),
    rateLimit: parseRateLimit(answer.headers, nowMs),
    creditsUsed: parseCount(record?.credits_used),
    creditsRemaining: parseCount(record?.credits_remaining ?? record?.credit_balance),
  };
}

/** True for a reason that says what a person has to do. Until then the next run fails as well. */
export function asksForAction(reason: string): boolean {
  return isOutOfCredits(reason) || /; (check SCAVIO_|update this tracker)/.test(reason);
}

/** True for the reason of whatever was not asked because the credits were spent. */
export function isOutOfCredits(reason: string): boolean {
  return reason.startsWith('out of credits (');
}

function parseOutcome<Found>(
  answer: HttpAnswer,
  body: unknown,
  nowMs: number,
  readBody: ReadBody<Found>,
): Outcome<Found> {
  const { status, headers, text } = answer;
  const detail = errorDetail(body);
  const reason = `HTTP ${status}${detail ? `: ${detail}` : ''}`;
  if (status === 200) return parseAnswer(body, text, detail, readBody);
  if (status === 401 || status === 403) {
    return { kind: 'stop', reason: `the API refused the key (${reason}); check SCAVIO_API_KEY` };
  }
  if (status === 402) {
    const billingUrl = asRecord(body)?.billing_url;
    const where = typeof billingUrl === 'string' ? ` at ${billingUrl}` : '';
    return { kind: 'stop', reason: `out of credits (${reason}); top up${where}, then run again` };
  }
  if (status === 400 || status === 404 || status === 422) {
    const kind = status === 404 ? 'not-found' : 'rejected';
    return { kind: kindOfCode(body) ?? kind, reason };
  }
  if (status === 410) {
    return { kind: 'stop', reason: `the endpoint is retired (${reason}); update this tracker` };
  }
  if (status === 429 || status >= 500) {
    const retryAfterMs = parseWait(headers, body, detail, nowMs);
    return { kind: status === 429 ? 'rate-limited' : 'fault', reason, retryAfterMs };
  }
  const isRedirect = status >= 300 && status < 400;
  const advice = isRedirect ? ': redirects are not followed; check SCAVIO_BASE_URL' : '';
  return { kind: 'failed', reason: reason + advice };
}

function parseAnswer<Found>(
  body: unknown,
  text: string,
  detail: string,
  readBody: ReadBody<Found>,
): Outcome<Found> {
  const top = asRecord(body);
  if (top === null) {
    // Not quoted: an answer that is not from the API could contain anything.
    const what = text.trim() === '' ? 'empty' : 'not a JSON object';
    return { kind: 'fault', reason: `the answer is ${what}`, retryAfterMs: null };
  }
  return explainFailure(top, detail) ?? readBody(top);
}

/** Reads the counts of the hashtag. */
export function readCounts(hashtag: string, top: Record<string, unknown>): Outcome {
  const data = asRecord(top.data);
  const info = asRecord(data?.challengeInfo);
  const challenge = asRecord(info?.challenge);
  const title = challenge?.title;
  if (typeof title === 'string' && title !== '' && canonicalHashtag(title) !== hashtag) {
    const id = challenge?.id;
    const which = typeof id === 'string' ? `${showHashtag(title)} (id ${id})` : showHashtag(title);
    return { kind: 'failed', reason: `the API answered for another hashtag: ${which}` };
  }
  const subjects = [top, top.data, data?.challengeInfo, info?.challenge];
  const isAboutNothing =
    subjects.some((subject) => subject !== undefined && isNothing(subject)) ||
    isNameless(challenge);
  const places = [info?.statsV2, info?.stats, challenge?.stats, data?.stats, data, top];
  const read = places.map((place) => parseCounts(asRecord(place), isAboutNothing));
  const counts = chooseCounts(read);
  if (counts !== null) return { kind: 'captured', ...counts };
  if (isAboutNothing) return { kind: 'not-found', reason: 'the API knows no such hashtag' };
  return { kind: 'failed', reason: 'the answer has neither a video count nor a view count' };
}

/**
 * TikTok's own number of the hashtag, by which its videos are asked for; null if the answer has none.
 * It can be too large for a number, so it is a text.
 */
export function readTiktokId(body: unknown): string | null {
  const info = asRecord(asRecord(asRecord(body)?.data)?.challengeInfo);
  return parseId(asRecord(info?.challenge)?.id);
}

/** An id of TikTok, of up to 20 digits; null for anything else, and for 0. */
export function parseId(value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^[1-9]\d{0,19}$/.test(text) ? text : null;
}

/** The outcome of an answer that says that it failed, whatever else it holds; null for others. */
function explainFailure(
  top: Record<string, unknown>,
  detail: string,
): Exclude<Outcome, { kind: 'captured' }> | null {
  const parts = partsOf(top);
  const words = detail || parts.map(errorDetail).find((part) => part !== '') || '';
  const said = words === '' ? '' : `: ${words}`;
  const kind = kindOfCode(top);
  if (kind === 'not-found') return { kind, reason: `the API knows no such hashtag${said}` };
  if (kind === 'rejected') return { kind, reason: `the API refuses this name${said}` };
  const code = parts.flatMap(codesOf).find((value) => !isNothing(value));
  if (code === undefined && !parts.some(saysThatItFailed)) return null;
  const what = code === undefined ? 'an error' : `an error (code ${renderCode(code)})`;
  return { kind: 'failed', reason: `HTTP 200, but ${what}${said}` };
}

/** The parts of an answer that can say how it went, from the outside in. */
function partsOf(body: unknown): Record<string, unknown>[] {
  const top = asRecord(body);
  const data = asRecord(top?.data);
  return [top, data, asRecord(data?.challengeInfo)].filter((part) => part !== null);
}

/** TikTok's own codes. At the top level, a code of 200 only repeats the status of HTTP. */
function codesOf({ statusCode, status_code }: Record<string, unknown>, depth: number): unknown[] {
  const codes = [statusCode, status_code];
  return depth === 0 ? codes.filter((code) => parseCount(code) !== 200) : codes;
}

/** True if a part of an answer says, in one of the usual ways, that there was an error. */
function saysThatItFailed(part: Record<string, unknown>): boolean {
  const { error, errors, success, ok, status, code } = part;
  const isError = (value: unknown) =>
    /^(error|fail(ed|ure)?)$/i.test(String(value)) || (parseCount(value) ?? 0) >= 400;
  return (
    ![error, errors].every(isNothing) || [success, ok].some(isNo) || [status, code].some(isError)
  );
}

/** What TikTok's own code says of the hashtag; null if there is no such code. */
function kindOfCode(body: unknown): 'not-found' | 'rejected' | null {
  const codes = partsOf(body).flatMap(codesOf);
  const known = [...codes, asRecord(asRecord(body)?.error)?.code].map(parseCount);
  if (known.includes(CODE_REJECTED)) return 'rejected';
  return known.includes(CODE_NOT_FOUND) ? 'not-found' : null;
}

const CODE_NOT_FOUND = 10202;
const CODE_REJECTED = 10205;

function renderCode(code: unknown): string {
  return typeof code === 'object' ? JSON.stringify(code) : String(code);
}

/** A place's counts. Zeros are unknown in an answer that is about no hashtag. */
function parseCounts(place: Record<string, unknown> | null, isAboutNothing: boolean): Counts {
  const read = (camelCase: string, snakeCase: string) => {
    const count = firstUsable([place?.[camelCase], place?.[snakeCase]].map(parseCount));
    return isAboutNothing && count === 0 ? null : count;
  };
  return {
    videoCount: read('videoCount', 'video_count'),
    viewCount: read('viewCount', 'view_count'),
  };
}

/**
 * Each count from the first place with a usable one; null if there is none at all. 0 videos beside
 * some views are not usable: TikTok reports 0 if it does not know the number.
 */
function chooseCounts(places: Counts[]): Counts | null {
  const videoCount = firstUsable(places.map((place) => place.videoCount));
  const viewCount = firstUsable(places.map((place) => place.viewCount));
  return videoCount === null && viewCount === null ? null : withoutQuirk({ videoCount, viewCount });
}

/** The first count; not a 0 if another one is more, because then the 0 stands for "unknown". */
function firstUsable(counts: (number | null)[]): number | null {
  const known = counts.filter((count) => count !== null);
  return known.find((count) => count > 0) ?? known[0] ?? null;
}

/** The text of `{"error": {"code", "message"}}` (older) or `{"error": "text"}` (current). */
export function errorDetail(body: unknown): string {
  const error = asRecord(body)?.error;
  if (typeof error === 'string') return error;
  const { code, message } = asRecord(error) ?? {};
  return [code, message].filter((part) => typeof part === 'string').join(': ');
}

/** Milliseconds to wait, as the header, the body or its message says; null if none does. */
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

export function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

/** True for a challenge whose id and title are empty. */
function isNameless(challenge: Record<string, unknown> | null): boolean {
  if (challenge === null || !('id' in challenge || 'title' in challenge)) return false;
  return isNothing(challenge.id) && isNothing(challenge.title);
}

/** True for what stands in an answer where there is nothing to say: `null`, `""`, `0`, `{}`. */
function isNothing(value: unknown): boolean {
  if (typeof value === 'string') return ['', '0'].includes(value.trim());
  return !value || (typeof value === 'object' && Object.keys(value).length === 0);
}

function isNo(value: unknown): boolean {
  return value === 0 || /^false$/i.test(String(value));
}
