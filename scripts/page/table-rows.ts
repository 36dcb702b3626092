import type { Snapshot } from '../lib/core/snapshot.ts';
import { compareText } from '../lib/core/text.ts';
import type { SiteHashtag, SiteInfo } from '../lib/dashboard/site.ts';
import { rankedMeasure } from '../lib/trends/growth.ts';
import type { Trend } from '../lib/trends/trends.ts';
import type { View } from './address.ts';
import type { Overview } from './data/messages.ts';
import { rankedRate, rateOf } from './parts.ts';
import { signalOrder } from './signals.ts';

/** A hashtag in the table: its trend, or, if the day lacks it, why. */
export type TableRow = SiteHashtag & {
  trend: Trend | null;
  why: string | null;
  lastSeen: Snapshot | null;
};

/** What each column is sorted by; null comes last in either direction. */
const SORT_VALUES: Record<string, (row: TableRow) => number | string | null> = {
  rank: ({ trend }) => trend?.rank ?? null,
  hashtag: ({ name }) => name,
  signal: ({ trend }) => (trend === null ? null : trend.signal && signalOrder(trend)),
  growth: ({ trend }) => trend && rankedRate(trend),
  times: ({ trend }) => trend?.pace?.timesUsual ?? null,
  videos: ({ trend }) => trend?.videos.count ?? null,
  new: ({ trend }) => addedOf(trend, 'videos'),
  week: ({ trend }) => trend && (rankedMeasure(trend).over7Days?.rate ?? null),
  month: ({ trend }) => trend && (rankedMeasure(trend).over30Days?.rate ?? null),
  views: ({ trend }) => trend?.views.count ?? null,
  'new-views': ({ trend }) => addedOf(trend, 'views'),
  'views-growth': ({ trend }) => trend && rateOf(trend.views),
};

/** These columns begin with the smallest; the others with the largest. */
const ASCENDING = new Set(['rank', 'hashtag', 'signal']);

/** Every hashtag of the site, in the table's usual order. */
export function listRows(overview: Overview, info: SiteInfo): TableRow[] {
  const trends = new Map(overview.trends.map((trend) => [trend.hashtag, trend]));
  const lastSeen = new Map(overview.lastSeen.map((snapshot) => [snapshot.hashtag, snapshot]));
  const why = new Map([
    ...overview.state.missed.map(({ hashtag }) => [hashtag, 'missing today'] as const),
    ...overview.state.absent.map(({ hashtag }) => [hashtag, 'not on TikTok'] as const),
  ]);
  return info.hashtags
    .map((hashtag) => ({
      ...hashtag,
      trend: trends.get(hashtag.name) ?? null,
      why: why.get(hashtag.name) ?? (hashtag.status === 'tracked' ? 'no data yet' : hashtag.status),
      lastSeen: lastSeen.get(hashtag.name) ?? null,
    }))
    .map((row) => (row.trend === null ? row : { ...row, why: null }));
}

/** The rows that the view shows, in its order. */
export function chooseRows(rows: TableRow[], { search, only, sort, isReversed }: View): TableRow[] {
  const words = search
    .toLowerCase()
    .split(/[\s,#]+/)
    .filter((word) => word !== '');
  const found = rows.filter(
    ({ name, group }) =>
      (only === null || group === only) &&
      (words.length === 0 || words.some((word) => name.toLowerCase().includes(word))),
  );
  const sortValue = SORT_VALUES[sort] ?? SORT_VALUES.rank ?? (() => null);
  const direction = ASCENDING.has(sort) !== isReversed ? 1 : -1;
  return found
    .map((row) => ({ row, value: sortValue(row) }))
    .sort((a, b) => compare(a.value, b.value, direction) || compareText(a.row.name, b.row.name))
    .map(({ row }) => row);
}

/** Whether the column's smallest value is on top. */
export function isAscending({ sort, isReversed }: View): boolean {
  return ASCENDING.has(sort) !== isReversed;
}

function compare(a: number | string | null, b: number | string | null, direction: number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order =
    typeof a === 'string' || typeof b === 'string' ? compareText(String(a), String(b)) : a - b;
  return order * direction;
}

function addedOf(trend: Trend | null, measure: 'videos' | 'views'): number | null {
  const growth = trend?.[measure].growth;
  return growth?.kind === 'rate' || growth?.kind === 'from-zero' ? growth.added : null;
}
