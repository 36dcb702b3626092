import { formatCount, formatInstant, formatList, plural } from '../core/format.ts';
import { groupBy } from '../core/group-by.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import { hashtagLink } from '../core/markdown.ts';
import { capitalize } from '../core/text.ts';
import { isRealChange, rankedMeasure } from '../trends/growth.ts';
import { describeTrend, describeTurn, formatGrowth, trendMark } from '../trends/trend-words.ts';
import type { Trend } from '../trends/trends.ts';
import { type DayReport, isComplete } from './day-report.ts';

/** More names than this would make the line too long. */
const MAX_MISSED_NAMES = 3;
const MAX_TURNED_NAMES = 10;

/** The day in one line of plain text: `7 of 7 hashtags, 1 trending (#cursor +15.2%)`. */
export function renderHeadline(report: DayReport): string {
  const captured = `${report.trends.length} of ${plural(report.tracked, 'hashtag')}`;
  const trending = report.trends.filter((trend) => trend.isTrending);
  if (trending.length === 0) return captured;
  const items = trending.map(
    (trend) => `${showHashtag(trend.hashtag)} ${formatGrowth(rankedMeasure(trend).growth)}`,
  );
  return `${captured}, ${trending.length} trending (${formatList(items, 5)})`;
}

/** One line of Markdown that says whether all is well: captured, when, credits, missing days. */
export function renderHealth(report: DayReport): string {
  const { state, tracked, runs, creditsUsed, creditsRemaining, creditsLastDays } = report;
  const lastRun = runs.at(-1);
  const parts = [
    `${isComplete(report) ? '✅' : '⚠️'} **${report.trends.length} of ${tracked} captured**`,
  ];
  if (state.missed.length > 0) {
    const names = state.missed.map(({ hashtag }) => hashtagLink(hashtag));
    parts.push(`${formatCount(names.length)} missed: ${formatList(names, MAX_MISSED_NAMES)}`);
  }
  if (state.absent.length > 0) parts.push(`${formatCount(state.absent.length)} not on TikTok`);
  if (lastRun === undefined) {
    parts.push('no run is recorded for this day');
  } else {
    const when = formatInstant(lastRun.finishedAt, report.timeZone);
    parts.push(lastRun.url === null ? when : `${when} by [this run](${lastRun.url})`);
  }
  if (creditsUsed !== null) parts.push(`${plural(creditsUsed, 'credit')} used`);
  if (creditsRemaining !== null && creditsLastDays !== null) {
    const days = plural(creditsLastDays, 'day');
    parts.push(`${formatCount(creditsRemaining)} left, enough for ${days}`);
  }
  const missing = report.missingDays.length;
  parts.push(`${missing === 0 ? 'no day' : plural(missing, 'day')} missing in the last 30`);
  return parts.join(' · ');
}

/** The trending hashtags as a Markdown list; if there are none, what came closest. */
export function renderTrending(report: DayReport): string {
  const trending = report.trends.filter((trend) => trend.isTrending);
  if (trending.length > 0) {
    return trending.map((trend) => `- ${renderTrendingItem(trend)}`).join('\n');
  }
  if (report.trends.length === 0) return 'Nothing was captured on this day.';
  const [top] = report.trends;
  if (top === undefined || top.rankedBy === null) {
    return report.previousDay === null
      ? 'Growth appears from the second day on; today’s counts are its starting point.'
      : 'There is no growth to show, because no count of today has an earlier one above zero.';
  }
  const tooSmall = report.trends.filter(({ isTooSmall }) => isTooSmall);
  if (tooSmall.length > 0) {
    const names = formatList(tooSmall.map(({ hashtag }) => hashtagLink(hashtag)));
    return `Nothing is trending. These grew fast enough but still have too few videos: ${names}.`;
  }
  const { growth } = rankedMeasure(top);
  const closest =
    isRealChange(growth) && growth.perDay > 0
      ? `The fastest was ${hashtagLink(top.hashtag)}: ${top.rankedBy} ${formatGrowth(growth)}.`
      : 'Nothing grew by more than rounding.';
  const { thresholdPercent: limit } = report;
  const enough = limit === null ? 'faster than its threshold' : `by more than ${limit}% a day`;
  return `No hashtag grew ${enough}. ${closest}`;
}

/** The hashtags that TikTok has lost or got on the day, as a Markdown list. */
export function renderTurns({ state }: DayReport): string {
  return [...groupBy(state.turns, describeTurn)]
    .map(([words, turns]) => {
      const names = turns.map(({ hashtag }) => hashtagLink(hashtag));
      return `- ${capitalize(words)}: ${formatList(names, MAX_TURNED_NAMES)}`;
    })
    .join('\n');
}

function renderTrendingItem(trend: Trend): string {
  const { acceleration } = rankedMeasure(trend);
  const [figures = '', ...details] = describeTrend(trend, (text) => `**${text}**`);
  if (acceleration !== null) {
    const points = Math.abs(acceleration * 100).toFixed(1);
    const place = acceleration < 0 ? 'below' : 'above';
    details.push(`${points} points ${place} the daily average of the 7 days before`);
  }
  const start = `${trendMark(trend)} **${hashtagLink(trend.hashtag)}** ${figures}`;
  return [start, ...details].join(' · ');
}
