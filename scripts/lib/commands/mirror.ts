import { openWhole } from '../archive/whole.ts';
import type { Day } from '../core/day.ts';
import { type ExitCode, TrackerError } from '../core/errors.ts';
import { formatCount, formatList, formatRanges, plural } from '../core/format.ts';
import { readDatabaseAddress } from '../mirror/address.ts';
import {
  type Difference,
  describeChange,
  describeRow,
  quote,
  renderDelete,
  unexplained,
} from '../mirror/compare.ts';
import { type Connection, withConnection } from '../mirror/connection.ts';
import { isPrepared, MayNotCreateError, prepareSchema } from '../mirror/prepare.ts';
import { type Sent, sendDays, sendWatchlist } from '../mirror/send.ts';
import { findSource } from '../mirror/source.ts';
import { DAY_TABLES, inSchema, MIRRORED_DAYS } from '../mirror/tables.ts';
import { type Verified, verifyMirror } from '../mirror/verify.ts';
import { defineCommand, parseDayFlag } from '../system/command.ts';
import type { Log } from '../system/log.ts';
import { readWatchlist } from '../watchlist/watchlist.ts';

const MOST_NAMED = 20;

export const mirror = defineCommand({
  name: 'mirror',
  summary: 'Brings a PostgreSQL database up to date with everything here.',
  flags: {
    verify: { type: 'boolean', help: 'Compare every row by day; write nothing.' },
    since: { type: 'string', value: 'D', help: 'Send or compare all days from D (YYYY-MM-DD) on.' },
  },
  async run({ verify, since }, { root, env, log }) {
    const firstDay = since === undefined ? null : parseDayFlag('--since', since);
    const address = await readDatabaseAddress(env, root);
    const source = await findSource(root, env);
    const watchlist = await readWatchlist(root);
    using db = await openWhole(root);
    try {
      return await withConnection(address, async (connection): Promise<ExitCode> => {
        if (verify) {
          await refuseUnprepared(connection);
          const verified = await verifyMirror(connection, db, watchlist, source, firstDay);
          return reportVerified(verified, source, log);
        }
        await prepareSchema(connection);
        const sent = await sendDays(connection, db, source, firstDay);
        const listed = await sendWatchlist(connection, watchlist, source);
        return reportSent(sent, listed, `${source} in ${address.place}`, source, log);
      });
    } catch (error) {
      if (error instanceof MayNotCreateError) log.info(error.statements);
      throw error;
    }
  },
});

async function refuseUnprepared(connection: Connection): Promise<void> {
  if (await isPrepared(connection)) return;
  throw new TrackerError(`${connection.place} has no mirror yet; start it with: npm run mirror`);
}

function reportSent(
  { days, added, changed, differences, daysOnlyThere }: Sent,
  listed: number,
  place: string,
  source: string,
  log: Log,
): ExitCode {
  const found = differences.flatMap((difference) =>
    unexplained(difference).map((change) => describeChange(difference.table, change)),
  );
  warnOfFirst(found, 'row that differed there was corrected', log);
  const isExtra = warnOfExtra(differences, daysOnlyThere, source, log);
  const isCurrent = days.length === 0 && listed === 0;
  log.info(
    isCurrent
      ? `${place} is up to date`
      : `${place}: ${plural(days.length, 'day')} sent${renderDays(days)}, ` +
          `${plural(added, 'row')} added, ${formatCount(changed)} changed` +
          (listed > 0 ? `; watchlist: ${formatCount(listed)} changed` : ''),
  );
  return isExtra ? 1 : 0;
}

function reportVerified(
  { days, rows, differing, daysOnlyThere, watchlist }: Verified,
  source: string,
  log: Log,
): ExitCode {
  const all = [...differing.flatMap(({ differences }) => differences)];
  const differences = watchlist === null ? all : [...all, watchlist];
  const changes = differences.flatMap(({ table, changed }) =>
    changed.map((change) => describeChange(table, change)),
  );
  warnOfFirst(changes, 'row differs', log);
  const missing = differences.flatMap(({ table, missing: rowsHere }) =>
    rowsHere.map((row) => describeRow(table, row)),
  );
  warnOfFirst(missing, 'row is missing there', log);
  warnOfExtra(differences, daysOnlyThere, source, log);
  for (const { day, differences: ofDay } of differing.slice(0, MOST_NAMED)) {
    const count = (of: (difference: Difference) => unknown[]) =>
      formatCount(ofDay.reduce((sum, difference) => sum + of(difference).length, 0));
    log.info(
      `${day}: ${count(({ missing: here }) => here)} missing there, ` +
        `${count(({ changed }) => changed)} different, ${count(({ extra }) => extra)} only there`,
    );
  }
  const compared = `Compared ${plural(rows, 'row')} of ${plural(days, 'day')}`;
  const isEqual = differences.length === 0 && daysOnlyThere.length === 0;
  const [first] = differing;
  log.info(
    isEqual
      ? `${compared}: the mirror has the same`
      : `${compared}: differences on ${plural(differing.length + daysOnlyThere.length, 'day')}` +
          (first === undefined
            ? ''
            : `. To send them again: npm run mirror -- --since ${first.day}`),
  );
  return isEqual ? 0 : 1;
}

/** Names what only the mirror has, and says how to delete it. True if there is anything. */
function warnOfExtra(
  differences: Difference[],
  daysOnlyThere: Day[],
  source: string,
  log: Log,
): boolean {
  for (const { table, extra } of differences) {
    if (extra.length === 0) continue;
    const named = extra.slice(0, MOST_NAMED);
    log.warning(
      `${plural(extra.length, 'row')} only there: ` +
        `${formatList(
          extra.map((row) => describeRow(table, row)),
          MOST_NAMED,
        )}. ` +
        `Nothing is deleted there by itself. To do it: ${renderDelete(table, source, named)}`,
    );
  }
  if (daysOnlyThere.length > 0) {
    const tables = [...Object.values(DAY_TABLES), MIRRORED_DAYS].map(({ name }) => name);
    const days = daysOnlyThere.slice(0, MOST_NAMED).map(quote).join(', ');
    log.warning(
      `${plural(daysOnlyThere.length, 'day')} only there: ${formatList(formatRanges(daysOnlyThere), MOST_NAMED)}. If this ` +
        'checkout is an older one: git pull. Nothing is deleted there by itself. To do it, for ' +
        `each of ${tables.join(', ')}: DELETE FROM ${inSchema('…')} ` +
        `WHERE source = ${quote(source)} AND date IN (${days})`,
    );
  }
  return daysOnlyThere.length > 0 || differences.some(({ extra }) => extra.length > 0);
}

/** The first of the texts, each in a warning of its own, and how many there are. */
function warnOfFirst(texts: string[], what: string, log: Log): void {
  for (const text of texts.slice(0, MOST_NAMED)) log.warning(`${what}: ${text}`);
  const left = texts.length - MOST_NAMED;
  if (left > 0) log.warning(`… and ${formatCount(left)} more`);
}

function renderDays(days: Day[]): string {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined) return '';
  return ` (${first === last ? first : `${first} to ${last}`})`;
}
