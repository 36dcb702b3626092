import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import initSqlJs from 'sql.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hashtagAnswer } from '../../scripts/lab/stand-in.ts';
import { UsageError } from '../../scripts/lib/core/errors.ts';
import { DATABASE_PATH } from '../../scripts/lib/core/paths.ts';
import { auditHistory, listHistory, renderFinding } from '../../scripts/lib/history/audit.ts';
import { REPORT_FORMAT } from '../../scripts/lib/reports/parts.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createFolder } from '../helpers/folder.ts';
import {
  cloneRepository,
  commitEverything,
  commitFile,
  createOnce,
  createRepository,
  writeWatchlist,
} from '../helpers/repository.ts';
import { HOSTILE_NAMES } from '../helpers/snapshots.ts';
import { queryDatabase, runScript, runTrack, startApi } from '../helpers/tracker.ts';

const YESTERDAY_REPORT = 'reports/2026-11-21.md';

/** Creates three published days of two hashtags with 1,020 to 1,022 videos and corrections. */
const createHistory = () =>
  createOnce('three days', async () => {
    const repository = await createRepository(['aitools', 'llm']);
    for (const [day, videos] of [
      ['2026-11-20', 1020],
      ['2026-11-21', 1021],
      ['2026-11-22', 1022],
    ] as const) {
      const early = await startApi({ answer: (name) => hashtagAnswer(name, videos - 500, 50_000) });
      const late = await startApi({ answer: (name) => hashtagAnswer(name, videos, 50_000) });
      await runTrack(repository.root, early, ['--publish', '--hashtag', 'llm'], { day });
      await runTrack(repository.root, late, ['--publish', '--refresh'], { day });
    }
    return repository;
  });

/** Commits all changes below the root. Returns the hash in the form that findings use. */
async function commitAll(root: string): Promise<string> {
  return (await commitEverything(root, 'Tamper')).slice(0, 10);
}

async function changeDatabase(root: string, sql: string): Promise<void> {
  const db = await openDatabase(root);
  db.run(sql);
  await saveDatabase(db, root);
  db.close();
}

async function changeReport(root: string, from: string | RegExp, to: string): Promise<void> {
  const file = path.join(root, YESTERDAY_REPORT);
  const text = await readFile(file, 'utf8');
  expect(text.replace(from, to)).not.toBe(text);
  await writeFile(file, text.replace(from, to));
}

async function audit(root: string, since: string | null = null) {
  const commits = await listHistory(root, since);
  const result = await auditHistory(root, commits, () => {}, new AbortController().signal);
  return { ...result, lines: result.findings.map(renderFinding), commits };
}

describe('a history that only the tracker wrote', () => {
  it('passes, including the corrections of its days', async () => {
    const { root } = await createHistory();
    const ran = await runScript('audit', [], root);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: 'Audited 6 commits: no past count was changed\n',
      stderr: '',
    });
  });

  it('passes if it is still empty', async () => {
    const { root } = await createRepository();
    const ran = await runScript('audit', [], root);
    expect(ran).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Nothing to audit') });
  });

  it('passes if two machines raced and one of them added an earlier day', async () => {
    const repository = await createRepository(['aitools', 'llm']);
    const other = await cloneRepository(repository);
    const api = await startApi();
    const later = await startApi({ answer: (name) => hashtagAnswer(name, 1200, 60_000) });
    await runTrack(repository.root, api, [], { day: '2026-11-20' });
    await runTrack(other, api, ['--publish'], { day: '2026-11-21' });
    await runTrack(other, api, ['--publish'], { day: '2026-11-22' });
    await runTrack(repository.root, later, ['--publish'], { day: '2026-11-22' });
    const { lines, information, commits } = await audit(repository.root);
    expect(commits).toHaveLength(3);
    expect(lines).toEqual([]);
    expect(information).toEqual([
      expect.stringMatching(/^[0-9a-f]{10} 2026-11-20: 2 snapshots added later$/),
    ]);
  });

  it('passes with missing days and hashtags, which are listed as information', async () => {
    const { root } = await createRepository(['aitools', 'llm']);
    const api = await startApi({
      fault: (name) => (name === 'llm' ? { status: 418, body: {} } : null),
    });
    for (const day of ['2026-11-15', '2026-11-17', '2026-11-22']) {
      await runTrack(root, api, ['--publish'], { day });
    }
    const { lines, information } = await audit(root);
    expect(lines).toEqual([]);
    expect(information).toEqual([
      'missing days: 2026-11-16, 2026-11-18 to 2026-11-21',
      '2026-11-15: no counts for #llm',
      '2026-11-17: no counts for #llm',
      '2026-11-22: no counts for #llm',
    ]);
  });
});

