import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addDays } from '../../lib/core/day.ts';
import { weekOf } from '../../lib/core/period.ts';
import { renderChart } from '../../lib/reports/chart.ts';
import { renderReport } from '../../lib/reports/day-page.ts';
import { composeReport } from '../../lib/reports/day-report.ts';
import { newestDay, readDay, readDays } from '../../lib/store/days.ts';
import { parseWatchlist } from '../../lib/watchlist/watchlist.ts';
import { createTracker, hashtagNames } from './history.ts';
import { fastest, figure, type Measurement, runProgram, runScript, time } from './measure.ts';
import { commitDays, trackerLayout } from './repository-size.ts';

const RUNS = 5;

/** Measures rendering a day's report, chart and list of days from histories of several sizes. */
export async function measureRendering(log: (line: string) => void): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const hashtags of [100, 1000]) {
    for (const years of [1, 3]) {
      const root = await mkdtemp(path.join(tmpdir(), 'bench-render-'));
      const names = hashtagNames(hashtags);
      const db = await createTracker(root, names, years * 365);
      const watchlist = parseWatchlist(JSON.stringify({ hashtags: names }));
      const day = newestDay(db);
      if (day === null) throw new Error('the history is empty');
      const { seconds } = await fastest(RUNS, () =>
        time(() => {
          const record = readDay(db, day);
          if (record === null) throw new Error('the day is empty');
          const report = composeReport(record, watchlist);
          renderReport(report, { base: '', previousReport: null, hasChart: true });
          renderChart(report, day);
          readDays(db);
        }),
      );
      db.close();
      await rm(root, { recursive: true, force: true });
      const what = `A day’s report, ${hashtags} hashtags, ${years} year${years > 1 ? 's' : ''} of history`;
      log(`${what}: ${seconds.toFixed(2)} s`);
      measurements.push(figure(what, 's', seconds));
    }
  }
  return measurements;
}

const LONG_LIST = 20_000;
const LONG_LIST_DAYS = 36;

/** Measures what a very long list costs: checking it, a day's report, a week's summary. */
export async function measureLongList(
  project: string,
  log: (line: string) => void,
): Promise<Measurement[]> {
  const root = await mkdtemp(path.join(tmpdir(), 'bench-long-'));
  try {
    const db = await createTracker(root, hashtagNames(LONG_LIST), LONG_LIST_DAYS);
    const day = newestDay(db);
    db.close();
    if (day === null) throw new Error('the history is empty');
    const measurements: Measurement[] = [];
    for (const [what, script, args, most] of [
      ['The check', 'check', [], 1],
      ['A report', 'report', ['--date', day], 5],
      ['The summary of a week', 'report', ['--week', weekOf(addDays(day, -7)).name], 5],
    ] as const) {
      const { seconds } = await fastest(RUNS, () =>
        runScript(project, script, root, {}, [...args]),
      );
      const long = `${what} of 20,000 hashtags`;
      log(`${long}: ${seconds.toFixed(2)} s`);
      const otherIs = 'the most that is allowed';
      measurements.push({ what: long, unit: 's', tracker: seconds, other: most, otherIs, goal: 1 });
    }
    return measurements;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Measures the audit of a year of daily commits with 100 hashtags, including reports. */
export async function measureAudit(
  project: string,
  log: (line: string) => void,
): Promise<Measurement[]> {
  const repository = await mkdtemp(path.join(tmpdir(), 'bench-audit-'));
  try {
    await commitDays(repository, await trackerLayout(hashtagNames(100), true));
    const audit = await fastest(RUNS, () => runScript(project, 'audit', repository, {}));
    const what = 'The audit of a year with 100 hashtags';
    log(`${what}: ${audit.seconds.toFixed(2)} s`);
    const peakMegabytes = audit.peakMegabytes ?? Number.NaN;
    return [figure(what, 's', audit.seconds), figure('Its peak memory', 'MB', peakMegabytes)];
  } finally {
    await rm(repository, { recursive: true, force: true });
  }
}

/** Measures installing the packages, and starting a command. */
export async function measureGettingStarted(project: string): Promise<Measurement[]> {
  const root = await mkdtemp(path.join(tmpdir(), 'bench-install-'));
  try {
    for (const file of ['package.json', 'package-lock.json', 'scripts', 'tsconfig.json']) {
      await cp(path.join(project, file), path.join(root, file), { recursive: true });
    }
    const measurements: Measurement[] = [];
    for (const [name, args] of [
      ['npm ci', ['ci']],
      ['npm ci --omit=dev, as the workflow does', ['ci', '--omit=dev']],
    ] as const) {
      const { seconds } = await runProgram('npm', [...args, '--no-audit', '--no-fund'], root, {});
      const files = await readdir(path.join(root, 'node_modules'), {
        recursive: true,
        withFileTypes: true,
      });
      const packages = files.filter(
        (file) =>
          file.name === 'package.json' && /node_modules\/(@[^/]+\/)?[^/@]+$/.test(file.parentPath),
      );
      const { stdout } = await runProgram('du', ['-sm', 'node_modules'], root, {});
      measurements.push(
        figure(name, 's', seconds),
        figure(`${name}: packages`, 'packages', packages.length),
        figure(`${name}: on disk`, 'MB', Number.parseInt(stdout, 10)),
      );
    }
    await writeFile(path.join(root, 'empty.ts'), '');
    const empty = await fastest(RUNS, () =>
      runProgram('node', ['--import', 'tsx/esm', 'empty.ts'], root, {}),
    );
    const help = await fastest(RUNS, () =>
      runProgram('npm', ['run', '-s', 'track', '--', '--help'], root, {}),
    );
    return [
      ...measurements,
      figure('An empty program: Node with tsx', 's', empty.seconds),
      figure('npm run track -- --help', 's', help.seconds),
    ];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
