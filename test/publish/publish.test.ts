import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEMO_KEY, hashtagAnswer } from '../../scripts/lab/stand-in.ts';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import { DATABASE_PATH } from '../../scripts/lib/core/paths.ts';
import { explainFailedPush } from '../../scripts/lib/publish/failed-push.ts';
import { findPublishTarget } from '../../scripts/lib/publish/target.ts';
import { openCommitted } from '../../scripts/lib/store/open.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { warnOfPlainHttp } from '../../scripts/lib/system/links.ts';
import { createFolder } from '../helpers/folder.ts';
import { startAnswering } from '../helpers/http.ts';
import { spawnScript } from '../helpers/process.ts';
import {
  cloneRepository,
  commitFile,
  createRepository,
  refusePushes,
  showFile,
  writeHook,
  writeWatchlist,
} from '../helpers/repository.ts';
import { TODAY } from '../helpers/snapshots.ts';
import { queryDatabase, runScript, runTrack, startApi, valuesOf } from '../helpers/tracker.ts';

const SNAPSHOTS = 'SELECT date, hashtag FROM snapshots ORDER BY date, hashtag';

/** The rows that a query finds in the database of the remote's branch. */
async function queryRemote(remote: string, sql: string): Promise<unknown[][]> {
  using db = await openCommitted(remote, 'main');
  return valuesOf(db, sql);
}

