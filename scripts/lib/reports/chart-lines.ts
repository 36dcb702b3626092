import type { Measure } from '../trends/growth.ts';
import type { DayReport } from './day-report.ts';

const MAX_LINES = 8;

/** A line of a chart: one count per day, oldest first; null is a gap. */
export type ChartLine = {
  hashtag: string;
  rankedBy: Measure | null;
  counts: (number | null)[];
  /** A line that moved is drawn thicker. */
  isMoving: boolean;
};

/** What a day's chart is made from. */
export type DayOfChart = Pick<DayReport, 'trends' | 'moves'>;

/** The hashtags that a day's chart shows: what moved, then the largest changes in 30 days. */
export function chooseChartTrends({ trends, moves }: DayOfChart): ChartLine[] {
  const order = new Map(moves.map(({ hashtag }, i) => [hashtag, i]));
  return chooseLines(
    trends.map(({ hashtag, rankedBy, last30Days }) => ({
      hashtag,
      rankedBy,
      counts: last30Days,
      isMoving: order.has(hashtag),
    })),
    ({ hashtag }) => order.get(hashtag) ?? moves.length,
  );
}

/**
 * The lines that a chart has room for.
 * @param placeOf lines with a lower place come first; those with the same, by the largest change
 */
export function chooseLines(lines: ChartLine[], placeOf: (line: ChartLine) => number): ChartLine[] {
  return lines
    .flatMap((line) => {
      const change = totalChange(line);
      return change === null ? [] : [{ line, change, place: placeOf(line) }];
    })
    .sort((a, b) => a.place - b.place || b.change - a.change)
    .slice(0, MAX_LINES)
    .map(({ line }) => line);
}

/** How far the line goes up or down (a logarithm); null if it has fewer than two points. */
function totalChange({ counts }: Pick<ChartLine, 'counts'>): number | null {
  const known = counts.filter((count) => count !== null && count > 0) as number[];
  const [first, last] = [known[0], known.at(-1)];
  return known.length < 2 || !first || !last ? null : Math.abs(Math.log(last / first));
}
