import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync, writeFileSync } from 'node:fs';
import { copyFile, cp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import {
  DEMO_KEY,
  type Fault,
  hashtagAnswer,
  UNKNOWN_HASHTAG_ANSWER,
} from '../../scripts/lab/stand-in.ts';
import { DATABASE_PATH, LOCK_PATH } from '../../scripts/lib/core/paths.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createFolder } from '../helpers/folder.ts';
import {
  cloneRepository,
  commitFile,
  createRepository,
  refusePushes,
  writeHook,
  writeWatchlist,
} from '../helpers/repository.ts';
import { queryDatabase, type Ran, runTrack, startApi } from '../helpers/tracker.ts';

async function createRoot(watchlist: unknown = ['aitools', 'llm']): Promise<string> {
  const root = await createFolder();
  await writeWatchlist(root, watchlist);
  return root;
}

const readDatabaseFile = (root: string) => readFile(path.join(root, 'data', 'hashtag_tracker.db'));
const readReport = (root: string, day: string) =>
  readFile(path.join(root, 'reports', `${day}.md`), 'utf8');

describe('a day', () => {
  it('gets a snapshot of every hashtag, a report, and the tutorial’s report on the console', async () => {
    const root = await createRoot();
    const ran = await runTrack(root, await startApi());
    expect(ran.exitCode).toBe(0);
    expect(ran.output).toContain('[1/2] #aitools 1,000 videos, 50,000 views');
    expect(ran.output).toContain(
      'TikTok Hashtag Report - 2026-11-22\n--------------------------------------------------\n' +
        '#aitools                       1,000 videos | growth: first day',
    );
    expect(await queryDatabase(root, 'SELECT * FROM snapshots')).toEqual([
      ['2026-11-22', 'aitools', 1000, 50_000],
      ['2026-11-22', 'llm', 1000, 50_000],
    ]);
    expect(await readReport(root, '2026-11-22')).toContain('\n✅ 2 of 2 hashtags · 06:17');
    expect(await readdir(path.join(root, 'reports'))).toEqual([
      '2026-11-22.md',
      'README.md',
      'badge.svg',
    ]);
  });

  it('gets a record of what its run did and what started it', async () => {
    const root = await createRoot();
    const api = await startApi({ credits: 500 });
    await runTrack(root, api, [], {
      env: {
        SCAVIO_API_KEY: DEMO_KEY,
        SCAVIO_BASE_URL: api.url,
        GITHUB_EVENT_NAME: 'schedule',
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'ada/tracker',
        GITHUB_RUN_ID: '42',
      },
    });
    const columns =
      'date, trigger, url, tracked, asked, stored, failed, credits_used, credits_remaining';
    expect(await queryDatabase(root, `SELECT ${columns} FROM runs`)).toEqual([
      [
        '2026-11-22',
        'schedule',
        'https://github.com/ada/tracker/actions/runs/42',
        2,
        2,
        2,
        0,
        2,
        498,
      ],
    ]);
    expect(await readReport(root, '2026-11-22')).toContain(
      '[this run](https://github.com/ada/tracker/actions/runs/42) · 2 credits used · 498 left, enough for 249 days',
    );
  });

  it('begins at midnight in the watchlist’s time zone', async () => {
    const root = await createRoot({ settings: { timeZone: 'Pacific/Auckland' }, hashtags: ['a'] });
    await runTrack(root, await startApi(), [], { day: '2026-11-22' }); // 06:17 UTC is 19:17 there
    expect(await queryDatabase(root, 'SELECT date FROM snapshots')).toEqual([['2026-11-22']]);
    await writeWatchlist(root, { settings: { timeZone: 'Pacific/Pago_Pago' }, hashtags: ['a'] });
    const ran = await runTrack(root, await startApi(), [], { day: '2026-11-24' });
    expect(ran.exitCode).toBe(0);
    expect(await queryDatabase(root, 'SELECT max(date) FROM snapshots')).toEqual([['2026-11-23']]);
  });
});

describe('a hashtag that leaves the watchlist', () => {
  it.each([
    ['paused', ['aitools', { name: 'llm', paused: true }], '**Paused**: [#llm]'],
    ['removed', ['aitools'], '**No longer tracked**: [#llm]'],
  ])(
    'keeps its rows when it is %s, is mentioned once, and continues its series later',
    async (_, without, note) => {
      const root = await createRoot();
      await runTrack(root, await startApi(), [], { day: '2026-11-18' });
      await writeWatchlist(root, without);
      for (const day of ['2026-11-19', '2026-11-20'])
        await runTrack(root, await startApi(), [], { day });
      expect(await readReport(root, '2026-11-19')).toContain(note);
      expect(await readReport(root, '2026-11-20')).not.toContain(note);

      await writeWatchlist(root, ['aitools', 'llm']);
      const grown = await startApi({ answer: (name) => hashtagAnswer(name, 1331, 50_000) });
      await runTrack(root, grown, [], { day: '2026-11-21' });
      expect(await readReport(root, '2026-11-21')).toContain(
        '[#llm](https://www.tiktok.com/tag/llm)** trending, **+10.0%/day over 3 days**',
      );
      const kept = "SELECT date FROM snapshots WHERE hashtag = 'llm'";
      expect(await queryDatabase(root, kept)).toEqual([['2026-11-18'], ['2026-11-21']]);
    },
  );

  it('is mentioned by the next report with snapshots if one day captures nothing', async () => {
    const root = await createRoot();
    await runTrack(root, await startApi(), [], { day: '2026-11-18' });
    await writeWatchlist(root, ['aitools']);
    const down = await startApi({ fault: () => ({ status: 503 }) });
    await runTrack(root, down, [], { day: '2026-11-19' });
    await runTrack(root, await startApi(), [], { day: '2026-11-20' });
    expect(await readReport(root, '2026-11-19')).not.toContain('No longer tracked');
    expect(await readReport(root, '2026-11-20')).toContain('**No longer tracked**: [#llm]');
  });
});

describe('a rerun on the same day', () => {
  it('asks nothing and changes no file if the day is complete', async () => {
    const root = await createRoot();
    const api = await startApi();
    await runTrack(root, api);
    const before = await readDatabaseFile(root);
    const ran = await runTrack(root, api);
    expect(ran).toMatchObject({ exitCode: 0, output: expect.stringContaining('Nothing to ask') });
    expect(api.requests).toHaveLength(2);
    expect((await readDatabaseFile(root)).equals(before)).toBe(true);
  });

  it('asks only for the hashtags that the day still lacks', async () => {
    const root = await createRoot();
    let isDown = true;
    const api = await startApi({
      fault: (name) => (isDown && name === 'llm' ? { status: 503, body: { error: 'down' } } : null),
    });
    const first = await runTrack(root, api);
    expect(first.exitCode).toBe(1);
    expect(first.output).toContain('error: #llm: HTTP 503: down, 4 times');
    expect(await readReport(root, '2026-11-22')).toContain(
      '**Failed** `HTTP 503: down, 4 times`: [#llm]',
    );
    isDown = false;
    api.requests.length = 0;
    expect((await runTrack(root, api)).exitCode).toBe(0);
    expect(api.requests).toEqual(['llm']);
    expect(await readReport(root, '2026-11-22')).not.toContain('Failed');
  });

  it.each([
    [418, 'error: #aitools: HTTP 418'],
    [404, 'error: #aitools was not found on TikTok (HTTP 404), but the day has its count already'],
  ])(
    'exits with 1 if --refresh could not get a count again, although the day has one: HTTP %i',
    async (status, words) => {
      const { root } = await createRepository(['aitools']);
      expect((await runTrack(root, await startApi())).exitCode).toBe(0);
      const failing = await startApi({ fault: () => ({ status }) });
      const ran = await runTrack(root, failing, ['--refresh']);
      expect(ran.exitCode).toBe(1);
      expect(ran.output).toContain(words);
      expect(await queryDatabase(root, 'SELECT video_count FROM snapshots')).toEqual([[1000]]);
    },
  );

  it('asks for all hashtags again with --refresh, and keeps a replaced count as a correction', async () => {
    const root = await createRoot(['aitools']);
    await runTrack(root, await startApi());
    const later = await startApi({ answer: (name) => hashtagAnswer(name, 1100, 50_000) });
    expect((await runTrack(root, later, ['--refresh'])).exitCode).toBe(0);
    expect(await queryDatabase(root, 'SELECT video_count FROM snapshots')).toEqual([[1100]]);
    expect(await readReport(root, '2026-11-22')).toContain('**Corrected** by a later run');
  });

  it('applies a changed setting to the report without asking again', async () => {
    const root = await createRoot(['aitools']);
    const api = await startApi();
    await runTrack(root, api, [], { day: '2026-11-21' });
    const grown = await startApi({ answer: (name) => hashtagAnswer(name, 1050, 50_000) });
    await runTrack(root, grown);
    expect(await readReport(root, '2026-11-22')).toContain('A usual day: ');
    await writeWatchlist(root, { settings: { trendingGrowthPercent: 4 }, hashtags: ['aitools'] });
    await runTrack(root, grown);
    expect(await readReport(root, '2026-11-22')).toContain('📈 **[#aitools]');
    expect(grown.requests).toHaveLength(1);
  });
});

describe('a run with problems', () => {
  it('only warns about a hashtag that TikTok does not have, and asks once per day', async () => {
    const root = await createRoot(['aitools', 'nosuchtag']);
    const api = await startApi({
      answer: (name) => (name === 'aitools' ? hashtagAnswer(name, 1, 2) : UNKNOWN_HASHTAG_ANSWER),
    });
    const ran = await runTrack(root, api);
    expect(ran.exitCode).toBe(0);
    expect(ran.output).toContain('warning: #nosuchtag was not found on TikTok');
    await runTrack(root, api);
    expect(api.requests).toEqual(['aitools', 'nosuchtag']);
  });

  it.each<[string, Fault]>([
    ['HTTP 400', { status: 400, body: { error: 'invalid hashtag' } }],
    ['HTTP 422', { status: 422 }],
    ['the code 10205', { status: 200, body: { data: { statusCode: 10205 } } }],
  ])(
    'asks once per day for a name that the API refuses with %s, and fails all day',
    async (_, fault) => {
      const root = await createRoot(['aitools', 'badname']);
      const api = await startApi({ fault: (name) => (name === 'badname' ? fault : null) });
      for (const _attempt of [1, 2, 3]) {
        const ran = await runTrack(root, api);
        expect(ran.exitCode).toBe(1);
        expect(ran.output).toContain('Refused by the API today: #badname.');
        expect(ran.output).not.toMatch(/TikTok does not|on TikTok|gone|asks for them again/);
      }
      expect(api.requests).toEqual(['aitools', 'badname']);
      const report = await readReport(root, '2026-11-22');
      expect(report).toMatch(/^⚠️ \*\*1 missing: \[#badname\]/m);
      expect(report).toContain('**Refused by the API**');
      await runTrack(root, api, [], { day: '2026-11-23' });
      expect(api.requests).toHaveLength(4);
    },
  );

  it('does not store the zeros of an answer that says that it failed', async () => {
    const root = await createRoot(['aitools', 'llm']);
    const failed = { error: 'upstream timeout', video_count: 0, view_count: 0 };
    const api = await startApi({
      fault: (name) => (name === 'llm' ? { status: 200, body: failed } : null),
    });
    expect((await runTrack(root, api)).exitCode).toBe(1);
    expect(await queryDatabase(root, 'SELECT hashtag FROM snapshots')).toEqual([['aitools']]);
  });

  it('stops when the credits run out, and keeps what it captured', async () => {
    const root = await createRoot(['a', 'b', 'c']);
    const api = await startApi({ credits: 1 });
    const ran = await runTrack(root, api);
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toMatch(
      /out of credits \(HTTP 402.*top up at https:\/\/example.org\/billing/,
    );
    expect(api.requests).toEqual(['a', 'b']);
    expect(await queryDatabase(root, 'SELECT hashtag FROM snapshots')).toEqual([['a']]);
    expect(await readReport(root, '2026-11-22')).toContain('**Not asked** ');
  });

  it.each<[string, Fault | null, object, RegExp, RegExp | null]>([
    [
      'knows no hashtag',
      null,
      { data: {} },
      /knows none of them: is SCAVIO_BASE_URL right\?$/,
      null,
    ],
    [
      'refuses everything',
      { status: 400, body: { error: 'no such tenant' } },
      {},
      /refused everything, so hardly because of the names: what does it say\?$/,
      /SCAVIO_BASE_URL|refuses the name/,
    ],
    ['refuses the key', { status: 401 }, {}, /check SCAVIO_API_KEY\. Still/, /SCAVIO_BASE_URL/],
    ['has moved', { status: 301 }, {}, /Nothing was captured\.$/, /is SCAVIO_BASE_URL right/],
    ['is down', { status: 503 }, {}, /is SCAVIO_BASE_URL right, is the API up\?$/, null],
  ])('says what may be wrong if the API %s', async (_case, fault, answer, words, others) => {
    const api = await startApi({ answer: () => answer, fault: () => fault });
    const { exitCode, output } = await runTrack(await createRoot(), api);
    expect(exitCode).toBe(1);
    expect(output).toMatch(words);
    if (others !== null) expect(output).not.toMatch(others);
  });

  it('keeps what it captured if it is interrupted', async () => {
    const root = await createRoot(['a', 'b', 'c']);
    const interruption = new AbortController();
    const api = await startApi({
      fault: (name) => {
        if (name === 'b') interruption.abort('interrupted (SIGTERM)');
        return name === 'b' ? 'hang' : null;
      },
    });
    const ran = await runTrack(root, api, [], { catchInterruption: () => interruption.signal });
    expect(ran.exitCode).toBe(1);
    expect(await queryDatabase(root, 'SELECT hashtag FROM snapshots')).toEqual([['a']]);
    expect(await queryDatabase(root, 'SELECT hashtag, kind, reason FROM failures')).toEqual([
      ['b', 'not-asked', 'interrupted (SIGTERM)'],
      ['c', 'not-asked', ''], // the reason is stored once
    ]);
  });

  it('stores at once what it has if it is interrupted, before the last answers come', async () => {
    const root = await createRoot(['a', 'b', 'c']);
    const interruption = new AbortController();
    const ran = await runTrack(root, await startApi(), [], {
      catchInterruption: () => interruption.signal,
      async fetch(url, init) {
        if (String(init?.body).includes('"b"')) {
          interruption.abort('interrupted (SIGINT)');
          const stored = 'SELECT hashtag FROM snapshots';
          await vi.waitFor(async () => expect(await queryDatabase(root, stored)).toEqual([['a']]));
        }
        return fetch(url, { ...init, signal: null });
      },
    });
    expect(ran.exitCode).toBe(1);
    const runs = 'SELECT stored, failed, credits_used FROM runs';
    expect(await queryDatabase(root, runs)).toEqual([[2, 0, 2]]);
  });

  it('stores nothing at once if it is interrupted after another run took over', async () => {
    const root = await createRoot(['a', 'b']);
    const interruption = new AbortController();
    const outside = AsyncLocalStorage.snapshot(); // where the system's signals come from
    const ran = await runTrack(root, await startApi(), [], {
      catchInterruption: () => interruption.signal,
      async fetch(url, init) {
        if (String(init?.body).includes('"b"')) {
          await writeFile(path.join(root, LOCK_PATH), 'another run');
          outside(() => interruption.abort('interrupted (SIGTERM)'));
        }
        return fetch(url, { ...init, signal: null });
      },
    });
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain('took over its lock');
    expect(existsSync(path.join(root, DATABASE_PATH))).toBe(false);
  });

  it('makes a second run in the same folder wait before it asks, so that nothing is paid twice', async () => {
    const root = await createRoot();
    const api = await startApi();
    let isAsking = () => {};
    const asking = new Promise<void>((resolve) => {
      isAsking = resolve;
    });
    const first = runTrack(root, api, [], {
      async fetch(...request) {
        isAsking();
        await setTimeout(300);
        return fetch(...request);
      },
    });
    await asking;
    const waited = await runTrack(root, api);
    expect([(await first).exitCode, waited.exitCode]).toEqual([0, 0]);
    expect(waited.output).toMatch(
      /^Waiting until another run has finished; it holds data\/tracker\.lock\nNothing to ask: /,
    );
    expect(api.requests.toSorted()).toEqual(['aitools', 'llm']);
  });

  it('keeps rows that somebody stored with another program while it was asking', async () => {
    const root = await createRoot();
    const api = await startApi();
    const other = await createRoot();
    await runTrack(other, api, ['--hashtag', 'llm']);
    await runTrack(root, api, ['--hashtag', 'aitools'], {
      async fetch(...request) {
        await copyFile(path.join(other, DATABASE_PATH), path.join(root, DATABASE_PATH));
        return fetch(...request);
      },
    });
    expect(await queryDatabase(root, 'SELECT hashtag FROM snapshots')).toEqual([
      ['aitools'],
      ['llm'],
    ]);
  });
});

describe('a run of many minutes', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `tag${i + 10}`);
  const slowList = (count: number) => ({
    hashtags: names(count),
    settings: { requestsPerMinute: 1, concurrency: 1 },
  });
  const RUNS = 'SELECT asked, stored, failed, credits_used FROM runs';

  it('is in the database after each minute, so that a kill costs no more', async () => {
    const root = await createRoot(slowList(4));
    const copy = await createFolder();
    const api = await startApi();
    const first = await runTrack(root, api, [], {
      async fetch(url, init) {
        if (String(init?.body).includes('tag13')) {
          await vi.waitFor(async () => expect(await queryDatabase(root, RUNS)).toHaveLength(1));
          for (const file of [DATABASE_PATH, 'data/hashtags.json']) {
            await cp(path.join(root, file), path.join(copy, file));
          }
        }
        return fetch(url, init);
      },
    });
    expect(first.exitCode, first.output).toBe(0);
    expect(await queryDatabase(root, RUNS)).toEqual([[4, 4, 0, 4]]);
    const [[asked, stored, failed] = [], ...others] = await queryDatabase(copy, RUNS);
    expect(others).toEqual([]);
    expect(stored).toBeGreaterThanOrEqual(1);
    expect([asked, failed]).toEqual([stored, 0]);
    const left = names(4).slice(Number(stored));
    const failures = 'SELECT hashtag, kind, max(reason) OVER () FROM failures';
    expect(await queryDatabase(copy, failures)).toEqual(
      left.map((name) => [name, 'not-asked', 'the run did not come to its end']),
    );
    const before = api.requests.length;
    expect((await runTrack(copy, api)).exitCode).toBe(0);
    expect(api.requests.slice(before)).toEqual(left);
  });

  it('is stored and pushed every half hour, each part as a run of its own', async () => {
    const { root, remote } = await createRepository([]);
    await commitFile(root, 'data/hashtags.json', JSON.stringify(slowList(70)));
    const countCommits = () => git(remote, ['rev-list', '--count', 'main', '--', DATABASE_PATH]);
    const ran = await runTrack(root, await startApi(), ['--publish'], {
      async fetch(url, init) {
        if (String(init?.body).includes('tag50')) {
          await vi.waitFor(async () => expect(await countCommits()).toBe('1'), 10_000);
        }
        return fetch(url, init);
      },
    });
    expect(ran.exitCode, ran.output).toBe(0);
    const runs = await queryDatabase(root, RUNS);
    expect(runs.length).toBeGreaterThanOrEqual(2);
    for (const [asked, stored, failed, credits] of runs) {
      expect([asked, failed, credits]).toEqual([stored, 0, stored]);
    }
    expect(await queryDatabase(root, 'SELECT sum(stored) FROM runs')).toEqual([[70]]);
    expect(await queryDatabase(root, 'SELECT * FROM failures')).toEqual([]);
    const captures = 'SELECT run_id, count(*) FROM captures GROUP BY 1';
    expect(await queryDatabase(root, captures)).toEqual(
      runs.map(([, stored], i) => [i + 1, stored]).slice(1),
    );
    expect(await countCommits()).toBe(String(runs.length));
  });

  it('gives no advice after a part that would drop what the rest of the run stores', async () => {
    const repository = await createRepository([]);
    const { root, remote } = repository;
    await commitFile(root, 'notes.txt', 'mine and theirs');
    await commitFile(root, 'data/hashtags.json', JSON.stringify(slowList(70)), true);
    const others = await cloneRepository(repository);
    await commitFile(others, 'notes.txt', 'theirs', true);
    await writeFile(path.join(root, 'notes.txt'), 'mine');
    const countParts = () => git(remote, ['rev-list', '--count', 'main', '--', DATABASE_PATH]);
    const ran = await runTrack(root, await startApi(), ['--publish'], {
      async fetch(url, init) {
        if (String(init?.body).includes('tag50')) {
          await vi.waitFor(async () => expect(await countParts()).toBe('1'), 10_000);
          await refusePushes(remote, 'closed for today');
        }
        return fetch(url, init);
      },
    });
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain('A part of the run is published. This checkout follows');
    expect(ran.output).toContain('closed for today');
    expect(ran.output).not.toContain('git reset');
    expect(await queryDatabase(root, 'SELECT count(*) FROM snapshots')).toEqual([[70]]);
  });

  it('counts nothing twice if another program writes to the database while it goes on', async () => {
    const root = await createRoot(slowList(8));
    const ran = await runTrack(root, await startApi(), [], {
      async fetch(url, init) {
        if (String(init?.body).includes('tag15')) {
          // All that there is, so that no other save begins.
          const all = [[5, 5, 0, 5]];
          await vi.waitFor(async () => expect(await queryDatabase(root, RUNS)).toEqual(all));
          await queryDatabase(root, RUNS); // while this reads, the save comes to its end
          await utimes(path.join(root, DATABASE_PATH), 1, 1);
        }
        return fetch(url, init);
      },
    });
    expect(ran.exitCode, ran.output).toBe(0);
    const sums = 'SELECT count(*), sum(asked), sum(stored), sum(credits_used) FROM runs';
    expect(await queryDatabase(root, sums)).toEqual([[2, 8, 8, 8]]);
    const gaps =
      'SELECT 1 FROM runs a JOIN runs b ON b.id = a.id + 1 AND b.started_at < a.finished_at';
    expect(await queryDatabase(root, gaps)).toEqual([]);
  });

  it('stores what it has if it is interrupted while the push of a part hangs', async () => {
    const { root, remote } = await createRepository([]);
    await commitFile(root, 'data/hashtags.json', JSON.stringify(slowList(70)));
    // Only the first push hangs. It would arrive in the end.
    await writeHook(remote, 'pre-receive', '[ -f hung ] && exit 0\ntouch hung\nsleep 20');
    const interruption = new AbortController();
    const ran = await runTrack(root, await startApi(), ['--publish'], {
      catchInterruption: () => interruption.signal,
      async fetch(url, init) {
        if (String(init?.body).includes('tag50')) {
          await vi.waitFor(() => expect(existsSync(path.join(remote, 'hung'))).toBe(true), 10_000);
          interruption.abort('interrupted (SIGINT)');
        }
        return fetch(url, init);
      },
    });
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain('not published yet: the push to origin/main did not end in time');
    const stored = 'SELECT sum(stored), count(*) FROM runs';
    expect(await queryDatabase(root, stored)).toEqual([[40, 2]]);
    expect(await git(remote, ['log', '-1', '--format=%s', 'main'])).toMatch(/: 40 of 70 hashtags$/);
  });

  it('keeps its own lock if others have committed one meanwhile, and goes on', async () => {
    const repository = await createRepository([]);
    const { root, remote } = repository;
    await commitFile(root, '.gitignore', `${LOCK_PATH}\n`);
    await commitFile(root, 'data/hashtags.json', JSON.stringify(slowList(50)), true);
    const other = await cloneRepository(repository);
    await commitFile(other, 'data/other.txt', 'theirs', true);
    await writeFile(path.join(other, LOCK_PATH), 'of another machine 7');
    await git(other, ['add', '--force', LOCK_PATH]);
    await git(other, ['commit', '--quiet', '-m', 'Add all files']);
    await git(other, ['push', '--quiet', 'origin', 'HEAD:main']);
    const ran = await runTrack(root, await startApi(), ['--publish'], {
      async fetch(url, init) {
        if (String(init?.body).includes('tag50')) {
          const readLog = () => git(remote, ['log', '--format=%s', 'main']);
          await vi.waitFor(async () => expect(await readLog()).toContain('2026-11-22'), 10_000);
        }
        return fetch(url, init);
      },
    });
    expect(ran.exitCode, ran.output).toBe(0);
    expect(await queryDatabase(root, 'SELECT sum(stored) FROM runs')).toEqual([[50]]);
    expect(await git(root, ['show', `HEAD:${LOCK_PATH}`])).toBe('of another machine 7');
  });

  it('stops asking if what it has can’t be saved', async () => {
    const root = await createRoot(slowList(60));
    const api = await startApi({
      fault: (name) => {
        if (name === 'tag11') writeFileSync(path.join(root, `${DATABASE_PATH}-journal`), 'x');
        return null;
      },
    });
    const ran = await runTrack(root, api);
    expect(ran).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/Could not store \d+ snapshots.* are kept in data\/unsaved-/),
    });
    expect(api.requests.length).toBeLessThan(60);
    const kept = await readFile(path.join(root, 'data/unsaved-2026-11-22.csv'), 'utf8');
    const [, count] = /Could not store (\d+) snapshots/.exec(ran.output) ?? [];
    expect(kept.trim().split('\n')).toHaveLength(1 + Number(count));
    expect(Number(count)).toBeGreaterThan(3);
  });
});

