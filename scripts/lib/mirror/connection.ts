import type { Client, DatabaseError as ServerError } from 'pg';
import { TrackerError } from '../core/errors.ts';
import { errorMessage, plainText } from '../core/text.ts';
import type { DatabaseAddress } from './address.ts';
import { inSchema, SCHEMA } from './tables.ts';

/** The mirror can't be reached, read or written. The message says why and what to do. */
export class MirrorError extends TrackerError {
  override name = 'MirrorError';
  /** The server's code (SQLSTATE), or Node's; null if there is none. */
  readonly code: string | null;

  constructor(message: string, code: string | null = null) {
    super(message);
    this.code = code;
  }
}

/** A connection to the mirror's database. */
export type Connection = {
  /** The rows of a query, as the server writes them, and how many rows it has read or changed. */
  query: (sql: string, values?: unknown[]) => Promise<Result>;
  /** The host and the database's name, for messages. */
  place: string;
};

type Result = { rows: (string | null)[][]; count: number };

const CONNECT_TIMEOUT_MS = 20_000;
const QUERY_TIMEOUT_MS = 300_000;
const MOST_TRIES = 4;
/** Another transaction was in the way. PostgreSQL and CockroachDB ask to try again. */
const PASSING_CODES = ['40001', '40P01'];

/**
 * Connects, and disconnects when the work has ended.
 * @throws MirrorError if the server can't be reached or refuses something; no message has a secret
 */
export async function withConnection<T>(
  address: DatabaseAddress,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  // Loaded only here, because nothing else needs it.
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    ...address.config,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    types: { getTypeParser: () => (text: string) => text },
  });
  client.on('error', () => {}); // the query that runs, or the next one, says it too
  try {
    await orExplain(address, () => client.connect());
    return await work({
      place: address.place,
      query: (sql, values = []) => orExplain(address, () => runQuery(client, sql, values)),
    });
  } finally {
    await client.end().catch(() => {});
  }
}

async function runQuery(client: Client, text: string, values: unknown[]): Promise<Result> {
  const { rows, rowCount } = await client.query<(string | null)[]>({
    text,
    values,
    rowMode: 'array',
  });
  return { rows, count: rowCount ?? 0 };
}

/** Runs `change` in a transaction, again if another transaction was in the way. */
export async function inTransaction<T>(
  connection: Connection,
  change: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      await connection.query('BEGIN');
      const result = await change();
      await connection.query('COMMIT');
      return result;
    } catch (error) {
      await connection.query('ROLLBACK').catch(() => {});
      const isPassing = error instanceof MirrorError && PASSING_CODES.includes(error.code ?? '');
      if (!isPassing || tries === MOST_TRIES) throw error;
    }
  }
}

async function orExplain<T>(address: DatabaseAddress, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const { code = null } = error as ServerError;
    const said = address.secrets.reduce(
      (text, secret) => text.replaceAll(secret, '***'),
      plainText(errorMessage(error), 400),
    );
    // The error is not kept as the cause, because it may quote a secret.
    throw new MirrorError(`the database ${address.place}: ${said}${remedyFor(code, said)}`, code);
  }
}

function remedyFor(code: string | null, said: string): string {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(code ?? '') || pattern.test(said))?.[1];
  return remedy === undefined ? '' : `; ${remedy}`;
}

const REMEDIES: [RegExp, string][] = [
  [/^28/, 'check the user and the password in DATABASE_URL'],
  [/^3D000$/, 'check the name of the database in DATABASE_URL'],
  [/^42501$/, `an administrator can allow it, see the README for the rights in ${SCHEMA}`],
  [/^25006$/, 'it can only be read; use the address of the server that takes changes'],
  [/^42P10$/, `a table in ${SCHEMA} lacks its key; see ${inSchema('mirror_version')}`],
  [
    /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$|timeout expired/,
    'is the host in DATABASE_URL right, and may this machine reach it?',
  ],
  [/does not support SSL/, 'other machines are asked only with TLS: switch it on in the server'],
  [
    /CERT|SELF_SIGNED|SIGNATURE|ISSUER/,
    'its certificate can’t be verified; if the server has one of its own, add sslrootcert=FILE to DATABASE_URL',
  ],
];
