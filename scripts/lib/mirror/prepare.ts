import { plainText } from '../core/text.ts';
import { type Connection, inTransaction, MirrorError } from './connection.ts';
import {
  CREATE_SCHEMA,
  CREATE_STATEMENTS,
  inSchema,
  SCHEMA,
  TABLES,
  VERSION,
  VERSION_TABLE,
  VIEW,
} from './tables.ts';

/** The schema's tables can't be created. The statements are what an administrator can run. */
export class MayNotCreateError extends MirrorError {
  override name = 'MayNotCreateError';
  readonly statements: string;

  constructor(message: string, statements: string) {
    super(message);
    this.statements = statements;
  }
}

/**
 * Creates the schema with its tables and its view, if something is missing.
 * @throws MirrorError if there is something else under one of the names
 * @throws MayNotCreateError if the user may not create something
 */
export async function prepareSchema(connection: Connection): Promise<void> {
  if (await isPrepared(connection)) return;
  await refuseOtherEncoding(connection);
  try {
    await createAll(connection).catch((error: unknown) => {
      // Another run has created something at the same moment.
      if (isCode(error, '23505', '42P06', '42P07', 'XX000')) return createAll(connection);
      throw error;
    });
  } catch (error) {
    if (!isCode(error, '42501')) throw error;
    const { rows } = await connection.query('SELECT current_user::text');
    const user = String(rows[0]?.[0]);
    throw new MayNotCreateError(
      `${connection.place}: the user ${plainText(user)} may not create the schema ${SCHEMA} or ` +
        'its tables. An administrator can run the statements above once',
      renderStatements(user),
    );
  }
}

/**
 * True if the schema has everything that this version of the mirror needs.
 * @throws MirrorError if one of the names belongs to something else
 */
export async function isPrepared(connection: Connection): Promise<boolean> {
  const found = await connection.query(
    `SELECT t.table_name::text, t.table_type::text, c.column_name::text, c.data_type::text
     FROM information_schema.tables t LEFT JOIN information_schema.columns c
       ON c.table_schema = t.table_schema AND c.table_name = t.table_name
     WHERE t.table_schema = $1`,
    [SCHEMA],
  );
  const types = new Map(found.rows.map(([table, type]) => [table, type]));
  const columns = new Map(
    found.rows.map(([table, , column, type]) => [`${table}.${column}`, type]),
  );
  const version = types.has(VERSION_TABLE) ? await readVersion(connection) : 0;
  if (version > 0 && version < VERSION) return false; // older columns are no mistake
  const refuse = (name: string, why: string) =>
    new MirrorError(
      `${connection.place}: ${inSchema(name)} is not the mirror's, because ${why}. Rename it ` +
        'or drop it, then run this again',
    );
  for (const table of TABLES) {
    const type = types.get(table.name);
    if (type === undefined) continue;
    if (type !== 'BASE TABLE') throw refuse(table.name, `it is a ${String(type).toLowerCase()}`);
    for (const [column, wanted] of Object.entries({ source: 'text', ...table.columns })) {
      const is = columns.get(`${table.name}.${column}`);
      const name = wanted === 'timestamptz' ? 'timestamp with time zone' : wanted;
      if (is === undefined) throw refuse(table.name, `it has no column ${column}`);
      if (is !== name) throw refuse(table.name, `its column ${column} is ${is}, not ${name}`);
    }
  }
  const view = types.get(VIEW);
  if (view !== undefined && view !== 'VIEW') throw refuse(VIEW, 'it is not a view');
  const isThere = [...TABLES.map(({ name }) => name), VIEW, VERSION_TABLE].every((name) =>
    types.has(name),
  );
  return isThere && version >= VERSION;
}

async function readVersion(connection: Connection): Promise<number> {
  const sql = `SELECT max(version)::text FROM ${inSchema(VERSION_TABLE)}`;
  return Number((await connection.query(sql)).rows[0]?.[0] ?? 0);
}

async function createAll(connection: Connection): Promise<void> {
  const found = await connection.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [SCHEMA]);
  await inTransaction(connection, async () => {
    // Whoever may create tables in a schema that is there need not be allowed to create a schema.
    if (found.rows.length === 0) await connection.query(CREATE_SCHEMA);
    for (const statement of CREATE_STATEMENTS) await connection.query(statement);
  });
}

async function refuseOtherEncoding(connection: Connection): Promise<void> {
  const encoding = (await connection.query('SHOW server_encoding')).rows[0]?.[0];
  if (encoding === 'UTF8') return;
  throw new MirrorError(
    `${connection.place} has the encoding ${encoding}, which can't hold every hashtag; ` +
      "create a database with ENCODING 'UTF8'",
  );
}

/** Everything that an administrator has to run, so that the user can bring the mirror up to date. */
function renderStatements(user: string): string {
  const role = `"${user.replaceAll('"', '""')}"`;
  return [
    CREATE_SCHEMA,
    ...CREATE_STATEMENTS,
    `GRANT USAGE ON SCHEMA ${SCHEMA} TO ${role}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${role}`,
  ]
    .map((statement) => `${statement};`)
    .join('\n');
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof MirrorError && codes.includes(error.code ?? '');
}
