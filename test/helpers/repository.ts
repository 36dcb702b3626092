import { cpSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { git } from '../../scripts/lib/system/git.ts';
import { createFolder } from './folder.ts';
import { runProcess } from './process.ts';

/** A checkout of a bare remote, with the watchlist committed and pushed on `main`. */
export type Repository = { root: string; remote: string };

/** Creates a repository whose watchlist has these hashtags. */
export function createRepository(hashtags: unknown[] = ['aitools', 'llm']): Promise<Repository> {
  return createOnce(JSON.stringify(hashtags), async () => {
    const folder = await createFolder();
    const remote = path.join(folder, 'remote.git');
    const root = path.join(folder, 'checkout');
    await git(folder, ['init', '--quiet', '--bare', remote]);
    await cloneAsAda(remote, root);
    await writeWatchlist(root, { hashtags });
    await git(root, ['add', '.']);
    await git(root, ['commit', '--quiet', '-m', 'Start']);
    await git(root, ['push', '--quiet']);
    return { root, remote };
  });
}

/** Folders to copy, by name. Each was made once in this process. */
const templates = new Map<string, Promise<string>>();

/** Copies the repository that `make` made under this name, now or for an earlier test. */
export async function createOnce(
  name: string,
  make: () => Promise<Repository>,
): Promise<Repository> {
  const template = templates.get(name) ?? make().then(keep);
  templates.set(name, template);
  return copyRepository(await template);
}

/** Copies a repository to a folder that the end of a test does not remove. */
async function keep({ root }: Repository): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tracker-template-'));
  await copyFolder(path.dirname(root), folder);
  return folder;
}

/** Copies a repository and its remote into a new folder. */
export async function copyRepository(template: string): Promise<Repository> {
  const folder = path.join(await createFolder(), 'copy');
  await copyFolder(template, folder);
  return { root: path.join(folder, 'checkout'), remote: path.join(folder, 'remote.git') };
}

async function copyFolder(from: string, to: string): Promise<void> {
  cpSync(from, to, { recursive: true }); // many times faster than cp
  const settings = path.join(to, 'checkout', '.git', 'config');
  const text = await readFile(settings, 'utf8');
  await writeFile(settings, text.replaceAll(from, to));
}

/** Creates another checkout of the same remote, as on another machine. */
export async function cloneRepository({ remote }: Repository): Promise<string> {
  const root = path.join(await createFolder(), 'clone');
  await cloneAsAda(remote, root);
  return root;
}

export async function writeWatchlist(root: string, content: unknown): Promise<void> {
  await mkdir(path.join(root, 'data'), { recursive: true });
  await writeFile(path.join(root, 'data', 'hashtags.json'), JSON.stringify(content));
}

/** Writes and commits one file, as a person would. Pushes it if `push` is true. */
export async function commitFile(
  root: string,
  file: string,
  text: string,
  push = false,
): Promise<void> {
  await writeFile(path.join(root, file), text);
  await runShell(
    root,
    `git add -- '${file}'
    git commit --quiet -m 'Change ${file}' -- '${file}'
    ${push ? 'git push --quiet origin HEAD:main' : ''}`,
  );
}

/** Commits all changes below the root. Returns the hash of the commit. */
export function commitEverything(root: string, message: string): Promise<string> {
  return runShell(
    root,
    `git add --all .
    git commit --quiet -m '${message}'
    git rev-parse HEAD`,
  );
}

/**
 * Runs the lines of a script, and resolves with what they print. A shell starts programs many times
 * faster than this process, whose page tables the system copies each time.
 */
async function runShell(root: string, script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runProcess('sh', ['-ec', script], root);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout.trimEnd();
}

/** The content of a file at a revision, as text. */
export function showFile(root: string, revision: string, file: string): Promise<string> {
  return git(root, ['show', `${revision}:${file}`]);
}

/** Makes the remote refuse every push with a message, as a rule on a server does. */
export async function refusePushes(remote: string, message: string): Promise<void> {
  await writeHook(remote, 'pre-receive', `echo '${message}' >&2\nexit 1`);
}

/** Writes a hook of a checkout, or of a bare repository. */
export async function writeHook(repository: string, name: string, script: string): Promise<void> {
  const isBare = repository.endsWith('.git');
  const hook = path.join(repository, ...(isBare ? [] : ['.git']), 'hooks', name);
  await mkdir(path.dirname(hook), { recursive: true });
  await writeFile(hook, `#!/bin/sh\n${script}\n`);
  await chmod(hook, 0o755);
}

async function cloneAsAda(remote: string, root: string): Promise<void> {
  const identity = ['--config', 'user.name=Ada', '--config', 'user.email=ada@example.org'];
  await git(path.dirname(root), ['clone', '--quiet', ...identity, remote, root]);
}
