import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashtagAnswer, UNKNOWN_HASHTAG_ANSWER } from '../../scripts/lab/stand-in.ts';
import { addDays } from '../../scripts/lib/core/day.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { createFolder } from '../helpers/folder.ts';

import { cloneRepository, createRepository, writeWatchlist } from '../helpers/repository.ts';
import { day } from '../helpers/snapshots.ts';
import { type Ran, runScript, runTrack, startApi } from '../helpers/tracker.ts';

const FIRST = day('2026-11-10');
const REASON = 'the API knows no such hashtag';

/** A tracker of some hashtags, and an API that loses and finds hashtags. */
async function createTracker(hashtags: string[]) {
  const root = await createFolder();
  await writeWatchlist(root, hashtags);
  const lost = new Set<string>();
  const down = new Set<string>();
  const api = await startApi({
    answer: (name) => (lost.has(name) ? UNKNOWN_HASHTAG_ANSWER : hashtagAnswer(name, 1000, 50_000)),
    fault: (name) => (down.has(name) ? { status: 418, body: { error: 'down' } } : null),
  });
  /** Runs on a day, counted from 0, and says for which hashtags it asked. */
  const run = async (nth: number, args: string[] = []) => {
    api.requests.length = 0;
    const ran = await runTrack(root, api, args, { day: addDays(FIRST, nth) });
    return { ...ran, asked: [...api.requests], news: newsOf(ran) };
  };
  const report = (nth: number) =>
    readFile(path.join(root, 'reports', `${addDays(FIRST, nth)}.md`), 'utf8');
  return { root, run, report, lost, down };
}

const newsOf = ({ outputs }: Ran) => JSON.parse(outputs.news ?? 'null');
const dateOf = (nth: number) => addDays(FIRST, nth);

describe('a hashtag with a history that is not found', () => {
  it('is missed if TikTok seems to have lost 49 of 50 for a moment, and the next attempt gets them', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `tag${i}`);
    const { run, report, lost } = await createTracker(names);
    expect((await run(0)).exitCode).toBe(0);
    for (const name of names.slice(1)) lost.add(name);

    const first = await run(1);
    expect(first.exitCode).toBe(1);
    expect(first.outputs).toMatchObject({ captured: '1', failed: '49' });
    // As many annotations as GitHub shows, with the sum of them.
    expect(first.output.match(/^error: .*but it had/gm)).toHaveLength(8);
    expect(first.output).toMatch(/^error: … and 41 more\nerror: Still missing: /m);
    expect(first.news.failures).toHaveLength(49);
    expect(first.output).toContain(
      `error: #tag7 was not found on TikTok (${REASON}), but it had ` +
        '1,000 videos, 50,000 views on 2026-11-10',
    );
    expect(first.output).toMatch(
      /^error: Still missing: #tag1, .* The next run asks for them again/m,
    );
    expect(await report(1)).toMatch(/^⚠️ \*\*49 missing: .* and 46 more\*\* · 1 of 50 hashtags · /m);
    expect(await report(1)).toContain('(it had 1,000 videos, 50,000 views on 2026-11-10)');
    expect(await report(1)).not.toContain('✅');

    lost.clear();
    const second = await run(1);
    expect(second).toMatchObject({ exitCode: 0, asked: names.slice(1) });
    expect(await report(1)).toContain('\n✅ 50 of 50 hashtags · ');
  });

  it('is missed for three days at every attempt, and gone from the fourth on', async () => {
    const { root, run, report, lost } = await createTracker(['a', 'b']);
    await run(0);
    lost.add('b');
    for (const nth of [1, 2, 3]) {
      for (const asked of [['a', 'b'], ['b'], ['b']]) {
        const ran = await run(nth);
        expect(ran).toMatchObject({ exitCode: 1, asked });
        expect(ran.output).not.toContain('gone');
      }
      expect(await report(nth)).toMatch(/^⚠️ \*\*1 missing: \[#b\].* · 1 of 2 hashtags · /m);
    }
    const gone = await run(4);
    expect(gone.exitCode).toBe(0);
    expect(gone.output.match(/^(note|warning|error): .*/gm)).toEqual([
      'note: #b is gone from TikTok since 2026-11-11',
    ]);
    expect(gone.news).toMatchObject({
      failures: [],
      moves: [{ hashtag: 'b', mark: '👋', words: 'gone from TikTok since 2026-11-11' }],
    });
    expect(await report(4)).toContain('\n✅ 1 of 2 hashtags · 1 not on TikTok · ');
    expect(await report(4)).toContain('**Gone from TikTok since 2026-11-11**: [#b]');
    expect(await run(4)).toMatchObject({ exitCode: 0, asked: [] });

    const later = await run(5);
    expect(later).toMatchObject({ exitCode: 0, asked: ['a', 'b'] });
    expect(later.output).not.toMatch(/^(note|warning|error): /m);
    expect(later.news.moves).toEqual([]);
    expect(await report(5)).not.toContain('Gone');
    const index = await readFile(path.join(root, 'reports', 'README.md'), 'utf8');
    expect(index.match(/\d+\]\(\S+\) \(1 missed\)/g)).toHaveLength(3);
  });

  it('begins again where it has a count, and is news where it was gone', async () => {
    const { run, report, lost } = await createTracker(['a', 'b']);
    await run(0);
    lost.add('b');
    for (const nth of [1, 2, 3]) await run(nth);
    lost.clear();
    const found = await run(4);
    expect(found.news.moves).toEqual([]);
    lost.add('b');
    for (const nth of [5, 6, 7]) expect((await run(nth)).exitCode).toBe(1);
    expect((await run(8)).news.moves).toMatchObject([
      { words: 'gone from TikTok since 2026-11-15' },
    ]);
    await run(9);
    lost.clear();
    const back = await run(10);
    expect(back).toMatchObject({
      exitCode: 0,
      news: { moves: [{ hashtag: 'b', mark: '↩️', words: 'back on TikTok' }] },
    });
    expect(back.output).toContain('note: #b is back on TikTok');
    expect(await report(10)).toContain('**Back on TikTok**: [#b]');
    expect((await run(11)).news.moves).toEqual([]);
  });

  it('is not gone because of days on which nothing was captured', async () => {
    const { run, lost, down } = await createTracker(['a', 'b']);
    await run(0);
    lost.add('a').add('b');
    for (const nth of [1, 2, 3, 4, 5, 6]) {
      const ran = await run(nth);
      expect(ran).toMatchObject({ exitCode: 1, asked: ['a', 'b'] });
      expect((await run(nth)).asked).toEqual(['a', 'b']);
    }
    lost.delete('a');
    for (const nth of [7, 8]) expect((await run(nth)).exitCode).toBe(1);
    down.add('a');
    expect(await run(9)).toMatchObject({ exitCode: 1, news: { failures: [{}, {}] } });
    down.clear();
    expect((await run(10)).exitCode).toBe(1);
    expect(await run(11)).toMatchObject({
      exitCode: 0,
      news: { moves: [{ hashtag: 'b', words: `gone from TikTok since ${dateOf(7)}` }] },
    });
  });

  it('is not gone because of days on which the requests failed', async () => {
    const { run, lost, down } = await createTracker(['a', 'b']);
    await run(0);
    down.add('b');
    for (const nth of [1, 2, 3, 4]) expect((await run(nth)).exitCode).toBe(1);
    down.clear();
    lost.add('b');
    for (const nth of [5, 6, 7]) expect((await run(nth)).exitCode).toBe(1);
    expect((await run(8)).exitCode).toBe(0);
  });

  it.each([
    ['before the first run', '2026-11-01', 1],
    ['on the day of the first run', '2026-11-10', 0],
  ])(
    'has the history of its name as the tutorial’s script stored it %s',
    async (_, dayOfScript, firstRun) => {
      const { root, run, lost } = await createTracker(['a', 'aitools']);
      const db = await openDatabase(root);
      db.run("INSERT INTO snapshots VALUES (?, '#AI Tools', 7, 8)", [dayOfScript]);
      await saveDatabase(db, root);
      db.close();
      lost.add('aitools');
      await run(firstRun);
      for (const nth of [2, 3, 4]) {
        const ran = await run(nth);
        expect(ran.exitCode).toBe(nth === 4 && firstRun === 1 ? 0 : 1);
        if (nth === 2)
          expect(ran.output).toContain(`but it had 7 videos, 8 views on ${dayOfScript}`);
      }
      expect((await run(5)).exitCode).toBe(0);
    },
  );
});

