import type { IncomingHttpHeaders } from 'node:http';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEMO_KEY, type Fault, hashtagAnswer } from '../../scripts/lab/stand-in.ts';
import type { Reply } from '../../scripts/lib/collect/answer.ts';
import { createScavioClient, fetchUsage } from '../../scripts/lib/collect/scavio.ts';
import { createHttp } from '../../scripts/lib/system/http.ts';
import {
  type HttpAnswer,
  startAnswering,
  startHttpServer,
  startTcpServer,
} from '../helpers/http.ts';
import { startApi } from '../helpers/tracker.ts';

const KEY = 'sk_live_0123456789abcdefghijklmnopqrstuvwxyz';
const NOW_MS = Date.UTC(2026, 10, 22, 6, 17);
const NEVER = new AbortController().signal;

type ClientOptions = Partial<Parameters<typeof createScavioClient>[0]>;

function askAt(baseUrl: string, hashtag = 'ai', options: ClientOptions = {}): Promise<Reply> {
  const ask = createScavioClient({
    baseUrl,
    key: KEY,
    send: createHttp(globalThis.fetch),
    now: () => NOW_MS,
    timeoutMs: 10_000,
    ...options,
  });
  return ask(hashtag, NEVER);
}

/** Asks a server that gives this answer. Its clock shows the same time as the client's. */
async function replyTo(answer: HttpAnswer, hashtag?: string): Promise<Reply> {
  const headers = { Date: new Date(NOW_MS).toUTCString(), ...answer.headers };
  return askAt(await startAnswering({ ...answer, headers }), hashtag);
}

async function outcomeOf(body: HttpAnswer['body'], hashtag?: string): Promise<Reply['outcome']> {
  return (await replyTo({ body: body ?? '' }, hashtag)).outcome;
}

function reasonOf({ outcome }: Reply): string {
  return 'reason' in outcome ? outcome.reason : '';
}

function counts(videoCount: number | null, viewCount: number | null) {
  return { kind: 'captured', videoCount, viewCount };
}

function isCountOrNull(count: unknown): boolean {
  return (
    count === null || (Number.isSafeInteger(count) && (Object.is(count, 0) || Number(count) > 0))
  );
}

describe('a request', () => {
  type Seen = { method?: string; url?: string; headers: IncomingHttpHeaders; body: unknown };

  async function startRecorder(): Promise<{ url: string; seen: Seen[] }> {
    const seen: Seen[] = [];
    const url = await startHttpServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      const { method = '', url: path = '', headers } = request;
      seen.push({ method, url: path, headers, body: JSON.parse(text) });
      response.end(JSON.stringify(hashtagAnswer('ai', 1, 2)));
    });
    return { url, seen };
  }

  it('is one POST with the key, and with the name in the current and the older body field', async () => {
    const { url, seen } = await startRecorder();
    await askAt(url);
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/api/v1/tiktok/hashtag',
        headers: expect.objectContaining({
          authorization: `Bearer ${KEY}`,
          'content-type': 'application/json',
        }),
        body: { hashtag_name: 'ai', hashtag: 'ai' },
      },
    ]);
  });

  it.each(['日本語', 'école', 'สวัสดี', 'हिन्दी', '𝒶𝒾', 'a_1'])(
    'carries #%s unchanged',
    async (hashtag) => {
      const { url, seen } = await startRecorder();
      await askAt(url, hashtag);
      expect(seen[0]?.body).toEqual({ hashtag_name: hashtag, hashtag });
    },
  );

  it.each(['', '/', '/proxy/scavio', '/proxy/scavio/'])(
    'goes to a path below a base URL that ends in "%s"',
    async (path) => {
      const { url, seen } = await startRecorder();
      await askAt(url + path);
      expect(seen[0]?.url).toBe(`${path.replace(/\/$/, '')}/api/v1/tiktok/hashtag`);
    },
  );

  it('is sent only once even if it fails, because the caller decides about retries', async () => {
    for (const fault of [{ status: 503 }, { status: 429 }, 'reset', 'cut', 'nonsense'] as const) {
      const api = await startApi({ fault: () => fault });
      await askAt(api.url, 'ai', { key: DEMO_KEY });
      expect(api.requests).toEqual(['ai']);
    }
  });
});

