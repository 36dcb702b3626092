import { reportPath } from '../core/paths.ts';
import type { DayReport } from '../reports/day-report.ts';
import { rankedMeasure } from '../trends/growth.ts';
import type { Trend } from '../trends/trends.ts';

/**
 * GitHub drops outputs of a job that are larger than 1 MB together, and an environment variable,
 * through which steps read them, may have 128 KiB.
 */
const MOST_LIST_BYTES = 60_000;

/** The outputs of the step for later steps of the job, apart from the news. */
export function composeOutputs(report: DayReport, isWritten: boolean): Record<string, string> {
  return {
    date: report.day,
    captured: String(report.trends.length),
    failed: String(report.state.missed.length),
    trending: renderJson(report.trends.filter((trend) => trend.isTrending).map(toTrending)),
    surging: renderJson(report.trends.flatMap(toSurging)),
    report: isWritten ? reportPath(report.day) : '',
  };
}

/** A list as JSON, with as many items as an output may have, from the first on. */
function renderJson(items: object[]): string {
  let bytes = 2;
  const texts = items.map((item) => JSON.stringify(item));
  const end = texts.findIndex((text) => {
    bytes += Buffer.byteLength(text) + 1;
    return bytes > MOST_LIST_BYTES;
  });
  return `[${texts.slice(0, end < 0 ? texts.length : end).join(',')}]`;
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
