import { cpSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWhole } from '../../scripts/lib/archive/whole.ts';
import { archive } from '../../scripts/lib/commands/archive.ts';
import { doctor } from '../../scripts/lib/commands/doctor.ts';
import { importFile } from '../../scripts/lib/commands/import.ts';
import { report } from '../../scripts/lib/commands/report.ts';
import { restore } from '../../scripts/lib/commands/restore.ts';
import { ARCHIVE_FOLDER, DATABASE_PATH } from '../../scripts/lib/core/paths.ts';
import { auditHistory, listHistory, renderFinding } from '../../scripts/lib/history/audit.ts';
import { parseDatabase } from '../../scripts/lib/store/database.ts';
import { saveDatabase } from '../../scripts/lib/store/open.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createHistory, DAYS, dump } from '../helpers/archive.ts';
import { createFolder } from '../helpers/folder.ts';
import {
  cloneRepository,
  createOnce,
  createRepository,
  type Repository,
  writeHook,
  writeWatchlist,
} from '../helpers/repository.ts';
import { runInProcess, runTrack, startApi } from '../helpers/tracker.ts';

const NEXT = { day: '2026-11-23' };
const MARCH = 'data/archive/2026-03.db';
const LIST = { settings: { archiveAboveMegabytes: 0.1 }, hashtags: ['aitools', 'llm'] };

/** A repository with a long history, whose last day has its report. */
const createLong = () =>
  createOnce('a long history', async () => {
    const repository = await createRepository(['aitools', 'llm']);
    const { root } = repository;
    await writeWatchlist(root, LIST);
    await saveDatabase(await createHistory(DAYS), root);
    await runInProcess(report, root, [], NEXT);
    await commitAll(root, 'Bring a history');
    await git(root, ['push', '--quiet']);
    return repository;
  });

/** The same after a run that has moved the months that are over. */
const createMoved = () =>
  createOnce('a moved history', async () => {
    const repository = await createLong();
    await runTrack(repository.root, await startApi(), ['--publish'], NEXT);
    return repository;
  });

/** A long history with archives of its months, which the daily file still has itself. */
async function commitHalf(): Promise<Repository> {
  const repository = await createLong();
  const { root } = repository;
  await runInProcess(archive, root, [], NEXT);
  await git(root, ['checkout', '--quiet', 'HEAD', '--', DATABASE_PATH]);
  await commitAll(root, 'Commit half of a move');
  return repository;
}

async function commitAll(root: string, message = 'Tamper'): Promise<void> {
  await git(root, ['add', '--all', '.']);
  await git(root, ['commit', '--quiet', '-m', message]);
}

/** What the audit finds in the commits after the history was brought. */
async function auditLines(root: string): Promise<string[]> {
  return (await auditCommits(root)).map((finding) => renderFinding(finding).replace(/^\w+ ?/, ''));
}

async function auditCommits(root: string) {
  const since = await git(root, ['log', '-1', '--format=%H', '--grep=Bring a history']);
  const commits = await listHistory(root, since);
  const signal = new AbortController().signal;
  const { findings } = await auditHistory(root, commits, () => {}, signal);
  return findings;
}

async function edit(root: string, file: string, sql: string): Promise<void> {
  using db = await parseDatabase(await readFile(path.join(root, file)));
  db.run(sql);
  await writeFile(path.join(root, file), db.export());
}

async function readRows(root: string) {
  using whole = await openWhole(root);
  return dump(whole);
}

async function listRemote({ remote }: Repository): Promise<string[]> {
  const listed = await git(remote, ['ls-tree', '-r', '--name-only', 'main', 'data/archive/']);
  return listed.split('\n').filter((file) => file !== '');
}

