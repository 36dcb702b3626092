import { type Counts, parseCount } from '../core/count.ts';
import { TrackerError } from '../core/errors.ts';
import { hashtagOfUrl } from '../core/hashtag-name.ts';

/** A report's table contains something that is not a hashtag or not a count. */
export class ReportParseError extends TrackerError {
  override name = 'ReportParseError';
}

/**
 * The counts that a day's report shows: the rows of all its tables, in their order.
 * @throws ReportParseError if a row can't be read
 */
export function parseReportCounts(markdown: string): ({ hashtag: string } & Counts)[] {
  const rows: ({ hashtag: string } & Counts)[] = [];
  let columns: { hashtag: number; videos: number; views: number } | null = null;
  for (const line of markdown.split(/\r?\n/)) {
    const cells = splitRow(line);
    if (cells === null) {
      columns = null;
    } else if (columns === null) {
      columns = findColumns(cells);
    } else if (!cells.every((cell) => /^:?-+:?$/.test(cell))) {
      rows.push({
        hashtag: parseHashtagCell(cells[columns.hashtag] ?? ''),
        videoCount: parseCountCell(columns.videos < 0 ? '–' : (cells[columns.videos] ?? '')),
        viewCount: parseCountCell(columns.views < 0 ? '–' : (cells[columns.views] ?? '')),
      });
    }
  }
  return rows;
}

/** The cells of a table's line; null for any other line. */
function splitRow(line: string): string[] | null {
  if (!line.startsWith('|')) return null;
  const cells = line.slice(1).match(/(?:\\.|[^\\|])*\|/g) ?? [];
  return cells.map((cell) => cell.slice(0, -1).trim());
}

function findColumns(header: string[]) {
  const hashtag = header.indexOf('Hashtag');
  const videos = header.indexOf('Videos');
  const views = header.indexOf('Views');
  // A column that would be empty is left out.
  return hashtag < 0 || Math.max(videos, views) < 0 ? null : { hashtag, videos, views };
}

function parseHashtagCell(cell: string): string {
  const address = /\]\(([^()\s]+)\)/.exec(cell)?.[1] ?? '';
  const hashtag = hashtagOfUrl(address);
  if (hashtag !== null) return hashtag;
  throw new ReportParseError(`"${cell}" in the report's table does not link to a hashtag`);
}

function parseCountCell(cell: string): number | null {
  if (cell === '–') return null;
  const count = /^\d{1,3}(,\d{3})*$/.test(cell) ? parseCount(cell.replaceAll(',', '')) : null;
  if (count !== null) return count;
  throw new ReportParseError(`"${cell}" in the report's table is not a count`);
}
