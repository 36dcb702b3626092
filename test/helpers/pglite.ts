import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/**
 * Offers PostgreSQL at PGLITE_URL, one server for all tests. It starts with the first connection,
 * because that takes seconds. All connections share one session, so only the tests of one file may
 * use it.
 */
export default async function setUp(): Promise<() => Promise<void>> {
  let started: Promise<{ db: PGlite; server: PGLiteSocketServer; port: number }> | null = null;
  const sockets = new Set<Socket>();
  const front = createServer(async (socket) => {
    started ??= start();
    const back = connect((await started).port, '127.0.0.1');
    const ends = [socket, back];
    for (const end of ends) {
      sockets.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        for (const other of ends) other.destroy();
        sockets.delete(end);
      });
    }
    socket.pipe(back).pipe(socket);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const { port } = front.address() as AddressInfo;
  process.env.PGLITE_URL = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  return async () => {
    for (const socket of sockets) socket.destroy();
    front.close();
    const running = await started;
    await running?.server.stop();
    await running?.db.close();
  };
}

async function start() {
  const db = await PGlite.create();
  const server = new PGLiteSocketServer({ db, port: 0, maxConnections: 10 });
  await server.start();
  return { db, server, port: Number(server.getServerConn().split(':').at(-1)) };
}
