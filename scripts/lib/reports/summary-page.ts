import { type Day, daysBetween, daysUpTo, isDay } from '../core/day.ts';
import {
  formatChange,
  formatCompact,
  formatCount,
  formatList,
  formatPercent,
  formatPeriod,
  formatRanges,
  formatTimes,
  plural,
} from '../core/format.ts';
import { groupBy } from '../core/group-by.ts';
import { hashtagLink, renderLink } from '../core/markdown.ts';
import { lengthInDays, type Period, parseMonth, parseWeek } from '../core/period.ts';
import { capitalize, compareText } from '../core/text.ts';
import { changeOf, isRealChange, type Measure, rankedMeasure } from '../trends/growth.ts';
import { earliestStart, type MovingDay, type PeriodTrend } from '../trends/period-trends.ts';
import { commonMeasure } from '../trends/totals.ts';
import {
  formatAdded,
  formatDailyRate,
  formatGrowth,
  formatTotalGrowth,
  isMarkedRounded,
  MOVE_MARKS,
} from '../trends/trend-words.ts';
import { type ChartLine, chooseLines, drawChart } from './chart.ts';
import {
  type Column,
  fitLines,
  linkTargets,
  movedLink,
  type Remark,
  rankColumns,
  renderGroupTable,
  renderNoteList,
  renderPage,
  renderSparkline,
} from './parts.ts';

import {
  addedTo,
  MOVES,
  mostTimesUsual,
  movesOf,
  type Summary,
  strongestMove,
  totalOf,
} from './summary.ts';

/** What the links of a summary lead to, from its folder. */
type SummaryLinks = {
  /** The name of the newest earlier summary of its kind. */
  previous: string | null;
  /** The days that have a report. */
  reportDays: Set<Day>;
};

/** The summary as GitHub-flavoured Markdown. */
export function renderSummary(summary: Summary, links: SummaryLinks): string {
  const { period, trends, dashboard } = summary;
  const losers = trends
    .filter((trend) => isRealChange(rankedMeasure(trend).growth) && addedTo(trend) < 0)
    .toReversed();
  const chart = chooseSummaryLines(summary).length > 0;
  const navigation = [
    links.previous === null ? null : `[← ${links.previous}](${links.previous}.md)`,
    '[All reports](../README.md)',
  ];
  const page = {
    before: [
      `# TikTok hashtags in ${formatPeriod(period)}`,
      renderStatus(summary),
      '## What moved',
      renderMoved(summary),
      '## Winners',
      renderWinners(summary),
      ...(losers.length > 0 ? ['## Losers', renderMovers(losers, '📉', period)] : []),
      ...renderGroups(summary),
      ...(chart ? [`![What moved most in ${period.name}](../charts/${period.name}.svg)`] : []),
      '## Day by day',
      renderDays(summary, links.reportDays),
    ],
    tables: { trends, groups: summary.groups, columns: columnsOf(summary) },
    after: [
      '## Data notes',
      renderNotes(summary),
      navigation.filter((part) => part !== null).join(' · '),
    ],
    source: summary.source,
    known: null,
    placesOfAll: [
      ...(dashboard === null ? [] : [`in ${renderLink('the dashboard', dashboard)}`]),
      `in the database: \`npm run export -- --since ${period.first}\` begins with this ${period.kind}`,
    ],
  };
  return renderPage(page);
}

