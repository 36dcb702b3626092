import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Fault,
  hashtagAnswer,
  type StandInOptions,
  type StandInVideo,
  videosAnswer,
} from '../../scripts/lab/stand-in.ts';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import { addDays, type Day } from '../../scripts/lib/core/day.ts';
import { DATABASE_PATH, reportPath } from '../../scripts/lib/core/paths.ts';
import { parseDatabase } from '../../scripts/lib/store/database.ts';
import { recordRun } from '../../scripts/lib/store/record.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createFolder } from '../helpers/folder.ts';
import {
  cloneRepository,
  createOnce,
  createRepository,
  writeWatchlist,
} from '../helpers/repository.ts';
import { TODAY } from '../helpers/snapshots.ts';
import { queryDatabase, runScript, runTrack, startApi } from '../helpers/tracker.ts';

const IDS: Record<string, string> = {
  rocket: '7000000000000000001',
  comet: '7000000000000000002',
  snail: '7000000000000000003',
};
const VIDEOS: StandInVideo[] = [
  {
    id: '71',
    author: 'ada',
    plays: 5_000,
    createdMs: Date.parse('2026-11-20'),
    hashtags: ['moon'],
  },
  {
    id: '72',
    author: 'bob|<b>',
    plays: 90,
    createdMs: Date.parse('2026-11-21'),
    hashtags: ['moon'],
  },
];

/** What the hashtags bring on the last two days, beside 10 on all others. */
const GAINS: Record<string, [number, number]> = {
  rocket: [200, 700],
  comet: [120, 600],
  snail: [10, 10],
};

function countOf(name: string, ago: number): number {
  const [before = 10, last = 10] = GAINS[name] ?? [];
  const count = 9_001 + 10 * (36 - ago);
  return count + (ago <= 1 ? before - 10 : 0) + (ago === 0 ? last - 10 : 0);
}

/** The database after five weeks of snapshots, up to yesterday. */
async function makeHistory(names: string[]): Promise<Uint8Array> {
  using db = await parseDatabase(null);
  for (let ago = 36; ago > 0; ago--) {
    const date: Day = addDays(TODAY, -ago);
    recordRun(db, {
      day: date,
      startedAt: `${date}T06:17:00.000Z`,
      finishedAt: `${date}T06:17:05.000Z`,
      trigger: 'schedule',
      url: null,
      tracked: names.length,
      creditsUsed: names.length,
      creditsRemaining: 1_000,
      snapshots: names.map((hashtag) => ({
        hashtag,
        videoCount: countOf(hashtag, ago),
        viewCount: null,
      })),
      failures: [],
      stopReason: null,
    });
  }
  return db.export();
}

const NAMES = Object.keys(IDS);
const history = makeHistory(NAMES);

async function writeSources(root: string, settings: object): Promise<void> {
  await writeWatchlist(root, { settings, hashtags: NAMES });
  await writeFile(path.join(root, DATABASE_PATH), await history);
}

/** A checkout with five weeks of history, and an API on whose day two hashtags break out. */
async function prepare(settings: object, options: Partial<StandInOptions> = {}) {
  const root = await createFolder();
  await writeSources(root, settings);
  const api = await startApi({
    answer: (name) => hashtagAnswer(name, countOf(name, 0), 0, IDS[name]),
    videos: () => videosAnswer(VIDEOS),
    ...options,
  });
  const readReport = () => readFile(path.join(root, reportPath(TODAY)), 'utf8');
  return { root, api, readReport };
}

const COUNTS = `SELECT (SELECT count(*) FROM videos), (SELECT count(*) FROM companions)`;
const CREDITS = `SELECT credits_used, credits_remaining FROM runs WHERE date = '${TODAY}'`;

