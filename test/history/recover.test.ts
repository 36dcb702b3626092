import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import initSqlJs from 'sql.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hashtagAnswer } from '../../scripts/lab/stand-in.ts';
import { DATABASE_PATH } from '../../scripts/lib/core/paths.ts';
import { parseDatabase } from '../../scripts/lib/store/database.ts';
import { countLost } from '../../scripts/lib/store/salvage.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createFolder } from '../helpers/folder.ts';
import { createOnce, createRepository, writeWatchlist } from '../helpers/repository.ts';
import { queryDatabase, runScript, runTrack, startApi } from '../helpers/tracker.ts';

const SNAPSHOTS = 'SELECT date, hashtag, video_count FROM snapshots ORDER BY date, hashtag';
const TWO_DAYS = [
  ['2026-11-21', 'aitools', 1000],
  ['2026-11-22', 'aitools', 1000],
];

/** Creates a repository with two published days. */
async function createHistory(): Promise<{ root: string; file: string }> {
  const { root } = await createOnce('two days', async () => {
    const repository = await createRepository(['aitools']);
    const api = await startApi();
    await runTrack(repository.root, api, ['--publish'], { day: '2026-11-21' });
    await runTrack(repository.root, api, ['--publish'], { day: '2026-11-22' });
    return repository;
  });
  return { root, file: path.join(root, DATABASE_PATH) };
}

/** Commits the current database of the checkout. */
const commitDatabase = (root: string) =>
  git(root, ['commit', '--quiet', '--all', '-m', 'Change the database']);

const damages: [string, (file: string) => Promise<void>][] = [
  ['cut short', (file) => truncate(file, 5000)],
  ['emptied', (file) => truncate(file, 0)],
  ['overwritten', (file) => writeFile(file, 'what is this')],
  ['missing', (file) => rm(file)],
];

describe.each(damages)('a database that is %s', (_, damage) => {
  it('stops every command without a write, and names the newest good version and the command', async () => {
    const { root, file } = await createHistory();
    await damage(file);
    const before = await readFile(file).catch(() => null);
    const commit = (await git(root, ['rev-parse', 'HEAD'])).slice(0, 10);
    const api = await startApi();
    const ran = await runTrack(root, api, ['--publish'], { day: '2026-11-23' });
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain(`commit ${commit}, with days up to 2026-11-22`);
    expect(ran.output).toContain('npm run restore');
    expect(api.requests).toEqual([]);
    for (const name of ['report', 'export']) {
      expect((await runScript(name, [], root)).exitCode).toBe(1);
    }
    expect(await readFile(file).catch(() => null)).toEqual(before);
    expect(await git(root, ['status', '--porcelain'])).toMatch(/^ [MD] data\/hashtag_tracker.db$/);
  });

  it('is restored by npm run restore', async () => {
    const { root, file } = await createHistory();
    await damage(file);
    const ran = await runScript('restore', [], root);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('days up to 2026-11-22'),
    });
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual(TWO_DAYS);
    expect(await git(root, ['diff', '--stat'])).toBe('');
  });
});

describe('an older database in place of the newest', () => {
  it('is never published: the run asks nothing and says how to continue', async () => {
    const { root } = await createHistory();
    await git(root, ['restore', '--source=HEAD~1', '--', DATABASE_PATH]);
    const head = await git(root, ['rev-parse', 'HEAD']);
    const api = await startApi();
    const ran = await runTrack(root, api, ['--publish'], { day: '2026-11-23' });
    expect(ran).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(
        /2026-11-22 #aitools: the snapshot was removed \(the last commit has 1,000 videos.*git checkout/,
      ),
    });
    expect(api.requests).toEqual([]);
    expect(await git(root, ['rev-parse', 'HEAD'])).toBe(head);
    await git(root, ['restore', DATABASE_PATH]);
    expect((await runTrack(root, api, ['--publish'], { day: '2026-11-23' })).exitCode).toBe(0);
    expect(await queryDatabase(root, SNAPSHOTS)).toHaveLength(3);
  });

  it('is recognized in this repository, even if a git hook points to another one', async () => {
    const { root } = await createHistory();
    await git(root, ['restore', '--source=HEAD~1', '--', DATABASE_PATH]);
    const other = await createRepository(['llm']);
    vi.stubEnv('GIT_DIR', path.join(other.root, '.git'));
    onTestFinished(() => void vi.unstubAllEnvs());
    const ran = await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-23' });
    expect(ran.output).toContain('2026-11-22 #aitools: the snapshot was removed');
  });

  it('is not confused with a database that has unpublished days', async () => {
    const { root } = await createHistory();
    const api = await startApi();
    await runTrack(root, api, [], { day: '2026-11-23' });
    expect((await runTrack(root, api, ['--publish'], { day: '2026-11-24' })).exitCode).toBe(0);
    expect(await queryDatabase(root, SNAPSHOTS)).toHaveLength(4);
  });
});

