import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Gives the tests a folder for their temporary files, and removes it when all have ended. */
export default async function setUp(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tracker-tests-'));
  await chmod(folder, 0o755); // a test looks as another user
  process.env.TMPDIR = folder;
  return () => rm(folder, { recursive: true, force: true });
}