describe('the videos of what surges', () => {
  it('are asked for by id after all hashtags, stored, and shown below their line', async () => {
    const { root, api, readReport } = await prepare({ topVideos: 5 });
    const ran = await runTrack(root, api);
    expect(ran.exitCode).toBe(0);
    expect(api.requests).toEqual(NAMES);
    expect(api.videoRequests).toEqual([IDS.rocket, IDS.comet]);
    expect(await queryDatabase(root, 'SELECT * FROM hashtags ORDER BY tiktok_id')).toEqual(
      Object.entries(IDS),
    );
    expect(await queryDatabase(root, "SELECT * FROM videos WHERE hashtag = 'comet'")).toEqual([
      [TODAY, 'comet', '71', 'ada', 5_000, '2026-11-20T00:00:00.000Z'],
      [TODAY, 'comet', '72', 'bob|<b>', 90, '2026-11-21T00:00:00.000Z'],
    ]);
    expect(await queryDatabase(root, 'SELECT * FROM companions')).toEqual([
      [TODAY, 'comet', 'moon', 2],
      [TODAY, 'rocket', 'moon', 2],
    ]);
    expect(await queryDatabase(root, CREDITS)).toEqual([[5, 995]]);
    const lines = (await readReport()).split('\n');
    const at = lines.findIndex((line) => line.startsWith('- 🚀 **[#rocket]'));
    expect(lines.slice(at + 1, at + 5)).toEqual([
      '  - ▶️ [\\@\u2060ada](https://www.tiktok.com/@ada/video/71) · 5,000 plays · 2 days old',
      '  - ▶️ [\\@\u2060bob\\|\\<b\\>](https://www.tiktok.com/@bob%7C%3Cb%3E/video/72) · 90 plays · 1 day old',
      '  - ➕ Often used beside it, and not on your list: [#moon](https://www.tiktok.com/tag/moon) (in 2 videos)',
      expect.stringMatching(/^- 🚀 \*\*\[#comet\]/),
    ]);
    expect(lines.join()).toContain('5 credits used, 2 of them for videos');
  });

  it('are not asked for without the setting', async () => {
    const { root, api } = await prepare({});
    expect((await runTrack(root, api)).exitCode).toBe(0);
    expect(api.videoRequests).toEqual([]);
  });

  it('are asked for of the strongest first, of no more than the setting says, and not twice a day', async () => {
    const { root, api } = await prepare({ topVideos: 1 });
    await runTrack(root, api);
    expect(api.videoRequests).toEqual([IDS.rocket]);
    await runTrack(root, api);
    await runTrack(root, api, ['--refresh']);
    expect(api.videoRequests).toEqual([IDS.rocket]);
    await writeWatchlist(root, { settings: { topVideos: 2 }, hashtags: NAMES });
    await runTrack(root, api, ['--refresh']);
    expect(api.videoRequests).toEqual([IDS.rocket, IDS.comet]);
  });

  it('wait until the day has all its hashtags', async () => {
    let isDown = true;
    const fault = (name: string): Fault | null =>
      isDown && name === 'snail' ? { status: 302 } : null;
    const { root, api } = await prepare({ topVideos: 5 }, { fault });
    await runTrack(root, api, ['--hashtag', 'rocket']);
    expect(api.videoRequests).toEqual([]);
    await runTrack(root, api);
    expect(api.videoRequests).toEqual([]);
    isDown = false;
    expect((await runTrack(root, api)).exitCode).toBe(0);
    expect(api.videoRequests).toEqual([IDS.rocket, IDS.comet]);
  });

  it.each([
    [3 + 7 * 3 - 1, 0],
    [3 + 7 * 3, 0],
    [3 + 7 * 3 + 1, 1],
    [3 + 7 * 3 + 2, 2],
  ])('leave a week of credits: of %i before the run, %i go to videos', async (credits, asked) => {
    const { root, api } = await prepare({ topVideos: 5 }, { credits });
    expect((await runTrack(root, api)).exitCode).toBe(0);
    expect(api.videoRequests).toHaveLength(asked);
  });

  it('are not asked for if the API does not say how many credits remain', async () => {
    const { root, api } = await prepare({ topVideos: 5 });
    const silent: typeof fetch = async (...request) => {
      const answer = await (await fetch(...request)).text();
      return new Response(answer.replace(/,"credits_remaining":\d+/, ''));
    };
    expect((await runTrack(root, api, [], { fetch: silent })).exitCode).toBe(0);
    expect(api.requests).toEqual(NAMES);
    expect(api.videoRequests).toEqual([]);
  });

  it('are not asked for in a dry run, or without an id', async () => {
    const { root, api } = await prepare({ topVideos: 5 });
    await runTrack(root, api, ['--dry-run']);
    const withoutId = await startApi({
      answer: (name) => hashtagAnswer(name, countOf(name, 0), 0, ''),
    });
    expect((await runTrack(root, withoutId)).exitCode).toBe(0);
    expect([...api.videoRequests, ...withoutId.videoRequests]).toEqual([]);
  });
});

describe('videos that can’t be had', () => {
  it.each<[string, Fault, RegExp, number]>([
    [
      'an error of status 200',
      { status: 200, body: { error: 'no' } },
      /HTTP 200, but an error: no/,
      2,
    ],
    [
      'TikTok names none',
      { status: 200, body: { data: { itemList: [] } } },
      /TikTok names no video/,
      2,
    ],
    ['an unknown id', { status: 404 }, /HTTP 404/, 2],
    ['trouble upstream', { status: 503 }, /HTTP 503, 4 times/, 8],
    ['no credits', { status: 402, body: { error: 'spent' } }, /out of credits/, 1],
  ])('are a quiet note: %s', async (_, fault, reason, requests) => {
    const { root, api, readReport } = await prepare({ topVideos: 5 }, { videosFault: () => fault });
    const ran = await runTrack(root, api);
    expect(ran.exitCode).toBe(0);
    expect(ran.output).not.toMatch(/^(error|warning)\b|::/im);
    expect(ran.output).toMatch(reason);
    expect(api.videoRequests).toHaveLength(requests);
    expect(await queryDatabase(root, COUNTS)).toEqual([[0, 0]]);
    const report = await readReport();
    expect(report).toContain('✅ 3 of 3 hashtags · ');
    expect(report).toMatch(/^- \*\*No videos\*\* `.*`: \[#/m);
    expect(report).not.toContain('▶️');
    expect(ran.outputs).toMatchObject({ captured: '3', failed: '0' });
    // Not a second time on the day.
    const again = api.videoRequests.length;
    await runTrack(root, api, ['--refresh']);
    const asked = new Set(api.videoRequests.slice(again));
    for (const id of api.videoRequests.slice(0, again)) expect([...asked]).not.toContain(id);
  });

  it('are asked for again after a limit or a passing fault', async () => {
    const faults: (Fault | null)[] = [
      { status: 429, headers: { 'Retry-After': '2' } },
      'reset',
      { status: 502 },
      null,
    ];
    const { root, api } = await prepare(
      { topVideos: 1 },
      { videosFault: (_, nth) => faults[nth - 1] ?? null },
    );
    expect((await runTrack(root, api)).exitCode).toBe(0);
    expect(api.videoRequests).toHaveLength(4);
    expect(await queryDatabase(root, COUNTS)).toEqual([[2, 1]]);
  });

  it('do not make the run wait beyond its deadline, or for long', async () => {
    const wait: Fault = { status: 429, headers: { 'Retry-After': '900' } };
    for (const args of [['--minutes', '3'], []]) {
      const { root, api } = await prepare({ topVideos: 5 }, { videosFault: () => wait });
      const ran = await runTrack(root, api, args);
      expect(ran.exitCode).toBe(0);
      expect(ran.output).toContain('no time was left');
      expect(api.videoRequests).toHaveLength(1);
    }
  });

  it('are left out if the run is interrupted while it asks for them', async () => {
    const stop = new AbortController();
    const { root, api, readReport } = await prepare(
      { topVideos: 5 },
      {
        videosFault() {
          stop.abort('interrupted (SIGTERM)');
          return 'hang';
        },
      },
    );
    const ran = await runTrack(root, api, [], { catchInterruption: () => stop.signal });
    expect(ran.exitCode).toBe(0);
    expect(api.videoRequests).toHaveLength(1);
    expect(await readReport()).toContain('✅ 3 of 3 hashtags · ');
  });
});

describe('the pace', () => {
  it('is that of the whole run: requestsPerMinute counts hashtags and videos together', async () => {
    const clock = createVirtualClock(Date.parse(`${TODAY}T06:17:00Z`));
    const startsMs: number[] = [];
    const timed: typeof fetch = (...request) => {
      startsMs.push(clock.now());
      return fetch(...request);
    };
    const { root, api } = await prepare({ topVideos: 5, requestsPerMinute: 2 });
    expect((await runTrack(root, api, [], { clock, fetch: timed })).exitCode).toBe(0);
    expect(api.videoRequests).toHaveLength(2);
    expect(startsMs).toHaveLength(5);
    for (const [i, startMs] of startsMs.slice(2).entries()) {
      expect(startMs - (startsMs[i] ?? 0)).toBeGreaterThanOrEqual(60_000);
    }
  });
});

describe('videos in git’s history', () => {
  /** A repository to which two machines have published the same day, each with its videos. */
  const createRace = () =>
    createOnce('videos of two machines', async () => {
      const repository = await createRepository();
      const { root } = repository;
      await writeSources(root, { topVideos: 5 });
      await git(root, ['add', '.']);
      await git(root, ['commit', '--quiet', '-m', 'Start with five weeks']);
      await git(root, ['push', '--quiet']);
      for (const [i, machine] of [root, await cloneRepository(repository)].entries()) {
        const answers = VIDEOS.map((video) => ({ ...video, author: `machine${i}` }));
        const { api } = await prepare({}, { videos: () => videosAnswer(answers) });
        expect(await runTrack(machine, api, ['--publish'])).toMatchObject({ exitCode: 0 });
        expect(api.videoRequests).toHaveLength(2);
      }
      await git(root, ['pull', '--quiet', '--rebase']);
      return repository;
    });

  it('are one machine’s of two that asked on the same day, with the credits of both, and pass the audit', async () => {
    const { root } = await createRace();
    expect(await queryDatabase(root, COUNTS)).toEqual([[4, 2]]);
    expect(await queryDatabase(root, 'SELECT DISTINCT author FROM videos')).toEqual([['machine0']]);
    expect(await queryDatabase(root, CREDITS)).toHaveLength(2);
    expect(await runScript('audit', [], root)).toMatchObject({ exitCode: 0, stderr: '' });
    const again = await readFile(path.join(root, reportPath(TODAY)), 'utf8');
    expect(await runScript('report', ['--date', TODAY], root)).toMatchObject({ exitCode: 0 });
    expect(await readFile(path.join(root, reportPath(TODAY)), 'utf8')).toBe(again);
  });

  it('can’t be changed unnoticed, in the database or in the report', async () => {
    const { root } = await createRace();
    const reportFile = path.join(root, reportPath(TODAY));
    const report = await readFile(reportFile, 'utf8');
    await writeFile(reportFile, report.replace('5,000 plays', '9,000 plays'));
    await git(root, ['commit', '--quiet', '--all', '-m', 'Tamper with the report']);
    const file = path.join(root, DATABASE_PATH);
    using db = await parseDatabase(await readFile(file));
    db.run("UPDATE videos SET plays = 6000 WHERE hashtag = 'comet' AND video_id = '71'");
    await writeFile(file, db.export());
    await git(root, ['commit', '--quiet', '--all', '-m', 'Tamper with the database']);
    const { exitCode, stdout, stderr } = await runScript('audit', [], root);
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toContain('the video of the day was changed');
    expect(stdout + stderr).toMatch(/9,000 plays/);
  });
});
