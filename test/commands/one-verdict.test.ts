import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashtagAnswer, UNKNOWN_HASHTAG_ANSWER } from '../../scripts/lab/stand-in.ts';
import { daysUpTo } from '../../scripts/lib/core/day.ts';
import { findTroubles } from '../../scripts/lib/notify/troubles.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { readDay } from '../../scripts/lib/store/days.ts';
import { openDatabase } from '../../scripts/lib/store/open.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { readWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { createFolder } from '../helpers/folder.ts';

import { createRepository, writeWatchlist } from '../helpers/repository.ts';
import { day, TODAY } from '../helpers/snapshots.ts';
import { queryDatabase, runScript, runTrack, startApi } from '../helpers/tracker.ts';

/** What each part of the tracker says about the hashtags that the day lacks. */
async function verdictsOf(root: string, ran: { exitCode: number; outputs: object }, today = TODAY) {
  const read = (file: string) => readFile(path.join(root, 'reports', file), 'utf8');
  const watchlist = await readWatchlist(root);
  using db = await openDatabase(root);
  const record = readDay(db, today);
  const report = record === null ? null : composeReport(record, watchlist);
  const [trouble] = findTroubles({
    day: today,
    run: 'succeeded',
    report,
    watchlist,
    lastHeard: new Map(),
    creditsLeft: null,
  });
  const status = (await read(`${today}.md`)).match(/^(?:✅|⚠️) .*$/m)?.[0] ?? '';
  const [, captured, tracked] = / (\d+) of (\d+)/.exec(status) ?? [];
  const absent = / (\d+) not on TikTok/.exec(status)?.[1] ?? 0;
  return {
    exitCode: ran.exitCode,
    output: 'failed' in ran.outputs ? ran.outputs.failed : undefined,
    report: Number(tracked) - Number(captured) - Number(absent),
    index: /\d+ missed\)/.exec(await read('README.md'))?.[0],
    trouble: trouble?.kind === 'incomplete' ? trouble.missing.length : 0,
    audit: (await runScript('audit', [], root)).stdout.match(/no counts for .*/)?.[0],
  };
}

describe('the state of a day', () => {
  it('is the same everywhere: where TikTok seems to have no hashtag, all are missed', async () => {
    const { root } = await createRepository(['a', 'b']);
    const api = await startApi({ answer: () => UNKNOWN_HASHTAG_ANSWER });
    const ran = await runTrack(root, api, ['--publish']);
    expect(ran.output).toContain('error: Still missing: #a, #b.');
    expect(await verdictsOf(root, ran)).toEqual({
      exitCode: 1,
      output: '2',
      report: 2,
      index: '2 missed)',
      trouble: 2,
      audit: 'no counts for #a, #b',
    });
  });

  it('is the same everywhere: a hashtag that TikTok does not have is not missed', async () => {
    const { root } = await createRepository(['a', 'b']);
    const answer = (name: string) =>
      name === 'b' ? UNKNOWN_HASHTAG_ANSWER : hashtagAnswer(name, 1, 2);
    const ran = await runTrack(root, await startApi({ answer }), ['--publish']);
    expect(await verdictsOf(root, ran)).toEqual({
      exitCode: 0,
      output: '0',
      report: 0,
      index: undefined,
      trouble: 0,
      audit: undefined,
    });
  });
});

describe('the state of a day on which a hashtag with a count is not found', () => {
  it('is the same everywhere: missed for three days, and gone on the fourth', async () => {
    const { root } = await createRepository(['a', 'b']);
    const days = [...daysUpTo(TODAY, 5)];
    let isLost = false;
    const answer = (name: string) =>
      name === 'b' && isLost ? UNKNOWN_HASHTAG_ANSWER : hashtagAnswer(name, 1, 2);
    const api = await startApi({ answer });
    const verdicts: unknown[] = [];
    for (const today of days) {
      const ran = await runTrack(root, api, ['--publish'], { day: today });
      verdicts.push(await verdictsOf(root, ran, today));
      isLost = true;
    }
    const missedDays = days.slice(1, 4);
    const audit = missedDays.map((missed) => `${missed}: no counts for #b`);
    const found = { exitCode: 0, output: '0', report: 0, trouble: 0 };
    const missed = { exitCode: 1, output: '1', report: 1, trouble: 1 };
    const saidBy = (nth: number) => ({
      index: nth === 0 ? undefined : '1 missed)',
      audit: nth === 0 ? undefined : audit[0]?.slice(12),
    });
    expect(verdicts).toEqual([
      { ...found, ...saidBy(0) },
      ...missedDays.map(() => ({ ...missed, ...saidBy(1) })),
      { ...found, ...saidBy(1) },
    ]);
    const printed = (await runScript('audit', [], root)).stdout;
    expect(printed.match(/\S+: no counts for .*/g)).toEqual(audit);
    const index = await readFile(path.join(root, 'reports/README.md'), 'utf8');
    expect(index.match(/\(1 missed\)/g)).toHaveLength(3);
  });
});

describe('growth over several days', () => {
  it('says so in the commit message as well', async () => {
    const { root, remote } = await createRepository(['a']);
    await runTrack(root, await startApi(), ['--publish'], { day: '2026-11-18' });
    const grown = await startApi({ answer: (name) => hashtagAnswer(name, 1300, 50_000) });
    await runTrack(root, grown, ['--publish'], { day: '2026-11-22' });
    expect(await git(remote, ['log', '-1', '--format=%s', 'main'])).toBe(
      '2026-11-22: 1 of 1 hashtag, 1 trending (#a +6.8%/day over 4 days)',
    );
  });
});

describe('spent credits', () => {
  const names = Array.from({ length: 100 }, (_, i) => `hashtag${i}`);
  const fileSize = async (root: string) =>
    (await readFile(path.join(root, 'data/hashtag_tracker.db'))).length;

  it('are reported once and stored once, however many hashtags they keep from being asked', async () => {
    const root = await createFolder();
    await writeWatchlist(root, { settings: { concurrency: 5 }, hashtags: names });
    await runTrack(root, await startApi(), [], { day: '2026-11-21' });
    const before = await fileSize(root);
    const ran = await runTrack(root, await startApi({ credits: 0 }));
    expect(ran.output.match(/^error: .*/gm)).toEqual([
      expect.stringMatching(/^error: Stopped early: out of credits .*Still missing: #hashtag0, /),
    ]);
    const reasons = "SELECT count(*), count(nullif(reason, '')) FROM failures";
    expect(await queryDatabase(root, reasons)).toEqual([[100, 1]]);
    expect((await fileSize(root)) - before).toBeLessThanOrEqual(8192);
  });

  it('are the reason of every hashtag in the report', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['a', 'b', 'c']);
    await runTrack(root, await startApi({ credits: 1 }));
    const report = await readFile(path.join(root, 'reports', `${day('2026-11-22')}.md`), 'utf8');
    expect(report).toMatch(
      /\*\*Not asked\*\* `out of credits [^`]*`: \[#b\]\(\S+\), \[#c\]\(\S+\)\n/,
    );
  });
});
