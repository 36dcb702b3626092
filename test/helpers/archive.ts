import { cpSync } from 'node:fs';
import type { Database } from 'sql.js';
import { takeOutMonths, writeMove } from '../../scripts/lib/archive/move.ts';
import { addDays, type Day } from '../../scripts/lib/core/day.ts';
import type { Failure, Run } from '../../scripts/lib/core/snapshot.ts';
import { type OpenDatabase, parseDatabase } from '../../scripts/lib/store/database.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { importSnapshots, recordRun } from '../../scripts/lib/store/record.ts';
import { createFolder } from './folder.ts';
import { day, rows } from './snapshots.ts';
import { valuesOf } from './tracker.ts';

/** The newest day of the histories. */
export const LAST_DAY = day('2026-11-22');

const NAMES = [
  'aitools',
  'llm',
  'cursor',
  'vibecoding',
  '日本語',
  'comes_and_goes',
  'gone',
  'never',
  'comes_back',
  'peaked',
];

/** Some days at which something special happens, counted back from the last one. */
const AGO = { removed: 150, lost: 120, outage: 100, lateStart: 200, back: 3, passed: 1 };

/**
 * A database with so many days up to LAST_DAY: hashtags that TikTok loses, never had or gets back,
 * that are removed, begin late or pass a milestone for the second time, outages, second runs of a day with corrections, imports, videos, and
 * names as the tutorial's script stored them.
 */
export async function createHistory(days: number): Promise<OpenDatabase> {
  const bytes = histories.get(days) ?? (await makeHistory(days));
  histories.set(days, bytes);
  return parseDatabase(bytes.slice());
}

/** The histories that were made in this process, by their days. */
const histories = new Map<number, Uint8Array>();

async function makeHistory(days: number): Promise<Uint8Array> {
  using db = await parseDatabase(null);
  addOldRows(db, addDays(LAST_DAY, -days));
  for (let ago = days - 1; ago >= 0; ago--) addDay(db, ago);
  return db.export();
}

/** The days of an archived history, if they do not matter. */
export const DAYS = 300;

/** Folders with a history whose months were moved out of the daily file, by their days. */
const archived = new Map<number, Promise<string>>();

/** A folder with a history whose months were moved out of the daily file, and the history. */
export async function createArchived(days = DAYS) {
  const template = archived.get(days) ?? makeArchived(days);
  archived.set(days, template);
  const root = await createFolder();
  cpSync(await template, root, { recursive: true });
  return { root, original: await createHistory(days) };
}

async function makeArchived(days: number): Promise<string> {
  const root = await createFolder();
  using db = await createHistory(days);
  await saveDatabase(db, root);
  await moveMonths(root);
  return root;
}

/** Moves the months that are over, as the command does. */
export async function moveMonths(root: string): Promise<void> {
  using db = await openDatabase(root);
  const move = await takeOutMonths(db, root);
  if (move !== null) await writeMove(db, root, move);
}

/** The rows of the tutorial's script, and an import. */
function addOldRows(db: Database, last: Day): void {
  const insert = 'INSERT INTO snapshots VALUES (?, ?, ?, ?)';
  for (let ago = 9; ago >= 1; ago--) {
    db.run(insert, [addDays(last, -ago), 'Old Name', 9_000 + ago, 70_000]);
    db.run(insert, [addDays(last, -ago), '#llm', 9_900 - ago, null]);
  }
  const origin = { importedAt: '2026-11-01T00:00:00.000Z', source: 'older.csv', sha256: '00' };
  importSnapshots(db, rows('aitools', [980, null, 990], [], last), origin);
}

/** Adds the runs of a day. */
export function addDay(db: Database, ago: number): void {
  const date = addDays(LAST_DAY, -ago);
  const found = NAMES.filter((name) => isFound(name, ago));
  const late = found.filter((name) => (name.length + ago) % 9 === 0);
  const failures = NAMES.filter((name) => !isRemoved(name, ago) && !found.includes(name)).map(
    (hashtag): Failure => ({ hashtag, kind: kindOf(hashtag, ago), reason: `no answer ${ago % 4}` }),
  );
  const count = (names: string[], more: number) =>
    names.map((hashtag) => ({
      hashtag,
      videoCount: ago % 13 === 0 && hashtag === 'llm' ? null : countOf(hashtag, ago) + more,
      viewCount: ago % 11 === 0 ? null : countOf(hashtag, ago) * 1000,
    }));
  const early = found.filter((name) => !late.includes(name));
  recordRun(db, createRun(date, '05', { snapshots: count(early, 0), failures }));
  if (late.length === 0) return;
  const again = { snapshots: count([...late, ...early.slice(0, 1)], 1), failures: [] };
  const videos = [{ id: `7${ago}`, author: 'ada', plays: 5, createdAt: null }];
  const companions = [{ hashtag: 'beside', uses: 3 }];
  const topVideos = [{ hashtag: late[0] ?? '', videos, companions, problem: null }];
  const tiktokIds = new Map([[late[0] ?? '', String(ago)]]);
  recordRun(db, createRun(date, '15', { ...again, topVideos, tiktokIds }));
}

function isRemoved(name: string, ago: number): boolean {
  return name === 'vibecoding' && ago < AGO.removed;
}

function isFound(name: string, ago: number): boolean {
  if (ago === AGO.outage || ago === AGO.outage - 1 || isRemoved(name, ago)) return false;
  if (name === 'never') return false;
  if (name === 'gone') return ago > AGO.lost;
  if (name === 'comes_back') return ago > AGO.lost || ago <= AGO.back;
  if (name === 'comes_and_goes') return ago % 50 > 8;
  if (name === 'cursor') return ago < AGO.lateStart;
  return !(name === '日本語' && ago % 17 === 0);
}

function kindOf(name: string, ago: number): Failure['kind'] {
  if (ago === AGO.outage) return 'not-asked';
  return name === '日本語' ? 'failed' : 'not-found';
}

/** Grows past milestones, and falls now and then. */
function countOf(name: string, ago: number): number {
  if (name === 'peaked') return ago > AGO.lost ? 60_000 : ago > AGO.passed ? 9_400 : 10_500;
  return Math.round(8_000 * name.length + (400 - ago) * 37 - (ago % 7) * 90);
}

/** A run of a day that begins 17 minutes after the hour. */
export function createRun(date: Day, hour: string, results: Partial<Run>): Run {
  return {
    day: date,
    startedAt: `${date}T${hour}:17:00.000Z`,
    finishedAt: `${date}T${hour}:19:00.000Z`,
    trigger: 'schedule',
    url: null,
    tracked: NAMES.length,
    creditsUsed: 7,
    creditsRemaining: 1000,
    snapshots: [],
    failures: [],
    stopReason: null,
    ...results,
  };
}

const TABLES = [
  ...['snapshots', 'runs', 'failures', 'corrections', 'captures', 'videos', 'companions'],
  ...['imports', 'hashtags'],
];
const REMEMBERED = ['archived_days', 'archived_hashtags', 'archived_latest'];

/** All rows of the tables that a history has. */
export function dump(db: Database): Record<string, unknown[][]> {
  return readTables(db, TABLES);
}

/** What a daily file keeps of archived months. */
export function dumpRemembered(db: Database): Record<string, unknown[][]> {
  return readTables(db, REMEMBERED);
}

function readTables(db: Database, tables: string[]): Record<string, unknown[][]> {
  return Object.fromEntries(
    tables.map((table) => [table, valuesOf(db, `SELECT * FROM ${table} ORDER BY 1, 2`)]),
  );
}
