import { describe, expect, it } from 'vitest';
import { composeOutputs } from '../../scripts/lib/notify/outputs.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { dayRecord, rows } from '../helpers/snapshots.ts';

/** A month of the same growth a day, and then other days. */
function series(hashtag: string, perDay: number, last: number[]) {
  const counts = Array.from({ length: 30 }, (_, i) => 5000 + i * perDay);
  for (const added of last) counts.push((counts.at(-1) ?? 0) + added);
  return rows(hashtag, counts);
}

const reportOf = (...history: ReturnType<typeof series>[]) =>
  composeReport(dayRecord(history.flat()), parseWatchlist('["a"]'));

function outputsOf(...history: ReturnType<typeof series>[]) {
  const report = reportOf(...history);
  const { trending = '', surging = '', ...others } = composeOutputs(report, true);
  return { ...others, trending: JSON.parse(trending), surging: JSON.parse(surging) };
}

describe('the outputs', () => {
  it('list what is trending and what is surging; a breakout is both', () => {
    expect(
      outputsOf(
        series('breakout', 20, [400, 900]),
        series('surging', 20, [90, 100, 110, 120]),
        series('calm', 20, [20]),
      ),
    ).toEqual({
      date: '2026-11-22',
      captured: '3',
      failed: '0',
      trending: [{ hashtag: 'breakout', growthPercent: 15.05, breakout: true }],
      surging: [
        { hashtag: 'breakout', timesUsual: 32.5, added: 1300, days: 2, breakout: true },
        { hashtag: 'surging', timesUsual: 5.3, added: 420, days: 4, breakout: false },
      ],
      report: 'reports/2026-11-22.md',
    });
  });

  it('give no number of times where the usual is nothing', () => {
    expect(outputsOf(series('a', 0, [400, 900])).surging).toEqual([
      { hashtag: 'a', timesUsual: null, added: 1300, days: 2, breakout: true },
    ]);
  });

  it('list what is trending without a usual, but not as surging', () => {
    const outputs = outputsOf(rows('a', [1000, 1100]));
    expect(outputs.trending).toEqual([{ hashtag: 'a', growthPercent: 10, breakout: false }]);
    expect(outputs.surging).toEqual([]);
  });

  it('list the first ones as far as an environment variable has room', () => {
    const days = Array.from({ length: 1500 }, (_, i) => series(`tag${i}`, 1, [5000 + i, 9000 + i]));
    const report = reportOf(...days);
    const { trending = '', surging = '' } = composeOutputs(report, true);
    for (const text of [trending, surging]) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(60_000);
      expect(Buffer.byteLength(text)).toBeGreaterThan(59_000);
      const names = JSON.parse(text).map(({ hashtag }: { hashtag: string }) => hashtag);
      expect(names).toEqual(report.trends.slice(0, names.length).map(({ hashtag }) => hashtag));
    }
  });

  it('do not list what cools', () => {
    const cooling = series('a', 20, [400, 900, 10, 10, 10, 10, 10, 10]);
    expect(reportOf(cooling).trends[0]?.signal).toBe('cooling');
    expect(outputsOf(cooling)).toMatchObject({ trending: [], surging: [] });
  });
});