describe('a run that publishes', () => {
  it('moves months in a commit of its own after the day’s, and the audit proves the move', async () => {
    const repository = await createMoved();
    const { root, remote } = repository;
    const subjects = await git(remote, ['log', '-2', '--format=%s', 'main']);
    expect(subjects).toMatch(/^Archive 2026-01 to 2026-07\n2026-11-23: 2 of 2 hashtags/);
    expect(await git(remote, ['show', '--format=', '--name-only', 'main'])).toBe(
      [...(await listRemote(repository)), DATABASE_PATH].join('\n'),
    );
    expect(await listRemote(repository)).toHaveLength(7);
    expect(await git(root, ['status', '--porcelain'])).toBe('');
    expect(await git(root, ['rev-parse', 'HEAD'])).toBe(await git(remote, ['rev-parse', 'main']));
    expect(await git(root, ['worktree', 'list'])).not.toContain('\n');
    expect(await auditLines(root)).toEqual([]);
    const api = await startApi();
    const next = await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(next.exitCode, next.output).toBe(0);
    expect(next.output).not.toContain('moved');
    expect(await auditLines(root)).toEqual([]);
    using before = await createHistory(DAYS);
    const { snapshots = [] } = await readRows(root);
    expect(snapshots.slice(0, -4)).toEqual(dump(before).snapshots);
  });

  it('moves nothing out of a small database', async () => {
    const repository = await createLong();
    await writeWatchlist(repository.root, { hashtags: LIST.hashtags });
    await runTrack(repository.root, await startApi(), ['--publish'], NEXT);
    expect(await listRemote(repository)).toEqual([]);
  });

  it('leaves everything as it is if the move can’t be pushed, and the next run moves it', async () => {
    const repository = await createLong();
    const { root, remote } = repository;
    await writeHook(
      remote,
      'pre-receive',
      'read _ new _; git log -1 --format=%s $new | grep -q Archive && exit 1; exit 0',
    );
    const ran = await runTrack(root, await startApi(), ['--publish'], NEXT);
    expect(ran.exitCode).toBe(0);
    expect(ran.output).toContain('No month was archived, the next run tries again:');
    expect(await git(root, ['status', '--porcelain'])).toBe('');
    expect(await git(root, ['rev-parse', 'HEAD'])).toBe(await git(remote, ['rev-parse', 'main']));
    expect(await readdir(path.join(root, 'data'))).not.toContain('archive');
    await rm(path.join(remote, 'hooks/pre-receive'));
    await runTrack(root, await startApi(), ['--publish'], NEXT);
    expect(await listRemote(repository)).toHaveLength(7);
  });

  it('moves nothing if git would leave the archives out', async () => {
    const repository = await createLong();
    const { root } = repository;
    await writeFile(path.join(root, '.gitignore'), 'archive/\n');
    await commitAll(root, 'Ignore');
    const ran = await runTrack(root, await startApi(), ['--publish'], NEXT);
    expect(ran.output).toContain('git leaves data/archive/2026-01.db out of the commit');
    expect(await listRemote(repository)).toEqual([]);
    expect(await readdir(path.join(root, 'data'))).not.toContain('archive');
    // A move by hand stays here.
    await runInProcess(archive, root, [], NEXT);
    const stopped = await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-24' });
    expect(stopped).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/git ignores data\/archive\/2026-01\.db, .*not be published/),
    });
  });

  it('loses nothing if two move at once', async () => {
    const repository = await createLong();
    const { root } = repository;
    const other = await cloneRepository(repository);
    const api = await startApi();
    await Promise.all([
      runTrack(root, api, ['--publish', '--hashtag', 'llm'], NEXT),
      runTrack(other, api, ['--publish', '--hashtag', 'aitools'], NEXT),
    ]);
    const third = await cloneRepository(repository);
    const ran = await runTrack(third, api, ['--publish'], NEXT);
    expect(ran.output).toContain('Nothing to ask');
    expect(await listRemote(repository)).toHaveLength(7);
    await git(third, ['pull', '--quiet']);
    expect(await auditLines(third)).toEqual([]);
    using before = await createHistory(DAYS);
    const { snapshots = [] } = await readRows(third);
    expect(snapshots.slice(0, -2)).toEqual(dump(before).snapshots);
  });

  it('publishes a move by hand whole, also in a race with another run', async () => {
    const repository = await createLong();
    const { root } = repository;
    const other = await cloneRepository(repository);
    const small = { ...LIST, settings: {} };
    for (const folder of [root, other]) await writeWatchlist(folder, small);
    expect((await runInProcess(archive, root, [], NEXT)).exitCode).toBe(0);
    await writeFile(path.join(root, 'more.csv'), 'date,hashtag,video_count\n2026-03-04,added,7\n');
    expect((await runInProcess(importFile, root, ['more.csv'], NEXT)).exitCode).toBe(0);
    const api = await startApi();
    await runTrack(other, api, ['--publish', '--hashtag', 'aitools'], NEXT);
    const ran = await runTrack(root, api, ['--publish', '--hashtag', 'llm'], NEXT);
    expect(ran.exitCode, ran.output).toBe(0);
    const { snapshots = [] } = await readRows(root);
    expect(snapshots).toContainEqual(['2026-03-04', 'added', 7, null]);
    expect(snapshots.slice(-2).map(([, name]) => name)).toEqual(['aitools', 'llm']);
    expect(await auditLines(root)).toEqual([]);
    // Without a race, the move is published as it is.
    await runInProcess(archive, root, [], NEXT);
    await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(await listRemote(repository)).toHaveLength(7);
    expect(await auditLines(root)).toEqual([]);
  });

  it('brings an import of archived days through a race', async () => {
    const repository = await createMoved();
    const { root } = repository;
    const other = await cloneRepository(repository);
    await writeFile(path.join(root, 'more.csv'), 'date,hashtag,video_count\n2026-03-04,added,7\n');
    await runInProcess(importFile, root, ['more.csv'], NEXT);
    const api = await startApi();
    await runTrack(other, api, ['--publish'], { day: '2026-11-24' });
    await runTrack(root, api, ['--publish', '--refresh'], NEXT);
    const { snapshots = [] } = await readRows(root);
    expect(snapshots).toContainEqual(['2026-03-04', 'added', 7, null]);
    expect(await git(root, ['diff', '--stat', 'origin/main', '--', 'data'])).toBe('');
    expect(await auditLines(root)).toEqual([]);
  });
});

