import path from 'node:path';
import { DamagedDatabaseError, DatabaseError } from '../core/errors.ts';
import { ARCHIVE_FOLDER, monthOfArchive } from '../core/paths.ts';
import { type OpenDatabase, parseDatabase } from '../store/database.ts';
import { refuseUnfinishedEdit } from '../store/open.ts';
import { listFolder, readIfThere } from '../system/files.ts';
import { listStatus } from '../system/git.ts';
import { listBlobs } from '../system/git-objects.ts';

/** The archive files of a checkout, oldest first. */
export async function listArchives(root: string): Promise<string[]> {
  const names = await listFolder(path.join(root, ARCHIVE_FOLDER));
  return names
    .map((name) => `${ARCHIVE_FOLDER}/${name}`)
    .filter((file) => monthOfArchive(file) !== null)
    .sort();
}

/** The archive files of a commit, each with the hash of its content. */
export type CommittedArchives = Map<string, string>;

/** Lists the archive files of a commit, oldest first. */
export async function listCommittedArchives(
  root: string,
  commit: string,
): Promise<CommittedArchives> {
  const blobs = await listBlobs(root, commit, `${ARCHIVE_FOLDER}/`);
  return new Map([...blobs].filter(([file]) => monthOfArchive(file) !== null));
}

/** The files that two commits do not have alike, in order. */
export function compareArchives(before: CommittedArchives, after: CommittedArchives): string[] {
  const files = new Set([...before.keys(), ...after.keys()]);
  return [...files].filter((file) => before.get(file) !== after.get(file)).sort();
}

/** The archive files that a checkout has otherwise than its last commit, or only one of both has. */
export async function listChangedArchives(root: string): Promise<string[]> {
  const files = (await listStatus(root, [ARCHIVE_FOLDER])).keys();
  return [...files].filter((file) => monthOfArchive(file) !== null).sort();
}

/**
 * Opens an archive file of a checkout; null if there is none.
 * @throws DatabaseError if this version can't use it, or if a program has not finished its edit of
 * it. The message says what to do
 */
export async function openArchive(root: string, file: string): Promise<OpenDatabase | null> {
  await refuseUnfinishedEdit(root, file);
  const bytes = await readIfThere(path.join(root, file));
  return bytes === null ? null : parseArchive(bytes, file);
}

/** Opens an archive from its bytes. */
export async function parseArchive(bytes: Uint8Array, file: string): Promise<OpenDatabase> {
  try {
    return await parseDatabase(bytes, file);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const message = error.message.replace(/\.$/, '');
    const advice =
      error instanceof DamagedDatabaseError
        ? 'To put the newest good one in its place, run: npm run restore'
        : adviseArchive(file);
    throw new DatabaseError(`${message}. ${advice}`, { cause: error });
  }
}

export function missingArchive(file: string): DatabaseError {
  return new DatabaseError(`${file} is missing, and with it a month. ${adviseArchive(file)}`);
}

/** How to get an archive file back. Only an import ever changes one. */
function adviseArchive(file: string): string {
  return `To take back the committed file, run: git checkout HEAD -- ${file}`;
}
