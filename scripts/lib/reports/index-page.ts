import { addDays, type Day, daysUpTo } from '../core/day.ts';
import { formatCount, formatPeriod, plural } from '../core/format.ts';
import { lengthInDays, monthOf, type Period } from '../core/period.ts';
import { renderHealth, renderTrending } from './brief.ts';
import { chooseChartTrends } from './chart-lines.ts';
import type { DayReport } from './day-report.ts';

/** A day as the index lists it: `missed` is the number of hashtags that the runs missed. */
export type IndexedDay = { day: Day; missed: number; hasReport: boolean };

/**
 * `reports/README.md`: the latest day at a glance, then every report, newest first, by month.
 * @param latest the newest of the reports; null where there is none
 * @param days newest first
 * @param summaries the weeks and months that have one, each kind oldest first
 */
export function renderReportIndex(
  latest: DayReport | null,
  days: IndexedDay[],
  summaries: Period[],
): string {
  const longer = (['week', 'month'] as const).flatMap((kind) => {
    const newest = summaries.findLast((period) => period.kind === kind);
    return newest === undefined ? [] : [renderSummaryLink(newest, formatPeriod(newest))];
  });
  const months = renderMonths(days, summaries);
  const blocks = [
    '# TikTok hashtag reports',
    ...(latest === null ? [] : renderLatest(latest)),
    ...(longer.length > 0 ? [`**Longer views:** ${longer.join(' · ')}`] : []),
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
  const byDay = new Map(days.map((entry) => [entry.day as string, entry]));
  const reported = days.filter((entry) => entry.hasReport);
  const [newest, oldest] = [reported[0]?.day ?? '', reported.at(-1)?.day ?? ''];
  // A week is listed with the month that it ends in.
  const monthNames = [...reported.map(({ day }) => day), ...summaries.map(({ last }) => last)]
    .map((day) => day.slice(0, 7))
    .sort();
  const [newestMonth, oldestMonth] = [monthNames.at(-1), monthNames[0]];
  if (newestMonth === undefined || oldestMonth === undefined) return [];
  const months: Period[] = [];
  for (
    let month = monthOf(`${newestMonth}-01` as Day);
    month.name >= oldestMonth;
    month = monthOf(addDays(month.first, -1))
  ) {
    months.push(month);
  }
  return months.flatMap((month) => {
    const items = daysUpTo(month.last, lengthInDays(month))
      .filter((day) => day >= oldest && day <= newest)
      .map((day) => renderDay(day, byDay.get(day)));
    const ofMonth = summaries.filter(({ last }) => last >= month.first && last <= month.last);
    const weeks = ofMonth.filter(({ kind }) => kind === 'week').reverse();
    const summary = ofMonth.find(({ kind }) => kind === 'month');
    const title = formatPeriod(month);
    const heading = summary === undefined ? title : renderSummaryLink(summary, title);
    const weekLinks = weeks.map((week) => renderSummaryLink(week, week.name.slice(5)));
    const lines = [
      ...(items.length > 0 ? [items.reverse().join(' · ')] : []),
      ...(weekLinks.length > 0 ? [`Weeks: ${weekLinks.join(' · ')}`] : []),
    ];
    return lines.length === 0 && summary === undefined ? [] : [`### ${heading}`, ...lines];
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
