import type { Database } from 'sql.js';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Day } from '../../scripts/lib/core/day.ts';
import { monthOf, weekOf } from '../../scripts/lib/core/period.ts';
import type { Failure, Run } from '../../scripts/lib/core/snapshot.ts';
import { parseDatabase } from '../../scripts/lib/store/database.ts';
import {
  capturedHashtags,
  newestDay,
  readCreditsLeft,
  readDay,
  readDays,
  readFailures,
  readLastHeard,
  readPeriod,
} from '../../scripts/lib/store/days.ts';
import { adoptAdditions } from '../../scripts/lib/store/merge.ts';
import { importSnapshots, recordRun } from '../../scripts/lib/store/record.ts';
import { valuesOf } from '../helpers/tracker.ts';

let db: Database;
beforeEach(async () => {
  db = await parseDatabase(null);
});

function createRun(
  day: string,
  counts: Record<string, [number | null, number | null]>,
  more: Partial<Run> = {},
): Run {
  const snapshots = Object.entries(counts).map(([hashtag, [videoCount, viewCount]]) => ({
    hashtag,
    videoCount,
    viewCount,
  }));
  return {
    day: day as Day,
    startedAt: `${day}T05:17:00.000Z`,
    finishedAt: `${day}T05:18:00.000Z`,
    trigger: 'schedule',
    url: null,
    tracked: snapshots.length,
    creditsUsed: snapshots.length,
    creditsRemaining: null,
    snapshots,
    failures: [],
    stopReason: null,
    ...more,
  };
}

/** The counts of hashtags; videos and views are the same. */
type Counted = Record<string, number>;

const snapshotsOf = (database: Database) =>
  valuesOf(database, 'SELECT * FROM snapshots ORDER BY date, hashtag');

describe('recording a run', () => {
  it('stores its snapshots, its summary and its failures', () => {
    const failures = [
      { hashtag: 'b', kind: 'failed' as const, reason: 'HTTP 503, 4 times' },
      { hashtag: 'c', kind: 'not-asked' as const, reason: 'HTTP 402' },
    ];
    const more = { failures, creditsRemaining: 99, tracked: 4 };
    recordRun(db, createRun('2026-11-22', { a: [1, 2] }, more));
    expect(snapshotsOf(db)).toEqual([['2026-11-22', 'a', 1, 2]]);
    expect(valuesOf(db, 'SELECT tracked, asked, stored, failed FROM runs')).toEqual([[4, 2, 1, 1]]);
    const record = readDay(db, '2026-11-22' as Day);
    expect(record?.runs).toMatchObject([
      { trigger: 'schedule', creditsUsed: 1, creditsRemaining: 99 },
    ]);
    expect(record?.failures).toEqual(failures);
  });

  it('keeps an unknown count unknown', () => {
    recordRun(db, createRun('2026-11-22', { a: [null, 2] }));
    expect(snapshotsOf(db)).toEqual([['2026-11-22', 'a', null, 2]]);
  });

  it('replaces a different count of the same day and keeps the old one as a correction', () => {
    recordRun(db, createRun('2026-11-22', { a: [1, 2], b: [3, 4] }));
    recordRun(db, createRun('2026-11-22', { a: [5, 2], b: [3, 4] }, { startedAt: 'later' }));
    expect(snapshotsOf(db)).toEqual([
      ['2026-11-22', 'a', 5, 2],
      ['2026-11-22', 'b', 3, 4],
    ]);
    const corrections = readDay(db, '2026-11-22' as Day)?.corrections;
    expect(corrections).toMatchObject([{ hashtag: 'a', videoCount: 1, viewCount: 2 }]);
  });

  it('does not let an unknown count replace a known one of the same day', () => {
    recordRun(db, createRun('2026-11-22', { a: [1, 2] }));
    recordRun(db, createRun('2026-11-22', { a: [null, 7] }));
    expect(snapshotsOf(db)).toEqual([['2026-11-22', 'a', 1, 7]]);
  });

  it('replaces views alone, keeps those that are unknown, and has the old ones as a correction', () => {
    recordRun(db, createRun('2026-11-22', { a: [1, 2], b: [3, 4] }));
    recordRun(db, createRun('2026-11-22', { a: [1, 9], b: [5, null] }, { startedAt: 'later' }));
    expect(snapshotsOf(db)).toEqual([
      ['2026-11-22', 'a', 1, 9],
      ['2026-11-22', 'b', 5, 4],
    ]);
    expect(readDay(db, '2026-11-22' as Day)?.corrections).toMatchObject([
      { hashtag: 'a', videoCount: 1, viewCount: 2 },
      { hashtag: 'b', videoCount: 3, viewCount: 4 },
    ]);
  });

  it('adds to a day that is over what it lacks, and changes nothing that it has', () => {
    recordRun(db, createRun('2026-11-21', { a: [1, 2], b: [3, null], c: [5, 6] }));
    recordRun(db, createRun('2026-11-22', { a: [9, 9] }));
    recordRun(db, createRun('2026-11-21', { a: [1, 7], b: [3, 4], c: [null, 6], d: [8, 8] }));
    expect(snapshotsOf(db)).toEqual([
      ['2026-11-21', 'a', 1, 2],
      ['2026-11-21', 'b', 3, null],
      ['2026-11-21', 'c', 5, 6],
      ['2026-11-21', 'd', 8, 8],
      ['2026-11-22', 'a', 9, 9],
    ]);
    expect(valuesOf(db, 'SELECT * FROM corrections')).toEqual([
      [3, 'a', 1, 7],
      [3, 'b', 3, 4],
    ]);
  });

  it('stores everything or nothing', () => {
    const twice = createRun('2026-11-22', { a: [1, 2] });
    twice.failures = Array(2).fill({ hashtag: 'b', kind: 'failed', reason: 'x' });
    expect(() => recordRun(db, twice)).toThrow(/UNIQUE/);
    expect(snapshotsOf(db)).toEqual([]);
    expect(newestDay(db)).toBeNull();
  });
});

