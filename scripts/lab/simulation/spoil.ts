import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DATABASE_PATH } from '../../lib/core/paths.ts';
import { parseDatabase } from '../../lib/store/database.ts';
import { selectRows } from '../../lib/store/rows.ts';
import { git } from '../../lib/system/git.ts';
import { readObject } from '../../lib/system/git-objects.ts';
import type { Spoiling } from './history.ts';

/** What was done to a database file. */
export type Spoiled = {
  /** Whether the tracker left what it found. */
  isUntouched: () => Promise<boolean>;
  /** Puts the file back as it was. */
  mend: () => Promise<void>;
};

/**
 * Does something to the database of a checkout that no run may build on.
 * @returns null if there is nothing to do it to, such as an older version
 */
export async function spoil(root: string, how: Spoiling): Promise<Spoiled | null> {
  const file = path.join(root, DATABASE_PATH);
  const journal = `${file}-journal`;
  const before = await readFile(file).catch(() => null);
  const committed = await readObject(root, `HEAD:${DATABASE_PATH}`);
  if (before === null || committed === null) return null;
  switch (how) {
    case 'flip': {
      const flipped = await flip(before, committed);
      if (flipped === null) return null;
      await writeFile(file, flipped);
      break;
    }
    case 'older': {
      const older = await readOldest(root, committed);
      if (older === null) return null;
      await writeFile(file, older);
      break;
    }
    case 'cut':
      await truncate(file, before.length - 1000);
      break;
    case 'journal':
      await writeFile(journal, 'an unfinished edit');
  }
  const spoiled = await readFile(file);
  return {
    isUntouched: async () => (await readFile(file)).equals(spoiled),
    async mend() {
      await rm(journal, { force: true });
      await writeFile(file, before);
    },
  };
}

/** The file with other views in the oldest snapshot that the last commit has as well. */
async function flip(file: Buffer, committed: Buffer): Promise<Uint8Array | null> {
  using db = await parseDatabase(Buffer.from(file)); // a copy: SQLite changes the bytes
  using earlier = await parseDatabase(committed);
  const [row] = selectRows(earlier, 'SELECT * FROM snapshots ORDER BY date, hashtag LIMIT 1');
  if (row === undefined) return null;
  const { date = null, hashtag = null } = row;
  db.run('UPDATE snapshots SET view_count = view_count + 1 WHERE date = ? AND hashtag = ?', [
    date,
    hashtag,
  ]);
  return db.export();
}

/** The first version in git's history, unless it is the newest as well. */
async function readOldest(root: string, newest: Buffer): Promise<Buffer | null> {
  const commits = await git(root, ['rev-list', '--reverse', 'HEAD', '--', DATABASE_PATH]);
  const oldest = await readObject(root, `${commits.split('\n')[0]}:${DATABASE_PATH}`);
  return oldest === null || oldest.equals(newest) ? null : oldest;
}
