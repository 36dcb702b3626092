import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Puts the whole content in place at once: written to a temporary file in the same folder, synced,
 * renamed. Whatever happens, the file is the old or the new one. The temporary file is named after
 * the process, so that two that write at once can't mix, and ends in `.tmp`, which git ignores.
 */
export async function writeFileAtomically(file: string, content: string | Uint8Array) {
  const folder = path.dirname(file);
  const temporary = `${file}.${process.pid}.tmp`;
  await mkdir(folder, { recursive: true });
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes the text unless the file holds just that already. True where it was written. */
export async function writeTextIfChanged(file: string, text: string): Promise<boolean> {
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (before === text) return false;
  await writeFileAtomically(file, text);
  return true;
}
