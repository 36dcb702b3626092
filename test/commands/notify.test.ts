import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  DEMO_KEY,
  hashtagAnswer,
  type StandIn,
  UNKNOWN_HASHTAG_ANSWER,
} from '../../scripts/lab/stand-in.ts';
import { notify } from '../../scripts/lib/commands/notify.ts';
import { createFolder } from '../helpers/folder.ts';
import { BOT, REPOSITORY, type StandInGitHub, startGitHub, TOKEN } from '../helpers/github.ts';
import { type HttpAnswer, startHttpServer } from '../helpers/http.ts';
import { writeWatchlist } from '../helpers/repository.ts';
import { type Ran, runInProcess, runTrack, startApi } from '../helpers/tracker.ts';

const SECRET = 'canary-webhook-51c8';
const SERVER = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: REPOSITORY,
  GITHUB_REF_NAME: 'main',
};

type Place = { root: string; api: StandIn; github: StandInGitHub; hook: Hook };
type Hook = { url: string; texts: string[] };
type Day = { day: string; runId?: number; env?: Record<string, string> };

async function startHook(answer: () => HttpAnswer = () => ({})): Promise<Hook> {
  const texts: string[] = [];
  const base = await startHttpServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    texts.push(JSON.parse(body).text);
    const { status = 200, headers = {} } = answer();
    response.writeHead(status, headers).end();
  });
  return { url: `${base}/${SECRET}`, texts };
}

/** Runs the workflow: `track`, then `notify` with the outputs of the first job. */
async function runWorkflow(
  { root, api, github, hook }: Place,
  { day, runId = 1, env = {} }: Day,
): Promise<Ran> {
  const run = { ...SERVER, GITHUB_RUN_ID: String(runId) };
  const access = { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url };
  const tracked = await runTrack(root, api, [], { day, env: { ...run, ...access, ...env } });
  const notified = await runInProcess(notify, root, [], {
    day,
    env: {
      ...run,
      TRACK_RESULT: tracked.exitCode === 0 ? 'success' : 'failure',
      NEWS: tracked.outputs.news ?? '',
      GITHUB_API_URL: github.url,
      GITHUB_TOKEN: TOKEN,
      ALERT_WEBHOOK_URL: hook.url,
      ...env,
    },
  });
  expect(notified.exitCode).toBe(0);
  expect(notified.output).not.toMatch(/canary/);
  return notified;
}

const SETTINGS = { digestIssue: 1, troubleIssue: true };

async function createRoot(settings: object = SETTINGS, hashtags: string[] = ['cursor', 'llm']) {
  const root = await createFolder();
  await writeWatchlist(root, { settings, hashtags });
  return root;
}

