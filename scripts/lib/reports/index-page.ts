import { type Day, daysBetween, daysUpTo } from '../core/day.ts';
import { formatCount, formatPeriod, plural } from '../core/format.ts';
import { monthOf, type Period } from '../core/period.ts';
import { compareText } from '../core/text.ts';
import { renderHealth, renderTrending } from './brief.ts';
import { chooseChartTrends } from './chart-lines.ts';
import type { DayReport } from './day-report.ts';

/** A day as the index lists it: `missed` is the number of hashtags that the runs missed. */
export type IndexedDay = { day: Day; missed: number; hasReport: boolean };

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
  const hasChart = chooseChartTrends(latest.trends).length > 0;
  const chart = `[![The last 30 days of the top movers](charts/${latest.day}.svg)](${latest.day}.md)`;
  return [
    `**Latest: [${latest.day}](${latest.day}.md)** · ${renderHealth(latest)}`,
    renderTrending(latest),
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
  return newestFirst.flatMap((month) => {
    const isOfMonth = (day: Day) => day.startsWith(month.name);
    const items = span.filter(isOfMonth).map((day) => renderDay(day, byDay.get(day)));
    const ofMonth = summaries.filter(({ last }) => isOfMonth(last));
    const weeks = ofMonth.filter(({ kind }) => kind === 'week').reverse();
    const summary = ofMonth.find(({ kind }) => kind === 'month');
    const title = formatPeriod(month);
    const weekLinks = weeks.map((week) => renderSummaryLink(week, week.name.slice(5)));
    return [
      `### ${summary === undefined ? title : renderSummaryLink(summary, title)}`,
      ...(items.length > 0 ? [items.join(' · ')] : []),
      ...(weekLinks.length > 0 ? [`Weeks: ${weekLinks.join(' · ')}`] : []),
    ];
  });
}

function renderSummaryLink({ kind, name }: Period, text: string): string {
  return `[${text}](${kind}ly/${name}.md)`;
}

function renderDay(day: Day, entry: IndexedDay | undefined): string {
  const date = String(Number(day.slice(8)));
  if (entry === undefined) return `~~${date}~~`;
  const label = entry.hasReport ? `[${date}](${day}.md)` : date;
  return entry.missed === 0 ? label : `${label} (${formatCount(entry.missed)} missed)`;
}
