import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Table, tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import type { SqlValue } from 'sql.js';
import { describe, expect, it } from 'vitest';
import { daysUpTo } from '../../scripts/lib/core/day.ts';
import { renderParquet } from '../../scripts/lib/mirror/parquet.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { createFolder } from '../helpers/folder.ts';
import { TODAY } from '../helpers/snapshots.ts';
import { runScript } from '../helpers/tracker.ts';

/** Reads a file with another implementation of Parquet than the one that wrote it. */
function read(file: Uint8Array): Table {
  return tableFromIPC(readParquet(file).intoIPCStream());
}

function rowsOf(table: Table): unknown[][] {
  return table.toArray().map((row) => {
    const { date, hashtag, video_count, view_count } = row.toJSON();
    return [new Date(date).toISOString().slice(0, 10), hashtag, video_count, view_count];
  });
}

/** Creates a tracker whose database has these rows, as SQL values. */
async function createTracker(values: string): Promise<string> {
  const root = await createFolder();
  using db = await openDatabase(root);
  db.run(`INSERT INTO snapshots VALUES ${values}`);
  await saveDatabase(db, root);
  return root;
}

const exportParquet = (root: string, ...flags: string[]) =>
  runScript('export', ['--format', 'parquet', ...flags], root);

/** A row of the table `snapshots`. */
const rowOf = (date: string, hashtag: string, video_count: SqlValue, view_count: SqlValue) => ({
  date,
  hashtag,
  video_count,
  view_count,
});

describe('a Parquet file', () => {
  it('has a DATE, a string and two nullable 64-bit integers, sorted by date and hashtag', async () => {
    const { bytes } = await renderParquet([
      rowOf('1969-12-31', '🦙', null, 1),
      rowOf('2026-11-22', 'Ñandú', Number.MAX_SAFE_INTEGER, null),
      rowOf('2026-11-22', 'llm', 0, 0),
    ]);
    const table = read(bytes);
    expect(
      table.schema.fields.map(({ name, type, nullable }) => [name, `${type}`, nullable]),
    ).toEqual([
      ['date', 'Date32<DAY>', false],
      ['hashtag', 'Utf8', false],
      ['video_count', 'Int64', true],
      ['view_count', 'Int64', true],
    ]);
    expect(rowsOf(table)).toEqual([
      ['1969-12-31', '🦙', null, 1n],
      ['2026-11-22', 'llm', 0n, 0n],
      ['2026-11-22', 'ñandú', 9_007_199_254_740_991n, null],
    ]);
  });

  it('is compressed, and has a long history in several parts of whole days', async () => {
    const days = daysUpTo(TODAY, 1300);
    const rows = days.flatMap((d, i) =>
      Array.from({ length: 100 }, (_, j) =>
        rowOf(
          d,
          `hashtag${100 + j}`,
          10_000 + (i * 100 + j) * 31,
          1_000_000 + (i * 100 + j) * 3100,
        ),
      ),
    );
    const { bytes } = await renderParquet(rows);
    expect(bytes.length).toBeLessThan(11 * rows.length);
    const table = read(bytes);
    expect(table.numRows).toBe(rows.length);
    const counts = table.getChild('video_count')?.toArray() as BigInt64Array;
    expect(rows.findIndex(({ video_count }, i) => BigInt(Number(video_count)) !== counts[i])).toBe(
      -1,
    );
  });
});

describe('npm run export -- --format parquet', () => {
  it('writes the rows as the reports read them, and says how many it can’t', async () => {
    const root = await createTracker(`('2026-11-21', 'Vibe Coding', 1, 2),
      ('2026-11-21', 'vibecoding', 3, 4), ('2026-11-21', 'llm', 0, 9), ('someday', 'llm', 5, 6)`);
    expect(await exportParquet(root, '--out', 'all.parquet')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: "warning: 1 row without a valid date can't be in a Parquet file\nWrote all.parquet\n",
    });
    expect(rowsOf(read(await readFile(path.join(root, 'all.parquet'))))).toEqual([
      ['2026-11-21', 'llm', null, 9n],
      ['2026-11-21', 'vibecoding', 3n, 4n],
    ]);
  });

  it('writes only the hashtags and days that are asked for', async () => {
    const root = await createTracker(`('2026-11-20', 'llm', 1, 1), ('2026-11-21', 'llm', 2, 2),
      ('2026-11-21', 'cursor', 3, 3)`);
    const flags = ['--since', '2026-11-21', '--hashtag', 'LLM', '--out', 'some.parquet'];
    expect(await exportParquet(root, ...flags)).toMatchObject({ exitCode: 0 });
    expect(rowsOf(read(await readFile(path.join(root, 'some.parquet'))))).toEqual([
      ['2026-11-21', 'llm', 2n, 2n],
    ]);
  });

  it('writes no file without a row, because some readers refuse it', async () => {
    const root = await createTracker("('2026-11-20', 'llm', 1, 1)");
    const flags = ['--since', '2026-11-21', '--out', 'none.parquet'];
    expect(await exportParquet(root, ...flags)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'error: no snapshot to export; no file was written\n',
    });
    expect(await readdir(root)).toEqual(['data']);
  });

  it('never mixes the file with what npm prints', async () => {
    const root = await createFolder();
    expect(await exportParquet(root)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'error: --format parquet needs a file; add for example --out snapshots.parquet\n',
    });
    expect(await readdir(root)).toEqual([]);
  });
});
