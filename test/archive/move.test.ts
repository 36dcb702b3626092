import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeOutMonths } from '../../scripts/lib/archive/move.ts';
import { firstDayToKeep, hasMonthToMove, writeMonth } from '../../scripts/lib/archive/split.ts';
import { openFrom, openWhole, unite } from '../../scripts/lib/archive/whole.ts';
import { addDays, daysUpTo } from '../../scripts/lib/core/day.ts';
import { ARCHIVE_FOLDER, FEED_PATH, WEEKLY_FEED_PATH } from '../../scripts/lib/core/paths.ts';
import { monthOf, weekOf } from '../../scripts/lib/core/period.ts';
import { writeFeeds } from '../../scripts/lib/feeds/write.ts';
import { readDigests } from '../../scripts/lib/mirror/local-days.ts';
import { type OpenDatabase, parseDatabase } from '../../scripts/lib/store/database.ts';
import {
  firstDay,
  readDay,
  readDays,
  readLastHeard,
  readPeriod,
  readRecordedDays,
} from '../../scripts/lib/store/days.ts';
import { firstKeptDay, hasHistory } from '../../scripts/lib/store/history.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { recordRun } from '../../scripts/lib/store/record.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import {
  addDay,
  createArchived,
  createHistory,
  createRun,
  DAYS,
  dump,
  dumpRemembered,
  LAST_DAY,
  moveMonths,
} from '../helpers/archive.ts';
import { createFolder } from '../helpers/folder.ts';
import { day } from '../helpers/snapshots.ts';