describe('publishing', () => {
  it('commits only the database and the files made from it, names the day, and pushes', async () => {
    const { root, remote } = await createRepository(['aitools', 'llm']);
    await writeFile(path.join(root, 'lies-around.txt'), 'mine');
    const ran = await runTrack(root, await startApi(), ['--publish']);
    expect(ran).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('Published to origin/main'),
    });
    expect(await git(remote, ['log', '-1', '--format=%s', 'main'])).toBe(
      '2026-11-22: 2 of 2 hashtags',
    );
    expect(await git(remote, ['show', '--format=', '--name-only', 'main'])).toBe(
      'data/hashtag_tracker.db\ndata/latest.csv\nreports/2026-11-22.md\nreports/README.md\nreports/badge.svg',
    );
    expect(await git(root, ['status', '--porcelain'])).toBe('?? lies-around.txt');
  });

  it('commits the summaries of a finished week and month, and the audit accepts them', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const api = await startApi();
    for (const day of ['2026-11-29', '2026-11-30', '2026-12-07']) {
      await runTrack(root, api, ['--publish'], { day });
    }
    const files = await git(remote, ['ls-tree', '-r', '--name-only', 'main', 'reports/']);
    expect(files.split('\n')).toEqual(
      expect.arrayContaining([
        'reports/charts/2026-11.svg',
        'reports/charts/2026-W49.svg',
        'reports/monthly/2026-11.md',
        'reports/weekly/2026-W48.md',
        'reports/weekly/2026-W49.md',
      ]),
    );
    expect(await git(root, ['status', '--porcelain'])).toBe('');
    expect(await runScript('audit', [], root)).toMatchObject({ exitCode: 0 });
    const restored = await runScript('restore', ['--from-reports'], root);
    expect(restored).toMatchObject({ exitCode: 0 });
  });

  it('signs as github-actions[bot] if no identity is configured', async () => {
    const { root, remote } = await createRepository();
    await git(root, ['config', 'user.email', '']);
    await git(root, ['config', 'user.name', '']);
    await runTrack(root, await startApi(), ['--publish']);
    expect(await git(remote, ['log', '-1', '--format=%an %ae', 'main'])).toBe(
      'github-actions[bot] 41898282+github-actions[bot]@users.noreply.github.com',
    );
  });

  it('pushes the branch and nothing else, whatever the settings add or leave out', async () => {
    const { root, remote } = await createRepository(['aitools']);
    await git(root, ['tag', '--annotate', '--message', 'mine', 'mine']);
    await git(root, ['config', 'push.followTags', 'true']);
    await git(root, ['config', 'push.recurseSubmodules', 'only']);
    expect((await runTrack(root, await startApi(), ['--publish'])).exitCode).toBe(0);
    expect(await git(remote, ['for-each-ref', '--format=%(refname)'])).toBe('refs/heads/main');
    expect(await queryRemote(remote, SNAPSHOTS)).toHaveLength(1);
  });

  it('makes no commit when nothing changed', async () => {
    const { root, remote } = await createRepository();
    const api = await startApi();
    await runTrack(root, api, ['--publish']);
    const head = await git(remote, ['rev-parse', 'main']);
    const again = await runTrack(root, api, ['--publish']);
    expect(again).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('Nothing new to publish'),
    });
    expect(await git(remote, ['rev-parse', 'main'])).toBe(head);
  });

  it('does not touch files that a person has staged', async () => {
    const { root } = await createRepository();
    await writeFile(path.join(root, 'staged.txt'), 'staged');
    await git(root, ['add', 'staged.txt']);
    await runTrack(root, await startApi(), ['--publish']);
    expect(await git(root, ['status', '--porcelain'])).toBe('A  staged.txt');
  });

  it('leaves reports on the remote as they are that somebody deleted or edited in the checkout', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const api = await startApi();
    for (const day of ['2026-11-21', '2026-11-22', '2026-11-23', '2026-11-24']) {
      await runTrack(root, api, ['--publish'], { day });
    }
    const file = (name: string) => path.join(root, 'reports', name);
    const before = await git(remote, ['ls-tree', '-r', 'main', 'reports/']);
    await rm(file('2026-11-21.md'));
    await rm(file('2026-11-23.md'));
    await writeFile(file('2026-11-22.md'), 'mine');
    await writeFile(file('weekly/2026-W47.md'), 'mine');
    await writeFile(file('2026-11-19.md'), 'mine');
    const head = await git(remote, ['rev-parse', 'main']);
    const again = await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(again.output).toContain('Nothing new to publish');
    expect(await git(remote, ['rev-parse', 'main'])).toBe(head);

    expect((await runTrack(root, api, ['--publish'], { day: '2026-11-25' })).exitCode).toBe(0);
    const after = await git(remote, ['ls-tree', '-r', 'main', 'reports/']);
    const isOld = (line: string) => !/README|badge|25/.test(line);
    expect(after.split('\n').filter(isOld)).toEqual(before.split('\n').filter(isOld));
    const changed = await git(remote, ['show', '--format=', '--name-only', 'main']);
    expect(changed).toBe(
      'data/hashtag_tracker.db\ndata/latest.csv\nreports/2026-11-25.md\nreports/README.md\nreports/badge.svg\nreports/charts/2026-11-25.svg',
    );
    // What stays on the remote is still linked there, and the rest is not.
    const index = await showFile(remote, 'main', 'reports/README.md');
    for (const day of [21, 22, 23, 24, 25]) expect(index).toContain(`(2026-11-${day}.md)`);
    expect(index).not.toContain('2026-11-19.md');
    expect(await git(root, ['status', '--porcelain'])).toBe(
      [
        ' D reports/2026-11-21.md',
        ' M reports/2026-11-22.md',
        ' D reports/2026-11-23.md',
        ' M reports/weekly/2026-W47.md',
        '?? reports/2026-11-19.md',
      ].join('\n'),
    );
  });

  it('leaves latest.csv as it is on the remote if the run wrote none', async () => {
    const { root, remote } = await createRepository(['aitools']);
    await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-21' });
    const before = await showFile(remote, 'main', 'data/latest.csv');
    await writeFile(path.join(root, 'data/latest.csv'), 'mine');
    const api = await startApi({ fault: () => ({ status: 400, body: {} }) });
    await runTrack(root, api, ['--publish'], { day: '2026-11-22' });
    expect(await showFile(remote, 'main', 'reports/2026-11-22.md')).toContain(
      ' · 0 of 1 hashtag · ',
    );
    expect(await showFile(remote, 'main', 'data/latest.csv')).toBe(before);
  });

  it('includes the reports of what earlier runs stored and left unpublished', async () => {
    const { root, remote } = await createRepository(['aitools', 'llm']);
    const api = await startApi();
    await runTrack(root, api, ['--publish', '--hashtag', 'llm'], { day: '2026-11-28' });
    await runTrack(root, api, [], { day: '2026-11-28' });
    await runTrack(root, api, [], { day: '2026-11-29' });
    await runTrack(root, api, [], { day: '2026-11-30' });
    const last = await startApi({ fault: () => ({ status: 400, body: {} }) });
    await runTrack(root, last, ['--publish'], { day: '2026-12-01' });
    const files = await git(remote, ['ls-tree', '-r', '--name-only', 'main', 'reports/']);
    for (const name of ['2026-11-28', '2026-11-29', '2026-11-30', 'weekly/2026-W48']) {
      expect(files).toContain(`reports/${name}.md`);
    }
    expect(await showFile(remote, 'main', 'reports/2026-11-28.md')).toContain(
      '✅ 2 of 2 hashtags · ',
    );
    expect(await showFile(remote, 'main', 'data/latest.csv')).toContain('2026-11-30');
    expect(await git(root, ['status', '--porcelain'])).toBe('');
  });

  it('adds the reports that earlier runs could not write, in a fresh clone as well', async () => {
    const repository = await createRepository(['aitools', 'llm']);
    const { root, remote } = repository;
    const csv = path.join(root, 'old.csv');
    await writeFile(csv, 'date,hashtag,video_count\n2026-11-01,aitools,5\n');
    const api = await startApi();
    await runScript('import', [csv], root);
    // No report can be written on the first day, nor of the evening of the second.
    await writeFile(path.join(root, 'reports'), 'a file');
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    await rm(path.join(root, 'reports'));
    await runTrack(root, api, ['--publish', '--hashtag', 'llm'], { day: '2026-11-22' });
    const list = async () =>
      (await git(remote, ['ls-tree', '-r', '--name-only', 'main', 'reports/'])).match(
        /2026-11-\d\d\.md/g,
      );
    expect(await list()).toEqual(['2026-11-21.md', '2026-11-22.md']);
    await rename(path.join(root, 'reports'), path.join(root, 'aside'));
    await writeFile(path.join(root, 'reports'), 'a file');
    await runTrack(root, api, ['--publish'], { day: '2026-11-22' });
    expect(await showFile(remote, 'main', 'reports/2026-11-22.md')).toContain(
      ' · 1 of 2 hashtags · ',
    );
    await runTrack(root, api, ['--publish'], { day: '2026-11-23' });
    await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(await list()).toEqual(['2026-11-21.md', '2026-11-22.md']);

    const clone = await cloneRepository(repository);
    const elsewhere = await cloneRepository(repository);
    await runTrack(clone, api, ['--publish'], { day: '2026-11-25' });
    expect(await list()).toEqual([21, 22, 23, 24, 25].map((day) => `2026-11-${day}.md`));
    const report = await showFile(remote, 'main', 'reports/2026-11-22.md');
    expect(report).toContain('✅ 2 of 2 hashtags · ');
    expect(report).toContain('2026-11-21.md');
    expect(await git(clone, ['status', '--porcelain'])).toBe('');
    expect(await runScript('audit', [], clone)).toMatchObject({ exitCode: 0 });

    // A race against a commit that has none of them ends the same way.
    await commitFile(elsewhere, 'notes.txt', 'mine');
    await git(elsewhere, ['push', '--quiet', '--force']);
    await git(clone, ['reset', '--quiet', '--hard', 'HEAD~1']);
    await runTrack(clone, api, ['--publish'], { day: '2026-11-26' });
    expect(await list()).toEqual([21, 22, 23, 24, 26].map((day) => `2026-11-${day}.md`));
  });

  it('adds other counts that a refresh stored and could not report, the views as well', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const report = 'reports/2026-11-21.md';
    const startWith = (views: number) =>
      startApi({ answer: (name) => hashtagAnswer(name, 1000, views) });
    const early = await startWith(50_000);
    const late = await startWith(50_001);
    await runTrack(root, early, ['--publish'], { day: '2026-11-21' });
    // The report is written, but not the index after it.
    await rm(path.join(root, 'reports/README.md'));
    await mkdir(path.join(root, 'reports/README.md/x'), { recursive: true });
    await runTrack(root, late, ['--publish', '--refresh'], { day: '2026-11-21' });
    await rm(path.join(root, 'reports/README.md'), { recursive: true });
    expect(await showFile(remote, 'main', report)).toContain('|50,000|');
    await runTrack(root, late, ['--publish'], { day: '2026-11-22' });
    expect(await showFile(remote, 'main', report)).toContain('|50,001|');
    expect(await git(root, ['status', '--porcelain'])).toBe('');
    expect(await runScript('audit', [], root)).toMatchObject({ exitCode: 0 });
  });

  it('adds them in a fresh clone as well, and if there is nothing to ask for any more', async () => {
    const repository = await createRepository(['aitools']);
    const { root, remote } = repository;
    const report = 'reports/2026-11-21.md';
    const startWith = (views: number) =>
      startApi({ answer: (name) => hashtagAnswer(name, 1000, views) });
    await runTrack(root, await startWith(50_000), ['--publish'], { day: '2026-11-21' });
    await rm(path.join(root, 'reports/README.md'));
    await mkdir(path.join(root, 'reports/README.md/x'), { recursive: true });
    const late = await startWith(50_001);
    await runTrack(root, late, ['--publish', '--refresh'], { day: '2026-11-21' });
    const clone = await cloneRepository(repository);
    const list = { hashtags: [{ name: 'aitools', paused: true }] };
    await commitFile(clone, 'data/hashtags.json', JSON.stringify(list), true);
    await runTrack(clone, late, ['--publish'], { day: '2026-11-22' });
    expect(await showFile(remote, 'main', report)).toContain('|50,001|');
    expect(await git(clone, ['status', '--porcelain'])).toBe('');
  });

  it('adds a failure that a later run stored and could not report, where a newer report stands as well', async () => {
    const { root, remote } = await createRepository(['aitools', 'llm']);
    const report = 'reports/2026-11-21.md';
    const api = await startApi();
    const refusing = await startApi({ fault: () => ({ status: 400, body: {} }) });
    const index = path.join(root, 'reports/README.md');
    await runTrack(root, api, ['--publish', '--hashtag', 'aitools'], { day: '2026-11-21' });
    // The report is written, but not the index after it.
    await rm(index);
    await mkdir(path.join(index, 'x'), { recursive: true });
    await runTrack(root, refusing, ['--publish', '--hashtag', 'llm'], { day: '2026-11-21' });
    await rm(index, { recursive: true });
    const left = await readFile(path.join(root, report), 'utf8');
    expect(left).toContain('**Refused by the API**');
    // A person commits the next day's report, and not this one.
    await runTrack(root, api, [], { day: '2026-11-22' });
    const own = ['data/hashtag_tracker.db', 'reports/2026-11-22.md', 'reports/charts'];
    await git(root, ['add', ...own]);
    await git(root, ['commit', '--quiet', '-m', 'A day', '--', ...own]);
    expect(await git(root, ['show', `HEAD:${report}`])).not.toContain('Refused');
    await runTrack(root, api, ['--publish'], { day: '2026-11-23' });
    expect(await showFile(remote, 'main', report)).toBe(left.trimEnd());
    expect(await git(root, ['status', '--porcelain'])).toBe('');
  });

  it('adds a report and the CSV that a run made with another list and could not publish', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const report = 'reports/2026-11-21.md';
    const index = path.join(root, 'reports/README.md');
    const api = await startApi();
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    const list = { hashtags: ['aitools', { name: 'llm', paused: true }] };
    await commitFile(root, 'data/hashtags.json', JSON.stringify(list));
    await rm(index);
    await mkdir(path.join(index, 'x'), { recursive: true });
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    await rm(index, { recursive: true });
    await writeFile(path.join(root, 'data/latest.csv'), 'half of it');
    expect(await git(root, ['status', '--porcelain'])).toContain(` M ${report}`);
    const left = await readFile(path.join(root, report), 'utf8');
    const refusing = await startApi({ fault: () => ({ status: 400, body: {} }) });
    await runTrack(root, refusing, ['--publish'], { day: '2026-11-22' });
    expect(await showFile(remote, 'main', report)).toBe(left.trimEnd());
    expect(await git(root, ['status', '--porcelain'])).toBe('');
  });

  it('warns of an earlier report that still can’t be written, and publishes its own', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const api = await startApi();
    await writeFile(path.join(root, 'reports'), 'a file');
    expect((await runTrack(root, api, ['--publish'], { day: '2026-11-21' })).exitCode).toBe(1);
    await rm(path.join(root, 'reports'));
    await mkdir(path.join(root, 'reports/2026-11-21.md/x'), { recursive: true });
    const ran = await runTrack(root, api, ['--publish'], { day: '2026-11-22' });
    expect(ran.exitCode).toBe(0);
    expect(ran.output).toMatch(/warning: The report of 2026-11-21 could not be written: E.*folder/);
    const files = await git(remote, ['ls-tree', '-r', '--name-only', 'main', 'reports/']);
    expect(files).toContain('2026-11-22.md');
    expect(files).not.toContain('2026-11-21.md');
  });

  it('leaves out reports that somebody deleted with a commit, the newest as well', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const api = await startApi();
    for (const day of ['2026-11-21', '2026-11-22', '2026-11-23', '2026-11-24']) {
      await runTrack(root, api, ['--publish'], { day });
    }
    await git(root, ['rm', '--quiet', 'reports/2026-11-22.md', 'reports/2026-11-24.md']);
    await git(root, ['commit', '--quiet', '-m', 'Remove two reports']);
    await runTrack(root, api, ['--publish'], { day: '2026-11-25' });
    const files = await git(remote, ['ls-tree', '-r', '--name-only', 'main', 'reports/']);
    expect(files.match(/2026-11-\d\d\.md/g)).toEqual(
      [21, 23, 25].map((day) => `2026-11-${day}.md`),
    );
  });

  it('includes what an earlier run left unpublished', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const api = await startApi();
    await runTrack(root, api, [], { day: '2026-11-20' });
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    expect(await queryRemote(remote, SNAPSHOTS)).toEqual([
      ['2026-11-20', 'aitools'],
      ['2026-11-21', 'aitools'],
    ]);
    expect(await git(remote, ['ls-tree', '--name-only', 'main', 'reports/'])).toContain(
      '2026-11-20.md',
    );
  });
});

