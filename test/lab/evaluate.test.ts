import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../scripts/lab/evaluate.ts';
import { liveMornings } from '../../scripts/lab/evaluation/mornings.ts';
import { lookBack, scoreFlags } from '../../scripts/lab/evaluation/score.ts';
import { addDays, dayNumber } from '../../scripts/lib/core/day.ts';
import { computeTrends } from '../../scripts/lib/trends/trends.ts';
import { createFolder } from '../helpers/folder.ts';
import { day, rows, THRESHOLD } from '../helpers/snapshots.ts';
import { runInProcess } from '../helpers/tracker.ts';

const FIRST_DAY = day('2026-01-01');
const repeat = (count: number, gain: number): number[] => Array.from({ length: count }, () => gain);

/** `start`, and then these gains. */
function valuesOf(start: number, gains: number[]): number[] {
  const counts = [start];
  for (const gain of gains) counts.push((counts.at(-1) ?? 0) + gain);
  return counts;
}

/** The lines of a hashtag with these views from the first day on. */
function linesOf(hashtag: string, start: number, gains: number[]): string[] {
  return valuesOf(start, gains).map((views, i) => `${views},${addDays(FIRST_DAY, i)},${hashtag}`);
}

/** Hashtags that surge, break out, jump by rounding, and begin a surge that does not last. */
const LINES = [
  ...linesOf('surge', 9001, [...repeat(40, 10), ...repeat(12, 35), ...repeat(30, 10)]),
  ...linesOf('breakout', 2001, [...repeat(45, 2), ...repeat(6, 150), ...repeat(25, 5)]),
  ...linesOf('wild', 1000, [...repeat(50, 1), 300, -300, ...repeat(20, 1)]),
  ...linesOf('rounded', 1_000_000, [
    ...repeat(7, 0),
    ...repeat(8, 0).flatMap(() => [100_000, ...repeat(9, 0)]),
  ]),
  ...linesOf('brief', 9001, [...repeat(40, 10), 40, 60, ...repeat(30, 10)]),
].filter((_, i) => i % 23 !== 22); // with gaps

const csv = (lines: string[]) => ['view_count,date,hashtag', ...lines, ''].join('\n');

async function run(content: string | Buffer, ...args: string[]) {
  const root = await createFolder();
  await writeFile(path.join(root, 'readings.csv'), content);
  return runInProcess(evaluate, root, [...args, 'readings.csv'], {});
}

/** The cells of a line of the table. */
const cellsOf = (output: string, rule: string) =>
  output
    .split('\n')
    .find((line) => line.startsWith(`| ${rule} `))
    ?.split('|')
    .slice(2, -1)
    .map((cell) => cell.trim());

/** The expected figures were computed by another program for the same measure. */
describe('the table', () => {
  it('has the figures of the reference for the tutorial’s rule', async () => {
    const ran = await run(csv(LINES));
    expect(ran.exitCode).toBe(0);
    expect(ran.output).toContain('3 surges in 377 readings of 5 hashtags');
    const figures = ['0.667', '0.462', '47.7', '0.750', '0.59', '7', '13', '8'];
    expect(cellsOf(ran.output, 'the tutorial’s rule')).toEqual(figures);
  });

  it('has the figures of the flags that --flags prints', async () => {
    const [table, flags] = [await run(csv(LINES)), await run(csv(LINES), '--flags')];
    const countsOf = countsByHashtag();
    for (const rule of ['trending', 'surging', 'breakout']) {
      const flagged = flags.output.split('\n').filter((line) => line.endsWith(`,${rule}`));
      const score = scoreFlags(
        [...countsOf].map(([hashtag, counts]) => ({
          hindsight: lookBack(counts),
          flags: flagged
            .filter((line) => line.split(',')[1] === hashtag)
            .map((line) => dayNumber(day(line.slice(0, 10)))),
        })),
      );
      const cells = [score.found?.toFixed(3), String(score.flags), String(score.alarms)];
      expect([0, 6, 7].map((i) => cellsOf(table.output, rule)?.[i])).toEqual(cells);
      expect(score.flags).toBeGreaterThan(0);
    }
  });
});

const countsByHashtag = () => {
  const countsOf = new Map<string, Map<number, number>>();
  for (const line of LINES) {
    const [views = '', date = '', hashtag = ''] = line.split(',');
    const counts = countsOf.get(hashtag) ?? new Map<number, number>();
    countsOf.set(hashtag, counts.set(dayNumber(day(date)), Number(views)));
  }
  return countsOf;
};