const capturesOf = (database: Database) =>
  valuesOf(database, 'SELECT run_id, hashtag FROM captures ORDER BY 1, 2');

describe('the captures', () => {
  it('list what later runs of the day brought, and nothing of the first with snapshots', () => {
    recordRun(db, createRun('2026-11-22', {}));
    recordRun(db, createRun('2026-11-22', { b: [1, 1], a: [1, 1] }));
    recordRun(db, createRun('2026-11-22', {}));
    recordRun(db, createRun('2026-11-22', { d: [1, 1], c: [1, 1] }));
    recordRun(db, createRun('2026-11-23', { a: [1, 1] }));
    expect(capturesOf(db)).toEqual([
      [4, 'c'],
      [4, 'd'],
    ]);
  });

  it('list what a refresh replaced, but not what it found unchanged', () => {
    recordRun(db, createRun('2026-11-22', { a: [1, 1], b: [1, 1], c: [1, 1] }));
    recordRun(db, createRun('2026-11-22', { a: [1, 1], b: [1, 2], c: [null, 1] }));
    expect(capturesOf(db)).toEqual([[2, 'b']]);
  });
});

describe('reading a day', () => {
  it('gives null for a day without snapshots and runs', () => {
    recordRun(db, createRun('2026-11-22', { a: [1, 2] }));
    expect(readDay(db, '2026-11-21' as Day)).toBeNull();
  });

  it('gives the last failure of a hashtag on the day, and none if it was captured', () => {
    const failure = (hashtag: string, reason: string) => ({
      hashtag,
      kind: 'failed' as const,
      reason,
    });
    recordRun(
      db,
      createRun('2026-11-22', {}, { failures: [failure('a', 'first'), failure('b', 'first')] }),
    );
    recordRun(db, createRun('2026-11-22', { b: [1, 1] }, { failures: [failure('a', 'second')] }));
    expect(readFailures(db, '2026-11-22' as Day)).toEqual([failure('a', 'second')]);
    expect([...capturedHashtags(db, '2026-11-22' as Day)]).toEqual(['b']);
  });

  it('gives the answer about a hashtag that another run did not come to ask for', () => {
    const failure = (kind: 'not-found' | 'not-asked', reason: string) => ({
      failures: [{ hashtag: 'a', kind, reason }],
    });
    recordRun(db, createRun('2026-11-21', { b: [1, 1] }, failure('not-asked', 'interrupted')));
    recordRun(db, createRun('2026-11-21', {}, failure('not-found', 'HTTP 404')));
    recordRun(db, createRun('2026-11-21', {}, failure('not-asked', 'interrupted again')));
    recordRun(db, createRun('2026-11-22', { b: [1, 1] }, failure('not-asked', 'interrupted')));
    recordRun(db, createRun('2026-11-22', {}, failure('not-asked', 'interrupted again')));
    expect(readFailures(db, '2026-11-21' as Day)).toMatchObject([
      { kind: 'not-found', reason: 'HTTP 404' },
    ]);
    expect(readFailures(db, '2026-11-22' as Day)).toMatchObject([{ reason: 'interrupted again' }]);
    recordRun(db, createRun('2026-11-23', { b: [1, 1] }, failure('not-found', 'HTTP 404')));
    expect(readFailures(db, '2026-11-23' as Day)).toMatchObject([
      { absence: { since: '2026-11-21', daysBefore: 1 } },
    ]);
  });

  it('finds the newest earlier count, however old it is', () => {
    recordRun(db, createRun('2025-01-01', { a: [10, 20], other: [1, 1] }));
    recordRun(db, createRun('2025-02-01', { a: [null, 25], other: [1, 1] }));
    recordRun(db, createRun('2026-11-22', { a: [11, 30] }));
    const history = readDay(db, '2026-11-22' as Day)?.history.filter(
      ({ hashtag }) => hashtag === 'a',
    );
    expect(history?.map(({ day, videoCount }) => [day, videoCount])).toEqual([
      ['2025-01-01', 10],
      ['2025-02-01', null],
      ['2026-11-22', 11],
    ]);
  });

  it('also finds the count for yesterday’s rank if yesterday was the first day back', () => {
    recordRun(db, createRun('2026-01-01', { a: [10, 20] }));
    recordRun(db, createRun('2026-11-21', { a: [11, 30] }));
    recordRun(db, createRun('2026-11-22', { a: [12, 40] }));
    expect(readDay(db, '2026-11-22' as Day)?.history).toHaveLength(3);
  });

  it('has the highest count ever of a hashtag that passes a milestone, and of no other', () => {
    recordRun(db, createRun('2024-01-01', { a: [10_100, 20], b: [90_000, 1] }));
    for (const day of ['2026-11-19', '2026-11-20', '2026-11-21']) {
      recordRun(db, createRun(day, { a: [9_990, 30], b: [30_000, 1] }));
    }
    recordRun(db, createRun('2026-11-22', { a: [10_010, 40], b: [30_001, 1] }));
    const peaks = [{ hashtag: 'a', videoCount: 10_100, viewCount: 30 }];
    expect(readDay(db, '2026-11-22' as Day)).toMatchObject({ peaks });
    expect(readDay(db, '2026-11-21' as Day)).toMatchObject({ peaks: [] });
  });

  it('skips a stored date that is not a day', () => {
    db.run("INSERT INTO snapshots VALUES ('2026-11-1', 'a', 1, 1)");
    recordRun(db, createRun('2026-11-02', { a: [1, 1] }));
    recordRun(db, createRun('2026-11-22', { a: [1, 1] }));
    expect(readDay(db, '2026-11-22' as Day)).toMatchObject({ firstDay: '2026-11-02' });
  });

  it.each(['Ökologie', 'ÖKO LOGIE', '#ökologie'])('continues a series stored as %s', (stored) => {
    db.run('INSERT INTO snapshots VALUES (?, ?, 7, 8)', ['2024-05-01', stored]);
    recordRun(db, createRun('2026-11-22', { ökologie: [9, 9] }));
    expect(readDay(db, '2026-11-22' as Day)?.history).toMatchObject([
      { day: '2024-05-01', hashtag: 'ökologie' },
      { day: '2026-11-22' },
    ]);
  });

  it('continues the series that the tutorial’s script stored as "Vibe Coding"', () => {
    db.run("INSERT INTO snapshots VALUES ('2024-05-01', '#Vibe Coding', 7, 8)");
    recordRun(db, createRun('2026-11-22', { vibecoding: [9, 9] }));
    const history = readDay(db, '2026-11-22' as Day)?.history;
    expect(history).toMatchObject([
      { day: '2024-05-01', hashtag: 'vibecoding', videoCount: 7 },
      { day: '2026-11-22', hashtag: 'vibecoding' },
    ]);
  });

  it('finds the previous day with a snapshot, and its hashtags under their current names', () => {
    const insert = (day: string, name: string) =>
      db.run('INSERT INTO snapshots VALUES (?, ?, 1, 1)', [day, name]);
    insert('2020-01-01', 'older');
    for (const name of ['a', '#Vibe Coding', 'vibecoding']) insert('2021-01-01', name);
    recordRun(db, createRun('2026-11-21', {}));
    recordRun(db, createRun('2026-11-22', { a: [1, 1] }));
    const record = readDay(db, '2026-11-22' as Day);
    expect(record?.previousDay).toBe('2021-01-01');
    expect(record?.previousHashtags.toSorted()).toEqual(['a', 'vibecoding']);
    expect(readDay(db, '2020-01-01' as Day)).toMatchObject({
      previousDay: null,
      previousHashtags: [],
    });
  });

  it('gives only valid counts, whatever the tutorial’s script stored', () => {
    db.run(
      "INSERT INTO snapshots VALUES ('2026-11-22', 'a', '1.2M', -5), ('2026-11-22', 'b', 0, 50)",
    );
    expect(readDay(db, '2026-11-22' as Day)?.history).toMatchObject([
      { hashtag: 'a', videoCount: null, viewCount: null },
      { hashtag: 'b', videoCount: null, viewCount: 50 },
    ]);
  });

  it('lists the days newest first, with the hashtags that are still missed', () => {
    const failure = (hashtag: string, kind: Failure['kind']) => ({ hashtag, kind, reason: 'x' });
    const failures = [failure('b', 'failed'), failure('c', 'not-found'), failure('d', 'failed')];
    const again = [failure('b', 'rejected'), failure('d', 'not-found')];
    recordRun(db, createRun('2026-11-19', {}));
    recordRun(db, createRun('2026-11-20', {}, { failures }));
    recordRun(db, createRun('2026-11-21', { a: [1, 1] }));
    recordRun(db, createRun('2026-11-22', { a: [1, 1] }, { failures }));
    recordRun(db, createRun('2026-11-22', {}, { failures: again }));
    const lost = failures.map((lostOne) => expect.objectContaining(lostOne));
    expect(readDays(db)).toEqual([
      { day: '2026-11-22', hasSnapshots: true, missed: again.slice(0, 1), missedCount: 1 },
      { day: '2026-11-21', hasSnapshots: true, missed: [], missedCount: 0 },
      // If nothing was captured, a hashtag that was not found counts as missed, too.
      { day: '2026-11-20', hasSnapshots: false, missed: lost, missedCount: lost.length },
      { day: '2026-11-19', hasSnapshots: false, missed: [], missedCount: 0 },
    ]);
  });
});

