import { createHash } from 'node:crypto';
import { formatChange, formatList } from '../core/format.ts';
import { groupBy } from '../core/group-by.ts';
import { dashboardUrl } from '../core/hashtag-name.ts';
import { escapeMarkdown, hashtagLink, renderLink, renderTable } from '../core/markdown.ts';
import type { DayRecord, Failure, PeriodRecord } from '../core/snapshot.ts';
import type { Measure } from '../trends/growth.ts';
import type { Trend } from '../trends/trends.ts';
import type { Watchlist } from '../watchlist/watchlist.ts';

/**
 * The format of reports, summaries and `data/latest.csv`. The audit makes those of this format again
 * and compares them, so every change of what they show raises it.
 */
export const REPORT_FORMAT = 2;

/** The last line of a report or summary, which GitHub does not show: its format and its source. */
export function renderMark(source: string): string {
  return `<!-- format ${REPORT_FORMAT} --> <!-- source ${source} -->`;
}

/** What `renderMark` has written into a report or summary; nulls if there is none. */
export function parseMark(markdown: string): { format: number | null; source: string | null } {
  const marks = [
    ...markdown.matchAll(/^<!-- format (\d+) -->(?: <!-- source ([0-9a-f]+) -->)?\r?$/gm),
  ];
  const [, format, source] = marks.at(-1) ?? [];
  return { format: format === undefined ? null : Number(format), source: source ?? null };
}

/**
 * Names what a report or summary is made from: the first digits of the SHA-256 of its record and of
 * what the watchlist says for reports. A file with another source need not look the same.
 */
export function nameSource(
  record: Omit<DayRecord, 'newestDay' | 'databaseBytes'> | PeriodRecord,
  { settings, entries }: Watchlist,
): string {
  const { timeZone, dashboard, trendingGrowthPercent, surgeFactor, minVideos } = settings;
  const thresholds = [trendingGrowthPercent, surgeFactor, minVideos];
  const source = JSON.stringify([record, timeZone, dashboard, thresholds, entries]);
  return createHash('sha256').update(source).digest('hex').slice(0, 12);
}

/** Where the links of a Markdown text lead to. What looks like a link within code is none. */
export function linkTargets(markdown: string): string[] {
  const links = markdown.replaceAll(/(`+).*?\1/g, '').matchAll(/\]\(([^()\s]+)\)/g);
  return [...links].map(([, target = '']) => target);
}

/** The name of a hashtag that moved, linked to the dashboard; without one, to its page on TikTok. */
export function movedLink(hashtag: string, dashboard: string | null): string {
  return dashboard === null
    ? hashtagLink(hashtag)
    : renderLink(hashtag, dashboardUrl(dashboard, [hashtag]), '#');
}

type Ranked = { hashtag: string; rankedBy: Measure | null };

/** A column of a table: its heading, its alignment (l, c, r), and the cell of a hashtag. */
type Column<T> = [heading: string, align: string, cell: (trend: T) => string];

/**
 * The first three columns: the rank, the hashtag's link, and the growth that it is ranked by. Ranks
 * by views are marked.
 */
export function rankColumns<T extends Ranked>(
  trends: T[],
  renderRank: (trend: T) => string,
  renderGrowth: (trend: T) => string,
): Column<T>[] {
  const isRankedBy = (measure: Measure) => trends.some(({ rankedBy }) => rankedBy === measure);
  const isMixed = isRankedBy('videos');
  const heading = isRankedBy('views') && !isMixed ? 'Rank by views' : 'Rank';
  const mark = ({ rankedBy }: T) => (isMixed && rankedBy === 'views' ? ' (by views)' : '');
  return [
    [heading, 'l', renderRank],
    ['Hashtag', 'l', (trend) => hashtagLink(trend.hashtag) + mark(trend)],
    ['Growth', 'r', renderGrowth],
  ];
}

/** The groups in the order of the list; undefined stands for none, and comes last. */
export function listGroups<T extends { hashtag: string }>(
  trends: T[],
  groups: Map<string, string>,
): [group: string | undefined, members: T[]][] {
  const order = [...new Set(groups.values())];
  const place = (group: string | undefined) =>
    group === undefined ? order.length : order.indexOf(group);
  const byGroup = [...groupBy(trends, ({ hashtag }) => groups.get(hashtag))];
  return byGroup.sort(([a], [b]) => place(a) - place(b));
}

/** Cells that say nothing if all cells of their column are such. */
const EMPTY_CELLS = ['–', 'first day', 'one day'];

/**
 * One table per group, each under a heading: the groups in the order of the list, hashtags without a
 * group last. A column that is empty in all of them is left out.
 */
export function renderByGroup<T extends { hashtag: string }>(
  trends: T[],
  groups: Map<string, string>,
  columns: Column<T>[],
): string[] {
  const cellsOf = (trend: T) => columns.map(([, , cell]) => cell(trend));
  const isUsed = findUsedColumns(trends.map(cellsOf));
  const used = columns.filter((_, i) => isUsed[i]);
  const header = used.map(([heading]) => heading);
  const align = used.map(([, letter]) => letter).join('');
  const byGroup = listGroups(trends, groups);
  const rest = byGroup.some(([group]) => group !== undefined) ? 'Other hashtags' : 'All hashtags';
  return byGroup.flatMap(([group, members]) => {
    const title = group === undefined ? rest : escapeMarkdown(group);
    const rows = members.map((trend) => used.map(([, , cell]) => cell(trend)));
    return [`## ${title}`, renderTable(header, rows, align)];
  });
}

