import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import type { Run } from '../../scripts/lib/core/snapshot.ts';
import { findUnwrittenDays } from '../../scripts/lib/publish/reports.ts';
import { renderReport } from '../../scripts/lib/reports/day-page.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { parseMark } from '../../scripts/lib/reports/parts.ts';
import { parseDatabase } from '../../scripts/lib/store/database.ts';
import { readDay } from '../../scripts/lib/store/days.ts';
import { recordRun } from '../../scripts/lib/store/record.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { TODAY } from '../helpers/snapshots.ts';

const YESTERDAY = addDays(TODAY, -1);
const NAMES = Array.from({ length: 100 }, (_, i) => `tag${i}`);
const WATCHLIST = parseWatchlist(JSON.stringify(NAMES));

function runOf(date: typeof TODAY, hashtags: string[], more = 0): Run {
  return {
    day: date,
    startedAt: `${date}T06:17:00.000Z`,
    finishedAt: `${date}T06:18:00.000Z`,
    trigger: 'schedule',
    url: null,
    tracked: NAMES.length,
    creditsUsed: null,
    creditsRemaining: null,
    snapshots: hashtags.map((hashtag, i) => ({
      hashtag,
      videoCount: 10_000 + i + more,
      viewCount: null,
    })),
    failures: [],
    stopReason: null,
  };
}

describe('yesterday’s report, which has no room for all rows', () => {
  it.each<[string, Run[], boolean]>([
    ['is not written again if nothing came after it', [], false],
    ['lacks snapshots that a later run added', [runOf(YESTERDAY, ['later'])], true],
    [
      'lacks a count that it shows and that a later run replaced',
      [runOf(YESTERDAY, ['tag99'], 777)],
      true,
    ],
  ])('%s', async (_, later, isUnwritten) => {
    using db = await parseDatabase(null);
    recordRun(db, runOf(YESTERDAY, NAMES));
    const record = readDay(db, YESTERDAY);
    if (record === null) throw new Error('yesterday has no row');
    const links = { base: '', previousReport: null, hasChart: false };
    const report = renderReport(composeReport(record, WATCHLIST), links, 3000);
    expect(parseMark(report).rows?.shown).toBeLessThan(60);
    expect(report).toContain('#tag99]');
    for (const run of later) recordRun(db, run);
    recordRun(db, runOf(TODAY, NAMES));
    const published = new Set([`reports/${YESTERDAY}.md`]);
    const sources = { db, watchlist: WATCHLIST, root: '', published };
    const days = await findUnwrittenDays(sources, async () => report);
    expect(days).toEqual(isUnwritten ? [YESTERDAY, TODAY] : [TODAY]);
  });
});