describe('the notifications of a week', () => {
  it('announce everything once, edit the digest, and open and close the trouble issue', async () => {
    let now = '2026-11-16';
    let videos: Record<string, number> = { cursor: 1000, llm: 1000 };
    let isDown = false;
    const github = await startGitHub({ now: () => Date.parse(`${now}T06:20:00Z`) });
    const digest = github.addIssue({ title: 'Hashtags, daily' });
    const api = await startApi({
      answer: (name) => hashtagAnswer(name, videos[name] ?? 1, 50_000),
      fault: (name) =>
        isDown && name === 'llm' ? { status: 418, body: { error: 'gone @ada #1' } } : null,
    });
    const place = { root: await createRoot(), api, github, hook: await startHook() };
    const run = (runId: number, env = {}) => runWorkflow(place, { day: now, runId, env });
    const trouble = () => github.issues.slice(1);

    // Monday: the first day has nothing to announce.
    await run(1);
    expect([place.hook.texts, digest.comments, trouble()]).toEqual([[], [], []]);

    // Tuesday: one hashtag trends. Two reruns announce nothing new.
    now = '2026-11-17';
    videos = { cursor: 1100, llm: 1001 };
    for (const id of [2, 3, 4]) await run(id);
    expect(place.hook.texts).toEqual([
      'TikTok hashtags on 2026-11-17\n📈 #cursor trending, +10.0%: +100, now 1,100 videos\n' +
        'Report: https://github.com/ada/tracker/blob/main/reports/2026-11-17.md',
    ]);
    expect(digest.comments).toHaveLength(1);
    expect(digest.comments[0]?.body).toContain(
      '**[#cursor](https://www.tiktok.com/tag/cursor)** trending, **+10.0%**',
    );
    expect(trouble()).toEqual([]);

    // Wednesday: one hashtag fails, and it fails again in the rerun.
    now = '2026-11-18';
    isDown = true;
    await run(5);
    expect(place.hook.texts.slice(1)).toEqual([
      expect.stringMatching(
        /^TikTok .*18\n⚠️ Not captured: #llm \(HTTP 418: gone @\u2060ada #1\)\nReport: .*\nRun: .*\/runs\/5$/,
      ),
    ]);
    expect(digest.comments).toHaveLength(2);
    expect(trouble()).toMatchObject([{ title: 'Tracking has problems', state: 'open' }]);
    expect(trouble()[0]?.body).toContain('`HTTP 418: gone @ada #1`');
    await run(6);
    expect(place.hook.texts).toHaveLength(2);
    expect(digest.comments).toHaveLength(2);
    expect(digest.comments[1]?.body).toContain('/actions/runs/6');

    // Thursday and Friday: it still fails. On Friday it has had no data for three days.
    now = '2026-11-19';
    await run(7);
    expect(trouble()[0]?.body).not.toContain('No data for 3 days');
    now = '2026-11-20';
    await run(8);
    expect(trouble()).toMatchObject([{ number: 2, state: 'open' }]);
    expect(trouble()[0]?.body).toContain('No data for 3 days or more');
    expect(trouble()[0]?.body).toContain('(since 2026-11-17)');
    expect(place.hook.texts).toHaveLength(4);

    // Saturday: the rerun captures it. The comment says so, and the issue is closed.
    now = '2026-11-21';
    await run(9);
    isDown = false;
    await run(10);
    expect(place.hook.texts).toHaveLength(5);
    expect(digest.comments).toHaveLength(5);
    expect(digest.comments[4]?.body).toContain('\n✅ 2 of 2 hashtags · ');
    expect(digest.comments[4]?.body).not.toContain('⚠️');
    expect(trouble()).toMatchObject([{ state: 'closed', comments: [] }]);

    // Sunday: without a key, every run fails. The chat gets one message about that.
    now = '2026-11-22';
    for (const id of [11, 12, 13]) await run(id, { SCAVIO_API_KEY: '' });
    expect(place.hook.texts.slice(5)).toEqual([
      '⚠️ The run of the TikTok hashtag tracker failed. ' +
        'https://github.com/ada/tracker/actions/runs/11 says why, and what to do.',
    ]);
    expect(digest.comments).toHaveLength(6);
    expect(digest.comments[5]?.body).toContain('The last run failed');
    expect(trouble()).toMatchObject([{ state: 'closed' }, { state: 'open' }]);
    expect(JSON.stringify(github.issues)).not.toMatch(/canary/);
    expect(place.hook.texts.join()).not.toMatch(/canary/);
  });

  it('open the trouble issue if few credits are left', async () => {
    const api = await startApi({ credits: 14 });
    const github = await startGitHub();
    const root = await createRoot({ troubleIssue: true });
    await runWorkflow({ root, api, github, hook: await startHook() }, { day: '2026-11-22' });
    expect(github.issues[0]?.body).toContain('12 left, enough for 6 days');
  });
});

describe('the digest', () => {
  it('gets the week once, on the first day after it that is tracked', async () => {
    const github = await startGitHub();
    const digest = github.addIssue();
    const root = await createRoot({ digestIssue: 1 });
    const place = { root, api: await startApi(), github, hook: await startHook() };
    for (const day of ['20', '22', '24', '24', '25']) {
      await runWorkflow(place, { day: `2026-11-${day}` });
    }
    expect(digest.comments).toHaveLength(1);
    expect(digest.comments[0]?.body).toMatch(/^<!-- tracker-digest 2026-11-24 -->/);
    expect(digest.comments[0]?.body).toContain('\n\n### Week 47 of 2026\n\n⚠️ **1 day missing');
    expect(digest.comments[0]?.body).toContain(
      '[The full summary](https://github.com/ada/tracker/blob/main/reports/weekly/2026-W47.md)',
    );
  });
});

