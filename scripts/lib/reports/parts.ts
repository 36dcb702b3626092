import { createHash } from 'node:crypto';
import { formatChange, formatCount, formatList, plural } from '../core/format.ts';
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
export const REPORT_FORMAT = 4;

/** GitHub shows Markdown files of up to 512 KB. */
export const MOST_REPORT_BYTES = 400_000;

/** So long may each other part of a page be, so that there is room for the tables. */
const MOST_PART_BYTES = 60_000;

/** How many rows a page shows, if not all fit on it. */
type ShownRows = { shown: number; all: number };

/** How many runs and snapshots of its day a report knows. */
type KnownRows = { runs: number; snapshots: number };

/**
 * The last line of a report or summary, which GitHub does not show: its format and its source, what
 * a day's report knows, and how many rows it shows if not all fit.
 */
export function renderMark(
  source: string,
  known: KnownRows | null = null,
  rows: ShownRows | null = null,
): string {
  const parts = [
    `format ${REPORT_FORMAT}`,
    `source ${source}`,
    ...(known === null ? [] : [`${known.runs} runs, ${known.snapshots} snapshots`]),
    ...(rows === null ? [] : [`rows ${rows.shown} of ${rows.all}`]),
  ];
  return parts.map((part) => `<!-- ${part} -->`).join(' ');
}

/** What `renderMark` has written into a report or summary; nulls for what is not there. */
export function parseMark(markdown: string) {
  const marks = [...markdown.matchAll(MARK)];
  const [, format, source, runs, snapshots, shown, all] = marks.at(-1) ?? [];
  const known: KnownRows | null =
    runs === undefined ? null : { runs: Number(runs), snapshots: Number(snapshots) };
  const rows: ShownRows | null =
    shown === undefined ? null : { shown: Number(shown), all: Number(all) };
  return {
    format: format === undefined ? null : Number(format),
    source: source ?? null,
    known,
    rows,
  };
}

const MARK =
  /^<!-- format (\d+) -->(?: <!-- source ([0-9a-f]+) -->)?(?: <!-- (\d+) runs, (\d+) snapshots -->)?(?: <!-- rows (\d+) of (\d+) -->)?\r?$/gm;

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
export type Column<T> = [heading: string, align: string, cell: (trend: T) => string];

/**
 * The first three columns: the rank, the hashtag's link, and the growth that it is ranked by. Ranks
 * by the growth of views are marked.
 */
export function rankColumns<T extends Ranked>(
  trends: T[],
  renderRank: (trend: T) => string,
  renderGrowth: (trend: T) => string,
): Column<T>[] {
  const isRankedBy = (measure: Measure) => trends.some(({ rankedBy }) => rankedBy === measure);
  const isMixed = isRankedBy('videos');
  const heading = isRankedBy('views') && !isMixed ? 'Rank by views growth' : 'Rank';
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
  const places = new Map<string | undefined, number>(
    [...new Set(groups.values())].map((group, place) => [group, place]),
  );
  const placeOf = (group: string | undefined) => places.get(group) ?? places.size;
  const byGroup = [...groupBy(trends, ({ hashtag }) => groups.get(hashtag))];
  return byGroup.sort(([a], [b]) => placeOf(a) - placeOf(b));
}

/** Cells that say nothing if all cells of their column are such. */
const EMPTY_CELLS = ['–', 'first day', 'one day'];

/** What a page with tables of hashtags consists of, in its order. */
type Page<T> = {
  before: string[];
  /** One table per group, each under a heading; hashtags without a group come last. */
  tables: { trends: T[]; groups: Map<string, string>; columns: Column<T>[] };
  after: string[];
  source: string;
  /** Null for a summary. */
  known: KnownRows | null;
  /** The places that have all of them: `in the database`. */
  placesOfAll: string[];
};

/**
 * A page with as many rows of its tables as fit, from the first hashtags on. If that is not all of
 * them, it says so, and where all are.
 */
export function renderPage<T extends { hashtag: string; rank: number | null }>(
  { before, tables, after, source, known, placesOfAll }: Page<T>,
  mostBytes = MOST_REPORT_BYTES,
): string {
  const all = tables.trends.length;
  const order = tables.trends.some(({ rank }) => rank !== null) ? 'rank' : 'size';
  const render = (tableBlocks: string[], shown: number | null) => {
    const part =
      `The tables have the first ${formatCount(shown)} of ${plural(all, 'hashtag')} by ${order}, because ` +
      `no more fit on this page. All are ${placesOfAll.join(', and ')}.`;
    const blocks = [
      ...before,
      ...(shown === null ? [] : [part]),
      ...tableBlocks,
      ...after,
      renderMark(source, known, shown === null ? null : { shown, all }),
    ];
    return `${blocks.join('\n\n')}\n`;
  };
  const room = mostBytes - byteLength(render([], all));
  const { blocks, shown } = renderByGroup(tables, room);
  return render(blocks, shown === all ? null : shown);
}