describe('the audit', () => {
  const FULL = '1,021 videos, 50,000 views';
  const tamperings: [string, (root: string) => Promise<void>, string[]][] = [
    [
      'a changed count of a past day',
      (root) =>
        changeDatabase(
          root,
          "UPDATE snapshots SET video_count = 7 WHERE date = '2026-11-21' AND hashtag = 'llm'",
        ),
      [
        `2026-11-21 #llm: the snapshot of a past day was changed; before: ${FULL}; after: 7 videos, 50,000 views`,
      ],
    ],
    [
      'a changed count of a past day with a correction',
      (root) =>
        changeDatabase(
          root,
          `INSERT INTO runs SELECT 99, '2026-11-21', started_at, finished_at, trigger, url, 1, 1, 1, 0, 1, 1 FROM runs LIMIT 1;
           INSERT INTO corrections VALUES (99, 'llm', 1021, 50000);
           UPDATE snapshots SET view_count = NULL WHERE date = '2026-11-21' AND hashtag = 'llm'`,
        ),
      [
        `2026-11-21 #llm: the snapshot of a past day was changed; before: ${FULL}; after: 1,021 videos, – views`,
      ],
    ],
    [
      'changed views of the newest day beside a correction with other views than there were',
      (root) =>
        changeDatabase(
          root,
          `UPDATE snapshots SET view_count = 7 WHERE date = '2026-11-22' AND hashtag = 'llm';
           INSERT INTO runs SELECT 99, date, started_at, finished_at, trigger, url, 1, 1, 1, 0, 1, 1 FROM runs
             WHERE date = '2026-11-22' LIMIT 1;
           INSERT OR REPLACE INTO corrections VALUES (99, 'llm', 1022, 49999)`,
        ),
      [
        '2026-11-22 #llm: the snapshot was changed without a correction; before: 1,022 videos, 50,000 views; after: 1,022 videos, 7 views',
      ],
    ],
    [
      'a changed count of the newest day without a correction',
      (root) =>
        changeDatabase(
          root,
          "UPDATE snapshots SET video_count = 522 WHERE date = '2026-11-22' AND hashtag = 'llm'",
        ),
      [
        '2026-11-22 #llm: the snapshot was changed without a correction; before: 1,022 videos, 50,000 views; after: 522 videos, 50,000 views',
      ],
    ],
    [
      'a removed snapshot',
      (root) =>
        changeDatabase(
          root,
          "DELETE FROM snapshots WHERE date = '2026-11-21' AND hashtag = 'aitools'",
        ),
      [`2026-11-21 #aitools: the snapshot was removed; before: ${FULL}; after: nothing`],
    ],
    [
      'a day that was moved to another date',
      (root) =>
        changeDatabase(root, "UPDATE snapshots SET date = '2026-11-19' WHERE date = '2026-11-21'"),
      [
        `2026-11-21 #aitools: the snapshot was removed; before: ${FULL}; after: nothing`,
        `2026-11-21 #llm: the snapshot was removed; before: ${FULL}; after: nothing`,
        '2026-11-19: no new run or import explains 2 rows (2 new snapshots, 0 new corrections; the new runs stored 0)',
      ],
    ],
    [
      'a damaged database',
      (root) => writeFile(path.join(root, DATABASE_PATH), 'date,hashtag\n'),
      [': data/hashtag_tracker.db is damaged: it is not a SQLite file'],
    ],
    [
      'a deleted database',
      (root) => rm(path.join(root, DATABASE_PATH)),
      [': data/hashtag_tracker.db was deleted'],
    ],
    [
      'a report with changed numbers',
      (root) => changeReport(root, '|1,021|', '|9,021|'),
      [
        `2026-11-21 #aitools: the report shows other counts than the database; before: ${FULL}; after: 9,021 videos, 50,000 views`,
      ],
    ],
    [
      'a row that was removed from a report',
      (root) => changeReport(root, /\|[^\n]*tag\/llm\)[^\n]*\n/, ''),
      [`2026-11-21 #llm: the report lacks the snapshot; before: ${FULL}; after: nothing`],
    ],
    [
      'a row that was removed from a report, as if it had no room for it',
      async (root) => {
        await changeReport(root, /\|[^\n]*tag\/llm\)[^\n]*\n/, '');
        await changeReport(root, /<!-- source .*\n/, '<!-- source 0 --> <!-- rows 1 of 2 -->\n');
      },
      ['2026-11-21: the report leaves out 1 hashtag, though it has room for more'],
    ],
    [
      'a duplicated row in a report',
      (root) => changeReport(root, /(\|[^\n]*tag\/llm\)[^\n]*\n)/, '$1$1'),
      [`2026-11-21 #llm: the report shows the hashtag twice; before: ${FULL}; after: ${FULL}`],
    ],
    [
      'a hashtag in a report that the database does not have',
      (root) => changeReport(root, /(\|[^\n]*tag\/)llm\)/, '$1lln)'),
      [
        `2026-11-21 #lln: the report shows other counts than the database; before: nothing; after: ${FULL}`,
        `2026-11-21 #llm: the report lacks the snapshot; before: ${FULL}; after: nothing`,
      ],
    ],
    [
      'a report that can’t be read',
      (root) => changeReport(root, '|1,021|', '|many|'),
      ['2026-11-21: "many" in the report\'s table is not a count'],
    ],
    [
      'a deleted report',
      (root) => rm(path.join(root, YESTERDAY_REPORT)),
      ['2026-11-21: the report was deleted'],
    ],
  ];
  it.each(tamperings)('finds %s and names the commit', async (_, tamper, expected) => {
    const { root } = await createHistory();
    await tamper(root);
    const commit = await commitAll(root);
    const { lines } = await audit(root);
    expect(lines).toEqual(
      expected.map((line) => (line.startsWith(':') ? `${commit}${line}` : `${commit} ${line}`)),
    );
  });

  it('finds a change that was hidden behind a deleted or damaged version', async () => {
    const { root } = await createHistory();
    const sound = await readFile(path.join(root, DATABASE_PATH));
    await rm(path.join(root, DATABASE_PATH));
    const deleting = await commitAll(root);
    await writeFile(path.join(root, DATABASE_PATH), sound.subarray(0, 5000));
    const damaging = await commitAll(root);
    await writeFile(path.join(root, DATABASE_PATH), sound);
    await changeDatabase(root, "DELETE FROM snapshots WHERE date = '2026-11-20'");
    const removing = await commitAll(root);
    const { findings } = await audit(root);
    expect(findings.map(({ commit, day, hashtag }) => [commit, day, hashtag])).toEqual([
      [deleting, undefined, undefined],
      [damaging, undefined, undefined],
      [removing, '2026-11-20', 'aitools'],
      [removing, '2026-11-20', 'llm'],
    ]);
  });

  it('finds a change that a replaced commit, or a git that takes patterns for names, would hide', async () => {
    const { root } = await createHistory();
    await changeReport(root, '|1,021|', '|9,021|');
    const commit = await commitAll(root);
    vi.stubEnv('GIT_LITERAL_PATHSPECS', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect((await audit(root)).findings).toMatchObject([{ commit, day: '2026-11-21' }]);
    await git(root, ['replace', 'HEAD', 'HEAD^']);
    expect((await audit(root)).findings).toMatchObject([{ commit, day: '2026-11-21' }]);
  });

  it('exits with code 1 and says how many findings there are', async () => {
    const { root } = await createHistory();
    await changeDatabase(root, "DELETE FROM snapshots WHERE date = '2026-11-20'");
    const commit = await commitAll(root);
    const ran = await runScript('audit', [], root);
    expect(ran.exitCode).toBe(1);
    expect(ran.stdout).toMatch(
      new RegExp(
        `^error: ${commit} 2026-11-20 #aitools: .*\nerror: ${commit} .*\nAudited 7 commits: 2 findings in 1 commit\n$`,
      ),
    );
  });
});