describe('npm run track', () => {
  const wrong: [string, string[], RegExp][] = [
    ['minutes that are no number', ['--minutes', 'soon'], /--minutes soon is not a number/],
    ['no minutes at all', ['--minutes', '0'], /--minutes 0 is not a number/],
    [
      'an unknown flag',
      ['--frobnicate'],
      /Unknown option '--frobnicate'[\s\S]*Usage: npm run track/,
    ],
    ['an unexpected argument', ['aitools'], /Unexpected argument/],
    ['an impossible date', ['--date', '2026-02-30'], /--date 2026-02-30 is not a day/],
    ['a date beyond tomorrow', ['--date', '2026-11-24'], /latest possible is 2026-11-23/],
    [
      'a hashtag that is not on the list',
      ['--hashtag', 'aitools,other'],
      /--hashtag: not on the watchlist, or paused: #other;/,
    ],
    ['an empty --hashtag', ['--hashtag', ''], /names no hashtag/],
    ['an impossible hashtag', ['--hashtag', 'a!b'], /can't be a hashtag/],
  ];
  it.each(wrong)('refuses %s before it asks for anything', async (_, args, message) => {
    const root = await createRoot();
    const api = await startApi();
    const ran = await runTrack(root, api, args);
    expect(ran.exitCode).toBe(2);
    expect(ran.output).toMatch(message);
    expect(api.requests).toEqual([]);
  });

  it('takes --only for --hashtag', async () => {
    const root = await createRoot();
    const api = await startApi();
    expect((await runTrack(root, api, ['--only', 'llm'])).exitCode).toBe(0);
    expect(api.requests).toEqual(['llm']);
    const ran = await runTrack(root, api, ['--help']);
    expect(ran.output).toContain('--hashtag a,b');
    expect(ran.output).not.toContain('--only');
  });

  it('refuses a day before the newest day in the database', async () => {
    const root = await createRoot();
    const api = await startApi();
    await runTrack(root, api);
    const ran = await runTrack(root, api, ['--date', '2026-11-21']);
    expect(ran).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining('past days are never changed'),
    });
  });

  it('says how to repair a database with a day in the future, which a wrong clock left', async () => {
    const root = await createRoot();
    const api = await startApi();
    await runTrack(root, api, [], { day: '2031-01-01' });
    const ran = await runTrack(root, api);
    expect(ran).toMatchObject({
      exitCode: 2,
      output: expect.stringMatching(/git checkout COMMIT -- data.*delete the reports of/),
    });
  });

  it('accepts tomorrow, because it has already begun in other time zones', async () => {
    const root = await createRoot();
    expect((await runTrack(root, await startApi(), ['--date', '2026-11-23'])).exitCode).toBe(0);
    expect(await queryDatabase(root, 'SELECT DISTINCT date FROM snapshots')).toEqual([
      ['2026-11-23'],
    ]);
  });

  it('asks and prints, but writes nothing with --dry-run', async () => {
    const root = await createRoot();
    const api = await startApi();
    const ran = await runTrack(root, api, ['--dry-run', '--publish']);
    expect(ran).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('2 of 2 hashtags captured'),
    });
    expect(api.requests).toHaveLength(2);
    expect(await readdir(root)).toEqual(['data']);
    expect(await readdir(path.join(root, 'data'))).toEqual(['hashtags.json']);
  });

  it('reports all mistakes in the watchlist at once before it asks for anything', async () => {
    const root = await createRoot({ hashtags: ['a!', 'b', 'B'], more: 1 });
    const api = await startApi();
    const ran = await runTrack(root, api);
    expect(ran.exitCode).toBe(2);
    expect(ran.output.match(/data\/hashtags\.json:1:\d+: /g)).toHaveLength(3);
    expect(api.requests).toEqual([]);
  });

  const environments: [string, Record<string, string>, RegExp][] = [
    ['a missing key on a laptop', {}, /SCAVIO_API_KEY is not set: export/],
    [
      'a missing secret on GitHub',
      { GITHUB_ACTIONS: 'true' },
      /Settings → Secrets and variables → Actions/,
    ],
    [
      'an address with a password',
      { SCAVIO_API_KEY: 'k', SCAVIO_BASE_URL: 'http://user:secret@localhost' },
      /^error: SCAVIO_BASE_URL must not contain a user name or a password$/,
    ],
    ['a key with a space in it', { SCAVIO_API_KEY: 'a b' }, /copy the key again/],
    [
      'an invalid address',
      { SCAVIO_API_KEY: 'k', SCAVIO_BASE_URL: 'nowhere' },
      /not an http address/,
    ],
  ];
  it.each(environments)('says what to do about %s', async (_, env, message) => {
    const ran = await runTrack(await createRoot(), await startApi(), [], { env });
    expect(ran.exitCode).toBe(2);
    expect(ran.output).toMatch(message);
  });

  it('says where a missing watchlist belongs', async () => {
    const root = await createRoot();
    await rm(path.join(root, 'data', 'hashtags.json'));
    const ran = await runTrack(root, await startApi());
    expect(ran).toMatchObject({ exitCode: 2, output: expect.stringContaining('no such file') });
  });
});