describe('months that are over', () => {
  it('leave the daily file, each whole, for files that have the same rows', async () => {
    const { root, original } = await createArchived();
    using daily = await openDatabase(root);
    expect(firstKeptDay(daily)).toBe('2026-08-01');
    expect(firstDay(daily)).toBe(firstDay(original));
    expect(await readdir(path.join(root, ARCHIVE_FOLDER))).toEqual(
      ['01', '02', '03', '04', '05', '06', '07'].map((month) => `2026-${month}.db`),
    );
    using whole = await openWhole(root);
    expect(dump(whole)).toEqual(dump(original));
    expect(dumpRemembered(whole)).toEqual(dumpRemembered(original)); // nothing
    expect(readDigests(whole)).toEqual(readDigests(original));
  });

  it('change nothing in what a run reads', async () => {
    const { root, original } = await createArchived();
    using daily = await openDatabase(root);
    for (const date of daysUpTo(LAST_DAY, 50)) {
      if (!hasHistory(daily, date)) continue;
      const expected = readDay(original, date);
      expect({ ...readDay(daily, date), databaseBytes: 0 }).toEqual({
        ...expected,
        databaseBytes: 0,
      });
      for (const period of [weekOf(date), monthOf(date)]) {
        if (hasHistory(daily, period.first)) {
          expect(readPeriod(daily, period)).toEqual(readPeriod(original, period));
        }
      }
    }
    expect(readDay(daily, LAST_DAY)?.failures.length).toBeGreaterThan(1);
    const back = readDay(daily, addDays(LAST_DAY, -2));
    const counts = back?.history.filter(({ hashtag }) => hashtag === 'comes_back') ?? [];
    // The newest count of views and that of videos before it was lost.
    expect(counts.slice(0, 2).map(({ day: date }) => date)).toEqual(['2026-07-23', '2026-07-24']);
    expect(counts.every(({ capturedAt }) => capturedAt != null)).toBe(true);
    const passed = readDay(daily, addDays(LAST_DAY, -1));
    expect(passed?.peaks).toContainEqual(
      expect.objectContaining({ hashtag: 'peaked', videoCount: 60_001 }),
    );
    expect(new Map([...readLastHeard(daily)].sort())).toEqual(
      new Map([...readLastHeard(original)].sort()),
    );
    expect([...readRecordedDays(daily)].sort()).toEqual([...readRecordedDays(original)].sort());
    const withoutReasons = (db: OpenDatabase) =>
      readDays(db).map(({ missed: _, ...entry }) => entry);
    expect(withoutReasons(daily)).toEqual(withoutReasons(original));
  });

  it('leave it news that a hashtag is back that was gone before them', async () => {
    using whole = await parseDatabase(null);
    using daily = await parseDatabase(null);
    const addRun = (date: string, found: string[], lost: string[] = []) => {
      const snapshots = found.map((hashtag) => ({ hashtag, videoCount: 5, viewCount: 6 }));
      const failures = lost.map((hashtag) => ({ hashtag, kind: 'not-found' as const, reason: '' }));
      for (const db of [whole, daily]) {
        recordRun(db, createRun(day(date), '05', { snapshots, failures }));
      }
    };
    addRun('2026-01-10', ['llm', 'gone']);
    for (const date of daysUpTo(day('2026-01-14'), 4)) addRun(date, ['llm'], ['gone']);
    addRun('2026-06-20', ['llm']); // it was paused
    expect(await takeOutMonths(daily, await createFolder())).not.toBeNull();
    addRun('2026-06-21', ['llm', 'gone']);
    const { returned } = readDay(daily, day('2026-06-21')) ?? {};
    expect(returned).toMatchObject([{ hashtag: 'gone', absence: { daysBefore: 4 } }]);
    expect(returned).toEqual(readDay(whole, day('2026-06-21'))?.returned);
  });

  it('leave the feed as it is, and the feed of weeks with those that the daily file has', async () => {
    const { root, original } = await createArchived();
    const settings = { dashboard: 'https://somebody.github.io/tags/' };
    const watchlist = parseWatchlist(JSON.stringify({ settings, hashtags: ['aitools', 'llm'] }));
    using daily = await openDatabase(root);
    const feeds = await Promise.all(
      [daily, original].map(async (db) => {
        const folder = await createFolder();
        await mkdir(path.join(folder, 'reports'));
        await writeFeeds(db, watchlist, folder, readDays(db));
        const files = [FEED_PATH, WEEKLY_FEED_PATH];
        return Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
      }),
    );
    const [after = [], before = []] = feeds;
    expect(after[0]).toBe(before[0]);
    const [weeks = [], all = []] = [after[1], before[1]].map(
      (text) => text?.match(/<id>.*W\d+/g) ?? [],
    );
    expect(weeks).toEqual(all.slice(0, 7));
    expect(all).toHaveLength(30);
  });

  it.each([
    ['the first of a month', '2026-10-31', '2026-11-01'],
    ['a Monday', '2026-11-15', '2026-11-16'],
    ['the end of a long month', '2026-08-30', '2026-08-31'],
  ])('leave enough for the report, the summaries and the feed of %s', async (_, moved, next) => {
    const root = await createFolder();
    using db = await parseDatabase(null);
    for (const date of ['2026-01-05', moved]) {
      db.run("INSERT INTO snapshots VALUES (?, 'aitools', 1, 1)", [date]);
    }
    expect(await takeOutMonths(db, root)).not.toBeNull();
    expect(hasHistory(db, day(next))).toBe(true);
    expect(hasHistory(db, monthOf(day(moved)).first)).toBe(true);
    expect(hasHistory(db, addDays(day(next), -29))).toBe(true);
    expect(hasHistory(db, weekOf(addDays(day(next), -7)).first)).toBe(true);
  });

  it('are remembered alike, whether they move one by one or all at once', async () => {
    const { root: atOnce } = await createArchived(400);
    const root = await createFolder();
    const db = await createHistory(400);
    const later = addDays(LAST_DAY, -80);
    db.run('DELETE FROM failures WHERE run_id IN (SELECT id FROM runs WHERE date > ?)', [later]);
    for (const table of ['snapshots', 'runs', 'videos', 'companions']) {
      db.run(`DELETE FROM ${table} WHERE date > ?`, [later]);
    }
    db.run('DELETE FROM captures WHERE run_id NOT IN (SELECT id FROM runs)');
    db.run('DELETE FROM corrections WHERE run_id NOT IN (SELECT id FROM runs)');
    await saveDatabase(db, root);
    await moveMonths(root);
    for (let ago = 79; ago >= 0; ago--) {
      using daily = await openDatabase(root);
      addDay(daily, ago);
      await saveDatabase(daily, root);
      if (ago % 20 === 0) await moveMonths(root);
    }
    using once = await openDatabase(atOnce);
    using often = await openDatabase(root);
    expect(dumpRemembered(often)).toEqual(dumpRemembered(once));
    expect(dump(often)).toEqual({ ...dump(once), hashtags: dump(often).hashtags });
    for (const file of await readdir(path.join(root, ARCHIVE_FOLDER))) {
      const [a, b] = [root, atOnce].map((folder) =>
        readFile(path.join(folder, ARCHIVE_FOLDER, file)),
      );
      expect((await a)?.equals((await b) as Buffer), file).toBe(true);
    }
  });

  it('keep the newest run in the daily file, so that no number of a run comes twice', async () => {
    using db = await createHistory(200);
    db.run('DELETE FROM runs WHERE date > ?', [addDays(LAST_DAY, -150)]);
    expect(firstDayToKeep(db)).toBe(monthOf(addDays(LAST_DAY, -150)).first);
  });

  it('are none in a young or empty database', async () => {
    using young = await createHistory(60);
    young.run('DELETE FROM snapshots WHERE date < ?', [addDays(LAST_DAY, -59)]);
    expect(hasMonthToMove(young)).toBe(false);
    expect(await takeOutMonths(young, await createFolder())).toBeNull();
    using empty = await parseDatabase(null);
    expect(hasMonthToMove(empty)).toBe(false);
    using old = await createHistory(200);
    expect(hasMonthToMove(old)).toBe(true);
  });

  it('are finished by the next move if the first one was cut short', async () => {
    const root = await createFolder();
    using original = await createHistory(DAYS);
    await saveDatabase(original, root);
    using db = await openDatabase(root);
    const move = await takeOutMonths(db, root);
    const half = new Map([...(move?.files ?? [])].slice(0, 3));
    await mkdir(path.join(root, ARCHIVE_FOLDER), { recursive: true });
    for (const [file, bytes] of half) await writeFile(path.join(root, file), bytes);
    using between = await openWhole(root);
    expect(dump(between)).toEqual(dump(original));
    await moveMonths(root);
    using whole = await openWhole(root);
    expect(dump(whole)).toEqual(dump(original));
    for (const [file, bytes] of half) {
      expect((await readFile(path.join(root, file))).equals(bytes), file).toBe(true);
    }
    using daily = await openDatabase(root);
    expect(dumpRemembered(daily)).toEqual(dumpRemembered(db));
  });

  it('have several files if one would be too large, each with whole days', async () => {
    using original = await createHistory(DAYS);
    const files = await writeMonth(original, '2026-03', 60_000);
    expect([...files.keys()]).toEqual(['data/archive/2026-03-1.db', 'data/archive/2026-03-2.db']);
    const [first, second] = [...files.values()];
    using one = await parseDatabase(first ?? null);
    using other = await parseDatabase(second ?? null);
    expect(new Set([...readRecordedDays(one), ...readRecordedDays(other)]).size).toBe(31);
    expect(readRecordedDays(one).size + readRecordedDays(other).size).toBe(31);
    using none = await parseDatabase(null);
    const open = (bytes: Uint8Array) => () => parseDatabase(bytes.slice());
    using both = await unite(
      none,
      [...files].map(([file, bytes]) => ({ file, open: open(bytes) })),
    );
    using whole = await parseDatabase(
      [...(await writeMonth(original, '2026-03')).values()][0] ?? null,
    );
    expect(dump(both)).toEqual(dump(whole));
  });
});