describe('a race for the remote', () => {
  it('loses nothing: the later run adds its snapshots to the other database and asks nothing twice', async () => {
    const repository = await createRepository(['aitools', 'llm']);
    const other = await cloneRepository(repository);
    const api = await startApi();
    await runTrack(other, api, ['--publish', '--hashtag', 'llm']);
    const ran = await runTrack(repository.root, api, ['--publish', '--hashtag', 'aitools']);

    expect(ran.output).toMatch(/push failed \(try 1 of 10\)[\s\S]*Published/);
    expect(api.requests).toEqual(['llm', 'aitools']);
    expect(await queryRemote(repository.remote, SNAPSHOTS)).toEqual([
      ['2026-11-22', 'aitools'],
      ['2026-11-22', 'llm'],
    ]);
    expect(await showFile(repository.remote, 'main', 'reports/2026-11-22.md')).toContain(
      '\n✅ 2 of 2 hashtags · ',
    );
    // The checkout is on the same commit, and nothing is left to commit.
    expect(await git(repository.root, ['rev-parse', 'HEAD'])).toBe(
      await git(repository.remote, ['rev-parse', 'main']),
    );
    expect(await git(repository.root, ['status', '--porcelain'])).toBe('');
    expect(await git(repository.root, ['worktree', 'list'])).not.toContain('hashtag-tracker-');
  });

  it('publishes the snapshots of five writers at once, each exactly once, in one report', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const repository = await createRepository(names);
    const api = await startApi();
    const clones = await Promise.all(names.map(() => cloneRepository(repository)));
    const ran = await Promise.all(
      clones.map((root, i) =>
        runTrack(root, api, ['--publish', '--hashtag', String(names[i])], { random: Math.random }),
      ),
    );
    expect(ran.map((run) => run.exitCode)).toEqual(names.map(() => 0));
    expect(await queryRemote(repository.remote, SNAPSHOTS)).toEqual(
      names.map((name) => ['2026-11-22', name]),
    );
    expect(await queryRemote(repository.remote, 'SELECT count(*) FROM runs')).toEqual([[5]]);
    expect(await showFile(repository.remote, 'main', 'reports/2026-11-22.md')).toContain(
      '\n✅ 5 of 5 hashtags · ',
    );
    expect(api.requests.toSorted()).toEqual(names);
  });

  it('keeps the other count as a correction if both captured the same hashtag', async () => {
    const repository = await createRepository(['aitools']);
    const other = await cloneRepository(repository);
    const api = await startApi();
    await runTrack(other, api, ['--publish']);
    const later = await startApi({ answer: () => ({ video_count: 1200, view_count: 50_000 }) });
    await runTrack(repository.root, later, ['--publish']);
    expect(await queryRemote(repository.remote, 'SELECT video_count FROM snapshots')).toEqual([
      [1200],
    ]);
    expect(await queryRemote(repository.remote, 'SELECT video_count FROM corrections')).toEqual([
      [1000],
    ]);
  });

  it('keeps the other views as a correction if both have the same videos', async () => {
    const repository = await createRepository(['aitools']);
    const other = await cloneRepository(repository);
    const runAt = async (root: string, time: string, views: number, flags: string[]) => {
      const api = await startApi({ answer: (name) => hashtagAnswer(name, 7, views) });
      const clock = createVirtualClock(Date.parse(`2026-11-22T${time}Z`));
      expect((await runTrack(root, api, flags, { clock })).exitCode).toBe(0);
    };
    await runAt(repository.root, '05:17', 1000, ['--publish']);
    await runAt(other, '06:17', 2000, []);
    await runAt(other, '07:17', 3000, ['--refresh', '--publish']);
    expect(await queryRemote(repository.remote, 'SELECT * FROM snapshots')).toEqual([
      ['2026-11-22', 'aitools', 7, 3000],
    ]);
    const corrections = 'SELECT video_count, view_count FROM corrections ORDER BY view_count';
    expect(await queryRemote(repository.remote, corrections)).toEqual([
      [7, 1000],
      [7, 2000],
    ]);
  });

  it('adds its snapshots to a branch whose newest commit was replaced by force', async () => {
    const repository = await createRepository(['aitools']);
    const { root, remote } = repository;
    await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-21' });
    const other = await cloneRepository(repository);
    await git(other, ['commit', '--quiet', '--amend', '-m', 'The same day in other words']);
    await git(other, ['push', '--quiet', '--force', 'origin', 'main']);
    expect((await runTrack(root, await startApi(), ['--publish'])).exitCode).toBe(0);
    expect(await queryRemote(remote, SNAPSHOTS)).toEqual([
      ['2026-11-21', 'aitools'],
      ['2026-11-22', 'aitools'],
    ]);
    expect(await git(remote, ['log', '-1', '--skip=1', '--format=%s', 'main'])).toBe(
      'The same day in other words',
    );
  });

  it('also publishes earlier days that only this checkout has', async () => {
    const repository = await createRepository(['aitools']);
    const other = await cloneRepository(repository);
    const api = await startApi();
    await runTrack(repository.root, api, [], { day: '2026-11-20' });
    await runTrack(other, api, ['--publish'], { day: '2026-11-21' });
    await runTrack(repository.root, api, ['--publish'], { day: '2026-11-22' });
    expect(await queryRemote(repository.remote, SNAPSHOTS)).toEqual([
      ['2026-11-20', 'aitools'],
      ['2026-11-21', 'aitools'],
      ['2026-11-22', 'aitools'],
    ]);
    const reports = await git(repository.remote, ['ls-tree', '--name-only', 'main', 'reports/']);
    for (const day of [20, 21, 22]) expect(reports).toContain(`2026-11-${day}.md`);
  });

  it('updates the summaries with the added days', async () => {
    const repository = await createRepository(['aitools', 'llm']);
    const other = await cloneRepository(repository);
    const api = await startApi();
    await runTrack(repository.root, api, ['--hashtag', 'llm'], { day: '2026-11-20' });
    await runTrack(other, api, ['--publish', '--hashtag', 'aitools'], { day: '2026-11-21' });
    await runTrack(other, api, ['--publish', '--hashtag', 'aitools'], { day: '2026-11-23' });
    const ran = await runTrack(repository.root, api, ['--publish'], { day: '2026-11-23' });
    expect(ran.output).toMatch(/push failed \(try 1 of 10\)[\s\S]*Published/);
    const week = await showFile(repository.remote, 'main', 'reports/weekly/2026-W47.md');
    expect(week).toContain(' 2 of 3 days · ');
    expect(week).toContain('· 2 hashtags');
  });

  it('goes on if a hook fails that runs after each checkout', async () => {
    const repository = await createRepository(['aitools']);
    const { root, remote } = repository;
    await commitFile(await cloneRepository(repository), 'notes.txt', 'theirs', true);
    await writeHook(root, 'post-checkout', 'exit 1');
    expect((await runTrack(root, await startApi(), ['--publish'])).exitCode).toBe(0);
    expect(await queryRemote(remote, SNAPSHOTS)).toHaveLength(1);
  });

  it.each([
    ['.gitattributes', '*.db text\n', 'git would change bytes of data/hashtag_tracker.db'],
    ['.gitignore', 'reports/\n', 'git ignores reports/2026-11-22.md'],
  ])(
    'ends with a reason if others have pushed a %s that spoils the files',
    async (file, text, problem) => {
      const repository = await createRepository(['aitools']);
      const { root, remote } = repository;
      await commitFile(await cloneRepository(repository), file, text, true);
      const head = await git(remote, ['rev-parse', 'main']);
      const ran = await runTrack(root, await startApi(), ['--publish']);
      expect(ran.exitCode).toBe(1);
      expect(ran.output).toContain(`on the remote's newest commit, ${problem}`);
      expect(ran.output).toContain('the snapshots are committed in this checkout');
      expect(await git(remote, ['rev-parse', 'main'])).toBe(head);
    },
  );

  it('keeps every uncommitted change in the checkout', async () => {
    const repository = await createRepository(['aitools']);
    await commitFile(repository.root, 'notes.txt', 'one\n', true);
    const other = await cloneRepository(repository);
    await commitFile(other, 'other.txt', 'theirs\n', true);
    await writeFile(path.join(repository.root, 'notes.txt'), 'half-written\n');
    const ran = await runTrack(repository.root, await startApi(), ['--publish']);
    expect(ran.exitCode).toBe(0);
    expect(await readFile(path.join(repository.root, 'notes.txt'), 'utf8')).toBe('half-written\n');
    expect(await readFile(path.join(repository.root, 'other.txt'), 'utf8')).toBe('theirs\n');
  });

  it('keeps a local change that conflicts with the remote, pushes, and says what to do', async () => {
    const repository = await createRepository(['aitools']);
    await commitFile(repository.root, 'notes.txt', 'one\n', true);
    const other = await cloneRepository(repository);
    await commitFile(other, 'notes.txt', 'theirs\n', true);
    await writeFile(path.join(repository.root, 'notes.txt'), 'mine\n');
    const ran = await runTrack(repository.root, await startApi(), ['--publish']);
    expect(ran).toMatchObject({ exitCode: 1, output: expect.stringContaining('git stash') });
    expect(await readFile(path.join(repository.root, 'notes.txt'), 'utf8')).toBe('mine\n');
    expect(await queryRemote(repository.remote, SNAPSHOTS)).toEqual([['2026-11-22', 'aitools']]);
  });

  it('keeps a report that somebody edited here and others elsewhere, and asks nobody to merge it', async () => {
    const repository = await createRepository(['aitools']);
    const { root, remote } = repository;
    const report = 'reports/2026-11-21.md';
    const api = await startApi();
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    await commitFile(await cloneRepository(repository), report, 'theirs', true);
    await writeFile(path.join(root, report), 'mine');
    const ran = await runTrack(root, api, ['--publish'], { day: '2026-11-22' });
    expect(ran.exitCode, ran.output).toBe(0);
    expect(await git(root, ['rev-parse', 'HEAD'])).toBe(await git(remote, ['rev-parse', 'main']));
    expect(await readFile(path.join(root, report), 'utf8')).toBe('mine');
    expect(await git(root, ['status', '--porcelain'])).toBe(` M ${report}`);
    await runTrack(root, api, ['--publish'], { day: '2026-11-23' });
    expect(await showFile(remote, 'main', report)).toBe('theirs');
  });

  it('leaves no chart behind whose report others have published without one', async () => {
    const repository = await createRepository(['aitools']);
    const { root } = repository;
    const api = await startApi();
    await runTrack(await cloneRepository(repository), api, ['--publish'], { day: '2026-11-21' });
    await mkdir(path.join(root, 'reports/charts'), { recursive: true });
    await writeFile(path.join(root, 'reports/charts/2026-11-21.svg'), 'left');
    await runTrack(root, api, ['--publish'], { day: '2026-11-22' });
    expect(await git(root, ['status', '--porcelain'])).toBe('');
  });

  it('leaves no report behind without its rows where a person’s own commits stay', async () => {
    const repository = await createRepository(['aitools']);
    const { root } = repository;
    const api = await startApi();
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    const other = await cloneRepository(repository);
    await commitFile(other, 'other.txt', 'theirs\n', true);
    await commitFile(root, 'mine.txt', 'mine\n');
    await rm(path.join(root, 'data/latest.csv'));
    await mkdir(path.join(root, 'data/latest.csv')); // the report is written, the CSV fails
    await runTrack(root, api, ['--publish'], { day: '2026-11-22' });
    expect(await queryRemote(repository.remote, SNAPSHOTS)).toHaveLength(2);
    await rm(path.join(root, 'data/latest.csv'), { recursive: true });
    expect(await readdir(path.join(root, 'reports'))).not.toContain('2026-11-22.md');
    const ran = await runTrack(root, api, ['--publish'], { day: '2026-11-23' });
    expect(ran.exitCode, ran.output).toBe(0);
    expect(await queryRemote(repository.remote, SNAPSHOTS)).toHaveLength(3);
  });

  it('goes back to a person’s own commit also if a report of the run was changed meanwhile', async () => {
    const repository = await createRepository(['aitools']);
    const { root } = repository;
    const other = await cloneRepository(repository);
    await commitFile(other, 'other.txt', 'theirs\n', true);
    await commitFile(root, 'mine.txt', 'mine\n');
    const own = await git(root, ['rev-parse', 'HEAD']);
    await writeHook(root, 'post-commit', 'echo more >> reports/2026-11-22.md');
    const ran = await runTrack(root, await startApi(), ['--publish']);
    expect(ran.exitCode, ran.output).toBe(0);
    expect(await git(root, ['rev-parse', 'HEAD'])).toBe(own);
    expect(await git(root, ['status', '--porcelain'])).toBe('');
  });

  it('names a person’s own commit in its advice, which must not drop it', async () => {
    const repository = await createRepository(['aitools']);
    const { root } = repository;
    await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-21' });
    const other = await cloneRepository(repository);
    await commitFile(other, 'other.txt', 'theirs\n', true);
    await commitFile(root, 'mine.txt', 'mine\n');
    const own = (await git(root, ['rev-parse', 'HEAD'])).slice(0, 10);
    const change = 'echo more >> data/hashtag_tracker.db; echo more >> reports/README.md';
    await writeHook(root, 'post-commit', change);
    const ran = await runTrack(root, await startApi(), ['--publish']);
    expect(ran.output).toContain(`git stash, git reset --keep ${own}, git stash pop`);
    expect(await git(root, ['diff', '--cached', '--name-only'])).toBe('');
  });

  it('keeps a person’s own commits, but does not push them over others’ commits', async () => {
    const repository = await createRepository(['aitools']);
    const other = await cloneRepository(repository);
    await commitFile(other, 'other.txt', 'theirs\n', true);
    await commitFile(repository.root, 'mine.txt', 'mine\n');
    const ran = await runTrack(repository.root, await startApi(), ['--publish']);
    expect(ran).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('git pull --rebase'),
    });
    expect(await queryRemote(repository.remote, SNAPSHOTS)).toEqual([['2026-11-22', 'aitools']]);
    await git(repository.root, ['pull', '--quiet', '--rebase']);
    await git(repository.root, ['push', '--quiet']);
    expect(await git(repository.remote, ['ls-tree', '--name-only', 'main'])).toContain('mine.txt');
    expect(await queryRemote(repository.remote, SNAPSHOTS)).toEqual([['2026-11-22', 'aitools']]);
  });
});