describe('a move of which somebody committed the archives alone', () => {
  it.each(['a run', 'a move by hand'])('is finished by %s', async (by) => {
    const { root } = await commitHalf();
    if (by !== 'a run') await runInProcess(archive, root, [], NEXT);
    const ran = await runTrack(root, await startApi(), ['--publish'], NEXT);
    expect(ran.exitCode, ran.output).toBe(0);
    expect(await git(root, ['status', '--porcelain'])).toBe('');
    expect((await runInProcess(archive, root, [], NEXT)).output).toContain('Nothing to move');
    expect(await auditLines(root)).toEqual([]);
    using before = await createHistory(DAYS);
    expect((await readRows(root)).snapshots?.slice(0, -2)).toEqual(dump(before).snapshots);
  });

  it('is found in a merge as such, and no row of it is called new', async () => {
    const { root } = await createLong();
    await git(root, ['checkout', '--quiet', '-b', 'side']);
    await runInProcess(archive, root, [], NEXT);
    await commitAll(root, 'Move');
    await git(root, ['checkout', '--quiet', 'main']);
    await runTrack(root, await startApi(), [], NEXT);
    await commitAll(root, 'Track');
    await git(root, ['merge', '--quiet', 'side']).catch(() => undefined); // both changed the file
    await git(root, ['checkout', '--ours', '--', DATABASE_PATH]);
    await commitAll(root, 'Merge');
    expect(new Set(await auditLines(root))).toEqual(
      new Set([expect.stringContaining('what the database keeps of archived months')]),
    );
    expect((await runInProcess(archive, root, [], NEXT)).exitCode).toBe(0);
    expect((await runTrack(root, await startApi(), ['--publish'], NEXT)).exitCode).toBe(0);
  });

  it('stays as it is if they differ, until somebody says which rows are right', async () => {
    const { root } = await commitHalf();
    await edit(root, MARCH, "INSERT INTO snapshots VALUES ('2026-03-04', 'other', 1, 1)");
    await commitAll(root);
    const ran = await runTrack(root, await startApi(), ['--publish'], NEXT);
    expect(ran.output).toMatch(
      /^warning: .*2026-03 can't be moved: .*2026-03\.db has a row in its table snapshots .*: 2026-03-04, other, 1, 1\./m,
    );
    expect(await git(root, ['log', '-1', '--format=%s'])).toContain('2 of 2 hashtags');
    const other = path.join(await createFolder(), 'other');
    cpSync(root, other, { recursive: true });
    await git(root, ['rm', '--quiet', MARCH]);
    await commitAll(root);
    expect((await runInProcess(archive, root, [], NEXT)).exitCode).toBe(0);
    await runInProcess(importFile, other, [MARCH], NEXT);
    expect((await runInProcess(archive, other, [], NEXT)).exitCode).toBe(0);
    const isOther = ([, name]: unknown[]) => name === 'other';
    expect((await readRows(root)).snapshots?.some(isOther)).toBe(false);
    expect((await readRows(other)).snapshots?.some(isOther)).toBe(true);
  });
});

