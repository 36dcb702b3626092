import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { track } from '../lib/commands/track.ts';
import { addDays, type Day, dayOf, daysBetween } from '../lib/core/day.ts';
import { SCHEMA_PATH, WATCHLIST_PATH } from '../lib/core/paths.ts';
import { type Context, defineCommand } from '../lib/system/command.ts';
import { git } from '../lib/system/git.ts';
import { createTerminalLog } from '../lib/system/log.ts';
import { runReporting } from '../lib/system/run-command.ts';
import {
  DEMO_KEY,
  type Fault,
  hashtagAnswer,
  startStandIn,
  UNKNOWN_HASHTAG_ANSWER,
  videosAnswer,
} from './stand-in.ts';
import { createVirtualClock } from './virtual-clock.ts';

const DAYS = 30;
const WATCHLIST = {
  $schema: './hashtags.schema.json',
  settings: { trendingGrowthPercent: 5, topVideos: 3 },
  hashtags: [
    ...['aitools', 'llm', 'chatgpt', 'claude', 'openai'].map((name) => ({ name, group: 'Models' })),
    ...['cursor', 'vibe coding'].map((name) => ({ name, group: 'Coding' })),
    { name: 'nosuchhashtagyet', group: 'Coding', note: 'shows what an unknown hashtag looks like' },
  ],
};

/** Videos on the first day, usual growth per day, and views per video. */
const HASHTAGS: Record<string, [videos: number, growth: number, viewsPerVideo: number]> = {
  aitools: [918_044, 0.003, 4210], // reaches a million on the last day
  llm: [402_118, 0.012, 2890],
  chatgpt: [3_866_230, 0.001, 6120],
  claude: [228_915, 0.009, 3350],
  openai: [2_700_442, 0.002, 5007],
  cursor: [118_377, 0.008, 2044],
  vibecoding: [61_204, 0.006, 1777],
};

/** What comes on top of the usual growth: from which day on, and how much on that day and the next. */
const CAMPAIGNS: Record<string, [fromDay: number, growth: number[]]> = {
  cursor: [DAYS - 2, [0.04, 0.14]], // a breakout
  vibecoding: [DAYS - 4, [0.02, 0.03, 0.03, 0.03]], // surges
  claude: [DAYS - 8, [0.03, 0.04, 0, 0, 0, 0, -0.004, -0.004]], // is cooling on the last day
  openai: [DAYS - 1, [-0.018]], // falls
};

const MISSED_DAY = 12; // no run at all
const OUTAGE_DAY = 19; // one hashtag fails, and a rerun captures it
const FAILURE_DAY = DAYS - 2; // one hashtag fails for good

/** The counts of a hashtag on a day: steady growth, some noise, and its campaign. */
function demoAnswer(name: string, dayNumber: number): object {
  const known = HASHTAGS[name];
  if (known === undefined) return UNKNOWN_HASHTAG_ANSWER;
  const [start, growth, viewsPerVideo] = known;
  const noise = 1 + 0.001 * Math.sin(dayNumber * 2.3 + start);
  const [fromDay, daily] = CAMPAIGNS[name] ?? [DAYS, []];
  const campaign = daily
    .slice(0, Math.max(0, dayNumber - fromDay + 1))
    .reduce((factor, extra) => factor * (1 + extra), 1);
  const videos = Math.round(start * (1 + growth) ** dayNumber * noise * campaign);
  const views = videos * viewsPerVideo;
  // #claude is rounded as TikTok does it. #llm has no number of videos on some days.
  const id = demoId(name);
  if (name === 'claude') return hashtagAnswer(name, Math.round(videos / 100) * 100, views, id);
  return hashtagAnswer(name, name === 'llm' && dayNumber % 9 === 4 ? null : videos, views, id);
}

/** TikTok's number of a hashtag, as the demo makes it up. */
function demoId(name: string): string {
  return `71234567890123456${Object.keys(HASHTAGS).indexOf(name) + 10}`;
}

/** Author, plays, age in days, and further hashtags of what people post under a hashtag that surges. */
const VIDEOS: [author: string, plays: number, age: number, hashtags: string[]][] = [
  ['pair.programmer', 2_481_300, 1, ['coding', 'agents', 'aitools']],
  ['maria_builds', 968_412, 2, ['agents', 'coding', 'webdev']],
  ['nightly.commits', 310_077, 5, ['coding', 'agents']],
  ['the_first_one', 9_114_508, 60, ['coding', 'webdev']],
  ['quietrefactor', 12_904, 3, ['webdev', 'agents', 'claude']],
];

function demoVideos(id: string, today: Day): object {
  const name = Object.keys(HASHTAGS).find((known) => demoId(known) === id) ?? '';
  const videos = VIDEOS.map(([author, plays, age, hashtags], i) => ({
    id: `${id.slice(0, -1)}${i}`,
    author,
    plays,
    createdMs: Date.parse(`${addDays(today, -age)}T18:05:00Z`),
    hashtags: [name, ...hashtags],
  }));
  return videosAnswer(videos);
}

