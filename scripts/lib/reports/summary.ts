import { type Day, daysBetween, daysUpTo, isDay } from '../core/day.ts';
import {
  formatChange,
  formatCount,
  formatList,
  formatPeriod,
  formatRanges,
  plural,
} from '../core/format.ts';
import { groupBy } from '../core/group-by.ts';
import { hashtagLink } from '../core/markdown.ts';
import { lengthInDays, type Period, parseMonth, parseWeek } from '../core/period.ts';
import type { PeriodRecord } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';
import { missingDays } from '../trends/day-state.ts';
import {
  changeOf,
  type Growth,
  isRealChange,
  type Measure,
  rankedMeasure,
} from '../trends/growth.ts';
import {
  computePeriodTrends,
  earliestStart,
  type MovingDay,
  type PeriodTrend,
} from '../trends/period-trends.ts';
import {
  formatAdded,
  formatDailyRate,
  formatGrowth,
  formatTotalGrowth,
  isMarkedRounded,
} from '../trends/trend-words.ts';
import { groupsByHashtag, thresholds, type Watchlist } from '../watchlist/watchlist.ts';
import { drawChart } from './chart.ts';
import { type ChartLine, chooseLines } from './chart-lines.ts';
import {
  linkTargets,
  nameSource,
  type Remark,
  rankColumns,
  renderByGroup,
  renderMark,
  renderNoteList,
  renderSparkline,
} from './parts.ts';

/** What the summary of a week or month says: its record, and what it means. Pure data. */
export type Summary = PeriodRecord & {
  /** Names what it is made from, see `nameSource`. */
  source: string;
  trends: PeriodTrend[];
  /** How many days could have snapshots so far, and which of them have none. */
  possibleDays: number;
  missingDays: Day[];
  /** The group of each hashtag that has one. */
  groups: Map<string, string>;
};

/** Computes a period's summary from its rows. */
export function composeSummary(record: PeriodRecord, watchlist: Watchlist): Summary {
  const { period, firstDay, lastDay, history } = record;
  const start = firstDay > period.first ? firstDay : period.first;
  const possibleDays = daysBetween(start, lastDay) + 1;
  return {
    ...record,
    source: nameSource(record, watchlist),
    trends: computePeriodTrends(history, period, thresholds(watchlist)),
    possibleDays,
    missingDays: missingDays(history, lastDay, start, possibleDays),
    groups: groupsByHashtag(watchlist),
  };
}

/** What the links of a summary lead to, from its folder. */
type SummaryLinks = {
  /** The name of the newest earlier summary of its kind. */
  previous: string | null;
  /** The days that have a report. */
  reportDays: Set<Day>;
};

/** The summary as GitHub-flavoured Markdown. */
export function renderSummary(summary: Summary, links: SummaryLinks): string {
  const { period, trends } = summary;
  const changed = trends.filter((trend) => isRealChange(rankedMeasure(trend).growth));
  const winners = changed.filter((trend) => addedTo(trend) > 0);
  const losers = changed.filter((trend) => addedTo(trend) < 0).toReversed();
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
      : 'Growth appears from the second day on.',
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
    renderMark(summary.source),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** The links that a summary has, so that it can be made again with the same ones. */
export function readSummaryLinks(markdown: string, { kind, name }: Period): SummaryLinks {
  const targets = linkTargets(markdown)
    .filter((target) => target.endsWith('.md'))
    .map((target) => target.slice(0, -'.md'.length));
  const parse = kind === 'week' ? parseWeek : parseMonth;
  const isEarlier = (target: string) => parse(target) !== null && target < name;
  const reports = targets.filter((target) => target.startsWith('../'));
  return {
    previous: targets.findLast(isEarlier) ?? null,
    reportDays: new Set(reports.map((target) => target.slice('../'.length)).filter(isDay)),
  };
}

/** The chart of the period's top movers, as for a day; null if no hashtag has two known days. */
export function renderSummaryChart(summary: Summary): string | null {
  return drawChart(chooseSummaryLines(summary), chartDays(summary));
}

/** How many days and hashtags were captured, what they added together, how many were trending. */
function renderHealth(summary: Summary): string {
  const { period, firstDay, lastDay, trends, possibleDays } = summary;
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
    const known = trends.flatMap((trend) => changeOf(trend[measure].growth)?.added ?? []);
    const total = known.reduce((sum, count) => sum + count, 0);
    return known.length === 0 ? [] : [`${formatChange(total)} ${measure}`];
  });
  if (added.length > 0) parts.push(`together ${added.join(' and ')}`);
  const trending = trends.filter((trend) => trendingDays(trend).length > 0);
  const breakouts = trending.filter((trend) => trend.movingDays.some(isBreakout));
  if (trending.length > 0) {
    const ofThem = breakouts.length > 0 ? `, ${breakouts.length} with a breakout 🚀` : '';
    parts.push(`${trending.length} trending${ofThem}`);
  }
  return parts.join(' · ');
}

