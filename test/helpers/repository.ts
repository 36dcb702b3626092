import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { git } from '../../scripts/lib/git.ts';
import { createFolder } from './folder.ts';

/** A checkout of a bare remote, with the watchlist committed and pushed on `main`. */
export type Repository = { root: string; remote: string };

/** Creates one; `hashtags` is the content of the watchlist's list. */
export async function createRepository(
  hashtags: unknown[] = ['aitools', 'llm'],
): Promise<Repository> {
  const folder = await createFolder();
  const remote = path.join(folder, 'remote.git');
  const root = path.join(folder, 'checkout');
  await git(folder, ['init', '--quiet', '--bare', '--template=', '--initial-branch=main', remote]);
  await mkdir(path.join(root, 'data'), { recursive: true });
  await git(root, ['init', '--quiet', '--template=', '--initial-branch=main']);
  await configureIdentity(root);
  await writeWatchlist(root, { hashtags });
  await git(root, ['remote', 'add', 'origin', remote]);
  await git(root, ['add', '.']);
  await git(root, ['commit', '--quiet', '-m', 'Start']);
  await git(root, ['push', '--quiet', '--set-upstream', 'origin', 'main']);
  return { root, remote };
}

/** Another checkout of the same remote, as another machine would have it. */
export async function cloneRepository({ remote }: Repository): Promise<string> {
  const root = path.join(await createFolder(), 'clone');
  await git(path.dirname(root), ['clone', '--quiet', '--template=', remote, root]);
  await configureIdentity(root);
  return root;
}

export async function writeWatchlist(root: string, content: unknown): Promise<void> {
  await mkdir(path.join(root, 'data'), { recursive: true });
  await writeFile(path.join(root, 'data', 'hashtags.json'), JSON.stringify(content));
}

/** Commits one file with a text, as a person would, and pushes where told to. */
export async function commitFile(
  root: string,
  file: string,
  text: string,
  push = false,
): Promise<void> {
  await writeFile(path.join(root, file), text);
  await git(root, ['add', '--', file]);
  await git(root, ['commit', '--quiet', '-m', `Change ${file}`, '--', file]);
  if (push) await git(root, ['push', '--quiet', 'origin', 'HEAD:main']);
}

/** The bytes of a file at a revision, as text. */
export function showFile(root: string, revision: string, file: string): Promise<string> {
  return git(root, ['show', `${revision}:${file}`]);
}

/** Makes the remote refuse every push with a message, as a server's rule would. */
export async function refusePushes(remote: string, message: string): Promise<void> {
  const hook = path.join(remote, 'hooks', 'pre-receive');
  await mkdir(path.dirname(hook), { recursive: true });
  await writeFile(hook, `#!/bin/sh\necho '${message}' >&2\nexit 1\n`);
  await chmod(hook, 0o755);
}

async function configureIdentity(root: string): Promise<void> {
  await git(root, ['config', 'user.name', 'Ada']);
  await git(root, ['config', 'user.email', 'ada@example.org']);
}
