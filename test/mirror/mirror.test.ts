import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { doctor } from '../../scripts/lib/commands/doctor.ts';
import { mirror } from '../../scripts/lib/commands/mirror.ts';
import { daysUpTo } from '../../scripts/lib/core/day.ts';
import { groupBy } from '../../scripts/lib/core/group-by.ts';
import { canonicalHashtag } from '../../scripts/lib/core/hashtag-name.ts';
import type { Run, Snapshot } from '../../scripts/lib/core/snapshot.ts';
import {
  iterateSnapshots,
  readCaptureTimes,
  toSnapshots,
} from '../../scripts/lib/store/history.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { addMissingSnapshots, recordRun } from '../../scripts/lib/store/record.ts';
import { computeTrends } from '../../scripts/lib/trends/trends.ts';
import { createFolder } from '../helpers/folder.ts';
import { cutAfter, openServers, query } from '../helpers/postgres.ts';
import { writeWatchlist } from '../helpers/repository.ts';
import { anyHistory, day, rows as rowsOf, THRESHOLD, TODAY } from '../helpers/snapshots.ts';
import { type Ran, runInProcess } from '../helpers/tracker.ts';

const servers = await openServers();
afterAll(async () => {
  for (const { close } of servers) await close();
});

it('is tested against a server where one is required', () => {
  const isGiven = Boolean(process.env.TEST_DATABASE_URL);
  expect(isGiven || process.env.REQUIRE_POSTGRES !== '1', 'TEST_DATABASE_URL is not set').toBe(
    true,
  );
});

/** Creates a tracker with a watchlist and an empty database. */
async function createTracker(hashtags: unknown[] = ['aitools', 'llm']): Promise<string> {
  const root = await createFolder();
  await writeWatchlist(root, { hashtags });
  await change(root, () => {});
  return root;
}

async function change(
  root: string,
  act: (db: Awaited<ReturnType<typeof openDatabase>>) => unknown,
): Promise<void> {
  using db = await openDatabase(root);
  act(db);
  await saveDatabase(db, root);
}

/** A run at 05:17 UTC, or at another time. The counts of each hashtag are [videos, views]. */
function runOf(
  text: string,
  counts: Record<string, [number | null, number | null]>,
  overrides: Partial<Run> & { time?: string } = {},
): Run {
  const { time = '05:17', ...rest } = overrides;
  return {
    day: day(text),
    startedAt: `${text}T${time}:00.000Z`,
    finishedAt: `${text}T${time}:30.000Z`,
    trigger: 'schedule',
    url: 'https://github.com/ada/tracker/actions/runs/7',
    tracked: 2,
    creditsUsed: 2,
    creditsRemaining: null,
    snapshots: Object.entries(counts).map(([hashtag, [videoCount, viewCount]]) => ({
      hashtag,
      videoCount,
      viewCount,
    })),
    failures: [],
    stopReason: null,
    ...rest,
  };
}

/** Creates a tracker with two days. */
async function createTwoDays(): Promise<string> {
  const root = await createTracker();
  await change(root, (db) => {
    recordRun(db, runOf('2026-11-20', { aitools: [10, 100], llm: [20, null] }));
    recordRun(db, runOf('2026-11-21', { aitools: [12, 120], llm: [20, 200] }));
  });
  return root;
}

const SNAPSHOTS = `SELECT to_char(date, 'YYYY-MM-DD'), hashtag, video_count::int, view_count::int
  FROM hashtag_tracker.snapshots ORDER BY source, date, hashtag`;

