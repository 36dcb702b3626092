import * as v from 'valibot';
import { plainText } from '../core/text.ts';
import type { Clock } from '../system/clock.ts';
import {
  type HttpAnswer,
  HttpFault,
  type HttpRequest,
  parseJson,
  parseRetryAfter,
  RequestError,
  type SendHttp,
  serverNow,
} from '../system/http.ts';

const authored = {
  body: v.nullable(v.string()),
  user: v.nullable(v.object({ login: v.string() })),
};
const issueSchema = v.object({
  ...authored,
  number: v.pipe(v.number(), v.integer()),
  state: v.string(),
  pull_request: v.optional(v.unknown()),
});
const commentSchema = v.object({ ...authored, id: v.pipe(v.number(), v.integer()) });
const errorSchema = v.object({ message: v.string() });

export type Issue = v.InferOutput<typeof issueSchema>;
export type Comment = v.InferOutput<typeof commentSchema>;

/** The issues of one repository. Every function rejects with a RequestError that says what to do. */
export type GitHub = ReturnType<typeof createGitHub>;

type GitHubOptions = {
  apiUrl: string;
  /** `owner/name`. */
  repository: string;
  token: string;
  send: SendHttp;
  clock: Clock;
  timeoutMs: number;
};

const PAGE_SIZE = 100;
const MAX_PAGES = 10;
const FIRST_WAIT_MS = 1000;

/** GitHub's REST API for issues. One call is one request per page. The caller does the retries. */
export function createGitHub({ apiUrl, repository, token, send, clock, timeoutMs }: GitHubOptions) {
  const base = `${apiUrl.replace(/\/+$/, '')}/repos/${repository}/issues`;

  async function ask(method: HttpRequest['method'], url: string, body?: object) {
    const answer = await send(url, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        Accept: 'application/vnd.github+json',
        'X-GitHub-Api-Version': '2022-11-28',
        'User-Agent': 'tiktok-hashtag-tracker',
      },
      ...(body === undefined ? {} : { body }),
      timeoutMs,
    }).catch((error: unknown) => {
      if (!(error instanceof HttpFault)) throw error;
      const reason = plainText(error.message.replaceAll(token, '***'));
      throw new RequestError(`GitHub gave no answer: ${reason}`, FIRST_WAIT_MS);
    });
    if (answer.status >= 300) throw refusal(answer, token, clock.now());
    return { value: parseJson(answer.text), headers: answer.headers };
  }

  /** Searches page after page, until GitHub says that there is no next one. */
  async function findInPages<T>(
    url: string,
    schema: v.GenericSchema<unknown, T>,
    fits: (item: T) => boolean,
  ): Promise<T | null> {
    for (let page = 1; page <= MAX_PAGES; page++) {
      const { value, headers } = await ask('GET', `${url}&per_page=${PAGE_SIZE}&page=${page}`);
      const found = parseAnswer(v.array(schema), value).find(fits);
      if (found !== undefined) return found;
      if (!headers.get('link')?.includes('rel="next"')) break;
    }
    return null;
  }

  return {
    readIssue: async (number: number): Promise<Issue> =>
      parseAnswer(issueSchema, (await ask('GET', `${base}/${number}`)).value),
    /** The newest open issue that fits. Pull requests don't count. */
    findOpenIssue: (fits: (issue: Issue) => boolean) =>
      findInPages(
        `${base}?state=open&sort=created&direction=desc`,
        issueSchema,
        (issue) => issue.pull_request === undefined && fits(issue),
      ),
    createIssue: (title: string, body: string) => ask('POST', base, { title, body }),
    editIssue: (number: number, changes: { body: string } | { state: 'closed' }) =>
      ask('PATCH', `${base}/${number}`, changes),
    /** The first comment that fits, among those changed since the instant (ISO 8601). */
    findComment: (issue: number, since: string, fits: (comment: Comment) => boolean) =>
      findInPages(`${base}/${issue}/comments?since=${since}`, commentSchema, fits),
    createComment: (issue: number, body: string) =>
      ask('POST', `${base}/${issue}/comments`, { body }),
    editComment: (id: number, body: string) => ask('PATCH', `${base}/comments/${id}`, { body }),
  };
}

function parseAnswer<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  throw new RequestError('GitHub’s answer has an unexpected format', FIRST_WAIT_MS);
}

function refusal(answer: HttpAnswer, token: string, nowMs: number): RequestError {
  const { status } = answer;
  const error = v.safeParse(errorSchema, parseJson(answer.text));
  const message = error.success ? error.output.message : '';
  const detail = message === '' ? '' : `: ${plainText(message.replaceAll(token, '***'))}`;
  const said = `GitHub refused (HTTP ${status}${detail})`;
  const waitMs = limitWait(answer, message, nowMs);
  if (waitMs !== null) {
    return new RequestError(`${said}; it asks to wait ${Math.ceil(waitMs / 1000)} s`, waitMs);
  }
  if (status >= 500) return new RequestError(said, FIRST_WAIT_MS);
  return new RequestError(`${said}; ${adviceOn(status, message)}`, null);
}

/** Milliseconds to wait if a rate limit is the reason; null for any other reason. */
function limitWait({ status, headers }: HttpAnswer, message: string, nowMs: number) {
  if (status !== 403 && status !== 429) return null;
  const retryAfterMs = parseRetryAfter(headers, nowMs);
  if (retryAfterMs !== null) return retryAfterMs;
  const resetSeconds = Number(headers.get('x-ratelimit-reset') ?? Number.NaN);
  if (headers.get('x-ratelimit-remaining') === '0' && Number.isFinite(resetSeconds)) {
    return Math.max(0, resetSeconds * 1000 - serverNow(headers, nowMs)) + FIRST_WAIT_MS;
  }
  // If GitHub names no time, its advice is to wait for at least a minute.
  return status === 429 || /rate limit/i.test(message) ? 60_000 : null;
}

function adviceOn(status: number, message: string): string {
  if (status === 410 || /issues (has been|are) disabled/i.test(message)) {
    return 'turn on issues: Settings → General → Features → Issues';
  }
  if (/locked/i.test(message)) return 'unlock the issue, or set another number as "digestIssue"';
  if (status === 401 || status === 403) {
    return 'the job needs "permissions: issues: write" and GITHUB_TOKEN, as in .github/workflows/track.yml';
  }
  if (status === 404) {
    return 'there is no such issue, or the token may not see it: check "digestIssue" in data/hashtags.json';
  }
  if (status < 400) return 'the issue has moved: check "digestIssue" in data/hashtags.json';
  return 'please report this as a bug in the tracker';
}
