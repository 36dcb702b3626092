import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hashtagAnswer } from '../../scripts/lab/stand-in.ts';
import { doctor } from '../../scripts/lib/commands/doctor.ts';
import { report } from '../../scripts/lib/commands/report.ts';
import { restore } from '../../scripts/lib/commands/restore.ts';
import { DATABASE_PATH } from '../../scripts/lib/core/paths.ts';
import { schemaOf } from '../../scripts/lib/store/database.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createFolder } from '../helpers/folder.ts';

import { createOnce, createRepository, writeWatchlist } from '../helpers/repository.ts';
import { queryDatabase, runInProcess, runScript, runTrack, startApi } from '../helpers/tracker.ts';

const NEXT = { day: '2026-11-23' };
const COUNT = 'SELECT count(*) FROM snapshots';

/** Creates a repository with two published days. On the first, one hashtag failed. */
async function createHistory(): Promise<string> {
  const { root } = await createOnce('two days with a failure', async () => {
    const repository = await createRepository(['aitools', 'llm']);
    const failing = await startApi({
      answer: (name) => (name === 'llm' ? { status: 400 } : hashtagAnswer(name, 1000, 50_000)),
    });
    await runTrack(repository.root, failing, ['--publish'], { day: '2026-11-21' });
    const api = await startApi();
    await runTrack(repository.root, api, ['--publish'], { day: '2026-11-22' });
    return repository;
  });
  return root;
}

/** Changes the file as a person with another program would. */
async function edit(root: string, sql: string): Promise<void> {
  using db = await openDatabase(root);
  db.run(sql);
  await saveDatabase(db, root);
}

const DAY = "date = '2026-11-21'";
const changes: [string, string, string][] = [
  [
    'a count with one other bit',
    `UPDATE snapshots SET video_count = video_count + 1 WHERE ${DAY}`,
    'the last commit has 1,000 videos, 50,000 views; this file has 1,001 videos, 50,000 views',
  ],
  [
    'other views',
    `UPDATE snapshots SET view_count = 7 WHERE ${DAY}`,
    '#aitools: the snapshot of a past day was changed (the last commit has 1,000 videos, 50,000 views; this file has 1,000 videos, 7 views',
  ],
  ['a count that is NULL', `UPDATE snapshots SET video_count = NULL WHERE ${DAY}`, 'has – videos'],
  ['a count that is a text', `UPDATE snapshots SET video_count = 'x' WHERE ${DAY}`, 'has x videos'],
  [
    'a changed count of the newest day without a correction',
    "UPDATE snapshots SET view_count = 7 WHERE date = '2026-11-22' AND hashtag = 'llm'",
    '2026-11-22 #llm: the snapshot was changed without a correction',
  ],
  ['a lost snapshot', `DELETE FROM snapshots WHERE ${DAY}`, '#aitools: the snapshot was removed'],
  ['a deleted run', `DELETE FROM runs WHERE ${DAY}`, '2026-11-21: the record of a run was removed'],
  [
    'a changed run',
    `UPDATE runs SET stored = 99 WHERE ${DAY}`,
    '2026-11-21: the record of a run was changed (the last commit has stored 1; this file has stored 99)',
  ],
  [
    'a deleted failure',
    'DELETE FROM failures',
    '2026-11-21 #llm: the failure of a run was removed',
  ],
  [
    'a failure with another reason',
    "UPDATE failures SET reason = 'holiday'",
    '2026-11-21 #llm: the failure of a run was changed',
  ],
  [
    'an invented failure',
    "INSERT INTO failures VALUES (2, 'cats', 'failed', 'made up')",
    '2026-11-22 #cats: the failure of a run was added by no run',
  ],
  [
    'an invented correction that would explain a change',
    `INSERT INTO corrections VALUES (2, 'llm', 1000, 50000);
     UPDATE snapshots SET view_count = 7 WHERE date = '2026-11-22' AND hashtag = 'llm'`,
    '2026-11-22 #llm: the correction was added by no run',
  ],
  [
    'a count with a fraction',
    `UPDATE snapshots SET view_count = 50000.25 WHERE ${DAY}`,
    'this file has 1,000 videos, 50000.25 views',
  ],
  [
    'an invented snapshot of a past day',
    "INSERT INTO snapshots VALUES ('2026-11-21', 'cats', 1, 2)",
    '2026-11-21: no new run or import explains 1 row (1 new snapshot, 0 new corrections; the new runs stored 0). To take',
  ],
  [
    'an invented snapshot of the coming day',
    "INSERT INTO snapshots VALUES ('2026-11-23', 'llm', 1, 2)",
    '2026-11-23: no new run or import explains 1 row',
  ],
  [
    'an invented count of an archived month',
    "INSERT INTO archived_latest VALUES ('llm', '2026-10-31', 5, 5, NULL)",
    'archived months: what the file keeps of them was changed',
  ],
  [
    'a failure of no run',
    "INSERT INTO failures VALUES (77, 'cats', 'failed', 'made up')",
    '#cats: the failure of a run was added by no run',
  ],
];

