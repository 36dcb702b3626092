import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { SiteFiles } from './data.ts';

/** A running server of a site. */
export type SiteServer = { url: string; close: () => Promise<void> };

const PREFERRED_PORT = 8080;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.xml': 'application/xml; charset=utf-8',
  '.gz': 'application/gzip',
};

/**
 * Serves a site to this machine alone, like GitHub Pages: text is sent compressed.
 * @param load gives the files; it is called whenever somebody opens the page
 * @param port if it is in use, another one is taken
 */
export async function serveSite(
  load: () => Promise<SiteFiles>,
  port = PREFERRED_PORT,
): Promise<SiteServer> {
  let files = load();
  await files;
  const server = createServer((request, response) => {
    const name = fileName(request);
    if (name === 'index.html') files = load();
    files.then(
      (site) => answer(request, response, site.get(name), path.extname(name)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const listen = (wanted: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, '127.0.0.1', resolve);
    });
  await listen(port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return listen(0);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function fileName({ url = '/' }: IncomingMessage): string {
  const { pathname } = new URL(url, 'http://localhost');
  return pathname === '/' ? 'index.html' : pathname.slice(1);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  contents: Uint8Array | undefined,
  extension: string,
): Promise<void> {
  if (contents === undefined) {
    response.writeHead(404).end('not found');
    return;
  }
  const headers = {
    'Content-Type': TYPES[extension] ?? 'application/octet-stream',
    'Cache-Control': 'no-cache',
  };
  const isCompressed = extension === '.gz';
  const accepts = String(request.headers['accept-encoding']).includes('gzip');
  if (isCompressed || !accepts) {
    response.writeHead(200, headers).end(contents);
    return;
  }
  const compressed = await promisify(gzip)(contents);
  response.writeHead(200, { ...headers, 'Content-Encoding': 'gzip' }).end(compressed);
}
