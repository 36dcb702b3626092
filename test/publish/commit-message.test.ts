import { describe, expect, it } from 'vitest';
import { renderCommitMessage } from '../../scripts/lib/publish/commit-message.ts';
import { composeReport } from '../../scripts/lib/reports/day-report.ts';
import { parseWatchlist } from '../../scripts/lib/watchlist/watchlist.ts';
import { dayRecord, rows } from '../helpers/snapshots.ts';

/** The message of a day on which this hashtag is trending. */
function messageOf(hashtag: string): string {
  const watchlist = parseWatchlist(JSON.stringify([hashtag]));
  return renderCommitMessage(composeReport(dayRecord(rows(hashtag, [100, 200])), watchlist));
}

describe('a commit message', () => {
  it.each([
    ['cursor', '#cursor'],
    ['2026goals', '#2026goals'],
    ['2026_goals', '#2026_goals'],
    ['100', '#\u2060100'],
    ['7', '#\u20607'],
    ['1\u20e3', '#\u20601\u20e3'],
    ['2026年', '#\u20602026年'],
    ['שלום', '\u2068#שלום\u2069'],
    ['مرحبا1', '\u2068#مرحبا1\u2069'],
  ])('names %s without a link to an issue, and apart from the numbers', (hashtag, shown) => {
    expect(messageOf(hashtag)).toBe(`2026-11-22: 1 of 1 hashtag, 1 trending (${shown} +100%)`);
  });
});
