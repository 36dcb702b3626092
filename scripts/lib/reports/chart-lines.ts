import type { Measure } from '../trends/growth.ts';
import type { Trend } from '../trends/trends.ts';

const MAX_LINES = 8;

/** A line of a chart: one count per day, oldest first; null is a gap. */
export type ChartLine = {
  hashtag: string;
  rankedBy: Measure | null;
  counts: (number | null)[];
};

/** The hashtags that a day's chart shows: the trending ones, then the largest changes in 30 days. */
export function chooseChartTrends(trends: Trend[]): (Trend & ChartLine)[] {
  const lines = trends.map((trend) => ({ ...trend, counts: trend.last30Days }));
  return chooseLines(lines, (trend) => trend.isTrending);
}

/** The lines that a chart has room for: the preferred ones, then the largest changes. */
export function chooseLines<L extends ChartLine>(
  lines: L[],
  isPreferred: (line: L) => boolean,
): L[] {
  return lines
    .flatMap((line) => {
      const change = totalChange(line);
      return change === null ? [] : [{ line, change, preference: Number(isPreferred(line)) }];
    })
    .sort((a, b) => b.preference - a.preference || b.change - a.change)
    .slice(0, MAX_LINES)
    .map(({ line }) => line);
}

/** How far the line goes up or down (a logarithm); null if it has fewer than two points. */
function totalChange({ counts }: ChartLine): number | null {
  const known = counts.filter((count) => count !== null && count > 0) as number[];
  const [first, last] = [known[0], known.at(-1)];
  return known.length < 2 || !first || !last ? null : Math.abs(Math.log(last / first));
}
