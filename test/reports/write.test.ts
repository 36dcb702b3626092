import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { hashtagAnswer } from '../../scripts/lab/stand-in.ts';
import { importFile } from '../../scripts/lib/commands/import.ts';
import { report } from '../../scripts/lib/commands/report.ts';
import { isGenerated } from '../../scripts/lib/core/paths.ts';
import { createFolder } from '../helpers/folder.ts';

import { writeWatchlist } from '../helpers/repository.ts';
import { runInProcess, runScript, runTrack, startApi } from '../helpers/tracker.ts';

async function createRoot(hashtags: unknown[] = ['aitools']): Promise<string> {
  const root = await createFolder();
  await writeWatchlist(root, hashtags);
  return root;
}

/** Runs the days one after the other. Each day has 100 videos more. */
async function runDays(root: string, days: string[]): Promise<void> {
  for (const [i, day] of days.entries()) {
    const api = await startApi({ answer: (name) => hashtagAnswer(name, 1000 + i * 100, 50_000) });
    await runTrack(root, api, [], { day });
  }
}

const read = (root: string, file: string) => readFile(path.join(root, 'reports', file), 'utf8');

async function summaries(root: string): Promise<string[]> {
  const files = await readdir(path.join(root, 'reports'), { recursive: true });
  return files.filter((file) => /^(weekly|monthly)\/./.test(file)).sort();
}

describe('the summaries', () => {
  it('of a week and a month are written by the first run after them', async () => {
    const root = await createRoot();
    await runDays(root, ['2026-11-28', '2026-11-29']);
    expect(await summaries(root)).toEqual([]);
    await runDays(root, ['2026-11-30']);
    expect(await summaries(root)).toEqual(['weekly/2026-W48.md']);
    await runDays(root, ['2026-12-01']);
    expect(await summaries(root)).toEqual(['monthly/2026-11.md', 'weekly/2026-W48.md']);
    expect(await readdir(path.join(root, 'reports/charts'))).toEqual(
      expect.arrayContaining(['2026-W48.svg', '2026-11.svg']),
    );
    const index = await read(root, 'README.md');
    expect(index).toContain('weekly/2026-W48.md');
    expect(index).toContain('monthly/2026-11.md');
  });

  it('are written by a late run as well, even for a week without its Sunday', async () => {
    const root = await createRoot();
    await runDays(root, ['2026-11-20', '2026-11-21', '2026-12-09']);
    expect(await summaries(root)).toEqual(['monthly/2026-11.md', 'weekly/2026-W47.md']);
    const week = await read(root, 'weekly/2026-W47.md');
    expect(week).toContain('**2 of 3 days captured**');
    expect(week).toContain('- [2026-11-21](../2026-11-21.md): ');
  });

  it('are the same bytes when a run is repeated', async () => {
    const root = await createRoot();
    await runDays(root, ['2026-11-21', '2026-11-22', '2026-11-23']);
    const before = await read(root, 'weekly/2026-W47.md');
    const ran = await runTrack(root, await startApi(), [], { day: '2026-11-23' });
    expect(ran.output).toContain('Nothing to ask');
    expect(await read(root, 'weekly/2026-W47.md')).toBe(before);
  });

  it('link to the previous summary, however old it is', async () => {
    const root = await createRoot();
    await runDays(root, ['2026-11-01', '2026-11-08', '2026-11-22', '2026-11-23']);
    expect(await read(root, 'weekly/2026-W47.md')).toContain('[← 2026-W45](2026-W45.md)');
    expect(await read(root, 'weekly/2026-W44.md')).not.toContain('←');
  });

  it('are updated when a report of one of their days is written again', async () => {
    const root = await createRoot();
    await runDays(root, ['2026-11-20', '2026-11-21', '2026-11-23']);
    await writeWatchlist(root, { settings: { trendingGrowthPercent: 50 }, hashtags: ['aitools'] });
    await runScript('report', ['--date', '2026-11-20'], root);
    expect(await read(root, 'weekly/2026-W47.md')).toContain('No hashtag was trending');
  });
});

