import type { Counts } from '../core/count.ts';
import { parseCount } from '../core/count.ts';
import { plainText } from '../core/text.ts';
import { type HttpAnswer, HttpFault, type HttpRequest, type SendHttp } from '../system/http.ts';
import type { ApiAccess } from './access.ts';
import {
  asRecord,
  errorDetail,
  type Outcome,
  parseReply,
  type ReadBody,
  type Reply,
  readCounts,
  readTiktokId,
} from './answer.ts';
import { parseExactJson } from './exact-json.ts';
import { type FoundVideos, readVideos } from './videos-answer.ts';

type ClientOptions = ApiAccess & {
  send: SendHttp;
  now: () => number;
  /** Covers the whole answer, body included. */
  timeoutMs?: number;
};

/** Asks the API about one hashtag. It never throws because of the API or the network. */
export type AskScavio<Found = Counts> = (
  hashtag: string,
  signal: AbortSignal,
) => Promise<Reply<Found>>;

/** So many videos of a hashtag are asked for; the API gives at most 30. */
const VIDEOS_PER_REQUEST = 30;

/**
 * A client for the hashtag endpoint. One call is one HTTP request; retries are up to the caller.
 * Reasons are one line of plain text, without the key.
 * @param onId is told TikTok's own number of a captured hashtag
 */
export function createScavioClient(
  options: ClientOptions,
  onId: (hashtag: string, tiktokId: string) => void = () => {},
): AskScavio {
  return (hashtag, signal) => {
    // Current clients send hashtag_name, older ones hashtag. Unknown fields are ignored.
    const body = { hashtag_name: hashtag, hashtag };
    return post('/api/v1/tiktok/hashtag', body, signal, options, (top) => {
      const outcome = readCounts(hashtag, top);
      const tiktokId = outcome.kind === 'captured' ? readTiktokId(top) : null;
      if (tiktokId !== null) onId(hashtag, tiktokId);
      return outcome;
    });
  };
}

/**
 * The same for the videos of a hashtag.
 * @param idOf TikTok's own number of a hashtag
 */
export function createVideosClient(
  options: ClientOptions,
  idOf: (hashtag: string) => string,
): AskScavio<FoundVideos> {
  return (hashtag, signal) => {
    const body = { hashtag_id: idOf(hashtag), count: VIDEOS_PER_REQUEST };
    return post('/api/v1/tiktok/hashtag/videos', body, signal, options, (top) =>
      withoutKeyInNames(readVideos(hashtag, top, options.now()), options),
    );
  };
}

/** Names are stored, and an API that echoes the key could put it there. */
function withoutKeyInNames(outcome: Outcome<FoundVideos>, { key }: ApiAccess) {
  if (outcome.kind !== 'captured') return outcome;
  const isKey = (name: string | null) => name?.toLowerCase().includes(key.toLowerCase()) ?? false;
  return {
    ...outcome,
    videos: outcome.videos.map((video) =>
      isKey(video.author) ? { ...video, author: null } : video,
    ),
    companions: outcome.companions.filter(({ hashtag }) => !isKey(hashtag)),
  };
}

async function post<Found>(
  endpoint: string,
  body: object,
  signal: AbortSignal,
  options: ClientOptions,
  readBody: ReadBody<Found>,
): Promise<Reply<Found>> {
  const clean = (outcome: Outcome<Found>): Outcome<Found> =>
    // Only after parsing, because JSON can write the key in several ways.
    'reason' in outcome ? { ...outcome, reason: withoutKey(outcome.reason, options) } : outcome;
  try {
    const answer = await request('POST', endpoint, options, { body, signal });
    const reply = parseReply(answer, options.now(), readBody);
    return { ...reply, outcome: clean(reply.outcome) };
  } catch (error) {
    if (!(error instanceof HttpFault)) throw error;
    const outcome = clean({ kind: 'fault', reason: error.message, retryAfterMs: null });
    return { outcome, rateLimit: null, creditsUsed: null, creditsRemaining: null };
  }
}

/** What the account has left, or why that is unknown. Reasons are plain text, without the key. */
export type Usage =
  /** The key is accepted; what the API does not say is null. */
  | { kind: 'known'; plan: string | null; credits: number | null }
  | { kind: 'refused' | 'unreachable' | 'unknown'; reason: string };

/** Asks the API what the account has left. It is free, and never throws because of the answer. */
export async function fetchUsage(options: Omit<ClientOptions, 'now'>): Promise<Usage> {
  try {
    const { status, text } = await request('GET', '/api/v1/usage', options);
    const usage = asRecord(parseExactJson(text));
    const detail = errorDetail(usage);
    const reason = withoutKey(`HTTP ${status}${detail ? `: ${detail}` : ''}`, options);
    if (status === 401 || status === 403) return { kind: 'refused', reason };
    if (status >= 300 && status < 400) return { kind: 'unreachable', reason };
    if (status !== 200) return { kind: 'unknown', reason };
    if (usage === null) return { kind: 'unreachable', reason: 'the answer is not a JSON object' };
    const plan = typeof usage.plan === 'string' ? withoutKey(usage.plan, options) : null;
    return { kind: 'known', plan, credits: parseCount(usage.credit_balance) };
  } catch (error) {
    if (!(error instanceof HttpFault)) throw error;
    return { kind: 'unreachable', reason: withoutKey(error.message, options) };
  }
}

function request(
  method: HttpRequest['method'],
  endpoint: string,
  { baseUrl, key, send, timeoutMs = 30_000 }: Omit<ClientOptions, 'now'>,
  extras: Pick<HttpRequest, 'body' | 'signal'> = {},
): Promise<HttpAnswer> {
  const headers = { Authorization: `Bearer ${key}`, Accept: 'application/json' };
  const url = `${baseUrl.replace(/\/+$/, '')}${endpoint}`;
  return send(url, { method, headers, timeoutMs, ...extras });
}

function withoutKey(text: string, { key }: ApiAccess): string {
  return plainText(text.replaceAll(key, '***'));
}
