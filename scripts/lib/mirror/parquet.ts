import type { ColumnSource } from 'hyparquet-writer';
import { dayNumber, isDay } from '../core/day.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';
import { toSnapshots } from '../store/history.ts';
import type { Row } from '../store/rows.ts';

const SCHEMA = [
  { name: 'root', num_children: 4 },
  {
    name: 'date',
    type: 'INT32',
    converted_type: 'DATE',
    logical_type: { type: 'DATE' },
    repetition_type: 'REQUIRED',
  },
  {
    name: 'hashtag',
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
    repetition_type: 'REQUIRED',
  },
  { name: 'video_count', type: 'INT64', repetition_type: 'OPTIONAL' },
  { name: 'view_count', type: 'INT64', repetition_type: 'OPTIONAL' },
] as const;

/** A Parquet file. `leftOut` are the rows without a valid day, which it can't have. */
export type ParquetFile = { bytes: Uint8Array; rows: number; leftOut: number };

/** A part of the file has about so many rows, so that the memory does not grow with the history. */
const ROWS_PER_GROUP = 100_000;

/**
 * The snapshots as the reports read them, as a Parquet file with SNAPPY compression, sorted by date
 * and hashtag: `date` (DATE), `hashtag` (string), `video_count` and `view_count` (64-bit integers,
 * null if unknown).
 * @param rows of the table `snapshots`, by date
 */
export async function renderParquet(rows: Iterable<Row>): Promise<ParquetFile> {
  // Loaded only here, because no other command needs it.
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [...SCHEMA],
    codec: 'SNAPPY',
    createdBy: 'tiktok-hashtag-tracker',
  });
  const counts = { rows: 0, leftOut: 0 };
  for (const group of inWholeDays(rows)) {
    const snapshots = toSnapshots(group);
    counts.rows += snapshots.length;
    if (snapshots.length < group.length) {
      counts.leftOut += group.filter(({ date }) => !isDay(String(date))).length;
    }
    if (snapshots.length === 0) continue;
    await file.write({ columnData: toColumns(snapshots), rowGroupSize: snapshots.length });
  }
  await file.finish();
  return { bytes: writer.getBytes(), ...counts };
}

function toColumns(snapshots: Snapshot[]): ColumnSource[] {
  const inOrder = snapshots.toSorted(
    (a, b) => compareText(a.day, b.day) || compareText(a.hashtag, b.hashtag),
  );
  const toInt64 = (count: number | null) => (count === null ? null : BigInt(count));
  return [
    { name: 'date', data: inOrder.map(({ day }) => dayNumber(day)), encoding: 'RLE_DICTIONARY' },
    { name: 'hashtag', data: inOrder.map(({ hashtag }) => hashtag.toWellFormed()) },
    { name: 'video_count', data: inOrder.map(({ videoCount }) => toInt64(videoCount)) },
    { name: 'view_count', data: inOrder.map(({ viewCount }) => toInt64(viewCount)) },
  ];
}

/** The rows in groups of whole days, because two rows of a day may be one snapshot. */
function* inWholeDays(rows: Iterable<Row>): Generator<Row[]> {
  let group: Row[] = [];
  for (const row of rows) {
    if (group.length >= ROWS_PER_GROUP && group.at(-1)?.date !== row.date) {
      yield group;
      group = [];
    }
    group.push(row);
  }
  yield group;
}
