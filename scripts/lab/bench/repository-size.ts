import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import initSqlJs from 'sql.js';
import { addDays } from '../../lib/core/day.ts';
import { LATEST_CSV_PATH, summaryPath, WATCHLIST_PATH } from '../../lib/core/paths.ts';
import { monthOf, type Period, weekOf } from '../../lib/core/period.ts';
import { renderChart } from '../../lib/reports/chart.ts';
import { readSurged, renderReport } from '../../lib/reports/day-page.ts';
import { composeReport } from '../../lib/reports/day-report.ts';
import { type IndexedDay, renderReportIndex } from '../../lib/reports/index-page.ts';
import { renderLatestCsv } from '../../lib/reports/latest-csv.ts';
import { composeSummary } from '../../lib/reports/summary.ts';
import { renderSummary, renderSummaryChart } from '../../lib/reports/summary-page.ts';
import { parseDatabase } from '../../lib/store/database.ts';
import { readDay, readPeriod } from '../../lib/store/days.ts';
import { git } from '../../lib/system/git.ts';
import { parseWatchlist } from '../../lib/watchlist/watchlist.ts';
import { addDay, countsOf, FIRST_DAY, hashtagNames, TUTORIAL_TABLE } from './history.ts';
import { figure, type Measurement } from './measure.ts';

const DAYS = 365;
/** Git's threads share the work differently each time, so the size varies. The smallest counts. */
const REPACKS = 3;
const REPACK_TIMEOUT_MS = 1_800_000;

/** Returns the files of a day: their contents by path. */
type Layout = (day: number) => Promise<Map<string, Uint8Array | string>>;

/** `csvBytes` is the part of `packedBytes` that the CSV file takes. */
type Size = { fileBytes: number; packedBytes: number; csvBytes: number; pushedBytes: number };

/** Measures what a year of daily commits costs, also for other ways to store the same counts. */
export async function measureRepositorySizes(log: (line: string) => void): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const count of [100, 1000]) {
    const names = hashtagNames(count);
    const layouts: [string, Layout][] = [
      ['the database', await trackerLayout(names, false)],
      ['the database, all reports and the CSV', await trackerLayout(names, true)],
      ['the tutorial’s table', await tutorialLayout(names)],
      ['a CSV file, appended', csvLayout(names)],
      ['a JSON file, overwritten', jsonLayout(names)],
    ];
    const sizes = new Map<string, Size>();
    for (const [name, layout] of layouts) {
      const size = await measureLayout(layout);
      sizes.set(name, size);
      log(
        `a year of ${count} hashtags, ${name}: file ${(size.fileBytes / 1e6).toFixed(2)} MB, ` +
          `packed ${(size.packedBytes / 1024).toFixed(0)} KiB, one push ${(size.pushedBytes / 1024).toFixed(1)} KiB`,
      );
    }
    measurements.push(...compareSizes(count, sizes));
  }
  return measurements;
}

