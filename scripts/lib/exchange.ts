import Papa from 'papaparse';
import { UsageError } from './command.ts';
import { type Day, isDay } from './day.ts';
import { formatCount } from './format.ts';
import { HashtagNameError, parseHashtagName } from './hashtag.ts';
import { plainText } from './plain-text.ts';
import { type Counts, withoutQuirk } from './scavio.ts';
import { parseSnapshots, type Row, type Snapshot } from './store.ts';

const COLUMNS = ['date', 'hashtag', 'video_count', 'view_count'];

/** A row to import: where it stands in its file, and its cells in the order date, hashtag, counts. */
export type SourceRow = { place: string; cells: string[] };

/** A row that can't be taken: where it stands in its file, and why. */
export type RefusedRow = { place: string; reason: string };

/**
 * The rows of a CSV that names its columns in the first line; empty lines are none.
 * @throws UsageError where the columns are missing that make a snapshot; it calls the CSV `name`
 */
export function parseCsv(text: string, name: string): (SourceRow | RefusedRow)[] {
  const { data, errors } = Papa.parse<string[]>(
    text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n'),
    {
      delimiter: ',',
      newline: '\n',
    },
  );
  const header = data[0]?.map((cell) => cell.trim()) ?? [];
  const positions = COLUMNS.map((column) => header.indexOf(column));
  const missing = COLUMNS.filter((column) => !header.includes(column));
  if (missing.includes('date') || missing.includes('hashtag') || missing.length > 1) {
    if (/\.(?:nd)?json$/i.test(name) || /^\s*[[{]/.test(text)) {
      throw new UsageError(
        `${name} is JSON; import takes a CSV (see npm run export) or a database`,
      );
    }
    const isSemicolons = header[0]?.includes(';');
    throw new UsageError(
      `${name} is neither a SQLite file nor a CSV that can be imported: its first line has to name ` +
        `the columns ${COLUMNS.join(', ')}, one of the counts at least; it lacks ${missing.join(', ')}` +
        (isSemicolons ? '; it seems to be separated by semicolons: save it with commas' : ''),
    );
  }
  const faults = new Map(errors.map(({ row, message }) => [row, message]));
  let line = 1;
  return data.flatMap((row, index) => {
    const place = `line ${line}`;
    line += row.join('').split('\n').length; // a quoted cell may hold line ends
    if (index === 0 || row.every((cell) => cell.trim() === '')) return [];
    const fault = faults.get(index);
    if (fault !== undefined) return { place, reason: `its quotes are wrong: ${fault}` };
    if (row.length > header.length) {
      return { place, reason: `it has ${row.length} cells, the first line ${header.length}` };
    }
    return { place, cells: positions.map((position) => row[position]?.trim() ?? '') };
  });
}

/**
 * Tells the rows that are snapshots, under the names and with the counts that the tracker would
 * store, from those that can't be.
 */
export function checkRows(
  rows: (SourceRow | RefusedRow)[],
  lastDay: Day,
): { snapshots: Snapshot[]; refused: RefusedRow[] } {
  const snapshots: Snapshot[] = [];
  const refused: RefusedRow[] = [];
  for (const row of rows) {
    const checked = 'reason' in row ? row.reason : checkRow(row, lastDay);
    if (typeof checked !== 'string') snapshots.push(checked);
    else refused.push({ place: row.place, reason: plainText(checked) });
  }
  return { snapshots, refused };
}

/**
 * The snapshots whose known counts differ from those stored of their day and hashtag, each as a
 * sentence with both counts. `stored` holds rows as `iterateSnapshots` yields them.
 */
export function findOtherCounts(snapshots: Snapshot[], stored: Iterable<Row>): string[] {
  const placeOf = ({ day, hashtag }: Snapshot) => `${day} #${hashtag}`;
  const storedAt = new Map(parseSnapshots(stored).map((kept) => [placeOf(kept), kept]));
  return snapshots.flatMap((snapshot) => {
    const place = placeOf(snapshot);
    const kept = storedAt.get(place);
    const isOther = (count: number | null, keptCount: number | null) =>
      count !== null && count !== keptCount;
    return kept !== undefined &&
      (isOther(snapshot.videoCount, kept.videoCount) || isOther(snapshot.viewCount, kept.viewCount))
      ? `${place}: the file says ${renderCounts(snapshot)}; stored are ${renderCounts(kept)}`
      : [];
  });
}

/** The formats of an export. */
export const FORMATS = ['csv', 'json', 'ndjson'] as const;

const ROWS_A_PIECE = 1000;

/** The rows, in the order of their columns, as text in pieces of bounded size. */
export function* formatRows(
  rows: Iterable<unknown[]>,
  format: (typeof FORMATS)[number],
): Generator<string> {
  if (format === 'csv') yield `${COLUMNS.join()}\n`;
  if (format === 'json') yield '[';
  let separator = '\n';
  for (const batch of inBatches(rows)) {
    if (format === 'csv') yield `${Papa.unparse(batch, { newline: '\n' })}\n`;
    if (format === 'ndjson') yield `${batch.map(toJson).join('\n')}\n`;
    if (format === 'json') yield separator + batch.map(toJson).join(',\n');
    separator = ',\n';
  }
  if (format === 'json') yield '\n]\n';
}

/** The row as a snapshot, or why it is none. */
function checkRow({ cells }: SourceRow, lastDay: Day): Snapshot | string {
  const [date = '', name = '', videos = '', views = ''] = cells;
  if (date === '') return 'it has no date';
  if (!isDay(date)) return `${JSON.stringify(date)} is not a day; a day is written YYYY-MM-DD`;
  if (date > lastDay) return `${date} is in the future`;
  if (name === '') return 'it has no hashtag';
  const videoCount = parseCount(videos);
  const viewCount = parseCount(views);
  if (videoCount === undefined || viewCount === undefined) {
    const [column, text] = videoCount === undefined ? ['video', videos] : ['view', views];
    return `${column}_count ${JSON.stringify(text)} is not an exact whole number`;
  }
  if (videoCount === null && viewCount === null) return 'neither count is known';
  try {
    const hashtag = parseHashtagName(name).name;
    return { day: date, hashtag, ...withoutQuirk({ videoCount, viewCount }) };
  } catch (error) {
    if (error instanceof HashtagNameError) return error.message;
    throw error;
  }
}

function renderCounts({ videoCount, viewCount }: Counts): string {
  const [videos, views] = [videoCount, viewCount].map((count) =>
    count === null ? 'unknown' : formatCount(count),
  );
  return `${videos} videos and ${views} views`;
}

/** Null where the cell is empty; undefined where it is no exact count. */
function parseCount(text: string): number | null | undefined {
  if (text === '') return null;
  const count = /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(count) ? count : undefined;
}

function toJson(row: unknown[]): string {
  return JSON.stringify(Object.fromEntries(COLUMNS.map((column, i) => [column, row[i]])));
}

function* inBatches<T>(items: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < ROWS_A_PIECE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
