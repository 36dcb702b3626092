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

/**
 * A warning if an address sends what it gets over the network unencrypted; null if it does not.
 * @param name what people know the address as; the address itself may be a secret
 * @param secret what others could read
 */
export function warnOfPlainHttp(name: string, url: string, secret: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'http:' || isThisMachine(hostname)) return null;
  return `${name} begins with http://, so others on the network can read ${secret}; use https://`;
}

/** True for a host's name or address that never leads to another machine. */
export function isThisMachine(hostname: string): boolean {
  return /^(127(\.\d+){3}|\[?::1\]?|(.+\.)?localhost\.?)$/.test(hostname);
}

function repositoryUrl({ GITHUB_SERVER_URL, GITHUB_REPOSITORY }: Env): string | null {
  return GITHUB_SERVER_URL && GITHUB_REPOSITORY
    ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`
    : null;
}