describe('a report, summary or CSV of the current format', () => {
  const SUMMARY = 'reports/weekly/2026-W47.md';
  const CSV = 'data/latest.csv';
  const TODAY_REPORT = 'reports/2026-11-22.md';

  /** Adds a day after the end of a week to the history, and so its summary. */
  const createWeek = () =>
    createOnce('a week', async () => {
      const repository = await createHistory();
      const api = await startApi({ answer: (name) => hashtagAnswer(name, 1023, 50_000) });
      await runTrack(repository.root, api, ['--publish'], { day: '2026-11-23' });
      return repository;
    });

  async function change(root: string, file: string, from: string | RegExp, to: string) {
    const text = await readFile(path.join(root, file), 'utf8');
    expect(text.replace(from, to)).not.toBe(text);
    await writeFile(path.join(root, file), text.replace(from, to));
  }

  it('passes if only the tracker wrote it', async () => {
    const { root } = await createWeek();
    for (const file of [TODAY_REPORT, SUMMARY]) {
      expect(await readFile(path.join(root, file), 'utf8')).toMatch(/\n<!-- format \d+ -->/);
    }
    const { lines, information } = await audit(root);
    expect(lines).toEqual([]);
    expect(information).toEqual([]);
  });

  it.each<[string, string, string | RegExp, string, string[]]>([
    [
      'a word of a report',
      TODAY_REPORT,
      'TikTok hashtags on',
      'TikTok trends on',
      [
        '2026-11-22: reports/2026-11-22.md is not what the tracker makes of its rows, first in line 1; before: # TikTok hashtags on',
        'after: # TikTok trends on',
      ],
    ],
    [
      'a line that is added to a report',
      TODAY_REPORT,
      '<!-- format',
      'Buy now!\n\n<!-- format',
      ['reports/2026-11-22.md is not what', 'before: <!-- format', 'after: Buy now!'],
    ],
    [
      'a number of a summary',
      SUMMARY,
      'week 47 of',
      'week 48 of',
      [': reports/weekly/2026-W47.md is not what', 'week 47', 'week 48'],
    ],
    [
      'a number of the CSV',
      CSV,
      ',1023,',
      ',1024,',
      ['data/latest.csv is not what the tracker makes of its rows, first in line 2', ',1024,'],
    ],
    [
      'the day of the CSV',
      CSV,
      /2026-11-23/g,
      '2026-11-22',
      ['data/latest.csv went back to an earlier day; before: 2026-11-23; after: 2026-11-22'],
    ],
    [
      'the CSV’s day, which is none any more',
      CSV,
      /2026-11-23/g,
      'today',
      ['data/latest.csv does not begin with the counts of a day'],
    ],
  ])('is found if somebody changed %s', async (_, file, from, to, parts) => {
    const { root } = await createWeek();
    await change(root, file, from, to);
    const commit = await commitAll(root);
    const { lines, information } = await audit(root);
    expect(lines).toEqual([expect.stringContaining(commit)]);
    for (const part of parts) expect(lines[0]).toContain(part);
    expect(information).toEqual([]);
    expect((await audit(root, 'HEAD^')).lines).toEqual(lines);
  });

  it('is found if the database has no row for it', async () => {
    const { root } = await createWeek();
    const report = await readFile(path.join(root, TODAY_REPORT), 'utf8');
    const summary = await readFile(path.join(root, SUMMARY), 'utf8');
    await writeFile(path.join(root, 'reports/2026-11-19.md'), report.replace(/^\|.*\n/gm, ''));
    await writeFile(path.join(root, 'reports/weekly/2026-W40.md'), summary);
    const commit = await commitAll(root);
    expect((await audit(root)).lines).toEqual([
      `${commit} 2026-11-19: the database has no row for reports/2026-11-19.md`,
      `${commit}: the database has no row for reports/weekly/2026-W40.md`,
    ]);
  });

  it('is found if the CSV is one of an earlier day, also if a merge takes it from a parent', async () => {
    const { root } = await createWeek();
    await git(root, ['switch', '--quiet', '--create', 'list', 'HEAD^']);
    await commitFile(root, 'notes.txt', 'x');
    await git(root, ['switch', '--quiet', 'main']);
    await git(root, ['merge', '--quiet', '--no-ff', '--no-commit', 'list']);
    await git(root, ['checkout', '--quiet', 'list', '--', CSV]);
    const merge = await commitAll(root);
    await git(root, ['checkout', '--quiet', 'HEAD^', '--', CSV]);
    await commitAll(root);
    await git(root, ['checkout', '--quiet', merge, '--', CSV]);
    const commit = await commitAll(root);
    const problem = `${CSV} went back to an earlier day`;
    const days = { before: '2026-11-23', after: '2026-11-22' };
    expect((await audit(root)).findings).toEqual([
      { commit: merge, problem, ...days },
      { commit, problem, ...days },
    ]);
  });

  it('is found if a summary was deleted; the next run writes the CSV again', async () => {
    const { root } = await createWeek();
    await rm(path.join(root, SUMMARY));
    await rm(path.join(root, CSV));
    const commit = await commitAll(root);
    expect((await audit(root)).lines).toEqual([`${commit}: ${SUMMARY} was deleted`]);
  });

  it('is named if it has another format than before or was made from something else; its counts are compared', async () => {
    const { root } = await createWeek();
    await change(root, TODAY_REPORT, /<!-- format.*/, '');
    await change(root, SUMMARY, /source [0-9a-f]+/, 'source 123456789abc');
    await change(root, 'reports/2026-11-21.md', /format \d+/, 'format 99');
    const commit = await commitAll(root);
    const { lines, information } = await audit(root);
    expect(lines).toEqual([]);
    expect(information).toEqual([
      `${commit} reports/2026-11-21.md has format 99, which this tracker does not know`,
      `${commit} ${TODAY_REPORT} went back from format ${REPORT_FORMAT} to none`,
      `${commit} ${SUMMARY} was made from other rows or with another watchlist`,
    ]);
    await change(root, TODAY_REPORT, '|1,022|', '|9,022|');
    await commitAll(root);
    expect((await audit(root)).lines).toEqual([expect.stringContaining('shows other counts')]);
  });

  it('is compared by its counts alone if the CSV has a report without a format', async () => {
    const { root } = await createWeek();
    await change(root, 'reports/2026-11-23.md', /<!-- format.*/, '');
    await change(root, CSV, 'date,hashtag,group', 'date,hashtag,team');
    await commitAll(root);
    expect((await audit(root)).lines).toEqual([]);
    await change(root, CSV, ',1023,', ',1024,');
    const commit = await commitAll(root);
    expect((await audit(root)).lines).toEqual([
      `${commit} 2026-11-23: data/latest.csv shows other counts than the database`,
    ]);
  });

  it('passes whatever people do with the list and the commits around it', async () => {
    const repository = await createWeek();
    const { root } = repository;
    const list = (thresholds: number) => ({
      settings: { trendingGrowthPercent: thresholds },
      hashtags: ['aitools', { name: 'llm', group: 'models' }],
    });
    const api = await startApi({ answer: (name) => hashtagAnswer(name, 1100, 50_000) });
    // A list that is used, but not committed until later.
    await writeWatchlist(root, list(1));
    await runTrack(root, api, ['--publish'], { day: '2026-11-24' });
    await commitAll(root);
    // Older reports and summaries are written again, with the changed list.
    await runScript('report', ['--date', '2026-11-21'], root);
    await runScript('report', ['--week', '2026-W47'], root);
    await commitAll(root);
    // A run, an import and a change of the list in one commit.
    await runTrack(root, api, [], { day: '2026-11-25' });
    await writeFile(path.join(root, 'rows.csv'), 'date,hashtag,video_count\n2026-10-01,llm,1\n');
    await runScript('import', ['rows.csv'], root);
    await writeWatchlist(root, list(2));
    await commitAll(root);
    await git(root, ['push', '--quiet', 'origin', 'HEAD:main']);
    // A branch that changes the list, while main gets a report.
    await git(root, ['switch', '--quiet', '--create', 'list']);
    await writeWatchlist(root, list(3));
    await commitAll(root);
    await git(root, ['switch', '--quiet', 'main']);
    await runTrack(root, api, ['--publish'], { day: '2026-11-26' });
    await git(root, ['merge', '--quiet', '--no-ff', '-m', 'Merge the list', 'list']);
    await runTrack(root, api, ['--publish', '--refresh'], { day: '2026-11-26' });
    const { lines, information } = await audit(root);
    expect(lines).toEqual([]);
    const suffix = / was made from other rows or with another watchlist$/;
    const named = information.filter((line) => suffix.test(line));
    expect(named.map((line) => line.replace(suffix, '').slice(11))).toEqual([
      'reports/2026-11-24.md',
      'reports/2026-11-25.md',
    ]);
    expect(information.join()).not.toContain('went back');
  });
});

