import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { audit } from '../../scripts/lib/commands/audit.ts';
import { restore } from '../../scripts/lib/commands/restore.ts';
import { DATABASE_PATH, LATEST_CSV_PATH } from '../../scripts/lib/core/paths.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { parseMark } from '../../scripts/lib/reports/parts.ts';
import { writeReports } from '../../scripts/lib/reports/write.ts';
import { readDay } from '../../scripts/lib/store/days.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { recordRun } from '../../scripts/lib/store/record.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { readWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { commitFile, createOnce, createRepository } from '../helpers/repository.ts';
import { day } from '../helpers/snapshots.ts';
import { queryDatabase, runInProcess } from '../helpers/tracker.ts';

/** With names as long as these, 200 rows do not fit into a report. */
const NAMES = Array.from({ length: 200 }, (_, i) => `${i}${'字'.repeat(190)}`);
const FIRST = 'reports/2026-11-21.md';
const SECOND = 'reports/2026-11-22.md';
const ROWS = 'SELECT * FROM snapshots ORDER BY date, hashtag';

/** A repository with two published days, whose reports have no room for all hashtags. */
async function createHistory(): Promise<{ root: string; shown: number }> {
  const { root } = await createOnce('two long days', async () => {
    const repository = await createRepository(NAMES);
    const watchlist = await readWatchlist(repository.root);
    using db = await openDatabase(repository.root);
    for (const [i, name] of ['2026-11-21', '2026-11-22'].entries()) {
      const snapshots = NAMES.map((hashtag, n) => ({
        hashtag,
        videoCount: 1000 + i * n,
        viewCount: 9,
      }));
      const date = day(name);
      recordRun(db, {
        day: date,
        startedAt: `${date}T06:17:00.000Z`,
        finishedAt: `${date}T06:18:00.000Z`,
        trigger: 'schedule',
        url: null,
        tracked: 200,
        creditsUsed: 200,
        creditsRemaining: null,
        snapshots,
        failures: [],
        stopReason: null,
      });
      await saveDatabase(db, repository.root);
      const record = readDay(db, date);
      if (record === null) throw new Error(`${date} has no row`);
      const sources = { db, watchlist, root: repository.root };
      await writeReports(sources, composeReport(record, watchlist));
      await git(repository.root, ['add', '--all']);
      await git(repository.root, ['commit', '--quiet', '-m', date]);
    }
    return repository;
  });
  const rows = parseMark(await readFile(path.join(root, SECOND), 'utf8')).rows;
  expect(rows).toEqual({ shown: expect.any(Number), all: 200 });
  return { root, shown: rows?.shown ?? 0 };
}

/** Commits a database without the snapshots of a day. */
async function loseDay(root: string, day: string): Promise<void> {
  {
    using db = await openDatabase(root);
    db.run('DELETE FROM snapshots WHERE date = ?', [day]);
    await saveDatabase(db, root);
  }
  await git(root, ['commit', '--quiet', '-m', 'Lose a day', '--', DATABASE_PATH]);
}

describe('a report that has no room for all hashtags', () => {
  it('is a part for the audit, which says what it does not prove', async () => {
    const { root, shown } = await createHistory();
    const ran = await runInProcess(audit, root, [], {});
    expect(ran.exitCode).toBe(0);
    expect(ran.output).toContain(
      `2 reports had no room for all hashtags of the day, so the reports prove nothing about the counts of the others: up to ${200 - shown} a day`,
    );
  });

  it.each<[string, (text: string) => string, string]>([
    ['a row is removed', (text) => text.replace(/^\|1\D.*\n/m, ''), 'but it shows '],
    [
      'the mark says less as well',
      (text) => text.replace(/^\|1\D.*\n/m, '').replace(/rows (\d+)/, (_, n) => `rows ${n - 1}`),
      'is not what the tracker makes of its rows',
    ],
    [
      'a count is changed, and the source',
      (text) => text.replace('|1,199|', '|1,198|').replace(/source \w+/, 'source 0a'),
      'the report shows other counts than the database; before: 1,199 videos',
    ],
  ])('is a finding if %s', async (_, change, problem) => {
    const { root } = await createHistory();
    const text = await readFile(path.join(root, SECOND), 'utf8');
    expect(change(text) === text).toBe(false);
    await commitFile(root, SECOND, change(text));
    const ran = await runInProcess(audit, root, [], {});
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain(problem);
  });

  it('is restored with the CSV that was committed with it, of earlier days as well', async () => {
    const { root } = await createHistory();
    const before = await queryDatabase(root, ROWS);
    await loseDay(root, '2026-11-21');
    const ran = await runInProcess(restore, root, ['--from-reports'], {});
    expect(ran.exitCode).toBe(0);
    expect(ran.output).toContain(`200 snapshots added from ${FIRST}: `);
    expect(await queryDatabase(root, ROWS)).toEqual(before);
  });

  it('brings back what it shows, and says how many it does not, if there is no such CSV', async () => {
    const { root, shown } = await createHistory();
    const report = await readFile(path.join(root, FIRST), 'utf8');
    await git(root, ['checkout', '--quiet', '--orphan', 'fresh']);
    await writeFile(path.join(root, LATEST_CSV_PATH), 'date,hashtag\n');
    await git(root, ['add', '--all']);
    await git(root, ['commit', '--quiet', '-m', 'Begin anew']);
    await loseDay(root, '2026-11-21');
    const ran = await runInProcess(restore, root, ['--from-reports'], {});
    const { shown: inFirst } = parseMark(report).rows ?? { shown: 0 };
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain(`${inFirst} snapshots added from ${FIRST}: `);
    expect(ran.output).toContain(
      `${FIRST} had no room for all of its hashtags, and there is no data/latest.csv of its day: ` +
        `${200 - inFirst} snapshots can't be brought back`,
    );
    expect(ran.output).not.toContain(SECOND);
    expect(shown).toBeLessThan(200);
  });
});
