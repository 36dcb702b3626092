import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { findBrowser, startBrowser } from '../../scripts/lab/browser.ts';
import { addDays } from '../../scripts/lib/core/day.ts';
import { formatDate, formatDates } from '../../scripts/lib/core/format.ts';
import { buildPage } from '../../scripts/lib/dashboard/build.ts';
import { buildData, type SiteFiles } from '../../scripts/lib/dashboard/data.ts';
import { serveSite } from '../../scripts/lib/dashboard/serve.ts';
import { renderReport } from '../../scripts/lib/reports/day-page.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { parseDatabase } from '../../scripts/lib/store/database.ts';
import { readDay } from '../../scripts/lib/store/days.ts';
import { recordRun } from '../../scripts/lib/store/record.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { createHistory, growing, runOn } from '../helpers/site.ts';
import { HOSTILE_NAMES, TODAY, tableRows } from '../helpers/snapshots.ts';

const program = await findBrowser();
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The usual growth a day of each hashtag, and its group. */
const HASHTAGS: Record<string, [perDay: number, group?: string]> = {
  cursor: [0.008, 'Coding'],
  vibecoding: [0.021, 'Coding'],
  llm: [0.012, 'Models'],
  chatgpt: [0.001, 'Models'],
  claude: [0.009, 'Models'],
  كتاب: [0.004],
};
const NAMES = Object.keys(HASHTAGS);
const DAYS = 120;
const GAP = 12;
const WATCHLIST = parseWatchlist(
  JSON.stringify({
    hashtags: [
      ...NAMES.map((name) => {
        const group = HASHTAGS[name]?.[1];
        return group === undefined ? name : { name, group };
      }),
      'nosuchhashtag',
    ],
  }),
);

/** #cursor breaks out on the last two days; #llm and #claude lack days; no run at all on one day. */
async function createDatabase() {
  const db = await createHistory(
    NAMES,
    DAYS,
    (name, ago) => {
      if (name === 'claude' && ago === 0) return null;
      if (name === 'llm' && ago >= 3 && ago <= 5) return null;
      const counts = growing(150_000 + 1_000 * name.length, HASHTAGS[name]?.[0] ?? 0, ago);
      if (name === 'cursor' && ago < 2) {
        counts.videoCount = Math.round(counts.videoCount * (ago === 0 ? 1.15 : 1.07));
      }
      return counts;
    },
    [GAP],
  );
  recordRun(db, {
    ...runOn(TODAY, NAMES.length + 1),
    snapshots: [{ hashtag: 'chatgpt', videoCount: 160_000, viewCount: 200_000_000 }],
    failures: [{ hashtag: 'nosuchhashtag', kind: 'not-found', reason: 'no such hashtag' }],
  });
  return db;
}

let browser: BrowserContext;
let pageFiles: SiteFiles;
let site: SiteFiles;

/** Serves files until the test ends; returns the address, and the paths that were asked for. */
async function serve(files: SiteFiles): Promise<string> {
  const server = await serveSite(async () => files, 0);
  onTestFinished(() => server.close());
  return server.url;
}

/** How a page is opened. `failures`: it is expected to have some. */
type PageOptions = {
  width?: number;
  height?: number;
  colorScheme?: 'light' | 'dark';
  failures?: boolean;
};

/** Opens an address of the site in a new page. Anything that goes wrong in it fails the test. */
async function open(address: string, options: PageOptions = {}): Promise<Page> {
  const { width = 1280, height = 900, colorScheme = 'light', failures = false } = options;
  const page = await browser.newPage();
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme });
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('dialog', (dialog) => troubles.push(`a dialog: ${dialog.message()}`));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(new URL('/', address).href) && !/^(blob|data):/.test(url)) {
      troubles.push(`a request to ${url}`);
    }
  });
  onTestFinished(async () => {
    await page.close();
    if (!failures) expect(troubles).toEqual([]);
  });
  await page.goto(address);
  await page.locator('main[aria-busy=false]').waitFor();
  return page;
}

const rowsOf = (page: Page) => page.locator('.hashtags tbody tr');
const namesIn = async (page: Page) =>
  (await page.locator('.hashtags tbody th').allInnerTexts()).map((text) =>
    text.replace(/[^\p{L}\p{N}]/gu, ''),
  );

