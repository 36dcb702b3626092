import { reportPath } from '../core/paths.ts';
import type { DayReport } from '../reports/day-report.ts';
import { rankedMeasure } from '../trends/growth.ts';
import type { Trend } from '../trends/trends.ts';

/** The outputs of the step for later steps of the job, apart from the news. */
export function composeOutputs(report: DayReport, isWritten: boolean): Record<string, string> {
  return {
    date: report.day,
    captured: String(report.trends.length),
    failed: String(report.state.missed.length),
    trending: JSON.stringify(report.trends.filter((trend) => trend.isTrending).map(toTrending)),
    surging: JSON.stringify(report.trends.flatMap(toSurging)),
    report: isWritten ? reportPath(report.day) : '',
  };
}

function toTrending(trend: Trend) {
  const { growth } = rankedMeasure(trend);
  return {
    hashtag: trend.hashtag,
    growthPercent: growth.kind === 'rate' ? roundTo(2, growth.perDay * 100) : null,
    breakout: trend.signal === 'breakout',
  };
}

/** A breakout is a surge as well. `timesUsual` is null if the usual is nothing. */
function toSurging({ hashtag, signal, pace }: Trend) {
  if (pace === null || (signal !== 'surging' && signal !== 'breakout')) return [];
  const { timesUsual, added, days } = pace;
  const times = timesUsual === null ? null : roundTo(1, timesUsual);
  return [{ hashtag, timesUsual: times, added, days, breakout: signal === 'breakout' }];
}

function roundTo(digits: number, value: number): number {
  return Number(value.toFixed(digits));
}
