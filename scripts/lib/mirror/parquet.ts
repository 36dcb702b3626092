import { dayNumber } from '../core/day.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';

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

/**
 * The snapshots as a Parquet file with SNAPPY compression, sorted by date and hashtag: `date`
 * (DATE), `hashtag` (string), `video_count` and `view_count` (64-bit integers, null if unknown).
 * @param snapshots at least one, because some readers refuse a file without rows
 */
export async function renderParquet(snapshots: Snapshot[]): Promise<Uint8Array> {
  // Loaded only here, because no other command needs it.
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const rows = snapshots.toSorted(
    (a, b) => compareText(a.day, b.day) || compareText(a.hashtag, b.hashtag),
  );
  const toInt64 = (count: number | null) => (count === null ? null : BigInt(count));
  const buffer = parquetWriteBuffer({
    schema: [...SCHEMA],
    columnData: [
      { name: 'date', data: rows.map(({ day }) => dayNumber(day)) },
      { name: 'hashtag', data: rows.map(({ hashtag }) => hashtag.toWellFormed()) },
      { name: 'video_count', data: rows.map(({ videoCount }) => toInt64(videoCount)) },
      { name: 'view_count', data: rows.map(({ viewCount }) => toInt64(viewCount)) },
    ],
    codec: 'SNAPPY',
    createdBy: 'tiktok-hashtag-tracker',
  });
  return new Uint8Array(buffer);
}
