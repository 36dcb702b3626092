import path from 'node:path';
import type { Database } from 'sql.js';
import { UsageError } from '../core/errors.ts';
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
import { FORMATS, formatRows } from '../store/csv.ts';
import { iterateSnapshots } from '../store/history.ts';
import { openDatabase } from '../store/open.ts';
import { selectRows } from '../store/rows.ts';
import {
  type Context,
  defineCommand,
  parseDayFlag,
  parseHashtagFlag,
  printResult,
} from '../system/command.ts';
import { isInFolder, isSameFile, writeToNamedFile } from '../system/files.ts';

export const exportSnapshots = defineCommand({
  name: 'export',
  summary: 'Prints the snapshots.',
  flags: {
    format: { type: 'string', value: 'F', help: 'csv (the default), json or ndjson.' },
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
    const firstDay = since === undefined ? null : parseDayFlag('--since', since);
    const hashtags = hashtag === undefined ? null : new Set(parseHashtagFlag('--hashtag', hashtag));
    if (out !== undefined) await refuseOwnFiles(root, out);
    using db = await openDatabase(root);
    warnOfUnknown(db, hashtags, log);
    const pieces = formatRows(iterateSnapshots(db, firstDay, hashtags), format);
    if (out === undefined || out === '/dev/stdout') {
      await printResult(pieces, stdout);
    } else {
      const content = Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece)));
      await writeToNamedFile(path.resolve(root, out), content).catch((cause) => {
        throw new UsageError(`--out ${out} can't be written: ${errorMessage(cause)}`, { cause });
      });
      log.info(`Wrote ${out}`);
    }
    return 0;
  },
});

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
    if (await isOneOf([DATABASE_PATH])) return "the tracker's database";
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
  const rows = selectRows(db, 'SELECT DISTINCT hashtag FROM snapshots');
  const known = new Set(rows.map((row) => canonicalHashtag(String(row.hashtag))));
  for (const name of hashtags) {
    if (!known.has(name)) log.warning(`the database has no snapshot of ${showHashtag(name)}`);
  }
}