describe('a file that differs from the last commit', () => {
  it.each(changes)(
    'stops the run before it asks, and shows the change: %s',
    async (_, sql, what) => {
      const root = await createHistory();
      await edit(root, sql);
      const before = await readFile(path.join(root, DATABASE_PATH));
      const api = await startApi();
      const ran = await runTrack(root, api, ['--publish'], NEXT);
      expect(ran.exitCode).toBe(1);
      expect(ran.output).toContain(what);
      expect(ran.output).toContain(`git checkout HEAD -- ${DATABASE_PATH}`);
      expect(api.requests).toEqual([]);
      expect((await readFile(path.join(root, DATABASE_PATH))).equals(before)).toBe(true);
    },
  );

  it('can be taken back or committed on purpose, and then the run goes on', async () => {
    for (const way of [
      ['checkout', '--quiet', 'HEAD', '--', DATABASE_PATH],
      ['commit', '--quiet', '-m', 'Change the past', '--', DATABASE_PATH],
    ]) {
      const root = await createHistory();
      await edit(root, `UPDATE snapshots SET video_count = 5 WHERE ${DAY}`);
      await git(root, way);
      expect((await runTrack(root, await startApi(), ['--publish'], NEXT)).exitCode).toBe(0);
    }
  });

  it('is not published if it comes in while the run asks', async () => {
    const root = await createHistory();
    const older = path.join(root, 'older.tmp');
    await git(root, ['restore', '--source=HEAD~1', '--', DATABASE_PATH]);
    await writeFile(older, await readFile(path.join(root, DATABASE_PATH)));
    await git(root, ['restore', DATABASE_PATH]);
    const head = await git(root, ['rev-parse', 'HEAD']);
    const api = await startApi();
    const fetch: typeof globalThis.fetch = async (...request) => {
      await writeFile(path.join(root, DATABASE_PATH), await readFile(older));
      return globalThis.fetch(...request);
    };
    const ran = await runTrack(root, api, ['--publish'], { ...NEXT, fetch });
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain('2026-11-22 #aitools: the snapshot was removed');
    expect(await git(root, ['rev-parse', 'HEAD'])).toBe(head);
  });

  it('costs nothing if it comes in while the run asks: the named command adds what was captured', async () => {
    const root = await createHistory();
    const file = path.join(root, DATABASE_PATH);
    const good = await readFile(file);
    await edit(root, `UPDATE snapshots SET video_count = 5 WHERE ${DAY}`);
    const bad = await readFile(file);
    await writeFile(file, good);
    const kept = [];
    for (const name of ['unsaved-2026-11-23', 'unsaved-2026-11-23-2']) {
      const fetch: typeof globalThis.fetch = async (...request) => {
        await writeFile(file, bad);
        return globalThis.fetch(...request);
      };
      const ran = await runTrack(root, await startApi(), ['--publish'], { ...NEXT, fetch });
      expect(ran.exitCode).toBe(1);
      expect(ran.output).toContain('Could not store 2 snapshots of 2026-11-23.');
      expect(ran.output).toContain(`npm run import -- data/${name}.csv`);
      await git(root, ['checkout', 'HEAD', '--', DATABASE_PATH]);
      kept.push(await readFile(path.join(root, `data/${name}.csv`), 'utf8'));
    }
    expect(kept[0]).toBe(
      'date,hashtag,video_count,view_count\n2026-11-23,aitools,1000,50000\n2026-11-23,llm,1000,50000\n',
    );
    expect(kept[1]).toBe(kept[0]); // and the first one is still there
    const imported = await runScript('import', ['data/unsaved-2026-11-23.csv'], root);
    expect(imported).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('2 added') });
    const api = await startApi();
    expect((await runTrack(root, api, ['--publish'], NEXT)).exitCode).toBe(0);
    expect(api.requests).toEqual([]);
    expect((await runScript('audit', [], root)).exitCode).toBe(0);
  });

  it('gives no report, is a finding of doctor, and restore says what to do', async () => {
    const root = await createHistory();
    await edit(root, `UPDATE snapshots SET video_count = 5 WHERE ${DAY}`);
    const before = await git(root, ['status', '--porcelain']);
    for (const [command, args] of [
      [report, []],
      [report, ['--date', '2026-11-21']],
      [report, ['--week', '2026-W47']],
      [doctor, []],
      [restore, []],
    ] as const) {
      const ran = await runInProcess(command, root, [...args], NEXT);
      expect(ran.exitCode, ran.output).toBe(1);
      expect(ran.output).toContain('#aitools: the snapshot of a past day was changed');
      expect(ran.output).toContain(`git checkout HEAD -- ${DATABASE_PATH}`);
    }
    expect(await git(root, ['status', '--porcelain'])).toBe(before);
  });

  it('gets no imported rows', async () => {
    const root = await createHistory();
    await edit(root, `UPDATE snapshots SET video_count = 5 WHERE ${DAY}`);
    await writeFile(path.join(root, 'a.csv'), 'date,hashtag,video_count\n2026-10-01,llm,1\n');
    const ran = await runScript('import', ['a.csv'], root);
    expect(ran).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('differs from') });
    expect(await queryDatabase(root, COUNT)).toEqual([[3]]);
  });

  it('is fine if it has only unpublished runs, corrections and imports', async () => {
    const root = await createHistory();
    await runTrack(root, await startApi(), [], NEXT);
    const other = await startApi({ answer: (name) => hashtagAnswer(name, 2000, 60_000) });
    await runTrack(root, other, ['--refresh'], NEXT);
    await writeFile(path.join(root, 'a.csv'), 'date,hashtag,video_count\n2026-10-01,llm,1\n');
    expect((await runScript('import', ['a.csv'], root)).exitCode).toBe(0);
    const ran = await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-24' });
    expect(ran).toMatchObject({ exitCode: 0, output: expect.stringContaining('Published') });
  });

  it('is refused if its schema is older than the last commit’s', async () => {
    const root = await createHistory();
    const file = path.join(root, DATABASE_PATH);
    const tutorial = await readFile(file);
    await edit(root, 'DROP TABLE runs; DROP TABLE failures; DROP TABLE corrections').catch(
      () => {},
    );
    const bytes = await readFile(file);
    expect(bytes.equals(tutorial)).toBe(false);
    bytes.writeUInt32BE(0, 60);
    await writeFile(file, bytes);
    const ran = await runTrack(root, await startApi(), [], NEXT);
    expect(ran).toMatchObject({ exitCode: 1, output: expect.stringContaining('older schema') });
  });
});

