import { type ChartLine, chooseLines, drawChart } from './chart.ts';
import { type Day, daysBetween, daysUpTo } from './day.ts';
import {
  formatChange,
  formatCount,
  formatDailyRate,
  formatGrowth,
  formatList,
  formatRanges,
  formatTotalGrowth,
  plural,
} from './format.ts';
import { lengthInDays, type Period } from './period.ts';
import {
  explainMarks,
  groups,
  hashtagLink,
  hasVideoRanks,
  mergeRemarks,
  type Remark,
  rankHeading,
  renderAdded,
  renderByGroup,
  renderHashtagCell,
  renderNoteList,
  renderSparkline,
  thresholds,
} from './report.ts';
import type { PeriodRecord } from './store.ts';
import {
  computePeriodTrends,
  earliestStart,
  type Growth,
  isRealChange,
  type Measure,
  type MeasureGrowth,
  missingDays,
  type PeriodTrend,
  rankedMeasure,
} from './trends.ts';
import type { Watchlist } from './watchlist.ts';

/** A week or month as its summary tells it: pure data, from the database and the watchlist alone. */
export type Summary = {
  period: Period;
  /** The last day that it is about: before the period's where that is not over. */
  lastDay: Day;
  trends: PeriodTrend[];
  /** Its first day that could have snapshots: there are none before the first of the database. */
  firstDay: Day;
  /** The days from the first to the last one that have none at all. */
  missingDays: Day[];
  groupOf: (hashtag: string) => string | null;
};

/** What a period's summary says, computed from its rows. */
export function composeSummary(record: PeriodRecord, watchlist: Watchlist): Summary {
  const { period, lastDay, history } = record;
  const firstDay = record.firstDay > period.first ? record.firstDay : period.first;
  const length = daysBetween(firstDay, lastDay) + 1;
  return {
    period,
    lastDay,
    trends: computePeriodTrends(history, period, thresholds(watchlist)),
    firstDay,
    missingDays: missingDays(history, lastDay, firstDay, length),
    groupOf: groups(watchlist),
  };
}

/** Where a summary's links lead, from the folder that it stands in. */
export type SummaryLinks = {
  /** The name of the newest one of its kind before. */
  previous: string | null;
  /** The days that have a report. */
  reportDays: Set<Day>;
};