describe('from schema 2 on, a row that nothing explains', () => {
  /** Adds a run 99 of the newest day that says that it stored so many. */
  const addRun = (stored: number) =>
    `INSERT INTO runs SELECT 99, date, started_at, '2026-11-22T07:00:00.000Z', trigger, url, 2, 2, ${stored}, 0, 1, 1 FROM runs WHERE id = 6;`;
  const addSnapshots = (day: string) =>
    `INSERT INTO snapshots VALUES ('${day}', 'a', 1, 1), ('${day}', 'b', 1, 1);`;
  const addImport = (first: string, last: string, rows: number) =>
    `INSERT INTO imports VALUES (NULL, '2026-11-22T07:00:00.000Z', 'f', 'ab', '${first}', '${last}', ${rows});`;
  const CORRECT =
    "UPDATE snapshots SET view_count = 7 WHERE date = '2026-11-22' AND hashtag = 'llm';";
  const explains = (rows: string, of: string, stored: number) =>
    `no new run or import explains ${rows} (${of}; the new runs stored ${stored})`;

  it.each<[string, string, [string, string]]>([
    [
      'is found on the coming day',
      addSnapshots('2026-11-23'),
      ['2026-11-23', explains('2 rows', '2 new snapshots, 0 new corrections', 0)],
    ],
    [
      'is found on a past day',
      addSnapshots('2026-11-19'),
      ['2026-11-19', explains('2 rows', '2 new snapshots, 0 new corrections', 0)],
    ],
    [
      'is found beside a run that stored less',
      addRun(1) + addSnapshots('2026-11-22'),
      ['2026-11-22', explains('1 row', '2 new snapshots, 0 new corrections', 1)],
    ],
    [
      'is found beside an import of another day',
      addSnapshots('2026-11-19') + addImport('2026-11-01', '2026-11-18', 2),
      ['2026-11-19', explains('2 rows', '2 new snapshots, 0 new corrections', 0)],
    ],
    [
      'is found beside an import of fewer rows',
      addSnapshots('2026-11-19') +
        addSnapshots('2026-11-18') +
        addImport('2026-11-18', '2026-11-19', 3),
      ['2026-11-19', explains('1 row', '2 new snapshots, 0 new corrections', 0)],
    ],
    [
      'is found if it is a correction of a run that stored nothing',
      `${addRun(0)} INSERT INTO corrections VALUES (99, 'llm', 1022, 50000); ${CORRECT}`,
      ['2026-11-22', explains('1 row', '0 new snapshots, 1 new correction', 0)],
    ],
    [
      'is found if it is a correction that only an import explains',
      `${addRun(0)} INSERT INTO corrections VALUES (99, 'llm', 1022, 50000); ${CORRECT} ${addImport('2026-11-22', '2026-11-22', 9)}`,
      ['2026-11-22', explains('1 row', '0 new snapshots, 1 new correction', 0)],
    ],
    ...[
      "url = 'javascript:alert(1)'",
      "finished_at = 'soon'",
      "tracked = 'all'",
      "failed = 'no'",
    ].map((value): [string, string, [string, string]] => [
      `is found if it is a run with ${value}`,
      `${addRun(0)} UPDATE runs SET ${value} WHERE id = 99`,
      ['2026-11-22', 'the tracker never writes such values: 1 new run'],
    ]),
    [
      'is found if it is a run of no day',
      addRun(0).replace('date', "'2026-11-31'"),
      ['2026-11-31', 'the tracker never writes such values: 1 new run'],
    ],
    [
      'is found if it is a correction without a snapshot',
      `${addRun(1)} INSERT INTO corrections VALUES (99, 'nobody', 5, 5)`,
      ['2026-11-22', 'there is no snapshot for 1 new correction'],
    ],
    [
      'is found if it is a correction of an earlier run',
      `INSERT OR REPLACE INTO corrections VALUES (5, 'llm', 1022, 50000); ${CORRECT}`,
      ['2026-11-22', 'the correction was added by no run'],
    ],
    [
      'is found if it is a capture of a run that stored nothing',
      `${addRun(0)} INSERT INTO captures VALUES (99, 'llm')`,
      ['2026-11-22', 'no new run can have brought 1 later capture'],
    ],
    [
      'is found if it is a capture without a snapshot',
      `${addRun(2)} INSERT INTO captures VALUES (99, 'llm'), (99, 'nobody')`,
      ['2026-11-22', 'no new run can have brought 1 later capture'],
    ],
    [
      'is found if it is a capture of the day’s first run',
      `${addRun(2).replace('date', "'2026-11-23'")} ${addSnapshots('2026-11-23')} INSERT INTO captures VALUES (99, 'a')`,
      ['2026-11-23', 'no new run can have brought 1 later capture'],
    ],
    [
      'is found if it is a capture of an earlier run',
      "INSERT INTO captures VALUES (5, 'llm')",
      ['2026-11-22', 'the record of a later capture was added by no run'],
    ],
    [
      'is found if it is a video',
      "INSERT INTO videos VALUES ('2026-11-22', 'llm', '7', 'ada', 1, NULL)",
      ['2026-11-22', 'the video of the day was added by no run'],
    ],
    [
      'is found if it is a companion',
      "INSERT INTO companions VALUES ('2026-11-21', 'llm', 'rag', 1)",
      ['2026-11-21', 'the companion of the day was added by no run'],
    ],
    [
      'is found if it is a hashtag’s id',
      "INSERT INTO hashtags VALUES ('rag', '7')",
      ['no day', 'the id of the hashtag was added by no run'],
    ],
  ])('%s', async (_, sql, [day, problem]) => {
    const { root } = await createHistory();
    await changeDatabase(root, sql);
    const commit = await commitAll(root);
    const { findings } = await audit(root);
    expect(findings).toMatchObject([{ commit, day, problem }]);
  });

  it.each([
    ['runs that stored as many', addRun(2) + addSnapshots('2026-11-22')],
    [
      'a run that brought it later, with an id, a video and a companion',
      `${addRun(2)} ${addSnapshots('2026-11-22')} INSERT INTO captures VALUES (99, 'a'), (99, 'b');
       INSERT INTO hashtags VALUES ('a', '7'); INSERT INTO companions VALUES ('2026-11-22', 'a', 'rag', 1);
       INSERT INTO videos VALUES ('2026-11-22', 'a', '7', 'ada', 1, NULL)`,
    ],
    [
      'imports of those days and as many rows',
      addSnapshots('2026-11-18') +
        addSnapshots('2026-11-19') +
        addImport('2026-11-18', '2026-11-19', 2) +
        addImport('2026-11-18', '2026-11-18', 2),
    ],
    [
      'a run and an import together',
      addRun(1) + addSnapshots('2026-11-22') + addImport('2026-11-22', '2026-11-22', 1),
    ],
    [
      'nothing, because tables of people’s own are not judged',
      'CREATE TABLE notes (text); INSERT INTO notes VALUES (1)',
    ],
  ])('is not there beside %s', async (_, sql) => {
    const { root } = await createHistory();
    await changeDatabase(root, sql);
    await commitAll(root);
    expect((await audit(root)).lines).toEqual([]);
  });

  it('is no hashtag’s id that a new run has replaced, but one that changed without a run', async () => {
    const { root } = await createHistory();
    await changeDatabase(root, `${addRun(0)} INSERT INTO hashtags VALUES ('rag', '7')`);
    await commitAll(root);
    const next = addRun(0).replace('99', '100');
    await changeDatabase(root, `${next} UPDATE hashtags SET tiktok_id = '8' WHERE hashtag = 'rag'`);
    await commitAll(root);
    expect((await audit(root)).lines).toEqual([]);
    await changeDatabase(root, "UPDATE hashtags SET tiktok_id = '9' WHERE hashtag = 'rag'");
    const commit = await commitAll(root);
    expect((await audit(root)).findings).toMatchObject([
      { commit, problem: 'the id of the hashtag was changed', before: 'tiktok_id 8' },
    ]);
  });

  it('is found in the first version of the database as well', async () => {
    const { root } = await createRepository();
    await mkdir(path.join(root, 'data'), { recursive: true });
    await changeDatabase(root, addSnapshots('2026-11-22'));
    const commit = await commitAll(root);
    expect((await audit(root)).findings).toMatchObject([{ commit, day: '2026-11-22' }]);
  });

  it.each([
    ['run', 'DELETE FROM runs WHERE id = 3', 'the record of a run was removed'],
    ['run', 'UPDATE runs SET credits_used = 9 WHERE id = 3', 'the record of a run was changed'],
    ['correction', 'DELETE FROM corrections WHERE run_id = 4', 'the correction was removed'],
    ['import', "UPDATE imports SET source = 'x'", 'the record of an import was changed'],
    ['import', 'DELETE FROM imports', 'the record of an import was removed'],
    [
      'capture',
      "DELETE FROM captures WHERE run_id = 2 AND hashtag = 'llm'",
      'the record of a later capture was removed',
    ],
  ])('is no excuse: a record of a %s never changes or goes: %s', async (_, sql, problem) => {
    const { root } = await createHistory();
    await changeDatabase(
      root,
      addSnapshots('2026-11-19') + addImport('2026-11-19', '2026-11-19', 2),
    );
    await commitAll(root);
    await changeDatabase(root, sql);
    const commit = await commitAll(root);
    const { findings } = await audit(root);
    expect(findings).toMatchObject([{ commit, problem }]);
    expect((await audit(root, 'HEAD~1')).findings).toEqual(findings);
  });

  it('can’t be hidden by a trigger or an older schema', async () => {
    const { root } = await createHistory();
    await changeDatabase(root, 'CREATE TRIGGER t AFTER INSERT ON runs BEGIN SELECT 1; END');
    expect((await commitAll(root)) && (await audit(root)).lines).toEqual([
      expect.stringContaining('has the trigger "t" on its table runs'),
    ]);
    await git(root, ['reset', '--quiet', '--hard', 'HEAD^']);
    await changeDatabase(root, `${addSnapshots('2026-11-23')} PRAGMA user_version = 1`);
    expect((await commitAll(root)) && (await audit(root)).lines).toEqual([
      expect.stringContaining('the schema went back from 4 to 1'),
    ]);
  });

  it('is not looked for in versions of schema 1', async () => {
    const { root } = await createRepository();
    await mkdir(path.join(root, 'data'), { recursive: true });
    const toSchemaOne = 'DROP TABLE imports; DROP TABLE captures; PRAGMA user_version = 1';
    await changeDatabase(root, `${addSnapshots('2026-11-19')} ${toSchemaOne}`);
    await commitAll(root);
    await changeDatabase(root, `${addSnapshots('2026-11-20')} ${toSchemaOne}`);
    await commitAll(root);
    await runTrack(root, await startApi(), ['--publish']);
    expect((await audit(root)).lines).toEqual([]);
  });

  it('is never what import, restore and a race of two machines leave behind', async () => {
    const repository = await createRepository(['aitools', 'llm']);
    const { root } = repository;
    const other = await cloneRepository(repository);
    const [api, later] = await Promise.all(
      [1000, 1200].map((videos) => startApi({ answer: (name) => hashtagAnswer(name, videos, 7) })),
    );
    if (api === undefined || later === undefined) throw new Error('no API');
    await runTrack(other, api, ['--publish', '--only', 'llm']);
    await writeFile(
      path.join(root, 'rows.csv'),
      'date,hashtag,video_count\n2026-10-01,llm,1\n2026-11-21,b,2\n2026-11-22,b,3\n',
    );
    await runScript('import', ['rows.csv'], root);
    await runTrack(root, later, ['--only', 'aitools']);
    await runTrack(root, later, ['--only', 'llm']);
    await runTrack(root, api, ['--publish', '--refresh']);
    expect((await audit(root)).lines).toEqual([]);
    expect(await queryDatabase(root, 'SELECT rows FROM imports')).toEqual([[3]]);

    await runScript('report', ['--date', '2026-11-21'], root);
    await commitAll(root);
    await git(root, ['checkout', '--quiet', 'HEAD~1', '--', DATABASE_PATH]);
    await changeDatabase(root, "DELETE FROM snapshots WHERE date = '2026-11-21'");
    const damaging = await commitAll(root);
    await runScript('restore', ['--from-reports'], root);
    await commitAll(root);
    expect(new Set((await audit(root)).findings.map(({ commit }) => commit))).toEqual(
      new Set([damaging]),
    );
  });
});

