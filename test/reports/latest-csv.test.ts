import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { renderLatestCsv } from '../../scripts/lib/reports/latest-csv.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { anyHistory, anyName, dayRecord, rows } from '../helpers/snapshots.ts';

function render(history: Snapshot[], hashtags: unknown[] = ['llm']): Promise<string> {
  const watchlist = parseWatchlist(JSON.stringify({ hashtags }));
  return renderLatestCsv(composeReport(dayRecord(history), watchlist));
}

const parse = (csv: string) =>
  Papa.parse<Record<string, string>>(csv, { header: true, skipEmptyLines: true });

/** The only row of the CSV, without its empty cells. */
async function known(history: Snapshot[]): Promise<Record<string, string>> {
  const [row = {}] = parse(await render(history)).data;
  return Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== ''));
}

describe('the CSV of the newest day', () => {
  it('has every figure of a hashtag, in plain numbers', async () => {
    const videos = Array.from({ length: 31 }, (_, i) => 1_200_001 + i * 1234);
    const views = Array.from({ length: 31 }, (_, i) => 98_000_017 + i * 12_345);
    const times = ['2026-11-21T05:17:00Z', '2026-11-22T15:29:00Z'].map(Date.parse);
    const history = rows('llm', videos, views).map((row, i) => ({
      ...row,
      capturedAt: times[i - 29] ?? null,
    }));
    const csv = await render(history, [{ name: 'llm', group: 'Models, all' }]);
    expect(csv).toBe(
      'date,hashtag,group,video_count,view_count,rank,ranked_by,trending,breakout,' +
        'videos_added,videos_growth_over_days,videos_growth_percent_per_day,videos_within_rounding,' +
        'views_added,views_growth_over_days,views_growth_percent_per_day,views_within_rounding,' +
        'growth_7_days_percent,growth_30_days_percent,' +
        'videos_growth_over_hours,views_growth_over_hours,times_usual,signal\n' +
        '2026-11-22,llm,"Models, all",1237021,98370367,1,videos,false,false,' +
        '1234,1,0.07,false,12345,1,0.01,false,0.7,3.08,34,34,1,\n',
    );
  });

  it.each<[string, Snapshot[], Record<string, string>]>([
    ['a first day', rows('llm', [5], [9]), { video_count: '5', view_count: '9' }],
    ['an unknown count', rows('llm', [null], [9]), { view_count: '9' }],
    [
      'a zero baseline',
      rows('llm', [0, 12]),
      { video_count: '12', videos_added: '12', videos_growth_over_days: '1' },
    ],
  ])('leaves unknown figures empty for %s', async (_case, history, expected) => {
    const rest = { date: '2026-11-22', hashtag: 'llm', trending: 'false', breakout: 'false' };
    expect(await known(history)).toEqual({ ...rest, ...expected });
  });

  it.each<[string, Snapshot[], Record<string, string>]>([
    [
      'a trend over a gap',
      rows('llm', [100, null, 121]),
      {
        trending: 'true',
        signal: 'trending',
        videos_growth_percent_per_day: '10',
        videos_growth_over_days: '2',
      },
    ],
    [
      'a breakout, as a multiple of its usual',
      rows('llm', [...Array.from({ length: 30 }, (_, i) => 1000 + i * 10), 1490, 2780]),
      { breakout: 'true', signal: 'breakout', times_usual: '74.5' },
    ],
    [
      'a change within rounding',
      rows('llm', [1e6, 1.1e6]),
      { trending: 'false', videos_within_rounding: 'true' },
    ],
    [
      'a fall',
      rows('llm', [100, 75]),
      { videos_added: '-25', videos_growth_percent_per_day: '-25' },
    ],
    [
      'a very small change without an exponent',
      rows('llm', [9e15, 9e15 + 1e6]),
      { videos_growth_percent_per_day: '0' },
    ],
    [
      'growth of views',
      rows('llm', Array(8).fill(null), [100, 100, 100, 100, 100, 100, 100, 150]),
      { rank: '1', ranked_by: 'views', growth_7_days_percent: '50' },
    ],
  ])('shows %s', async (_case, history, expected) => {
    expect(await known(history)).toMatchObject(expected);
  });

  it('sorts the hashtags by rank', async () => {
    const history = [...rows('slow', [9, 9]), ...rows('new', [9]), ...rows('fast', [1, 9])];
    expect(parse(await render(history)).data.map((row) => row.hashtag)).toEqual([
      'fast',
      'slow',
      'new',
    ]);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '＝1', '\t=1', '=HYPERLINK("http://x.test")'])(
    'contains no formula if a group or a stored name is %j',
    async (text) => {
      const hashtags = [{ name: 'llm', group: text }];
      const history = [...rows('llm', [1]), ...rows(text, [1])];
      const cells = parse(await render(history, hashtags)).data.flatMap(Object.values);
      expect(cells.filter((cell) => /^\s*[=+\-@＝]/.test(cell))).toEqual([]);
      expect(cells.filter((cell) => cell.startsWith("'"))).toHaveLength(2);
    },
  );

  it('keeps a stored name with a line break on one line', async () => {
    expect((await render(rows('a\nb', [1]))).split('\n')).toHaveLength(3);
  });

  it('has one sound line per hashtag for any rows and groups', async () => {
    const group = anyName.filter((name) => name.trim() !== '');
    await fc.assert(
      fc.asyncProperty(anyHistory, group, async (history, group) => {
        const names = history.map(({ hashtag }) => hashtag);
        const watchlist = parseWatchlist('["llm"]');
        const report = composeReport(dayRecord(history), watchlist);
        const csv = await renderLatestCsv({
          ...report,
          groups: new Map(names.slice(0, 1).map((name) => [name, group])),
        });
        if (report.trends.length === 0) return;
        const { data, errors } = parse(csv);
        expect(errors).toEqual([]);
        expect(data).toHaveLength(report.trends.length);
        expect(csv.split('\n')).toHaveLength(report.trends.length + 2);
        for (const row of data) {
          expect(Object.keys(row)).toHaveLength(23);
          for (const [column, cell] of Object.entries(row)) {
            if (['date', 'hashtag', 'group', 'ranked_by', 'signal'].includes(column)) continue;
            expect(cell).toMatch(/^(-?\d+(\.\d{1,2})?|true|false)?$/);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
