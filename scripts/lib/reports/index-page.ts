import { type Day, daysBetween, daysUpTo } from '../core/day.ts';
import { formatCount, formatList, formatPeriod, plural } from '../core/format.ts';
import { escapeMarkdown } from '../core/markdown.ts';
import { monthOf, type Period } from '../core/period.ts';
import { compareText, isolateRightToLeft } from '../core/text.ts';
import { renderMoved, renderStatus } from './brief.ts';
import { chooseChartTrends } from './chart.ts';
import type { DayReport } from './day-report.ts';
import { byteLength } from './parts.ts';

/** A day as the index lists it. */
export type IndexedDay = {
  day: Day;
  /** How many hashtags the runs missed. */
  missed: number;
  hasReport: boolean;
  /** What surged or broke out, as its report says. */
  surged: Surged[];
};

/** A hashtag that surged or broke out, with the sign for it. */
export type Surged = { mark: string; hashtag: string };

const MAX_SURGED_NAMES = 5;

/** GitHub shows Markdown files of up to 512 KB, and the latest day takes up to 100 KB of that. */
const MOST_BYTES = 300_000;
/** So long the months name what surged on their days. */
const MOST_BYTES_WITH_SURGED = 150_000;

/**
 * `reports/README.md`: the latest day at a glance, then every report, newest first, by month.
 * @param latest the newest of the reports; null if there is none
 * @param days newest first
 * @param summaries the weeks and months that have one, each kind oldest first
 * @param dashboard the address of the dashboard; null if it is not published
 */
export function renderReportIndex(
  latest: DayReport | null,
  days: IndexedDay[],
  summaries: Period[],
  dashboard: string | null = null,
): string {
  const newestOfKinds = (['week', 'month'] as const).flatMap((kind) => {
    const newest = summaries.findLast((period) => period.kind === kind);
    return newest === undefined ? [] : [renderSummaryLink(newest, formatPeriod(newest))];
  });
  const months = renderMonths(days, summaries);
  const blocks = [
    '# TikTok hashtag reports',
    ...(latest === null ? [] : renderLatest(latest)),
    ...(dashboard === null ? [] : [`**[Explore the dashboard](${dashboard})**`]),
    ...(newestOfKinds.length > 0 ? [`**Summaries:** ${newestOfKinds.join(' · ')}`] : []),
    `## All ${plural(days.filter((entry) => entry.hasReport).length, 'report')}`,
    ...(months.some((line) => line.includes('~~')) ? ['Struck out: no data on that day.'] : []),
    ...months,
  ];
  return `${blocks.join('\n\n')}\n`;
}

function renderLatest(latest: DayReport): string[] {
  const hasChart = chooseChartTrends(latest).length > 0;
  const chart = `[![The last 30 days of what moved most](charts/${latest.day}.svg)](${latest.day}.md)`;
  return [
    `**Latest: [${latest.day}](${latest.day}.md)** · ${renderStatus(latest)}`,
    renderMoved(latest),
    ...(hasChart ? [chart] : []),
  ];
}

function renderMonths(days: IndexedDay[], summaries: Period[]): string[] {
  const byDay = new Map(days.map((entry) => [entry.day, entry]));
  const reported = days.filter((entry) => entry.hasReport);
  const [newest, oldest] = [reported[0]?.day, reported.at(-1)?.day];
  const span = newest && oldest ? daysUpTo(newest, daysBetween(oldest, newest) + 1).reverse() : [];
  // A week is listed with the month that it ends in.
  const listed = [...span, ...summaries.map(({ last }) => last)];
  const months = new Map(listed.map(monthOf).map((month) => [month.name, month]));
  const newestFirst = [...months.values()].sort((a, b) => compareText(b.name, a.name));
  const render = (month: Period, names: 'with surged' | 'days only') => {
    const isOfMonth = (day: Day) => day.startsWith(month.name);
    const ofDays = span.filter(isOfMonth).map((day) => {
      const entry = byDay.get(day) ?? day;
      return names === 'with surged' || typeof entry === 'string'
        ? entry
        : { ...entry, surged: [] };
    });
    const ofMonth = summaries.filter(({ last }) => isOfMonth(last));
    const weeks = ofMonth.filter(({ kind }) => kind === 'week').reverse();
    const summary = ofMonth.find(({ kind }) => kind === 'month');
    const title = formatPeriod(month);
    const weekLinks = weeks.map((week) => renderSummaryLink(week, week.name.slice(5)));
    return [
      `### ${summary === undefined ? title : renderSummaryLink(summary, title)}`,
      ...(ofDays.length > 0 ? [renderDays(ofDays)] : []),
      ...(weekLinks.length > 0 ? [`Weeks: ${weekLinks.join(' · ')}`] : []),
    ];
  };
  const blocks: string[] = [];
  let bytes = 0;
  let isShort = false;
  for (const month of newestFirst) {
    let ofMonth = render(month, isShort ? 'days only' : 'with surged');
    if (!isShort && bytes + byteLength(ofMonth.join('\n\n')) > MOST_BYTES_WITH_SURGED) {
      isShort = true;
      ofMonth = [
        'What surged on older days is only in their reports.',
        ...render(month, 'days only'),
      ];
    }
    bytes += byteLength(ofMonth.join('\n\n'));
    if (bytes > MOST_BYTES) {
      blocks.push('Older reports have no room here. They are in this folder.');
      break;
    }
    blocks.push(...ofMonth);
  }
  return blocks;
}

function renderSummaryLink({ kind, name }: Period, text: string): string {
  return `[${text}](${kind}ly/${name}.md)`;
}

/** The days of a month: those on which something surged in a line of their own, the others together. */
function renderDays(days: (IndexedDay | Day)[]): string {
  const lines: string[][] = [];
  let isOpen = false; // whether the last line takes further days
  for (const entry of days) {
    const surged = typeof entry === 'string' ? [] : entry.surged;
    const label = renderDay(entry);
    const isQuiet = surged.length === 0;
    if (isQuiet && isOpen) lines.at(-1)?.push(label);
    else lines.push([isQuiet ? label : `${label} ${renderSurged(surged)}`]);
    isOpen = isQuiet;
  }
  const texts = lines.map((labels) => labels.join(' · '));
  return texts.length === 1 ? texts.join() : texts.map((text) => `- ${text}`).join('\n');
}

function renderSurged(surged: Surged[]): string {
  const items = surged.map(
    ({ mark, hashtag }) => `${mark} ${isolateRightToLeft(`#${escapeMarkdown(hashtag)}`)}`,
  );
  return formatList(items, MAX_SURGED_NAMES);
}

function renderDay(entry: IndexedDay | Day): string {
  if (typeof entry === 'string') return `~~${Number(entry.slice(8))}~~`;
  const { day, hasReport, missed } = entry;
  const date = String(Number(day.slice(8)));
  const label = hasReport ? `[${date}](${day}.md)` : date;
  return missed === 0 ? label : `${label} (${formatCount(missed)} missed)`;
}
