import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * An empty folder. It is removed when all tests have ended, and not earlier: a file system such as
 * ext4 takes longer to create files after others were removed.
 */
export function createFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'tracker-test-'));
}
