import { renderHeadline } from '../reports/brief.ts';
import type { DayReport } from '../reports/day-report.ts';

/** `2026-11-22: 7 of 7 hashtags, 1 trending (#cursor +15.2%)`; null where no day has changed. */
export function renderCommitMessage(report: DayReport | null): string {
  return report === null ? 'Add earlier snapshots' : `${report.day}: ${renderHeadline(report)}`;
}
