type Env = Record<string, string | undefined>;

/** The page of the run; null outside GitHub. */
export function runUrl(env: Env): string | null {
  const repository = repositoryUrl(env);
  return repository && env.GITHUB_RUN_ID ? `${repository}/actions/runs/${env.GITHUB_RUN_ID}` : null;
}

/** The page of a file on the branch, or of a folder if it ends in a slash; null outside GitHub. */
export function fileUrl(env: Env, file: string): string | null {
  const repository = repositoryUrl(env);
  const branch = (env.GITHUB_REF_NAME ?? '').split('/').map(encodeURIComponent).join('/');
  return repository && `${repository}/blob/${branch}/${file}`;
}

function repositoryUrl({ GITHUB_SERVER_URL, GITHUB_REPOSITORY }: Env): string | null {
  return GITHUB_SERVER_URL && GITHUB_REPOSITORY
    ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`
    : null;
}
