import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEMO_KEY, type Fault, videosAnswer } from '../../scripts/lab/stand-in.ts';
import type { Outcome } from '../../scripts/lib/collect/answer.ts';
import { parseId, readTiktokId } from '../../scripts/lib/collect/answer.ts';
import { parseExactJson } from '../../scripts/lib/collect/exact-json.ts';
import { createVideosClient } from '../../scripts/lib/collect/scavio.ts';
import { type FoundVideos, readVideos } from '../../scripts/lib/collect/videos-answer.ts';
import { createHttp } from '../../scripts/lib/system/http.ts';
import { HOSTILE_NAMES } from '../helpers/snapshots.ts';
import { startApi } from '../helpers/tracker.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 6, 17);
const CREATED_MS = Date.UTC(2026, 10, 20, 12);
const CREATED = '2026-11-20T12:00:00.000Z';

/** What is read from the text of an answer of status 200. */
function read(body: unknown, hashtag = 'ai'): Outcome<FoundVideos> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return readVideos(hashtag, parseExactJson(text) as Record<string, unknown>, NOW_MS);
}

function videosOf(items: unknown[], key = 'aweme_list') {
  const outcome = read({ data: { [key]: items } });
  if (outcome.kind !== 'captured') throw new Error(JSON.stringify(outcome));
  return outcome;
}

const VIDEO = {
  id: '7412345678901234567',
  author: 'ada',
  plays: 1_234_567,
  createdMs: CREATED_MS,
  hashtags: ['ai', 'Robots', 'robots', 'llm'],
};

describe('an answer about the videos of a hashtag', () => {
  it.each(['app', 'web'] as const)('is read in the shape of TikTok’s %s', (shape) => {
    const second = { ...VIDEO, id: '7412345678901234568', hashtags: ['llm'] };
    expect(read(videosAnswer([VIDEO, second], shape))).toEqual({
      kind: 'captured',
      videos: [
        { id: '7412345678901234567', author: 'ada', plays: 1_234_567, createdAt: CREATED },
        { id: '7412345678901234568', author: 'ada', plays: 1_234_567, createdAt: CREATED },
      ],
      companions: [
        { hashtag: 'llm', uses: 2 },
        { hashtag: 'robots', uses: 1 },
      ],
    });
  });

  it('keeps the digits of ids that are written as numbers', () => {
    const text = '{"data":{"aweme_list":[{"aweme_id":7412345678901234567},{"aweme_id":42}]}}';
    expect(read(text)).toMatchObject({ videos: [{ id: '7412345678901234567' }, { id: '42' }] });
  });

  it.each([
    ['none', {}],
    ['null', { aweme_id: null }],
    ['a word', { aweme_id: '../../x' }],
    ['zero', { aweme_id: '0' }],
    ['a fraction', { aweme_id: 1.5 }],
    ['too long', { aweme_id: '9'.repeat(21) }],
  ])('leaves out a video whose id is %s', (_, item) => {
    const found = videosOf([item, 'no object', { aweme_id: '7' }, { aweme_id: '7', author: {} }]);
    expect(found.videos.map(({ id }) => id)).toEqual(['7']);
  });

  it('knows no author, plays or date where there is none that can be right', () => {
    const unknown = { author: null, plays: null, createdAt: null };
    const items = [
      { id: '1' },
      { id: '2', author: 'ada', stats: 5, createTime: 'yesterday' },
      { id: '3', author: { uniqueId: '  ' }, stats: { playCount: -1 }, createTime: 0 },
      { id: '4', author: { uniqueId: 7 }, stats: { playCount: 1.5 }, createTime: NOW_MS },
      { id: '5', author: { uniqueId: 'a'.repeat(61) }, createTime: NOW_MS / 1000 + 200_000 },
    ];
    const { videos } = videosOf(items, 'itemList');
    expect(videos).toEqual(['1', '2', '3', '4', '5'].map((id) => ({ id, ...unknown })));
  });

  it('takes the exact number of plays before a rounded one', () => {
    const item = { id: '1', stats: { playCount: 1_200_000 }, statsV2: { playCount: '1234567' } };
    expect(videosOf([item], 'itemList').videos[0]?.plays).toBe(1_234_567);
    const withoutExact = { ...item, statsV2: { playCount: '' } };
    expect(videosOf([withoutExact], 'itemList').videos[0]?.plays).toBe(1_200_000);
  });

  it('makes one harmless line of each author’s name', () => {
    const items = HOSTILE_NAMES.map((name, i) => ({ id: `${i + 1}`, author: { uniqueId: name } }));
    for (const { author } of videosOf(items, 'itemList').videos) {
      expect(author ?? 'unknown').not.toMatch(/[\n\r\p{Cc}\p{Cs}]/u);
    }
  });

  it('counts a companion once for each video, and neither the hashtag itself nor what is no name', () => {
    const tags = ['AI', 'ai', 'Cats', '#cats', 'two#tags', '<b>', '', 'x'.repeat(300)];
    const text_extra = [...tags.map((name) => ({ hashtag_name: name })), null, { hashtag_name: 5 }];
    const items = [1, 2].map((id) => ({ aweme_id: id, text_extra, challenges: 'none' }));
    expect(videosOf(items).companions).toEqual([{ hashtag: 'cats', uses: 2 }]);
  });

  it.each([
    [{ data: { aweme_list: [] } }, 'TikTok names no video'],
    [{ data: { aweme_list: null } }, 'TikTok names no video'],
    [{ data: {} }, 'the answer has no list of videos'],
    [{ data: { itemList: 'none' } }, 'the answer has no list of videos'],
    [{ data: { itemList: [{}, 5] } }, 'no video has a usable id'],
  ])('fails without a video: %j', (body, reason) => {
    expect(read(body)).toEqual({ kind: 'failed', reason });
  });

  it('never throws, whatever it contains', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 4 })), fc.jsonValue(), (items, part) => {
        const filled = items.map((item, i) => ({
          aweme_id: i + 1,
          author: item,
          statistics: part,
          create_time: item,
          text_extra: [item, part],
          challenges: item,
        }));
        expect(['captured', 'failed']).toContain(read({ data: { aweme_list: filled } }).kind);
        expect(['captured', 'failed']).toContain(read({ data: part, itemList: items }).kind);
      }),
    );
  });
});