describe.each(servers)('a mirror in $name', ({ url, isReal }) => {
  beforeAll(() => query(url, 'SELECT 1'), 60_000); // PGlite starts
  beforeEach(async () => {
    await query(url, 'DROP SCHEMA IF EXISTS hashtag_tracker CASCADE');
  });

  const runMirror = (
    root: string,
    args: string[] = [],
    { source = 'ada/tracker', at = url } = {},
  ): Promise<Ran> =>
    runInProcess(mirror, root, args, { env: { DATABASE_URL: at, GITHUB_REPOSITORY: source } });

  it('has everything, and a second time changes nothing', async () => {
    const root = await createTracker([
      { name: 'aitools', group: 'tools', trendingGrowthPercent: 10 },
      { name: 'llm', paused: true, surgeFactor: 3 },
    ]);
    await change(root, (db) => {
      const failures: Run['failures'] = [
        { hashtag: 'cursor', kind: 'not-asked', reason: 'out of credits' },
        { hashtag: 'llm', kind: 'not-asked', reason: 'out of credits' },
      ];
      recordRun(db, runOf('2026-11-20', { aitools: [10, 100] }, { failures }));
      recordRun(db, runOf('2026-11-20', { aitools: [11, 100], llm: [null, 7] }, { time: '09:43' }));
    });
    const ran = await runMirror(root);
    expect(ran).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(
        /^ada\/tracker in 127\.0\.0\.1\/\w+: 1 day sent \(2026-11-20\), 7 rows added, 0 changed; watchlist: 2 changed$/,
      ),
    });
    const read = (table: string, columns: string) =>
      query(url, `SELECT ${columns} FROM hashtag_tracker.${table} ORDER BY 1, 2, 3`);
    const instant = (column: string) =>
      `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')`;
    expect(
      await read(
        'snapshots',
        `source, hashtag, video_count, view_count, ${instant('captured_at')}`,
      ),
    ).toEqual([
      ['ada/tracker', 'aitools', '11', '100', '2026-11-20 09:43:15'],
      ['ada/tracker', 'llm', null, '7', '2026-11-20 09:43:15'],
    ]);
    expect(
      await read(
        'runs',
        `source, id, ${instant('started_at')}, ${instant('finished_at')}, trigger, url, tracked, asked,
         stored, failed, credits_used, credits_remaining`,
      ),
    ).toEqual(
      [
        ['1', '05:17', '1', '1'],
        ['2', '09:43', '2', '2'],
      ].map(([id, time, asked, stored]) => [
        'ada/tracker',
        id,
        `2026-11-20 ${time}:00`,
        `2026-11-20 ${time}:30`,
        'schedule',
        'https://github.com/ada/tracker/actions/runs/7',
        '2',
        asked,
        stored,
        '0',
        '2',
        null,
      ]),
    );
    expect(await read('failures', 'run_id, hashtag, kind, reason, source')).toEqual(
      ['cursor', 'llm'].map((name) => ['1', name, 'not-asked', 'out of credits', 'ada/tracker']),
    );
    expect(await read('corrections', 'source, run_id, hashtag, video_count, view_count')).toEqual([
      ['ada/tracker', '2', 'aitools', '10', '100'],
    ]);
    expect(
      await read('watchlist', 'hashtag, group_name, paused, trending_growth_percent, surge_factor'),
    ).toEqual([
      ['aitools', 'tools', false, 10, 2],
      ['llm', null, true, 5, 3],
    ]);

    const versions = () =>
      query(
        url,
        ['snapshots', 'runs', 'failures', 'corrections', 'watchlist', 'mirrored_days']
          .map((table) => `SELECT '${table}', ctid, xmin FROM hashtag_tracker.${table}`)
          .join(' UNION ALL '),
      );
    const before = await versions();
    expect(await runMirror(root)).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/^ada\/tracker in \S+ is up to date$/),
    });
    expect(await runMirror(root, ['--since', '2026-11-01'])).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('1 day sent (2026-11-20), 0 rows added, 0 changed'),
    });
    expect(await versions()).toEqual(before);
    expect(await runMirror(root, ['--verify'])).toEqual({
      exitCode: 0,
      output: 'Compared 7 rows of 1 day: the mirror has the same',
      outputs: {},
    });
  });

  it('gets only the day that is new, and the corrections of that day without a warning', async () => {
    const root = await createTwoDays();
    await runMirror(root);
    const addRun = (counts: Parameters<typeof runOf>[1], time: string) =>
      change(root, (db) => recordRun(db, runOf('2026-11-22', counts, { time })));
    await addRun({ aitools: [15, 150] }, '05:17');
    expect(await runMirror(root)).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/: 1 day sent \(2026-11-22\), 2 rows added, 0 changed$/),
    });
    await addRun({ aitools: [16, 150], llm: [21, 210] }, '09:43');
    const ran = await runMirror(root);
    expect(ran.exitCode).toBe(0);
    expect(ran.output).toMatch(/^\S+ in \S+: 1 day sent \(2026-11-22\), 3 rows added, 1 changed$/);
    expect((await query(url, SNAPSHOTS)).slice(-2)).toEqual([
      ['2026-11-22', 'aitools', 16, 150],
      ['2026-11-22', 'llm', 21, 210],
    ]);
  });

  it('has the rows of the tutorial’s database as the reports read them', async () => {
    const root = await createTracker();
    await change(root, (db) =>
      db.run(`INSERT INTO snapshots VALUES ('2026-11-20', 'Vibe Coding', 1, 2),
        ('2026-11-20', '#vibecoding', 3, 4), ('2026-11-20', 'ai', 0, 9), ('2026-11-20', 'x', 0, 0),
        ('2026-11-20', 'text', '12', 'many'), ('2026-11-20', 'null' || char(0), 1, 1),
        ('yesterday', 'llm', 1, 1), ('0000-01-01', 'llm', 1, 1)`),
    );
    expect((await runMirror(root)).output).toContain('5 rows added');
    const sql =
      'SELECT hashtag, video_count, view_count, captured_at FROM hashtag_tracker.snapshots';
    expect(await query(url, `${sql} ORDER BY hashtag COLLATE "C"`)).toEqual([
      ['ai', null, '9', null],
      ['null\uFFFD', '1', '1', null],
      ['text', '12', null, null],
      ['vibecoding', '3', '4', null],
      ['x', '0', '0', null],
    ]);
    expect(await runMirror(root, ['--verify'])).toMatchObject({ exitCode: 0 });
  });

  it('says in daily_growth what the report says', async () => {
    const samples = fc.sample(anyHistory, { numRuns: 40, seed: 7 });
    const strange = samples.flatMap((history, i) =>
      history.map((snapshot) => ({ ...snapshot, hashtag: `${i}${snapshot.hashtag}` })),
    );
    const usual = [1e4, 2e5, 3e6, 4e9].flatMap((start) =>
      rowsOf(
        `from${start}`,
        Array.from({ length: 60 }, (_, i) => (i % 7 === 3 ? null : start + i * (start / 200))),
        Array.from({ length: 60 }, (_, i) => (i % 5 === 2 ? null : start * 3 + (i % 9) * 100)),
      ),
    );
    const root = await createTracker();
    await change(root, (db) => {
      addMissingSnapshots(db, canonical([...strange, ...usual]));
      recordAtOddHours(db);
    });
    expect((await runMirror(root)).exitCode).toBe(0);
    using db = await openDatabase(root);
    const stored = [...iterateSnapshots(db)];
    const expected = growthOf(toSnapshots(stored, readCaptureTimes(db, stored)), 'ada/tracker');
    const hoursFound = new Set(expected.map((row) => row[6]));
    expect([...hoursFound]).toEqual(expect.arrayContaining([null, 14, 21.6, 24, 26.4, 34, 34.5]));
    const rows = await query(
      url,
      `SELECT source, to_char(date, 'YYYY-MM-DD'), hashtag, measure, count::text, added::text,
         hours, rate, within_rounding, days
       FROM hashtag_tracker.daily_growth`,
    );
    for (const isWithin of [true, false, null]) {
      expect(rows.filter((row) => row[8] === isWithin).length).toBeGreaterThan(50);
    }
    const order = (row: unknown[]) => JSON.stringify(row.slice(0, 4));
    const byKey = new Map(expected.map((row) => [order(row), row]));
    expect(rows).toHaveLength(byKey.size);
    for (const row of rows) {
      const said = byKey.get(order(row)) ?? [];
      expect(row.toSpliced(7, 1)).toEqual(said.toSpliced(7, 1));
      // Only the last bits of a power may differ.
      const [there, here] = [Number(row[7]), Number(said[7])];
      expect(Math.abs(there - here)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(here)));
    }
  });

  it('gets the newer view and columns, and all days again, if an older version made it', async () => {
    const root = await createTracker();
    await change(root, (db) => {
      recordRun(db, runOf('2026-11-20', { llm: [100, null] }));
      recordRun(db, runOf('2026-11-21', { llm: [400, null] }, { time: '15:17' }));
    });
    await runMirror(root);
    await query(
      url,
      `DROP VIEW hashtag_tracker.daily_growth;
       ALTER TABLE hashtag_tracker.watchlist DROP COLUMN surge_factor;
       CREATE VIEW hashtag_tracker.daily_growth AS
         SELECT source, date, hashtag, 'videos' AS measure, video_count AS count,
           1::bigint AS added, 1::double precision AS hours, 1::double precision AS rate,
           true AS within_rounding
         FROM hashtag_tracker.snapshots;
       UPDATE hashtag_tracker.snapshots SET captured_at = NULL;
       UPDATE hashtag_tracker.mirrored_days SET digest = 'of an older reading';
       UPDATE hashtag_tracker.mirror_version SET version = 1`,
    );
    expect(await runMirror(root)).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(
        /: 2 days sent \(\S+ to \S+\), 0 rows added, 2 changed; watchlist: 2 changed$/,
      ),
    });
    const sql = 'SELECT added::int, hours, rate FROM hashtag_tracker.daily_growth ORDER BY date';
    expect(await query(url, sql)).toEqual([
      [null, null, null],
      [300, 34, expect.closeTo(4 ** (24 / 34) - 1, 9)],
    ]);
    expect(await runMirror(root, ['--verify'])).toMatchObject({ exitCode: 0 });
  });

  it('is shared by several repositories, none of which touches the rows of another', async () => {
    const [one, other] = [await createTwoDays(), await createTracker(['cursor'])];
    await change(other, (db) => recordRun(db, runOf('2026-11-20', { llm: [1, 1] })));
    await runMirror(one, [], { source: 'Ada/One' });
    expect((await runMirror(other, [], { source: 'ada/other' })).output).toContain('2 rows added');
    await writeWatchlist(one, { hashtags: ['llm'] });
    expect((await runMirror(one, [], { source: 'ada/one' })).output).toMatch(
      /0 days sent, 0 rows added, 0 changed; watchlist: 1 changed$/,
    );
    const sql = 'SELECT source, hashtag FROM hashtag_tracker.watchlist ORDER BY 1, 2';
    expect(await query(url, sql)).toEqual([
      ['ada/one', 'llm'],
      ['ada/other', 'cursor'],
    ]);
    for (const [root, source] of [
      [one, 'ada/one'],
      [other, 'ada/other'],
    ] as const) {
      expect(await runMirror(root, ['--verify'], { source })).toMatchObject({ exitCode: 0 });
    }
  });

  it('has rows that somebody changed there named, and corrected', async () => {
    const root = await createTwoDays();
    await runMirror(root);
    await query(
      url,
      `UPDATE hashtag_tracker.snapshots SET video_count = 99, view_count = NULL
         WHERE hashtag = 'llm' AND date = '2026-11-21';
       DELETE FROM hashtag_tracker.snapshots WHERE hashtag = 'aitools' AND date = '2026-11-21';
       UPDATE hashtag_tracker.watchlist SET group_name = 'x' WHERE hashtag = 'llm'`,
    );
    const named =
      'snapshots 2026-11-21 #llm: video_count is 99 there, 20 here; view_count is unknown there, 200 here';
    const verified = await runMirror(root, ['--verify']);
    expect(verified.exitCode).toBe(1);
    expect(verified.output.split('\n')).toEqual([
      `warning: row differs: ${named}`,
      'warning: row differs: watchlist #llm: group_name is x there, unknown here',
      'warning: row is missing there: snapshots 2026-11-21 #aitools',
      '2026-11-21: 1 missing there, 1 different, 0 only there',
      'Compared 6 rows of 2 days: differences on 1 day. To send them again: npm run mirror -- --since 2026-11-21',
    ]);
    expect(await runMirror(root, ['--since', '2026-11-21'])).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining(`warning: row that differed there was corrected: ${named}\n`),
    });
    expect(await runMirror(root, ['--verify'])).toMatchObject({ exitCode: 0 });
  });

  it('keeps rows that are no longer here, names them, and says how to delete them', async () => {
    const root = await createTwoDays();
    await change(root, (db) => recordRun(db, runOf('2026-11-22', { llm: [21, 210] })));
    await runMirror(root);
    await change(root, (db) =>
      db.run(`DELETE FROM snapshots WHERE date = '2026-11-22' OR hashtag = 'aitools';
        DELETE FROM runs WHERE date = '2026-11-22'`),
    );
    for (let i = 0; i < 2; i++) {
      const { exitCode, output } = await runMirror(root);
      expect(exitCode).toBe(1);
      expect(output).toContain(
        '2 rows only there: snapshots 2026-11-20 #aitools, snapshots 2026-11-21 #aitools. ',
      );
      expect(output).toContain('1 day only there: 2026-11-22. If this checkout is an older one');
      expect(await query(url, SNAPSHOTS)).toHaveLength(5);
      expect(await runMirror(root, ['--verify'])).toMatchObject({
        exitCode: 1,
        output: expect.stringContaining('Compared 4 rows of 2 days: differences on 3 days'),
      });
    }
    const { output } = await runMirror(root);
    const [rows, day] = output.match(/DELETE FROM .*/g) ?? [];
    await query(url, String(rows));
    for (const table of ['snapshots', 'runs', 'failures', 'corrections', 'mirrored_days']) {
      await query(url, String(day).replace('…', table));
    }
    expect(await runMirror(root)).toMatchObject({ exitCode: 0 });
    expect(await runMirror(root, ['--verify'])).toMatchObject({ exitCode: 0 });
  });

  it('has whole days if the connection is cut, and goes on the next time', async () => {
    const root = await createTracker();
    const names = Array.from({ length: 1000 }, (_, i) => `hashtag${i}`);
    const history = daysUpTo(TODAY, 24).flatMap((d) =>
      names.map((hashtag, i) => ({ day: d, hashtag, videoCount: i, viewCount: i })),
    );
    await change(root, (db) => addMissingSnapshots(db, history));
    const at = await cutAfter(url, 1_000_000);
    expect(await runMirror(root, [], { at })).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/^error: the database 127\.0\.0\.1\/\w+: /),
    });
    const count = 'SELECT count(*)::int, count(DISTINCT date)::int FROM hashtag_tracker.snapshots';
    expect(await query(url, count)).toEqual([[20_000, 20]]);
    expect((await runMirror(root)).output).toContain(
      '4 days sent (2026-11-19 to 2026-11-22), 4,000 rows added, 0 changed',
    );
    expect(await query(url, count)).toEqual([[24_000, 24]]);
  });

  it('has everything of a day or nothing, wherever the connection is cut', async () => {
    const root = await createTwoDays();
    await runMirror(root);
    const counts = (source: string) =>
      query(
        url,
        ['snapshots', 'runs', 'mirrored_days']
          .map(
            (table) =>
              `SELECT count(*)::int FROM hashtag_tracker.${table} WHERE source = '${source}'`,
          )
          .join(' UNION ALL '),
      );
    const found = { nothing: 0, everything: 0 };
    for (let bytes = 1500; bytes < 6500; bytes += 250) {
      const source = `ada/cut-${bytes}`;
      await runMirror(root, [], { source, at: await cutAfter(url, bytes) });
      const rows = (await counts(source)).flat();
      expect(
        [
          [0, 0, 0],
          [4, 2, 2],
        ],
        source,
      ).toContainEqual(rows);
      found[rows[0] === 0 ? 'nothing' : 'everything']++;
    }
    expect(Math.min(...Object.values(found))).toBeGreaterThan(1);
  });

  it('does not depend on the settings of the session', async () => {
    const root = await createTwoDays();
    await runMirror(root);
    const settings = { datestyle: 'German', timezone: 'Asia/Tokyo', search_path: 'nowhere' };
    const entries = Object.entries(settings);
    const at = `${url}?options=${encodeURIComponent(entries.map(([name, value]) => `-c ${name}=${value}`).join(' '))}`;
    // In PGlite, all connections share one session.
    await query(url, entries.map(([name, value]) => `SET ${name} = '${value}'`).join(';'));
    try {
      expect(await runMirror(root, ['--since', '2026-11-20'], { at })).toMatchObject({
        exitCode: 0,
        output: expect.stringContaining(
          '2 days sent (2026-11-20 to 2026-11-21), 0 rows added, 0 changed',
        ),
      });
      expect(await runMirror(root, ['--verify'], { at })).toMatchObject({ exitCode: 0 });
    } finally {
      await query(url, 'RESET datestyle; RESET timezone; RESET search_path');
    }
  });

  it.each([
    ['CREATE TABLE hashtag_tracker.snapshots (a int)', 'snapshots', 'it has no column source'],
    [
      'CREATE TABLE hashtag_tracker.runs (source text, date text)',
      'runs',
      'its column date is text, not date',
    ],
    ['CREATE VIEW hashtag_tracker.runs AS SELECT 1 AS source', 'runs', 'it is a view'],
    [
      `CREATE FOREIGN DATA WRAPPER dummy; CREATE SERVER dummy FOREIGN DATA WRAPPER dummy;
       CREATE FOREIGN TABLE hashtag_tracker.failures (source text) SERVER dummy`,
      'failures',
      'it is a foreign',
    ],
    ['CREATE TABLE hashtag_tracker.daily_growth (a int)', 'daily_growth', 'it is not a view'],
  ])('is refused beside something else under its names: %s', async (sql, name, why) => {
    await query(url, `CREATE SCHEMA hashtag_tracker; ${sql}`);
    try {
      const { exitCode, output } = await runMirror(await createTwoDays());
      expect(exitCode).toBe(1);
      expect(output).toMatch(
        new RegExp(`^error: \\S+: hashtag_tracker.${name} is not the mirror's, because ${why}.*`),
      );
      expect(output.split('\n')).toHaveLength(1);
    } finally {
      await query(url, 'DROP FOREIGN DATA WRAPPER IF EXISTS dummy CASCADE');
    }
  });

  it('is checked by doctor, which creates nothing there', async () => {
    const root = await createTwoDays();
    const env = { DATABASE_URL: url, GITHUB_REPOSITORY: 'ada/tracker' };
    const check = async () => (await runInProcess(doctor, root, [], { env })).output;
    expect(await check()).toMatch(/^! 127\.0\.0\.1\/\w+ has nothing of ada\/tracker yet$/m);
    expect(await check()).toMatch(/^! 127\.0\.0\.1\/\w+ has nothing of ada\/tracker yet$/m);
    await runMirror(root);
    expect(await check()).toMatch(
      /^✓ 127\.0\.0\.1\/\w+ has the days of ada\/tracker up to 2026-11-21$/m,
    );
  });

  it('is not created by --verify', async () => {
    expect(await runMirror(await createTwoDays(), ['--verify'])).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/ has no mirror yet; start it with: npm run mirror$/),
    });
    const sql = "SELECT count(*)::int FROM pg_namespace WHERE nspname = 'hashtag_tracker'";
    expect(await query(url, sql)).toEqual([[0]]);
  });

  it('is reached only with a certificate that can be verified, if TLS is asked for', async () => {
    const ran = await runMirror(await createTwoDays(), [], { at: `${url}?sslmode=verify-full` });
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toMatch(/certificate can’t be verified|switch it on in the server/);
  });

  if (!isReal) return;

  it('can be brought up to date by several runs at once, also for the first time', async () => {
    const root = await createTwoDays();
    const sources = ['ada/one', 'ada/one', 'ada/two', 'ada/two', 'ada/three'];
    const ran = await Promise.all(sources.map((source) => runMirror(root, [], { source })));
    expect(ran.map(({ exitCode, output }) => (exitCode === 0 ? 'done' : output))).toEqual(
      sources.map(() => 'done'),
    );
    for (const source of sources) {
      expect(await runMirror(root, ['--verify'], { source })).toMatchObject({ exitCode: 0 });
    }
  });

  /** Creates a role with a password, until the act has ended. */
  async function withRole(act: (name: string, at: string) => Promise<void>): Promise<void> {
    const name = `tracker role ${process.pid}`;
    const password = 'p@ss/w#rd %"\'?';
    await query(url, `CREATE ROLE "${name}" LOGIN PASSWORD '${password.replace("'", "''")}'`);
    const at = new URL(url);
    [at.username, at.password] = [encodeURIComponent(name), encodeURIComponent(password)];
    try {
      await act(name, at.href);
    } finally {
      await query(url, `DROP OWNED BY "${name}"; DROP ROLE "${name}"`);
    }
  }

  it('is created by an administrator, with the statements that are printed, where the user may not', async () => {
    const root = await createTwoDays();
    await withRole(async (name, at) => {
      const { exitCode, output } = await runMirror(root, [], { at });
      expect(exitCode).toBe(1);
      const [statements = '', message] = output.split('\nerror: ');
      expect(message).toMatch(
        new RegExp(`: the user ${name} may not create the schema hashtag_tracker or its tables\\.`),
      );
      expect(output).not.toContain('p@ss');
      await query(url, statements);
      expect((await runMirror(root, [], { at })).output).toContain('6 rows added');
      expect(await runMirror(root, ['--verify'], { at })).toMatchObject({ exitCode: 0 });
    });
  });

  it('can be created by whoever owns the schema, without any right in the database', async () => {
    await withRole(async (name, at) => {
      await query(url, `CREATE SCHEMA hashtag_tracker AUTHORIZATION "${name}"`);
      expect((await runMirror(await createTwoDays(), [], { at })).output).toContain('6 rows added');
    });
  });

  it('can be verified by a user who may only read, and says that it may not write', async () => {
    const root = await createTwoDays();
    await runMirror(root);
    await change(root, (db) => recordRun(db, runOf('2026-11-22', { llm: [21, 210] })));
    await withRole(async (name, at) => {
      await query(
        url,
        `GRANT USAGE ON SCHEMA hashtag_tracker TO "${name}";
         GRANT SELECT ON ALL TABLES IN SCHEMA hashtag_tracker TO "${name}"`,
      );
      expect((await runMirror(root, ['--verify'], { at })).output).toContain(
        'differences on 1 day',
      );
      const { exitCode, output } = await runMirror(root, [], { at });
      expect(exitCode).toBe(1);
      expect(output).toMatch(/permission denied.*; an administrator can allow it/);
    });
  });

  it('never prints the password if the server refuses it', async () => {
    await withRole(async (_name, at) => {
      const wrong = at.replace('p%40ss', 'wr%40ng');
      const { exitCode, output } = await runMirror(await createTwoDays(), [], { at: wrong });
      expect(exitCode).toBe(1);
      expect(output).toMatch(/; check the user and the password in DATABASE_URL$/);
      expect(output).not.toMatch(/wr@ng|wr%40ng/);
    });
  });
});

