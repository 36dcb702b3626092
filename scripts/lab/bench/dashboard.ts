import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { BrowserContext, Page } from 'playwright-core';
import { buildPage } from '../../lib/dashboard/build.ts';
import { buildData, type SiteFiles } from '../../lib/dashboard/data.ts';
import { serveSite } from '../../lib/dashboard/serve.ts';
import { historyPath, RECENT_DATABASE_PATH } from '../../lib/dashboard/site.ts';
import { parseWatchlist } from '../../lib/watchlist/watchlist.ts';
import { findBrowser, startBrowser } from '../browser.ts';
import { createTracker, hashtagNames } from './history.ts';
import { figure, type Measurement, time } from './measure.ts';

const RUNS = 5;

/**
 * Measures the dashboard in a real browser, each load with an empty cache: what travels, when the
 * answers and then everything stands on the screen, and how long a click takes.
 */
export async function measureDashboard(log: (line: string) => void): Promise<Measurement[]> {
  const program = await findBrowser();
  if (program === null) {
    log('The dashboard is not measured: Chrome or Chromium was not found.');
    return [];
  }
  const page = await buildPage();
  const measurements: Measurement[] = [
    budget('The dashboard without data, gzipped', 'KB', kilobytes(page.keys(), page), 450),
  ];
  const add = (...found: Measurement[]) => {
    for (const { what, unit, tracker } of found) log(`${what}: ${tracker.toFixed(3)} ${unit}`);
    measurements.push(...found);
  };

  const year = new Map([...page, ...(await createData(100, 365)).files]);
  const paint = await measureLoads(program, year);
  add(
    budget('100 hashtags, 1 year: the answers on the screen', 's', paint.answers, 1),
    budget('… and everything', 's', paint.everything, 2),
  );

  const { files, seconds } = await createData(1000, 3 * 365);
  const large = new Map([...page, ...files]);
  const first = [...page.keys(), 'data/site.json', RECENT_DATABASE_PATH];
  add(
    figure('1,000 hashtags, 3 years: writing the data', 's', seconds),
    budget('… what travels before the answers', 'KB', kilobytes(first, large), 1500),
    figure('… the whole history of a hashtag', 'KB', kilobytes([historyPath(500)], large)),
  );
  const largePaint = await measureLoads(program, large);
  add(
    figure('… the answers on the screen', 's', largePaint.answers),
    figure('… and everything', 's', largePaint.everything),
  );
  const clicks = await measureClicks(program, large);
  add(
    budget('… sorting 1,000 rows', 'ms', clicks.sort, 100),
    budget('… searching among 1,000 rows', 'ms', clicks.search, 100),
    budget('… drawing eight lines of 3 years', 'ms', clicks.draw, 100),
  );
  return measurements;
}

function budget(what: string, unit: string, tracker: number, other: number): Measurement {
  return { what, unit, tracker, other, otherIs: 'the most that is allowed', goal: 1 };
}

/** The data of a tracker with a history, and how long it took to write it. */
async function createData(hashtags: number, days: number) {
  const root = await mkdtemp(path.join(tmpdir(), 'bench-dashboard-'));
  try {
    const names = hashtagNames(hashtags);
    const db = await createTracker(root, names, days);
    const watchlist = parseWatchlist(JSON.stringify({ hashtags: names }));
    let files: SiteFiles = new Map();
    const { seconds } = await time(async () => {
      files = await buildData(db, watchlist);
    });
    db.close();
    return { files, seconds };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The size of files as GitHub Pages sends them. */
function kilobytes(paths: Iterable<string>, files: SiteFiles): number {
  const sizes = [...paths].map((file) => {
    const contents = files.get(file) ?? new Uint8Array();
    return file.endsWith('.gz') ? contents.length : gzipSync(contents).length;
  });
  return sizes.reduce((sum, size) => sum + size, 0) / 1000;
}

/** Notes in the page when the answers, and when the table and a drawn chart are in a frame. */
const WATCH = `window.seen = {};
  const look = () => {
    if (document.querySelector('.health')) window.seen.answers ??= performance.now();
    if (document.querySelector('.legend li') && document.querySelector('.hashtags tbody tr')) {
      window.seen.everything ??= performance.now();
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);`;

type Seen = { answers: number; everything: number };

/** Seconds from the start of the navigation: the fastest of several loads. */
async function measureLoads(program: string, files: SiteFiles): Promise<Seen> {
  const seen: Seen[] = [];
  for (let run = 0; run < RUNS; run++) {
    seen.push(await withPage(program, files, (page) => page.evaluate<Seen>('window.seen')));
  }
  const least = (key: keyof Seen) => Math.min(...seen.map((one) => one[key])) / 1000;
  return { answers: least('answers'), everything: least('everything') };
}

/** Milliseconds from an input to the frame that shows its effect: the fastest of several. */
function measureClicks(program: string, files: SiteFiles) {
  return withPage(program, files, async (page) => {
    await page.getByRole('button', { name: 'Show all' }).click();
    const fastestOf = async (script: string) => {
      const times: number[] = [];
      for (let run = 0; run < RUNS; run++) times.push(await page.evaluate<number>(script));
      return Math.min(...times);
    };
    const untilShown = (action: string) => `new Promise((resolve) => {
      const start = performance.now();
      ${action};
      document.body.offsetHeight;
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    })`;
    const sort = await fastestOf(
      untilShown(
        "[...document.querySelectorAll('th button')].find((one) => one.innerText.startsWith('Videos')).click()",
      ),
    );
    const search = await fastestOf(
      untilShown(`const input = document.querySelector('[type=search]');
        input.value = input.value === '' ? '9' : '';
        input.dispatchEvent(new InputEvent('input', { bubbles: true }))`),
    );
    await page.evaluate("document.querySelector('[type=search]').value = ''");
    await page.evaluate(
      `location.hash = '#range=all&tags=' + [...document.querySelectorAll('.hashtags th a')].slice(0, 8).map((one) => one.innerText.slice(1)).join()`,
    );
    await page.locator('.legend li').nth(7).waitFor();
    const draw = await fastestOf(
      untilShown(`const [linear, log] = document.querySelectorAll('[aria-label=Scale] button');
        (linear.ariaPressed === 'true' ? log : linear).click()`),
    );
    return { sort, search, draw };
  });
}

/** Opens the site in a new browser, waits until everything stands there, and works with it. */
async function withPage<T>(
  program: string,
  files: SiteFiles,
  work: (page: Page) => Promise<T>,
): Promise<T> {
  const server = await serveSite(async () => files, 0);
  let browser: BrowserContext | undefined;
  try {
    browser = await startBrowser(program);
    const page = await browser.newPage();
    await page.addInitScript(WATCH);
    await page.goto(server.url);
    await page.locator('.legend li').first().waitFor();
    await page.locator('.hashtags tbody tr').first().waitFor();
    await page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
    );
    return await work(page);
  } finally {
    await browser?.close();
    await server.close();
  }
}
