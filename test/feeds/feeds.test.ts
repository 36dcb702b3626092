import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { Database } from 'sql.js';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import { FEED_PATH, WEEKLY_FEED_PATH } from '../../scripts/lib/core/paths.ts';
import { webAddress } from '../../scripts/lib/feeds/place.ts';
import { writeFeeds } from '../../scripts/lib/feeds/write.ts';
import { readDays } from '../../scripts/lib/store/days.ts';
import { recordRun } from '../../scripts/lib/store/record.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { createFolder } from '../helpers/folder.ts';
import { commitFile, createRepository } from '../helpers/repository.ts';
import { createHistory, growing, runOn } from '../helpers/site.ts';
import { HOSTILE_NAMES, TODAY } from '../helpers/snapshots.ts';
import { runTrack, startApi } from '../helpers/tracker.ts';

const PAGE = 'https://somebody.github.io/tags/';
const WATCHLIST = parseWatchlist(
  JSON.stringify({ settings: { dashboard: PAGE }, hashtags: ['cursor', 'llm'] }),
);

async function createRoot(): Promise<string> {
  const root = await createFolder();
  await mkdir(path.join(root, 'reports'));
  return root;
}

/** 60 days. #cursor breaks out on the last two days; #new begins 10 days ago; #llm fails 5 days ago. */
const createNews = () =>
  createHistory(['cursor', 'llm', 'new'], 60, (name, ago) => {
    if ((name === 'new' && ago > 10) || (name === 'llm' && ago === 5)) return null;
    const counts = growing(200_000, 0.01, ago);
    if (name === 'cursor' && ago < 2) counts.videoCount += 20_000 * (2 - ago);
    return counts;
  });

type Entry = { id: string; title: string; updated: string; content: { '#text': string } };

