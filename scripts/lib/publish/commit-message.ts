import { renderHeadline } from '../reports/brief.ts';
import type { DayReport } from '../reports/day-report.ts';

// GitHub reads #12 as a link to an issue, unless a word joiner is in between.
const ISSUE_NUMBER = /#(?=\d+(?![\da-z_]))/gi;

/**
 * `2026-11-22: 7 of 7 hashtags, 1 trending (#cursor +15.2%)`.
 * @param report the last day that the commit changes; null if it changes no report
 */
export function renderCommitMessage(report: DayReport | null): string {
  if (report === null) return 'Add earlier snapshots';
  return `${report.day}: ${renderHeadline(report).replace(ISSUE_NUMBER, '#\u2060')}`;
}