function compareSizes(count: number, sizes: Map<string, Size>): Measurement[] {
  const sizeOf = (name: string): Size => {
    const size = sizes.get(name);
    if (size === undefined) throw new Error(`${name} was not measured`);
    return size;
  };
  const database = sizeOf('the database');
  const withReports = sizeOf('the database, all reports and the CSV');
  const bytesADay = database.fileBytes / DAYS;
  const beside = (
    what: string,
    bytes: number,
    size: keyof Size,
    goal: number | null,
    otherIs = 'the tutorial’s table',
  ): Measurement => ({
    ...figure(`${what}, a year of ${count} hashtags`, 'KiB', bytes / 1024),
    other: sizeOf(otherIs)[size] / 1024,
    otherIs,
    goal,
  });
  const yearsUntil = (what: string, bytes: number) =>
    figure(`Years until ${what}, ${count} hashtags`, 'years', bytes / bytesADay / DAYS);
  const { fileBytes, packedBytes, pushedBytes } = database;
  const reportsAlone = withReports.packedBytes - withReports.csvBytes;
  const [ofDatabase, withAll] = ['Packed .git of the database', 'Packed .git with all reports'];
  return [
    beside('Database file', fileBytes, 'fileBytes', 0.58),
    beside(ofDatabase, packedBytes, 'packedBytes', 0.58),
    beside(ofDatabase, packedBytes, 'packedBytes', null, 'a CSV file, appended'),
    beside(ofDatabase, packedBytes, 'packedBytes', null, 'a JSON file, overwritten'),
    beside(withAll, reportsAlone, 'packedBytes', 1.5),
    beside(`${withAll} and the CSV`, withReports.packedBytes, 'packedBytes', 1.5),
    beside('Sent by one push', pushedBytes, 'pushedBytes', null),
    beside('Sent by one push, with its report', withReports.pushedBytes, 'pushedBytes', null),
    yearsUntil('the file reaches 50 MB, when GitHub warns', 50e6),
    yearsUntil('the file reaches 100 MB, when GitHub rejects it', 100e6),
  ];
}

/** The tracker's files, with or without its reports. */
export async function trackerLayout(names: string[], withReports: boolean): Promise<Layout> {
  const db = await parseDatabase(null);
  const list = JSON.stringify({ hashtags: names });
  const watchlist = parseWatchlist(list);
  const indexed: IndexedDay[] = [];
  const summaries: Period[] = [];
  return async (dayNumber) => {
    const day = addDay(db, names, dayNumber);
    const files = new Map<string, Uint8Array | string>([['data/hashtag_tracker.db', db.export()]]);
    const record = withReports ? readDay(db, day) : null;
    if (record === null) return files;
    files.set(WATCHLIST_PATH, list);
    const report = composeReport(record, watchlist);
    const chart = renderChart(report, day);
    const previousReport = dayNumber === 0 ? null : addDays(day, -1);
    const links = { base: '', previousReport, hasChart: chart !== null };
    const markdown = renderReport(report, links);
    indexed.unshift({ day, missed: 0, hasReport: true, surged: readSurged(markdown) });
    files.set(`reports/${day}.md`, markdown);
    if (chart !== null) files.set(`reports/charts/${day}.svg`, chart);
    files.set(LATEST_CSV_PATH, await renderLatestCsv(report));
    const dayBefore = addDays(day, -1);
    for (const period of [weekOf(dayBefore), monthOf(dayBefore)]) {
      const ended = period.last < day ? readPeriod(db, period) : null;
      if (ended === null) continue;
      const summary = composeSummary(ended, watchlist);
      const reportDays = new Set(indexed.map((entry) => entry.day));
      const previous = summaries.findLast(({ kind }) => kind === period.kind)?.name ?? null;
      const periodChart = renderSummaryChart(summary);
      files.set(summaryPath(period), renderSummary(summary, { previous, reportDays }));
      if (periodChart !== null) files.set(`reports/charts/${period.name}.svg`, periodChart);
      summaries.push(period);
    }
    files.set('reports/README.md', renderReportIndex(report, indexed, summaries));
    return files;
  };
}

/** The rows of a day: date, hashtag, videos, views. */
function rowsOf(names: string[], day: number): (string | number)[][] {
  const date = addDays(FIRST_DAY, day);
  return names.map((name, i) => {
    const { videoCount, viewCount } = countsOf(i, day);
    return [date, name, videoCount, viewCount];
  });
}

async function tutorialLayout(names: string[]): Promise<Layout> {
  const { Database } = await initSqlJs();
  const db = new Database();
  db.run(TUTORIAL_TABLE);
  return async (day) => {
    db.run('BEGIN');
    for (const row of rowsOf(names, day)) {
      db.run('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)', row);
    }
    db.run('COMMIT');
    return new Map([['hashtag_tracker.db', db.export()]]);
  };
}

