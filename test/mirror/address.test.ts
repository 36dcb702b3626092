import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UsageError } from '../../scripts/lib/core/errors.ts';
import { readDatabaseAddress } from '../../scripts/lib/mirror/address.ts';
import { MirrorError, withConnection } from '../../scripts/lib/mirror/connection.ts';
import { findSource } from '../../scripts/lib/mirror/source.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createFolder } from '../helpers/folder.ts';

const read = (url: string | undefined, root = '/') =>
  readDatabaseAddress({ DATABASE_URL: url }, root);

describe('DATABASE_URL', () => {
  it('names everything, also with special characters', async () => {
    const { config, place } = await read(
      'postgresql://a%40b:p%40ss%2Fw%23rd%3F%25@db.example.org:6543/my%20base?options=-c%20search_path%3Dx',
    );
    expect(config).toMatchObject({
      host: 'db.example.org',
      port: 6543,
      user: 'a@b',
      password: 'p@ss/w#rd?%',
      database: 'my base',
      options: '-c search_path=x',
    });
    expect(place).toBe('db.example.org/my base');
  });

  it.each([
    ['postgres://me@localhost/db', false],
    ['postgres://me@127.0.0.1/db?sslmode=prefer', false],
    ['postgres://me@[::1]/db?sslmode=disable', false],
    ['postgres:///db?host=/var/run/postgresql&user=me', false],
    ['postgres://me@localhost/db?sslmode=require', { rejectUnauthorized: true, host: 'localhost' }],
    ['postgres://me@db.example.org/db', { rejectUnauthorized: true, host: 'db.example.org' }],
    [
      'postgres://me@10.0.0.7/db?sslmode=prefer&sslrootcert=system',
      { rejectUnauthorized: true, host: '10.0.0.7' },
    ],
    [
      'postgres://me@localhost/db?host=db.example.org&sslmode=require&channel_binding=require',
      { rejectUnauthorized: true, host: 'db.example.org' },
    ],
  ])('%s verifies certificates unless the server is on this machine', async (url, ssl) => {
    expect((await read(url)).config.ssl).toEqual(ssl);
  });

  it('may name the file of a certificate to trust', async () => {
    const root = await createFolder();
    await writeFile(path.join(root, 'ca.pem'), 'certificate');
    const url = 'postgres://me@db.example.org/db?sslrootcert=ca.pem';
    expect((await read(url, root)).config.ssl).toMatchObject({ ca: 'certificate' });
    await expect(read(`${url}x`, root)).rejects.toThrow(/^sslrootcert in DATABASE_URL: ENOENT/);
  });

  it.each([
    ['nothing', undefined, /^DATABASE_URL is not set; write DATABASE_URL=postgresql:/],
    ['blanks', '  ', /^DATABASE_URL is not set/],
    ['another protocol', 'mysql://me:sesame@host/db', /does not begin with postgresql:/],
    ['a bare # in the password', 'postgres://me:12#sesame@host/db', /# as %23/],
    ['a bare / in the password', 'postgres://me:12/sesame@host/db', /\/ as %2F/],
    ['a bare ? in the password', 'postgres://me:12?sesame@host/db', /\? as %3F/],
    ['a bare % in the password', 'postgres://me:100%sesame@host/db', /% as %25/],
    [
      'no TLS to another machine',
      'postgres://me:sesame@host/db?sslmode=disable',
      /sslmode=disable/,
    ],
    ['TLS without proof', 'postgres://me:sesame@host/db?sslmode=no-verify', /sslmode=no-verify/],
    ['an unknown mode', 'postgres://me:sesame@host/db?sslmode=sesame', /unknown sslmode/],
  ])('is refused without a word of the password if it has %s', async (_, url, message) => {
    const error = await read(url).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('sesame');
  });
});

describe('a server', () => {
  it('that repeats the password does not get it into the message', async () => {
    // It asks for the password in clear, and refuses it with its own words.
    const server = createServer((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
        socket.once('data', (sent) => {
          const fields = `SFATAL\0C28P01\0Mno such password: ${sent.toString('utf8', 5, sent.length - 1)}\0\0`;
          const head = Buffer.from([0x45, 0, 0, 0, 4 + fields.length]);
          socket.end(Buffer.concat([head, Buffer.from(fields)]));
        });
      });
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const address = await read(`postgres://me:open%20sesame@127.0.0.1:${port}/db`);
    const error = await withConnection(address, async () => {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MirrorError);
    expect((error as Error).message).toBe(
      'the database 127.0.0.1/db: no such password: ***; check the user and the password in DATABASE_URL',
    );
    expect((error as Error).cause).toBeUndefined();
  });

  it('that nobody runs is reported with its host, and what to check', async () => {
    const error = await withConnection(
      await read('postgres://me@127.0.0.1:1/db'),
      async () => {},
    ).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/ECONNREFUSED.*; is the host in DATABASE_URL right/);
  });
});

describe('the source', () => {
  it.each([
    ['https://github.com/Ada/Tracker.git', 'ada/tracker'],
    ['git@github.com:ada/my.tracker.git', 'ada/my.tracker'],
    ['ssh://git@github.com/ada/tracker/', 'ada/tracker'],
    ['https://user:secret@github.com/ada/tracker', 'ada/tracker'],
  ])('of the remote %s is %s', async (url, source) => {
    const root = await createFolder();
    await git(root, ['init', '--quiet']);
    await git(root, ['remote', 'add', 'origin', url]);
    expect(await findSource(root, {})).toBe(source);
    expect(await findSource(root, { GITHUB_REPOSITORY: 'Eve/Other' })).toBe('eve/other');
  });

  it('must be known', async () => {
    await expect(findSource(await createFolder(), {})).rejects.toThrow(
      /set GITHUB_REPOSITORY=owner\/repo$/,
    );
  });
});
