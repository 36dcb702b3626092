import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What the stand-in does with one request instead of answering like the API. */
export type Fault =
  | { status: number; body?: unknown; headers?: Record<string, string> }
  /** The connection is dropped: before the answer, or in the middle of it. */
  | 'reset'
  | 'cut'
  /** The answer never comes; or it begins and never ends. */
  | 'hang'
  | 'drip'
  /** 200 with a body that is not JSON, or that its encoding does not fit. */
  | 'nonsense'
  | 'broken-gzip';

export type StandInOptions = {
  /** The JSON body of a hashtag's 200 answer, before credits are added. */
  answer: (hashtag: string) => object;
  /** The JSON body of the 200 answer about a hashtag's videos. Default: no video. */
  videos?: (hashtagId: string) => object;
  /** Called before each answer about videos. `nth` counts the requests for the hashtag from 1. */
  videosFault?: (hashtagId: string, nth: number) => Fault | null;
  /** Called before each answer. `nth` counts the requests for the hashtag from 1. */
  fault?: (hashtag: string, nth: number) => Fault | null;
  key?: string;
  credits?: number;
  latencyMs?: number;
  /** Requests per window, aligned to the clock. Without `headers`, only a 429 shows the limit. */
  limit?: { requests: number; windowMs: number; headers: boolean };
  maxInFlight?: number;
  /** The API's clock in Unix milliseconds. Default: the machine's clock. */
  now?: () => number;
};

/** A running stand-in. */
export type StandIn = {
  url: string;
  /** The hashtag of each request, in order. Includes faults and refusals. */
  requests: string[];
  /** The id of the hashtag in each request for videos, in order, likewise. */
  videoRequests: string[];
  /** How many requests were refused with 429. */
  refused: () => number;
  close: () => Promise<void>;
};

export const DEMO_KEY = 'demo-key-without-value';

/**
 * Starts a stand-in for the Scavio hashtag endpoint on loopback, for the demo and the tests. It has
 * the contract, limits and faults of the API as far as they are known.
 */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const { key = DEMO_KEY, latencyMs = 0, limit, now = () => Date.now() } = options;
  const { maxInFlight = Number.POSITIVE_INFINITY } = options;
  const requests: string[] = [];
  const videoRequests: string[] = [];
  const countOf = new Map<string, number>();
  let credits = options.credits ?? 1000;
  let inFlight = 0;
  let refused = 0;
  let window = { number: -1, used: 0 };

  const server = createServer((request, response) => {
    response.setHeader('Date', new Date(now()).toUTCString());
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    videoRequests,
    refused: () => refused,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request);
    if (request.headers.authorization !== `Bearer ${key}`) {
      return send(response, 401, { error: { code: 'unauthorized', message: 'Invalid API key' } });
    }
    if (request.method === 'GET' && request.url === '/api/v1/usage') {
      return send(response, 200, { plan: 'free', credit_balance: credits, purchased_credits: 0 });
    }
    if (request.method === 'POST' && request.url === '/api/v1/tiktok/hashtag/videos') {
      return handleVideos(body, response);
    }
    if (request.method !== 'POST' || request.url !== '/api/v1/tiktok/hashtag') {
      return send(response, 404, { error: 'Not found' });
    }
    const hashtag = body?.hashtag_name;
    if (typeof hashtag !== 'string' || hashtag === '') {
      return send(response, 400, { error: 'hashtag_name or hashtag_id is required' });
    }
    requests.push(hashtag);
    await respond(response, {
      name: hashtag,
      fault: options.fault,
      answer: () => options.answer(hashtag),
    });
  }

  async function handleVideos(body: Record<string, unknown> | null, response: ServerResponse) {
    const id = body?.hashtag_id;
    const count = body?.count ?? 20;
    if (typeof id !== 'string' || !/^\d+$/.test(id)) {
      return send(response, 400, { error: 'hashtag_id is required' });
    }
    if (typeof count !== 'number' || count < 1 || count > 30) {
      return send(response, 400, { error: 'count must be between 1 and 30' });
    }
    videoRequests.push(id);
    await respond(response, {
      name: `videos of ${id}`,
      fault: options.videosFault && ((_, nth) => options.videosFault?.(id, nth) ?? null),
      answer: () => options.videos?.(id) ?? videosAnswer([]),
    });
  }

  /** What both endpoints share: limits, faults, credits. */
  async function respond(
    response: ServerResponse,
    {
      name,
      fault,
      answer,
    }: { name: string; fault: StandInOptions['fault'] | undefined; answer: () => object },
  ): Promise<void> {
    const headers = takeFromWindow();
    if (headers.refused) {
      refused++;
      return send(response, 429, { error: 'Too many requests' }, headers.fields);
    }
    if (inFlight >= maxInFlight) {
      refused++;
      return send(response, 429, { error: 'Too many requests at once' }, { 'Retry-After': '1' });
    }
    inFlight++;
    try {
      if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
      const nth = (countOf.get(name) ?? 0) + 1;
      countOf.set(name, nth);
      const committed = fault?.(name, nth) ?? null;
      if (committed !== null) return commit(response, committed);
      if (credits <= 0) {
        const error = {
          error: 'Out of credits',
          credit_balance: 0,
          billing_url: 'https://example.org/billing',
        };
        return send(response, 402, error, headers.fields);
      }
      credits--;
      const envelope = { response_time: 969, credits_used: 1, credits_remaining: credits };
      send(response, 200, { ...answer(), ...envelope }, headers.fields);
    } finally {
      inFlight--;
    }
  }

  function takeFromWindow(): { refused: boolean; fields: Record<string, string> } {
    if (limit === undefined) return { refused: false, fields: {} };
    const number = Math.floor(now() / limit.windowMs);
    if (window.number !== number) window = { number, used: 0 };
    const isRefused = window.used >= limit.requests;
    if (!isRefused) window.used++;
    const resetMs = (number + 1) * limit.windowMs;
    const retryAfter = String(Math.ceil((resetMs - now()) / 1000));
    return {
      refused: isRefused,
      fields: {
        ...(isRefused ? { 'Retry-After': retryAfter } : {}),
        ...(limit.headers
          ? {
              'X-RateLimit-Limit': String(limit.requests),
              'X-RateLimit-Remaining': String(limit.requests - window.used),
              'X-RateLimit-Reset': String(resetMs / 1000),
            }
          : {}),
      },
    };
  }
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown> | null> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? null : JSON.parse(text);
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(text);
}