describe('when a snapshot was captured', () => {
  const at = (time: string) => Date.parse(`2026-11-22T${time}Z`);
  const timed = (counted: Counted, from: string, to: string) => {
    const counts = Object.entries(counted).map(([name, n]): [string, [number, number]] => [
      name,
      [n, n],
    ]);
    recordRun(
      db,
      createRun('2026-11-22', Object.fromEntries(counts), {
        startedAt: `2026-11-22T${from}.000Z`,
        finishedAt: `2026-11-22T${to}.000Z`,
      }),
    );
  };
  const times = () =>
    Object.fromEntries(
      (readDay(db, '2026-11-22' as Day)?.history ?? []).map((row) => [row.hashtag, row.capturedAt]),
    );
  const importRow = (hashtag: string) =>
    importSnapshots(db, [{ day: '2026-11-22' as Day, hashtag, videoCount: 1, viewCount: 1 }], {
      importedAt: 'now',
      source: 'rows.csv',
      sha256: 'ab',
    });

  it('is the middle of the run that brought or last replaced it', () => {
    timed({}, '04:00:00', '04:10:00');
    timed({ a: 1, b: 1, c: 1 }, '05:17:00', '05:19:00');
    timed({ d: 1, b: 2 }, '09:43:00', '09:43:10');
    timed({ b: 3, c: 1 }, '15:29:00', '15:29:00');
    expect(times()).toEqual({
      a: at('05:18:00'),
      b: at('15:29:00'),
      c: at('05:18:00'),
      d: at('09:43:05'),
    });
  });

  it('is not known of an import, nor of what a first run may not have brought', () => {
    importRow('a');
    expect(times()).toEqual({ a: null });
    timed({ b: 1 }, '05:17:00', '05:19:00');
    timed({ c: 1 }, '09:43:00', '09:43:00');
    expect(times()).toEqual({ a: null, b: null, c: at('09:43:00') });
  });

  it('is not made up if a refresh replaced a snapshot beside an import', () => {
    timed({ a: 1, b: 1 }, '05:17:00', '05:19:00');
    importRow('c');
    timed({ a: 2, b: 1 }, '15:29:00', '15:29:00');
    expect(times()).toEqual({ a: at('15:29:00'), b: null, c: null });
  });

  it('is not known of a day on which several runs captured before that was listed', () => {
    timed({ a: 1 }, '05:17:00', '05:19:00');
    timed({ b: 1 }, '09:43:00', '09:43:00');
    db.run('DELETE FROM captures');
    expect(times()).toEqual({ a: null, b: null });
  });

  it('is known of such a day if a single run captured all of it', () => {
    timed({ a: 1, b: 1 }, '05:17:00', '05:19:00');
    timed({}, '09:43:00', '09:43:00');
    db.run('DELETE FROM captures');
    expect(times()).toEqual({ a: at('05:18:00'), b: at('05:18:00') });
  });

  it('is not known of a run whose times are not valid', () => {
    recordRun(db, createRun('2026-11-22', { a: [1, 1] }, { startedAt: 'early' }));
    recordRun(db, createRun('2026-11-22', { b: [1, 1] }, { finishedAt: '' }));
    expect(times()).toEqual({ a: null, b: null });
  });

  it('is not known of the tutorial’s rows, also of one whose name a run captured since', () => {
    db.run("INSERT INTO snapshots VALUES ('2026-11-21', 'vibe coding', 5, 5)");
    db.run("INSERT INTO snapshots VALUES ('2026-11-22', 'Vibe Coding', 7, 7)");
    timed({ vibecoding: 9 }, '05:17:00', '05:19:00');
    const history = readDay(db, '2026-11-22' as Day)?.history;
    expect(history).toMatchObject([
      { day: '2026-11-21', videoCount: 5, capturedAt: null },
      { day: '2026-11-22', videoCount: 9, capturedAt: null },
    ]);
  });

  it('is found of a snapshot from before the weeks that trends look back', () => {
    recordRun(db, createRun('2026-01-01', { a: [1, 1] }));
    recordRun(
      db,
      createRun('2026-01-01', { b: [1, 1] }, { startedAt: '2026-01-01T05:16:00.000Z' }),
    );
    timed({ a: 2, b: 2 }, '05:17:00', '05:19:00');
    const old = readDay(db, '2026-11-22' as Day)?.history.slice(0, 2);
    expect(old?.map(({ capturedAt }) => new Date(capturedAt ?? 0).toISOString())).toEqual([
      '2026-01-01T05:17:30.000Z',
      '2026-01-01T05:17:00.000Z',
    ]);
  });
});