describe('notifications that are not configured', () => {
  it('are sent neither to GitHub nor to a webhook', async () => {
    const github = await startGitHub();
    const hook = await startHook();
    const place = { root: await createRoot({}), api: await startApi(), github, hook };
    const env = { SCAVIO_API_KEY: '', ALERT_WEBHOOK_URL: '' };
    const ran = await runWorkflow(place, { day: '2026-11-22', env });
    expect(ran.output).toBe('Webhook: not configured');
    expect([github.requests, hook.texts]).toEqual([[], []]);
  });
});

describe('a notification that fails', () => {
  const faults: [string, HttpAnswer, RegExp, number][] = [
    ['a missing permission', { status: 403 }, /issues: write/, 2],
    ['a missing issue', { status: 404 }, /check "digestIssue"/, 2],
    ['switched-off issues', { status: 410 }, /turn on issues/, 2],
    ['a limit that ends soon', { status: 429, headers: { 'Retry-After': '9' } }, /HTTP 429/, 4],
    ['a limit that ends late', { status: 429, headers: { 'Retry-After': '99' } }, /HTTP 429/, 2],
    ['a server error', { status: 500, body: `${TOKEN} ${SECRET}` }, /HTTP 500/, 4],
  ];
  it.each(faults)(
    'because of %s is a warning, and the webhook still gets its message',
    async (_case, fault, words, requests) => {
      const github = await startGitHub({ fault: () => fault });
      const hook = await startHook();
      const place = { root: await createRoot(), api: await startApi(), github, hook };
      const ran = await runWorkflow(place, { day: '2026-11-22', env: { SCAVIO_API_KEY: '' } });
      expect(ran.output).toMatch(words);
      expect(ran.output.match(/^warning: (Trouble issue|Digest): /gm)).toHaveLength(2);
      expect(github.requests).toHaveLength(requests);
      expect(hook.texts).toHaveLength(1);
    },
  );

  it('because of a passing fault is repeated, and leaves one comment and one issue', async () => {
    const seen = new Set<string>();
    const github = await startGitHub({
      fault: (request) => {
        if (seen.has(request)) return null;
        seen.add(request);
        return request.startsWith('POST') ? { status: 502 } : null;
      },
    });
    const digest = github.addIssue();
    const place = {
      root: await createRoot(),
      api: await startApi(),
      github,
      hook: await startHook(),
    };
    const ran = await runWorkflow(place, { day: '2026-11-22', env: { SCAVIO_API_KEY: '' } });
    expect(ran.output).not.toContain('warning');
    expect(digest.comments).toHaveLength(1);
    expect(github.issues).toHaveLength(2);
  });

  it('because its answer is lost does not keep the message from the webhook', async () => {
    const github = await startGitHub({
      fault: (request) => {
        if (request !== 'POST /issues' || github.issues.length > 0) return null;
        const body = '<!-- tracker-trouble {"failed":"2026-11-22"} -->';
        github.addIssue({ user: { login: BOT }, body });
        return { status: 502 };
      },
    });
    const hook = await startHook();
    const root = await createRoot({ troubleIssue: true });
    const place = { root, api: await startApi(), github, hook };
    await runWorkflow(place, { day: '2026-11-22', env: { SCAVIO_API_KEY: '' } });
    expect(github.issues).toHaveLength(1);
    expect(hook.texts).toEqual([expect.stringContaining('The run of the TikTok hashtag tracker')]);
  });

  it('because the webhook refuses it is a warning with what to do', async () => {
    const hook = await startHook(() => ({ status: 404 }));
    const github = await startGitHub();
    const place = { root: await createRoot({}), api: await startApi(), github, hook };
    const ran = await runWorkflow(place, { day: '2026-11-22', env: { SCAVIO_API_KEY: '' } });
    expect(ran.output).toMatch(
      /^warning: Webhook: .*HTTP 404.*replace the secret\nWebhook: failed/,
    );
  });

  const environments: [string, Record<string, string>, RegExp][] = [
    ['a missing result', { TRACK_RESULT: '' }, /TRACK_RESULT is not set/],
    ['a missing token', { GITHUB_TOKEN: '' }, /GITHUB_TOKEN must be set/],
    ['missing news of a successful run', { NEWS: '' }, /news of the run can’t be read/],
    ['unreadable news', { NEWS: '{"day": "::error::"}' }, /news of the run can’t be read/],
  ];
  it.each(environments)(
    'because of %s is a warning, and the webhook gets no message',
    async (_case, env, words) => {
      const github = await startGitHub();
      github.addIssue();
      const hook = await startHook();
      const place = { root: await createRoot(), api: await startApi(), github, hook };
      const ran = await runWorkflow(place, { day: '2026-11-22', env });
      expect(ran.output).toMatch(words);
      expect(ran.output).not.toContain('::');
      expect(hook.texts).toEqual([]);
    },
  );

  it('because of a wrong watchlist is a warning, and the webhook announces the failed run', async () => {
    const hook = await startHook();
    const root = await createRoot();
    await writeWatchlist(root, ['a!']);
    const place = { root, api: await startApi(), github: await startGitHub(), hook };
    const ran = await runWorkflow(place, { day: '2026-11-22' });
    expect(ran.output).toContain('warning: The watchlist: data/hashtags.json:1:2: ');
    expect(hook.texts).toEqual([expect.stringContaining('tracker failed')]);
  });

  it('because of a damaged database is a warning, and the trouble issue reports the failed run', async () => {
    const github = await startGitHub();
    const root = await createRoot({ troubleIssue: true });
    const place = { root, api: await startApi(), github, hook: await startHook() };
    await runWorkflow(place, { day: '2026-11-21' });
    await rm(path.join(root, 'data/hashtag_tracker.db'));
    await writeFile(path.join(root, 'data/hashtag_tracker.db'), 'nonsense');
    const ran = await runWorkflow(place, { day: '2026-11-22' });
    expect(ran.output).toContain('warning: The database: ');
    expect(github.issues).toMatchObject([{ body: expect.stringContaining('The last run failed') }]);
  });
});