/** What a summary comes to, for the digest: whether all is well, and what moved, or else who won. */
export function renderSummaryTop(summary: Summary): string {
  const isUsual = summary.trends.every((trend) => strongestMove(trend) === null);
  const winners = isUsual ? [renderWinners(summary)] : [];
  return [renderStatus(summary), renderMoved(summary), ...winners].join('\n\n');
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

/** How many days and hashtags were captured, and what they added together. What is wrong comes first. */
function renderStatus(summary: Summary): string {
  const { period, firstDay, lastDay, trends, possibleDays } = summary;
  const missing = summary.missingDays.length;
  const problem = `**${plural(missing, 'day')} missing: ${formatList(formatRanges(summary.missingDays), 3)}**`;
  const parts = [
    ...(missing > 0 ? [problem] : []),
    `${possibleDays - missing} of ${plural(possibleDays, 'day')}`,
    `${period.first} to ${period.last}`,
  ];
  if (firstDay > period.first) parts.push(`tracked since ${firstDay}`);
  if (lastDay < period.last) parts.push(`so far, up to ${lastDay}`);
  parts.push(plural(trends.length, 'hashtag'));
  const added = (['videos', 'views'] as const).flatMap((measure) => {
    const { added, hasRounded } = totalOf(trends, measure);
    return added === null ? [] : [`${hasRounded ? '≈' : ''}${formatChange(added)} ${measure}`];
  });
  if (added.length > 0) parts.push(`together ${added.join(' and ')}`);
  return `${missing === 0 ? '✅' : '⚠️'} ${parts.join(' · ')}`;
}

const MAX_MOVED = 8;
/** One line for each hashtag that surged or trended, the strongest first. */
function renderMoved({ trends, period, dashboard }: Summary): string {
  const moved = trends
    .flatMap((trend) => {
      const kind = strongestMove(trend);
      return kind === null ? [] : [{ trend, kind, times: mostTimesUsual(trend) ?? 0 }];
    })
    .sort((a, b) => MOVES.indexOf(a.kind) - MOVES.indexOf(b.kind) || b.times - a.times);
  if (moved.length === 0) return `A usual ${period.kind}: no hashtag surged or trended.`;
  const lines = moved.slice(0, MAX_MOVED).map(({ trend, kind, times }) => {
    const days = movesOf(trend).filter(({ signal }) => signal === kind).length;
    const most = times > 0 ? `, at most **${formatTimes(times)} × its usual**` : '';
    const total = formatTotalGrowth(rankedMeasure(trend), lengthInDays(period));
    const now = `${formatChange(addedTo(trend))}, now ${formatCount(rankedMeasure(trend).count)} ${trend.rankedBy ?? 'videos'}`;
    const name = `**${movedLink(trend.hashtag, dashboard)}**`;
    return `- ${MOVE_MARKS[kind]} ${name} ${kind} on ${plural(days, 'day')}${most} · ${total}: ${now}`;
  });
  return fitLines(lines, describeRest, moved.length).join('\n');
}

const describeRest = (left: number) => `- … and ${formatCount(left)} more`;

/** One line for each group, in the order of the list; nothing if there are no groups. */
function renderGroups({ trends, groups, period }: Summary): string[] {
  const measure = commonMeasure(trends);
  const header = [capitalize(measure), 'New', 'Growth', 'Fastest'];
  return renderGroupTable(trends, groups, header, 'lrrrl', (members) => {
    const { count, added, rate, hasRounded } = totalOf(members, measure);
    const mark = hasRounded ? '≈' : '';
    const [fastest] = members.filter((trend) => isRealChange(rankedMeasure(trend).growth));
    const isGrowing = fastest !== undefined && addedTo(fastest) > 0;
    return [
      count === null ? '–' : formatCompact(count),
      added === null ? '–' : `${mark}${added > 0 ? '+' : ''}${formatCompact(added)}`,
      rate === null ? '–' : `${mark}${formatPercent(rate)}`,
      isGrowing
        ? `${hashtagLink(fastest.hashtag)}\u00a0${formatTotalGrowth(rankedMeasure(fastest), lengthInDays(period))}`
        : '–',
    ];
  });
}

const MAX_MOVERS = 5;

function renderWinners({ trends, period }: Summary): string {
  if (!trends.some((trend) => trend.rankedBy !== null)) {
    return 'Growth appears from the second day on.';
  }
  const winners = trends.filter(
    (trend) => isRealChange(rankedMeasure(trend).growth) && addedTo(trend) > 0,
  );
  return renderMovers(winners, '📈', period);
}

function renderMovers(movers: PeriodTrend[], mark: string, period: Period): string {
  if (movers.length === 0) return 'No hashtag grew by more than rounding.';
  const shown = movers.slice(0, MAX_MOVERS);
  const lines = shown.map((trend) => `- ${mark} ${describeMover(trend, lengthInDays(period))}`);
  return fitLines(lines, describeRest, movers.length).join('\n');
}

/** `#cursor videos +16.1% · +23,786, now 171,720 · +2.2% a day`. */
function describeMover(trend: PeriodTrend, usualDays: number): string {
  const measure = rankedMeasure(trend);
  const { count, growth } = measure;
  const parts = [
    `**${hashtagLink(trend.hashtag)}** ${trend.rankedBy} **${formatTotalGrowth(measure, usualDays)}**`,
    `${formatChange(addedTo(trend))}, now ${formatCount(count)}`,
    `${formatDailyRate(growth)} a day`,
  ];
  return parts.join(' · ');
}

const MAX_NAMES_PER_DAY = 10;

/** One line per day on which something surged or trended, the strongest first. */
function renderDays({ trends, period }: Summary, reportDays: Set<Day>): string {
  const all = trends.flatMap((trend) =>
    movesOf(trend).map((move) => ({ hashtag: trend.hashtag, ...move })),
  );
  const rate = ({ growth }: MovingDay) => (growth.kind === 'rate' ? growth.perDay : 0);
  const times = ({ pace }: MovingDay) => pace?.timesUsual ?? 0;
  all.sort(
    (a, b) =>
      MOVES.indexOf(a.signal) - MOVES.indexOf(b.signal) ||
      (a.signal === 'trending' ? rate(b) - rate(a) : times(b) - times(a)),
  );
  if (all.length === 0) return `Nothing surged or trended on any day of the ${period.kind}.`;
  const byDay = [...groupBy(all, ({ day }) => day)].sort(([a], [b]) => compareText(a, b));
  const lines = byDay.map(([day, moves]) => {
    const items = moves.slice(0, MAX_NAMES_PER_DAY).map((move) => {
      const surged = move.signal === 'trending' ? null : (move.pace?.timesUsual ?? null);
      const figure = surged === null ? formatGrowth(move.growth) : `${formatTimes(surged)} ×`;
      return `${MOVE_MARKS[move.signal]} ${hashtagLink(move.hashtag)} ${figure}`;
    });
    const label = reportDays.has(day) ? `[${day}](../${day}.md)` : day;
    return `- ${label}: ${formatList(items, MAX_NAMES_PER_DAY, moves.length)}`;
  });
  return fitLines(lines, (left) => `- … and ${plural(left, 'more day')}`).join('\n');
}

function columnsOf({ period, trends, lastDay }: Summary): Column<PeriodTrend>[] {
  const days = chartDays({ period, lastDay });
  const barDays = period.kind === 'week' ? 1 : 2;
  const usualDays = (trend: PeriodTrend) => changeOf(rankedMeasure(trend).growth)?.days;
  const totalGrowth = (trend: PeriodTrend, measure: Measure) => {
    const days = usualDays(trend) ?? changeOf(trend[measure].growth)?.days ?? 0;
    return formatTotalGrowth(trend[measure], days);
  };
  return [
    ...rankColumns(
      trends,
      ({ rank }) => (rank === null ? '–' : String(rank)),
      (trend) => totalGrowth(trend, trend.rankedBy ?? 'videos'),
    ),
    [
      '×\u00a0usual',
      'r',
      (trend) => {
        const times = mostTimesUsual(trend);
        return times === null ? '–' : `${formatTimes(times)} ×`;
      },
    ],
    ['Daily gain', 'l', (trend) => renderSparkline(newestOfEach(countsOn(trend, days), barDays))],
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
    ['Moved', 'r', renderMovedCell],
  ];
}

/** The newest known count of every `size` days, so that a month's curve is not too wide. */
function newestOfEach(counts: (number | null)[], size: number): (number | null)[] {
  const ends = counts.map((_, i) => i + 1).filter((end) => (counts.length - end) % size === 0);
  return ends.map(
    (end) => counts.slice(Math.max(0, end - size), end).findLast((count) => count !== null) ?? null,
  );
}

/** `2 days 🚀`: on how many days it surged or trended, and the strongest of that. */
function renderMovedCell(trend: PeriodTrend): string {
  const kind = strongestMove(trend);
  return kind === null ? '–' : `${plural(movesOf(trend).length, 'day')} ${MOVE_MARKS[kind]}`;
}

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
      const isMoving = strongestMove(trend) !== null;
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
