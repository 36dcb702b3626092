import Papa from 'papaparse';
import { type Counts, parseExactInteger, withoutQuirk } from '../core/count.ts';
import { type Day, isDay } from '../core/day.ts';
import { UsageError } from '../core/errors.ts';
import { formatCount, plural } from '../core/format.ts';
import { HashtagNameError, parseHashtagName, showHashtag } from '../core/hashtag-name.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { FORMULA_START, plainText } from '../core/text.ts';
import { toSnapshots } from './history.ts';
import type { Row } from './rows.ts';

const COLUMNS = ['date', 'hashtag', 'video_count', 'view_count'];

/** A row to import: its place in the file, and its cells in the order date, hashtag, counts. */
export type SourceRow = { place: string; cells: string[] };

/** A row that can't be imported: its place in the file, and why. */
export type RefusedRow = { place: string; reason: string };

/**
 * The rows of a CSV that names its columns in the first line. Empty lines are ignored.
 * @param name the file's name in messages
 * @throws UsageError if a column is missing that a snapshot needs
 */
export function parseCsv(text: string, name: string): (SourceRow | RefusedRow)[] {
  const content = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const { data, errors } = Papa.parse<string[]>(content, { delimiter: ',', newline: '\n' });
  const header = data[0]?.map((cell) => cell.trim()) ?? [];
  const positions = COLUMNS.map((column) => header.indexOf(column));
  const missing = COLUMNS.filter((column) => !header.includes(column));
  if (missing.includes('date') || missing.includes('hashtag') || missing.length > 1) {
    const isJson = /\.(?:nd)?json$/i.test(name) || /^\s*[[{]/.test(text);
    throw new UsageError(
      isJson
        ? `${name} is JSON; a CSV is needed (see npm run export)`
        : explainForeignFile(name, header, missing),
    );
  }
  const double = COLUMNS.find((column) => header.filter((name) => name === column).length > 1);
  if (double !== undefined) {
    throw new UsageError(`${name} has two columns ${double}; remove the one that is not meant`);
  }
  const faults = new Map(errors.map(({ row, message }) => [row, message]));
  let line = 1;
  return data.flatMap((row, index) => {
    const place = `line ${line}`;
    line += row.join('').split('\n').length; // a quoted cell may hold line ends
    if (index === 0 || row.every((cell) => cell.trim() === '')) return [];
    const fault = faults.get(index);
    if (fault !== undefined) return { place, reason: `its quotes are wrong: ${fault}` };
    if (row.length !== header.length) {
      const found = `it has ${plural(row.length, 'cell')}; the first line has ${header.length}`;
      const advice =
        row.length > header.length
          ? 'write numbers without commas, and text with commas in quotes'
          : 'leave the cell of an unknown count empty, but keep its comma';
      return { place, reason: `${found}: ${advice}` };
    }
    return { place, cells: positions.map((position) => readCell(row[position] ?? '')) };
  });
}

/** The cell's text, without the apostrophe by which an export protects it from being a formula. */
function readCell(cell: string): string {
  const text = cell.trim();
  return text.startsWith("'") && FORMULA_START.test(text.slice(1)) ? text.slice(1) : text;
}

function explainForeignFile(name: string, header: string[], missing: string[]): string {
  const isSemicolons = header[0]?.includes(';');
  return (
    `${name} is not a CSV of counts: its first line must name ` +
    `the columns ${COLUMNS.join(', ')} (one count is enough); it lacks ${missing.join(', ')}` +
    (isSemicolons ? '; it seems to be separated by semicolons: save it with commas' : '')
  );
}

/**
 * Separates the rows that can be imported, with the names and counts that the tracker would store,
 * from those that can't.
 */
export function checkRows(rows: (SourceRow | RefusedRow)[], lastDay: Day) {
  const snapshots: Snapshot[] = [];
  const refused: RefusedRow[] = [];
  for (const row of rows) {
    const checked = 'reason' in row ? row.reason : checkRow(row, lastDay);
    if (typeof checked !== 'string') snapshots.push(checked);
    else refused.push({ place: row.place, reason: plainText(checked) });
  }
  return { snapshots, refused };
}

/** One sentence per snapshot whose known counts differ from the stored ones, with both. */
export function findOtherCounts(snapshots: Snapshot[], stored: Iterable<Row>): string[] {
  const placeOf = ({ day, hashtag }: Snapshot) => `${day} #${hashtag}`;
  const storedAt = new Map(toSnapshots(stored).map((kept) => [placeOf(kept), kept]));
  return snapshots.flatMap((snapshot) => {
    const place = placeOf(snapshot);
    const kept = storedAt.get(place);
    const isOther = (name: keyof Counts) =>
      snapshot[name] !== null && snapshot[name] !== kept?.[name];
    if (kept === undefined || !(isOther('videoCount') || isOther('viewCount'))) return [];
    return `${snapshot.day} ${showHashtag(snapshot.hashtag)}: the file has ${renderCounts(snapshot)}, the database ${renderCounts(kept)}`;
  });
}

/** The formats of an export. */
export const FORMATS = ['csv', 'json', 'ndjson'] as const;

const ROWS_PER_PIECE = 1000;
const CSV_STYLE = { newline: '\n', header: false, escapeFormulae: FORMULA_START };

/** The rows as text, in pieces of bounded size. */
export function* formatRows(
  rows: Iterable<Row>,
  format: (typeof FORMATS)[number],
): Generator<string> {
  if (format === 'csv') yield `${COLUMNS.join()}\n`;
  if (format === 'json') yield '[';
  let separator = '\n';
  for (const batch of inBatches(rows)) {
    if (format === 'csv') yield `${Papa.unparse(batch, CSV_STYLE)}\n`;
    if (format === 'ndjson') yield `${batch.map(toJson).join('\n')}\n`;
    if (format === 'json') yield separator + batch.map(toJson).join(',\n');
    separator = ',\n';
  }
  if (format === 'json') yield '\n]\n';
}

/** The row as a snapshot, or why it can't be one. */
function checkRow({ cells }: SourceRow, lastDay: Day): Snapshot | string {
  const [date = '', name = '', videos = '', views = ''] = cells;
  if (date === '') return 'it has no date';
  if (!isDay(date)) return `${JSON.stringify(date)} is not a day; write it as YYYY-MM-DD`;
  if (date > lastDay) return `${date} is in the future`;
  if (name === '') return 'it has no hashtag';
  if (videos === '' && views === '') return 'neither count is known';
  const [videoCount, viewCount] = [parseCountCell(videos), parseCountCell(views)];
  const explain = (column: string, text: string) =>
    `${column} ${JSON.stringify(text)} ` +
    (GROUPED_DIGITS.test(text)
      ? 'seems to have separators between its digits; write only the digits'
      : 'is not an exact whole number');
  if (videos !== '' && videoCount === null) return explain('video_count', videos);
  if (views !== '' && viewCount === null) return explain('view_count', views);
  try {
    const hashtag = parseHashtagName(name).name;
    return { day: date, hashtag, ...withoutQuirk({ videoCount, viewCount }) };
  } catch (error) {
    if (error instanceof HashtagNameError) return error.message;
    throw error;
  }
}

/** `1,000`, `1.000.000`, `1 000.0`. `1.000` is among them, because it may mean a thousand. */
const GROUPED_DIGITS = /^[1-9]\d{0,2}(?:[.,'’_٬\s]\d{2,3})*[.,'’_٬\s]\d{3}(?:[.,٫]\d+)?$/;

function parseCountCell(text: string): number | null {
  return GROUPED_DIGITS.test(text) ? null : parseExactInteger(text);
}

function renderCounts({ videoCount, viewCount }: Counts): string {
  const [videos, views] = [videoCount, viewCount].map((count) =>
    count === null ? 'unknown' : formatCount(count),
  );
  return `${videos} videos and ${views} views`;
}

const toJson = (row: Row) => JSON.stringify(row);

function* inBatches<T>(items: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < ROWS_PER_PIECE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