describe('the counts of a 200 answer', () => {
  const exact = { videoCount: '1393011852', viewCount: '119178103482915' };
  const inExact = counts(1_393_011_852, 119_178_103_482_915);
  const rounded = { videoCount: 0, viewCount: 119_178_100_000_000 };
  const snake = { video_count: 1_247_832, view_count: 98_412_233 };
  const inSnake = counts(1_247_832, 98_412_233);
  const challenge = { id: '229207', title: 'fyp', desc: '' };

  it.each([
    [
      'the documented example: exact strings rather than rounded numbers',
      {
        data: { challengeInfo: { challenge, stats: rounded, statsV2: exact } },
        response_time: 969,
        credits_used: 1,
        credits_remaining: 6543,
      },
      inExact,
    ],
    ['challengeInfo.statsV2', { data: { challengeInfo: { statsV2: exact } } }, inExact],
    ['challengeInfo.stats', { data: { challengeInfo: { challenge, stats: snake } } }, inSnake],
    [
      'challengeInfo.challenge.stats',
      { data: { challengeInfo: { challenge: { ...challenge, stats: snake } } } },
      inSnake,
    ],
    ['data.stats', { data: { stats: exact } }, inExact],
    ['data', { data: snake }, inSnake],
    ['the top level, as in the tutorial', snake, inSnake],
  ])('are read from %s', async (_, body, expected) => {
    expect(await outcomeOf(body, 'fyp')).toEqual(expected);
  });

  it('are taken from the first place that has them, in the documented order', async () => {
    let body = {};
    const url = await startAnswering(() => ({ body }));
    const place = fc.option(
      fc.record({ count: fc.integer({ min: 1 }), isSnakeCase: fc.boolean(), isText: fc.boolean() }),
      { nil: undefined },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(place, { minLength: 6, maxLength: 6 }), async (places) => {
        const first = places.find((candidate) => candidate !== undefined);
        fc.pre(first !== undefined);
        const [statsV2, stats, challengeStats, dataStats, data, top] = places.map((present) => {
          if (present === undefined) return undefined;
          const value = present.isText ? String(present.count) : present.count;
          return present.isSnakeCase
            ? { video_count: value, view_count: value }
            : { videoCount: value, viewCount: value };
        });
        const challengeInfo = { statsV2, stats, challenge: { title: 'ai', stats: challengeStats } };
        const hasInfo = statsV2 ?? stats ?? challengeStats;
        const hasData = hasInfo ?? dataStats ?? data;
        body = {
          ...top,
          ...(hasData && {
            data: { ...data, stats: dataStats, ...(hasInfo && { challengeInfo }) },
          }),
        };
        const { outcome } = await askAt(url);
        expect(outcome).toEqual(counts(first?.count ?? null, first?.count ?? null));
      }),
      { numRuns: 64 },
    );
  });

  it.each([
    ['a number', 1_247_832, 1_247_832],
    ['digits in a string', '1247832', 1_247_832],
    ['zero', '0', 0],
    ['the largest exact integer', 2 ** 53 - 1, 2 ** 53 - 1],
    ['the largest exact integer in a string', '9007199254740991', 2 ** 53 - 1],
    ['2^53', 2 ** 53, null],
    ['2^53 in a string', '9007199254740992', null],
    ['a string that rounds to 2^53', '9007199254740993', null],
    ['twenty digits', '18446744073709551615', null],
    ['a fraction', 12.5, null],
    ['a fraction in a string', '12.5', null],
    ['a negative number', -1, null],
    ['a negative number in a string', '-1', null],
    ['a short form', '12.3K', null],
    ['a number with thousands separators', '1,247,832', null],
    ['an exponent in a string', '1e6', null],
    ['a hexadecimal number', '0x10', null],
    ['digits of another script', '١٢٣', null],
    ['an empty string', '', null],
    ['blanks', ' ', null],
    ['null', null, null],
    ['missing', undefined, null],
    ['a boolean', true, null],
    ['a list', [7], null],
    ['an object', { value: 7 }, null],
  ])(
    'are exact integers or unknown, never made up, if the value is %s',
    async (_, value, expected) => {
      const beside = { data: { stats: { videoCount: 7, viewCount: value } } };
      expect(await outcomeOf(beside)).toEqual(counts(7, expected));
      const video = { data: { stats: { videoCount: value, viewCount: 0 } } };
      expect(await outcomeOf(video)).toEqual(counts(expected, 0));
    },
  );

  it('are 0 or unknown, never negative zero, if the value is "-0"', async () => {
    const outcome = await outcomeOf('{"video_count": -0, "view_count": 0}');
    expect(outcome).toSatisfy((o) => isCountOrNull(o.videoCount) && isCountOrNull(o.viewCount));
  });

  it('never have 0 videos beside views, because TikTok says 0 when it does not know', async () => {
    const stats = (videoCount: unknown, viewCount: unknown) => ({
      data: { challengeInfo: { stats: { videoCount, viewCount } } },
    });
    expect(await outcomeOf(stats(0, 119_178_100_000_000))).toEqual(
      counts(null, 119_178_100_000_000),
    );
    expect(await outcomeOf(stats('0', '1'))).toEqual(counts(null, 1));
    expect(await outcomeOf(stats(0, 0))).toEqual(counts(0, 0));
  });

  it.each([
    ['videos beside no views', { videoCount: '0', viewCount: '90000' }, { videoCount: 4200 }],
    ['videos that can’t be read', { videoCount: 'many', viewCount: 90_000 }, { video_count: 4200 }],
    ['views alone', { viewCount: 90_000 }, { videoCount: 4200, viewCount: 100 }],
    ['two zeros', { videoCount: '0', viewCount: '0' }, { videoCount: 4200, viewCount: 90_000 }],
    ['no views', { videoCount: '4200', viewCount: '0' }, { videoCount: 42, viewCount: 90_000 }],
    [
      'a 0 under one name',
      { videoCount: 0, video_count: 4200, viewCount: 0 },
      { viewCount: 90_000 },
    ],
  ])(
    'are each taken from the first place that has a usable one, after one with %s',
    async (_, statsV2, stats) => {
      const body = { data: { challengeInfo: { challenge, statsV2, stats } } };
      expect(await outcomeOf(body, 'fyp')).toEqual(counts(4200, 90_000));
    },
  );

  it('have unknown videos if every place says 0 videos and any of them has views', async () => {
    const statsV2 = { viewCount: '5' };
    const stats = { videoCount: 0, viewCount: 0 };
    const body = { data: { challengeInfo: { statsV2, stats } } };
    expect(await outcomeOf(body)).toEqual(counts(null, 5));
  });

  it('are read from the older name if the current one has no usable count', async () => {
    const stats = { videoCount: 'many', video_count: 7, viewCount: null, view_count: '8' };
    expect(await outcomeOf({ data: { stats } })).toEqual(counts(7, 8));
  });

  it.each([
    ['0.99999999999999999999', null],
    ['1.00000000000000000001', null],
    ['9007199254740990.9999999', null],
    ['12345678901234567890', null],
    ['9007199254740993', null],
    ['9007199254740991', 2 ** 53 - 1],
    ['1e400', null],
    ['1e-400', null],
    ['-1e0', null],
    ['1.5', null],
    ['1.0', 1],
    ['1e3', 1000],
    ['1.25E+2', 125],
    ['12500e-2', 125],
    ['0e99999999999999999999', 0],
    ['0.0', 0],
  ])('are judged as they are written: the JSON number %s is %j', async (written, expected) => {
    const body = `{"data": {"stats": {"viewCount": ${written}, "videoCount": 7}}}`;
    expect(await outcomeOf(body)).toEqual(counts(7, expected));
  });

  it('are not changed by numbers, quotes and backslashes inside a text', async () => {
    const desc = 'a \\"1.5\\" \\\\ 99999999999999999999, "videoCount": 1.5e9 \\';
    const stats = { videoCount: 7, viewCount: 8 };
    const body = { data: { challengeInfo: { challenge: { desc, title: '1.5' }, stats } } };
    expect(await outcomeOf(body)).toEqual({
      kind: 'failed',
      reason: 'the API answered for another hashtag: #1.5',
    });
    const titled = { data: { challengeInfo: { challenge: { ...challenge, desc }, stats } } };
    expect(await outcomeOf(titled, 'fyp')).toEqual(counts(7, 8));
  });

  it('are never made from numbers that JSON does not allow', async () => {
    for (const written of ['01.5', '1.', '.5e1', '1e', '+1', '1.5.5']) {
      const outcome = await outcomeOf(`{"video_count": ${written}, "view_count": 1}`);
      expect(outcome).toMatchObject({ kind: 'fault' });
    }
  });

  it.each([
    ['no place for counts', { data: { challengeInfo: { challenge } } }],
    ['only other keys', { data: { name: 'fyp', user_count: 5 } }],
    ['only unreadable counts', { video_count: '12.3K', view_count: -1 }],
  ])(
    'are missing if the answer has %s, and the hashtag fails with that reason',
    async (_, body) => {
      expect(await outcomeOf(body, 'fyp')).toEqual({
        kind: 'failed',
        reason: expect.stringMatching(/neither a video count nor a view count/),
      });
    },
  );

  it('are safe non-negative integers or null, whatever the answer has in their place', async () => {
    let body: HttpAnswer['body'] = '';
    const url = await startAnswering(() => ({ body: body ?? '' }));
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.double(),
      fc.maxSafeInteger(),
      fc.maxSafeInteger().map(String),
      fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String),
      fc.double().map(String),
    );
    const stats = fc.record(
      { videoCount: value, viewCount: value, video_count: value, view_count: value },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(stats), { maxLength: 6, minLength: 6 }), async (all) => {
        const [statsV2, infoStats, challengeStats, dataStats, data, top] = all;
        body = {
          ...top,
          data: {
            ...data,
            stats: dataStats,
            challengeInfo: { statsV2, stats: infoStats, challenge: { stats: challengeStats } },
          },
        };
        const { outcome } = await askAt(url);
        if (outcome.kind === 'captured') {
          expect(outcome.videoCount).toSatisfy(isCountOrNull);
          expect(outcome.viewCount).toSatisfy(isCountOrNull);
          expect(outcome).not.toEqual(counts(null, null));
        } else {
          expect(outcome.kind).toBe('failed');
        }
      }),
      { numRuns: 64 },
    );
  });
});

