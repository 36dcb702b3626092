import { type Day, isDay } from '../core/day.ts';
import {
  formatCompact,
  formatCount,
  formatInstant,
  formatPercent,
  formatRanges,
  formatShortDay,
  plural,
} from '../core/format.ts';
import { groupBy } from '../core/group-by.ts';
import { hashtagOfDashboardUrl, hashtagOfUrl } from '../core/hashtag-name.ts';
import { hashtagLink, renderCode, renderLink } from '../core/markdown.ts';
import { LATEST_CSV_PATH } from '../core/paths.ts';
import { capitalize } from '../core/text.ts';
import { changeOf, type Growth, rankedMeasure } from '../trends/growth.ts';
import { describeVideoCost, renderTopVideos } from '../trends/top-videos.ts';
import { commonMeasure, computeTotal, findFastest } from '../trends/totals.ts';
import {
  describeLast,
  describeTurn,
  formatAdded,
  formatDailyRate,
  formatGrowth,
  formatSpan,
  formatTimesUsual,
  formatTotalAdded,
  formatTotalRate,
  formatUnits,
  isMarkedRounded,
  MOVE_MARKS,
} from '../trends/trend-words.ts';
import type { Trend } from '../trends/trends.ts';
import { judgeFile, judgeRuns } from '../watchlist/limits.ts';
import { renderMoved, renderStatus } from './brief.ts';
import { type DayReport, failuresOf } from './day-report.ts';
import type { Surged } from './index-page.ts';
import {
  type Column,
  explainNoRate,
  failureWords,
  linkTargets,
  type Remark,
  rankColumns,
  renderGroupTable,
  renderNoteList,
  renderPage,
  renderSparkline,
} from './parts.ts';

/** What the links of a report lead to. */
type ReportLinks = {
  /** Empty in the file itself; the folder's address if the report is shown elsewhere. */
  base: string;
  /** The newest earlier day with a report. */
  previousReport: Day | null;
  hasChart: boolean;
};

/** GitHub drops a job's summary of more than 1 MiB. */
const MOST_SUMMARY_BYTES = 900_000;

/**
 * The day's report for the page of a run.
 * @param base the address of the folder with the reports
 */
export function renderJobSummary(report: DayReport, base: string): string {
  const links = { base, previousReport: null, hasChart: false };
  return renderReport(report, links, MOST_SUMMARY_BYTES);
}

/**
 * The day's report as GitHub-flavoured Markdown. If all rows of the tables are too much, it has as
 * many as fit, by rank, and says where all of them are.
 */
export function renderReport(report: DayReport, links: ReportLinks, mostBytes?: number): string {
  const { day, dashboard } = report;
  const { base, previousReport } = links;
  const chart = `![The last 30 days of what moved most](${base}charts/${day}.svg)`;
  const isFirst = report.previousDay === null && report.trends.length > 0;
  const navigation = [
    previousReport === null ? null : `[← ${previousReport}](${base}${previousReport}.md)`,
    `[All reports](${base}README.md)`,
  ];
  // It must be true on later days as well, when the CSV has another day.
  const placesOfAll = [
    ...(dashboard === null ? [] : [`in ${renderLink('the dashboard', dashboard)}`]),
    `in [${LATEST_CSV_PATH}](${base}../${LATEST_CSV_PATH}) while this is the newest day`,
    `in the database: \`npm run export -- --since ${day}\` begins with this day`,
  ];
  const page = {
    before: [
      `# TikTok hashtags on ${formatShortDay(day)}`,
      renderStatus(report),
      ...(isFirst
        ? ['## Welcome', renderWelcome(report, base)]
        : ['## What moved', renderMoved(report, (hashtag) => renderTopVideos(report, hashtag))]),
      ...renderGroups(report),
      ...(links.hasChart ? [chart] : []),
    ],
    tables: { trends: report.trends, groups: report.groups, columns: columnsOf(report) },
    after: [
      '## Data notes',
      renderNotes(report),
      renderAdministration(report),
      navigation.filter((part) => part !== null).join(' · '),
    ],
    source: report.source,
    known: { runs: report.runs.length, snapshots: report.trends.length },
    placesOfAll,
  };
  return renderPage(page, mostBytes);
}

/** The links that a day's report has, so that it can be made again with the same ones. */
export function readReportLinks(markdown: string, day: Day): ReportLinks {
  const targets = linkTargets(markdown);
  const days = targets.map((target) => target.replace(/\.md$/, '')).filter(isDay);
  return {
    base: '',
    previousReport: days.findLast((other) => other < day) ?? null,
    hasChart: targets.includes(`charts/${day}.svg`),
  };
}

/** What surged or broke out, of the hashtags that the report lists. */
export function readSurged(markdown: string): Surged[] {
  const marks = SURGE_KINDS.map((kind) => MOVE_MARKS[kind]).join('|');
  const lines = markdown.matchAll(new RegExp(`^- (${marks}) .*?\\]\\(([^()\\s]+)\\)`, 'gmu'));
  return [...lines].flatMap(([, mark = '', address = '']) => {
    const hashtag = hashtagOfUrl(address) ?? hashtagOfDashboardUrl(address);
    return hashtag === null ? [] : [{ mark, hashtag }];
  });
}

