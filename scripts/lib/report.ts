import { daysOfCredits } from './cost.ts';
import type { Day } from './day.ts';
import {
  formatChange,
  formatCount,
  formatGrowth,
  formatList,
  formatPercent,
  formatRanges,
  plural,
} from './format.ts';
import { hashtagUrl } from './hashtag.ts';
import { escapeMarkdown, renderCode, renderLink, renderTable } from './markdown.ts';
import { plainText } from './plain-text.ts';
import type { DayRecord, Failure, RunSummary } from './store.ts';
import {
  computeTrends,
  type Growth,
  type MeasureGrowth,
  type MeasureTrend,
  missingDays,
  rankedMeasure,
  type SpanGrowth,
  type Threshold,
  type Trend,
} from './trends.ts';
import type { Watchlist } from './watchlist.ts';

/** More names than these would bury the line that they stand in. */
const MAX_MISSED_NAMES = 3;
/** A gap longer than this is a return, not a missed day. */
const RETURN_AFTER_DAYS = 7;

/** A day as its report tells it: pure data, from the database and the watchlist alone. */
export type DayReport = {
  day: Day;
  /** The newest day before with a snapshot; null where there is none. */
  previousDay: Day | null;
  timeZone: string;
  trends: Trend[];
  failures: Failure[];
  /** How many hashtags were to be captured. */
  tracked: number;
  /** Days of the last 30 with no snapshot at all. */
  missingDays: Day[];
  lastRun: RunSummary | null;
  /** Null where the API did not say. */
  creditsUsed: number | null;
  creditsRemaining: number | null;
  corrections: DayRecord['corrections'];
  /** Hashtags of `previousDay` that are no longer asked for. */
  paused: string[];
  removed: string[];
  groupOf: (hashtag: string) => string | null;
  /** Daily growth above which a hashtag is trending; null where some have a threshold of their own. */
  thresholdPercent: number | null;
};

/** What a day's report says, computed from the day's rows. */
export function composeReport(record: DayRecord, watchlist: Watchlist): DayReport {
  const trends = computeTrends(record.history, record.day, thresholds(watchlist));
  const lastRun = record.runs.at(-1) ?? null;
  const used = record.runs.flatMap((run) => run.creditsUsed ?? []);
  return {
    day: record.day,
    previousDay: record.previousDay,
    timeZone: watchlist.settings.timeZone,
    trends,
    failures: record.failures,
    tracked: Math.max(lastRun?.tracked ?? 0, trends.length + record.failures.length),
    missingDays: missingDays(record.history, record.day, record.firstDay),
    lastRun,
    creditsUsed: used.length === 0 ? null : used.reduce((sum, credits) => sum + credits, 0),
    creditsRemaining:
      record.runs.findLast((run) => run.creditsRemaining !== null)?.creditsRemaining ?? null,
    corrections: record.corrections,
    ...findDropped(record, watchlist),
    groupOf: groups(watchlist),
    thresholdPercent: watchlist.entries.some((entry) => entry.trendingGrowthPercent !== undefined)
      ? null
      : watchlist.settings.trendingGrowthPercent,
  };
}

/**
 * The hashtags that were captured on the day before and are not on this one, because the watchlist
 * has them paused or not at all. A day without any snapshot leaves it to the next one to say so.
 */
function findDropped(
  { day, history, failures, previousHashtags }: DayRecord,
  { entries }: Watchlist,
): Pick<DayReport, 'paused' | 'removed'> {
  const captured = history.filter((snapshot) => snapshot.day === day);
  const seen = new Set([...captured, ...failures].map(({ hashtag }) => hashtag));
  const dropped = captured.length === 0 ? [] : previousHashtags.filter((name) => !seen.has(name));
  const isPaused = new Map(entries.map((entry) => [entry.name, entry.paused]));
  return {
    paused: dropped.filter((name) => isPaused.get(name) === true),
    removed: dropped.filter((name) => !isPaused.has(name)),
  };
}

