import { renderHeadline } from '../reports/brief.ts';
import type { DayReport } from '../reports/day-report.ts';

/**
 * `2026-11-22: 7 of 7 hashtags, 1 trending (#cursor +15.2%)`.
 * @param report the last day that the commit changes; null if it changes no report
 */
export function renderCommitMessage(report: DayReport | null): string {
  return report === null ? 'Add earlier snapshots' : `${report.day}: ${renderHeadline(report)}`;
}
