import { TrackerError } from '../core/errors.ts';
import { errorMessage } from '../core/text.ts';
import type { Clock } from './clock.ts';

/** A complete HTTP answer, whatever its status. */
export type HttpAnswer = { status: number; headers: Headers; text: string };

export type HttpRequest = {
  method: 'GET' | 'POST' | 'PATCH';
  headers: Record<string, string>;
  /** Sent as JSON. */
  body?: object;
  /** Covers the whole answer, body included. */
  timeoutMs: number;
  signal?: AbortSignal;
};

/** Sends one request, once. Redirects are not followed. Rejects with an HttpFault. */
export type SendHttp = (url: string, request: HttpRequest) => Promise<HttpAnswer>;

/** No complete answer came. The message says why, such as "connect ECONNREFUSED …". */
export class HttpFault extends Error {
  override name = 'HttpFault';
}

/** The server did not do what it was asked to do. The message says why, and what to do. */
export class RequestError extends TrackerError {
  override name = 'RequestError';
  /** Another try may succeed after this time; null if none will. */
  readonly retryAfterMs: number | null;

  constructor(message: string, retryAfterMs: number | null, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

const MAX_BODY_CHARACTERS = 5_000_000;
const MAX_RETRY_WAIT_MS = 60_000;

/** The only way to send HTTP requests, with the given `fetch`. Loads its client in advance. */
export function createHttp(fetch: typeof globalThis.fetch): SendHttp {
  const client = import('ofetch').then(({ createFetch }) => createFetch({ fetch }));
  return async (url, { method, headers, body, timeoutMs, signal }) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await (await client).raw<undefined, 'stream'>(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        redirect: 'manual', // a redirect could carry a secret to another host
        retry: false,
        ignoreResponseError: true,
        responseType: 'stream', // so that the time-out and the limit cover the body as well
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      const text = await readBody(response.body);
      return { status: response.status, headers: response.headers, text };
    } catch (cause) {
      const reason = timeout.aborted
        ? `no answer within ${timeoutMs / 1000} s`
        : networkReason(cause);
      throw new HttpFault(reason, { cause });
    }
  };
}

/** Tries once more if a RequestError says that it may help, unless the wait is over a minute. */
export async function tryTwice<T>(clock: Clock, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    const waitMs = error instanceof RequestError ? error.retryAfterMs : null;
    if (waitMs === null || waitMs > MAX_RETRY_WAIT_MS) throw error;
    await clock.sleep(waitMs);
    return attempt();
  }
}

/** Milliseconds to wait, from the Retry-After header (seconds or an HTTP date); null without it. */
export function parseRetryAfter(headers: Headers, nowMs: number): number | null {
  const header = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1000;
  const dateMs = / GMT$/i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - serverNow(headers, nowMs));
}

/**
 * The server's clock (Unix milliseconds). Its Date header is in whole seconds, so the more precise
 * local clock is used if the two differ only a little.
 */
export function serverNow(headers: Headers, nowMs: number): number {
  const dateMs = Date.parse(headers.get('date') ?? '');
  return Math.abs(dateMs - nowMs) > 3000 ? dateMs : nowMs;
}

/** The JSON value of a text; undefined if the text is not JSON. (No JSON value is undefined.) */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readBody(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_BODY_CHARACTERS) throw new Error('the answer is far too long');
  }
  return text + decoder.decode();
}

/** The innermost cause, which says what failed. ofetch and fetch only wrap it. */
function networkReason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return networkReason(error.errors[0]);
  }
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? networkReason(cause) : errorMessage(error);
}