describe('the title of a 200 answer', () => {
  const answer = (title?: unknown, id?: unknown) => ({
    data: { challengeInfo: { challenge: { id, title }, stats: { videoCount: 5, viewCount: 6 } } },
  });

  it('rejects the answer if it is another hashtag; the reason names that and its id', async () => {
    expect(await outcomeOf(answer('cats', '7123456789012345678'), 'dogs')).toEqual({
      kind: 'failed',
      reason: expect.stringMatching(/another hashtag.*#cats.*7123456789012345678/),
    });
    expect(await outcomeOf(answer('cats'), 'dogs')).toMatchObject({ kind: 'failed' });
  });

  it.each([
    ['in another case', 'AiTools', 'aitools'],
    ['in another case in another script', 'ПРИВЕТ', 'привет'],
    ['decomposed', 'E\u0301cole', 'école'],
    ['written with its #', '#aitools', 'aitools'],
  ])('is accepted when it is %s', async (_, title, hashtag) => {
    expect(await outcomeOf(answer(title), hashtag)).toEqual(counts(5, 6));
  });

  it.each([
    ['a prefix', 'ai', 'aitools'],
    ['without the accent', 'ecole', 'école'],
    ['not a possible hashtag', '<b>!</b>', 'b'],
  ])('is rejected when it is %s', async (_, title, hashtag) => {
    expect(await outcomeOf(answer(title), hashtag)).toMatchObject({ kind: 'failed' });
  });

  it.each([undefined, null, ''])('is ignored when it is %j', async (title) => {
    expect(await outcomeOf(answer(title))).toEqual(counts(5, 6));
  });
});

const ZEROS = { videoCount: 0, viewCount: 0 };

describe('a 200 answer that says that it failed', () => {
  const challenge = { id: '229207', title: 'ai', desc: '' };
  const good = { challengeInfo: { challenge, stats: { videoCount: 5, viewCount: 6 } } };

  it.each<[string, object, RegExp]>([
    ['an error beside zeros', { error: 'upstream timeout', data: { stats: ZEROS } }, /timeout/],
    ['an error beside counts', { error: 'upstream timeout', data: good }, /upstream timeout/],
    ['an error object', { error: { code: 'busy', message: 'Later' }, data: good }, /busy: Later/],
    ['an error without words', { error: { code: 7 }, data: good }, /an error/],
    ['an error that is only true', { error: true, data: good }, /an error/],
    ['an error in data', { data: { error: 'upstream timeout', ...good } }, /upstream timeout/],
    ['the tutorial’s shape', { error: 'quota', video_count: 5, view_count: 6 }, /quota/],
    ['success: false', { success: false, data: good }, /an error/],
    ['success: false in data', { data: { success: false, ...good } }, /an error/],
    ['a code of TikTok', { data: { statusCode: 10000, ...good } }, /code 10000/],
    ['a code as a text', { data: { status_code: '209002', ...good } }, /code 209002/],
    ['a negative code', { data: { statusCode: -1, ...good } }, /code -1/],
    ['a code outside of data', { statusCode: 10201, data: good }, /code 10201/],
    ['a code of HTTP', { statusCode: 502, data: good }, /code 502/],
    ['a code beside the hashtag', { data: { challengeInfo: { statusCode: 5 } } }, /code 5/],
    ['an error beside the hashtag', { data: { challengeInfo: { error: 'busy' } } }, /busy/],
    ['errors', { errors: [{ message: 'upstream timeout' }], data: good }, /an error/],
    ['success: "False"', { success: 'False', data: good }, /an error/],
    ['ok: false', { ok: false, data: good }, /an error/],
    ['status: "error"', { status: 'error', data: { stats: ZEROS } }, /an error/],
    ['status: 504', { status: 504, data: { stats: ZEROS } }, /an error/],
    ['code: 504', { code: '504', data: { stats: ZEROS } }, /an error/],
  ])('has failed, whatever counts it has: %s', async (_, body, reason) => {
    const outcome = await outcomeOf(body);
    expect(outcome).toEqual({ kind: 'failed', reason: expect.stringMatching(reason) });
  });

  it.each([
    ['no error', { error: null, data: good }],
    ['an empty error', { error: '', data: { error: {}, ...good } }],
    ['success: true', { success: true, data: { success: true, ...good } }],
    ['the code 0', { statusCode: 0, data: { statusCode: 0, status_code: '0', ...good } }],
    ['the code 200 of HTTP', { statusCode: 200, status: 200, code: 200, data: good }],
    ['status: "ok"', { status: 'ok', ok: true, errors: [], data: good }],
  ])('is not one with %s', async (_, body) => {
    expect(await outcomeOf(body)).toEqual(counts(5, 6));
  });

  it.each<[string, HttpAnswer]>([
    ['the code 10205', { body: { data: { statusCode: 10205, ...good } } }],
    ['the code 10205 as a text', { body: { data: { status_code: '10205' } } }],
    ['the code 10205 with status 404', { status: 404, body: { data: { statusCode: 10205 } } }],
  ])('is a refusal of the name with %s', async (_, answer) => {
    expect((await replyTo(answer)).outcome).toEqual({
      kind: 'rejected',
      reason: expect.any(String),
    });
  });
});

describe('a hashtag that does not exist', () => {
  it.each([
    ['challengeInfo null', { data: { challengeInfo: null } }],
    ['challengeInfo {}', { data: { challengeInfo: {} } }],
    ['data null', { data: null }],
    ['data {}', { data: {} }],
    ['an answer of {}', {}],
    ['zeros beside challengeInfo null', { data: { challengeInfo: null, ...ZEROS } }],
    ['zeros beside data null', { data: null, ...ZEROS }],
    [
      'zeros beside an empty id and title',
      { data: { challengeInfo: { challenge: { id: '', title: '' }, stats: ZEROS } } },
    ],
    ['zeros beside an empty list', { data: { challengeInfo: [], ...ZEROS } }],
    ['zeros beside challengeInfo false', { data: { challengeInfo: false, ...ZEROS } }],
    ['zeros beside an empty text', { data: '', ...ZEROS }],
    ['zeros beside challenge null', { data: { challengeInfo: { challenge: null, stats: ZEROS } } }],
    ['zeros beside challenge {}', { data: { challengeInfo: { challenge: {}, stats: ZEROS } } }],
    ['TikTok’s code 10202', { data: { statusCode: 10202, ...ZEROS } }],
    ['the code 10202 as a text', { data: { status_code: '10202', stats: ZEROS } }],
    ['the code 10202 beside an error', { error: 'failed', data: { statusCode: 10202 } }],
  ])('is recognized by %s', async (_, body) => {
    expect(await outcomeOf(body)).toEqual({ kind: 'not-found', reason: expect.any(String) });
  });

  it('is not assumed if its counts are there', async () => {
    const stats = { videoCount: 5, viewCount: 6 };
    expect(await outcomeOf({ data: { challengeInfo: null, stats } })).toEqual(counts(5, 6));
  });

  it('is recognized by status 404', async () => {
    const { outcome } = await replyTo({ status: 404, body: { error: 'No such hashtag' } });
    expect(outcome).toEqual({
      kind: 'not-found',
      reason: expect.stringMatching(/404.*No such hashtag/),
    });
  });

  it.each([
    ['no data', { error: 'upstream timeout', data: null }],
    ['data {}', { error: { code: 'busy', message: 'upstream timeout' }, data: {} }],
    ['nothing else', { error: 'upstream timeout' }],
  ])(
    'is not assumed after an error with %s, which says nothing about the hashtag',
    async (_, body) => {
      expect(await outcomeOf(body)).toEqual({
        kind: 'failed',
        reason: expect.stringMatching(/error: .*upstream timeout/),
      });
    },
  );

  it('is billed, and its credits are counted', async () => {
    const body = { data: { challengeInfo: null }, credits_used: 1, credits_remaining: 41 };
    expect(await replyTo({ body })).toMatchObject({ creditsUsed: 1, creditsRemaining: 41 });
  });
});

describe('credits', () => {
  it('are read from the envelope, or from the balance in an error', async () => {
    const envelope = { ...hashtagAnswer('ai', 1, 2), credits_used: 1, credits_remaining: 6543 };
    expect(await replyTo({ body: envelope })).toMatchObject({
      creditsUsed: 1,
      creditsRemaining: 6543,
    });
    const empty = { error: 'Out of credits', credit_balance: 0 };
    expect(await replyTo({ status: 402, body: empty })).toMatchObject({
      creditsUsed: null,
      creditsRemaining: 0,
    });
  });

  it('are unknown if the answer does not report them', async () => {
    expect(await replyTo({ body: hashtagAnswer('ai', 1, 2) })).toMatchObject({
      creditsUsed: null,
      creditsRemaining: null,
    });
  });
});

describe('an error', () => {
  const bodies = [
    ['the older body', { error: { code: 'some_code', message: 'Some message' } }],
    ['the current body', { error: 'some_code: Some message', more: 1 }],
  ] as const;

  describe.each(bodies)('with %s', (_, body) => {
    it.each([
      [400, 'rejected'],
      [401, 'stop'],
      [402, 'stop'],
      [403, 'stop'],
      [404, 'not-found'],
      [410, 'stop'],
      [422, 'rejected'],
      [429, 'rate-limited'],
      [500, 'fault'],
      [502, 'fault'],
      [503, 'fault'],
      [504, 'fault'],
    ])('and status %i is "%s", and the reason has its text', async (status, kind) => {
      const { outcome } = await replyTo({ status, body });
      expect(outcome).toMatchObject({
        kind,
        reason: expect.stringMatching(new RegExp(`${status}.*some_code: Some message`)),
      });
    });
  });

  it.each([
    [400, 'rejected'],
    [401, 'stop'],
    [402, 'stop'],
    [403, 'stop'],
    [404, 'not-found'],
    [410, 'stop'],
    [418, 'failed'],
    [429, 'rate-limited'],
    [500, 'fault'],
    [503, 'fault'],
  ])('of status %i is "%s" even if its body is empty, HTML or other JSON', async (status, kind) => {
    for (const body of ['', '<h1>Oops</h1>', 'null', '[]', '{"error": {"code": 7}}']) {
      const { outcome } = await replyTo({ status, body });
      expect(outcome).toMatchObject({ kind, reason: expect.stringContaining(String(status)) });
    }
  });

  it('never gives counts, even if its body contains some', async () => {
    const body = hashtagAnswer('ai', 5, 6);
    for (const status of [201, 204, 301, 400, 401, 404, 429, 500]) {
      const { outcome } = await replyTo({ status, body });
      expect(outcome.kind).not.toBe('captured');
      expect(outcome).not.toHaveProperty('videoCount');
    }
  });

  it.each([401, 403])('of status %i says to check the key', async (status) => {
    expect(reasonOf(await replyTo({ status }))).toMatch(/SCAVIO_API_KEY/);
  });

  it('of status 402 says where to pay', async () => {
    const body = { error: 'Out of credits', billing_url: 'https://example.org/billing' };
    expect(reasonOf(await replyTo({ status: 402, body }))).toMatch(
      /out of credits.*https:\/\/example\.org\/billing/i,
    );
    expect(reasonOf(await replyTo({ status: 402 }))).toMatch(/out of credits/i);
  });

  it('of status 410 says to update the tracker', async () => {
    expect(reasonOf(await replyTo({ status: 410 }))).toMatch(/retired.*update/);
  });

  it('is reported in one harmless line without control characters or commands for GitHub', async () => {
    const error = 'first\r\n::error::second\u202e\u0000\n##[group]third';
    for (const status of [400, 401, 402, 404, 410, 429, 500]) {
      const reason = reasonOf(await replyTo({ status, body: { error } }));
      expect(reason).toContain('third');
      expect(reason).not.toMatch(/[\p{Cc}\p{Cf}]|::|##\[/u);
    }
    const title = reasonOf(
      await replyTo({ body: { data: { challengeInfo: { challenge: { title: error } } } } }),
    );
    expect(title).not.toMatch(/[\p{Cc}\p{Cf}]|::|##\[/u);
  });
});

describe('the wait that a 429 asks for', () => {
  const inHalfAMinute = new Date(NOW_MS + 30_000).toUTCString();
  const anHourBehind = new Date(NOW_MS - 3_600_000).toUTCString();

  it.each<[string, HttpAnswer, number]>([
    ['Retry-After in seconds', { headers: { 'Retry-After': '30' } }, 30_000],
    ['Retry-After as an HTTP date', { headers: { 'Retry-After': inHalfAMinute } }, 30_000],
    [
      'an HTTP date on a server whose clock is an hour behind',
      {
        headers: {
          Date: anHourBehind,
          'Retry-After': new Date(NOW_MS - 3_600_000 + 30_000).toUTCString(),
        },
      },
      30_000,
    ],
    ['an HTTP date in the past', { headers: { 'Retry-After': anHourBehind } }, 0],
    ['retry_after in the body', { body: { error: 'Too fast', retry_after: 30 } }, 30_000],
    ['retry_after in the older body', { body: { error: { retry_after: 30 } } }, 30_000],
    ['the message', { body: { error: 'Too fast. Retry after 30 seconds.' } }, 30_000],
    [
      'the message of the older body',
      { body: { error: { code: 'rate_limited', message: 'Retry after 30 seconds.' } } },
      30_000,
    ],
    [
      'the header rather than the body',
      {
        headers: { 'Retry-After': '30' },
        body: { error: 'Retry after 50 seconds.', retry_after: 40 },
      },
      30_000,
    ],
  ])('is read from %s', async (_, answer, retryAfterMs) => {
    const { outcome } = await replyTo({ status: 429, ...answer });
    expect(outcome).toMatchObject({ kind: 'rate-limited', retryAfterMs });
  });

  it.each<[string, HttpAnswer]>([
    ['no time', { body: { error: 'Too fast' } }],
    ['no time and no body', {}],
    ['a word in the header', { headers: { 'Retry-After': 'soon' } }],
    ['a negative number in the header', { headers: { 'Retry-After': '-5' } }],
    ['a negative number in the body', { body: { error: 'Too fast', retry_after: -5 } }],
    ['an empty retry_after', { body: { error: 'Too fast', retry_after: '' } }],
    ['a word in the body', { body: { error: 'Too fast', retry_after: 'soon' } }],
  ])('is unknown if the answer has %s', async (_, answer) => {
    const { outcome } = await replyTo({ status: 429, ...answer });
    expect(outcome).toMatchObject({ kind: 'rate-limited', retryAfterMs: null });
  });

  it('is read from a 503 in the same way', async () => {
    const { outcome } = await replyTo({ status: 503, headers: { 'Retry-After': '30' } });
    expect(outcome).toMatchObject({ kind: 'fault', retryAfterMs: 30_000 });
  });
});

describe('the rate-limit headers', () => {
  const headers = (resetAtMs: number, dateMs = NOW_MS) => ({
    Date: new Date(dateMs).toUTCString(),
    'X-RateLimit-Limit': '10',
    'X-RateLimit-Remaining': '3',
    'X-RateLimit-Reset': String(resetAtMs / 1000),
  });

  it.each([200, 404, 429, 500])('are read from an answer with status %i', async (status) => {
    const reply = await replyTo({ status, headers: headers(NOW_MS + 42_000) });
    expect(reply.rateLimit).toEqual({ limit: 10, remaining: 3, resetAtMs: NOW_MS + 42_000 });
  });

  it.each([-3_600_000, -60_000, 60_000, 3_600_000])(
    'are converted to local time if the server’s clock is off by %i ms',
    async (skewMs) => {
      const reply = await replyTo({ headers: headers(NOW_MS + skewMs + 42_000, NOW_MS + skewMs) });
      expect(reply.rateLimit?.resetAtMs).toBe(NOW_MS + 42_000);
    },
  );

  it('are not shifted by a second, because Date has no fractions of a second', async () => {
    const answer = { headers: headers(NOW_MS + 42_000, NOW_MS - 1000) };
    expect((await replyTo(answer)).rateLimit?.resetAtMs).toBe(NOW_MS + 42_000);
  });

  it('may lack the limit', async () => {
    const { 'X-RateLimit-Limit': _, ...rest } = headers(NOW_MS);
    const reply = await replyTo({ headers: rest });
    expect(reply.rateLimit).toEqual({ limit: null, remaining: 3, resetAtMs: NOW_MS });
  });

  it.each([
    ['absent', {}],
    ['not numbers', { 'X-RateLimit-Remaining': 'many', 'X-RateLimit-Reset': 'soon' }],
    ['negative', { 'X-RateLimit-Remaining': '-1', 'X-RateLimit-Reset': '-1' }],
    ['incomplete', { 'X-RateLimit-Remaining': '0' }],
  ])('are unknown if they are %s', async (_, incomplete) => {
    expect((await replyTo({ headers: incomplete })).rateLimit).toBeNull();
  });
});

describe('a passing fault', () => {
  it.each<[Fault, RegExp]>([
    ['reset', /./],
    ['cut', /./],
    ['nonsense', /not a JSON object/],
    ['broken-gzip', /./],
    [{ status: 500 }, /500/],
    [{ status: 503, body: 'null' }, /503/],
  ])('is reported for %j', async (fault, reason) => {
    const api = await startApi({ fault: () => fault });
    const { outcome } = await askAt(api.url, 'ai', { key: DEMO_KEY });
    expect(outcome).toEqual({
      kind: 'fault',
      reason: expect.stringMatching(reason),
      retryAfterMs: null,
    });
  });

  it.each(['hang', 'drip'] as const)('is reported for a %s when the time is up', async (fault) => {
    const api = await startApi({ fault: () => fault });
    const { outcome } = await askAt(api.url, 'ai', { key: DEMO_KEY, timeoutMs: 100 });
    expect(outcome).toMatchObject({ kind: 'fault', reason: 'no answer within 0.1 s' });
  });

  it('is reported when the time is up, even if the body keeps coming', async () => {
    const url = await startHttpServer((_, response) => {
      response.write('{"data": ');
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    });
    const { outcome } = await askAt(url, 'ai', { timeoutMs: 150 });
    expect(outcome).toMatchObject({ kind: 'fault', reason: 'no answer within 0.15 s' });
  });

  it.each([
    ['10 MB of nonsense', { body: 'x'.repeat(10_000_000) }],
    ['10 MB of JSON', { body: `{"video_count": 1, "pad": "${'x'.repeat(10_000_000)}"}` }],
    [
      '50 MB in a few packed bytes',
      { headers: { 'Content-Encoding': 'gzip' }, body: gzipSync(Buffer.alloc(50_000_000, 'x')) },
    ],
  ])('is reported for %s', async (_, answer) => {
    const { outcome } = await replyTo(answer);
    expect(outcome).toMatchObject({ kind: 'fault', reason: expect.stringMatching(/long/) });
  });

  it('is reported for an endless body, which is not read any further', async () => {
    let closed: Promise<void> | undefined;
    const url = await startHttpServer((_, response) => {
      const chunk = Buffer.alloc(65_536, 'x');
      const pour = () => {
        while (!response.destroyed && response.write(chunk));
      };
      closed = new Promise((resolve) => response.on('close', resolve));
      response.on('drain', pour);
      pour();
    });
    const { outcome } = await askAt(url);
    expect(outcome).toMatchObject({ kind: 'fault', reason: expect.stringMatching(/long/) });
    await closed;
  });

  it.each([
    ['an empty body', '', /empty/],
    ['blanks', ' \n ', /empty/],
    ['a bare string', '"fine"', /not a JSON object/],
    ['a number', '7', /not a JSON object/],
    ['a list', '[{"video_count": 1}]', /not a JSON object/],
    ['JSON cut short', '{"video_count": 1', /not a JSON object/],
    ['JSON with more text after it', '{"video_count": 1}{}', /not a JSON object/],
  ])('is reported for %s', async (_, body, reason) => {
    expect(await outcomeOf(body)).toMatchObject({
      kind: 'fault',
      reason: expect.stringMatching(reason),
    });
  });

  it('is reported for a server that can’t be reached', async () => {
    const url = await startTcpServer((socket) => socket.destroy());
    expect((await askAt(url)).outcome.kind).toBe('fault');
    const refuse = () =>
      Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
    expect((await askAt(url, 'ai', { send: createHttp(refuse) })).outcome).toMatchObject({
      kind: 'fault',
      reason: 'connect ECONNREFUSED',
    });
  });

  it('is reported with its cause if a name has several addresses and none answers', async () => {
    // Node throws an AggregateError without a message of its own.
    const cause = new AggregateError([
      new Error('connect ECONNREFUSED 2001:db8::1:443'),
      new Error('connect ECONNREFUSED 192.0.2.1:443'),
    ]);
    const fetch = () => Promise.reject(new TypeError('fetch failed', { cause }));
    expect(reasonOf(await askAt('https://example.org', 'ai', { send: createHttp(fetch) }))).toMatch(
      /ECONNREFUSED/,
    );
  });

  it('comes after 30 seconds if nothing else is said', async () => {
    const timesMs: number[] = [];
    const ask = createScavioClient({
      baseUrl: 'https://example.org',
      key: DEMO_KEY,
      now: Date.now,
      async send(_, { timeoutMs }) {
        timesMs.push(timeoutMs);
        return { status: 200, headers: new Headers(), text: '{}' };
      },
    });
    await ask('ai', NEVER);
    expect(timesMs).toEqual([30_000]);
  });

  it('is reported for a request that the caller aborts', async () => {
    const api = await startApi({ fault: () => 'drip' });
    const { signal, abort } = withAbort();
    const ask = createScavioClient({
      baseUrl: api.url,
      key: DEMO_KEY,
      send: createHttp(fetch),
      now: Date.now,
    });
    const reply = ask('ai', signal);
    abort();
    expect((await reply).outcome.kind).toBe('fault');
    expect((await ask('ai', signal)).outcome.kind).toBe('fault');
  });

  function withAbort() {
    const controller = new AbortController();
    return { signal: controller.signal, abort: () => controller.abort(new Error('the end')) };
  }
});

describe('any answer', () => {
  const KINDS = ['captured', 'not-found', 'rejected', 'failed', 'fault', 'rate-limited', 'stop'];

  function expectReply({ outcome, rateLimit, creditsUsed, creditsRemaining }: Reply) {
    expect(KINDS).toContain(outcome.kind);
    if (outcome.kind === 'captured') {
      expect(outcome.videoCount).toSatisfy(isCountOrNull);
      expect(outcome.viewCount).toSatisfy(isCountOrNull);
    } else {
      expect(outcome.reason).toMatch(/^[^\p{Cc}]+$/u);
      expect(outcome.reason.length).toBeLessThan(600);
    }
    if ('retryAfterMs' in outcome && outcome.retryAfterMs !== null) {
      expect(outcome.retryAfterMs).toBeGreaterThanOrEqual(0);
    }
    if (rateLimit !== null) expect(rateLimit.remaining).toBeGreaterThanOrEqual(0);
    expect(creditsUsed).toSatisfy(isCountOrNull);
    expect(creditsRemaining).toSatisfy(isCountOrNull);
  }

  it('over HTTP gives an outcome and never throws', async () => {
    let answer: HttpAnswer = {};
    const url = await startAnswering(() => answer);
    const headerText = fc.oneof(
      fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
      fc.double().map(String),
      fc.date().map(String),
    );
    const headers = fc.record(
      {
        Date: headerText,
        'Retry-After': headerText,
        'X-RateLimit-Limit': headerText,
        'X-RateLimit-Remaining': headerText,
        'X-RateLimit-Reset': headerText,
        'Content-Type': headerText,
        'Content-Encoding': fc.constantFrom('gzip', 'br', 'deflate', 'identity', 'zip'),
        Location: fc.webPath(),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json({ maxDepth: 1 }),
      fc
        .dictionary(
          fc.constantFrom('data', 'error', 'video_count', 'credits_used', 'retry_after'),
          fc.jsonValue({ maxDepth: 1 }),
        )
        .map((value) => JSON.stringify(value)),
    );
    const status = fc.oneof(
      fc.constantFrom(200, 402, 404, 429, 503),
      fc.integer({ min: 200, max: 599 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.record({ status, headers, body }), async (candidate) => {
        answer = candidate;
        expectReply(await askAt(url));
      }),
      { numRuns: 100 },
    );
  });

  it('of raw bytes gives an outcome and never throws', async () => {
    let bytes = Buffer.alloc(0);
    const url = await startTcpServer((socket) => socket.once('data', () => socket.end(bytes)));
    const wire = fc
      .tuple(
        fc.constantFrom('', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\n\r\n{'),
        fc.uint8Array(),
      )
      .map(([head, rest]) => Buffer.concat([Buffer.from(head), rest]));
    await fc.assert(
      fc.asyncProperty(wire, async (candidate) => {
        bytes = candidate;
        expectReply(await askAt(url));
      }),
      { numRuns: 64 },
    );
  });
});

describe('the key', () => {
  it.each([301, 302, 303, 307, 308])('is not sent to another host after a %i', async (status) => {
    const visits: unknown[] = [];
    const elsewhere = await startHttpServer((request, response) => {
      visits.push(request.headers);
      response.end(JSON.stringify(hashtagAnswer('ai', 5, 6)));
    });
    const { outcome } = await replyTo({ status, headers: { Location: `${elsewhere}/take` } });
    expect(visits).toEqual([]);
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(/redirect.*SCAVIO_BASE_URL/),
    });
  });

  const escapeAll = (text: string) =>
    [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
  const echoes: [string, HttpAnswer][] = [
    ['the current error', { status: 400, body: { error: `bad key ${KEY}` } }],
    ['the older error', { status: 400, body: { error: { code: KEY, message: `Bearer ${KEY}` } } }],
    ['an error in JSON escapes', { status: 400, body: `{"error": "${escapeAll(KEY)}"}` }],
    ['a 401', { status: 401, body: { error: `no such key: ${KEY}` } }],
    ['a billing URL', { status: 402, body: { billing_url: `https://example.org/?key=${KEY}` } }],
    ['a 404', { status: 404, body: { error: KEY } }],
    ['a 410', { status: 410, body: { error: KEY } }],
    ['a 429', { status: 429, body: { error: `Too fast: ${KEY}` } }],
    ['a 500', { status: 500, body: { error: `Bearer ${KEY} crashed` } }],
    ['a title', { body: { data: { challengeInfo: { challenge: { title: KEY, id: KEY } } } } }],
    ['nonsense', { body: `Bearer ${KEY}` }],
    [
      'nonsense that is cut in the middle of the key',
      { body: `You sent "Authorization: Bearer ${KEY}"` },
    ],
    ...[150, 170, 180, 190, 199].map((length): [string, HttpAnswer] => [
      `an error that is cut after about ${length} characters`,
      { status: 500, body: { error: `${'x'.repeat(length)}${KEY}` } },
    ]),
  ];

  it.each(echoes)(
    'does not appear in a reason, not even in part, if it is echoed by %s',
    async (_, answer) => {
      const reply = await replyTo(answer);
      expect(reasonOf(reply)).not.toBe('');
      for (let start = 0; start + 6 <= KEY.length; start++) {
        expect(JSON.stringify(reply)).not.toContain(KEY.slice(start, start + 6));
      }
    },
  );

  it('does not appear in a reason if a header can’t hold it', async () => {
    for (const key of ['secret\nvalue', 'secret😀value', 'secret\u0000value']) {
      const { outcome } = await askAt(await startAnswering({}), 'ai', { key });
      expect(outcome).toMatchObject({
        kind: 'fault',
        reason: expect.not.stringContaining('secret'),
      });
    }
  });

  it('does not appear in the reason of a failed connection', async () => {
    const fetch = () => Promise.reject(new Error(`cannot send "Bearer ${KEY}"`));
    expect(reasonOf(await askAt('https://example.org', 'ai', { send: createHttp(fetch) }))).toBe(
      'cannot send "Bearer ***"',
    );
  });
});

describe('the usage', () => {
  const usageAt = (baseUrl: string, timeoutMs = 10_000) =>
    fetchUsage({ baseUrl, key: KEY, send: createHttp(globalThis.fetch), timeoutMs });
  const usageOf = async (answer: HttpAnswer) => usageAt(await startAnswering(answer));

  it('is the plan and the credits left, or unknown if the API does not say', async () => {
    const body = { plan: 'Project', credit_balance: 6543, purchased_credits: 0 };
    expect(await usageOf({ body })).toEqual({ kind: 'known', plan: 'Project', credits: 6543 });
    expect(await usageOf({ body: {} })).toEqual({ kind: 'known', plan: null, credits: null });
  });

  it('is requested with the key, even if the base address ends in slashes', async () => {
    const seen: unknown[] = [];
    const url = await startHttpServer(({ method, url: address, headers }, response) => {
      seen.push([method, address, headers.authorization]);
      response.end('{}');
    });
    await usageAt(`${url}/proxy//`);
    expect(seen).toEqual([['GET', '/proxy/api/v1/usage', `Bearer ${KEY}`]]);
  });

  it.each<[string, HttpAnswer]>([
    ['refused', { status: 401, body: { error: 'no' } }],
    ['refused', { status: 403 }],
    ['unreachable', { status: 302, headers: { Location: 'https://example.org' } }],
    ['unreachable', { body: 'x'.repeat(10_000_000) }],
    ['unreachable', { body: '[]' }],
    ['unknown', { status: 404 }],
    ['unknown', { status: 500, body: 'broken' }],
  ])('is reported as "%s" if the answer does not give it', async (kind, answer) => {
    expect(await usageOf(answer)).toEqual({ kind, reason: expect.stringMatching(/./) });
  });

  it('is given up when the time is up', async () => {
    const url = await startHttpServer(() => {});
    const reason = 'no answer within 0.1 s';
    expect(await usageAt(url, 100)).toEqual({ kind: 'unreachable', reason });
  });

  it('never reveals the key, neither to another host nor in a reason', async () => {
    const visits: unknown[] = [];
    const elsewhere = await startHttpServer((request, response) => {
      visits.push(request.headers);
      response.end('{}');
    });
    await usageOf({ status: 307, headers: { Location: elsewhere } });
    expect(visits).toEqual([]);
    const answers = [{ status: 500, body: { error: KEY } }, { body: { plan: `plan ${KEY}` } }];
    for (const answer of answers) expect(JSON.stringify(await usageOf(answer))).not.toContain(KEY);
  });
});