describe('npm run audit -- --since', () => {
  it('checks only the commits after the revision, compared with its state', async () => {
    const { root } = await createHistory();
    await changeDatabase(root, 'UPDATE snapshots SET view_count = 1');
    const first = await commitAll(root);
    await changeDatabase(root, "DELETE FROM snapshots WHERE date = '2026-11-20'");
    const second = await commitAll(root);
    const { findings } = await audit(root, first);
    expect(new Set(findings.map(({ commit }) => commit))).toEqual(new Set([second]));
    expect(findings[0]?.before).toBe('1,020 videos, 1 views');
    expect((await audit(root, 'HEAD')).findings).toEqual([]);
  });

  it('refuses an unknown revision with exit code 2', async () => {
    const { root } = await createRepository();
    for (const since of ['nonsense', '--output=x', 'HEAD..HEAD']) {
      const ran = await runScript('audit', [`--since=${since}`], root);
      expect(ran).toMatchObject({
        exitCode: 2,
        stdout: `error: --since ${since}: there is no such revision\n`,
      });
    }
  });
});

describe('an incomplete history', () => {
  it('is rejected in a shallow clone, with the command that completes it', async () => {
    const { root } = await createHistory();
    const folder = path.join(await createFolder(), 'shallow');
    await git(root, ['clone', '--quiet', '--depth=1', `file://${root}`, folder]);
    const ran = await runScript('audit', [], folder);
    expect(ran).toMatchObject({
      exitCode: 2,
      stdout: expect.stringContaining('git fetch --unshallow'),
    });
    await git(folder, ['fetch', '--quiet', '--unshallow']);
    expect((await audit(folder)).commits).toHaveLength(6);
  });

  it('is rejected outside a repository and on a branch without commits', async () => {
    const folder = await createFolder();
    await expect(listHistory(folder, null)).rejects.toThrow(UsageError);
    await git(folder, ['init', '--quiet']);
    await expect(listHistory(folder, null)).rejects.toThrow('the branch has no commit yet');
  });
});