describe('npm run restore', () => {
  it('skips versions in the history that are damaged as well', async () => {
    const { root, file } = await createHistory();
    await writeFile(file, 'committed damage');
    await commitDatabase(root);
    const ran = await runScript('restore', [], root);
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual(TWO_DAYS);
    expect(await readFile(`${file}.damaged`, 'utf8')).toBe('committed damage');
  });

  it('says how many rows go before it takes them away, and keeps every damaged file', async () => {
    const { root, file } = await createHistory();
    const api = await startApi();
    await runTrack(root, api, [], { day: '2026-11-23' });
    await runTrack(root, api, [], { day: '2026-11-24' });
    const whole = await readFile(file);
    // As if the file were cut short: the number of pages in its header.
    const damaged = Buffer.concat([whole]);
    damaged.writeUInt32BE(1000, 28);
    await writeFile(file, damaged);
    const ran = await runScript('restore', [], root);
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.stdout).toMatch(
      /^Going: 2 snapshots and 2 runs of the damaged file.*\nKept .* as data\/hashtag_tracker\.db\.damaged\nRestored/,
    );
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual(TWO_DAYS);

    for (const text of ['second', 'third']) {
      await writeFile(file, text);
      const again = await runScript('restore', [], root);
      expect(again.stdout).toMatch(/^No row of the damaged file can be read/);
    }
    expect((await readFile(`${file}.damaged`)).equals(damaged)).toBe(true);
    expect(await readFile(`${file}.2.damaged`, 'utf8')).toBe('second');
    expect(await readFile(`${file}.3.damaged`, 'utf8')).toBe('third');
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual(TWO_DAYS);
  });

  it('counts the videos that go, and none in a file that is too old to have some', async () => {
    using damaged = await parseDatabase(null);
    using good = await parseDatabase(null);
    const row = "('2026-11-22', 'ai', '7', 'ada', 5, NULL)";
    damaged.run(`INSERT INTO videos VALUES ${row}`);
    damaged.run("INSERT INTO snapshots VALUES ('2026-11-22', 'ai', 1, 1)");
    const lost = { snapshots: 1, runs: 0, videos: 1, isAll: true };
    expect(await countLost(damaged.export(), good)).toEqual(lost);
    damaged.run('DROP TABLE videos');
    expect(await countLost(damaged.export(), good)).toEqual({ ...lost, videos: 0 });
  });

  it('counts the rows in a file without the page on which another table begins', async () => {
    using damaged = await parseDatabase(null);
    using good = await parseDatabase(null);
    damaged.run("INSERT INTO snapshots VALUES ('2026-11-22', 'ai', 1, 1)");
    const cut = damaged.export().slice(0, -4096);
    const lost = { snapshots: 1, runs: 0, videos: 0, isAll: true };
    expect(await countLost(cut, good)).toEqual(lost);
  });

  it('counts the rows that can be read if the damage hides others', async () => {
    const { root, file } = await createHistory();
    const names = Array.from({ length: 160 }, (_, i) => `a_hashtag_with_a_long_name_${i}`);
    await writeWatchlist(root, names);
    // Without ids, the last page of the file holds snapshots.
    const api = await startApi({ answer: (name) => hashtagAnswer(name, 1000, 50_000, '') });
    await runTrack(root, api, [], { day: '2026-11-23' });
    const damaged = await readFile(file);
    damaged.fill(0xff, damaged.length - 4096, damaged.length);
    await writeFile(file, damaged);
    const ran = await runScript('restore', [], root);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^Going: at least [1-9]\d* snapshots and 1 run of the damaged file/);
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual(TWO_DAYS);
  });

  it('names what would reject new rows of a sound database', async () => {
    const { root, file } = await createHistory();
    using db = await parseDatabase(await readFile(file));
    db.run('CREATE UNIQUE INDEX one ON runs (date)');
    await writeFile(file, db.export());
    expect(await runScript('restore', [], root)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('unique index "one" on its table runs'),
    });
  });

  it('leaves a sound database alone', async () => {
    const { root, file } = await createHistory();
    const before = await readFile(file);
    expect((await runScript('restore', [], root)).exitCode).toBe(0);
    expect((await readFile(file)).equals(before)).toBe(true);
  });

  it('adds counts that only the committed reports have with --from-reports', async () => {
    const { root, file } = await createHistory();
    await git(root, ['checkout', '--quiet', 'HEAD~1', '--', DATABASE_PATH]);
    await commitDatabase(root);
    await writeFile(file, 'damage');
    const ran = await runScript('restore', ['--from-reports'], root);
    expect(ran.exitCode).toBe(0);
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual(TWO_DAYS);

    const lost = await createHistory();
    await git(lost.root, ['checkout', '--quiet', 'HEAD~1', '--', DATABASE_PATH]);
    const taken = await runScript('restore', ['--from-reports'], lost.root);
    expect(taken.stdout).toBe('1 snapshot added from reports/2026-11-22.md: #aitools\n');
    expect(await queryDatabase(lost.root, SNAPSHOTS)).toEqual(TWO_DAYS);
    const imports = 'SELECT source, length(sha256), first_date, last_date, rows FROM imports';
    expect(await queryDatabase(lost.root, imports)).toEqual([
      ['the committed reports', 64, '2026-11-22', '2026-11-22', 1],
    ]);
    await runScript('restore', ['--from-reports'], lost.root);
    expect(await queryDatabase(lost.root, imports)).toHaveLength(1);
  });

  it('adds what a report that was never committed shows, and says where it comes from', async () => {
    const { root } = await createHistory();
    await runTrack(root, await startApi(), [], { day: '2026-11-23' });
    await git(root, ['checkout', '--quiet', '--', DATABASE_PATH]);
    const ran = await runScript('restore', ['--from-reports'], root);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: '1 snapshot added from reports/2026-11-23.md: #aitools\n',
    });
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual([
      ...TWO_DAYS,
      ['2026-11-23', 'aitools', 1000],
    ]);
    expect(await queryDatabase(root, 'SELECT source, last_date FROM imports')).toEqual([
      ['the reports, some of them not committed', '2026-11-23'],
    ]);
    const next = await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-24' });
    expect(next.exitCode, next.output).toBe(0);
    expect((await runScript('audit', [], root)).exitCode).toBe(0);
  });

  it.each([
    ['of a repository without a commit', ['init', '--quiet']],
    ['of no repository', ['--version']],
  ])('adds what the reports %s show', async (_, command) => {
    const root = await createFolder();
    await writeWatchlist(root, ['aitools']);
    await git(root, command);
    await runTrack(root, await startApi(), [], { day: '2026-11-21' });
    await rm(path.join(root, DATABASE_PATH));
    const stopped = await runTrack(root, await startApi(), [], { day: '2026-11-22' });
    expect(stopped.output).toContain('npm run restore -- --from-reports');
    const ran = await runScript('restore', ['--from-reports'], root);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    await runTrack(root, await startApi(), [], { day: '2026-11-22' });
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual(TWO_DAYS);
  });

  it('skips a report that somebody changed, and says so', async () => {
    const { root } = await createHistory();
    await git(root, ['checkout', '--quiet', 'HEAD~1', '--', DATABASE_PATH]);
    const report = path.join(root, 'reports', '2026-11-21.md');
    await writeFile(report, (await readFile(report, 'utf8')).replace('|1,000|', '|1,000 or so|'));
    await commitDatabase(root);
    const ran = await runScript('restore', ['--from-reports'], root);
    expect(ran).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(
        /^1 snapshot added from reports\/2026-11-22.md: #aitools\nerror: Nothing added from reports\/2026-11-21.md: .*1,000 or so/,
      ),
    });
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual(TWO_DAYS);
  });

  it('brings back a file of the tutorial’s script, byte for byte, if the history has no other', async () => {
    const { root } = await createRepository(['aitools']);
    const file = path.join(root, DATABASE_PATH);
    const { Database } = await initSqlJs();
    const tutorial = new Database();
    tutorial.run(`CREATE TABLE snapshots (date TEXT, hashtag TEXT, video_count INTEGER,
        view_count INTEGER, PRIMARY KEY (date, hashtag));
      INSERT INTO snapshots VALUES ('2024-05-01', 'vibe coding', 7, 8), ('2024-05-01', 'VibeCoding', 9, 9)`);
    const bytes = Buffer.from(tutorial.export());
    await writeFile(file, bytes);
    await git(root, ['add', '.']);
    await commitDatabase(root);
    await writeFile(file, 'damage');
    const ran = await runScript('restore', [], root);
    expect(ran.stdout).toMatch(/Restored .* days up to 2024-05-01/);
    expect((await readFile(file)).equals(bytes)).toBe(true);
    expect(await queryDatabase(root, SNAPSHOTS)).toHaveLength(2);
  });

  it('says so if the history has no good version', async () => {
    const { root } = await createRepository(['aitools']);
    await writeFile(path.join(root, DATABASE_PATH), 'damage');
    const ran = await runScript('restore', [], root);
    expect(ran).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('no good version') });
  });
});