describe('the CSV', () => {
  const readCsv = (root: string) => readFile(path.join(root, 'data/latest.csv'), 'utf8');

  it('has the newest day, even if an earlier report is written again', async () => {
    const root = await createRoot();
    await runDays(root, ['2026-11-21', '2026-11-22']);
    const csv = await readCsv(root);
    expect(csv).toMatch(/\n2026-11-22,aitools,,1100,50000,1,videos,/);
    await runScript('report', ['--date', '2026-11-21'], root);
    expect(await readCsv(root)).toBe(csv);
  });

  it('does not change on a day on which nothing is captured', async () => {
    const root = await createRoot();
    await runDays(root, ['2026-11-21']);
    const csv = await readCsv(root);
    const api = await startApi({ fault: () => ({ status: 503 }) });
    await runTrack(root, api, [], { day: '2026-11-22' });
    expect(await readCsv(root)).toBe(csv);
  });
});

describe('npm run report', () => {
  it.each([
    [['--week', '2026-W47'], 'weekly/2026-W47.md', '2026-W47'],
    [['--month', '2026-11'], 'monthly/2026-11.md', '2026-11'],
  ])(
    'with %j writes and lists the summary, even of a period that is not over',
    async (args, file, name) => {
      const root = await createRoot();
      await runDays(root, ['2026-11-18', '2026-11-19']);
      const ran = await runInProcess(report, root, args, {});
      expect(ran).toMatchObject({ exitCode: 0, output: `Wrote reports/${file}` });
      expect(await read(root, file)).toContain('so far, up to 2026-11-19');
      expect(await read(root, file)).toContain(`](../charts/${name}.svg)`);
      expect(await read(root, `charts/${name}.svg`)).toContain('#aitools');
      expect(await read(root, 'README.md')).toContain(file);
    },
  );

  it.each([
    [['--week', '2026-11'], '--week 2026-11 is not a week; write it as 2026-W47'],
    [['--month', '2026-13'], '--month 2026-13 is not a month; write it as 2026-11'],
    [['--week', '2026-W46'], 'has no snapshot of that week; the newest day is 2026-11-22'],
    [['--week', '2026-W47', '--date', '2026-11-22'], 'give only one of --date, --week, --month,'],
    [
      ['--all', '--date', '2026-11-22'],
      'give only one of --date, --week, --month, --all and --since',
    ],
    [['--all', '--since', '2026-11-22'], 'give only one of --date, --week, --month, --all and'],
    [['--since', '2026-11-31'], '--since 2026-11-31 is not a day; write it as 2026-11-22'],
    [['--since', '2026-11-23'], '--since 2026-11-23: the newest day of the database is 2026-11-22'],
  ])('refuses %j', async (args, message) => {
    const root = await createRoot();
    await runDays(root, ['2026-11-22']);
    const ran = await runInProcess(report, root, args, {});
    expect(ran).toMatchObject({ exitCode: 2, output: expect.stringContaining(message) });
    expect(await summaries(root)).toEqual([]);
  });
});

