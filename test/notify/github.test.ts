import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import { createGitHub } from '../../scripts/lib/notify/github.ts';
import { createHttp, RequestError } from '../../scripts/lib/system/http.ts';
import { REPOSITORY, startGitHub, TOKEN } from '../helpers/github.ts';
import type { HttpAnswer } from '../helpers/http.ts';

function connect(apiUrl: string, token = TOKEN) {
  const clock = createVirtualClock();
  const send = createHttp(globalThis.fetch);
  return createGitHub({ apiUrl, repository: REPOSITORY, token, send, clock, timeoutMs: 2000 });
}

const any = () => true;

describe('issues', () => {
  it('are searched from the newest on, on all pages and without pull requests', async () => {
    const stored = await startGitHub({ pageSize: 2 });
    stored.addIssue({ body: 'wanted' });
    stored.addIssue({ body: 'wanted' });
    for (let i = 0; i < 4; i++) stored.addIssue();
    stored.addIssue({ body: 'wanted', state: 'closed' });
    stored.addIssue({ body: 'wanted', pull_request: {} });
    const github = connect(stored.url);
    expect(await github.findOpenIssue(({ body }) => body === 'wanted')).toMatchObject({
      number: 2,
    });
    expect(await github.findOpenIssue(() => false)).toBeNull();
    expect(stored.requests).toHaveLength(3 + 4);
  });

  it('are searched on at most ten pages', async () => {
    const stored = await startGitHub({ pageSize: 1 });
    for (let i = 0; i < 20; i++) stored.addIssue();
    expect(await connect(stored.url).findOpenIssue(({ number }) => number === 1)).toBeNull();
    expect(stored.requests).toHaveLength(10);
  });

  it('are opened, read, edited and closed', async () => {
    const stored = await startGitHub();
    const github = connect(`${stored.url}/`);
    await github.createIssue('Title', 'Body');
    await github.editIssue(1, { body: 'Changed' });
    await github.editIssue(1, { state: 'closed' });
    expect(await github.readIssue(1)).toMatchObject({ body: 'Changed', state: 'closed' });
    expect(stored.issues).toMatchObject([{ title: 'Title' }]);
  });
});

describe('comments', () => {
  it('are created, found among those changed since a time, and edited', async () => {
    const stored = await startGitHub({ pageSize: 2 });
    const issue = stored.addIssue();
    for (let i = 0; i < 50; i++) {
      stored.addComment(issue, { updated_at: '2026-11-20T00:00:00Z' });
    }
    const github = connect(stored.url);
    await github.createComment(1, 'Hello');
    const found = await github.findComment(1, '2026-11-21T00:00:00Z', any);
    expect(found).toMatchObject({ body: 'Hello' });
    await github.editComment(found?.id ?? 0, 'Changed');
    expect(issue.comments.at(-1)).toMatchObject({ body: 'Changed' });
    expect(stored.requests.filter((request) => request.startsWith('GET'))).toHaveLength(1);
  });
});

describe('a refusal', () => {
  const NOW_S = createVirtualClock().now() / 1000;
  const at = (headers: Record<string, string>) => ({
    ...headers,
    Date: new Date(NOW_S * 1000).toUTCString(),
  });
  const cases: [string, HttpAnswer | 'hang', number | null, RegExp][] = [
    [
      'of the token',
      { status: 403, body: { message: 'Resource not accessible by integration' } },
      null,
      /issues: write/,
    ],
    ['of an invalid token', { status: 401 }, null, /GITHUB_TOKEN/],
    ['of a missing issue', { status: 404 }, null, /check "digestIssue"/],
    ['of a moved issue', { status: 301 }, null, /moved/],
    [
      'of switched-off issues',
      { status: 410, body: { message: 'Issues are disabled' } },
      null,
      /turn on issues/,
    ],
    [
      'of switched-off issues in another wording',
      { status: 403, body: { message: 'Issues has been disabled in this repository.' } },
      null,
      /turn on issues/,
    ],
    [
      'of a locked issue',
      { status: 403, body: { message: 'Unable to create comment because issue is locked.' } },
      null,
      /unlock/,
    ],
    ['of an invalid request', { status: 422 }, null, /bug in the tracker/],
    ['for a while', { status: 403, headers: { 'Retry-After': '20' } }, 20_000, /wait 20 s/],
    [
      'until the limit is reset',
      {
        status: 429,
        headers: at({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW_S + 900) }),
      },
      901_000,
      /wait 901 s/,
    ],
    [
      'for a limit without a known end',
      { status: 403, body: { message: 'You have exceeded a secondary rate limit' } },
      60_000,
      /wait 60 s/,
    ],
    ['because of a server error', { status: 502, body: '<html>' }, 1000, /HTTP 502/],
    ['without an answer', 'hang', 1000, /no answer within 2 s/],
    [
      'with an unreadable answer',
      { status: 200, body: '<html>' },
      1000,
      /GitHub’s answer has an unexpected format/,
    ],
    [
      'with an unexpected answer',
      { status: 200, body: { number: 'x' } },
      1000,
      /GitHub’s answer has an unexpected format/,
    ],
    ['that echoes the token', { status: 422, body: { message: TOKEN } }, null, /\*\*\*/],
    [
      'that contains a command',
      { status: 422, body: { message: '\n::error::x' } },
      null,
      /: : ?error/,
    ],
  ];
  it.each(cases)(
    '%s says what to do and when to try again',
    async (_case, answer, waitMs, words) => {
      const stored = await startGitHub({ fault: () => answer });
      const error = await connect(stored.url)
        .readIssue(7)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RequestError);
      expect(error).toMatchObject({ retryAfterMs: waitMs, message: expect.stringMatching(words) });
      expect(String(error)).not.toMatch(new RegExp(`${TOKEN}|\n`));
      expect(stored.requests).toHaveLength(1);
    },
  );

  it('of the connection names the cause', async () => {
    const error = await connect('http://127.0.0.1:1')
      .readIssue(7)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      retryAfterMs: 1000,
      message: expect.stringMatching(/no answer/),
    });
  });

  it('of a wrong token has GitHub’s message', async () => {
    const stored = await startGitHub();
    await expect(connect(stored.url, 'other').readIssue(1)).rejects.toThrow('Bad credentials');
  });
});