describe('a race must not lose', () => {
  it('imported rows, which came from no run', async () => {
    const repository = await createRepository(['aitools']);
    const other = await cloneRepository(repository);
    const api = await startApi();
    await runTrack(other, api, ['--publish'], { day: '2026-11-21' });
    const csv = path.join(repository.root, 'old.csv');
    await writeFile(csv, 'date,hashtag,video_count\n2025-01-01,aitools,5\n');
    expect((await runScript('import', [csv], repository.root)).exitCode).toBe(0);
    const ran = await runTrack(repository.root, api, ['--publish'], { day: '2026-11-22' });
    expect(ran).toMatchObject({ exitCode: 0, output: expect.stringContaining('The push failed') });
    expect(await queryRemote(repository.remote, SNAPSHOTS)).toEqual([
      ['2025-01-01', 'aitools'],
      ['2026-11-21', 'aitools'],
      ['2026-11-22', 'aitools'],
    ]);
  });

  it('a second reading of a day that was not published yet', async () => {
    const repository = await createRepository(['aitools']);
    const { root, remote } = repository;
    const other = await cloneRepository(repository);
    await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-20' });
    await git(other, ['pull', '--quiet']);
    const later = await startApi({ answer: (name) => hashtagAnswer(name, 2000, 50_000) });
    const clock = createVirtualClock(Date.parse('2026-11-20T09:00:00Z'));
    await runTrack(root, later, ['--refresh'], { clock });
    await runTrack(other, later, ['--publish'], { day: '2026-11-21' });
    await runTrack(root, later, ['--publish'], { day: '2026-11-21' });
    const first = "SELECT video_count FROM snapshots WHERE date = '2026-11-20'";
    expect(await queryRemote(remote, first)).toEqual([[1000]]);
    expect(await queryRemote(remote, 'SELECT video_count FROM corrections')).toEqual([[2000]]);
  });

  it('a person’s revert, which stays reverted', async () => {
    const repository = await createRepository(['aitools']);
    const { root, remote } = repository;
    const api = await startApi();
    await runTrack(root, api, ['--publish'], { day: '2026-11-20' });
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    const other = await cloneRepository(repository);
    await git(other, ['revert', '--no-edit', 'HEAD']);
    await git(other, ['push', '--quiet']);
    expect((await runTrack(root, api, ['--publish'], { day: '2026-11-22' })).exitCode).toBe(0);
    expect(await queryRemote(remote, SNAPSHOTS)).toEqual([
      ['2026-11-20', 'aitools'],
      ['2026-11-22', 'aitools'],
    ]);
  });

  it('the revert of an import, whose record stays away as well', async () => {
    const repository = await createRepository(['aitools']);
    const { root, remote } = repository;
    const api = await startApi();
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    const csv = 'date,hashtag,video_count,view_count\n2026-11-20,aitools,1,2\n';
    await writeFile(path.join(root, 'rows.csv'), csv);
    await runScript('import', ['rows.csv'], root);
    await git(root, ['commit', '--quiet', '-m', 'Import', '--', DATABASE_PATH]);
    await git(root, ['push', '--quiet', 'origin', 'HEAD:main']);
    const other = await cloneRepository(repository);
    await git(other, ['revert', '--no-edit', 'HEAD']);
    await git(other, ['push', '--quiet']);
    expect((await runTrack(root, api, ['--publish'])).exitCode).toBe(0);
    expect(await queryRemote(remote, SNAPSHOTS)).toHaveLength(2);
    expect(await queryRemote(remote, 'SELECT * FROM imports')).toEqual([]);
  });

  it('the other worktrees of the repository, even if their folder is temporarily missing', async () => {
    const repository = await createRepository(['aitools']);
    const other = await cloneRepository(repository);
    const disk = path.join(path.dirname(repository.root), 'disk');
    await git(repository.root, ['worktree', 'add', '--quiet', '-b', 'trial', disk]);
    await rename(disk, `${disk}.away`);
    const api = await startApi();
    await runTrack(other, api, ['--publish'], { day: '2026-11-21' });
    expect((await runTrack(repository.root, api, ['--publish'])).exitCode).toBe(0);
    await rename(`${disk}.away`, disk);
    expect(await git(disk, ['status', '--porcelain'])).toBe('');
  });

  it('the connection to a remote whose address is a relative path', async () => {
    const repository = await createRepository(['aitools']);
    const other = await cloneRepository(repository);
    await git(repository.root, ['remote', 'set-url', 'origin', '../remote.git']);
    const api = await startApi();
    await runTrack(other, api, ['--publish'], { day: '2026-11-21' });
    expect((await runTrack(repository.root, api, ['--publish'])).exitCode).toBe(0);
    expect(await queryRemote(repository.remote, SNAPSHOTS)).toHaveLength(2);
  });
});

