import { type Day, isDay } from '../core/day.ts';
import { FORMULA_START, plainText } from '../core/text.ts';
import { changeOf, rankedMeasure, type SpanGrowth } from '../trends/growth.ts';
import type { MeasureTrend, Trend } from '../trends/trends.ts';
import type { DayReport } from './day-report.ts';

/**
 * The day as CSV for spreadsheets: one row per hashtag, by rank. The names of the columns say their
 * units. An empty cell is an unknown figure. Percentages are plain numbers with a decimal point.
 */
export async function renderLatestCsv(report: DayReport): Promise<string> {
  const { default: Papa } = await import('papaparse'); // loaded here: most commands write no CSV
  const rows = report.trends.map((trend) => renderRow(report, trend));
  const csv = Papa.unparse(rows, { newline: '\n', escapeFormulae: FORMULA_START });
  return `${csv}\n`;
}

/** The day that the CSV is about: the first cell of its first row; null if that is no day. */
export function dayOfCsv(csv: string): Day | null {
  const day = csv.split('\n')[1]?.slice(0, 10);
  return day !== undefined && isDay(day) ? day : null;
}

function renderRow({ day, groups }: DayReport, trend: Trend) {
  return {
    date: day,
    hashtag: plainText(trend.hashtag),
    group: plainText(groups.get(trend.hashtag) ?? ''),
    video_count: trend.videos.count,
    view_count: trend.views.count,
    rank: trend.rank,
    ranked_by: trend.rankedBy,
    trending: trend.isTrending,
    breakout: trend.signal === 'breakout',
    ...renderMeasure('videos', trend.videos),
    ...renderMeasure('views', trend.views),
    growth_7_days_percent: renderSpan(rankedMeasure(trend).over7Days),
    growth_30_days_percent: renderSpan(rankedMeasure(trend).over30Days),
    videos_growth_over_hours: renderHours(trend.videos),
    views_growth_over_hours: renderHours(trend.views),
    times_usual: trend.pace?.timesUsual == null ? null : twoDecimals(trend.pace.timesUsual),
    signal: trend.signal,
  };
}

function renderMeasure(name: string, { growth }: MeasureTrend) {
  const change = changeOf(growth);
  const rate = growth.kind === 'rate' ? growth : null;
  return {
    [`${name}_added`]: change?.added,
    [`${name}_growth_over_days`]: change?.days,
    [`${name}_growth_percent_per_day`]: rate === null ? null : percent(rate.perDay),
    [`${name}_within_rounding`]: rate === null ? null : rate.isWithinRounding,
  };
}

/** Whole hours between the readings; null if that is not known. */
function renderHours({ growth }: MeasureTrend): number | null {
  const hours = changeOf(growth)?.hours ?? null;
  return hours === null ? null : Math.round(hours);
}

function renderSpan(span: SpanGrowth | null): number | null {
  return span === null ? null : percent(span.rate);
}

function percent(fraction: number): number {
  return twoDecimals(fraction * 100);
}

/** Where the decimal sign is a comma, a spreadsheet reads 0.944 as 944, but not 0.94 as 94. */
function twoDecimals(number: number): number {
  return Number(number.toFixed(2)) || 0; // no −0
}