/** The feed as a parser of another origin reads it. */
async function readFeed(root: string, file = FEED_PATH) {
  const text = await readFile(path.join(root, file), 'utf8');
  expect(XMLValidator.validate(text)).toBe(true);
  const options = { ignoreAttributes: false, isArray: (name: string) => name === 'entry' };
  const { feed } = new XMLParser(options).parse(text);
  for (const one of [feed, ...feed.entry]) {
    expect(one.id).toMatch(/^tag:somebody\.github\.io,20\d\d-\d\d-\d\d:\/tags\//);
    expect(new Date(one.updated).toISOString()).toBe(one.updated);
    expect(String(one.title['#text'] ?? one.title)).not.toBe('');
  }
  const entries = feed.entry as Entry[];
  expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
  const textOf = (value: unknown) =>
    String(typeof value === 'object' && value !== null ? Object.values(value)[0] : value);
  return { text, entries: entries.map((entry) => ({ ...entry, title: textOf(entry.title) })) };
}

const write = (db: Database, root: string, watchlist = WATCHLIST) =>
  writeFeeds(db, watchlist, root, readDays(db));

describe('the feed', () => {
  it('has an entry for each day with news, and for each week', async () => {
    using db = await createNews();
    const root = await createRoot();
    expect(await write(db, root)).toEqual([FEED_PATH, WEEKLY_FEED_PATH]);
    const { entries } = await readFeed(root);
    const titles = entries.map(({ title }) => title);
    expect(titles.slice(0, 2)).toEqual([
      `${TODAY}: #cursor breakout`,
      `${addDays(TODAY, -5)}: 1 hashtag missed`, // and no entry for a trend of one day
    ]);
    expect(titles).toContain(`${addDays(TODAY, -10)}: #new new`);
    expect(titles.filter((title) => title.startsWith('Week '))).toHaveLength(5);
    expect(entries[0]).toMatchObject({
      id: 'tag:somebody.github.io,2026-11-22:/tags/2026-11-22',
      updated: '2026-11-22T06:18:00.000Z',
    });
    expect(JSON.stringify(entries[0]?.content)).toMatch(/breakout, \d+ × its usual: .* · \+10\.1%/);
    const weekly = await readFeed(root, WEEKLY_FEED_PATH);
    expect(weekly.entries.map(({ title }) => title)).toEqual(
      titles
        .filter((title) => title.startsWith('Week '))
        .concat(weekly.entries.slice(5).map(({ title }) => title)),
    );
  });

  it('has the first thirty lines of a day, and says how many more there are', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `new${i}`);
    using db = await createHistory(['llm', ...names], 3, (name, ago) =>
      name !== 'llm' && ago > 0 ? null : growing(200_000, 0.01, ago),
    );
    const root = await createRoot();
    await write(db, root);
    const { entries } = await readFeed(root);
    const content = entries[0]?.content['#text'] ?? '';
    expect(content.match(/<li><a /g)).toHaveLength(30);
    expect(content.endsWith('</li><li>… and 10 more</li></ul>')).toBe(true);
  });

  it('stays as it is if it is made again, and on a day without news', async () => {
    using db = await createNews();
    const root = await createRoot();
    await write(db, root);
    const before = await readFeed(root);
    await write(db, root);
    expect((await readFeed(root)).text).toBe(before.text);
    const next = addDays(TODAY, 1);
    // On Monday the week is over.
    recordRun(db, {
      ...runOn(next, 1),
      snapshots: [{ hashtag: 'llm', videoCount: 202_000, viewCount: null }],
    });
    await write(db, root);
    const monday = await readFeed(root);
    expect(monday.entries[0]?.title).toMatch(/^Week 47 of 2026: #cursor videos \+/);
    const { mtimeMs } = await stat(path.join(root, FEED_PATH));
    const tuesday = addDays(TODAY, 2);
    recordRun(db, {
      ...runOn(tuesday, 1),
      snapshots: [{ hashtag: 'llm', videoCount: 204_020, viewCount: null }],
    });
    expect(await write(db, root)).toEqual([]);
    expect((await stat(path.join(root, FEED_PATH))).mtimeMs).toBe(mtimeMs);
  });

  it('updates the entry of a day that a later run completes', async () => {
    using db = await createHistory(['a', 'b'], 40, (name, ago) =>
      name === 'b' && ago === 0 ? null : growing(5000, 0.01, ago),
    );
    const root = await createRoot();
    await write(db, root);
    expect((await readFeed(root)).entries[0]?.title).toBe(`${TODAY}: 1 hashtag missed`);
    recordRun(db, {
      ...runOn(TODAY, 2),
      snapshots: [{ hashtag: 'b', videoCount: 5000, viewCount: 9 }],
    });
    await write(db, root);
    expect((await readFeed(root)).text).not.toContain('missed');
  });

  it('is not there if neither address is known; a repository’s is enough', async () => {
    using db = await createNews();
    const root = await createRoot();
    const plain = parseWatchlist('["cursor"]');
    expect(await write(db, root, plain)).toEqual([]);
    await git(root, ['init', '--quiet']);
    await git(root, ['remote', 'add', 'origin', '/some/where.git']);
    expect(await write(db, root, plain)).toEqual([]);
    await git(root, ['remote', 'set-url', 'origin', 'git@github.com:somebody/tags.git']);
    expect(await write(db, root, plain)).toEqual([FEED_PATH, WEEKLY_FEED_PATH]);
    const text = await readFile(path.join(root, FEED_PATH), 'utf8');
    expect(text).toContain('<id>tag:github.com,2026-11-22:/somebody/tags/2026-11-22</id>');
    expect(text).toContain('https://github.com/somebody/tags/blob/HEAD/reports/2026-11-22.md');
  });

  it('shows hostile names as the text that they are', async () => {
    using db = await createHistory(['a'], 30, (_, ago) => growing(5000, 0.01, ago));
    for (const name of HOSTILE_NAMES) {
      db.run('INSERT INTO snapshots VALUES (?, ?, 100, 5)', [TODAY, name]);
    }
    const root = await createRoot();
    await write(db, root);
    const { text } = await readFeed(root);
    expect(text).not.toMatch(
      /<(?!!\[CDATA\[|\/?(?:feed|id|title|updated|generator|author|name|link|entry|content|ul|li|a)\b|\?xml)/,
    );
    await writeFile(path.join(root, FEED_PATH), 'damaged');
    expect(await write(db, root)).toContain(FEED_PATH);
  });
});

describe('a run that publishes', () => {
  it('publishes the feed with the reports, and nothing if there is no news', async () => {
    const { root } = await createRepository(['cursor', 'llm']);
    const settings = { dashboard: PAGE };
    const list = JSON.stringify({ settings, hashtags: ['cursor', 'llm'] });
    await commitFile(root, 'data/hashtags.json', list, true);
    await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-21' });
    expect(await git(root, ['ls-tree', '--name-only', 'origin/main', FEED_PATH])).toBe('');
    const fault = (name: string) => (name === 'llm' ? { status: 400 } : null);
    await runTrack(root, await startApi({ fault }), ['--publish'], { day: '2026-11-22' });
    const text = await git(root, ['show', `origin/main:${FEED_PATH}`]);
    expect(text).toContain('2026-11-22: 1 hashtag missed');
    expect(await git(root, ['status', '--porcelain'])).toBe('');
  });
});

describe('the address of a repository', () => {
  it.each([
    ['https://github.com/somebody/tags', 'https://github.com/somebody/tags'],
    [
      'https://x-access-token:secret@github.com/some.body/tags.git',
      'https://github.com/some.body/tags',
    ],
    ['git@github.com:somebody/tags.git', 'https://github.com/somebody/tags'],
    ['ssh://git@github.com/somebody/tags', 'https://github.com/somebody/tags'],
    ['https://example.com/somebody/tags', null],
    ['/srv/github.com/somebody/tags', null],
  ])('of %s is %s', (remote, address) => {
    expect(webAddress(remote)).toBe(address);
  });
});
