import type { PublishTarget } from './target.ts';

/**
 * Why a push failed and what to do, if another try can't help; null for any other failure.
 * @param said git's own words
 */
export function explainFailedPush(said: string, { remote, branch }: PublishTarget): string | null {
  const remedies: [RegExp, string][] = [
    [
      /protected branch|GH006|GH013|rule violations/i,
      `the branch ${branch} is protected, and a workflow's own token can't bypass that: ` +
        'exclude the branch from the rule (Settings → Rules → Rulesets, or Settings → Branches)',
    ],
    [
      /error: 403|Permission to .* denied|denied to/i,
      'the token may not push: Settings → Actions → General → Workflow permissions → ' +
        '"Read and write permissions"; on your own machine, use an account that may push',
    ],
    [
      /could not read Username|Authentication failed|Permission denied|could not read Password/i,
      `git has no valid credentials for ${remote}: run git push by hand once, or set up a token`,
    ],
    [
      /does not appear to be a git repository|repository .*not found|does not exist/i,
      `the remote ${remote} can't be reached: check its address with git remote -v`,
    ],
    [/GH001|file size limit|larger than/i, 'a file is larger than the remote accepts'],
    [/hook declined/i, 'a rule of the remote rejected the push'],
  ];
  return remedies.find(([pattern]) => pattern.test(said))?.[1] ?? null;
}