/** A table without the columns that are empty in all rows; `align` has one letter per column. */
export function renderUsedColumns(header: string[], rows: string[][], align: string): string {
  const isUsed = findUsedColumns(rows);
  const used = <C>(items: C[]) => items.filter((_, i) => isUsed[i]);
  return renderTable(used(header), rows.map(used), used([...align]).join(''));
}

function findUsedColumns(rows: string[][]): boolean[] {
  const [first = []] = rows;
  return first.map((_, i) => rows.some((cells) => !EMPTY_CELLS.includes(cells[i] ?? '–')));
}

/**
 * What each day added: one bar for each change of the count, from none to the most. A day without a
 * count is a dot; what came after it is a daily average. A day that added nothing has the lowest bar.
 */
export function renderSparkline(counts: (number | null)[]): string {
  const bars = '▁▂▃▄▅▆▇█';
  const known = counts.flatMap((count, i) => (count === null ? [] : [{ count, i }]));
  const gains = new Map(
    known.slice(1).map(({ count, i }, at): [number, number] => {
      const before = known[at] ?? { count, i: i - 1 };
      return [i, (count - before.count) / (i - before.i)];
    }),
  );
  if (gains.size === 0) return '–';
  const most = Math.max(...gains.values());
  const barOf = (gain: number) =>
    gain <= 0 ? bars[0] : bars[Math.max(1, Math.round((gain / most) * (bars.length - 1)))];
  const first = (known[0]?.i ?? 0) + 1; // days before the first count are not gaps
  const days = counts.map((_, i) => {
    const gain = gains.get(i);
    return gain === undefined ? '·' : barOf(gain);
  });
  return days.slice(first).join('');
}

/** A remark, and one thing that it is about. */
export type Remark = [remark: string, item: string];

/**
 * The data notes as a list: each remark once, with everything that it is about, and the meaning of
 * the marks that the tables use.
 */
export function renderNoteList(remarks: Remark[], trends: Ranked[], hasRounded: boolean): string {
  const everyHashtag = trends.map((trend) => hashtagLink(trend.hashtag)).join();
  const notes = [...groupBy(remarks, ([remark]) => remark)].map(([remark, group]) => {
    const items = group.map(([, item]) => item);
    const isAll = items.length > 5 && items.join() === everyHashtag;
    return `${remark}: ${isAll ? 'all hashtags' : formatList(items)}`;
  });
  if (hasRounded) {
    notes.push(
      '**≈**: within one step of TikTok’s rounding, so it says nothing about growth; or a sum that holds such changes',
    );
  }
  if (trends.some((trend) => trend.rankedBy === 'views')) {
    notes.push('**By views**: the growth of videos is unknown, so the rank goes by views');
  }
  return notes.length === 0 ? 'Nothing to add.' : notes.map((note) => `- ${note}`).join('\n');
}

export function failureWords(kind: Failure['kind']): string {
  return {
    'not-found': 'not found on TikTok',
    rejected: 'refused by the API',
    failed: 'failed',
    'not-asked': 'not asked',
  }[kind];
}

/** Why a captured hashtag has no growth rate. */
export function explainNoRate(trend: Trend): string {
  const growths = [trend.videos.growth, trend.views.growth];
  const fromZero = growths.find((growth) => growth.kind === 'from-zero');
  if (fromZero !== undefined) {
    return `${formatChange(fromZero.added)} from 0, which has no percentage`;
  }
  // Without a rank, these are the counts of videos.
  return trend.last30Days.slice(0, -1).some((count) => count !== null)
    ? 'no earlier count to compare with'
    : 'first day; growth appears from the next day on';
}
