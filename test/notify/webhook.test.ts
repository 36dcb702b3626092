import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import type { News } from '../../scripts/lib/notify/news.ts';
import { postToWebhook, renderFailure, renderMessage } from '../../scripts/lib/notify/webhook.ts';
import { createHttp } from '../../scripts/lib/system/http.ts';
import { type HttpAnswer, startHttpServer } from '../helpers/http.ts';
import { HOSTILE_NAMES, TODAY } from '../helpers/snapshots.ts';

const NOTHING: News = { day: TODAY, moves: [], failures: [], more: 0 };
const LINKS = { report: 'https://github.com/ada/tracker/report.md', run: 'https://run' };

const render = (news: Partial<News>, links = LINKS) =>
  renderMessage({ ...NOTHING, ...news }, links);
const move = (hashtag: string, mark = '📈', words = 'trending, +10.0%') => ({
  hashtag,
  mark,
  words,
});
const failures = (count: number, reason = 'HTTP 503: down') =>
  Array.from({ length: count }, (_, i) => ({ hashtag: `tag${i}`, reason }));

describe('a message', () => {
  it('says what is new, and links to more', () => {
    const moves = [
      move('cursor', '🚀', 'breakout, 45 × its usual: +900 in 2 days'),
      move('a', '👋', 'gone from TikTok since 2026-11-19'),
      move('b', '🆕', 'now on TikTok'),
      move('c', '🆕', 'now on TikTok'),
    ];
    expect(render({ moves, failures: failures(2) })).toBe(
      [
        'TikTok hashtags on 2026-11-22',
        '⚠️ Not captured: #tag0, #tag1 (HTTP 503: down)',
        '🚀 #cursor breakout, 45 × its usual: +900 in 2 days',
        '👋 #a gone from TikTok since 2026-11-19',
        '🆕 #b, #c now on TikTok',
        'Report: https://github.com/ada/tracker/report.md',
        'Run: https://run',
      ].join('\n'),
    );
  });

  it('keeps names that are written from right to left apart', () => {
    const missed = ['שלום', 'llm', 'مرحبا'].map((hashtag) => ({ hashtag, reason: 'HTTP 503' }));
    const text = render({ moves: [move('سلام')], failures: missed });
    expect(text).toContain('\n📈 \u2068#سلام\u2069 trending, +10.0%\n');
    expect(text).toContain('captured: \u2068#שלום\u2069, #llm, \u2068#مرحبا\u2069 (HTTP');
  });

  it('is not written if nothing is new', () => {
    expect(render({})).toBeNull();
  });

  it('links to the run only if something failed', () => {
    expect(render({ moves: [move('llm')] })).not.toContain('Run:');
  });

  it.each([
    [
      'moves',
      { moves: Array.from({ length: 1000 }, (_, i) => move(`tag${i}`, '📈', `+${i}`)) },
      1000,
    ],
    [
      'reasons',
      { failures: failures(300).map((f, i) => ({ ...f, reason: `${i} ${'<&>'.repeat(60)}` })) },
      300,
    ],
    ['items that did not fit into the news', { moves: [move('llm')], more: 41 }, 42],
  ])('is no longer than Discord allows, and counts the rest: %s', (_case, news, total) => {
    const text = render(news) ?? '';
    expect(text.length).toBeLessThanOrEqual(2000);
    const shown = text.match(/^(📈|⚠️)/gmu)?.length ?? 0;
    expect(shown).toBeGreaterThan(0);
    expect(text).toContain(`\n… and ${total - shown} more\nReport: `);
  });

  it('names ten of many hashtags that failed for the same reason', () => {
    expect(render({ failures: failures(23) })).toContain('#tag9 and 13 more (HTTP 503: down)');
  });

  it.each([
    ...HOSTILE_NAMES,
    '@everyone',
    '<!channel>',
    '<@U123>',
    '[click](https://evil.example)',
    '::error::x',
  ])('contains nothing that a chat treats as more than text: %j', (text) => {
    const message = render({ moves: [move(text)], failures: [{ hashtag: text, reason: text }] });
    expect(message?.split('\n')).toHaveLength(5);
    expect(message).not.toMatch(/[<>]|@[a-zU]|\]\(|::error/);
    expect(message).not.toMatch(/&(?!amp;|lt;|gt;)/);
  });

  it('about a failed run links to it', () => {
    expect(renderFailure('https://run')).toContain('failed. https://run says why');
    expect(renderFailure(null)).toContain('Its log says why');
  });
});