describe('a run', () => {
  it.each([
    [16, null],
    [15, 'The credits will run out within a week: 13 left, enough for 6 days. Top up, or pause'],
    [3, 'The credits are not enough for another day: 1 left. Top up, or pause hashtags in'],
  ])('with %i credits before it warns: %s', async (credits, words) => {
    const { exitCode, output } = await runTrack(await createRoot(), await startApi({ credits }));
    expect(exitCode).toBe(0);
    if (words === null) expect(output).not.toContain('warning');
    else expect(output).toContain(`warning: ${words}`);
  });

  it('does not warn of low credits if it is the one that found them spent', async () => {
    const { output } = await runTrack(await createRoot(), await startApi({ credits: 1 }));
    expect(output).toContain('out of credits');
    expect(output).not.toContain('warning');
  });

  it('says that everything is paused, and asks nothing', async () => {
    const root = await createRoot([{ name: 'aitools', paused: true }]);
    expect(await runTrack(root, await startApi())).toMatchObject({
      exitCode: 0,
      output:
        'warning: Every hashtag is paused, so nothing is asked for: remove "paused" from some in ' +
        'data/hashtags.json',
    });
  });

  it('that has nothing to ask says what the day has', async () => {
    const root = await createRoot(['aitools', 'llm', 'never', 'wrong']);
    const api = await startApi({
      answer: (name) => (name === 'never' ? UNKNOWN_HASHTAG_ANSWER : hashtagAnswer(name, 1, 2)),
      fault: (name) => (name === 'wrong' ? { status: 422 } : null),
    });
    await runTrack(root, api);
    const told = async (...args: string[]) =>
      (await runTrack(root, api, args)).output.split('\n')[0];
    expect(await told()).toBe(
      'Nothing to ask: 2026-11-22 has 2 of 4 hashtags, 1 not on TikTok, 1 name that the API ' +
        'has refused today',
    );
    expect(await told('--hashtag', 'llm')).toBe('Nothing to ask: 2026-11-22 has 1 of 1 hashtag');
  });
});