describe('npm run report --all', () => {
  const DAYS = ['28', '29', '30'].map((date) => `2026-11-${date}`);
  /** A tracker with the days 26 November to 2 December, of which only DAYS were tracked. */
  async function createImported(): Promise<string> {
    const root = await createRoot();
    await runDays(root, DAYS);
    const others = ['2026-11-26', '2026-11-27', '2026-12-01', '2026-12-02'];
    const lines = others.map((day, i) => `${day},aitools,${1000 + 7 * i},50000`);
    const csv = ['date,hashtag,video_count,view_count', ...lines].join('\n');
    await writeFile(path.join(root, 'rows.csv'), `${csv}\n`);
    const ran = await runInProcess(importFile, root, ['rows.csv'], { day: '2026-12-02' });
    expect(ran.output).toMatch(/\nTo write .* npm run report -- --since 2026-11-26$/);
    return root;
  }
  const run = (root: string, args: string[], terminal: NodeJS.WriteStream | null = null) =>
    runInProcess(report, root, args, { terminal });
  async function readAll(root: string): Promise<Map<string, string>> {
    const files = await readdir(path.join(root, 'reports'), { recursive: true });
    const texts = files
      .filter((file) => /\d\.(md|svg)$/.test(file))
      .map(async (file) => [file, await read(root, file)] as const);
    return new Map(await Promise.all(texts));
  }

  it('writes what is missing after an import, and leaves every other report as it is', async () => {
    const root = await createImported();
    const edited = `${await read(root, '2026-11-28.md')}A remark of a person.\n`;
    await writeFile(path.join(root, 'reports/2026-11-28.md'), edited);
    const before = await readAll(root);
    expect(await run(root, ['--all'])).toMatchObject({
      exitCode: 0,
      output: 'Wrote the missing reports: 4 days (2026-11-26 to 2026-12-02), 1 month',
    });
    const after = await readAll(root);
    for (const [file, text] of before) expect(after.get(file), file).toBe(text);
    expect([...after.keys()].filter((file) => !before.has(file)).sort()).toEqual([
      '2026-11-26.md',
      '2026-11-27.md',
      '2026-12-01.md',
      '2026-12-02.md',
      'charts/2026-11-27.svg',
      'charts/2026-11.svg',
      'charts/2026-12-01.svg',
      'charts/2026-12-02.svg',
      'monthly/2026-11.md',
    ]);
    expect(after.get('2026-11-27.md')).toContain('[← 2026-11-26](2026-11-26.md)');
    const index = await read(root, 'README.md');
    expect(index).toContain('## All 7 reports');
    expect(index).toContain('monthly/2026-11.md');
    expect(await readFile(path.join(root, 'data/latest.csv'), 'utf8')).toContain('\n2026-12-02,');
  });

  it('writes the same files as the runs of these days would have', async () => {
    const root = await createRoot();
    await runDays(root, [...DAYS, '2026-12-07']);
    const before = await readAll(root);
    await rm(path.join(root, 'reports'), { recursive: true });
    await run(root, ['--all']);
    expect(await readAll(root)).toEqual(before);
  });

  it('with --since writes only the days from that day on', async () => {
    const root = await createImported();
    expect((await run(root, ['--since', '2026-12-02'])).output).toBe(
      'Wrote the missing reports: 1 day (2026-12-02)',
    );
    expect((await run(root, ['--since', '2026-12-02'])).output).toBe(
      'Nothing is missing: each day from 2026-12-02 on has its report, and each week and month ' +
        'that is over its summary. To write one again: --date, --week or --month',
    );
  });

  it('shows its progress on a terminal', async () => {
    const root = await createImported();
    let shown = '';
    const write = (text: string) => {
      shown += text;
      return true;
    };
    const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 80, write });
    await run(root, ['--all'], terminal as unknown as NodeJS.WriteStream);
    expect(shown).toMatch(/░+ 0\/5 /);
  });
});

describe('a generated file', () => {
  it.each([
    'data/latest.csv',
    'reports/README.md',
    'reports/2026-11-22.md',
    'reports/charts/2026-11-22.svg',
    'reports/weekly/2026-W47.md',
    'reports/charts/2026-W47.svg',
    'reports/monthly/2026-11.md',
    'reports/charts/2026-11.svg',
  ])('is %s', (file) => {
    expect(isGenerated(file)).toBe(true);
  });

  it.each([
    'README.md',
    'data/hashtags.json',
    'reports/notes.md',
    'reports/2026-11.md',
    'reports/2026-W47.md',
    'reports/weekly/2026-11.md',
    'reports/weekly/README.md',
    'reports/monthly/2026-W47.md',
    'reports/monthly/2026-11.md.bak',
    'reports/charts/2026.svg',
    'my/reports/2026-11-22.md',
  ])('is not %s', (file) => {
    expect(isGenerated(file)).toBe(false);
  });
});