/** The threshold of each hashtag, by the watchlist. */
export function thresholds({ settings, entries }: Watchlist): (hashtag: string) => Threshold {
  const own = new Map(entries.map((entry) => [entry.name, entry.trendingGrowthPercent]));
  return (hashtag) => ({
    trendingGrowthPercent: own.get(hashtag) ?? settings.trendingGrowthPercent,
    minVideos: settings.minVideos,
  });
}

/** The group of each hashtag, by the watchlist; null where it has none. */
export function groups({ entries }: Watchlist): (hashtag: string) => string | null {
  const own = new Map(entries.map((entry) => [entry.name, entry.group]));
  return (hashtag) => own.get(hashtag) ?? null;
}

type Ranked = Pick<Trend, 'hashtag' | 'rankedBy'>;

/** Where a report's links lead. */
export type ReportLinks = {
  /** Empty in the file itself; the folder's address where the report is shown elsewhere. */
  base: string;
  /** The newest day before with a report. */
  previousReport: Day | null;
  hasChart: boolean;
};

/** The day's report as GitHub-flavoured Markdown. */
export function renderReport(report: DayReport, links: ReportLinks): string {
  const { base, previousReport } = links;
  const chart = links.hasChart
    ? `![The last 30 days of the top movers, indexed to 100](${base}charts/${report.day}.svg)`
    : 'The chart starts when a hashtag has two days with a count above zero.';
  const isFirst = report.previousDay === null && report.trends.length > 0;
  const navigation = [
    previousReport === null ? null : `[← ${previousReport}](${base}${previousReport}.md)`,
    `[All reports](${base}README.md)`,
  ];
  const blocks = [
    `# TikTok hashtags on ${formatLongDay(report.day)}`,
    renderHealth(report),
    ...(isFirst
      ? ['## Welcome', renderWelcome(report, base)]
      : ['## Trending', renderTrending(report), chart]),
    ...renderTables(report),
    '## Data notes',
    renderNotes(report),
    navigation.filter((part) => part !== null).join(' · '),
  ];
  return `${blocks.join('\n\n')}\n`;
}

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
    'Growth starts tomorrow, when there is a second day to compare with, and so does the chart.',
    `Until then, you can [edit the list of hashtags](${base}../data/hashtags.json); every report will be linked in [the index](${base}README.md).`,
  ].join('\n');
}

/** The tutorial's report for the console: a line a hashtag with videos and growth. */
export function renderConsoleReport(report: DayReport): string {
  const lines = report.trends.map((trend) => {
    const name = `#${plainText(trend.hashtag)}`.padEnd(20);
    const measure = rankedMeasure(trend);
    const unit = trend.rankedBy === 'views' || trend.videos.count === null ? 'views' : 'videos';
    const count = unit === 'views' ? trend.views.count : trend.videos.count;
    const growth = trend.rankedBy === null ? describeNoRate(trend) : formatGrowth(measure.growth);
    const mark = trend.isBreakout ? '  BREAKOUT' : trend.isTrending ? '  trending' : '';
    return `${name} ${formatCount(count).padStart(15)} ${unit} | growth: ${growth}${mark}`;
  });
  const failures = report.failures.map(
    ({ hashtag, kind, reason }) =>
      `${`#${plainText(hashtag)}`.padEnd(20)} ${failureWords(kind)}: ${plainText(reason)}`,
  );
  return [
    `TikTok Hashtag Report - ${report.day}`,
    '-'.repeat(50),
    ...lines,
    ...failures,
    `${report.trends.length} of ${plural(report.tracked, 'hashtag')} captured`,
  ].join('\n');
}

/** `7 of 7 hashtags, 2 trending (#cursor +15.2%, #claude +12.4%)`: the day in one line. */
export function renderHeadline(report: DayReport): string {
  const captured = `${report.trends.length} of ${plural(report.tracked, 'hashtag')}`;
  const trending = report.trends.filter((trend) => trend.isTrending);
  if (trending.length === 0) return captured;
  const items = trending.map((trend) => {
    const { growth } = rankedMeasure(trend);
    return `#${plainText(trend.hashtag)} ${growth.kind === 'rate' ? formatPercent(growth.perDay) : ''}`;
  });
  return `${captured}, ${trending.length} trending (${formatList(items, 5)})`;
}

