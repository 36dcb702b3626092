import type { Clock } from './clock.ts';
import { errorMessage } from './plain-text.ts';

/** A whole HTTP answer, whatever its status. */
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

/** Sends one request, once; redirects are not followed. Rejects with an HttpFault. */
export type SendHttp = (url: string, request: HttpRequest) => Promise<HttpAnswer>;

/** No whole answer came. The message names the fault, such as "connect ECONNREFUSED …". */
export class HttpFault extends Error {
  override name = 'HttpFault';
}

/** What was asked for was not done. The message says why, and what to do. */
export class RequestError extends Error {
  override name = 'RequestError';
  /** After so long another try may succeed; null where none will. */
  readonly retryAfterMs: number | null;

  constructor(message: string, retryAfterMs: number | null, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

const MAX_BODY_CHARACTERS = 5_000_000;
const MAX_RETRY_WAIT_MS = 60_000;

/** How requests are sent with the given `fetch`. */
export function createHttp(fetch: typeof globalThis.fetch): SendHttp {
  return async (url, { method, headers, body, timeoutMs, signal }) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, {
        method,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        redirect: 'manual', // a redirect could carry a secret to another host
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

/** Tries once more where a RequestError says that it may help, unless that is over a minute away. */
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

/** Milliseconds that the Retry-After header asks to wait: seconds or an HTTP date; null without one. */
export function parseRetryAfter(headers: Headers, nowMs: number): number | null {
  const header = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1000;
  const dateMs = / GMT$/i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - serverNow(headers, nowMs));
}

/**
 * The server's clock. Its Date header is in whole seconds, so a small difference from the local
 * clock says nothing and the local clock, which is finer, is taken.
 */
export function serverNow(headers: Headers, nowMs: number): number {
  const dateMs = Date.parse(headers.get('date') ?? '');
  return Math.abs(dateMs - nowMs) > 3000 ? dateMs : nowMs;
}

/** The JSON value of a text; undefined, which no JSON value is, where it is none. */
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
    if (text.length > MAX_BODY_CHARACTERS) throw new Error('the answer is absurdly long');
  }
  return text + decoder.decode();
}

/** The innermost cause, which names the fault ("connect ECONNREFUSED …"); fetch only wraps it. */
function networkReason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return networkReason(error.errors[0]);
  }
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? networkReason(cause) : errorMessage(error);
}
