import { connect, createServer, type Socket } from 'node:net';
import pg from 'pg';
import { onTestFinished } from 'vitest';

/** A server that the tests of the mirror run against. */
export type Server = {
  name: string;
  /** A database that only this process uses, with every right. */
  url: string;
  /** True for a server with roles and sessions of its own. */
  isReal: boolean;
  close: () => Promise<void>;
};

/** PGlite, and the server that TEST_DATABASE_URL names. */
export async function openServers(): Promise<Server[]> {
  const pglite = { name: 'PGlite', url: process.env.PGLITE_URL ?? '', isReal: false };
  const servers: Server[] = [{ ...pglite, close: async () => {} }];
  const given = process.env.TEST_DATABASE_URL;
  if (given) {
    const name = `tracker_tests_${process.pid}_${Date.now()}`;
    await query(given, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
    const url = new URL(given);
    url.pathname = name;
    const close = async () => void (await query(given, `DROP DATABASE ${name} WITH (FORCE)`));
    servers.push({ name: 'a PostgreSQL server', url: url.href, isReal: true, close });
  }
  return servers;
}

/** Runs a query, or several without parameters. Returns the rows of the last one. */
export async function query(url: string, sql: string, values?: unknown[]): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query({
      text: sql,
      values,
      rowMode: 'array',
    } as pg.QueryArrayConfig);
    const last = Array.isArray(result) ? result.at(-1) : result;
    return last.rows;
  } finally {
    await client.end();
  }
}

/**
 * The address of a server through a connection that is cut after so many bytes were sent.
 * @returns the address, until the test ends
 */
export async function cutAfter(url: string, bytes: number): Promise<string> {
  const target = new URL(url);
  const [port, hostname] = [Number(target.port || 5432), target.hostname];
  const sockets: Socket[] = [];
  const proxy = createServer((socket) => {
    const back = connect(port, hostname);
    sockets.push(
      socket.on('error', () => {}),
      back.on('error', () => {}),
    );
    let sent = 0;
    socket.on('data', (chunk) => {
      sent += chunk.length;
      if (sent <= bytes) back.write(chunk);
      else for (const end of [socket, back]) end.destroy();
    });
    back.pipe(socket);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  target.hostname = '127.0.0.1';
  target.port = String(address.port);
  return target.href;
}