async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(AXE);
  const violations = (await page.evaluate('axe.run().then((result) => result.violations)')) as {
    id: string;
    nodes: { target: string[]; failureSummary: string }[];
  }[];
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
  expect(found).toEqual([]);
}

describe.skipIf(program === null)('the page', () => {
  beforeAll(async () => {
    browser = await startBrowser(program ?? '');
    pageFiles = await buildPage();
    using db = await createDatabase();
    site = new Map([...pageFiles, ...(await buildData(db, WATCHLIST))]);
  }, 60_000); // a browser starts slowly beside other work
  afterAll(() => browser?.close());

  it('opens with how fresh the data is, what is missing and what moved', async () => {
    const page = await open(await serve(site));
    await expect
      .poll(() => page.locator('.health').innerText())
      .toMatch(
        /Sunday,? 22 November 2026.* 5 of 7 hashtags · missing: #claude · 1 not on TikTok · 1 day missing/,
      );
    const [today = '', week = ''] = await page.locator('.moved .columns > div').allInnerTexts();
    expect(today).toMatch(
      /🚀 #cursor breakout, 12 × its usual: \+25,866 in 2 days, .*now 179,400 videos, \+8\.3%/s,
    );
    expect(week).toMatch(/#cursor\s+videos \+21\.6%[\s\S]*#vibecoding\s+videos \+15\.7%/);
  });

  it('shows the figures of the day’s report', async () => {
    using db = await createDatabase();
    const record = readDay(db, TODAY);
    if (record === null) throw new Error('no record');
    const report = renderReport(composeReport(record, WATCHLIST), {
      base: '',
      previousReport: null,
      hasChart: true,
    });
    const page = await open(await serve(site));
    const headings = (await page.locator('.hashtags thead th').allInnerTexts()).map((heading) =>
      heading.replace(/[▲▼]/, '').trim(),
    );
    const cellsOf = async (name: string) => {
      const row = rowsOf(page).filter({ hasText: name });
      const cells = await row.locator('td, th').allInnerTexts();
      return new Map(headings.map((heading, i) => [heading, cells[i]?.trim()]));
    };
    let compared = 0;
    let header: string[] = [];
    for (const row of tableRows(report)) {
      const cells = row.map((cell) => cell.replaceAll('**', '').trim());
      const [, name] = /\[\u2068?#(.+?)\u2069?\]/.exec(cells[1] ?? '') ?? [];
      if (name === undefined) {
        if (cells.includes('Hashtag')) header = cells.map((text) => text.replace('\u00a0', ' '));
        continue;
      }
      const shown = await cellsOf(name);
      for (const [i, heading] of header.entries()) {
        // The page has ranks without their changes, and the curves are drawn.
        if (!shown.has(heading) || /^(Hashtag|Rank|Daily gain)$/.test(heading)) continue;
        expect(shown.get(heading), `${heading} of #${name}`).toBe(cells[i]);
        compared++;
      }
    }
    expect(compared).toBe(5 * 9);
  });

  it('searches, filters by group, and sorts by every column', async () => {
    const page = await open(await serve(site));
    await page.getByPlaceholder('Search').fill('co');
    expect(await namesIn(page)).toEqual(['vibecoding']);
    await page.getByPlaceholder('Search').fill('');
    await page.getByLabel('Group', { exact: true }).selectOption('Models');
    expect((await namesIn(page)).toSorted()).toEqual(['chatgpt', 'claude', 'llm']);
    await page.getByLabel('Group', { exact: true }).selectOption('');
    for (const button of await page.locator('.hashtags thead button').all()) {
      const heading = (await button.innerText()).trim();
      await button.click();
      const first = await namesIn(page);
      await button.click();
      const second = await namesIn(page);
      expect(second.toSorted()).toEqual(first.toSorted());
      expect(await page.locator('th[aria-sort]:not([aria-sort=none])').count()).toBe(1);
      // Only one has a signal, and each has a name.
      if (heading.startsWith('Hashtag') || heading.startsWith('Signal')) continue;
      expect(second).not.toEqual(first);
      expect(second.slice(-2).toSorted(), 'without figures').toEqual(['claude', 'nosuchhashtag']);
    }
    await page.getByRole('button', { name: 'Videos', exact: true }).last().click();
    expect(await namesIn(page)).toEqual([
      'cursor',
      'chatgpt',
      'vibecoding',
      'كتاب',
      'llm',
      'claude',
      'nosuchhashtag',
    ]);
  });

  it('compares chosen hashtags, and the link shows the same elsewhere', async () => {
    const page = await open(await serve(site));
    await page.getByLabel('Show #llm in the chart').check();
    await page.getByLabel('Show the group Coding in the chart').check();
    for (const name of ['Views', '90 days', 'Log']) {
      await page.getByRole('button', { name, exact: true }).first().click();
    }
    const stateOf = async (one: Page) => ({
      legend: await one.locator('.legend li bdi').allInnerTexts(),
      pressed: await one.locator('[aria-pressed=true]').allInnerTexts(),
      chart: await one.locator('.stage').getAttribute('aria-label'),
    });
    await expect.poll(() => page.locator('.legend li').count()).toBe(2);
    const state = await stateOf(page);
    expect(page.url()).toMatch(/#tags=llm&groups=Coding&measure=views&scale=log&range=90d$/);
    expect(state).toMatchObject({
      legend: ['#llm', 'Coding'],
      pressed: ['Views', 'Indexed to 100', 'Log', '90 days'],
    });
    const other = await open(page.url());
    await expect.poll(() => stateOf(other)).toEqual(state);
    await other.getByLabel('Remove #llm from the chart').click();
    await expect.poll(() => other.locator('.legend li bdi').allInnerTexts()).toEqual(['Coding']);
  });

  it('has the chart’s data as a table, where gaps stay gaps', async () => {
    const page = await open(`${await serve(site)}#tags=llm&range=7d&show=total`);
    await page.getByText('The same data as a table').click();
    const lines = (await page.locator('.data tbody tr').allInnerTexts()).map((text) =>
      text.split('\t'),
    );
    const days = [0, -1, -2, -3, -4, -5, -6, -7].map((offset) =>
      formatDate(addDays(TODAY, offset)),
    );
    expect(lines.map(([day]) => day)).toEqual(days);
    expect(lines[0]).toEqual(['22 Nov 2026', '153,000', '+1,814', '+1.2%']);
    expect(lines[2]?.slice(2)).toEqual(['+6,961', '+1.2%/day over 4 days']);
    expect(lines.slice(3, 6).map((line) => line.slice(1))).toEqual(Array(3).fill(['–', '–', '–']));
  });

  it('shows the range that is dragged', async () => {
    const page = await open(`${await serve(site)}#tags=llm`);
    await page.locator('.stage').scrollIntoViewIfNeeded();
    const box = await page.locator('.u-over').boundingBox();
    if (box === null) throw new Error('no chart');
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 50, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => page.url()).toMatch(/range=2026-10-3[01]\.\.2026-11-0[78]$/);
    await page.getByRole('button', { name: 'Reset' }).click();
    expect(page.url()).not.toContain('range=');
  });

  it('has a view of each hashtag, and saves its rows and the chart', async () => {
    const page = await open(await serve(site));
    await page.locator('.movers').getByRole('link', { name: '#cursor' }).first().click();
    await expect.poll(() => page.locator('h1').innerText()).toBe('#cursor');
    const text = await page.locator('main').innerText();
    expect(text).toMatch(
      /When it moved\n+📈 trending 21 Nov 2026 🚀 breakout 22 Nov 2026\s+breakout, 12 × its usual: .* fastest \+8\.3% on 22 Nov 2026\n/,
    );
    expect(text).toMatch(
      /Next: 200,000 videos, in about \d+ days at its usual pace \(\d+ Dec 2026\)/,
    );
    expect(text).toMatch(/119 days from .*\n+No count on 10 Nov 2026/);
    const save = async (name: string) => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name }).click(),
      ]);
      return readFile(await download.path());
    };
    const csv = (await save('Save its rows as CSV')).toString().trimEnd().split('\n');
    expect(csv[0]).toBe('date,hashtag,video_count,view_count');
    expect([csv.length, csv.at(-1)?.slice(0, 25)]).toEqual([120, '2026-11-22,cursor,179400,']);
    const picture = await save('Save as picture');
    expect(picture.subarray(1, 4).toString()).toBe('PNG');
    expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([2560, 1280]);
    await page.goBack();
    await expect.poll(() => page.locator('h1').innerText()).toBe('TikTok hashtags');

    const corrected = await open(`${page.url()}#hashtag=chatgpt`);
    await expect
      .poll(() => corrected.locator('main').innerText())
      .toMatch(/Corrected on 22 Nov 2026: before, it had 157,000 videos/);
  });

  it('has the videos that were stored when a hashtag moved, or says that there are none', async () => {
    const video = (id: string, author: string | null, plays: number | null, createdAt: string) => ({
      hashtag: 'cursor',
      videos: [{ id, author, plays, createdAt }],
      companions: [],
      problem: null,
    });
    using db = await createDatabase();
    for (const [ago, found] of [
      video('7123456789012345610', 'a/b"<i>', 1_234_567, '2026-11-21T10:00:00Z'),
      video('7123456789012345611', null, null, ''),
    ].entries()) {
      recordRun(db, { ...runOn(addDays(TODAY, -ago), NAMES.length + 1), topVideos: [found] });
    }
    const withVideos = new Map([...pageFiles, ...(await buildData(db, WATCHLIST))]);
    const page = await open(`${await serve(withVideos)}#hashtag=cursor`);
    const section = page.locator('section', { has: page.getByText('Top videos when it moved') });
    await expect
      .poll(() => section.last().locator('li').allInnerTexts())
      .toEqual([
        '22 Nov 2026: @a/b"<i> · 1,234,567 plays · 1 day old',
        '21 Nov 2026: author unknown · plays unknown · age unknown',
      ]);
    const links = await section.last().getByRole('link').all();
    expect(await Promise.all(links.map((link) => link.getAttribute('href')))).toEqual([
      'https://www.tiktok.com/@a%2Fb%22%3Ci%3E/video/7123456789012345610',
      'https://www.tiktok.com/@_/video/7123456789012345611',
    ]);
    await page.goto(`${new URL(page.url()).origin}/#hashtag=chatgpt`);
    await page.getByText('It has not surged or trended in these days').waitFor();
    expect(await section.count()).toBe(0);

    const without = await open(`${await serve(site)}#hashtag=cursor`);
    await without.getByText('No videos were stored.').waitFor();
  });

  it('leads from a hashtag to its comparison, and names no way to a chart in sight', async () => {
    const page = await open(`${await serve(site)}#hashtag=llm`, { height: 400 });
    await page.getByRole('link', { name: 'Compare it with others' }).click();
    const search = page.getByPlaceholder('Search');
    await expect.poll(() => search.evaluate((one) => one.matches(':focus'))).toBe(true);
    await page.getByText('Tick the hashtags that you want to compare with #llm.').waitFor();
    const wayToChart = page.getByRole('button', { name: 'See the chart' });
    await wayToChart.click();
    await wayToChart.waitFor({ state: 'hidden' });
  });

  it('refuses days that are not there, and says which are', async () => {
    const page = await open(`${await serve(site)}#tags=llm&range=30d`);
    const from = page.getByLabel('From', { exact: true });
    await from.fill('2027-01-01');
    await from.blur();
    await page.getByText(/^Choose a day from \d+ Jul to 21 Nov 2026\.$/).waitFor();
    expect(await from.inputValue()).toBe('2026-10-23');
    await from.fill('2026-11-01');
    await expect.poll(() => page.url()).toMatch(/range=2026-11-01\.\.2026-11-22$/);
  });

  it('says why a hashtag has no figures', async () => {
    const address = await serve(site);
    const textOf = async (name: string) => {
      const page = await open(`${address}#hashtag=${name}`);
      await page.locator('.chart').waitFor({ state: 'detached' });
      return page.locator('main').innerText();
    };
    expect(await textOf('nosuchhashtag')).toContain('TikTok does not have this hashtag.');
    expect(await textOf('foobar')).toContain('This hashtag is not in the list');
  });

  it('says what was done without moving anything', async () => {
    const page = await open(`${await serve(site)}#tags=llm`);
    const button = page.getByRole('button', { name: 'Copy link' });
    await button.scrollIntoViewIfNeeded();
    const before = await button.boundingBox();
    await button.click();
    await page.getByText('The link is copied. It works on this computer only.').waitFor();
    expect(await button.boundingBox()).toEqual(before);
  });

  it('has a view of each group', async () => {
    const page = await open(await serve(site));
    await page.locator('.groups').getByRole('link', { name: 'Models' }).click();
    await expect.poll(() => page.locator('h1').innerText()).toBe('Models');
    expect((await namesIn(page)).toSorted()).toEqual(['chatgpt', 'claude', 'llm']);
    await expect.poll(() => page.locator('.legend li').count()).toBe(2);
    const facts = await page.locator('.figures').innerText();
    const head = await page.locator('main').innerText();
    expect(head).toMatch(/Models\s+2 of 3 hashtags/);
    expect(head).toContain('New and Growth of Models are without #claude');
    expect(facts).toMatch(/7 days\s+\+\d+\.\d%/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save its days as CSV' }).click(),
    ]);
    const csv = (await readFile(await download.path(), 'utf8')).split('\n');
    expect(csv[0]).toBe(
      'date,group,video_count,view_count,new_videos,new_views,older_video_counts,older_view_counts',
    );
    expect(csv[1]).toMatch(/^\d{4}-\d\d-\d\d,Models,\d+,\d+,,,0,0$/);
    expect(csv[2]).toMatch(/^\d{4}-\d\d-\d\d,Models,\d+,\d+,\d+,\d+,0,0$/);
    await page.getByRole('link', { name: 'Show the group as one line' }).click();
    await expect.poll(() => page.locator('.legend li bdi').allInnerTexts()).toEqual(['Models']);
  });

  it('can be used by the keyboard alone', async () => {
    const page = await open(await serve(site));
    const tabTo = async (selector: string) => {
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press('Tab');
        if (await page.locator(`${selector}:focus`).count()) {
          return;
        }
      }
      throw new Error(`Tab does not lead to ${selector}`);
    };
    await tabTo('.stage');
    const spoken = page.locator('[aria-live=polite]');
    await page.keyboard.press('End');
    await expect
      .poll(() => spoken.innerText())
      .toMatch(/^Sunday,? 22 November 2026\. #cursor: index \d+\.\d, 179,400, \+/);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => spoken.innerText()).toMatch(/^Saturday,? 21 November 2026/);
    await page.keyboard.press('Shift+ArrowLeft');
    await expect.poll(() => spoken.innerText()).toMatch(/^Saturday,? 14 November 2026/);
    expect(await page.locator('.tooltip').isVisible()).toBe(true);
    await tabTo('[aria-label="Show #llm in the chart"]');
    await page.keyboard.press('Space');
    await expect.poll(() => page.url()).toContain('tags=llm');
  });

  it.each([
    ['wide and light', {}, ''],
    ['on a phone, dark', { width: 360, height: 740, colorScheme: 'dark' }, '#tags=llm,cursor'],
    ['of a hashtag, on a phone', { width: 360, height: 740 }, '#hashtag=llm'],
    ['of a group, dark', { colorScheme: 'dark' }, '#group=Coding'],
    ['embedded elsewhere', { width: 500, height: 300 }, '?embed#tags=llm&range=7d'],
  ] as const)('is accessible and fits: %s', async (_, options, address) => {
    const page = await open((await serve(site)) + address, options);
    await page.locator('.legend li').first().waitFor();
    await expectAccessible(page);
    const width = 'document.documentElement.scrollWidth - window.innerWidth';
    expect(await page.evaluate(width)).toBeLessThanOrEqual(0);
    const smallest = `Math.min(...[...document.querySelectorAll('body *')]
      .filter((one) => one.innerText && !one.closest('.arrow'))
      .map((one) => Number.parseFloat(getComputedStyle(one).fontSize)))`;
    expect(await page.evaluate(smallest)).toBeGreaterThanOrEqual(11);
  });

  it('fits a phone with names as long as TikTok allows, and with a tooltip of them', async () => {
    const names = ['a', 'b'].map((letter) => letter.repeat(100));
    using db = await createHistory(names, 40, (name, ago) =>
      growing(1e9, name.startsWith('a') && ago < 3 ? 0.3 : 0.01, ago),
    );
    const list = { hashtags: names.map((name) => ({ name, group: 'long '.repeat(12).trim() })) };
    const data = await buildData(db, parseWatchlist(JSON.stringify(list)));
    const address = await serve(new Map([...pageFiles, ...data]));
    for (const hash of ['', `#tags=${names}`, `#hashtag=${names[0]}`]) {
      const page = await open(address + hash, { width: 360, height: 740 });
      await page.locator('.legend li').first().waitFor();
      await page.locator('.stage').focus();
      for (const key of ['Home', 'End']) {
        await page.keyboard.press(key);
        await page.locator('.tooltip:visible').waitFor();
        const width = 'document.documentElement.scrollWidth - window.innerWidth';
        expect(await page.evaluate(width)).toBeLessThanOrEqual(0);
      }
    }
  });

  it('shows only the chart if it is embedded', async () => {
    const page = await open(`${await serve(site)}?embed#tags=llm`);
    await page.locator('canvas').waitFor();
    expect(await page.locator('table:visible, header:visible, button:visible').count()).toBe(0);
    expect(await page.getByRole('link').getAttribute('href')).toBe('/#tags=llm');
  });

  describe('says in words what is wrong', () => {
    const damagedDatabase = (change: (bytes: Buffer) => Buffer) => (files: SiteFiles) => {
      const path = 'data/tracker.db.gz';
      files.set(path, gzipSync(change(gunzipSync(files.get(path) ?? ''))));
    };
    it.each<[string, (files: SiteFiles) => unknown, RegExp]>([
      [
        'a file is missing',
        (files) => files.delete('data/tracker.db.gz'),
        /tracker\.db\.gz is missing/,
      ],
      [
        'a file was cut short',
        (files) =>
          files.set(
            'data/tracker.db.gz',
            files.get('data/tracker.db.gz')?.slice(0, 9000) ?? new Uint8Array(),
          ),
        /tracker\.db\.gz is damaged or was cut short/,
      ],
      [
        'a file is no database',
        damagedDatabase(() => Buffer.from('hello'.repeat(99))),
        /is damaged/,
      ],
      ['the database is damaged', damagedDatabase((bytes) => bytes.fill(0, 8192)), /damaged/],
      [
        'the data is newer',
        damagedDatabase((bytes) => {
          bytes.writeUInt32BE(99, 60);
          return bytes;
        }),
        /The data is newer than this page \(schema 99/,
      ],
      [
        'its description is nonsense',
        (files) => files.set('data/site.json', Buffer.from('{')),
        /site\.json is damaged/,
      ],
      [
        'a part of the page is missing',
        (files) => files.delete([...files.keys()].find((file) => file.includes('worker')) ?? ''),
        /part of this page is missing/,
      ],
      [
        'the browser has no WebAssembly',
        (files) => {
          const path = [...files.keys()].find((file) => file.includes('worker')) ?? '';
          files.set(
            path,
            Buffer.concat([
              Buffer.from('delete globalThis.WebAssembly;'),
              files.get(path) ?? Buffer.of(),
            ]),
          );
        },
        /no WebAssembly/,
      ],
    ])('if %s', async (_, change, words) => {
      const files = new Map(site);
      change(files);
      const page = await open(await serve(files), { failures: true });
      await expect.poll(() => page.getByRole('alert').innerText()).toMatch(words);
    });
  });

  it('shows views if no videos are known, and the last days of a hashtag that has ended', async () => {
    using db = await createHistory(['ended', 'llm'], 100, (name, ago) =>
      name === 'ended' && ago < 60
        ? null
        : { videoCount: null, viewCount: 9_000_000 - ago * 9_001 },
    );
    const list = {
      hashtags: [
        { name: 'ended', group: 'a' },
        { name: 'llm', group: 'a' },
      ],
    };
    const data = await buildData(db, parseWatchlist(JSON.stringify(list)));
    const page = await open(await serve(new Map([...pageFiles, ...data])));
    expect(await page.locator('.groups').innerText()).toContain('9,000,000');
    await expect.poll(() => page.locator('.legend li bdi').allInnerTexts()).toEqual(['#llm']);
    expect(await page.locator('.stage').getAttribute('aria-label')).toMatch(
      /^Views: #llm, 23 Oct to 22 Nov 2026/,
    );
    await page.getByRole('link', { name: '#ended' }).click();
    const last = addDays(TODAY, -60);
    await expect
      .poll(() => page.locator('.stage').getAttribute('aria-label'))
      .toBe(`Views: #ended, ${formatDates(addDays(last, -30), last)}`);
    const text = await page.locator('main').innerText();
    expect(text).toContain('It has no count on the newest day');
    expect(text).toMatch(
      /Next: 10,000,000 views\. It has no new counts, so nobody can say when\.\n/,
    );
  });

  it('says on the first day when growth appears', async () => {
    using db = await createHistory(['llm'], 1, () => ({ videoCount: 5, viewCount: 9 }));
    const data = await buildData(db, parseWatchlist('["llm"]'));
    const page = await open(await serve(new Map([...pageFiles, ...data])));
    const text = await page.locator('main').innerText();
    expect(text).toContain('Growth appears from the second day on');
    expect(text).not.toContain('usual day');
  });

  it('says that there is no data yet', async () => {
    using db = await parseDatabase(null);
    const files = new Map([...pageFiles, ...(await buildData(db, WATCHLIST))]);
    const page = await open(await serve(files));
    expect(await page.locator('main').innerText()).toContain('There is no data yet');
  });

  it('of a thousand hashtags loads what it shows, and a whole history by one more request', async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `tag${i}`);
    using db = await createHistory(names, 40, (_, ago) => growing(50_000, 0.01, ago));
    const data = await buildData(db, parseWatchlist(JSON.stringify(names)), 1);
    expect(data.size).toBe(1003);
    const page = await open(await serve(new Map([...pageFiles, ...data])));
    const requests: string[] = [];
    page.on('request', (request) => requests.push(new URL(request.url()).pathname));
    expect(await rowsOf(page).count()).toBe(100);
    await page.getByRole('button', { name: 'Show all 1,000' }).click();
    expect(await rowsOf(page).count()).toBe(1000);
    await expect.poll(() => page.url()).toMatch(/#rows=all$/);
    const sortByName = page.getByRole('button', { name: 'Hashtag', exact: true });
    for (const expected of [names.toSorted(), names.toSorted().reverse()]) {
      await sortByName.click();
      const shown = await page.locator('.hashtags tbody th').allTextContents();
      expect(shown.map((name) => name.replace('#', ''))).toEqual(expected);
    }
    await page.getByPlaceholder('Search').fill('tag98');
    expect(await rowsOf(page).count()).toBe(11);
    await page.getByLabel('Show #tag987 in the chart').check();
    await expect.poll(() => page.locator('.legend li bdi').allInnerTexts()).toEqual(['#tag987']);
    expect(requests).toEqual(['/data/hashtags/987.db.gz']);
  });

  it('shows hostile names as the text that they are', async () => {
    using db = await parseDatabase(null);
    for (const name of HOSTILE_NAMES) {
      for (const ago of [1, 0]) {
        const row = [addDays(TODAY, -ago), name, 100_000 - ago * 9000, 5];
        db.run('INSERT INTO snapshots VALUES (?, ?, ?, ?)', row);
      }
    }
    const group = '<b>&amp;"\'</b>';
    const list = {
      hashtags: [
        { name: 'a', group },
        { name: 'b', group: '#x=1&y,z' },
      ],
    };
    const files = new Map([
      ...pageFiles,
      ...(await buildData(db, parseWatchlist(JSON.stringify(list)))),
    ]);
    const page = await open(await serve(files));
    expect(await page.locator('main').innerText()).toContain('<img src=x onerror=alert(1)>');
    expect(await page.locator('main img, main b').count()).toBe(0);
    await page.getByRole('link', { name: '<img src=x' }).first().click();
    await expect.poll(() => page.locator('h1').innerText()).toContain('<img src=x');
    await page.goBack();
    await page.getByRole('link', { name: group }).click();
    await expect.poll(() => page.locator('h1').innerText()).toBe(group);
  });

  it('allows no script and no address but its own', async () => {
    const html = Buffer.from(site.get('index.html') ?? '').toString();
    expect(html).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; ");
    expect(html).not.toMatch(
      /unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)|<style|style=|https?:\/\//,
    );
    const bytes = [...pageFiles].map(([path, contents]) =>
      path.endsWith('.gz') ? contents.length : gzipSync(contents).length,
    );
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(450_000);
  });
});
