import type { Database } from 'sql.js';
import { errorMessage } from '../../lib/core/text.ts';
import {
  GROUPS_PATH,
  type GroupHistories,
  historyPath,
  RECENT_DATABASE_PATH,
  SITE_PATH,
  type SiteInfo,
  WHOLE_DATABASE_PATH,
} from '../../lib/dashboard/site.ts';
import { DataProblem, damaged, fetchFile } from './files.ts';
import type { Answers, Question, Request } from './messages.ts';
import { openDatabase } from './open.ts';
import { readHashtag, readOverview } from './read.ts';

// Reads the data beside the page, so that the page stays responsive.

const site = fetchFile(SITE_PATH, '').then((bytes) => parseJson<SiteInfo>(bytes, SITE_PATH));
const main = site.then(({ isDivided, version }) =>
  openDatabase(isDivided ? RECENT_DATABASE_PATH : WHOLE_DATABASE_PATH, version),
);
let groups: Promise<GroupHistories> | undefined;
for (const promise of [site, main]) promise.catch(() => {}); // those who ask are told

self.addEventListener('message', async ({ data }: MessageEvent<Request>) => {
  const { id, question } = data;
  try {
    self.postMessage({ id, answer: await answer(question) });
  } catch (error) {
    const isExpected = error instanceof DataProblem;
    const problem = isExpected
      ? error.message
      : `The data can't be read: ${errorMessage(error)}. It may be damaged: build and publish the site again.`;
    self.postMessage({ id, problem });
  }
});

async function answer(question: Question): Promise<Answers[Question['kind']]> {
  const info = await site;
  switch (question.kind) {
    case 'overview':
      return { info, overview: readOverview(await main, info) };
    case 'history':
      return readHashtag(await openHistory(info, question.hashtag), question.hashtag, info);
    case 'group':
      groups ??= fetchFile(GROUPS_PATH, info.version).then((bytes) =>
        parseJson<GroupHistories>(bytes, GROUPS_PATH),
      );
      return (await groups)[question.group] ?? [];
  }
}

/** The database that has all of a hashtag. */
function openHistory(
  { isDivided, version, hashtags }: SiteInfo,
  hashtag: string,
): Promise<Database> {
  const number = hashtags.findIndex(({ name }) => name === hashtag);
  return isDivided && number >= 0 ? openDatabase(historyPath(number), version) : main;
}

function parseJson<T>(bytes: Uint8Array, path: string): T {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw damaged(path, cause);
  }
}
