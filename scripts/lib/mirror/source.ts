import { UsageError } from '../core/errors.ts';
import type { Context } from '../system/command.ts';
import { git } from '../system/git.ts';

/**
 * The repository as `owner/repo`, in lower case because GitHub ignores case. It is the first part
 * of every key, so that many repositories can share one mirror.
 * @throws UsageError if neither GitHub nor the remote tells
 */
export async function findSource(root: string, env: Context['env']): Promise<string> {
  const named = env.GITHUB_REPOSITORY?.trim() || (await readRemote(root));
  if (/^[\w.-]+\/[\w.-]+$/.test(named)) return named.toLowerCase();
  throw new UsageError(
    'the mirror needs to know which repository this is, but the remote "origin" does not tell; ' +
      'set GITHUB_REPOSITORY=owner/repo',
  );
}

/** The last two parts of the remote's path; empty if it has none. */
async function readRemote(root: string): Promise<string> {
  const url = await git(root, ['remote', 'get-url', 'origin']).catch(() => '');
  const [, name = ''] = /[/:]([^/:@]+\/[^/:@]+?)(?:\.git)?\/?$/.exec(url.trim()) ?? [];
  return name;
}