describe('the score', () => {
  it('is that of the reference for any flags', () => {
    // Surges last from 39 to 46 and from 39 to 49: the day before and 7 after are still right.
    const offsets: Record<string, number[]> = {
      surge: [37, 38, 47, 48, 53, 54],
      breakout: [43, 56, 57],
      wild: [20, 36, 42],
      brief: [42],
    };
    const hashtags = [...countsByHashtag()].map(([hashtag, counts]) => ({
      hindsight: lookBack(counts),
      flags: (offsets[hashtag] ?? []).map((offset) => dayNumber(FIRST_DAY) + offset),
    }));
    expect(scoreFlags(hashtags)).toEqual({
      episodes: 3,
      found: 2 / 3,
      flags: 12,
      falseFlags: 0.5,
      falsePer100Months: expect.closeTo(47.7, 1),
      alarms: 6,
      falseAlarms: 0.5,
      delayDays: 6,
      gainAlreadyThere: expect.closeTo(0.29, 2),
    });
  });
});

describe('the flags', () => {
  it('are those of each morning’s own report, by videos or else by views', () => {
    const videos = valuesOf(2001, [...repeat(45, 2), ...repeat(6, 150), ...repeat(25, 5)]);
    const views = valuesOf(9001, [...repeat(60, 10), ...repeat(16, 200)]);
    const isUnknown = (i: number) => i % 9 === 8 || i > 65;
    const series = rows(
      'tag',
      videos.map((count, i) => (isUnknown(i) ? null : count)),
      views,
    );
    const { signals } = liveMornings('tag', series, THRESHOLD);
    const byDay = new Map(signals.map((found) => [found.day, found.signal]));
    for (const snapshot of series) {
      const [trend] = computeTrends(series, snapshot.day, () => THRESHOLD);
      expect(byDay.get(snapshot.day) ?? null, snapshot.day).toBe(trend?.signal);
    }
    // The breakout shows only in videos, the surge at the end only in views.
    expect(signals).toContainEqual({ day: series.at(-1)?.day, signal: 'surging' });
    expect(signals.map(({ signal }) => signal)).toContain('breakout');
  });

  it('are a CSV of days in order, without cooling', async () => {
    const { output, exitCode } = await run(gzipSync(csv(LINES)), '--flags');
    const [header, ...lines] = output.trimEnd().split('\n');
    expect([exitCode, header]).toEqual([0, 'date,hashtag,signal']);
    for (const line of lines)
      expect(line).toMatch(/^2026-\d\d-\d\d,\w+,(trending|surging|breakout)$/);
    expect(lines).toEqual(lines.toSorted());
    expect(lines).toContain('2026-02-16,breakout,trending');
  });
});

describe('a file', () => {
  const two = ['5,2026-01-01,llm', '6,2026-01-02,llm'];

  it.each([
    [
      'has no such column',
      'day,tag\n',
      /^.*readings\.csv is not a CSV of counts: .* it lacks date/,
    ],
    [
      'has no row with a count',
      'date,hashtag,view_count\n',
      /readings\.csv has no row with a count/,
    ],
    ['is cut off', gzipSync(csv(LINES)).subarray(0, 99), /readings\.csv can't be unzipped: /],
    [
      'is not text',
      Buffer.from([1, 2, 0, 255]),
      /readings\.csv can't be read: it is not a text file/,
    ],
  ])('that %s is refused with one message', async (_, content, message) => {
    const ran = await run(content);
    expect(ran).toMatchObject({ exitCode: 2, output: expect.stringMatching(message) });
    expect(ran.output).not.toContain('\n');
  });

  it('that is not there is refused', async () => {
    const ran = await runInProcess(evaluate, await createFolder(), ['none.csv'], {});
    expect(ran).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining("none.csv can't be"),
    });
  });

  it('with a bad row is measured without it, and the line is named', async () => {
    const ran = await run(csv([...two, '7,2026-02-30,llm']));
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toContain('readings.csv, line 4: left out: "2026-02-30" is not a day');
    expect(ran.output).toContain('2 readings of 1 hashtag');
  });

  it('with a day twice is measured by the later row, and both lines are named', async () => {
    const ran = await run(csv([...two, '7,2026-01-01,#LLM']));
    expect(ran.exitCode).toBe(0);
    expect(cellsOf(ran.output, 'surging')?.[0]).toBe('–');
    expect(ran.output).toContain('line 4: replaces line 2, which also has #llm on 2026-01-01');
    expect(ran.output).toContain('2 readings of 1 hashtag');
  });
});
