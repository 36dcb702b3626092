import { showHashtag } from '../core/hashtag-name.ts';
import { plainText } from '../core/text.ts';
import { DAY_TABLES, inSchema, keyOf, type MirrorRow, type Table, type Value } from './tables.ts';

/** How the rows of a table there differ from those that it should have. */
export type Difference = {
  table: Table;
  missing: MirrorRow[];
  changed: { here: MirrorRow; there: MirrorRow }[];
  /** Rows that only the mirror has. */
  extra: MirrorRow[];
};

/** Compares the rows of a table, some of which the mirror has. */
export function compareRows(table: Table, here: MirrorRow[], there: MirrorRow[]): Difference {
  if (there.length === 0) return { table, missing: here, changed: [], extra: [] };
  const stored = new Map(there.map((row) => [keyOf(table, row), row]));
  const difference: Difference = { table, missing: [], changed: [], extra: [] };
  for (const row of here) {
    const key = keyOf(table, row);
    const found = stored.get(key);
    stored.delete(key);
    if (found === undefined) difference.missing.push(row);
    else if (row.some((value, i) => value !== found[i])) {
      difference.changed.push({ here: row, there: found });
    }
  }
  difference.extra = [...stored.values()];
  return difference;
}

/**
 * The changed rows that no later run of the day explains: somebody changed the row there, or the
 * past changed here.
 */
export function unexplained({ table, changed }: Difference): Difference['changed'] {
  if (table !== DAY_TABLES.SNAPSHOTS) return changed;
  return changed.filter(({ here, there }) => {
    const [capturedHere, capturedThere] = [String(here.at(-1) ?? ''), String(there.at(-1) ?? '')];
    const hasOtherCounts = here.slice(0, -1).some((value, i) => value !== there[i]);
    return hasOtherCounts && (capturedThere === '' || capturedHere <= capturedThere);
  });
}

/** `snapshots 2026-11-20 #llm: video_count is 10 there, 11 here` */
export function describeChange(
  table: Table,
  { here, there }: Difference['changed'][number],
): string {
  const changes = Object.keys(table.columns).flatMap((column, i) =>
    here[i] === there[i]
      ? []
      : `${column} is ${describeValue(there[i])} there, ${describeValue(here[i])} here`,
  );
  return `${describeRow(table, here)}: ${changes.join('; ')}`;
}

/** `snapshots 2026-11-20 #llm` */
export function describeRow(table: Table, row: MirrorRow): string {
  const parts = keyParts(table, row).map(([column, value]) =>
    column === 'hashtag' ? showHashtag(String(value)) : String(value),
  );
  return `${table.name} ${parts.join(' ')}`;
}

/** The statement that deletes rows of a source. */
export function renderDelete(table: Table, source: string, rows: MirrorRow[]): string {
  const keys = rows.map(
    (row) =>
      `(${keyParts(table, row)
        .map(([, value]) => quote(String(value)))
        .join(', ')})`,
  );
  const columns = table.key.join(', ');
  return (
    `DELETE FROM ${inSchema(table.name)} WHERE source = ${quote(source)} ` +
    `AND (${columns}) IN (${keys.join(', ')})`
  );
}

/** A text as SQL, in which every character can be seen and copied. */
export function quote(text: string): string {
  const quoted = text.replaceAll("'", "''");
  if (text.search(INVISIBLE) < 0) return `'${quoted}'`;
  const escaped = quoted.replaceAll('\\', '\\\\').replace(INVISIBLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return `E'${escaped}'`;
}

const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

function keyParts({ columns, key }: Table, row: MirrorRow): [string, Value | undefined][] {
  const names = Object.keys(columns);
  return key.map((column) => [column, row[names.indexOf(column)]]);
}

function describeValue(value: Value | undefined): string {
  return value === null || value === undefined ? 'unknown' : plainText(String(value), 60);
}