/** The history under the names that a database stores. */
function canonical(history: Snapshot[]): Snapshot[] {
  return history.map((snapshot) => ({
    ...snapshot,
    hashtag: canonicalHashtag(snapshot.hashtag).toWellFormed().replaceAll('\0', '\uFFFD'),
  }));
}

/** Runs at the times between which the rules for the hours change, and days without a run. */
function recordAtOddHours(db: Parameters<typeof recordRun>[0]): void {
  const readings: [day: string, time: string | null][] = [
    ['12-01', '05:17'],
    ['12-02', '15:17'], // 34 h
    ['12-03', '05:17'], // 14 h
    ['12-04', '05:17'], // 24 h
    ['12-05', '07:41'], // 26.4 h
    ['12-06', '05:17'], // 21.6 h
    ['12-07', '02:52'], // a minute less than 21.6 h
    ['12-08', '05:17'], // a minute more than 26.4 h
    ['12-10', '07:41'], // 50.4 h
    ['12-12', '10:06'], // a minute more than 50.4 h
    ['12-13', null],
    ['12-14', '05:17'],
    ['12-15', '15:47'], // 34.5 h
    ['12-18', '00:00'],
    ['12-19', '23:59'],
    ['12-20', '00:01'],
  ];
  readings.forEach(([text, time], i) => {
    const on = `2026-${text}`;
    const [videoCount, viewCount] = [20_000 + 1234 * i, i === 0 ? 0 : i % 4 === 3 ? null : 987 * i];
    if (time === null)
      addMissingSnapshots(db, [{ day: day(on), hashtag: 'odd', videoCount, viewCount }]);
    else recordRun(db, runOf(on, { odd: [videoCount, viewCount] }, { time }));
  });
  // The clock of this run was a week late.
  const late = { startedAt: '2026-12-14T05:17:00.000Z', finishedAt: '2026-12-14T05:17:30.000Z' };
  recordRun(db, runOf('2026-12-21', { odd: [50_000, 70_000] }, late));
}

/** What the reports of all days say, as rows of daily_growth. */
function growthOf(history: Snapshot[], source: string): unknown[][] {
  const days = [...groupBy(history, (snapshot) => snapshot.day).keys()];
  return days.flatMap((ofDay): unknown[][] =>
    computeTrends(history, ofDay, () => THRESHOLD).flatMap((trend) =>
      (['videos', 'views'] as const).flatMap((measure): unknown[][] => {
        const { count, growth } = trend[measure];
        if (count === null) return [];
        const key = [source, ofDay, trend.hashtag, measure, String(count)];
        if (growth.kind === 'rate') {
          const { added, days: span, hours, perDay, isWithinRounding } = growth;
          return [[...key, String(added), hours, perDay, isWithinRounding, span]];
        }
        if (growth.kind === 'from-zero') {
          return [[...key, String(growth.added), growth.hours, null, null, growth.days]];
        }
        return [[...key, null, null, null, null, null]];
      }),
    ),
  );
}
