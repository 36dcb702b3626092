import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import { buildData, type SiteFiles } from '../../scripts/lib/dashboard/data.ts';
import { historyPath, type SiteInfo } from '../../scripts/lib/dashboard/site.ts';
import { openUnchecked, parseDatabase } from '../../scripts/lib/store/database.ts';
import { recordRun } from '../../scripts/lib/store/record.ts';
import { selectRows, selectValue } from '../../scripts/lib/store/rows.ts';
import { parseWatchlist, thresholds } from '../../scripts/lib/watchlist/watchlist.ts';
import { readHashtag, readOverview } from '../../scripts/page/data/read.ts';
import { createHistory, growing, runOn } from '../helpers/site.ts';
import { TODAY } from '../helpers/snapshots.ts';

const WATCHLIST = parseWatchlist(
  JSON.stringify({
    settings: { minVideos: 10 },
    hashtags: [
      { name: 'one', group: 'b' },
      { name: 'two', group: 'a', trendingGrowthPercent: 9 },
      { name: 'rare', paused: true },
      'absent',
    ],
  }),
);

/** Hundred days. `rare` has counts only before the last 60; `gone` is no longer on the list. */
async function createDatabase() {
  const db = await createHistory(['one', 'two', 'rare', 'gone'], 100, (name, ago) => {
    if (name === 'rare' && ago < 80 && ago > 0) return null;
    if (name === 'gone' && ago < 20) return null;
    return growing(name === 'one' ? 5000 : 90_000, ago === 0 ? 0.01 : 0.02, ago);
  });
  recordRun(db, {
    ...runOn(TODAY, 4),
    failures: [{ hashtag: 'absent', kind: 'not-found', reason: 'no such hashtag' }],
    snapshots: [{ hashtag: 'two', videoCount: 90_001, viewCount: null }],
  });
  return db;
}

function readJson<T>(files: SiteFiles, path: string): T {
  const file = files.get(path);
  if (file === undefined) throw new Error(`${path} is missing`);
  return JSON.parse(Buffer.from(path.endsWith('.gz') ? gunzipSync(file) : file).toString());
}

/** Opens a database of the site as the page does, which does not check it. */
async function openPart(files: SiteFiles, path: string) {
  return openUnchecked(gunzipSync(files.get(path) ?? ''));
}

describe('the data of the dashboard', () => {
  it('is the whole database if it is small', async () => {
    using db = await createDatabase();
    const files = await buildData(db, WATCHLIST);
    expect([...files.keys()].sort()).toEqual([
      'data/groups.json.gz',
      'data/site.json',
      'data/tracker.db.gz',
    ]);
    using copy = await openPart(files, 'data/tracker.db.gz');
    expect(selectRows(copy, 'SELECT * FROM snapshots')).toEqual(
      selectRows(db, 'SELECT * FROM snapshots'),
    );
  });

  it('names every hashtag of the list and of the database, with what the list says of it', async () => {
    using db = await createDatabase();
    const info = readJson<SiteInfo>(await buildData(db, WATCHLIST), 'data/site.json');
    const threshold = thresholds(WATCHLIST)('one');
    expect(info.hashtags).toEqual([
      { name: 'one', group: 'b', threshold, status: 'tracked' },
      {
        name: 'two',
        group: 'a',
        threshold: { ...threshold, trendingGrowthPercent: 9 },
        status: 'tracked',
      },
      { name: 'rare', group: null, threshold, status: 'paused' },
      { name: 'absent', group: null, threshold, status: 'tracked' },
      { name: 'gone', group: null, threshold, status: 'removed' },
    ]);
    expect(info).toMatchObject({ groups: ['b', 'a'], firstDay: addDays(TODAY, -99) });
  });

  it('is divided if it is large, and the parts say the same as the whole', async () => {
    using db = await createDatabase();
    const files = await buildData(db, WATCHLIST, 1);
    const info = readJson<SiteInfo>(files, 'data/site.json');
    expect(info.isDivided).toBe(true);
    expect(files.has('data/tracker.db.gz')).toBe(false);
    using recent = await openPart(files, 'data/recent.db.gz');
    expect(selectValue(recent, 'SELECT count(DISTINCT date) FROM snapshots')).toBeLessThan(75);
    const overview = readOverview(recent, info);
    expect(overview).toEqual(readOverview(db, info));
    expect(overview?.trends.map(({ hashtag }) => hashtag)).toContain('rare');
    for (const [number, { name }] of info.hashtags.entries()) {
      const whole = readHashtag(db, name, info);
      if (name === 'absent') {
        expect(files.has(historyPath(number))).toBe(false);
        continue;
      }
      using part = await openPart(files, historyPath(number));
      expect(readHashtag(part, name, info), name).toEqual(whole);
      expect(whole.snapshots.length, name).toBeGreaterThan(20);
    }
    const two = readHashtag(db, 'two', info);
    expect(two.corrections).toEqual([{ day: TODAY, videoCount: 90_000, viewCount: 111_330_000 }]);
  });

  it('has a hashtag under one name, whatever spellings the tutorial’s script stored', async () => {
    using db = await parseDatabase(null);
    for (const [ago, name] of [
      [2, 'Vibe Coding'],
      [1, '#vibecoding'],
      [0, 'vibecoding'],
    ] as const) {
      db.run('INSERT INTO snapshots VALUES (?, ?, 10, 20)', [addDays(TODAY, -ago), name]);
    }
    const files = await buildData(db, parseWatchlist('["vibecoding"]'), 1);
    const info = readJson<SiteInfo>(files, 'data/site.json');
    expect(info.hashtags.map(({ name }) => name)).toEqual(['vibecoding']);
    using part = await openPart(files, historyPath(0));
    expect(readHashtag(part, 'vibecoding', info).snapshots).toHaveLength(3);
  });

  it('of an empty database is an empty site', async () => {
    using db = await parseDatabase(null);
    const files = await buildData(db, WATCHLIST);
    const info = readJson<SiteInfo>(files, 'data/site.json');
    expect(info.firstDay).toBeNull();
    expect(readOverview(db, info)).toBeNull();
    expect(readJson(files, 'data/groups.json.gz')).toEqual({});
  });
});
