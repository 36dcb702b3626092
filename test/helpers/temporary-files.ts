import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Creates a folder for temporary files, and removes it when all tests have ended. */
export default async function setUp(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tracker-tests-'));
  await chmod(folder, 0o755); // one test runs as another user
  process.env.TMPDIR = folder;
  return () => rm(folder, { recursive: true, force: true });
}