describe('a checkout that can’t be published', () => {
  const states: [string, (root: string) => Promise<unknown>, RegExp][] = [
    [
      'git ignores the database',
      (root) => writeFile(path.join(root, '.gitignore'), '*.db\n'),
      /git ignores data\/hashtag_tracker\.db/,
    ],
    [
      'git ignores the reports',
      (root) => writeFile(path.join(root, '.gitignore'), 'reports/\n'),
      /git ignores reports\/2026-11-22\.md, reports\/README\.md, .*git check-ignore -v reports/,
    ],
    [
      'git ignores the charts in this clone',
      async (root) => {
        await mkdir(path.join(root, '.git/info'), { recursive: true });
        await writeFile(path.join(root, '.git/info/exclude'), '*.svg\n');
      },
      /git ignores reports\/badge\.svg, reports\/charts\/2026-11-22\.svg/,
    ],
    [
      'git ignores latest.csv by the settings of the user',
      async (root) => {
        const rules = path.join(root, '.git', 'rules');
        await writeFile(rules, '*.csv\n');
        await git(root, ['config', 'core.excludesFile', rules]);
      },
      /git ignores data\/latest\.csv, so it would not be published/,
    ],
    [
      'git ignores the summaries',
      (root) => writeFile(path.join(root, '.gitignore'), '/reports/monthly\n'),
      /git ignores reports\/monthly\/2026-11\.md/,
    ],
    [
      'git takes the database for text',
      (root) => writeFile(path.join(root, '.gitattributes'), '* text\n'),
      /git would change bytes of data\/hashtag_tracker\.db, .*\*\.db binary -ident/,
    ],
    [
      'git gives the database line ends',
      (root) => writeFile(path.join(root, '.gitattributes'), '* eol=crlf\n'),
      /git would change bytes of data\/hashtag_tracker\.db/,
    ],
    [
      'the folder of the reports is a link',
      (root) => symlink('../elsewhere', path.join(root, 'reports')),
      /reports is a link, and git would leave out/,
    ],
    [
      'the folder of the charts is a link',
      async (root) => {
        await mkdir(path.join(root, 'reports'));
        await symlink('/tmp', path.join(root, 'reports/charts'));
      },
      /reports\/charts is a link, and git would leave out/,
    ],
    [
      'the folder of the data is a link',
      async (root) => {
        await rename(path.join(root, 'data'), `${root}-data`);
        await symlink(`${root}-data`, path.join(root, 'data'));
      },
      /data is a link, and git would leave out/,
    ],
    [
      'the folder of the reports is a repository of its own',
      (root) => git(root, ['init', '--quiet', 'reports']),
      /reports is a repository of its own, and git would leave out/,
    ],
    [
      'the remote is a mirror',
      (root) => git(root, ['config', 'remote.origin.mirror', 'true']),
      /origin is a mirror.*git config remote\.origin\.mirror false/,
    ],
    [
      'a merge is in progress',
      async (root) => {
        await git(root, ['checkout', '--quiet', '-b', 'other']);
        await commitFile(root, 'a.txt', 'theirs');
        await git(root, ['checkout', '--quiet', 'main']);
        await commitFile(root, 'a.txt', 'ours');
        await git(root, ['merge', 'other']).catch(() => {});
      },
      /a merge is in progress here: finish it, or run: git merge --abort/,
    ],
  ];
  it.each(states)(
    'because %s is rejected before anything is asked',
    async (_, prepare, message) => {
      const { root } = await createRepository(['aitools']);
      await prepare(root);
      const api = await startApi();
      const ran = await runTrack(root, api, ['--publish']);
      expect(ran).toMatchObject({ exitCode: 1, output: expect.stringMatching(message) });
      expect(api.requests).toEqual([]);
    },
  );

  it('does not include one in which git tells text from databases itself, or is told', async () => {
    const { root } = await createRepository(['aitools']);
    for (const rules of ['* text=auto eol=crlf', '* text ident\n*.db binary -ident', '']) {
      await writeFile(path.join(root, '.gitattributes'), `${rules}\n`);
      expect(await findPublishTarget(root, TODAY)).toMatchObject({ branch: 'main' });
    }
  });

  it('does not include one in which an ignored file was committed in spite of the rule', async () => {
    const { root } = await createRepository(['aitools']);
    const api = await startApi();
    await runTrack(root, api, ['--publish']);
    await writeFile(path.join(root, '.gitignore'), 'latest.csv\n');
    expect((await runTrack(root, api, ['--publish'])).exitCode).toBe(0);
  });

  it('because it is a folder in a repository is rejected before anything is asked', async () => {
    const { root } = await createRepository(['aitools']);
    const folder = path.join(root, 'tracker');
    await writeWatchlist(folder, ['aitools']);
    const api = await startApi();
    const ran = await runTrack(folder, api, ['--publish']);
    expect(ran).toMatchObject({ exitCode: 1, output: expect.stringContaining('top folder') });
    expect(api.requests).toEqual([]);
  });

  it.each([
    [`update-index --skip-worktree ${DATABASE_PATH}`, DATABASE_PATH],
    ['update-index --assume-unchanged data/latest.csv', 'data/latest.csv'],
    ['sparse-checkout set data', 'reports/README.md'],
  ])(
    'because git skips a file is rejected before anything is asked, with a remedy: %s',
    async (mark, expected) => {
      const { root } = await createRepository(['aitools']);
      const api = await startApi();
      await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
      await git(root, mark.split(' '));
      const ran = await runTrack(root, api, ['--publish']);
      expect(ran.exitCode).toBe(1);
      expect(api.requests).toHaveLength(1);
      const [, names, remedy = ''] =
        /git skips changes of (.*), so .*; run: git (.*)/.exec(ran.output) ?? [];
      expect(names).toContain(expected);
      await git(root, remedy.split(' '));
      expect((await runTrack(root, api, ['--publish'])).exitCode).toBe(0);
    },
  );

  it('because git skips the database meanwhile is reported, and the snapshots are kept', async () => {
    const { root } = await createRepository(['aitools']);
    const api = await startApi();
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    const ran = await runTrack(root, api, ['--publish'], {
      async fetch(...request) {
        await git(root, ['update-index', '--skip-worktree', DATABASE_PATH]);
        return fetch(...request);
      },
    });
    expect(ran).toMatchObject({ exitCode: 1, output: expect.stringContaining('skip-worktree') });
    expect(await queryDatabase(root, SNAPSHOTS)).toHaveLength(2);
  });

  it('because another branch was checked out is reported, and neither branch is pushed', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const head = await git(remote, ['rev-parse', 'main']);
    const api = await startApi();
    const ran = await runTrack(root, api, ['--publish'], {
      async fetch(...request) {
        await git(root, ['checkout', '--quiet', '-b', 'trial']);
        return fetch(...request);
      },
    });
    expect(ran).toMatchObject({ exitCode: 1, output: expect.stringContaining('switch back') });
    expect(await git(remote, ['for-each-ref', '--format=%(objectname)'])).toBe(head);
    await git(root, ['checkout', '--quiet', 'main']);
    expect((await runTrack(root, api, ['--publish'])).exitCode).toBe(0);
    expect(api.requests).toHaveLength(1);
  });
});