const CHANGES: [what: string, change: (root: string) => Promise<void>, finding: RegExp][] = [
  [
    'a count in an archive is changed',
    (root: string) =>
      edit(root, MARCH, "UPDATE snapshots SET video_count = 1 WHERE date = '2026-03-04'"),
    /the snapshot of a past day was changed; before: [\d,]+ videos.*after: 1 videos/,
  ],
  [
    'a row of an archive is gone',
    (root: string) => edit(root, MARCH, "DELETE FROM failures WHERE hashtag = 'never'"),
    /#never: the failure of a run was removed/,
  ],
  [
    'a row was added to an archive',
    (root: string) => edit(root, MARCH, "INSERT INTO snapshots VALUES ('2026-03-04', 'x', 1, 1)"),
    /no new run or import explains 1 row/,
  ],
  [
    'an archive was deleted',
    (root: string) => rm(path.join(root, MARCH)),
    /data\/archive\/2026-03\.db was deleted, and its rows are nowhere else/,
  ],
  [
    'an archive was damaged',
    (root: string) => writeFile(path.join(root, MARCH), 'damage'),
    /data\/archive\/2026-03\.db is damaged: it is not a SQLite file/,
  ],
  [
    'what is remembered was changed',
    (root: string) => edit(root, DATABASE_PATH, 'UPDATE archived_hashtags SET most_videos = 7'),
    /what the database keeps of archived months is not what they say/,
  ],
  [
    'a count differs in the daily file and in an archive',
    (root: string) =>
      edit(root, DATABASE_PATH, "INSERT INTO snapshots VALUES ('2026-03-04', 'llm', 1, 1)"),
    /no new run or import explains 1 row/,
  ],
];