describe('a hashtag of which only others have a count', () => {
  it('is missed where the run publishes on top of theirs', async () => {
    const repository = await createRepository(['a', 'b']);
    const others = await cloneRepository(repository);
    const here = repository.root;
    let isLost = false;
    const answer = (name: string) =>
      name === 'b' && isLost ? UNKNOWN_HASHTAG_ANSWER : hashtagAnswer(name, 1000, 50_000);
    const api = await startApi({ answer });
    await runTrack(others, api, ['--publish'], { day: dateOf(0) });
    isLost = true;
    const ran = await runTrack(here, api, ['--publish'], { day: dateOf(1) });
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain('but it had 1,000 videos, 50,000 views on 2026-11-10');
    expect(newsOf(ran).failures).toHaveLength(1);
  });
});

describe('a hashtag that never had a count', () => {
  it('is asked once a day, without a word after the first day, until it appears', async () => {
    const { root, run, report, lost } = await createTracker(['a', 'b']);
    lost.add('b');
    const first = await run(0);
    expect(first).toMatchObject({ exitCode: 0, asked: ['a', 'b'], outputs: { failed: '0' } });
    expect(first.output).toContain(`warning: #b was not found on TikTok (${REASON})`);
    expect(await run(0)).toMatchObject({ exitCode: 0, asked: [] });
    for (const nth of [1, 2, 3, 4, 5]) {
      const ran = await run(nth);
      expect(ran).toMatchObject({ exitCode: 0, asked: ['a', 'b'] });
      expect(ran.output).not.toMatch(/^(note|warning|error): /m);
      expect(ran.news).toMatchObject({ failures: [], moves: [] });
    }
    lost.clear();
    const found = await run(6);
    expect(found.news.moves).toEqual([{ hashtag: 'b', mark: '🆕', words: 'now on TikTok' }]);
    expect(found.output).toContain('note: #b is now on TikTok');
    expect(await report(6)).toContain('**Now on TikTok**: [#b]');
    expect((await run(7)).news.moves).toEqual([]);
    expect((await runScript('audit', [], root)).stdout).not.toContain('no counts for');
  });
});