describe('the explanation of a failed push', () => {
  const checkout = { root: '.', urls: [], head: 'refs/heads/main', identity: [] };
  const target = { ...checkout, remote: 'origin', branch: 'main' };

  it('does not take a race for a refusal because a commit’s hash contains 403', () => {
    const output = "cannot lock ref 'refs/heads/main': is at 8eeae30022d54e17041ad26a7f4038c0 but";
    expect(explainFailedPush(output, target)).toBeNull();
    expect(explainFailedPush('The requested URL returned error: 403', target)).toMatch(/token/);
  });

  it.each([
    'error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502\nfatal: the remote end hung up unexpectedly',
    'error: RPC failed; curl 56 Recv failure: Connection reset by peer',
    'Connection to github.com closed by remote host.\nfatal: the remote end hung up unexpectedly',
    'send-pack: unexpected disconnect while reading sideband packet',
    ' ! [remote rejected] main -> main (Internal Server Error)',
    ' ! [rejected]        main -> main (fetch first)',
  ])('does not take an error that may pass for a refusing hook: %j', (said) => {
    const output = `${said}\nerror: failed to push some refs to 'https://github.com/o/r'`;
    expect(explainFailedPush(output, target)).toBeNull();
  });

  it.each([
    'error: remote unpack failed: unable to create temporary object directory',
    'remote: error: insufficient permission for adding an object to repository database ./objects',
  ])('says that the remote can’t be written to: %j', (said) => {
    const output = `${said}\n ! [remote rejected] main -> main (unpacker error)`;
    expect(explainFailedPush(output, target)).toContain('check its permissions and its disk');
  });

  it('names the size of a file that is too large, not GitHub’s hook that rejects it', () => {
    const output =
      'remote: error: GH001: Large files detected.\n ! [remote rejected] main (pre-receive hook declined)';
    expect(explainFailedPush(output, target)).toContain('larger than the remote accepts');
  });
});

