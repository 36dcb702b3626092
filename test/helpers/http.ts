import { createServer, type OutgoingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a server answers. It sends an object as JSON, and anything else unchanged. */
export type HttpAnswer = {
  status?: number;
  headers?: OutgoingHttpHeaders;
  body?: object | string | Uint8Array;
};

/** Starts an HTTP server on loopback that stops when the test ends, and returns its address. */
export function startHttpServer(handle: RequestListener): Promise<string> {
  return listen(createServer({ keepAliveTimeout: 60_000 }, handle));
}

/** The same for plain TCP: `handle` gets the connection. */
export function startTcpServer(handle: (socket: Socket) => void): Promise<string> {
  return listen(createTcpServer(handle));
}

/** Starts a server that gives every request this answer, or the answer of a function. */
export function startAnswering(answer: HttpAnswer | (() => HttpAnswer)): Promise<string> {
  return startHttpServer((request, response) => {
    const {
      status = 200,
      headers = {},
      body = '',
    } = typeof answer === 'function' ? answer() : answer;
    const isBytes = typeof body === 'string' || body instanceof Uint8Array;
    request.resume().on('end', () => {
      response.writeHead(status, headers).end(isBytes ? body : JSON.stringify(body));
    });
  });
}

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return `http://127.0.0.1:${address.port}`;
}