describe('the notifications about hashtags that are not on TikTok', () => {
  it('say once that one is gone or there at last, and open no issue for one that never was', async () => {
    let now = '2026-11-16';
    const lost = new Set(['never']);
    const github = await startGitHub({ now: () => Date.parse(`${now}T06:20:00Z`) });
    const digest = github.addIssue({ title: 'Hashtags, daily' });
    const api = await startApi({
      answer: (name) => (lost.has(name) ? UNKNOWN_HASHTAG_ANSWER : hashtagAnswer(name, 1000, 9)),
    });
    const root = await createRoot(SETTINGS, ['cursor', 'llm', 'never']);
    const place = { root, api, github, hook: await startHook() };
    const states = async (day: string) => {
      now = day;
      await runWorkflow(place, { day });
      return github.issues.slice(1).map(({ state }) => state);
    };
    for (const day of ['16', '17', '18', '19', '20']) {
      expect(await states(`2026-11-${day}`)).toEqual([]);
    }
    expect([place.hook.texts, digest.comments]).toEqual([[], []]);

    lost.add('llm');
    for (const day of ['21', '22', '23']) {
      expect(await states(`2026-11-${day}`)).toEqual(['open']);
    }
    expect(await states('2026-11-24')).toEqual(['closed']);
    expect(place.hook.texts.at(-1)).toContain('👋 #llm gone from TikTok since 2026-11-21');
    expect(digest.comments.at(-1)?.body).toMatch(
      /- 👋 .*#llm\].* \*\*gone from TikTok since 2026-11-21\*\*/,
    );
    const said = [place.hook.texts.length, digest.comments.length];
    for (const day of ['25', '26', '27']) await states(`2026-11-${day}`);
    expect([place.hook.texts.length, digest.comments.length]).toEqual(said);

    lost.clear();
    await states('2026-11-28');
    expect(place.hook.texts.at(-1)).toMatch(/↩️ #llm back on TikTok\n🆕 #never now on TikTok/);
    expect(github.issues.slice(1)).toMatchObject([{ state: 'closed' }]);
  });
});