describe('the publish target', () => {
  it('is the branch, even if a tag has the same name', async () => {
    const { root } = await createRepository();
    await git(root, ['tag', 'main']);
    expect(await findPublishTarget(root, TODAY)).toMatchObject({
      remote: 'origin',
      branch: 'main',
    });
  });

  it('is origin if the branch follows an address, which the message does not reveal', async () => {
    const { root } = await createRepository();
    await git(root, ['config', 'branch.main.remote', 'https://ada:SEKRET@localhost/x.git']);
    await git(root, ['remote', 'rename', 'origin', 'elsewhere']);
    await git(root, ['config', 'branch.main.remote', 'https://ada:SEKRET@localhost/x.git']);
    await expect(findPublishTarget(root, TODAY)).rejects.toThrow(
      /^[^S]*there is no "origin"[^S]*$/,
    );
  });
});

describe('secrets', () => {
  it('are not in the environment of git and its hooks', async () => {
    const { root } = await createRepository(['aitools']);
    const seen = path.join(root, '.git', 'seen');
    await writeHook(root, 'pre-push', `env > '${seen}'`);
    const api = await startApi();
    const ran = await spawnScript('track', ['--publish'], root, {
      SCAVIO_API_KEY: DEMO_KEY,
      SCAVIO_BASE_URL: api.url,
      ALERT_WEBHOOK_URL: 'https://chat.example/canary',
      DATABASE_URL: 'postgresql://ada:canary@db.example/tracker',
    });
    expect(ran.exitCode).toBe(0);
    const environment = await readFile(seen, 'utf8');
    expect(environment).toMatch(/^PATH=/m);
    expect(environment).not.toMatch(/SCAVIO_API_KEY|ALERT_WEBHOOK_URL|DATABASE_URL|canary/);
  });

  it.each([
    ['a token as the user name', 'canary-7f'],
    ['a password', 'ada:canary-7f'],
    ['a password with @ and :', 'ada:p@canary:7@f'],
    ['a password with a slash', 'ada:canary/7@f'],
    ['a password with a space', 'ada:canary 7f'],
  ])('in the remote’s address are hidden if it is %s', async (_, credentials) => {
    const { root } = await createRepository(['aitools']);
    const url = await startAnswering({
      status: 401,
      headers: { 'WWW-Authenticate': 'Basic realm="x"' },
    });
    await git(root, ['remote', 'set-url', 'origin', url.replace('//', `//${credentials}@`)]);
    const ran = await runTrack(root, await startApi(), ['--publish']);
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toMatch(/git (push|fetch) failed/);
    const reachesServer = credentials.split(/[/@ ]/).length === 1;
    if (reachesServer) expect(ran.output).toContain('git has no valid credentials for origin');
    expect(ran.output).not.toMatch(/canary|ada:|7@f|7f@/);
  });

  it('that would go over the network unencrypted are warned of', async () => {
    const { root } = await createRepository(['aitools']);
    const to = (url: string) => warnOfPlainHttp('it', url, 'the key');
    expect(to('http://api.example')).toMatch(/^it begins with http:\/\/.*read the key/);
    for (const url of ['http://127.0.0.1:8', 'http://[::1]/', 'http://localhost', 'https://a.b']) {
      expect(to(url)).toBeNull();
    }
    await git(root, ['remote', 'set-url', 'origin', 'http://git.invalid/x.git']);
    const ran = await runTrack(root, await startApi(), ['--publish']);
    expect(ran.output).toContain('warning: the remote origin begins with http://');
  });
});

