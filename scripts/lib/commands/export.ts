import path from 'node:path';
import type { Database } from 'sql.js';
import { listArchives } from '../archive/files.ts';
import { openFrom } from '../archive/whole.ts';
import { TrackerError, UsageError } from '../core/errors.ts';
import { plural } from '../core/format.ts';
import { canonicalHashtag, showHashtag } from '../core/hashtag-name.ts';
import {
  DATABASE_PATH,
  LATEST_CSV_PATH,
  LOCK_PATH,
  REPORTS_FOLDER,
  SCHEMA_PATH,
  WATCHLIST_PATH,
} from '../core/paths.ts';
import { errorMessage } from '../core/text.ts';
import { renderParquet } from '../mirror/parquet.ts';
import { formatRows, FORMATS as TEXT_FORMATS } from '../store/csv.ts';
import { iterateSnapshots } from '../store/history.ts';
import { type Row, selectRows } from '../store/rows.ts';
import {
  type Context,
  defineCommand,
  parseDayFlag,
  parseHashtagFlag,
  printResult,
} from '../system/command.ts';
import { isInFolder, isSameFile, writeToNamedFile } from '../system/files.ts';

const FORMATS = [...TEXT_FORMATS, 'parquet'] as const;

export const exportSnapshots = defineCommand({
  name: 'export',
  summary: 'Prints the snapshots.',
  flags: {
    format: { type: 'string', value: 'F', help: 'csv (the default), json, ndjson or parquet.' },
    since: { type: 'string', value: 'D', help: 'Only days from D (YYYY-MM-DD) on.' },
    hashtag: { type: 'string', value: 'a,b', help: 'Only these hashtags.' },
    out: { type: 'string', value: 'FILE', help: 'Write this file instead of standard output.' },
  },
  logTo: 'stderr',
  async run({ format: wanted = 'csv', since, hashtag, out }, { root, log, stdout }) {
    const format = FORMATS.find((known) => known === wanted);
    if (format === undefined) {
      throw new UsageError(`--format ${wanted} is unknown; write one of ${FORMATS.join(', ')}`);
    }
    if (format === 'parquet' && out === undefined) {
      // Npm also writes to standard output, which would damage the file.
      throw new UsageError(
        '--format parquet needs a file; add for example --out snapshots.parquet',
      );
    }
    const firstDay = since === undefined ? null : parseDayFlag('--since', since);
    const hashtags = hashtag === undefined ? null : new Set(parseHashtagFlag('--hashtag', hashtag));
    if (out !== undefined) await refuseOwnFiles(root, out);
    using db = await openFrom(root, firstDay);
    warnOfUnknown(db, hashtags, log);
    const rows = iterateSnapshots(db, firstDay, hashtags);
    const pieces: Iterable<string | Uint8Array> =
      format === 'parquet' ? [await formatParquet(rows, log)] : formatRows(rows, format);
    if (out === undefined || out === '/dev/stdout') {
      await printResult(pieces, stdout);
    } else {
      const content = Buffer.concat(Array.from(pieces, toBytes));
      await writeToNamedFile(path.resolve(root, out), content).catch((cause) => {
        throw new UsageError(`--out ${out} can't be written: ${errorMessage(cause)}`, { cause });
      });
      log.info(`Wrote ${out}`);
    }
    return 0;
  },
});

const toBytes = (piece: string | Uint8Array) =>
  typeof piece === 'string' ? Buffer.from(piece) : piece;

async function formatParquet(rows: Iterable<Row>, log: Context['log']): Promise<Uint8Array> {
  const { bytes, rows: count, leftOut } = await renderParquet(rows);
  if (leftOut > 0) {
    log.warning(`${plural(leftOut, 'row')} without a valid date can't be in a Parquet file`);
  }
  // Some readers refuse a Parquet file without rows.
  if (count === 0) throw new TrackerError('no snapshot to export; no file was written');
  return bytes;
}

/** @throws UsageError if the path leads to the database, or to another file of the tracker */
async function refuseOwnFiles(root: string, out: string): Promise<void> {
  const file = path.resolve(root, out);
  const isOneOf = async (paths: string[]) => {
    for (const own of paths) {
      if (await isSameFile(file, path.join(root, own))) return true;
    }
    return false;
  };
  const owner = async () => {
    if (await isOneOf([DATABASE_PATH, ...(await listArchives(root))])) {
      return "the tracker's database";
    }
    const isOwn = await isOneOf([...OWN_FILES, ...BESIDE_DATABASE]);
    const isReport = isOwn || (await isInFolder(file, path.join(root, REPORTS_FOLDER)));
    return isReport ? "one of the tracker's own files" : null;
  };
  // A path that can't be read can't be written either, which is reported then.
  const found = await owner().catch(() => null);
  if (found !== null) throw new UsageError(`--out ${out} is ${found}; write another file`);
}

const OWN_FILES = [WATCHLIST_PATH, SCHEMA_PATH, LATEST_CSV_PATH, LOCK_PATH];
/** SQLite would take these files for a part of the database. */
const BESIDE_DATABASE = ['-journal', '-wal', '-shm'].map((end) => DATABASE_PATH + end);

function warnOfUnknown(db: Database, hashtags: Set<string> | null, log: Context['log']): void {
  if (hashtags === null) return;
  const sql = 'SELECT hashtag FROM snapshots UNION SELECT hashtag FROM archived_latest';
  const rows = selectRows(db, sql);
  const known = new Set(rows.map((row) => canonicalHashtag(String(row.hashtag))));
  for (const name of hashtags) {
    if (!known.has(name)) log.warning(`the database has no snapshot of ${showHashtag(name)}`);
  }
}