const SURGE_KINDS = ['breakout', 'surging'] as const;

/** The first report of all: what there is, when growth begins, where to go next. */
function renderWelcome({ trends }: DayReport, base: string): string {
  const counts = (['videos', 'views'] as const).flatMap((measure) => {
    const known = trends.flatMap((trend) => trend[measure].count ?? []);
    const sum = known.reduce((total, count) => total + count, 0);
    return known.length === 0 ? [] : [`${formatCount(sum)} ${measure}`];
  });
  const total = counts.length === 0 ? '' : `, together ${counts.join(' and ')}`;
  return [
    `This is your first report: ${plural(trends.length, 'hashtag')} recorded${total}.`,
    'Growth and the chart start tomorrow, when there is a second day to compare with.',
    `Until then, you can [edit the list of hashtags](${base}../data/hashtags.json); every report will be linked in [the index](${base}README.md).`,
  ].join('\n');
}

/** One line for each group, in the order of the list; nothing if there are none. */
function renderGroups(report: DayReport): string[] {
  const { day, trends, history, groups } = report;
  if (report.isTooFew) return []; // sums of too few hashtags would mislead
  const measure = commonMeasure(trends);
  const historyOf = groupBy(history, ({ hashtag }) => hashtag);
  const header = [capitalize(measure), 'New', 'Growth', 'Usually', 'Fastest'];
  return renderGroupTable(trends, groups, header, 'lrrrrl', (members) => {
    const ofMembers = members.flatMap(({ hashtag }) => historyOf.get(hashtag) ?? []);
    const total = computeTotal(ofMembers, day, measure);
    return [
      total.count === null ? '–' : formatCompact(total.count),
      formatTotalAdded(total),
      formatTotalRate(total),
      total.usualPerDay === null ? '–' : formatPercent(total.usualPerDay),
      renderFastest(members),
    ];
  });
}

/** The fastest of a group: `#cursor +16.1%`. */
function renderFastest(members: Trend[]): string {
  const fastest = findFastest(members);
  if (fastest === null) return '–';
  return `${hashtagLink(fastest.hashtag)}\u00a0${formatDailyRate(rankedMeasure(fastest).growth)}`;
}

function columnsOf({ trends, isTooFew }: DayReport): Column<Trend>[] {
  return [
    ...rankColumns(trends, isTooFew ? () => '–' : renderRank, renderGrowthCell),
    ['×\u00a0usual', 'r', formatTimesUsual],
    ['Daily gain', 'l', (trend) => renderSparkline(trend.last30Days.slice(-15))],
    ['Videos', 'r', ({ videos }) => formatCount(videos.count)],
    ['New', 'r', ({ videos }) => formatAdded(videos)],
    ['7 days', 'r', (trend) => formatSpan(rankedMeasure(trend).over7Days)],
    ['30 days', 'r', (trend) => formatSpan(rankedMeasure(trend).over30Days)],
    ['Views', 'r', ({ views }) => formatCount(views.count)],
    ['New views', 'r', ({ views }) => formatAdded(views)],
    ['Views growth', 'r', renderViewsGrowthCell],
    ['Views/video', 'r', ({ viewsPerVideo: ratio }) => formatCount(ratio && Math.round(ratio))],
  ];
}

/** `3 ▲2`: the rank, and the places gained since the day before; `3 new` on the first ranked day. */
function renderRank({ rank, rankChange, isNewlyRanked }: Trend): string {
  if (rank === null) return '–';
  if (rankChange === null) return isNewlyRanked ? `${rank}\u00a0new` : String(rank);
  const movement = rankChange === 0 ? '=' : rankChange > 0 ? `▲${rankChange}` : `▼${-rankChange}`;
  return `${rank}\u00a0${movement}`;
}

function renderGrowthCell(trend: Trend): string {
  const text = formatGrowthOf(trend, rankedMeasure(trend).growth);
  const isMoving = trend.signal !== null && trend.signal !== 'cooling';
  return isMoving ? `**${text}**` : text;
}

/** Nothing for a hashtag that is ranked by views, because its growth stands in the third column. */
function renderViewsGrowthCell(trend: Trend): string {
  return trend.rankedBy === 'views' ? '–' : formatGrowthOf(trend, trend.views.growth);
}

function formatGrowthOf(trend: Trend, growth: Growth): string {
  const text = formatGrowth(growth);
  return growth.kind === 'rate' && isBack(trend) ? `back: ${text}` : text;
}