export const demo = defineCommand({
  name: 'demo',
  summary: `Runs the tracker for ${DAYS} days against a stand-in for the API. Writes to demo/.`,
  flags: {},
  async run(_flags, context) {
    const { log, clock } = context;
    const remote = path.join(context.root, 'demo', 'remote.git');
    const root = path.join(context.root, 'demo', 'tracker');
    const startedMs = clock.now();
    const lastDay = dayOf(startedMs, 'UTC');
    await createRepositories(context.root, root, remote);
    log.info('8 hashtags. One does not exist on TikTok, to show what that looks like.');
    const requests = await liveThroughDays(root, addDays(lastDay, 1 - DAYS), context);
    const seconds = ((clock.now() - startedMs) / 1000).toFixed(0);
    log.info(`
${DAYS} days in ${seconds} s, ${requests} HTTP requests. Every day was pushed to a git remote. Look at:
  demo/tracker/reports/${lastDay}.md   today's report, as GitHub will show it
  demo/tracker/reports/README.md       the index of all reports
  git -C demo/tracker log --stat       the audit trail
Every command works on the demo's data, for example the audit and the dashboard:
  cd demo/tracker && node --import=tsx/esm ../../scripts/audit.ts
  cd demo/tracker && node --import=tsx/esm ../../scripts/dashboard.ts`);
    return 0;
  },
});

/** Resolves with the number of requests. */
async function liveThroughDays(root: string, firstDay: Day, context: Context): Promise<number> {
  const { log, catchInterruption } = context;
  let today = firstDay;
  let isRerun = false;
  const fault = (name: string, nth: number): Fault | null => {
    const number = daysBetween(firstDay, today);
    const isDown = name === 'openai' && number === OUTAGE_DAY && !isRerun;
    if (isDown || (name === 'llm' && number === FAILURE_DAY)) {
      const body = { error: 'upstream unavailable' };
      return { status: 503, body, headers: { 'Retry-After': '0' } };
    }
    // Now and then the API answers "too fast". No hashtag is lost because of it.
    const isTooFast = name === 'chatgpt' && nth % 10 === 5;
    return isTooFast ? { status: 429, headers: { 'Retry-After': '0' } } : null;
  };
  const api = await startStandIn({
    answer: (name) => demoAnswer(name, daysBetween(firstDay, today)),
    fault,
    videos: (id) => demoVideos(id, today),
  });
  const signal = catchInterruption();
  const runDay = (output: Context['log']['info']) =>
    runReporting(track, ['--publish'], {
      ...context,
      root,
      env: { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url },
      clock: createVirtualClock(Date.parse(`${today}T06:17:00Z`)), // skips the waiting for made-up limits
      log: createTerminalLog(output),
      terminal: null,
      catchInterruption: () => signal,
    });
  const lastSubject = () => git(root, ['log', '-1', '--format=%s']);
  try {
    for (let number = 0; number < DAYS && !signal.aborted; number++) {
      today = addDays(firstDay, number);
      isRerun = false;
      if (number === MISSED_DAY) {
        log.info(`${today}  no run on this day: the reports show the gap`);
        continue;
      }
      const exitCode = await runDay(number === DAYS - 1 ? log.info : () => {});
      log.info(`${await lastSubject()}${exitCode === 0 ? '' : `  (exit code ${exitCode})`}`);
      if (number !== OUTAGE_DAY) continue;
      isRerun = true;
      await runDay(() => {});
      log.info(`${await lastSubject()}  (a rerun asked for the missing hashtag)`);
    }
  } finally {
    await api.close();
  }
  return api.requests.length + api.videoRequests.length;
}

/** Creates a bare remote, and a clone of it with the demo's watchlist committed. */
async function createRepositories(source: string, root: string, remote: string): Promise<void> {
  await rm(path.dirname(root), { recursive: true, force: true });
  await mkdir(path.join(root, 'data'), { recursive: true });
  await git(source, ['init', '--quiet', '--bare', '--initial-branch=main', remote]);
  await git(root, ['init', '--quiet', '--initial-branch=main']);
  await git(root, ['config', 'user.name', 'github-actions[bot]']);
  await git(root, ['config', 'user.email', 'github-actions[bot]@users.noreply.github.com']);
  await git(root, ['remote', 'add', 'origin', remote]);
  await writeFile(path.join(root, WATCHLIST_PATH), `${JSON.stringify(WATCHLIST, null, 2)}\n`);
  await copyFile(path.join(source, SCHEMA_PATH), path.join(root, SCHEMA_PATH));
  await git(root, ['add', '.']);
  await git(root, ['commit', '--quiet', '-m', 'Add the watchlist']);
  await git(root, ['push', '--quiet', '--set-upstream', 'origin', 'main']);
}
