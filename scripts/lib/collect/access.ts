import { UsageError } from '../core/errors.ts';
import type { Context } from '../system/command.ts';

const DEFAULT_BASE_URL = 'https://api.scavio.dev';

/** `baseUrl`: scheme, host and optional path, to which the endpoints' paths are appended. */
export type ApiAccess = { key: string; baseUrl: string };

/**
 * The API's key and address, from the environment.
 * @throws UsageError if one of them is missing or can't be right
 */
export function readApiAccess(env: Context['env']): ApiAccess {
  const key = env.SCAVIO_API_KEY?.trim() ?? '';
  if (key === '') {
    throw new UsageError(
      env.GITHUB_ACTIONS === 'true'
        ? 'the secret SCAVIO_API_KEY is not set: Settings → Secrets and variables → Actions → ' +
            'New repository secret, name SCAVIO_API_KEY'
        : 'SCAVIO_API_KEY is not set: export SCAVIO_API_KEY=<your key>, or try it without a key: npm run demo',
    );
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new UsageError('SCAVIO_API_KEY has spaces or special characters; copy the key again');
  }
  const baseUrl = env.SCAVIO_BASE_URL?.trim() || DEFAULT_BASE_URL;
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol)) {
    throw new UsageError(`SCAVIO_BASE_URL is not an http address; write ${DEFAULT_BASE_URL}`);
  }
  const { username, password } = new URL(baseUrl);
  if (username !== '' || password !== '') {
    throw new UsageError('SCAVIO_BASE_URL must not contain a user name or a password');
  }
  return { key, baseUrl };
}
