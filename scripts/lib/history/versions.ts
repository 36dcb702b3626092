import { DatabaseError } from '../core/errors.ts';
import { type OpenDatabase, parseDatabase, schemaOf } from '../store/database.ts';
import type { ObjectReader } from '../system/git-objects.ts';

/** A sound version of the database, and the schema that its file has. */
export type Version = { db: OpenDatabase; schema: number };

/** The versions that are open, each under the hash of its file. Disposing closes them all. */
export type Versions = Disposable & {
  /** The version with a hash, held once more; what is wrong with it if it is not sound. */
  open: (blob: string) => Promise<Version | string>;
  /** Holds versions once more, and returns them. */
  hold: (versions: Version[]) => Version[];
  /** Gives versions back. One that nobody holds any more is closed. */
  release: (versions: Version[]) => void;
};

/** Opens versions of the database by the hashes of their files, each only once while it is held. */
export function holdVersions(objects: ObjectReader): Versions {
  const known = new Map<string, Version | string>();
  const holders = new Map<Version, number>();
  const add = (version: Version, count: number) => {
    holders.set(version, (holders.get(version) ?? 0) + count);
  };
  const close = (blob: string, version: Version) => {
    version.db.close();
    known.delete(blob);
    holders.delete(version);
  };
  return {
    async open(blob) {
      const version = known.get(blob) ?? (await openVersion(blob, objects));
      known.set(blob, version);
      if (typeof version !== 'string') add(version, 1);
      return version;
    },
    hold(versions) {
      for (const version of versions) add(version, 1);
      return versions;
    },
    release(versions) {
      for (const version of versions) add(version, -1);
      for (const [blob, version] of [...known]) {
        if (typeof version !== 'string' && holders.get(version) === 0) close(blob, version);
      }
    },
    [Symbol.dispose]() {
      for (const [blob, version] of [...known]) {
        if (typeof version !== 'string') close(blob, version);
      }
    },
  };
}

async function openVersion(blob: string, objects: ObjectReader): Promise<Version | string> {
  const file = await objects.read(blob);
  if (file === null) return 'the content of the database is missing in this clone';
  try {
    const schema = schemaOf(file); // first, because SQLite changes these bytes
    return { db: await parseDatabase(file), schema };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return error.message.replace(/\. .*/s, ''); // the problem without the advice
  }
}
