import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../scripts/lib/core/snapshot.ts';
import { renderBadge } from '../../scripts/lib/reports/badge.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { createFolder } from '../helpers/folder.ts';

import { writeWatchlist } from '../helpers/repository.ts';
import { dayRecord, rows } from '../helpers/snapshots.ts';
import { runScript, runTrack, startApi } from '../helpers/tracker.ts';

const GREEN = '#1a7f37';

/** Today's badge with these captured hashtags, and one more that is `missing` if that is set. */
function badge(captured: string[], missing: Failure['kind'] | null = null): string {
  const failures: Failure[] =
    missing === null ? [] : [{ hashtag: 'x', kind: missing, reason: 'HTTP 500' }];
  const history = captured.flatMap((name) => rows(name, [5]));
  return renderBadge(composeReport(dayRecord(history, { failures }), parseWatchlist('["x"]')));
}

describe('the badge', () => {
  it('shows the day of the last data and how many hashtags it has', () => {
    expect(badge(['a', 'b'])).toContain('aria-label="last data: 2026-11-22 · 2 of 2"');
    expect(badge(['a', 'b'], 'failed')).toContain('>2026-11-22 · 2 of 3</text>');
  });

  it('is green if the day has all hashtags that TikTok has', () => {
    expect(badge(['a'])).toContain(GREEN);
    expect(badge(['a'], 'not-found')).toContain(GREEN);
    expect(badge(['a'], 'failed')).not.toContain(GREEN);
    expect(badge([], 'not-found')).not.toContain(GREEN);
  });

  it('is as wide as its two halves', () => {
    const [all, , left, start, right] = [...badge(['a']).matchAll(/ (?:width|x)="(\d+)"/g)].map(
      ([, number]) => Number(number),
    );
    expect(start).toBe(left);
    expect(all).toBe(Number(left) + Number(right));
  });

  it('stays at the newest day when an earlier report is written again', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['aitools']);
    const api = await startApi();
    const read = () => readFile(path.join(root, 'reports/badge.svg'), 'utf8');
    await runTrack(root, api, [], { day: '2026-11-21' });
    expect(await read()).toContain('2026-11-21 · 1 of 1');
    await runTrack(root, api, [], { day: '2026-11-22' });
    const newest = await read();
    expect(newest).toContain('2026-11-22 · 1 of 1');
    expect((await runScript('report', ['--date', '2026-11-21'], root)).exitCode).toBe(0);
    expect(await read()).toBe(newest);
  });
});
