import { formatCount } from '../core/format.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import { plainText } from '../core/text.ts';
import { rankedMeasure } from '../trends/growth.ts';
import { describeMove, formatGrowth, moveMark } from '../trends/trend-words.ts';
import type { Trend } from '../trends/trends.ts';
import { describeCaptured, MAX_MOVES } from './brief.ts';
import { type DayReport, failuresOf } from './day-report.ts';
import { explainNoRate, failureWords } from './parts.ts';

const NAME_WIDTH = 20;
const COUNT_WIDTH = 15;

/**
 * The tutorial's report for the console: one line per hashtag, with its videos and growth; then what
 * moved.
 */
export function renderConsoleReport(report: DayReport): string {
  const failures = failuresOf(report).map(
    ({ hashtag, kind, reason }) =>
      `${nameColumn(hashtag)} ${failureWords(kind)}: ${plainText(reason)}`,
  );
  return [
    `TikTok Hashtag Report - ${report.day}`,
    '-'.repeat(50),
    ...report.trends.map(renderLine),
    ...failures,
    `${describeCaptured(report)} captured`,
    ...renderMoves(report),
  ].join('\n');
}

/** What moved, the strongest first, in a line each. */
function renderMoves({ moves }: DayReport): string[] {
  const lines = moves
    .slice(0, MAX_MOVES)
    .map((move) => `${moveMark(move)} ${showHashtag(move.hashtag)} ${describeMove(move)}`);
  const more = moves.length - MAX_MOVES;
  return more > 0 ? [...lines, `… and ${formatCount(more)} more`] : lines;
}

function renderLine(trend: Trend): string {
  const unit = trend.rankedBy === 'views' || trend.videos.count === null ? 'views' : 'videos';
  const count = formatCount(trend[unit].count).padStart(COUNT_WIDTH);
  const growth =
    trend.rankedBy === null ? explainNoRate(trend) : formatGrowth(rankedMeasure(trend).growth);
  const signal = trend.signal === 'breakout' ? 'BREAKOUT' : trend.signal;
  const mark = signal === null ? '' : `  ${signal}`;
  return `${nameColumn(trend.hashtag)} ${count} ${unit} | growth: ${growth}${mark}`;
}

function nameColumn(hashtag: string): string {
  const shown = showHashtag(hashtag);
  // Marks of direction take no room.
  return shown.padEnd(NAME_WIDTH + (shown.match(/[\u2068\u2069]/g)?.length ?? 0));
}