describe('a file of an older schema than the last commit’s', () => {
  it('is refused even if it has every row', async () => {
    const root = await createHistory();
    await edit(root, 'DROP TABLE imports; PRAGMA user_version = 1');
    expect(schemaOf(await readFile(path.join(root, DATABASE_PATH)))).toBe(1);
    const api = await startApi();
    const ran = await runTrack(root, api, ['--publish'], NEXT);
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain(
      'an older schema (user_version 1) than the last commit’s (4). Keep a copy, then take the ' +
        `committed file back: git checkout HEAD -- ${DATABASE_PATH}`,
    );
    expect(api.requests).toEqual([]);
    // The other way round it is an upgrade.
    await git(root, ['commit', '--quiet', '--all', '-m', 'Go back']);
    expect((await runTrack(root, api, ['--publish'], NEXT)).exitCode).toBe(0);
  });
});

describe('a committed database without days that have a report', () => {
  it('stops the run, and the named command brings them back, in a shallow clone as well', async () => {
    const root = await createHistory();
    await git(root, ['checkout', '--quiet', 'HEAD~1', '--', DATABASE_PATH]);
    await git(root, ['commit', '--quiet', '--all', '-m', 'Took theirs']);
    const shallow = path.join(await createFolder(), 'clone');
    await git(root, ['clone', '--quiet', '--depth=1', `file://${root}`, shallow]);
    const api = await startApi();
    const ran = await runTrack(shallow, api, [], NEXT);
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toMatch(
      /1 day with a report: 2026-11-22.*restore -- --from-reports.*delete/,
    );
    expect(api.requests).toEqual([]);
    expect((await runScript('restore', ['--from-reports'], shallow)).exitCode).toBe(0);
    expect((await runTrack(shallow, api, [], NEXT)).exitCode).toBe(0);
    expect(await queryDatabase(shallow, COUNT)).toEqual([[5]]);
  });

  it('gives no report and is a finding of doctor and restore', async () => {
    const root = await createHistory();
    await git(root, ['checkout', '--quiet', 'HEAD~1', '--', DATABASE_PATH]);
    await git(root, ['commit', '--quiet', '--all', '-m', 'Took theirs']);
    for (const command of [report, doctor, restore]) {
      const ran = await runInProcess(command, root, [], NEXT);
      expect(ran.exitCode, ran.output).toBe(1);
      expect(ran.output).toContain('npm run restore -- --from-reports');
    }
    expect(await runInProcess(restore, root, ['--from-reports'], NEXT)).toMatchObject({
      exitCode: 0,
    });
    expect(await runInProcess(report, root, [], NEXT)).toMatchObject({ exitCode: 0 });
  });

  it('stops the run also if the report of such a day can’t be read', async () => {
    const root = await createHistory();
    await git(root, ['checkout', '--quiet', 'HEAD~1', '--', DATABASE_PATH]);
    const report = path.join(root, 'reports/2026-11-22.md');
    await writeFile(report, (await readFile(report, 'utf8')).replaceAll('|1,000|', '|a lot|'));
    await git(root, ['commit', '--quiet', '--all', '-m', 'Took theirs']);
    const ran = await runTrack(root, await startApi(), [], NEXT);
    expect(ran).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('1 day with a report: 2026-11-22'),
    });
  });

  it('is fine after its reports were deleted as well', async () => {
    const root = await createHistory();
    await git(root, ['rm', '--quiet', '-r', DATABASE_PATH, 'reports']);
    await git(root, ['commit', '--quiet', '-m', 'Start over']);
    expect((await runTrack(root, await startApi(), ['--publish'], NEXT)).exitCode).toBe(0);
  });
});

