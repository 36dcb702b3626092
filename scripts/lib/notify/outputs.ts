import { reportPath } from '../core/paths.ts';
import type { DayReport } from '../reports/day-report.ts';
import { rankedMeasure } from '../trends/growth.ts';

/** The outputs of the step for later steps of the job, apart from the news. */
export function composeOutputs(report: DayReport, isWritten: boolean): Record<string, string> {
  const trending = report.trends
    .filter((trend) => trend.isTrending)
    .map((trend) => {
      const { growth } = rankedMeasure(trend);
      const percent = growth.kind === 'rate' ? Number((growth.perDay * 100).toFixed(2)) : null;
      const breakout = trend.signal === 'breakout';
      return { hashtag: trend.hashtag, growthPercent: percent, breakout };
    });
  return {
    date: report.day,
    captured: String(report.trends.length),
    failed: String(report.state.missed.length),
    trending: JSON.stringify(trending),
    report: isWritten ? reportPath(report.day) : '',
  };
}
