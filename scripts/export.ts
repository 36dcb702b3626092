import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type Command,
  parseFlags,
  parseHashtagFlag,
  runCommand,
  UsageError,
} from './lib/command.ts';
import { openDatabase, selectRows } from './lib/database.ts';
import { isDay } from './lib/day.ts';
import { FORMATS, formatRows } from './lib/exchange.ts';
import { canonicalHashtag } from './lib/hashtag.ts';
import { createTerminalLog } from './lib/log.ts';
import { errorMessage } from './lib/plain-text.ts';
import { iterateSnapshots } from './lib/store.ts';
import { writeFileAtomically } from './lib/write-file.ts';

const FLAGS = {
  format: { type: 'string', value: 'F', help: 'csv (without it), json or ndjson.' },
  since: { type: 'string', value: 'D', help: 'Only days from D (YYYY-MM-DD) on.' },
  hashtag: { type: 'string', value: 'a,b', help: 'Only these hashtags.' },
  out: { type: 'string', value: 'FILE', help: 'Write this file instead of standard output.' },
} as const;

const exportSnapshots: Command = async (args, { root, log }) => {
  const helpLog = createTerminalLog((line) => process.stdout.write(`${line}\n`));
  const flags = parseFlags('export', 'Prints the snapshots.', FLAGS, args, helpLog);
  if (flags === null) return 0;
  const { format: wanted = 'csv', since = null, out } = flags;
  const format = FORMATS.find((known) => known === wanted);
  if (format === undefined) {
    throw new UsageError(`--format ${wanted}: write ${FORMATS.join(', ')}`);
  }
  if (since !== null && !isDay(since)) {
    throw new UsageError(`--since ${since} is not a day; write it as 2026-11-22`);
  }
  const hashtags =
    flags.hashtag === undefined ? null : new Set(parseHashtagFlag('--hashtag', flags.hashtag));

  const db = await openDatabase(root);
  if (hashtags !== null) {
    const names = selectRows(db, 'SELECT DISTINCT hashtag FROM snapshots').flat();
    const known = new Set(names.map((name) => canonicalHashtag(String(name))));
    for (const name of hashtags) {
      if (!known.has(name)) log.warning(`the database has no #${name}`);
    }
  }
  const pieces = formatRows(iterateSnapshots(db, since, hashtags), format);
  if (out === undefined) {
    await print(pieces);
  } else {
    const content = Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece)));
    await writeFileAtomically(path.resolve(root, out), content).catch((cause) => {
      throw new UsageError(`--out ${out} can't be written: ${errorMessage(cause)}`, { cause });
    });
    log.info(`Wrote ${out}`);
  }
  return 0;
};

async function print(pieces: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), process.stdout);
  } catch (error) {
    // Whoever reads has enough, as `head` does.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

// Standard output is for the rows alone.
await runCommand(
  exportSnapshots,
  createTerminalLog((line) => process.stderr.write(`${line}\n`)),
);