describe('a push that can’t succeed', () => {
  const refusals: [string, string, RegExp][] = [
    [
      'a protected branch',
      'GH006: Protected branch update failed',
      /is protected.*Settings → Rules → Rulesets/,
    ],
    [
      'a read-only token',
      'Permission to o/r.git denied to github-actions',
      /Read and write permissions/,
    ],
    ['a rule of the remote', 'no thanks', /a rule of the remote rejected the push/],
  ];
  it.each(refusals)(
    'because of %s keeps the snapshots and says what to do',
    async (_, message, remedy) => {
      const { root, remote } = await createRepository(['aitools']);
      await refusePushes(remote, message);
      const ran = await runTrack(root, await startApi(), ['--publish']);
      expect(ran.exitCode).toBe(1);
      expect(ran.output).toMatch(remedy);
      expect(await queryDatabase(root, SNAPSHOTS)).toEqual([['2026-11-22', 'aitools']]);
    },
  );

  const settings: [string, (root: string, remote: string) => Promise<unknown>, RegExp][] = [
    [
      'a hook of the checkout',
      (root) => writeHook(root, 'pre-push', "echo 'lint first: Permission denied'\nexit 1"),
      /the pre-push hook of this checkout refused the push.*lint first/,
    ],
    [
      'a hook of the checkout that says nothing',
      (root) => writeHook(root, 'pre-push', 'exit 1'),
      /the pre-push hook of this checkout refused the push.*failed to push some refs/,
    ],
    [
      'a hook of the remote for the branch',
      (_, remote) => writeHook(remote, 'update', "echo 'not on a Sunday'\nexit 1"),
      /a rule of the remote rejected the push.*not on a Sunday/,
    ],
    [
      'a remote that takes no signed pushes',
      (root) => git(root, ['config', 'push.gpgSign', 'true']),
      /git config push\.gpgSign false.*does not support --signed push/,
    ],
    [
      'a remote that takes no push options',
      (root) => git(root, ['config', 'push.pushOption', 'ci.skip']),
      /push\.pushOption is set.*does not support push options/,
    ],
    [
      'an address that is none',
      (root) => git(root, ['remote', 'set-url', '--push', 'origin', 'https://exa mple/x.git']),
      /check its address with git remote -v.*URL/,
    ],
    [
      'an address of an unknown kind',
      (root) => git(root, ['remote', 'set-url', '--push', 'origin', 'htps://example.com/x.git']),
      /check its address with git remote -v.*remote-htps/,
    ],
    [
      'a remote that takes no push of this size',
      (_, remote) => git(remote, ['config', 'receive.maxInputSize', '10']),
      /the push is larger than the remote accepts.*pack exceeds maximum allowed size/,
    ],
    [
      'a branch in whose place the remote has others',
      async (root, remote) => {
        await git(root, ['switch', '--quiet', '--create', 'tracker']);
        await git(remote, ['branch', 'tracker/old', 'main']);
      },
      /rename one of them.*tracker\/old' exists/,
    ],
    [
      'a remote in which the branch is checked out',
      (_, remote) => git(remote, ['config', 'core.bare', 'false']),
      /use a bare repository.*refusing to update checked out branch/,
    ],
  ];
  it.each(settings)(
    'because of %s is told at once, in git’s own words',
    async (_, prepare, message) => {
      const { root, remote } = await createRepository(['aitools']);
      await prepare(root, remote);
      const ran = await runTrack(root, await startApi(), ['--publish']);
      expect(ran).toMatchObject({ exitCode: 1, output: expect.stringMatching(message) });
      expect(ran.output).not.toMatch(/\(try \d+ of 10\)/);
      expect(await queryDatabase(root, SNAPSHOTS)).toEqual([['2026-11-22', 'aitools']]);
    },
  );

  it('is completed by the next run', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const api = await startApi();
    await refusePushes(remote, 'no thanks');
    await runTrack(root, api, ['--publish']);
    await writeFile(path.join(remote, 'hooks', 'pre-receive'), '#!/bin/sh\nexit 0\n');
    const ran = await runTrack(root, api, ['--publish']);
    expect(ran).toMatchObject({ exitCode: 0, output: expect.stringContaining('Published') });
    expect(api.requests).toEqual(['aitools']);
    expect(await queryRemote(remote, SNAPSHOTS)).toEqual([['2026-11-22', 'aitools']]);
  });

  it('because a repository, branch or remote is missing is found before anything is asked', async () => {
    const folder = await createFolder();
    await expect(findPublishTarget(folder, TODAY)).rejects.toThrow(/needs a git repository/);
    await git(folder, ['init', '--quiet', '--initial-branch=main']);
    await expect(findPublishTarget(folder, TODAY)).rejects.toThrow(/there is no "origin"/);
    const { root } = await createRepository();
    await git(root, ['checkout', '--quiet', '--detach']);
    const api = await startApi();
    const ran = await runTrack(root, api, ['--publish']);
    expect(ran).toMatchObject({ exitCode: 1, output: expect.stringContaining('HEAD is detached') });
    expect(api.requests).toEqual([]);
  });
});
