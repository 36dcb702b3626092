import { describe, expect, it } from 'vitest';
import { renderReport } from '../../scripts/lib/reports/day-page.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { judgeFile, judgeRepository, judgeRuns } from '../../scripts/lib/watchlist/limits.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { day, dayRecord, pair } from '../helpers/snapshots.ts';

const run = (from: string, to: string, url: string | null = 'https://github.com/a/b/runs/1') => ({
  day: day('2026-11-22'),
  startedAt: `2026-11-22T${from}:00.000Z`,
  finishedAt: `2026-11-22T${to}:00.000Z`,
  trigger: 'schedule',
  url,
  tracked: 1,
  creditsUsed: 1,
  creditsRemaining: 1,
});

describe('a limit', () => {
  it('of files is near from 45 MB on', () => {
    expect(judgeFile(44_999_999)).toBeNull();
    expect(judgeFile(45_000_000)?.text).toBe(
      'the database has 45.0 MB; GitHub warns from 50 MB and refuses files over 100 MB',
    );
    expect(judgeFile(45_000_000)?.remedy).toContain('npm run archive');
  });

  it('of a run is near if its parts together asked for 216 of 270 minutes', () => {
    const parts = [run('05:00', '08:00'), run('08:00', '08:35')];
    expect(judgeRuns(parts)).toBeNull();
    expect(
      judgeRuns([...parts, run('09:00', '12:00', null), run('13:00', '15:00', null)]),
    ).toBeNull();
    expect(judgeRuns([...parts, run('08:35', '08:36')])?.text).toBe(
      'a run asked for 216 minutes; it stops after 270',
    );
    expect(judgeRuns([])).toBeNull();
    expect(judgeRuns([{ ...run('05:00', '06:00'), finishedAt: 'soon' }])).toBeNull();
  });

  it('of a repository is near from 700 MB on', () => {
    expect(judgeRepository(699_999_999)).toBeNull();
    expect(judgeRepository(1_200_000_000)?.text).toContain('the repository has 1,200.0 MB');
  });

  it('is a note of the newest report, and of no other', () => {
    const watchlist = parseWatchlist('["tag"]');
    const render = (overrides: Parameters<typeof dayRecord>[1]) => {
      const report = composeReport(dayRecord(pair(1000, 1010), overrides), watchlist);
      return renderReport(report, { base: '', previousReport: null, hasChart: false });
    };
    expect(render({})).not.toContain('limit');
    expect(render({ databaseBytes: 46_000_000 })).toMatch(
      /\*\*Near a limit\*\*: the database has 46/,
    );
    const newestDay = day('2026-11-23');
    expect(render({ databaseBytes: 46_000_000, newestDay })).not.toContain('limit');
    expect(render({ runs: [run('05:00', '09:00')] })).toContain('a run asked for 240 minutes');
  });
});