describe('reading a week or month', () => {
  const week = weekOf('2026-11-18' as Day);
  const historyOf = (hashtag: string) =>
    readPeriod(db, week)
      ?.history.filter((snapshot) => snapshot.hashtag === hashtag)
      .map(({ day }) => day);

  it('gives null if the period has no snapshot', () => {
    expect(readPeriod(db, week)).toBeNull();
    recordRun(db, createRun('2026-11-15', { a: [1, 2] }));
    recordRun(db, createRun('2026-11-23', { a: [1, 2] }));
    expect(readPeriod(db, week)).toBeNull();
    expect(readPeriod(db, monthOf(week.first))).not.toBeNull();
  });

  it('gives what the trends of its days need, and nothing later', () => {
    recordRun(db, createRun('2025-01-01', { a: [1, 1], b: [1, 1] }));
    recordRun(db, createRun('2026-09-01', { a: [1, 1], b: [1, 1], c: [null, 1] }));
    recordRun(db, createRun('2026-11-10', { a: [1, 1] }));
    recordRun(db, createRun('2026-11-11', { a: [1, 1] }));
    recordRun(db, createRun('2026-11-12', { a: [1, 1] }));
    recordRun(db, createRun('2026-11-17', { a: [1, 1] }));
    recordRun(db, createRun('2026-11-18', { a: [1, 1], b: [1, 1] }));
    recordRun(db, createRun('2026-11-19', { a: [1, 1], b: [1, 1], c: [null, 1] }));
    recordRun(db, createRun('2026-11-23', { a: [1, 1], b: [1, 1] }));
    expect(historyOf('a')).toEqual([
      '2026-11-10',
      '2026-11-11',
      '2026-11-12',
      '2026-11-17',
      '2026-11-18',
      '2026-11-19',
    ]);
    // It has no count in the weeks before, so its newest older count is needed.
    expect(historyOf('b')).toEqual(['2026-09-01', '2026-11-18', '2026-11-19']);
    expect(historyOf('c')).toEqual(['2026-09-01', '2026-11-19']);
    expect(readPeriod(db, week)).toMatchObject({ firstDay: '2025-01-01', lastDay: week.last });
  });

  it('ends with the newest day if the period is not over', () => {
    recordRun(db, createRun('2026-11-17', { a: [1, 1] }));
    recordRun(db, createRun('2026-11-18', {}));
    expect(readPeriod(db, week)).toMatchObject({ firstDay: '2026-11-17', lastDay: '2026-11-18' });
  });
});