describe('the audit of archives', () => {
  it('passes an import of archived days, and reports about them', async () => {
    const { root } = await createMoved();
    await writeFile(path.join(root, 'more.csv'), 'date,hashtag,video_count\n2026-03-04,added,7\n');
    await runInProcess(importFile, root, ['more.csv'], NEXT);
    await rm(path.join(root, 'more.csv'));
    await runInProcess(report, root, ['--date', '2026-03-04'], NEXT);
    await runInProcess(report, root, ['--week', '2026-W10'], NEXT);
    await commitAll(root);
    expect(await auditLines(root)).toEqual([]);
    const file = path.join(root, 'reports/2026-03-04.md');
    await writeFile(file, (await readFile(file, 'utf8')).replace('|7|', '|8|'));
    await commitAll(root);
    expect(await auditLines(root)).toEqual([
      expect.stringContaining('2026-03-04 #added: the report shows other counts'),
    ]);
  });

  it('finds every other change of an archive, and of what is remembered', async () => {
    const { root } = await createMoved();
    const expected: [hash: string, what: string, finding: RegExp][] = [];
    for (const [what, change, finding] of CHANGES) {
      await change(root);
      await commitAll(root, what);
      expected.push([await git(root, ['rev-parse', 'HEAD']), what, finding]);
      await git(root, ['checkout', '--quiet', 'HEAD~1', '--', 'data']);
      await commitAll(root, 'Undo it');
    }
    const found = await auditCommits(root);
    for (const [hash, what, finding] of expected) {
      const lines = found.filter(({ commit }) => hash.startsWith(commit)).map(renderFinding);
      expect(
        lines.some((line) => finding.test(line)),
        `${what}: ${lines.join('\n')}`,
      ).toBe(true);
    }
  });

  it('blames nobody for bringing an archive back', async () => {
    const { root } = await createMoved();
    await rm(path.join(root, MARCH));
    await commitAll(root);
    const deleted = await git(root, ['rev-parse', 'HEAD']);
    await runInProcess(restore, root, [], NEXT);
    await commitAll(root, 'Bring it back');
    const blamed = (await auditCommits(root)).map(({ commit }) => commit);
    expect(new Set(blamed)).toEqual(new Set([deleted.slice(0, 10)]));
  });

  it('finds a move that changes a row or drops one', async () => {
    for (const [sql, finding] of [
      ["UPDATE snapshots SET video_count = 1 WHERE date = '2026-03-04'", /was changed/],
      ["DELETE FROM snapshots WHERE date = '2026-03-04'", /the snapshot was removed/],
    ] as const) {
      const { root } = await createLong();
      await runInProcess(archive, root, [], NEXT);
      await edit(root, MARCH, sql);
      await commitAll(root);
      expect(await auditLines(root)).toContainEqual(expect.stringMatching(finding));
    }
  });
});

describe('the check before a run', () => {
  it('knows that moved rows are not lost', async () => {
    const { root } = await createLong();
    await runInProcess(archive, root, [], NEXT);
    const ran = await runTrack(root, await startApi(), [], NEXT);
    expect(ran.exitCode, ran.output).toBe(0);
  });

  it('stops the run before it asks if a move by hand was cut short, until it is finished', async () => {
    const { root } = await createLong();
    await runInProcess(archive, root, [], NEXT);
    await git(root, ['checkout', '--quiet', 'HEAD', '--', DATABASE_PATH]);
    const api = await startApi();
    const stopped = await runTrack(root, api, [], NEXT);
    expect(stopped.exitCode).toBe(1);
    expect(stopped.output).toMatch(/data\/archive\/.*\.db is new, .*npm run archive/);
    expect(api.requests).toEqual([]);
    await runInProcess(archive, root, [], NEXT);
    expect((await runTrack(root, api, [], NEXT)).exitCode).toBe(0);
  });

  it('stops the run before it asks if an import was cut short, until it is finished', async () => {
    const { root } = await createMoved();
    await writeFile(path.join(root, 'more.csv'), 'date,hashtag,video_count\n2026-03-04,added,7\n');
    await runInProcess(importFile, root, ['more.csv'], NEXT);
    await rm(path.join(root, 'more.csv'));
    const forget = `DELETE FROM archived_hashtags WHERE hashtag = 'added';
      UPDATE archived_days SET snapshots = snapshots - 1 WHERE date = '2026-03-04'`;
    await edit(root, DATABASE_PATH, forget);
    const api = await startApi();
    const stopped = await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(stopped.exitCode).toBe(1);
    expect(stopped.output).toContain('an import was cut short');
    expect(api.requests).toEqual([]);
    expect((await runInProcess(doctor, root, [], NEXT)).output).toContain('✗ an import was cut');
    const [, file = ''] = /npm run import -- (\S+)$/m.exec(stopped.output) ?? [];
    expect((await runInProcess(importFile, root, [file], NEXT)).output).toContain('0 added');
    const ran = await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(ran.exitCode, ran.output).toBe(0);
    expect(await auditLines(root)).toEqual([]);
  });

  it.each([
    [
      'a count of an archive was changed',
      (root: string) =>
        edit(root, MARCH, "UPDATE snapshots SET video_count = 1 WHERE date = '2026-03-04'"),
      /^error: data\/archive\/2026-03\.db differs .*2026-03-04 #aitools: the snapshot of a past day was changed.*git checkout HEAD -- data\/archive\/2026-03\.db, /m,
    ],
    [
      'an archive was deleted',
      (root: string) => rm(path.join(root, MARCH)),
      /2026-03\.db is missing, .*git checkout HEAD -- data\/archive\/2026-03\.db/,
    ],
    [
      'an archive was damaged',
      (root: string) => writeFile(path.join(root, MARCH), 'damage'),
      /2026-03\.db is damaged: .*npm run restore/,
    ],
  ])('stops the run before it asks if %s', async (_, change, message) => {
    const { root } = await createMoved();
    await change(root);
    const api = await startApi();
    const ran = await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(ran).toMatchObject({ exitCode: 1, output: expect.stringMatching(message) });
    expect(api.requests).toEqual([]);
    expect(await git(root, ['rev-list', '--count', 'origin/main..HEAD'])).toBe('0');
  });

  it('opens no archive if none has changed', async () => {
    const repository = await createMoved();
    const { root } = repository;
    // Nobody could open these.
    for (const file of await listRemote(repository)) await writeFile(path.join(root, file), 'x');
    await commitAll(root);
    const ran = await runTrack(root, await startApi(), ['--publish'], { day: '2026-12-01' });
    expect(ran.exitCode, ran.output).toBe(0);
    expect(ran.output).toContain('1 month moved to data/archive: 2026-08, ');
  });
});