/** Whether the day has every hashtag that it can have: all but those that TikTok does not know. */
export function isComplete({ trends, failures, tracked }: DayReport): boolean {
  const unknown = failures.filter((failure) => failure.kind === 'not-found').length;
  return trends.length > 0 && trends.length + unknown === tracked;
}

/** Captured, when, by which run, credits, and missing days: a line that says whether all is well. */
export function renderHealth(report: DayReport): string {
  const { lastRun, creditsUsed, creditsRemaining, missingDays, tracked } = report;
  const captured = report.trends.length;
  const missed = report.failures.filter(({ kind }) => kind !== 'not-found');
  const unknown = report.failures.length - missed.length;
  const parts = [`${isComplete(report) ? '✅' : '⚠️'} **${captured} of ${tracked} captured**`];
  if (missed.length > 0) {
    const names = missed.map((failure) => hashtagLink(failure.hashtag));
    parts.push(`${formatCount(missed.length)} missed: ${formatList(names, MAX_MISSED_NAMES)}`);
  }
  if (unknown > 0) parts.push(`${unknown} not on TikTok`);
  if (lastRun === null) {
    parts.push('no run is recorded for this day');
  } else {
    const when = formatInstant(lastRun.finishedAt, report.timeZone);
    parts.push(lastRun.url === null ? when : `${when} by [this run](${lastRun.url})`);
  }
  if (creditsUsed !== null) parts.push(`${plural(creditsUsed, 'credit')} used`);
  if (creditsRemaining !== null) {
    const days = daysOfCredits(creditsRemaining, tracked);
    parts.push(`${formatCount(creditsRemaining)} left, enough for ${plural(days, 'day')}`);
  }
  parts.push(
    missingDays.length === 0
      ? 'no day missing in the last 30'
      : `${plural(missingDays.length, 'day')} missing in the last 30`,
  );
  return parts.join(' · ');
}

/** The trending hashtags, a line each; or what came closest. */
export function renderTrending(report: DayReport): string {
  const trending = report.trends.filter((trend) => trend.isTrending);
  if (trending.length > 0) {
    return trending.map((trend) => `- ${describeTrending(trend)}`).join('\n');
  }
  if (report.trends.length === 0) return 'Nothing was captured on this day.';
  const [top] = report.trends;
  if (top === undefined || top.rankedBy === null) {
    return report.previousDay === null
      ? 'Growth can be told from the second day on: today’s counts are what it starts from.'
      : 'No growth can be told: no count of today has an earlier one above zero.';
  }
  const tooSmall = report.trends.filter((trend) => trend.isTooSmall);
  if (tooSmall.length > 0) {
    const names = tooSmall.map((trend) => hashtagLink(trend.hashtag));
    return `Nothing is trending: too few videos yet for ${formatList(names)}, which grew faster.`;
  }
  const { growth } = rankedMeasure(top);
  const rising = growth.kind === 'rate' && growth.perDay > 0 && !growth.isWithinRounding;
  const closest = rising
    ? ` The fastest was ${hashtagLink(top.hashtag)}: ${top.rankedBy} ${formatGrowth(growth)}.`
    : ' Nothing grew by more than rounding.';
  const limit =
    report.thresholdPercent === null
      ? 'faster than its threshold'
      : `by more than ${report.thresholdPercent}% a day`;
  return `No hashtag grew ${limit}.${closest}`;
}