describe('adopting the runs of another database', () => {
  it('adds what the target lacks and keeps what it has', async () => {
    const shared = createRun('2026-11-20', { a: [1, 1] });
    recordRun(db, shared);
    const local = await parseDatabase(db.export());
    recordRun(
      local,
      createRun(
        '2026-11-21',
        { a: [2, 2], b: [3, 3] },
        { failures: [{ hashtag: 'c', kind: 'failed', reason: 'x' }] },
      ),
    );
    recordRun(db, createRun('2026-11-21', { a: [9, 9] }, { trigger: 'other' }));

    const nothing = await parseDatabase(null);
    expect(adoptAdditions(db, local, nothing).days).toEqual(['2026-11-21']);
    expect(snapshotsOf(db)).toEqual([
      ['2026-11-20', 'a', 1, 1],
      ['2026-11-21', 'a', 9, 9],
      ['2026-11-21', 'b', 3, 3],
    ]);
    const record = readDay(db, '2026-11-21' as Day);
    expect(record?.runs).toHaveLength(2);
    expect(record?.corrections).toMatchObject([{ hashtag: 'a', videoCount: 2, viewCount: 2 }]);
    expect(readFailures(db, '2026-11-21' as Day)).toMatchObject([{ hashtag: 'c' }]);
    expect(adoptAdditions(db, local, nothing).days).toEqual([]);
  });

  it.each<[string, Counted, [string, Counted][], [number, string][]]>([
    ['the day’s only run', {}, [['first', { a: 5, b: 5 }]], []],
    ['a run after one of the target', { a: 9 }, [['first', { a: 5, b: 5 }]], [[3, 'b']]],
    [
      'two runs after one of the target',
      { a: 9 },
      [
        ['first', { a: 5, b: 5 }],
        ['second', { c: 5 }],
      ],
      [
        [3, 'b'],
        [4, 'c'],
      ],
    ],
    [
      'two runs, the first of which is the day’s first in the target as well',
      {},
      [
        ['first', { a: 5 }],
        ['second', { b: 5 }],
      ],
      [[4, 'b']],
    ],
    [
      'a refresh of what only the source has',
      { a: 9 },
      [
        ['first', { a: 5, b: 5 }],
        ['refresh', { a: 6, b: 6 }],
      ],
      [
        [3, 'b'],
        [4, 'b'],
      ],
    ],
    [
      'a run that captured nothing, and a later one',
      { a: 9 },
      [
        ['first', {}],
        ['second', { b: 5 }],
      ],
      [[4, 'b']],
    ],
  ])('says which run brought which hashtag: %s', async (_, theirs, ours, expected) => {
    recordRun(db, createRun('2026-11-20', { a: [1, 1] }));
    const base = await parseDatabase(db.export());
    const local = await parseDatabase(db.export());
    const toCounts = (counted: Counted) =>
      Object.fromEntries(
        Object.entries(counted).map(([name, count]): [string, [number, number]] => [
          name,
          [count, count],
        ]),
      );
    for (const [trigger, counted] of ours) {
      recordRun(local, createRun('2026-11-21', toCounts(counted), { trigger }));
    }
    recordRun(db, createRun('2026-11-21', toCounts(theirs), { trigger: 'target' }));
    adoptAdditions(db, local, base);
    expect(capturesOf(db)).toEqual(expected);
    adoptAdditions(db, local, base);
    expect(capturesOf(db)).toEqual(expected);
  });

  it('claims no run for what came from elsewhere on the same day', async () => {
    const local = await parseDatabase(null);
    importSnapshots(
      local,
      [{ day: '2026-11-21' as Day, hashtag: 'b', videoCount: 1, viewCount: 1 }],
      {
        importedAt: 'now',
        source: 'rows.csv',
        sha256: 'ab',
      },
    );
    recordRun(local, createRun('2026-11-21', { a: [5, 5], c: [5, 5] }));
    recordRun(db, createRun('2026-11-21', { c: [9, 9] }, { trigger: 'target' }));
    adoptAdditions(db, local, await parseDatabase(null));
    expect(snapshotsOf(db).map(([, hashtag]) => hashtag)).toEqual(['a', 'b', 'c']);
    expect(capturesOf(db)).toEqual([]);
  });

  it('brings ids, videos and companions, and keeps those of one answer together', async () => {
    const fill = (database: Database, id: string, names: string[]) => {
      for (const name of names) {
        database.run('INSERT INTO hashtags VALUES (?, ?)', [name, id]);
        for (const table of ['videos', 'companions']) {
          const row = ['2026-11-21', name, `${table} ${id}`];
          const more = table === 'videos' ? ['ada', 7, '2026-11-20T05:17:00.000Z'] : [3];
          database.run(`INSERT INTO ${table} VALUES (${[...row, ...more].map(() => '?')})`, [
            ...row,
            ...more,
          ]);
        }
      }
    };
    const local = await parseDatabase(null);
    fill(db, '1', ['both', 'theirs']);
    fill(local, '2', ['both', 'ours']);
    adoptAdditions(db, local, await parseDatabase(null));
    const expected = [
      ['both', '1'],
      ['ours', '2'],
      ['theirs', '1'],
    ];
    expect(valuesOf(db, 'SELECT * FROM hashtags')).toEqual(expected);
    for (const [table, column] of Object.entries({ videos: 'video_id', companions: 'companion' })) {
      const found = valuesOf(db, `SELECT hashtag, substr(${column}, -1) FROM ${table}`);
      expect(found).toEqual(expected);
    }
  });

  it('makes no correction out of what a run did not capture', async () => {
    recordRun(db, createRun('2026-11-21', { a: [1, 1] }));
    const base = await parseDatabase(db.export());
    const local = await parseDatabase(db.export());
    recordRun(local, createRun('2026-11-21', { b: [2, 2] }, { trigger: 'local' }));
    recordRun(local, createRun('2026-11-21', { c: [3, 3] }, { trigger: 'later' }));
    recordRun(db, createRun('2026-11-21', { a: [9, 9], c: [8, 8] }, { trigger: 'remote' }));
    adoptAdditions(db, local, base);
    expect(snapshotsOf(db)).toEqual([
      ['2026-11-21', 'a', 9, 9],
      ['2026-11-21', 'b', 2, 2],
      ['2026-11-21', 'c', 8, 8],
    ]);
    const corrections = valuesOf(db, 'SELECT hashtag, view_count FROM corrections ORDER BY 1');
    expect(corrections).toEqual([
      ['a', 1],
      ['c', 3],
    ]);
  });

  it('makes no correction of a later run’s capture for an earlier run that comes after it', async () => {
    const base = await parseDatabase(null);
    const local = await parseDatabase(null);
    recordRun(local, createRun('2026-11-21', { a: [1, 1] }, { trigger: 'first' }));
    const second = createRun('2026-11-21', { b: [null, 2], c: [2, 2] }, { trigger: 'second' });
    recordRun(local, second);
    recordRun(db, createRun('2026-11-21', { a: [9, 9], b: [8, 8], c: [7, 7] }));
    recordRun(db, second);
    adoptAdditions(db, local, base);
    expect(valuesOf(db, 'SELECT * FROM corrections ORDER BY run_id, hashtag')).toEqual([
      [2, 'b', 8, 8],
      [2, 'c', 7, 7],
      [3, 'a', 1, 1],
    ]);
  });

  it('makes at most as many corrections as a run stored, if the day has imported counts', async () => {
    const local = await parseDatabase(null);
    const day = '2026-11-21' as Day;
    const imported = { day, hashtag: 'c', videoCount: 3, viewCount: 3 };
    importSnapshots(local, [imported], { importedAt: 'now', source: 'rows.csv', sha256: 'ab' });
    recordRun(local, createRun(day, { a: [1, 1], b: [2, 2] }, { trigger: 'local' }));
    recordRun(db, createRun(day, { a: [9, 9], b: [8, 8], c: [7, 7] }));
    adoptAdditions(db, local, await parseDatabase(null));
    expect(valuesOf(db, 'SELECT hashtag FROM corrections')).toEqual([['a'], ['b']]);
  });

  it('brings along the records of imports that neither the target nor the base has', async () => {
    const origin = (source: string) => ({ importedAt: 'now', source, sha256: 'ab' });
    const row = (day: string) => ({
      ...{ day: day as Day, hashtag: 'a' },
      videoCount: 1,
      viewCount: 1,
    });
    importSnapshots(db, [row('2026-11-01')], origin('shared'));
    const base = await parseDatabase(db.export());
    const local = await parseDatabase(db.export());
    importSnapshots(local, [row('2026-11-02'), row('2026-11-03')], origin('local'));
    importSnapshots(db, [row('2026-11-04')], origin('remote'));
    adoptAdditions(db, local, base);
    adoptAdditions(db, local, base);
    const imports = valuesOf(db, 'SELECT id, source, first_date, last_date, rows FROM imports');
    expect(imports).toEqual([
      [1, 'shared', '2026-11-01', '2026-11-01', 1],
      [2, 'remote', '2026-11-04', '2026-11-04', 1],
      [3, 'local', '2026-11-02', '2026-11-03', 2],
    ]);
    expect(snapshotsOf(db)).toHaveLength(4);
  });

  it.each<[string, Parameters<typeof createRun>[1], number, number[]]>([
    ['another reading', { a: [9, 9] }, 9, [5, 7]],
    ['no reading', {}, 7, [5]],
  ])('keeps both readings of a day for which the target has %s', async (_, theirs, count, kept) => {
    const local = await parseDatabase(null);
    recordRun(local, createRun('2026-11-21', { a: [5, 5] }));
    recordRun(local, createRun('2026-11-21', { a: [7, 7] }, { trigger: 'again' }));
    recordRun(db, createRun('2026-11-21', theirs, { trigger: 'other' }));
    adoptAdditions(db, local, await parseDatabase(null));
    expect(snapshotsOf(db)).toEqual([['2026-11-21', 'a', count, count]]);
    const corrections = valuesOf(db, 'SELECT video_count FROM corrections ORDER BY run_id');
    expect(corrections.flat()).toEqual(kept);
  });
});

