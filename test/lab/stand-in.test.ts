import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  DEMO_KEY,
  hashtagAnswer,
  type StandIn,
  UNKNOWN_HASHTAG_ANSWER,
  videosAnswer,
} from '../../scripts/lab/stand-in.ts';
import { startApi } from '../helpers/tracker.ts';

type Answer = { status: number; headers: Headers; body: unknown };

async function post(
  api: StandIn,
  body: unknown,
  key: string | null = DEMO_KEY,
  endpoint = '/hashtag',
): Promise<Answer> {
  const response = await fetch(`${api.url}/api/v1/tiktok${endpoint}`, {
    method: 'POST',
    headers: key === null ? {} : { Authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

function ask(api: StandIn, hashtag: string): Promise<Answer> {
  return post(api, { hashtag_name: hashtag });
}

async function readUsage(api: StandIn): Promise<unknown> {
  const headers = { Authorization: `Bearer ${DEMO_KEY}` };
  return (await fetch(`${api.url}/api/v1/usage`, { headers })).json();
}

describe('the stand-in for the API', () => {
  it('answers in the documented shape: exact strings, rounded numbers, and credits', async () => {
    const api = await startApi({ answer: (name) => hashtagAnswer(name, 1_393_011, 98_412_233) });
    expect(await ask(api, 'ai')).toMatchObject({
      status: 200,
      body: {
        data: {
          challengeInfo: {
            challenge: { id: expect.any(String), title: 'ai', desc: '' },
            stats: { videoCount: 1_400_000, viewCount: 98_000_000 },
            statsV2: { videoCount: '1393011', viewCount: '98412233' },
          },
        },
        response_time: expect.any(Number),
        credits_used: 1,
        credits_remaining: 999,
      },
    });
  });

  it('answers for an unknown hashtag, and bills it', async () => {
    const api = await startApi({ answer: () => UNKNOWN_HASHTAG_ANSWER });
    expect(await ask(api, 'ai')).toMatchObject({
      status: 200,
      body: { data: { challengeInfo: null }, credits_used: 1, credits_remaining: 999 },
    });
  });

  it.each([
    ['a wrong key', 'another-key'],
    ['a missing key', null],
  ])('refuses %s with 401, and bills nothing', async (_, key) => {
    const api = await startApi();
    expect(await post(api, { hashtag_name: 'ai' }, key)).toMatchObject({
      status: 401,
      body: { error: { code: expect.any(String), message: expect.any(String) } },
    });
    expect(await readUsage(api)).toMatchObject({ credit_balance: 1000 });
  });

  it.each([
    ['the older field alone', { hashtag: 'ai' }],
    ['an empty name', { hashtag_name: '' }],
    ['a number', { hashtag_name: 7 }],
    ['nothing', {}],
  ])('refuses %s with 400, as the current API does, and bills nothing', async (_, body) => {
    const api = await startApi();
    expect(await post(api, body)).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('hashtag_name') },
    });
    expect(await readUsage(api)).toMatchObject({ credit_balance: 1000 });
  });

  it('ignores fields that it does not know', async () => {
    const api = await startApi();
    expect((await post(api, { hashtag_name: 'ai', hashtag: 'cats' })).status).toBe(200);
    expect(api.requests).toEqual(['ai']);
  });

  it('takes one credit per answer and none for the usage, and answers 402 without credits', async () => {
    const api = await startApi({ credits: 2 });
    expect((await ask(api, 'a')).body).toMatchObject({ credits_used: 1, credits_remaining: 1 });
    expect(await readUsage(api)).toMatchObject({ plan: expect.any(String), credit_balance: 1 });
    expect((await ask(api, 'b')).body).toMatchObject({ credits_used: 1, credits_remaining: 0 });
    expect(await ask(api, 'c')).toMatchObject({
      status: 402,
      body: { error: expect.any(String), credit_balance: 0, billing_url: expect.any(String) },
    });
    expect(await readUsage(api)).toMatchObject({ credit_balance: 0 });
    expect(api.requests).toEqual(['a', 'b', 'c']);
  });

  it('produces the requested faults, by hashtag and by the number of its request', async () => {
    const api = await startApi({
      fault: (hashtag, nth) => (hashtag === 'b' && nth === 2 ? { status: 503, body: {} } : null),
    });
    const statuses: number[] = [];
    for (const hashtag of ['a', 'b', 'a', 'b', 'b']) {
      statuses.push((await ask(api, hashtag)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 503, 200]);
  });

  it('can be stopped while a client waits for an answer', async () => {
    const api = await startApi({ fault: () => 'hang' });
    const answer = ask(api, 'ai');
    await vi.waitUntil(() => api.requests.length === 1);
    await Promise.all([expect(answer).rejects.toThrow(), api.close()]);
  });
});

describe('the limits of the stand-in', () => {
  const WINDOW_MS = 60_000;
  const START_MS = 20_000_000 * WINDOW_MS;

  afterEach(() => {
    vi.useRealTimers();
  });

  function setTime(ms: number): void {
    vi.useFakeTimers({ toFake: ['Date'], now: START_MS + ms });
  }

  it('refuse requests beyond the window’s limit, and say when the next window begins', async () => {
    setTime(17_500);
    const api = await startApi({ limit: { requests: 2, windowMs: WINDOW_MS, headers: true } });
    const answers = [await ask(api, 'a'), await ask(api, 'b'), await ask(api, 'c')];
    setTime(WINDOW_MS);
    answers.push(await ask(api, 'd'));

    expect(
      answers.map(({ status, headers }) => [
        status,
        headers.get('x-ratelimit-limit'),
        headers.get('x-ratelimit-remaining'),
        Number(headers.get('x-ratelimit-reset')) * 1000 - START_MS,
        headers.get('retry-after'),
      ]),
    ).toEqual([
      [200, '2', '1', WINDOW_MS, null],
      [200, '2', '0', WINDOW_MS, null],
      [429, '2', '0', WINDOW_MS, '43'],
      [200, '2', '1', 2 * WINDOW_MS, null],
    ]);
    expect(api.refused()).toBe(1);
    expect(api.requests).toEqual(['a', 'b', 'c', 'd']);
    expect(await readUsage(api)).toMatchObject({ credit_balance: 997 });
  });

  it('may be announced only by a 429', async () => {
    setTime(0);
    const api = await startApi({ limit: { requests: 1, windowMs: WINDOW_MS, headers: false } });
    const answers = [await ask(api, 'a'), await ask(api, 'b')];
    expect(answers.map(({ status }) => status)).toEqual([200, 429]);
    expect(answers[1]?.headers.get('retry-after')).toBe('60');
    for (const { headers } of answers) {
      expect([...headers.keys()].filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
    }
  });

  it('refuse too many requests at once, and ask to wait for a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const api = await startApi({ maxInFlight: 2, latencyMs: WINDOW_MS });
    const asked = Promise.all(['a', 'b', 'c'].map((hashtag) => ask(api, hashtag)));
    await vi.waitUntil(() => api.requests.length === 3);
    vi.advanceTimersByTime(WINDOW_MS);
    const refused = (await asked).filter(({ status }) => status === 429);
    expect(refused.map(({ headers }) => headers.get('retry-after'))).toEqual(['1']);
    expect(api.refused()).toBe(1);

    const another = ask(api, 'd');
    await vi.waitUntil(() => api.requests.length === 4);
    vi.advanceTimersByTime(WINDOW_MS);
    expect((await another).status).toBe(200);
  });
});

describe('the stand-in’s videos', () => {
  const VIDEO = {
    id: '7412345678901234567',
    author: 'ada',
    plays: 1_234_567,
    createdMs: Date.UTC(2026, 10, 20),
    hashtags: ['ai', 'llm'],
  };
  const askVideos = (api: StandIn, body: object) => post(api, body, DEMO_KEY, '/hashtag/videos');

  it('come in the shape of TikTok’s app or web page, for an id, and cost a credit', async () => {
    for (const [shape, expected] of [
      ['app', { aweme_list: [{ aweme_id: VIDEO.id, statistics: { play_count: 1_234_567 } }] }],
      ['web', { itemList: [{ id: VIDEO.id, statsV2: { playCount: '1234567' } }] }],
    ] as const) {
      const api = await startApi({ videos: () => videosAnswer([VIDEO], shape), credits: 2 });
      expect(await askVideos(api, { hashtag_id: '229207', count: 30 })).toMatchObject({
        status: 200,
        body: { data: expected, credits_used: 1, credits_remaining: 1 },
      });
      await ask(api, 'ai');
      expect(await askVideos(api, { hashtag_id: '229207' })).toMatchObject({ status: 402 });
      expect([api.requests, api.videoRequests]).toEqual([['ai'], ['229207', '229207']]);
    }
  });

  it.each([
    { hashtag_name: 'ai' },
    { hashtag_id: 'ai' },
    { hashtag_id: '229207', count: 31 },
    { hashtag_id: '229207', count: 0 },
  ])('are refused for %j', async (body) => {
    const api = await startApi();
    expect(await askVideos(api, body)).toMatchObject({ status: 400 });
    expect(api.videoRequests).toEqual([]);
  });

  it('have faults of their own', async () => {
    const api = await startApi({ videosFault: (_, nth) => (nth === 1 ? { status: 503 } : null) });
    expect((await ask(api, 'ai')).status).toBe(200);
    expect((await askVideos(api, { hashtag_id: '1' })).status).toBe(503);
    expect((await askVideos(api, { hashtag_id: '1' })).status).toBe(200);
    expect((await askVideos(api, { hashtag_id: '2' })).status).toBe(503);
  });
});
