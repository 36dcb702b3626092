import type { Day } from './day.ts';
import { plural } from './format.ts';
import { type DayReport, renderHealth, renderTrending } from './report.ts';

/** A day as the index lists it: hashtags captured and missed, and whether there is a report. */
export type IndexedDay = { day: Day; captured: number; missed: number; hasReport: boolean };

/**
 * `reports/README.md`: the latest day at a glance, then every report, newest first, by month.
 * @param days newest first
 */
export function renderReportIndex(
  latest: DayReport,
  hasChart: boolean,
  days: IndexedDay[],
): string {
  const chart = `[![The last 30 days of the top movers](charts/${latest.day}.svg)](${latest.day}.md)`;
  const blocks = [
    '# TikTok hashtag reports',
    `**Latest: [${latest.day}](${latest.day}.md)** · ${renderHealth(latest)}`,
    renderTrending(latest),
    ...(hasChart ? [chart] : []),
    `## All ${plural(days.filter((entry) => entry.hasReport).length, 'report')}`,
    ...renderMonths(days),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function renderMonths(days: IndexedDay[]): string[] {
  const byDay = new Map(days.map((entry) => [entry.day as string, entry]));
  const reported = days.filter((entry) => entry.hasReport);
  const [newest, oldest] = [reported[0]?.day, reported.at(-1)?.day];
  if (newest === undefined || oldest === undefined) return [];
  const months: string[] = [];
  for (let month = newest.slice(0, 7); month >= oldest.slice(0, 7); month = monthBefore(month)) {
    months.push(month);
  }
  return months.flatMap((month) => {
    const items: string[] = [];
    for (let date = 31; date >= 1; date--) {
      const day = `${month}-${String(date).padStart(2, '0')}`;
      const exists = new Date(day).toISOString().startsWith(day);
      if (exists && day >= oldest && day <= newest) items.push(renderDay(day, byDay.get(day)));
    }
    return [`### ${formatMonth(month)}`, items.join(' · ')];
  });
}

function renderDay(day: string, entry: IndexedDay | undefined): string {
  const date = String(Number(day.slice(8)));
  if (entry === undefined) return `~~${date}~~`;
  const label = entry.hasReport ? `[${date}](${day}.md)` : date;
  return entry.missed === 0
    ? label
    : `${label} (${entry.captured} of ${entry.captured + entry.missed})`;
}

function monthBefore(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 2)).toISOString().slice(0, 7);
}

function formatMonth(month: string): string {
  return new Date(`${month}-01`).toLocaleDateString('en-GB', {
    timeZone: 'UTC',
    month: 'long',
    year: 'numeric',
  });
}