describe('the last known state', () => {
  const failing = (reason: string) => ({
    failures: [{ hashtag: 'a', kind: 'failed' as const, reason }],
  });

  it('of a hashtag is its newest day with a count, its first failure since, and the last reason', () => {
    recordRun(db, createRun('2026-11-18', {}, failing('first')));
    recordRun(db, createRun('2026-11-19', { a: [1, null] }));
    recordRun(db, createRun('2026-11-20', { a: [null, 2], b: [1, 2] }));
    recordRun(db, createRun('2026-11-21', { a: [null, null] }, failing('second')));
    recordRun(db, createRun('2026-11-22', {}, failing('third')));
    expect(Object.fromEntries(readLastHeard(db))).toEqual({
      a: { lastDay: '2026-11-20', firstFailedDay: '2026-11-21', reason: 'third', isAbsent: false },
      b: { lastDay: '2026-11-20', firstFailedDay: null, reason: null, isAbsent: false },
    });
  });

  it('of a hashtag that never had a count has only its failures', () => {
    recordRun(db, createRun('2026-11-18', {}, failing('first')));
    expect(readLastHeard(db).get('a')).toEqual({
      lastDay: null,
      firstFailedDay: '2026-11-18',
      reason: 'first',
      isAbsent: false,
    });
  });

  it('of a hashtag includes its names from the tutorial’s script', () => {
    recordRun(db, createRun('2026-11-18', { vibecoding: [1, 2] }));
    recordRun(db, createRun('2026-11-20', { 'Vibe Coding': [1, 2] }));
    recordRun(db, createRun('2026-11-21', { '#VibeCoding': [1, 2] }));
    const days = [...readLastHeard(db)].map(([name, { lastDay }]) => [name, lastDay]);
    expect(days).toEqual([['vibecoding', '2026-11-21']]);
  });

  it('of the credits comes from the newest run that knows them', () => {
    expect(readCreditsLeft(db)).toBeNull();
    recordRun(db, createRun('2026-11-20', {}, { creditsRemaining: 50 }));
    recordRun(db, createRun('2026-11-21', {}, { creditsRemaining: 40 }));
    recordRun(db, createRun('2026-11-22', {}));
    expect(readCreditsLeft(db)).toEqual({ credits: 40, day: '2026-11-21' });
    // A race adds a run of an earlier day last.
    db.run(`INSERT INTO runs SELECT 99, '2026-11-19', started_at, finished_at, trigger, url, tracked,
      asked, stored, failed, credits_used, 7 FROM runs LIMIT 1`);
    expect(readCreditsLeft(db)).toEqual({ credits: 40, day: '2026-11-21' });
  });
});