describe('doctor', () => {
  it('says what is archived, and which months are missing', async () => {
    const { root } = await createMoved();
    const ran = await runInProcess(doctor, root, [], NEXT);
    expect(ran.output).toMatch(
      /✓ data\/hashtag_tracker\.db has 0\.\d MB; 7 months up to 2026-07 in data\/archive\n/,
    );
    await rm(path.join(root, MARCH));
    await commitAll(root);
    expect((await runInProcess(doctor, root, [], NEXT)).output).toMatch(
      /✗ 1 archived month of .* no file below data\/archive: 2026-03\. .*npm run restore/,
    );
  });

  it('says that a move is half-committed', async () => {
    const { root } = await commitHalf();
    expect((await runInProcess(doctor, root, [], NEXT)).output).toMatch(
      /! .* does not know what is in data\/archive\/2026-01\.db, .*cut short\n {4}→ npm run archive/,
    );
  });
});

describe('restore', () => {
  it.each([
    ['deleted', (root: string) => rm(path.join(root, ARCHIVE_FOLDER), { recursive: true })],
    ['damaged', (root: string) => writeFile(path.join(root, MARCH), 'damage')],
    ['short of rows', (root: string) => edit(root, MARCH, 'DELETE FROM snapshots')],
  ])('brings archives back that are %s', async (what, change) => {
    const { root } = await createMoved();
    const before = await readRows(root);
    await change(root);
    if (what !== 'damaged') await commitAll(root);
    const ran = await runInProcess(restore, root, [], NEXT);
    expect(ran.exitCode, ran.output).toBe(0);
    expect(ran.output).toContain(`Restored ${MARCH} from commit`);
    expect(await readRows(root)).toEqual(before);
  });

  it('keeps the rows that only the present archive has, as after a merge of two imports', async () => {
    const { root } = await createMoved();
    for (const [branch, date] of [
      ['side', '2026-03-05'],
      ['mine', '2026-03-04'],
    ] as const) {
      await git(root, ['checkout', '--quiet', '-b', branch, 'main']);
      await writeFile(path.join(root, 'more.csv'), `date,hashtag,video_count\n${date},added,7\n`);
      await runInProcess(importFile, root, ['more.csv'], NEXT);
      await rm(path.join(root, 'more.csv'));
      await commitAll(root, branch);
    }
    await git(root, ['merge', '--quiet', 'side']).catch(() => undefined); // both changed the files
    await git(root, ['checkout', '--ours', '--', MARCH]);
    await git(root, ['checkout', '--theirs', '--', DATABASE_PATH]);
    await commitAll(root, 'Merge');
    await runInProcess(restore, root, [], NEXT);
    const finished = await runInProcess(importFile, root, [MARCH], NEXT);
    expect(finished.output).toContain('0 added');
    const added = (await readRows(root)).snapshots?.filter(([, name]) => name === 'added');
    expect(added?.map(([date]) => date)).toEqual(['2026-03-04', '2026-03-05']);
    const ran = await runTrack(root, await startApi(), [], NEXT);
    expect(ran.exitCode, ran.output).toBe(0);
  });

  it('brings back what a run misses before it asks, since somebody committed without it', async () => {
    const { root } = await createMoved();
    await rm(path.join(root, MARCH));
    await commitAll(root);
    const api = await startApi();
    const stopped = await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(stopped.exitCode).toBe(1);
    expect(stopped.output).toMatch(/no file below data\/archive: 2026-03\. .*npm run restore$/m);
    expect(api.requests).toEqual([]);
    await runInProcess(restore, root, [], NEXT);
    const ran = await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(ran.exitCode, ran.output).toBe(0);
  });

  it('brings back what was committed damaged, and the run then publishes it', async () => {
    const { root } = await createMoved();
    await writeFile(path.join(root, MARCH), 'damage');
    await commitAll(root);
    await runInProcess(restore, root, [], NEXT);
    await rm(path.join(root, `${MARCH}.damaged`));
    const restored = await readFile(path.join(root, MARCH));
    await edit(root, MARCH, "UPDATE snapshots SET video_count = 1 WHERE date = '2026-03-04'");
    const api = await startApi();
    const stopped = await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(stopped.output).toContain('the snapshot of a past day was changed');
    await writeFile(path.join(root, MARCH), restored);
    const ran = await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    expect(ran.exitCode, ran.output).toBe(0);
    expect(await git(root, ['diff', '--stat', 'origin/main', '--', MARCH])).toBe('');
  });

  it('finds a month that a merge has left out, and says what a shallow clone needs', async () => {
    const { root } = await createMoved();
    await git(root, ['checkout', '--quiet', '-b', 'side', 'HEAD~1']);
    await writeFile(path.join(root, 'note.txt'), 'mine');
    await commitAll(root);
    await git(root, ['merge', '--quiet', '--no-commit', 'main']);
    await git(root, ['rm', '--quiet', '--force', MARCH]);
    await commitAll(root, 'Merge without the month');
    const shallow = path.join(await createFolder(), 'shallow');
    await git(root, ['clone', '--quiet', '--depth=1', `file://${root}`, shallow]);
    expect((await runInProcess(restore, root, [], NEXT)).output).toContain(`Restored ${MARCH}`);
    expect((await runInProcess(restore, shallow, [], NEXT)).output).toMatch(
      /no good version of the archived month 2026-03; .* run: git fetch --unshallow/,
    );
    await git(shallow, ['fetch', '--quiet', '--unshallow']);
    expect((await runInProcess(restore, shallow, [], NEXT)).output).toContain(`Restored ${MARCH}`);
  });

  it('brings an older daily file back beside newer archives, and the next run moves again', async () => {
    const { root } = await createMoved();
    const before = await readRows(root);
    await writeFile(path.join(root, DATABASE_PATH), 'damage');
    await git(root, ['commit', '--quiet', '--all', '-m', 'Break it']);
    await runInProcess(restore, root, [], NEXT);
    expect(await readRows(root)).toEqual(before);
  });

  it('adds what reports of archived days show to their archive', async () => {
    const { root } = await createLong();
    await runInProcess(report, root, ['--date', '2026-03-04'], NEXT);
    await edit(
      root,
      DATABASE_PATH,
      "DELETE FROM snapshots WHERE hashtag = 'aitools' AND date = '2026-03-04'",
    );
    await commitAll(root);
    await runInProcess(archive, root, [], NEXT);
    const ran = await runInProcess(restore, root, ['--from-reports'], NEXT);
    expect(ran.output).toContain('1 snapshot added from reports/2026-03-04.md: #aitools');
    using march = await parseDatabase(await readFile(path.join(root, MARCH)));
    expect(
      dump(march).snapshots?.some(([date, name]) => date === '2026-03-04' && name === 'aitools'),
    ).toBe(true);
  });
});
