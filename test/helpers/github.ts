import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HttpAnswer, startHttpServer } from './http.ts';

export const BOT = 'github-actions[bot]';
export const TOKEN = 'canary-token-7d2e';
export const REPOSITORY = 'ada/tracker';

export type StoredComment = {
  id: number;
  body: string;
  user: { login: string };
  updated_at: string;
};
export type StoredIssue = {
  number: number;
  title: string;
  body: string | null;
  state: 'open' | 'closed';
  locked: boolean;
  user: { login: string } | null;
  labels: string[];
  comments: StoredComment[];
  pull_request?: object;
};

type Options = {
  /** Called before each answer with the request ("GET /issues/7"). Null: answer as GitHub would. */
  fault?: (request: string) => HttpAnswer | 'hang' | null;
  now?: () => number;
  /** The largest page. GitHub may give smaller pages than a request asks for. */
  pageSize?: number;
};

/** A running stand-in. Tests may change `issues`, as people do. */
export type StandInGitHub = {
  url: string;
  issues: StoredIssue[];
  /** Requests like "POST /issues/7/comments": below the repository, without the query. */
  requests: string[];
  addIssue: (issue?: Partial<StoredIssue>) => StoredIssue;
  addComment: (issue: StoredIssue, comment: Partial<StoredComment>) => StoredComment;
};

/** Starts a stand-in for the issues of GitHub's REST API, for one repository and one token. */
export async function startGitHub(options: Options = {}): Promise<StandInGitHub> {
  const { now = Date.now, pageSize = 100 } = options;
  const issues: StoredIssue[] = [];
  const requests: string[] = [];
  let lastId = 0;

  const url = await startHttpServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  return { url, issues, requests, addIssue, addComment };

  function addIssue(issue: Partial<StoredIssue> = {}): StoredIssue {
    const stored: StoredIssue = {
      number: issues.length + 1,
      title: 'An issue',
      body: null,
      state: 'open',
      locked: false,
      user: { login: 'ada' },
      labels: [],
      comments: [],
      ...issue,
    };
    issues.push(stored);
    return stored;
  }

  function addComment(issue: StoredIssue, comment: Partial<StoredComment>): StoredComment {
    const stored = {
      id: ++lastId,
      body: '',
      user: { login: BOT },
      updated_at: new Date(now()).toISOString(),
      ...comment,
    };
    issue.comments.push(stored);
    return stored;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const place = pathname.replace(`/repos/${REPOSITORY}`, '');
    requests.push(`${request.method} ${place}`);
    const fault = options.fault?.(`${request.method} ${place}`) ?? null;
    if (fault === 'hang') return;
    const answer =
      fault ?? judge(request) ?? route(`${request.method} ${place}`, text, searchParams);
    const { status = 200, headers = {}, body = {} } = answer;
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  function judge({ headers }: IncomingMessage): HttpAnswer | null {
    const isVersioned = headers['x-github-api-version'] === '2022-11-28';
    if (!isVersioned || headers.accept !== 'application/vnd.github+json') return { status: 415 };
    if (headers.authorization === `Bearer ${TOKEN}`) return null;
    return { status: 401, body: { message: 'Bad credentials' } };
  }

  function route(request: string, text: string, query: URLSearchParams): HttpAnswer {
    const [, method = '', rest = ''] = /^(\w+) \/issues(.*)$/.exec(request) ?? [];
    const given = text === '' ? {} : JSON.parse(text);
    const byNumber = /^\/(\d+)(\/comments)?$/.exec(rest);
    const byComment = /^\/comments\/(\d+)$/.exec(rest);
    if (rest === '' && method === 'GET') {
      return page(issues.filter(({ state }) => state === query.get('state')).toReversed(), query);
    }
    if (rest === '' && method === 'POST') {
      return { status: 201, body: addIssue({ ...given, user: { login: BOT } }) };
    }
    if (byComment !== null && method === 'PATCH') {
      const all = issues.flatMap(({ comments }) => comments);
      const comment = all.find(({ id }) => id === Number(byComment[1]));
      return change(comment, { ...given, updated_at: new Date(now()).toISOString() });
    }
    const issue = issues.find(({ number }) => number === Number(byNumber?.[1]));
    if (issue === undefined) return { status: 404, body: { message: 'Not Found' } };
    const isComments = byNumber?.[2] !== undefined;
    if (!isComments && method === 'GET') return { body: issue };
    if (!isComments && method === 'PATCH') return change(issue, given);
    if (isComments && method === 'GET') {
      const since = query.get('since') ?? '';
      return page(
        issue.comments.filter(({ updated_at }) => updated_at >= since),
        query,
      );
    }
    if (!isComments || method !== 'POST') return { status: 404, body: { message: 'Not Found' } };
    if (issue.locked) {
      const message = 'Unable to create comment because issue is locked.';
      return { status: 403, body: { message } };
    }
    return { status: 201, body: addComment(issue, given) };
  }

  function change(stored: object | undefined, changes: object): HttpAnswer {
    if (stored === undefined) return { status: 404, body: { message: 'Not Found' } };
    return { body: Object.assign(stored, changes) };
  }

  function page(items: object[], query: URLSearchParams): HttpAnswer {
    const size = Math.min(pageSize, Number(query.get('per_page')));
    const number = Number(query.get('page'));
    const hasNext = items.length > number * size;
    const link = `<${url}/repositories/1/issues?page=${number + 1}>; rel="next"`;
    return {
      headers: hasNext ? { Link: link } : {},
      body: items.slice((number - 1) * size, number * size),
    };
  }
}