describe('a merge', () => {
  const head = async (root: string) => (await git(root, ['rev-parse', 'HEAD'])).slice(0, 10);

  /** Merges a branch and takes the database of one side, as after a conflict. */
  async function merge(root: string, branch: string, side: 'ours' | 'theirs'): Promise<string> {
    await git(root, ['merge', '--quiet', '--no-ff', '--no-commit', branch]).catch(() => '');
    await git(root, ['checkout', side === 'ours' ? 'HEAD' : branch, '--', DATABASE_PATH]);
    return (await commitEverything(root, `Merge ${branch}`)).slice(0, 10);
  }

  /** Makes a branch with a run of the next day by one hashtag, and another on main by both. */
  async function createBranches(root: string): Promise<void> {
    const api = await startApi({ answer: (name) => hashtagAnswer(name, 1023, 50_000) });
    await git(root, ['switch', '--quiet', '--create', 'side']);
    await runTrack(root, api, [], { day: '2026-11-23' });
    await commitAll(root);
    await git(root, ['switch', '--quiet', 'main']);
    await runTrack(root, api, ['--only', 'llm'], { day: '2026-11-24' });
    await commitAll(root);
  }

  it('passes if it changes nothing of either side', async () => {
    const { root } = await createHistory();
    await git(root, ['switch', '--quiet', '--create', 'side']);
    await runTrack(root, await startApi(), [], { day: '2026-11-23' });
    await commitAll(root);
    await git(root, ['switch', '--quiet', 'main']);
    await writeFile(path.join(root, 'notes.txt'), 'hello');
    await commitAll(root);
    await git(root, ['merge', '--quiet', '--no-ff', '-m', 'Harmless', 'side']);
    const { lines, commits, information } = await audit(root);
    expect(lines).toEqual([]);
    expect(commits).toHaveLength(8);
    expect(information).toEqual([]);
  });

  it('is compared with each parent, so that what it drops of either is found', async () => {
    for (const [side, day, names] of [
      ['ours', '2026-11-23', ['aitools', 'llm']],
      ['theirs', '2026-11-24', ['llm']],
    ] as const) {
      const { root } = await createHistory();
      await createBranches(root);
      const commit = await merge(root, 'side', side);
      const { findings } = await audit(root);
      const dropped = findings.filter(({ problem }) => problem === 'the snapshot was removed');
      expect(dropped.map((found) => [found.commit, found.day, found.hashtag])).toEqual(
        names.map((name) => [commit, day, name]),
      );
      expect(findings.every((found) => found.commit === commit)).toBe(true);
      expect((await audit(root, 'HEAD^1')).findings).toEqual(findings);
      expect((await audit(root, 'HEAD^2')).findings).toEqual(findings);
    }
  });

  it('is not to blame for a report that a commit of one side deleted, but for one that it drops', async () => {
    const { root } = await createHistory();
    await git(root, ['switch', '--quiet', '--create', 'side']);
    await rm(path.join(root, 'reports/2026-11-20.md'));
    const deleting = await commitAll(root);
    await git(root, ['switch', '--quiet', 'main']);
    await writeFile(path.join(root, 'notes.txt'), 'hello');
    const base = await commitAll(root);
    await git(root, ['merge', '--quiet', '--no-ff', '--no-commit', 'side']);
    await git(root, ['rm', '--quiet', 'reports/2026-11-21.md']);
    const merging = await commitAll(root);
    const expected = [`${merging} 2026-11-21: the report was deleted`];
    expect((await audit(root)).lines).toEqual([
      `${deleting} 2026-11-20: the report was deleted`,
      ...expected,
    ]);
    expect((await audit(root, 'side')).lines).toEqual(expected);
    expect((await audit(root, base)).lines).toHaveLength(2);
  });

  it('is not to blame for what a commit of one side changed, but for what it drops of the other', async () => {
    const { root } = await createHistory();
    await git(root, ['switch', '--quiet', '--create', 'side']);
    await writeFile(path.join(root, 'notes.txt'), 'hello');
    await commitAll(root);
    await git(root, ['switch', '--quiet', 'main']);
    await changeDatabase(root, 'DELETE FROM runs WHERE id = 3');
    const changing = await commitAll(root);
    await git(root, ['merge', '--quiet', '--no-ff', '-m', 'Harmless', 'side']);
    const blamed = (await audit(root)).findings.map(({ commit }) => commit);
    expect(new Set(blamed)).toEqual(new Set([changing]));

    await git(root, ['switch', '--quiet', 'side']);
    await runTrack(root, await startApi(), [], { day: '2026-11-24' });
    await commitAll(root);
    await git(root, ['switch', '--quiet', 'main']);
    await git(root, ['merge', '--quiet', '--no-ff', '--strategy=ours', '-m', 'Drop', 'side']);
    const merging = await head(root);
    const found = (await audit(root)).findings.filter(({ commit }) => commit !== changing);
    expect(new Set(found.map(({ commit }) => commit))).toEqual(new Set([merging]));
    expect(found).toContainEqual(
      expect.objectContaining({ day: '2026-11-24', problem: 'the snapshot was removed' }),
    );
  });

  it('is not to blame for a report that a run could not write, but for one of the other side', async () => {
    const { root } = await createHistory();
    const report = 'reports/2026-11-23.md';
    const api = await startApi({ answer: (name) => hashtagAnswer(name, 1023, 50_000) });
    await git(root, ['switch', '--quiet', '--create', 'notes']);
    await writeFile(path.join(root, 'notes.txt'), 'hello');
    await commitAll(root);
    await git(root, ['switch', '--quiet', 'main']);
    await runTrack(root, api, ['--only', 'llm'], { day: '2026-11-23' });
    await commitAll(root);
    await git(root, ['branch', 'side']);
    await runTrack(root, api, [], { day: '2026-11-23' });
    await git(root, ['commit', '--quiet', '-m', 'Rows alone', '--', DATABASE_PATH]);
    await git(root, ['checkout', '--quiet', '--', '.']);
    await git(root, ['merge', '--quiet', '--no-ff', '-m', 'Harmless', 'notes']);
    expect((await audit(root)).lines).toEqual([]);

    await git(root, ['reset', '--quiet', '--hard', 'HEAD^']);
    await runTrack(root, api, ['--refresh'], { day: '2026-11-23' });
    await commitAll(root);
    await git(root, ['switch', '--quiet', 'side']);
    await writeFile(path.join(root, 'more.txt'), 'hello');
    await commitAll(root);
    await git(root, ['switch', '--quiet', 'main']);
    await git(root, ['merge', '--quiet', '--no-ff', '--no-commit', 'side']);
    await git(root, ['checkout', 'side', '--', report]);
    await git(root, ['commit', '--quiet', '-m', 'Mix']);
    const mixing = await head(root);
    expect((await audit(root)).findings).toMatchObject([
      { commit: mixing, hashtag: 'aitools', problem: 'the report lacks the snapshot' },
    ]);
  });

  it('brings in commits that are checked as well', async () => {
    const { root } = await createHistory();
    await createBranches(root);
    await git(root, ['switch', '--quiet', 'side']);
    await changeDatabase(root, "UPDATE snapshots SET view_count = 7 WHERE date = '2026-11-23'");
    const changing = await commitAll(root);
    await git(root, ['switch', '--quiet', 'main']);
    await git(root, ['reset', '--quiet', '--hard', 'HEAD^']);
    await git(root, ['merge', '--quiet', '--no-ff', '-m', 'Bring in', 'side']);
    const { findings } = await audit(root);
    const changed = findings.filter(({ problem }) =>
      problem.startsWith('the snapshot was changed'),
    );
    expect(changed.map(({ commit, hashtag }) => [commit, hashtag])).toEqual([
      [changing, 'aitools'],
      [changing, 'llm'],
    ]);
  });

  it('is compared with the last sound version before a damaged parent', async () => {
    const { root } = await createHistory();
    await git(root, ['switch', '--quiet', '--create', 'side']);
    await rm(path.join(root, DATABASE_PATH));
    const deleting = await commitAll(root);
    await git(root, ['switch', '--quiet', 'main']);
    await changeDatabase(root, "DELETE FROM snapshots WHERE date = '2026-11-20'");
    const removing = await commitAll(root);
    const merging = await merge(root, 'side', 'ours');
    const { findings } = await audit(root);
    expect(new Set(findings.map(({ commit }) => commit))).toEqual(
      new Set([deleting, removing, merging]),
    );
  });
});