describe('when a hashtag was last heard of', () => {
  it.each<[string, object, boolean]>([
    ['something', { b: [1, 2] }, true],
    ['nothing', {}, false],
  ])(
    'is absent after days on which others were captured, with %s on the last',
    (_, last, isAbsent) => {
      const failures = [{ hashtag: 'a', kind: 'not-found' as const, reason: 'HTTP 404' }];
      recordRun(db, createRun('2026-11-18', { a: [1, 2], b: [1, 2] }));
      for (const day of ['2026-11-19', '2026-11-20', '2026-11-21']) {
        recordRun(db, createRun(day, { b: [1, 2] }, { failures }));
      }
      recordRun(db, createRun('2026-11-22', { ...last }, { failures }));
      expect(readLastHeard(db).get('a')).toMatchObject({ lastDay: '2026-11-18', isAbsent });
    },
  );

  it('is the day of its count, even if it failed earlier on that day', () => {
    const failures = [{ hashtag: 'a', kind: 'failed' as const, reason: 'HTTP 503, 4 times' }];
    recordRun(db, createRun('2026-11-22', {}, { failures }));
    recordRun(db, createRun('2026-11-22', { a: [1, 2] }, { startedAt: 'later' }));
    const heard = { lastDay: '2026-11-22', firstFailedDay: null, reason: null, isAbsent: false };
    expect(readLastHeard(db).get('a')).toEqual(heard);
  });
});