/** `2026-11-22 06:17 UTC`: an instant on the clock of the watchlist's time zone. */
export function formatInstant(iso: string, timeZone: string): string {
  const text = new Date(iso).toLocaleString('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  return `${text} ${timeZone}`;
}

function describeTrending(trend: Trend): string {
  const measure = rankedMeasure(trend);
  const { growth } = measure;
  if (growth.kind !== 'rate') return hashtagLink(trend.hashtag);
  const parts = [
    `${trend.isBreakout ? '🚀' : '📈'} **${hashtagLink(trend.hashtag)}** ${trend.rankedBy} **${formatGrowth(growth)}**`,
    `${formatChange(growth.added)}, now ${formatCount(measure.count)}`,
  ];
  if (trend.isBreakout && trend.usualPerDay !== null) {
    parts.push(`**breakout**: its usual day is ${formatPercent(trend.usualPerDay)}`);
  }
  if (measure.acceleration !== null) {
    const points = (measure.acceleration * 100).toFixed(1);
    const direction =
      measure.acceleration >= 0
        ? `${points} points a day faster`
        : `${points.slice(1)} points a day slower`;
    parts.push(`${direction} than in the 7 days before`);
  }
  return parts.join(' · ');
}

// The growth stands where a phone shows it without scrolling.
const HEADER = [
  'Hashtag',
  'Growth',
  '14 days',
  'Videos',
  'New',
  '7 days',
  '30 days',
  'Views',
  'New views',
  'Views growth',
  'Views/video',
];
const ALIGN = 'llrlrrrrrrrr';

function renderTables(report: DayReport): string[] {
  if (report.trends.length === 0) return [];
  const isMixed = hasVideoRanks(report.trends);
  const header = [rankHeading(report.trends), ...HEADER];
  return renderByGroup(report.trends, report.groupOf, header, ALIGN, (trend) =>
    renderRow(trend, isMixed),
  );
}

/** The heading of the ranks: where all of them go by views, it says so. */
export function rankHeading(trends: Ranked[]): string {
  const hasViewRanks = trends.some((trend) => trend.rankedBy === 'views');
  return hasViewRanks && !hasVideoRanks(trends) ? 'Rank by views' : 'Rank';
}

/** The hashtag's link; where others are ranked by videos, one that is not is marked. */
export function renderHashtagCell({ hashtag, rankedBy }: Ranked, isMixed: boolean): string {
  return hashtagLink(hashtag) + (isMixed && rankedBy === 'views' ? ' (by views)' : '');
}

/** True where some are ranked by videos: the others then have to be told from them. */
export function hasVideoRanks(trends: Ranked[]): boolean {
  return trends.some((trend) => trend.rankedBy === 'videos');
}

/**
 * A table under a heading a group: the groups by name, those without a group last. A column that says
 * nothing in any of them is left out.
 */
export function renderByGroup<T extends { hashtag: string }>(
  trends: T[],
  groupOf: (hashtag: string) => string | null,
  header: string[],
  align: string,
  renderRow: (trend: T) => string[],
): string[] {
  const rowsByGroup = new Map<string | null, string[][]>();
  for (const trend of trends) {
    const group = groupOf(trend.hashtag);
    rowsByGroup.set(group, [...(rowsByGroup.get(group) ?? []), renderRow(trend)]);
  }
  const allRows = [...rowsByGroup.values()].flat();
  const isTelling = header.map((_, column) => allRows.some((row) => row[column] !== '–'));
  const telling = <C>(cells: C[]) => cells.filter((_, column) => isTelling[column]);
  const sorted = [...rowsByGroup].sort(([a], [b]) =>
    a === null ? 1 : b === null ? -1 : a.localeCompare(b, 'en'),
  );
  const isGrouped = sorted.some(([name]) => name !== null);
  return sorted.flatMap(([name, rows]) => {
    const title =
      name !== null ? escapeMarkdown(name) : isGrouped ? 'Other hashtags' : 'All hashtags';
    const table = renderTable(telling(header), rows.map(telling), telling([...align]).join(''));
    return [`## ${title}`, table];
  });
}

function renderRow(trend: Trend, isMixed: boolean): string[] {
  const ranked = rankedMeasure(trend);
  return [
    renderRank(trend),
    renderHashtagCell(trend, isMixed),
    renderGrowthCell(trend.videos, trend.isTrending && trend.rankedBy === 'videos'),
    renderSparkline(trend.last30Days.slice(-14)),
    formatCount(trend.videos.count),
    renderAdded(trend.videos),
    renderSpan(ranked.over7Days),
    renderSpan(ranked.over30Days),
    formatCount(trend.views.count),
    renderAdded(trend.views),
    renderGrowthCell(trend.views, trend.isTrending && trend.rankedBy === 'views'),
    trend.viewsPerVideo === null ? '–' : formatCount(Math.round(trend.viewsPerVideo)),
  ];
}

/** `3 ▲2`: the rank, and the places gained since the day before; `3 new` on the first ranked day. */
function renderRank({ rank, rankChange, isNewlyRanked }: Trend): string {
  if (rank === null) return '–';
  if (rankChange === null) return isNewlyRanked ? `${rank}\u00a0new` : String(rank);
  const movement = rankChange === 0 ? '=' : rankChange > 0 ? `▲${rankChange}` : `▼${-rankChange}`;
  return `${rank}\u00a0${movement}`;
}

/** How many came: the counts' difference; a dash where it is not known. */
export function renderAdded({ growth }: MeasureGrowth): string {
  if (growth.kind !== 'rate' && growth.kind !== 'from-zero') return '–';
  return formatChange(growth.added);
}

function renderGrowthCell({ growth }: MeasureTrend, isTrending: boolean): string {
  const text = isLongGap(growth) ? `back: ${formatGrowth(growth)}` : formatGrowth(growth);
  return isTrending ? `**${text}**` : text;
}

function renderSpan(span: SpanGrowth | null): string {
  if (span === null) return '–';
  return `${span.isWithinRounding && span.rate !== 0 ? '≈' : ''}${formatPercent(span.rate)}`;
}

/** A bar a day between the smallest and the largest count of the row; a gap is a dot. */
export function renderSparkline(counts: (number | null)[]): string {
  const bars = '▁▂▃▄▅▆▇█';
  const known = counts.filter((count) => count !== null);
  if (known.length === 0) return '–';
  const min = Math.min(...known);
  const range = Math.max(...known) - min;
  const barOf = (count: number) =>
    range === 0 ? '▄' : bars[Math.round(((count - min) / range) * (bars.length - 1))];
  const line = counts.map((count) => (count === null ? '·' : barOf(count))).join('');
  return line.replace(/^·+/, ''); // days before the first are no gaps
}

/** What the figures need to be read rightly, each kind of remark once, with the hashtags it is about. */
function renderNotes(report: DayReport): string {
  const remarks: Remark[] = [];
  const add = (remark: string, item: string) => remarks.push([remark, item]);
  for (const { hashtag, kind, reason } of report.failures) {
    add(`**${capitalize(failureWords(kind))}** ${renderCode(reason)}`, hashtagLink(hashtag));
  }
  for (const hashtag of report.paused) add('**Paused**', hashtagLink(hashtag));
  for (const hashtag of report.removed) add('**No longer tracked**', hashtagLink(hashtag));
  for (const range of formatRanges(report.missingDays))
    add('**Missing days** in the last 30', range);
  for (const trend of report.trends) {
    for (const [remark, detail] of remarksOn(trend))
      add(remark, hashtagLink(trend.hashtag) + detail);
  }
  for (const { hashtag, videoCount, viewCount, replacedAt } of report.corrections) {
    const before = `${formatCount(videoCount)} videos, ${formatCount(viewCount)} views`;
    const when = formatInstant(replacedAt, report.timeZone);
    add('**Corrected** by a later run', `${hashtagLink(hashtag)} (before ${when}: ${before})`);
  }

  const notes = mergeRemarks(remarks, report.trends);
  const unrecorded = report.tracked - report.trends.length - report.failures.length;
  if (unrecorded > 0) {
    notes.push(`**Not asked for** on this day: ${plural(unrecorded, 'hashtag')} of the watchlist`);
  }
  const measures = report.trends.flatMap((trend) => [trend.videos, trend.views]);
  notes.push(...explainMarks(report.trends, measures.some(isRounded)));
  return renderNoteList(notes);
}

/** A remark, and something that it is about. */
export type Remark = [remark: string, item: string];

/** Each remark once, with all that it is about. */
export function mergeRemarks(remarks: Remark[], trends: { hashtag: string }[]): string[] {
  const itemsByRemark = new Map<string, string[]>();
  for (const [remark, item] of remarks) {
    itemsByRemark.set(remark, [...(itemsByRemark.get(remark) ?? []), item]);
  }
  const everyHashtag = trends.map((trend) => hashtagLink(trend.hashtag)).join();
  return [...itemsByRemark].map(([remark, items]) => {
    const isAll = items.length > 5 && items.join() === everyHashtag;
    return `${remark}: ${isAll ? 'all hashtags' : formatList(items)}`;
  });
}

/** What the marks in the tables mean, as far as they are used. */
export function explainMarks(trends: Ranked[], hasRounded: boolean): string[] {
  const notes: string[] = [];
  if (hasRounded) {
    notes.push('**≈**: within one step of TikTok’s rounding, which says nothing about growth');
  }
  if (trends.some((trend) => trend.rankedBy === 'views')) {
    notes.push('**By views**: no growth of videos can be told, so the rank goes by views');
  }
  return notes;
}

/** The data notes as a list. */
export function renderNoteList(notes: string[]): string {
  return notes.length === 0 ? 'Nothing to add.' : notes.map((note) => `- ${note}`).join('\n');
}

/** Pairs of a remark, the same for all hashtags that it is about, and the detail of this one. */
function remarksOn(trend: Trend): [remark: string, detail: string][] {
  const { growth } = rankedMeasure(trend);
  const remarks: [string, string][] = [];
  if (trend.rankedBy === null) remarks.push([`**${capitalize(describeNoRate(trend))}**`, '']);
  if (trend.videos.count === null) remarks.push(['**No video count** from TikTok', '']);
  if (trend.views.count === null) remarks.push(['**No view count** from TikTok', '']);
  if (growth.kind !== 'rate') return remarks;
  if (isLongGap(growth)) {
    remarks.push([
      '**Back** after a long gap, growth is the daily rate over it',
      ` (${growth.days} days)`,
    ]);
  } else if (growth.days > 1) {
    remarks.push([
      `**Compared with ${growth.days} days before**, the days between are missing`,
      '',
    ]);
  }
  if (growth.added < 0 && !growth.isWithinRounding) {
    remarks.push(['**Fell**', ` by ${formatCount(-growth.added)} ${trend.rankedBy}`]);
  }
  return remarks;
}

/** Why a captured hashtag has no rate. */
function describeNoRate(trend: Trend): string {
  const growths = [trend.videos.growth, trend.views.growth];
  const fromZero = growths.find((growth) => growth.kind === 'from-zero');
  if (fromZero !== undefined)
    return `${formatChange(fromZero.added)} from 0, which has no percentage`;
  // The counts are those of videos where nothing is ranked.
  return trend.last30Days.slice(0, -1).some((count) => count !== null)
    ? 'no earlier count to compare with'
    : 'first day, growth can be told from the next one on';
}

function isRounded({ growth, over7Days, over30Days }: MeasureTrend): boolean {
  const isGrowthRounded = growth.kind === 'rate' && growth.isWithinRounding && growth.added !== 0;
  return (
    isGrowthRounded || [over7Days, over30Days].some((s) => s?.isWithinRounding && s.rate !== 0)
  );
}

function isLongGap(growth: Growth): boolean {
  return growth.kind === 'rate' && growth.days > RETURN_AFTER_DAYS;
}

function failureWords(kind: Failure['kind']): string {
  return { 'not-found': 'not found on TikTok', failed: 'failed', 'not-asked': 'not asked' }[kind];
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The hashtag's name, linked to its page on TikTok. */
export function hashtagLink(hashtag: string): string {
  return renderLink(hashtag, hashtagUrl(hashtag), '#');
}

function formatLongDay(day: Day): string {
  return new Date(day).toLocaleDateString('en-GB', { timeZone: 'UTC', dateStyle: 'full' });
}