/** When and by which run the day was captured, the credits, and the missing days, in one line. */
function renderAdministration(report: DayReport): string {
  const { runs, creditsUsed, creditsRemaining, creditsLastDays, missingDays } = report;
  const lastRun = runs.at(-1);
  const parts: string[] = [];
  if (lastRun === undefined) {
    parts.push('No run is recorded for this day');
  } else {
    const when = formatInstant(lastRun.finishedAt, report.timeZone);
    const by = lastRun.url === null ? '' : ` by [this run](${lastRun.url})`;
    parts.push(`Captured on ${when}${by}`);
  }
  const videoCost = describeVideoCost(report);
  if (creditsUsed !== null) {
    const ofThem = videoCost === null ? '' : `, ${videoCost}`;
    parts.push(`${plural(creditsUsed, 'credit')} used${ofThem}`);
  }
  if (creditsRemaining !== null && creditsLastDays !== null) {
    const days = plural(creditsLastDays, 'day');
    parts.push(`${formatCount(creditsRemaining)} left, enough for ${days}`);
  }
  const missing = missingDays.length === 0 ? 'no day' : plural(missingDays.length, 'day');
  parts.push(`${missing} missing in the last 30`);
  return parts.join(' · ');
}

/** What a reader has to know about the figures: each kind of remark once, with its hashtags. */
function renderNotes(report: DayReport): string {
  const remarks: Remark[] = [];
  const add = (remark: string, item: string) => remarks.push([remark, item]);
  const { turns } = report.state;
  const missed = new Set(report.state.missed);
  for (const failure of failuresOf(report)) {
    const { hashtag, kind, reason, absence } = failure;
    const last = missed.has(failure) ? absence?.last : null;
    const had = last ? ` (it had ${describeLast(last)})` : '';
    add(`**${capitalize(failureWords(kind))}** ${renderCode(reason)}`, hashtagLink(hashtag) + had);
  }
  for (const turn of turns) {
    const { last } = turn.absence;
    const had = last === null ? '' : ` (it had ${describeLast(last)})`;
    add(`**${capitalize(describeTurn(turn))}**`, hashtagLink(turn.hashtag) + had);
  }
  for (const { hashtag, problem } of report.topVideos) {
    if (problem !== null) add(`**No videos** ${renderCode(problem)}`, hashtagLink(hashtag));
  }
  for (const hashtag of report.paused) add('**Paused**', hashtagLink(hashtag));
  for (const hashtag of report.removed) add('**No longer tracked**', hashtagLink(hashtag));
  for (const { hashtag, before } of report.begunAnew) {
    const remark = '**Begins anew**, because the name was stored without its joiners before';
    add(remark, `${hashtagLink(hashtag)} (before: ${hashtagLink(before)})`);
  }
  const ranges = formatRanges(report.missingDays);
  for (const range of ranges) add('**Missing days** in the last 30', range);
  for (const trend of report.trends) remarks.push(...remarksOn(trend));
  for (const { hashtag, videoCount, viewCount, replacedAt } of report.corrections) {
    const before = `${formatCount(videoCount)} videos, ${formatCount(viewCount)} views`;
    const when = formatInstant(replacedAt, report.timeZone);
    add('**Corrected** by a later run', `${hashtagLink(hashtag)} (before ${when}: ${before})`);
  }
  const limits = [judgeRuns(report.runs)];
  // Of older days, other days have been added to the database.
  if (report.day === report.newestDay) limits.push(judgeFile(report.databaseBytes));
  for (const limit of limits) {
    if (limit !== null) add(`**Near a limit**: ${limit.text}`, limit.remedy);
  }
  const unrecorded = report.tracked - report.trends.length - failuresOf(report).length;
  if (unrecorded > 0) {
    add('**Not asked for** on this day', `${plural(unrecorded, 'hashtag')} of the watchlist`);
  }
  const hasRounded = report.trends
    .flatMap(({ videos, views }) => [videos, views])
    .flatMap(({ growth, over7Days, over30Days }) => [growth, over7Days, over30Days])
    .some(isMarkedRounded);
  return renderNoteList(remarks, report.trends, hasRounded);
}

/** What a reader has to know about the figures of one hashtag. `detail` is only about that one. */
function remarksOn(trend: Trend): Remark[] {
  const { growth } = rankedMeasure(trend);
  const remarks: Remark[] = [];
  const add = (remark: string, detail = '') =>
    remarks.push([remark, hashtagLink(trend.hashtag) + detail]);
  if (trend.rankedBy === null) add(`**${capitalize(explainNoRate(trend))}**`);
  if (trend.videos.count === null) add('**No video count** from TikTok');
  if (trend.views.count === null) add('**No view count** from TikTok');
  if (growth.kind !== 'rate') return remarks;
  const { added, days } = growth;
  if (isBack(trend)) {
    add('**Back** after a long gap; growth is the daily rate over the gap', ` (${days} days)`);
  } else if (days > 1) {
    const missing = `there is no count of ${trend.rankedBy} in between`;
    add(`**Compared with ${days} days before**, because ${missing}`);
  }
  if (added < 0 && !growth.isWithinRounding) {
    add('**Fell**', ` by ${formatUnits(-added, trend.rankedBy ?? 'videos')}`);
  }
  if (trend.isTooSmall) add('**Moves, but has fewer than `minVideos` videos**');
  return remarks;
}

/** True if the hashtag returns after more than a week without any count. */
function isBack({ videos, views }: Trend): boolean {
  const days = [videos, views].flatMap(({ growth }) => changeOf(growth)?.days ?? []);
  return days.length > 0 && Math.min(...days) > 7;
}