describe('a last commit that git can’t show', () => {
  it('stops the run with git’s words: a broken branch', async () => {
    const root = await createHistory();
    await writeFile(path.join(root, '.git/refs/heads/main'), 'garbage\n');
    const api = await startApi();
    const ran = await runTrack(root, api, [], NEXT);
    expect(ran).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining("git can't tell which data/hashtag_tracker.db the last"),
    });
    expect(api.requests).toEqual([]);
  });

  it('stops the run with git’s words: a missing git', async () => {
    const root = await createHistory();
    await rm(path.join(root, DATABASE_PATH)); // not taken for a new tracker
    vi.stubEnv('PATH', await createFolder());
    onTestFinished(() => void vi.unstubAllEnvs());
    const api = await startApi();
    const ran = await runTrack(root, api, [], NEXT);
    expect(ran).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('is git installed?'),
    });
    expect(api.requests).toEqual([]);
  });

  it('stops the run with git’s words: a folder of another owner', async () => {
    const root = await createHistory();
    vi.stubEnv('GIT_TEST_ASSUME_DIFFERENT_OWNER', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const api = await startApi();
    const ran = await runTrack(root, api, [], NEXT);
    expect(ran).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('dubious ownership'),
    });
    expect(api.requests).toEqual([]);
  });

  it('stops the run if it has a Git LFS pointer to another file', async () => {
    const root = await createHistory();
    const file = path.join(root, DATABASE_PATH);
    const content = await readFile(file);
    const oid = '0'.repeat(64);
    await writeFile(
      file,
      `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 1\n`,
    );
    await git(root, ['commit', '--quiet', '--all', '-m', 'Use LFS']);
    await writeFile(file, content);
    const api = await startApi();
    const ran = await runTrack(root, api, [], NEXT);
    expect(ran).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/can't be compared.*LFS/),
    });
    expect(api.requests).toEqual([]);
  });

  it('goes on if it is the file that the committed Git LFS pointer names', async () => {
    const root = await createHistory();
    const file = path.join(root, DATABASE_PATH);
    const whole = await readFile(file);
    const oid = createHash('sha256').update(whole).digest('hex');
    await writeFile(
      file,
      `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${whole.length}\n`,
    );
    await git(root, ['commit', '--quiet', '--all', '-m', 'Use LFS']);
    await writeFile(file, whole);
    expect((await runTrack(root, await startApi(), [], NEXT)).exitCode).toBe(0);
  });

  it('is compared with the newest good version if the last commit’s is damaged', async () => {
    const root = await createHistory();
    const file = path.join(root, DATABASE_PATH);
    const whole = await readFile(file);
    await writeFile(file, 'damage');
    await git(root, ['commit', '--quiet', '--all', '-m', 'Break it']);
    await writeFile(file, whole);
    expect((await runTrack(root, await startApi(), ['--hashtag', 'llm'], NEXT)).exitCode).toBe(0);
    await edit(root, `UPDATE snapshots SET view_count = 7 WHERE ${DAY}`);
    const ran = await runTrack(root, await startApi(), [], NEXT);
    expect(ran).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('this file has 1,000 videos, 7 views'),
    });
  });

  it('is no trouble in a folder that is no repository, with or without git', async () => {
    const root = await createFolder();
    await writeWatchlist(root, { hashtags: ['aitools'] });
    expect((await runTrack(root, await startApi(), [], NEXT)).exitCode).toBe(0);
    vi.stubEnv('PATH', await createFolder());
    onTestFinished(() => void vi.unstubAllEnvs());
    const ran = await runTrack(root, await startApi(), [], { day: '2026-11-24' });
    expect(ran.exitCode, ran.output).toBe(0);
  });
});