describe('TikTok’s number of a hashtag', () => {
  it('comes from the hashtag’s own answer, with all its digits', () => {
    const idIn = (id: string) =>
      readTiktokId(parseExactJson(`{"data":{"challengeInfo":{"challenge":{"id":${id}}}}}`));
    expect(idIn('"229207"')).toBe('229207');
    expect(idIn('229207')).toBe('229207');
    expect(idIn('7123456789012345678')).toBe('7123456789012345678');
    for (const id of ['""', '"0"', '0', 'null', '-5', '1.5', '"12a"', '{}']) {
      expect(idIn(id)).toBe(null);
    }
    expect(readTiktokId({ video_count: 5 })).toBe(null);
    expect(parseId(Number.NaN)).toBe(null);
  });
});

describe('a request for videos', () => {
  async function ask(videosFault: Fault | null, video = VIDEO, key = DEMO_KEY) {
    const api = await startApi({
      key,
      videos: () => videosAnswer([video]),
      videosFault: () => videosFault,
    });
    const client = createVideosClient(
      {
        baseUrl: api.url,
        key,
        send: createHttp(globalThis.fetch),
        now: () => NOW_MS,
        timeoutMs: videosFault === 'hang' || videosFault === 'drip' ? 100 : 10_000,
      },
      () => '229207',
    );
    const reply = await client('ai', new AbortController().signal);
    return { reply, api };
  }

  it('names the hashtag by its id only, and says what it cost', async () => {
    const { reply, api } = await ask(null);
    expect(api.videoRequests).toEqual(['229207']);
    expect(reply).toMatchObject({ creditsUsed: 1, creditsRemaining: 999 });
    expect(reply.outcome).toMatchObject({ kind: 'captured', videos: [{ author: 'ada' }] });
  });

  it.each<[string, Fault, string]>([
    [
      'an error of status 200',
      { status: 200, body: { error: 'no', data: { aweme_list: [] } } },
      'failed',
    ],
    [
      'TikTok’s own code',
      { status: 200, body: { data: { status_code: 5, aweme_list: [] } } },
      'failed',
    ],
    ['success: false', { status: 200, body: { success: false } }, 'failed'],
    ['an unknown id', { status: 404, body: { error: 'no such hashtag' } }, 'not-found'],
    ['a bad request', { status: 400, body: { error: 'hashtag_id' } }, 'rejected'],
    ['no credits', { status: 402, body: { error: 'Out of credits' } }, 'stop'],
    ['a retired endpoint', { status: 410 }, 'stop'],
    ['too many requests', { status: 429, headers: { 'Retry-After': '1' } }, 'rate-limited'],
    ['trouble upstream', { status: 503 }, 'fault'],
    ['no answer in time', 'hang', 'fault'],
    ['an answer that does not end', 'drip', 'fault'],
    ['a lost connection', 'reset', 'fault'],
    ['an answer cut short', 'cut', 'fault'],
    ['an answer that is not JSON', 'nonsense', 'fault'],
  ])('takes %s for what it is', async (_, fault, kind) => {
    expect((await ask(fault)).reply.outcome.kind).toBe(kind);
  });

  it('does not show the key, even if the API echoes it', async () => {
    const { reply } = await ask({ status: 404, body: { error: `no hashtag for ${DEMO_KEY}` } });
    expect(JSON.stringify(reply)).not.toContain(DEMO_KEY);
    const key = 'sk_live_0123456789';
    const echoing = { ...VIDEO, author: `by ${key.toUpperCase()}`, hashtags: [key, 'llm'] };
    expect((await ask(null, echoing, key)).reply.outcome).toMatchObject({
      videos: [{ author: null }],
      companions: [{ hashtag: 'llm' }],
    });
  });
});
