import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ClientConfig } from 'pg';
import { UsageError } from '../core/errors.ts';
import { errorMessage } from '../core/text.ts';
import type { Context } from '../system/command.ts';
import { isThisMachine } from '../system/links.ts';

/** Where the mirror is. */
export type DatabaseAddress = {
  config: ClientConfig;
  /** The host and the database's name, for messages. */
  place: string;
  /** The texts that no message may contain. */
  secrets: string[];
};

const EXAMPLE = 'postgresql://user:password@host:5432/database';
const ENCODE =
  'in the user name and the password, write special characters as %XX: @ as %40, / as %2F, ' +
  '# as %23, ? as %3F, % as %25';

/**
 * The database that DATABASE_URL names. Connections to other machines are encrypted, and the
 * server's certificate is verified, by `sslrootcert` if the address has that parameter.
 * @param root the folder from which the path in `sslrootcert` starts
 * @throws UsageError if the address is missing or can't be used; the message does not quote it
 */
export async function readDatabaseAddress(
  env: Context['env'],
  root: string,
): Promise<DatabaseAddress> {
  const text = env.DATABASE_URL?.trim() ?? '';
  if (text === '') {
    throw new UsageError(
      env.GITHUB_ACTIONS === 'true'
        ? 'the secret DATABASE_URL is not set: Settings → Secrets and variables → Actions → ' +
            'New repository secret, name DATABASE_URL'
        : `DATABASE_URL is not set; write DATABASE_URL=${EXAMPLE}`,
    );
  }
  const url = parseUrl(text);
  const parameter = (name: string) => url.searchParams.get(name) || undefined;
  const host = parameter('host') ?? (decode(url.hostname).replace(/^\[|\]$/g, '') || 'localhost');
  const port = Number(parameter('port') ?? (url.port || 5432));
  const user = parameter('user') ?? (decode(url.username) || undefined);
  const password = parameter('password') ?? decode(url.password);
  const database = parameter('dbname') ?? (decode(url.pathname.slice(1)) || user);
  if (database !== undefined && /[/@]/.test(database)) throw refuse(ENCODE);
  return {
    config: {
      host,
      port,
      user,
      password: password || undefined,
      database,
      ssl: await readTls(host, parameter('sslmode'), parameter('sslrootcert'), root),
      options: parameter('options'),
      application_name: parameter('application_name') ?? 'tiktok-hashtag-tracker',
    },
    place: `${host}/${database ?? ''}`,
    secrets: [password, url.password, text].filter((secret) => secret.length > 0),
  };
}

function parseUrl(text: string): URL {
  if (!/^postgres(?:ql)?:\/\//i.test(text)) throw refuse('it does not begin with postgresql://');
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hash !== '' || url.search.includes('@')) throw refuse(ENCODE);
  return url;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse(ENCODE);
  }
}

function refuse(why: string): UsageError {
  return new UsageError(`DATABASE_URL can't be used; write ${EXAMPLE} (${why})`);
}

/** Modes that let others read the password, or pretend to be the server. */
const UNSAFE_MODES = ['disable', 'no-verify'];
const VERIFYING_MODES = ['require', 'verify-ca', 'verify-full'];
const OTHER_MODES = ['allow', 'prefer'];

async function readTls(
  host: string,
  mode: string | undefined,
  certificates: string | undefined,
  root: string,
): Promise<ClientConfig['ssl']> {
  if (mode !== undefined && ![...UNSAFE_MODES, ...VERIFYING_MODES, ...OTHER_MODES].includes(mode)) {
    throw new UsageError(
      `DATABASE_URL has an unknown sslmode; write one of ${VERIFYING_MODES.join(', ')}`,
    );
  }
  const isHere = host.startsWith('/') || isThisMachine(host);
  if (isHere && !VERIFYING_MODES.includes(mode ?? '')) return false;
  if (UNSAFE_MODES.includes(mode ?? '')) {
    throw new UsageError(
      `DATABASE_URL has sslmode=${mode}, but others could then read the password: use verify-full. ` +
        'If the server has a certificate of its own, add sslrootcert=FILE with that certificate',
    );
  }
  const ca =
    certificates === undefined || certificates === 'system'
      ? undefined
      : await readFile(path.resolve(root, certificates), 'utf8').catch((cause) => {
          throw new UsageError(`sslrootcert in DATABASE_URL: ${errorMessage(cause)}`, { cause });
        });
  // `host` is what the certificate must name. The driver gives Node no name if it is an address.
  return { rejectUnauthorized: true, host, ...(ca === undefined ? {} : { ca }) };
}