describe('a tutorial’s database', () => {
  /** Writes a file as the tutorial's script does, with one row per name on the day. */
  async function writeTutorialFile(root: string, day: string, names: string[], videos: number) {
    const { Database } = await initSqlJs();
    const db = new Database();
    db.run(
      'CREATE TABLE snapshots (date TEXT, hashtag TEXT, video_count INTEGER, view_count INTEGER, PRIMARY KEY (date, hashtag))',
    );
    for (const name of names)
      db.run('INSERT INTO snapshots VALUES (?, ?, ?, 5)', [day, name, videos]);
    await mkdir(path.join(root, 'data'), { recursive: true });
    await writeFile(path.join(root, DATABASE_PATH), db.export());
  }

  async function commitTutorialFile(...args: Parameters<typeof writeTutorialFile>) {
    await writeTutorialFile(...args);
    return commitAll(args[0]);
  }

  it('is upgraded by the first run and passes, even if its newest day was stored again', async () => {
    const { root } = await createRepository(['aitools']);
    await commitTutorialFile(root, '2026-11-22', ['aitools', 'Vibe Coding'], 0);
    await commitTutorialFile(root, '2026-11-22', ['aitools', 'Vibe Coding'], 3);
    await runTrack(root, await startApi(), ['--publish', '--refresh'], { day: '2026-11-22' });
    await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-23' });
    const { lines, commits } = await audit(root);
    expect(lines).toEqual([]);
    expect(commits).toHaveLength(4);
  });

  it('passes if nobody committed it before the first run, whose upgrade says where its rows come from', async () => {
    const { root } = await createRepository(['aitools']);
    await writeTutorialFile(root, '2026-11-20', ['aitools', 'llm'], 3);
    await runTrack(root, await startApi(), ['--publish']);
    expect((await audit(root)).lines).toEqual([]);
    expect(
      await queryDatabase(root, 'SELECT source, first_date, last_date, rows FROM imports'),
    ).toEqual([['the tutorial’s script', '2026-11-20', '2026-11-20', 2]]);
  });

  it('may contain hostile names, which are compared and do no harm in reports and the log', async () => {
    const { root } = await createRepository(['aitools']);
    const names = [
      ...HOSTILE_NAMES.filter((name) => name.isWellFormed()),
      'a\u202eb',
      '::error::x',
    ];
    await commitTutorialFile(root, '2026-11-22', names, 3);
    await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-22' });
    expect((await audit(root)).lines).toEqual([]);

    await changeDatabase(root, "DELETE FROM snapshots WHERE hashtag <> 'aitools'");
    await commitAll(root);
    const { lines } = await audit(root);
    expect(lines).toHaveLength(names.length);
    for (const line of lines)
      expect(line).toMatch(/^[0-9a-f]{10} 2026-11-22 #(?!.*::)[^\n\u202e]*$/);
  });
});
