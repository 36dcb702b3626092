import { hashtagUrl } from './hashtag.ts';
import type { Counts } from './scavio.ts';

/** A report's table holds something that is no hashtag or no count. */
export class ReportParseError extends Error {
  override name = 'ReportParseError';
}

const TAG_ADDRESS = hashtagUrl('');

/**
 * The counts that a day's report shows: the rows of all its tables, in their order.
 * @throws ReportParseError where a row can't be read
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
        videoCount: parseCount(columns.videos < 0 ? '–' : (cells[columns.videos] ?? '')),
        viewCount: parseCount(columns.views < 0 ? '–' : (cells[columns.views] ?? '')),
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
  try {
    if (address.startsWith(TAG_ADDRESS)) {
      return decodeURIComponent(address.slice(TAG_ADDRESS.length));
    }
  } catch {
    // A stray % in an address that the tracker did not write.
  }
  throw new ReportParseError(`"${cell}" in the report's table links to no hashtag`);
}

function parseCount(cell: string): number | null {
  if (cell === '–') return null;
  if (/^\d{1,3}(,\d{3})*$/.test(cell)) return Number(cell.replaceAll(',', ''));
  throw new ReportParseError(`"${cell}" in the report's table is no count`);
}