function commit(response: ServerResponse, fault: Fault): void {
  if (typeof fault === 'object') {
    send(response, fault.status, fault.body, fault.headers);
    return;
  }
  switch (fault) {
    case 'reset':
      response.destroy();
      return;
    case 'cut':
      response.writeHead(200, { 'Content-Length': '500' }).write('{"data": {"challengeInfo": {');
      setImmediate(() => response.destroy());
      return;
    case 'hang':
      return; // the client's time-out ends it
    case 'drip':
      response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"data": ');
      return;
    case 'nonsense':
      send(response, 200, '<html>Bad gateway | ::error::not JSON</html>');
      return;
    case 'broken-gzip':
      response
        .writeHead(200, { 'Content-Encoding': 'gzip' })
        .end(gzipSync('{"data": {}}').subarray(0, 15));
  }
}

/** A 200 answer in the API's current shape: `statsV2` is exact, `stats` is rounded. */
export function hashtagAnswer(
  name: string,
  videoCount: number | null,
  viewCount: number,
  id = '7123456789012345678',
): object {
  const round = (count: number) => Number(count.toPrecision(2));
  return {
    data: {
      challengeInfo: {
        challenge: { id, title: name, desc: '' },
        stats: { videoCount: round(videoCount ?? 0), viewCount: round(viewCount) },
        statsV2: { videoCount: String(videoCount ?? 0), viewCount: String(viewCount) },
      },
    },
  };
}

/** The answer for a hashtag that TikTok does not have. */
export const UNKNOWN_HASHTAG_ANSWER = { data: { challengeInfo: null } };

/** A video of the stand-in. `createdMs` is in Unix milliseconds. */
export type StandInVideo = {
  id: string;
  author: string;
  plays: number;
  createdMs: number;
  /** The hashtags that it names, without #. */
  hashtags: string[];
};

/** A 200 answer about videos, in the shape of TikTok's app or of its web page. */
export function videosAnswer(videos: StandInVideo[], shape: 'app' | 'web' = 'app'): object {
  const seconds = (ms: number) => Math.floor(ms / 1000);
  if (shape === 'app') {
    const items = videos.map(({ id, author, plays, createdMs, hashtags }) => ({
      aweme_id: id,
      desc: hashtags.map((name) => `#${name}`).join(' '),
      create_time: seconds(createdMs),
      author: { unique_id: author, nickname: author },
      statistics: { play_count: plays, digg_count: 1, comment_count: 1, share_count: 1 },
      text_extra: hashtags.map((name) => ({ hashtag_name: name })),
    }));
    return { data: { aweme_list: items, cursor: items.length, has_more: 1, status_code: 0 } };
  }
  const items = videos.map(({ id, author, plays, createdMs, hashtags }) => ({
    id,
    desc: hashtags.map((name) => `#${name}`).join(' '),
    createTime: seconds(createdMs),
    author: { uniqueId: author, nickname: author },
    stats: { playCount: Number(plays.toPrecision(2)), diggCount: 1 },
    statsV2: { playCount: String(plays), diggCount: '1' },
    challenges: hashtags.map((name) => ({ title: name })),
    textExtra: hashtags.map((name) => ({ hashtagName: name })),
  }));
  return { data: { itemList: items, cursor: String(items.length), hasMore: true, statusCode: 0 } };
}
