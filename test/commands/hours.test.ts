import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashtagAnswer, type StandIn } from '../../scripts/lab/stand-in.ts';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import { audit } from '../../scripts/lib/commands/audit.ts';
import { LATEST_CSV_PATH, reportPath } from '../../scripts/lib/core/paths.ts';
import { createFolder } from '../helpers/folder.ts';
import { cloneRepository, createRepository, writeWatchlist } from '../helpers/repository.ts';
import { day } from '../helpers/snapshots.ts';
import { queryDatabase, type Ran, runInProcess, runTrack, startApi } from '../helpers/tracker.ts';

/** A stand-in whose counts a test sets; without one, an answer fails. */
async function startCounts() {
  const counts: Record<string, number> = {};
  const api = await startApi({
    answer: (name) => hashtagAnswer(name, counts[name] ?? 0, 50_000),
    fault: (name) => (counts[name] === undefined ? { status: 503 } : null),
  });
  return { api, counts };
}

/** Runs `track` at an instant in UTC, such as `2026-11-21T05:17`. */
function trackAt(instant: string, root: string, api: StandIn, args: string[] = []): Promise<Ran> {
  const clock = createVirtualClock(Date.parse(`${instant}:00Z`));
  return runTrack(root, api, args, { clock });
}

/** The rows of the day's report that name a hashtag, and of the CSV its growth and hours. */
async function growthOn(root: string, date: string, hashtag: string) {
  const report = await readFile(path.join(root, reportPath(day(date))), 'utf8');
  const [header = '', ...lines] = (await readFile(path.join(root, LATEST_CSV_PATH), 'utf8')).split(
    '\n',
  );
  const cells = lines.find((line) => line.startsWith(`${date},${hashtag},`))?.split(',') ?? [];
  const cell = (name: string) => cells[header.split(',').indexOf(name)];
  return {
    report: report
      .split('\n')
      .filter((line) => line.includes(`tag/${hashtag})`))
      .join('\n'),
    trending: cell('trending'),
    percent: cell('videos_growth_percent_per_day'),
    hours: cell('videos_growth_over_hours'),
  };
}

const CAPTURES = 'SELECT date, started_at, hashtag FROM captures JOIN runs ON id = run_id';

describe('growth between runs at odd hours', () => {
  it('is that of a day after a late one, and that of the hours before the next', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['llm']);
    const { api, counts } = await startCounts();
    for (const [instant, count] of Object.entries({
      '2026-11-20T05:17': 10_010,
      '2026-11-21T15:29': 10_617,
    })) {
      counts.llm = count;
      await trackAt(instant, root, api);
    }
    expect(await growthOn(root, '2026-11-21', 'llm')).toEqual({
      report: expect.stringContaining('+4.2%/day over 34 h'),
      trending: 'false',
      percent: '4.22',
      hours: '34',
    });
    counts.llm = 11_030;
    await trackAt('2026-11-22T05:17', root, api);
    expect(await growthOn(root, '2026-11-22', 'llm')).toEqual({
      report: expect.stringContaining('+3.9% in 14 h'),
      trending: 'false',
      percent: '3.89',
      hours: '14',
    });
    counts.llm = 11_700;
    await trackAt('2026-11-23T05:20', root, api);
    expect(await growthOn(root, '2026-11-23', 'llm')).toMatchObject({
      report: expect.stringMatching(/\+6\.1%(?!.* h)/),
      trending: 'true',
      hours: '24',
    });
    expect(await queryDatabase(root, CAPTURES)).toEqual([]);
  });

  it('is known of each hashtag that a later run of the day brought or replaced', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['early', 'late', 'again']);
    const { api, counts } = await startCounts();
    Object.assign(counts, { early: 10_010, again: 10_010 });
    await trackAt('2026-11-21T05:17', root, api);
    Object.assign(counts, { late: 10_010 });
    await trackAt('2026-11-21T09:43', root, api);
    Object.assign(counts, { again: 10_211 });
    await trackAt('2026-11-21T15:29', root, api, ['--refresh', '--hashtag', 'again']);
    expect(await queryDatabase(root, CAPTURES)).toEqual([
      ['2026-11-21', expect.stringContaining('T09:43'), 'late'],
      ['2026-11-21', expect.stringContaining('T15:29'), 'again'],
    ]);
    Object.assign(counts, { early: 10_310, late: 10_310, again: 10_310 });
    await trackAt('2026-11-22T05:17', root, api);
    const hours = await Promise.all(
      ['early', 'late', 'again'].map((name) => growthOn(root, '2026-11-22', name)),
    );
    expect(hours.map((growth) => growth.hours)).toEqual(['24', '20', '14']);
  });
});

describe('two machines in a race', () => {
  it.each([
    ['the morning’s run', '2026-11-21T05:17', '2026-11-21T15:29'],
    ['the afternoon’s run', '2026-11-21T15:29', '2026-11-21T05:17'],
  ])('agree on which run brought what if %s publishes first', async (_, first, second) => {
    const repository = await createRepository(['both', 'mine', 'theirs']);
    const { root } = repository;
    const other = await cloneRepository(repository);
    const { api, counts } = await startCounts();
    Object.assign(counts, { both: 10_010, mine: 10_010 });
    await trackAt(first, root, api, ['--publish']);
    delete counts.mine;
    Object.assign(counts, { both: 10_110, theirs: 10_010 });
    await trackAt(second, other, api, ['--publish']);
    const brought = (await queryDatabase(other, CAPTURES)).map(([, started, name]) => [
      String(started).slice(0, 16),
      name,
    ]);
    expect(brought).toEqual([
      [second, 'both'],
      [second, 'theirs'],
    ]);
    Object.assign(counts, { both: 10_310, mine: 10_310, theirs: 10_310 });
    await trackAt('2026-11-22T05:17', other, api, ['--publish']);
    const hoursSince = (instant: string) => (instant.includes('T05') ? '24' : '14');
    for (const [name, instant] of Object.entries({ both: second, mine: first, theirs: second })) {
      expect((await growthOn(other, '2026-11-22', name)).hours).toBe(hoursSince(instant));
    }
    const audited = await runInProcess(audit, other, [], {});
    expect(audited).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('no past count was changed'),
    });
  });
});