describe('the whole', () => {
  it('is not opened for days that the daily file has', async () => {
    const { root } = await createArchived();
    await rm(path.join(root, ARCHIVE_FOLDER), { recursive: true });
    using recent = await openFrom(root, day('2026-08-01'));
    expect(firstDay(recent)).toBe('2026-01-17');
    await expect(openFrom(root, day('2026-07-31'))).rejects.toThrow(/are missing/);
  });

  it.each([
    ['gone', (file: string) => rm(file), /archived months 2026-03 are missing.*npm run restore/],
    [
      'damaged',
      (file: string) => writeFile(file, 'damage'),
      /data\/archive\/2026-03\.db is damaged.*npm run restore/,
    ],
    [
      'cut short',
      async (file: string) => writeFile(file, (await readFile(file)).subarray(0, 9_000)),
      /2026-03\.db is damaged: it is cut short/,
    ],
    [
      'beside a journal',
      (file: string) => writeFile(`${file}-journal`, 'half of an edit'),
      /2026-03\.db-journal is there.*sqlite3 data\/archive\/2026-03\.db VACUUM/,
    ],
    [
      'of a newer tracker',
      (file: string) => changeArchive(file, 'PRAGMA user_version = 99'),
      /2026-03\.db was written by a newer tracker \(schema 99.*git pull/,
    ],
    [
      'older than the database',
      (file: string) => changeArchive(file, "DELETE FROM snapshots WHERE date = '2026-03-04'"),
      /archived months 2026-03 lack rows, first on 2026-03-04/,
    ],
  ])('is refused, with what to do, if an archive is %s', async (_, change, message) => {
    const { root } = await createArchived();
    await change(path.join(root, ARCHIVE_FOLDER, '2026-03.db'));
    await expect(openWhole(root)).rejects.toThrow(message);
  });

  it('is refused if a row stands in two files with different values', async () => {
    const { root } = await createArchived();
    using db = await openDatabase(root);
    db.run("INSERT INTO snapshots VALUES ('2026-03-04', 'aitools', 7, 7)");
    await saveDatabase(db, root);
    await expect(openWhole(root)).rejects.toThrow(
      /table snapshots that another file.*2026-03-04, aitools, 7, 7/,
    );
  });
});

async function changeArchive(file: string, sql: string): Promise<void> {
  using db = await parseDatabase(await readFile(file));
  db.run(sql);
  await writeFile(file, db.export());
}