/**
 * A table for each group with the first hashtags, as many as fit. The groups are in the order of the
 * list. A column that is empty for all hashtags is left out.
 */
function renderByGroup<T extends { hashtag: string }>(
  { trends, groups, columns }: Page<T>['tables'],
  mostBytes: number,
): { blocks: string[]; shown: number } {
  const cells = trends.map((trend) => columns.map(([, , cell]) => cell(trend)));
  const isUsed = findUsedColumns(cells);
  const used = <C>(items: C[]) => items.filter((_, i) => isUsed[i]);
  const rows = new Map(trends.map(({ hashtag }, i) => [hashtag, used(cells[i] ?? [])]));
  const header = used(columns).map(([heading]) => heading);
  const align = used(columns)
    .map(([, letter]) => letter)
    .join('');
  const hasGroups = trends.some(({ hashtag }) => groups.has(hashtag));
  const rest = hasGroups ? 'Other hashtags' : 'All hashtags';
  const render = (group: string | undefined, ofGroup: string[][]) => [
    `## ${group === undefined ? rest : escapeMarkdown(group)}`,
    renderTable(header, ofGroup, align),
  ];
  let shown = 0;
  let bytes = 0;
  const begun = new Set<string | undefined>();
  for (const { hashtag } of trends) {
    const group = groups.get(hashtag);
    if (!begun.has(group)) bytes += byteLength(render(group, []).join('\n\n')) + 4;
    bytes += byteLength(`|${rows.get(hashtag)?.join('|')}|\n`);
    if (bytes > mostBytes) break;
    begun.add(group);
    shown++;
  }
  const blocks = listGroups(trends.slice(0, shown), groups).flatMap(([group, members]) =>
    render(
      group,
      members.map(({ hashtag }) => rows.get(hashtag) ?? []),
    ),
  );
  return { blocks, shown };
}

const ENCODER = new TextEncoder();

/** How many bytes the text has in UTF-8. */
export function byteLength(text: string): number {
  return ENCODER.encode(text).length;
}

/** How many of the lines a part of a page has room for, from the first on. */
function countFitting(lines: string[]): number {
  let bytes = 0;
  const end = lines.findIndex((line) => {
    bytes += byteLength(line) + 1;
    return bytes > MOST_PART_BYTES;
  });
  return end < 0 ? lines.length : end;
}

/**
 * The lines that a part of a page has room for; then one that says how many are left out.
 * @param all how many there are, if not all have been made
 */
export function fitLines(
  lines: string[],
  describeRest: (left: number) => string,
  all = lines.length,
): string[] {
  const count = countFitting(lines);
  return count === all ? lines : [...lines.slice(0, count), describeRest(all - count)];
}

/** So many groups have a line of their own. */
const MAX_GROUPS = 200;

/** A line for each group, as many as a page has room for; nothing if there are no groups. */
export function renderGroupTable<T extends { hashtag: string }>(
  trends: T[],
  groups: Map<string, string>,
  header: string[],
  align: string,
  renderRow: (members: T[]) => string[],
): string[] {
  const byGroup = listGroups(trends, groups);
  if (!byGroup.some(([group]) => group !== undefined)) return [];
  const rows = byGroup
    .slice(0, MAX_GROUPS)
    .map(([group, members]) => [
      group === undefined ? 'Other hashtags' : escapeMarkdown(group),
      ...renderRow(members),
    ]);
  const shown = rows.slice(0, countFitting(rows.map((cells) => cells.join('|'))));
  const left = byGroup.length - shown.length;
  return [
    '## Groups',
    renderUsedColumns(['Group', ...header], shown, align),
    ...(left > 0 ? [`… and ${plural(left, 'more group')}.`] : []),
  ];
}

/** A table without the columns that are empty in all rows; `align` has one letter per column. */
function renderUsedColumns(header: string[], rows: string[][], align: string): string {
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
    const isAll =
      items.length > 5 && items.length === trends.length && items.join() === everyHashtag;
    return `${remark}: ${isAll ? 'all hashtags' : formatList(items)}`;
  });
  if (hasRounded) {
    notes.push(
      '**≈**: within one step of TikTok’s rounding, so it says nothing about growth; or a sum that holds such changes',
    );
  }
  if (trends.some((trend) => trend.rankedBy === 'views')) {
    notes.push(
      '**By views**: the growth of videos is unknown, so the rank goes by the growth of views',
    );
  }
  if (notes.length === 0) return 'Nothing to add.';
  const lines = notes.map((note) => `- ${note}`);
  return fitLines(lines, (left) => `- … and ${plural(left, 'more remark')}`).join('\n');
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