function csvLayout(names: string[]): Layout {
  let text = 'date,hashtag,video_count,view_count\n';
  return async (day) => {
    for (const row of rowsOf(names, day)) text += `${row.join()}\n`;
    return new Map([['snapshots.csv', text]]);
  };
}

function jsonLayout(names: string[]): Layout {
  return async (day) => {
    const counts = Object.fromEntries(names.map((name, i) => [name, countsOf(i, day)]));
    return new Map([['latest.json', JSON.stringify(counts, null, 2)]]);
  };
}

/** Commits a year of the layout to a real repository, packs it and measures its size. */
async function measureLayout(layout: Layout): Promise<Size> {
  const repository = await mkdtemp(path.join(tmpdir(), 'bench-repository-'));
  try {
    const fileBytes = await commitDays(repository, layout);
    let packedBytes = Number.POSITIVE_INFINITY;
    for (let i = 0; i < REPACKS; i++) packedBytes = Math.min(packedBytes, await repack(repository));
    const filter = ['--filter=object:type=blob', '--filter-provided-objects'];
    const versions = ['--disk-usage', '--objects', ...filter, '--all', '--', LATEST_CSV_PATH];
    const csvBytes = Number(await git(repository, ['rev-list', ...versions]));
    return { fileBytes, packedBytes, csvBytes, pushedBytes: await measurePush(repository) };
  } finally {
    await rm(repository, { recursive: true, force: true });
  }
}

/** Packs everything again. `git gc` would keep the poor deltas that the import wrote. */
async function repack(repository: string): Promise<number> {
  // A checkout has no bitmaps. With bitmaps, a push would find no earlier version to build on.
  const checkoutLike = ['-c', 'repack.writeBitmaps=false'];
  await git(repository, [...checkoutLike, 'repack', '-a', '-d', '-f', '-q'], {
    timeoutMs: REPACK_TIMEOUT_MS,
  });
  const counted = await git(repository, ['count-objects', '-v']);
  return Number(/size-pack: (\d+)/.exec(counted)?.[1]) * 1024;
}

/**
 * Turns a folder into a bare repository with a year of daily commits of the layout.
 * @returns the last size of the layout's first file, in bytes
 */
export async function commitDays(repository: string, layout: Layout): Promise<number> {
  await git(repository, ['init', '--quiet', '--bare', '--initial-branch=main']);
  const child = spawn('git', ['fast-import', '--quiet'], {
    cwd: repository,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const write = async (content: Uint8Array | string) => {
    if (!child.stdin.write(content)) await once(child.stdin, 'drain');
  };
  let fileBytes = 0;
  for (let day = 0; day < DAYS; day++) {
    const seconds = Date.parse(addDays(FIRST_DAY, day)) / 1000 + 19_000;
    await write(
      `commit refs/heads/main\ncommitter bot <bot@example.org> ${seconds} +0000\ndata 5\nDay\n\n`,
    );
    for (const [index, [file, content]] of [...(await layout(day))].entries()) {
      const bytes = Buffer.from(content);
      if (index === 0) fileBytes = bytes.length;
      await write(`M 100644 inline ${file}\ndata ${bytes.length}\n`);
      await write(bytes);
      await write('\n');
    }
  }
  child.stdin.end();
  const [exitCode] = await once(child, 'close');
  if (exitCode !== 0) throw new Error(`git fast-import exited with ${exitCode}`);
  return fileBytes;
}

/** Counts the bytes of the pack that pushing the last commit sends. */
async function measurePush(repository: string): Promise<number> {
  const child = spawn(
    'git',
    ['pack-objects', '--thin', '--no-reuse-delta', '--revs', '--stdout', '--quiet'],
    {
      cwd: repository,
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  child.stdin.end('main\n^main~1\n');
  let bytes = 0;
  for await (const chunk of child.stdout) bytes += chunk.length;
  return bytes;
}