const MAX_MOVERS = 5;

function renderMovers(movers: PeriodTrend[], mark: string, period: Period): string {
  if (movers.length === 0) return 'No hashtag grew by more than rounding.';
  const more = movers.length - MAX_MOVERS;
  const shown = movers.slice(0, MAX_MOVERS);
  const lines = shown.map((trend) => `- ${mark} ${describeMover(trend, lengthInDays(period))}`);
  if (more > 0) lines.push(`- … and ${formatCount(more)} more, see below`);
  return lines.join('\n');
}

/** `#cursor videos +16.1% · +23,786, now 171,720 · +2.2% a day · trending on 2 days`. */
function describeMover(trend: PeriodTrend, usualDays: number): string {
  const measure = rankedMeasure(trend);
  const { count, growth } = measure;
  const parts = [
    `**${hashtagLink(trend.hashtag)}** ${trend.rankedBy} **${formatTotalGrowth(measure, usualDays)}**`,
    `${formatChange(addedTo(trend))}, now ${formatCount(count)}`,
    `${formatDailyRate(growth)} a day`,
  ];
  const days = trendingDays(trend).length;
  if (days > 0) parts.push(`trending on ${plural(days, 'day')}`);
  return parts.join(' · ');
}

const MAX_NAMES_PER_DAY = 10;

/** One line per day on which something was trending: breakouts first, then the fastest. */
function renderTrendingDays({ trends }: Summary, reportDays: Set<Day>): string {
  const all = trends.flatMap((trend) =>
    trendingDays(trend).map((day) => ({ hashtag: trend.hashtag, ...day })),
  );
  const rate = (growth: Growth) => (growth.kind === 'rate' ? growth.perDay : 0);
  all.sort(
    (a, b) => Number(isBreakout(b)) - Number(isBreakout(a)) || rate(b.growth) - rate(a.growth),
  );
  if (all.length === 0) return 'No hashtag was trending on any day.';
  const byDay = [...groupBy(all, ({ day }) => day)].sort(([a], [b]) => compareText(a, b));
  return byDay
    .map(([day, trending]) => {
      const items = trending.map((trend) => {
        const mark = isBreakout(trend) ? '🚀 ' : '';
        return `${mark}${hashtagLink(trend.hashtag)} ${formatGrowth(trend.growth)}`;
      });
      const label = reportDays.has(day) ? `[${day}](../${day}.md)` : day;
      return `- ${label}: ${formatList(items, MAX_NAMES_PER_DAY)}`;
    })
    .join('\n');
}

function renderTables({ period, trends, groups, lastDay }: Summary): string[] {
  const days = chartDays({ period, lastDay });
  const [curve, barDays] = period.kind === 'week' ? ['Week', 1] : ['Month', 2];
  const usualDays = (trend: PeriodTrend) => changeOf(rankedMeasure(trend).growth)?.days;
  const totalGrowth = (trend: PeriodTrend, measure: Measure) => {
    const days = usualDays(trend) ?? changeOf(trend[measure].growth)?.days ?? 0;
    return formatTotalGrowth(trend[measure], days);
  };
  return renderByGroup(trends, groups, [
    ...rankColumns(
      trends,
      ({ rank }) => (rank === null ? '–' : String(rank)),
      (trend) => totalGrowth(trend, trend.rankedBy ?? 'videos'),
    ),
    [curve, 'l', (trend) => renderSparkline(newestOfEach(countsOn(trend, days), barDays))],
    ['Videos', 'r', ({ videos }) => formatCount(videos.count)],
    ['New', 'r', ({ videos }) => formatAdded(videos)],
    ['Per day', 'r', (trend) => formatDailyRate(rankedMeasure(trend).growth)],
    ['Views', 'r', ({ views }) => formatCount(views.count)],
    ['New views', 'r', ({ views }) => formatAdded(views)],
    [
      'Views growth',
      'r',
      (trend) => (trend.rankedBy === 'views' ? '–' : totalGrowth(trend, 'views')),
    ],
    ['Days', 'r', (trend) => String(usualDays(trend) ?? '–')],
    ['Trending', 'r', renderTrendingCell],
  ]);
}

