import type { PublishTarget } from './target.ts';

/**
 * Why a push or fetch failed and what to do, if another try can't help; null for any other failure.
 * @param said git's own words
 */
export function explainFailedPush(said: string, { remote, branch }: PublishTarget): string | null {
  if (isRefusedHere(said)) {
    return 'the pre-push hook of this checkout refused the push: do what it says, then run again';
  }
  const unreachable = `the remote ${remote} can't be reached: check its address with git remote -v`;
  const remedies: [RegExp, string][] = [
    [
      /protected branch|GH006|GH013|rule violations/i,
      `the branch ${branch} is protected, and a workflow's own token can't bypass that: ` +
        'exclude the branch from the rule (Settings → Rules → Rulesets, or Settings → Branches)',
    ],
    [
      /archived so it is read-only/i,
      `the repository of ${remote} is archived: Settings → General → Unarchive this repository`,
    ],
    [
      /error: 403|Permission to .* denied|denied to/i,
      'the token may not push: Settings → Actions → General → Workflow permissions → ' +
        '"Read and write permissions"; on your own machine, use an account that may push',
    ],
    [
      /could not read Username|Authentication failed|Permission denied|could not read Password|Host key verification failed/i,
      `git has no valid credentials for ${remote}: run git push by hand once, or set up a token`,
    ],
    [/does not appear to be a git repository|repository .*not found|does not exist/i, unreachable],
    [
      /bad\/illegal format|no path specified|strange hostname|transport '.*' not allowed/i,
      unreachable,
    ],
    [
      /support --signed push|sign the push certificate/i,
      'push.gpgSign is on, but the push can’t be signed: run git config push.gpgSign false',
    ],
    [/'remote-.*' is not a git command|unable to find remote helper|cannot run /i, unreachable],
    [
      /does not support push options/i,
      `push.pushOption is set, but ${remote} takes no options: remove the setting`,
    ],
    [
      /--mirror can't be combined with refspecs/i,
      `${remote} is a mirror: run git config remote.${remote}.mirror false`,
    ],
    [/GH001|file size limit|larger than/i, 'a file is larger than the remote accepts'],
    [/exceeds maximum allowed size/i, 'the push is larger than the remote accepts'],
    [
      /insufficient permission for adding|unable to create temporary object/i,
      `the repository of ${remote} can’t be written to: check its permissions and its disk`,
    ],
    [
      /exists; cannot create/i,
      `${remote} has a branch whose name begins like a folder of ${branch}, or the other way round: ` +
        'rename one of them',
    ],
    [/hook declined|aborted by hook/i, 'a rule of the remote rejected the push'],
    [
      /branch is currently checked out/i,
      `${branch} is checked out in the repository of ${remote}: use a bare repository`,
    ],
    [
      /shallow update not allowed/i,
      'this is a shallow clone, and the remote lacks its older commits: run git fetch --unshallow',
    ],
    [/deny updating a hidden ref/i, `${remote} takes no pushes to ${branch}`],
  ];
  return remedies.find(([pattern]) => pattern.test(said))?.[1] ?? null;
}

/**
 * True if a hook of the checkout refused the push. Git then has neither an answer of the remote,
 * which would begin with "! [", nor an error of the connection.
 */
function isRefusedHere(said: string): boolean {
  return (
    said.includes('failed to push some refs') &&
    !/^ ! \[|^fatal: |RPC failed|disconnect|hung up|Connection/m.test(said)
  );
}
