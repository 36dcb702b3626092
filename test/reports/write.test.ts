import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashtagAnswer } from '../../scripts/lab/stand-in.ts';
import { isGenerated } from '../../scripts/lib/core/paths.ts';
import { createFolder } from '../helpers/folder.ts';

import { writeWatchlist } from '../helpers/repository.ts';
import { runScript, runTrack, startApi } from '../helpers/tracker.ts';

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
      const ran = await runScript('report', args, root);
      expect(ran).toMatchObject({ exitCode: 0, stdout: `Wrote reports/${file}\n` });
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
    [['--week', '2026-W47', '--date', '2026-11-22'], 'give only one of --date, --week and --month'],
  ])('refuses %j', async (args, message) => {
    const root = await createRoot();
    await runDays(root, ['2026-11-22']);
    const ran = await runScript('report', args, root);
    expect(ran).toMatchObject({ exitCode: 2, stdout: expect.stringContaining(message) });
    expect(await summaries(root)).toEqual([]);
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