/** The summary as GitHub-flavoured Markdown. */
export function renderSummary(summary: Summary, links: SummaryLinks): string {
  const { period, trends } = summary;
  const changed = trends.filter((trend) => isRealChange(rankedMeasure(trend).growth));
  const winners = changed.filter((trend) => addedBy(trend) > 0);
  const losers = changed.filter((trend) => addedBy(trend) < 0).toReversed();
  const chart = chooseSummaryLines(summary).length > 0;
  const navigation = [
    links.previous === null ? null : `[← ${links.previous}](${links.previous}.md)`,
    '[All reports](../README.md)',
  ];
  const blocks = [
    `# TikTok hashtags in ${formatPeriod(period)}`,
    renderHealth(summary),
    '## Winners',
    trends.some((trend) => trend.rankedBy !== null)
      ? renderMovers(winners, '📈', period)
      : 'Growth can be told from the second day on.',
    ...(losers.length > 0 ? ['## Losers', renderMovers(losers, '📉', period)] : []),
    ...(chart
      ? [`![The top movers of ${period.name}, indexed to 100](../charts/${period.name}.svg)`]
      : []),
    '## Trending days',
    renderTrendingDays(summary, links.reportDays),
    ...renderTables(summary),
    '## Data notes',
    renderNotes(summary),
    navigation.filter((part) => part !== null).join(' · '),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** The chart of the period's top movers, as that of a day; null where no hashtag has two known days. */
export function renderSummaryChart(summary: Summary): string | null {
  return drawChart(chooseSummaryLines(summary), chartDays(summary));
}

/** `week 47 of 2026`, `November 2026`. */
export function formatPeriod({ kind, name, first }: Period): string {
  if (kind === 'week') return `week ${Number(name.slice(6))} of ${name.slice(0, 4)}`;
  return new Date(first).toLocaleDateString('en-GB', {
    timeZone: 'UTC',
    month: 'long',
    year: 'numeric',
  });
}

/** Days captured, which days these are, hashtags, what came in all, and how many were trending. */
function renderHealth(summary: Summary): string {
  const { period, firstDay, lastDay, trends } = summary;
  const possibleDays = daysBetween(firstDay, lastDay) + 1;
  const missing = summary.missingDays.length;
  const captured = possibleDays - missing;
  const parts = [
    `${missing === 0 ? '✅' : '⚠️'} **${captured} of ${plural(possibleDays, 'day')} captured**`,
    `${period.first} to ${period.last}`,
  ];
  if (firstDay > period.first) parts.push(`tracked since ${firstDay}`);
  if (lastDay < period.last) parts.push(`so far, up to ${lastDay}`);
  parts.push(plural(trends.length, 'hashtag'));
  const added = (['videos', 'views'] as const).flatMap((measure) => {
    const total = totalAdded(trends, measure);
    return total === null ? [] : [`${formatChange(total)} ${measure}`];
  });
  if (added.length > 0) parts.push(`together ${added.join(' and ')}`);
  const trending = trends.filter((trend) => trend.trendingDays.length > 0);
  const breakouts = trending.filter((trend) => trend.trendingDays.some((day) => day.isBreakout));
  if (trending.length > 0) {
    const ofThem = breakouts.length > 0 ? `, ${breakouts.length} with a breakout 🚀` : '';
    parts.push(`${trending.length} trending${ofThem}`);
  }
  return parts.join(' · ');
}

/** What all hashtags together gained; null where none has a growth. */
function totalAdded(trends: PeriodTrend[], measure: Measure): number | null {
  const added = trends.flatMap((trend) => {
    const { growth } = trend[measure];
    return growth.kind === 'rate' || growth.kind === 'from-zero' ? [growth.added] : [];
  });
  return added.length === 0 ? null : added.reduce((sum, count) => sum + count, 0);
}

const MAX_MOVERS = 5;

function renderMovers(movers: PeriodTrend[], mark: string, period: Period): string {
  if (movers.length === 0) return 'No hashtag grew by more than rounding.';
  const more = movers.length - MAX_MOVERS;
  const lines = movers
    .slice(0, MAX_MOVERS)
    .map((trend) => `- ${mark} ${describeMover(trend, lengthInDays(period))}`);
  return [...lines, ...(more > 0 ? [`- … and ${formatCount(more)} more, see below`] : [])].join(
    '\n',
  );
}

/** `#cursor videos +16.1% · +23,786, now 171,720 · +2.2% a day · trending on 2 days`. */
function describeMover(trend: PeriodTrend, usualDays: number): string {
  const measure = rankedMeasure(trend);
  const { count, growth } = measure;
  const parts = [
    `**${hashtagLink(trend.hashtag)}** ${trend.rankedBy} **${formatTotalGrowth(measure, usualDays)}**`,
    `${formatChange(addedBy(trend))}, now ${formatCount(count)}`,
    `${formatDailyRate(growth)} a day`,
  ];
  const days = trend.trendingDays.length;
  if (days > 0) parts.push(`trending on ${plural(days, 'day')}`);
  return parts.join(' · ');
}

const MAX_NAMES_A_DAY = 10;

/** A line a day on which something was trending: breakouts first, then the fastest. */
function renderTrendingDays({ trends }: Summary, reportDays: Set<Day>): string {
  const all = trends.flatMap(({ hashtag, trendingDays }) =>
    trendingDays.map((trendingDay) => ({ hashtag, ...trendingDay })),
  );
  const rate = (growth: Growth) => (growth.kind === 'rate' ? growth.perDay : 0);
  all.sort(
    (a, b) => Number(b.isBreakout) - Number(a.isBreakout) || rate(b.growth) - rate(a.growth),
  );
  const days = [...new Set(all.map(({ day }) => day))].sort();
  if (days.length === 0) return 'No hashtag was trending on any day.';
  return days
    .map((day) => {
      const items = all
        .filter((item) => item.day === day)
        .map(({ hashtag, growth, isBreakout }) => {
          const mark = isBreakout ? '🚀 ' : '';
          return `${mark}${hashtagLink(hashtag)} ${formatGrowth(growth)}`;
        });
      const label = reportDays.has(day) ? `[${day}](../${day}.md)` : day;
      return `- ${label}: ${formatList(items, MAX_NAMES_A_DAY)}`;
    })
    .join('\n');
}

const ALIGN = 'llrlrrrrrrrr';

function renderTables({ period, trends, groupOf, ...summary }: Summary): string[] {
  const isMixed = hasVideoRanks(trends);
  const days = chartDays({ period, ...summary });
  const header = [
    rankHeading(trends),
    'Hashtag',
    'Growth',
    period.kind === 'week' ? 'Week' : 'Month',
    'Videos',
    'New',
    'A day',
    'Views',
    'New views',
    'Views growth',
    'Days',
    'Trending',
  ];
  return renderByGroup(trends, groupOf, header, ALIGN, (trend) => {
    const { growth } = rankedMeasure(trend);
    const growthDays = daysOf(growth);
    const [videos, newVideos, videosGrowth] = renderMeasure(trend.videos, growthDays);
    return [
      trend.rank === null ? '–' : String(trend.rank),
      renderHashtagCell(trend, isMixed),
      videosGrowth,
      renderSparkline(newestOfEach(countsOn(trend, days), period.kind === 'week' ? 1 : 2)),
      videos,
      newVideos,
      formatDailyRate(growth),
      ...renderMeasure(trend.views, growthDays),
      growthDays === null ? '–' : String(growthDays),
      renderTrendingCell(trend),
    ];
  });
}

/** Over how many days the growth is; null where there is none. */
function daysOf(growth: Growth): number | null {
  return growth.kind === 'rate' || growth.kind === 'from-zero' ? growth.days : null;
}

/** The cells of a measure; the growth says over how many days it is where these are not `usualDays`. */
function renderMeasure(
  measure: MeasureGrowth,
  usualDays: number | null,
): [count: string, added: string, growth: string] {
  return [
    formatCount(measure.count),
    renderAdded(measure),
    formatTotalGrowth(measure, usualDays ?? daysOf(measure.growth) ?? 0),
  ];
}

/** The newest known count of every `size` days, so that a month's bars are no wider than a fortnight's. */
function newestOfEach(counts: (number | null)[], size: number): (number | null)[] {
  const ends = counts.map((_, i) => i + 1).filter((end) => (counts.length - end) % size === 0);
  return ends.map((end) => counts.slice(Math.max(0, end - size), end).findLast(isKnown) ?? null);
}

function isKnown(count: number | null): count is number {
  return count !== null;
}

function renderTrendingCell({ trendingDays }: PeriodTrend): string {
  if (trendingDays.length === 0) return '–';
  const mark = trendingDays.some((day) => day.isBreakout) ? ' 🚀' : '';
  return `${plural(trendingDays.length, 'day')}${mark}`;
}

/** What the figures need to be read rightly. */
function renderNotes(summary: Summary): string {
  const { period, lastDay, trends } = summary;
  // Of a week or month that is not over, not all.
  const daysSoFar = daysBetween(period.first, lastDay) + 1;
  const remarks: Remark[] = [
    ...formatRanges(summary.missingDays).map((range): Remark => ['**Missing days**', range]),
    ...trends.flatMap((trend) =>
      remarksOn(trend, daysSoFar).map((remark): Remark => [remark, hashtagLink(trend.hashtag)]),
    ),
  ];
  const growths = trends.flatMap(({ videos, views }) => [videos.growth, views.growth]);
  const hasRounded = growths.some(
    (growth) => growth.kind === 'rate' && growth.isWithinRounding && growth.added !== 0,
  );
  return renderNoteList([...mergeRemarks(remarks, trends), ...explainMarks(trends, hasRounded)]);
}

function remarksOn(trend: PeriodTrend, usualDays: number): string[] {
  const { growth } = rankedMeasure(trend);
  const remarks: string[] = [];
  if (trend.rankedBy === null) {
    const growths = [trend.videos.growth, trend.views.growth];
    const fromZero = growths.find((g) => g.kind === 'from-zero');
    remarks.push(
      fromZero !== undefined
        ? `**${formatChange(fromZero.added)} from 0**, which has no percentage`
        : '**One day only**, growth needs two',
    );
  }
  if (growth.kind === 'rate' && growth.days !== usualDays) {
    remarks.push(
      `**Growth over ${plural(growth.days, 'day')}** instead of ${usualDays}, for want of counts`,
    );
  }
  if (trend.videos.count === null) remarks.push('**No video count** from TikTok');
  if (trend.views.count === null) remarks.push('**No view count** from TikTok');
  return remarks;
}

function addedBy(trend: PeriodTrend): number {
  const { growth } = rankedMeasure(trend);
  return growth.kind === 'rate' ? growth.added : 0;
}

/** The days of the chart: all that the growth of the period can be told from. */
function chartDays({ period, lastDay }: Pick<Summary, 'period' | 'lastDay'>): Day[] {
  return daysUpTo(lastDay, daysBetween(earliestStart(period), lastDay) + 1);
}

function countsOn({ countOn }: PeriodTrend, days: Day[]): (number | null)[] {
  return days.map((day) => countOn.get(day) ?? null);
}

/** The lines of the chart: what changed by more than rounding first. */
function chooseSummaryLines(summary: Summary): ChartLine[] {
  const days = chartDays(summary);
  const lines = summary.trends.map((trend) => ({ ...trend, counts: countsOn(trend, days) }));
  return chooseLines(lines, (trend) => isRealChange(rankedMeasure(trend).growth));
}