/** The newest known count of every `size` days, so that a month's curve is not too wide. */
function newestOfEach(counts: (number | null)[], size: number): (number | null)[] {
  const ends = counts.map((_, i) => i + 1).filter((end) => (counts.length - end) % size === 0);
  return ends.map(
    (end) => counts.slice(Math.max(0, end - size), end).findLast((count) => count !== null) ?? null,
  );
}

function renderTrendingCell(trend: PeriodTrend): string {
  const days = trendingDays(trend).length;
  if (days === 0) return '–';
  const mark = trend.movingDays.some(isBreakout) ? ' 🚀' : '';
  return `${plural(days, 'day')}${mark}`;
}

function trendingDays({ movingDays }: PeriodTrend): MovingDay[] {
  return movingDays.filter(({ isTrending }) => isTrending);
}

const isBreakout = ({ signal }: MovingDay) => signal === 'breakout';

/** What a reader has to know about the figures. */
function renderNotes(summary: Summary): string {
  const { period, lastDay, trends } = summary;
  // Fewer than all if the week or month is not over.
  const daysSoFar = daysBetween(period.first, lastDay) + 1;
  const remarks = formatRanges(summary.missingDays).map(
    (range): Remark => ['**Missing days**', range],
  );
  for (const trend of trends) {
    const link = hashtagLink(trend.hashtag);
    for (const remark of remarksOn(trend, daysSoFar)) remarks.push([remark, link]);
  }
  const growths = trends.flatMap(({ videos, views }) => [videos.growth, views.growth]);
  return renderNoteList(remarks, trends, growths.some(isMarkedRounded));
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
        : '**Only one day**, but growth needs two',
    );
  }
  if (growth.kind === 'rate' && growth.days !== usualDays) {
    remarks.push(
      `**Growth over ${plural(growth.days, 'day')}** instead of ${usualDays}, because counts are missing`,
    );
  }
  if (trend.videos.count === null) remarks.push('**No video count** from TikTok');
  if (trend.views.count === null) remarks.push('**No view count** from TikTok');
  return remarks;
}

function addedTo(trend: PeriodTrend): number {
  return changeOf(rankedMeasure(trend).growth)?.added ?? 0;
}

/** The days of the chart: all days that the growth of the period is computed from. */
function chartDays({ period, lastDay }: Pick<Summary, 'period' | 'lastDay'>): Day[] {
  return daysUpTo(lastDay, daysBetween(earliestStart(period), lastDay) + 1);
}

function countsOn({ countOn }: PeriodTrend, days: Day[]): (number | null)[] {
  return days.map((day) => countOn.get(day) ?? null);
}

/** The lines of the chart, first those that surged or trended, then the other real changes. */
function chooseSummaryLines(summary: Summary): ChartLine[] {
  const days = chartDays(summary);
  const places = new Map(
    summary.trends.map((trend) => {
      const isMoving = trend.movingDays.some(({ signal }) => signal !== 'cooling');
      const isReal = isRealChange(rankedMeasure(trend).growth);
      return [trend.hashtag, isMoving ? 0 : isReal ? 1 : 2];
    }),
  );
  const lines = summary.trends.map((trend) => ({
    hashtag: trend.hashtag,
    rankedBy: trend.rankedBy,
    counts: countsOn(trend, days),
    isMoving: places.get(trend.hashtag) === 0,
  }));
  return chooseLines(lines, ({ hashtag }) => places.get(hashtag) ?? 2);
}