describe('the news of a run', () => {
  const newsOf = ({ outputs }: Ran) => JSON.parse(outputs.news ?? 'null');
  const nothing = { day: '2026-11-22', moves: [], failures: [], more: 0 };
  const trending = (hashtag: string) => ({
    hashtag,
    mark: '📈',
    words: 'trending, +20.0%: +200, now 1,200 videos',
  });

  it('has only what no earlier run of the day had', async () => {
    const root = await createRoot(['aitools', 'llm', 'b', 'c', 'd']);
    await runTrack(root, await startApi(), [], { day: '2026-11-21' });
    let reason = 'down';
    const api = await startApi({
      answer: (name) => hashtagAnswer(name, name.length > 1 ? 1200 : 1000, 50_000),
      fault: (name) => (name === 'llm' && reason ? { status: 418, body: { error: reason } } : null),
    });
    const failure = { hashtag: 'llm', reason: 'HTTP 418: down' };
    expect(newsOf(await runTrack(root, api))).toEqual({
      ...nothing,
      moves: [trending('aitools')],
      failures: [failure],
    });
    expect(newsOf(await runTrack(root, api))).toEqual(nothing);
    reason = 'broken';
    expect(newsOf(await runTrack(root, api))).toMatchObject({
      moves: [],
      failures: [{ hashtag: 'llm', reason: 'HTTP 418: broken' }],
    });
    reason = '';
    expect(newsOf(await runTrack(root, api))).toEqual({ ...nothing, moves: [trending('llm')] });
    expect(newsOf(await runTrack(root, api))).toEqual(nothing);
  });

  it('has no hashtag that TikTok does not have, because that is not a failure', async () => {
    const api = await startApi({
      answer: (name) => (name === 'llm' ? UNKNOWN_HASHTAG_ANSWER : hashtagAnswer(name, 1, 2)),
    });
    expect(newsOf(await runTrack(await createRoot(), api))).toEqual(nothing);
  });

  it('has every hashtag if TikTok seems to have none at all', async () => {
    const api = await startApi({ answer: () => UNKNOWN_HASHTAG_ANSWER });
    const { failures } = newsOf(await runTrack(await createRoot(), api));
    expect(failures).toHaveLength(2);
  });

  it('is missing after a dry run, and after a run that failed or could not publish', async () => {
    const root = await createRoot();
    const api = await startApi();
    expect((await runTrack(root, api, ['--dry-run'])).outputs).not.toHaveProperty('news');
    expect((await runTrack(root, api, [], { env: {} })).outputs).not.toHaveProperty('news');
    const repository = await createRepository();
    await refusePushes(repository.remote, 'no thanks');
    const ran = await runTrack(repository.root, api, ['--publish']);
    expect(ran.exitCode).toBe(1);
    expect(ran.outputs).toMatchObject({ captured: '2' });
    expect(ran.outputs).not.toHaveProperty('news');
  });
});
