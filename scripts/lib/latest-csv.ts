import { plainText } from './plain-text.ts';
import type { DayReport } from './report.ts';
import { type MeasureTrend, rankedMeasure, type SpanGrowth, type Trend } from './trends.ts';

/** Where the newest day stands as CSV, below the root. */
export const LATEST_PATH = 'data/latest.csv';

/** What a spreadsheet would take for a formula; some take the wide signs, too. */
const FORMULA_START = /^\s*[=+\-@＝＋－＠]/;

/**
 * The day as CSV for spreadsheets: a row a hashtag, by rank, under columns that name their units. An
 * empty cell is a figure that is not known; percentages have a point and no sign of percent.
 */
export async function renderLatestCsv(report: DayReport): Promise<string> {
  const { default: Papa } = await import('papaparse'); // here: most commands write no CSV
  const rows = report.trends.map((trend) => renderRow(report, trend));
  const csv = Papa.unparse(rows, { newline: '\n', escapeFormulae: FORMULA_START });
  return `${csv}\n`;
}

function renderRow({ day, groupOf }: DayReport, trend: Trend) {
  return {
    date: day,
    hashtag: plainText(trend.hashtag),
    group: plainText(groupOf(trend.hashtag) ?? ''),
    video_count: trend.videos.count,
    view_count: trend.views.count,
    rank: trend.rank,
    ranked_by: trend.rankedBy,
    trending: trend.isTrending,
    breakout: trend.isBreakout,
    ...renderMeasure('videos', trend.videos),
    ...renderMeasure('views', trend.views),
    growth_7_days_percent: renderSpan(rankedMeasure(trend).over7Days),
    growth_30_days_percent: renderSpan(rankedMeasure(trend).over30Days),
  };
}

function renderMeasure(name: string, { growth }: MeasureTrend) {
  const isKnown = growth.kind === 'rate' || growth.kind === 'from-zero';
  const rate = growth.kind === 'rate' ? growth : null;
  return {
    [`${name}_added`]: isKnown ? growth.added : null,
    [`${name}_growth_over_days`]: isKnown ? growth.days : null,
    [`${name}_growth_percent_per_day`]: rate === null ? null : percent(rate.perDay),
    [`${name}_within_rounding`]: rate === null ? null : rate.isWithinRounding,
  };
}

function renderSpan(span: SpanGrowth | null): number | null {
  return span === null ? null : percent(span.rate);
}

/** To three digits: the file is committed every day, and more would only be noise. */
function percent(fraction: number): number {
  const rounded = Number((fraction * 100).toPrecision(3));
  return Number(rounded.toFixed(6)); // JavaScript writes a smaller one as 1e-7
}