describe('the webhook', () => {
  const SECRET = 'canary-9a41';

  /** Starts a server that gives these answers in order, and repeats the last one. */
  async function startHook(...answers: (HttpAnswer | 'hang' | 'reset')[]) {
    const seen: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[] = [];
    const base = await startHttpServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body });
      const answer = answers[Math.min(seen.length, answers.length) - 1] ?? {};
      if (answer === 'hang') return;
      if (answer === 'reset') return void response.destroy();
      response.writeHead(answer.status ?? 200, answer.headers).end(String(answer.body ?? 'ok'));
    });
    return { url: `${base}/services/${SECRET}?token=${SECRET}`, seen };
  }

  async function post(url: string) {
    const clock = createVirtualClock();
    const options = { url, send: createHttp(globalThis.fetch), clock, timeoutMs: 500 };
    const error = await postToWebhook('hello\nworld', options).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    return { message: error === null ? null : String(error), sleptMs: clock.sleptMs(), error };
  }

  it.each([200, 204])('gets the text in Slack’s format, and may answer %i', async (status) => {
    const hook = await startHook({ status, body: '' });
    expect((await post(hook.url)).message).toBeNull();
    expect(hook.seen).toEqual([
      {
        method: 'POST',
        url: `/services/${SECRET}?token=${SECRET}`,
        headers: expect.objectContaining({ 'content-type': 'application/json' }),
        body: '{"text":"hello\\nworld"}',
      },
    ]);
  });

  it.each([
    [429, { 'Retry-After': '7' }, 7000],
    [503, {}, 2000],
  ])('that answers %i is tried once more', async (status, headers, sleptMs) => {
    const hook = await startHook({ status, headers }, {});
    expect(await post(hook.url)).toMatchObject({ message: null, sleptMs });
    expect(hook.seen).toHaveLength(2);
  });

  const hopeless: [string, HttpAnswer | 'hang' | 'reset', number, RegExp][] = [
    ['is always busy', { status: 429, headers: { 'Retry-After': '1' } }, 2, /HTTP 429/],
    ['asks for an hour', { status: 429, headers: { 'Retry-After': '3600' } }, 1, /HTTP 429/],
    ['is always broken', { status: 500 }, 2, /HTTP 500/],
    ['is gone', { status: 404 }, 1, /HTTP 404.*make a new webhook/],
    ['redirects', { status: 302, headers: { Location: '/elsewhere' } }, 1, /HTTP 302/],
    ['never answers', 'hang', 1, /no answer/],
    ['drops the connection', 'reset', 1, /no answer/],
    ['echoes its address', { status: 400, body: SECRET }, 1, /HTTP 400/],
  ];
  it.each(hopeless)(
    'that %s causes an error that does not reveal its address',
    async (_case, answer, count, message) => {
      const hook = await startHook(answer);
      const { message: shown, error } = await post(hook.url);
      expect(shown).toMatch(message);
      expect(hook.seen).toHaveLength(count);
      expect(`${shown} ${JSON.stringify(error)} ${(error as Error).cause}`).not.toContain(SECRET);
    },
  );

  it.each([
    `${SECRET}`,
    `ftp://${SECRET}`,
    `https://user:${SECRET}@localhost/`,
    `http://${SECRET}:1`,
  ])('is not called at %s', async (url) => {
    const { message } = await post(url);
    expect(message).toMatch(/ALERT_WEBHOOK_URL/);
    expect(message).not.toContain(SECRET);
  });
});
