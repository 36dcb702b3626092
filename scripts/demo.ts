import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command, type Context, parseFlags, runCommand, runReporting } from './lib/command.ts';
import { track } from './lib/daily-run.ts';
import { addDays, type Day, dayOf, daysBetween } from './lib/day.ts';
import { git } from './lib/git.ts';
import { createTerminalLog } from './lib/log.ts';
import { createVirtualClock } from './lib/simulation/clock.ts';
import {
  DEMO_KEY,
  type Fault,
  hashtagAnswer,
  startStandIn,
  UNKNOWN_HASHTAG_ANSWER,
} from './lib/stand-in.ts';
import { SCHEMA_PATH, WATCHLIST_PATH } from './lib/watchlist.ts';

const DAYS = 30;
const WATCHLIST = {
  $schema: './hashtags.schema.json',
  settings: { trendingGrowthPercent: 5 },
  hashtags: [
    ...['aitools', 'llm', 'chatgpt', 'claude', 'openai'].map((name) => ({ name, group: 'Models' })),
    ...['cursor', 'vibe coding'].map((name) => ({ name, group: 'Coding' })),
    { name: 'nosuchhashtagyet', group: 'Coding', note: 'shows what an unknown hashtag looks like' },
  ],
};

/** Videos on the first day, the usual growth a day, and views per video. */
const HASHTAGS: Record<string, [videos: number, growth: number, viewsPerVideo: number]> = {
  aitools: [1_121_904, 0.003, 4210],
  llm: [402_118, 0.012, 2890],
  chatgpt: [3_866_230, 0.001, 6120],
  claude: [228_915, 0.009, 3350],
  openai: [2_700_442, 0.002, 5007],
  cursor: [118_377, 0.008, 2044],
  vibecoding: [61_204, 0.021, 1777],
};

const MISSED_DAY = 12; // no run at all
const OUTAGE_DAY = 19; // one hashtag fails, a rerun gets it
const FAILURE_DAY = DAYS - 2; // one hashtag fails for good

/** The counts of a hashtag on a day of the demo: steady growth, some noise, a last day that stands out. */
function demoAnswer(name: string, dayNumber: number): object {
  const known = HASHTAGS[name];
  if (known === undefined) return UNKNOWN_HASHTAG_ANSWER;
  const [start, growth, viewsPerVideo] = known;
  const noise = 1 + 0.001 * Math.sin(dayNumber * 2.3 + start);
  const breakout = name === 'cursor' && dayNumber === DAYS - 1 ? 1.152 : 1;
  const dip = name === 'openai' && dayNumber === DAYS - 1 ? 0.996 : 1;
  const videos = Math.round(start * (1 + growth) ** dayNumber * noise * breakout * dip);
  const views = videos * viewsPerVideo;
  // #claude is given as TikTok rounds it, #llm without its number of videos on some days.
  if (name === 'claude') return hashtagAnswer(name, Math.round(videos / 100) * 100, views);
  return hashtagAnswer(name, name === 'llm' && dayNumber % 9 === 4 ? null : videos, views);
}

const demo: Command = async (args, context) => {
  const summary = `Runs the tracker for ${DAYS} days against a stand-in for the API, into demo/.`;
  if (parseFlags('demo', summary, {}, args, context.log) === null) return 0;
  const { log } = context;
  const remote = path.join(context.root, 'demo', 'remote.git');
  const root = path.join(context.root, 'demo', 'tracker');
  const startedMs = context.clock.now();
  const lastDay = dayOf(startedMs, 'UTC');
  const firstDay = addDays(lastDay, 1 - DAYS);
  await createRepositories(context.root, root, remote);
  log.info('8 hashtags, one of which does not exist, to show what that looks like');

  let today = firstDay;
  let isRerun = false;
  const fault = (name: string, nth: number): Fault | null => {
    const number = daysBetween(firstDay, today);
    const isDown = name === 'openai' && number === OUTAGE_DAY && !isRerun;
    if (isDown || (name === 'llm' && number === FAILURE_DAY)) {
      return {
        status: 503,
        body: { error: 'upstream unavailable' },
        headers: { 'Retry-After': '0' },
      };
    }
    // Now and then the API says "too fast"; nothing is lost to it.
    const isTooFast = name === 'chatgpt' && nth % 10 === 5;
    return isTooFast ? { status: 429, headers: { 'Retry-After': '0' } } : null;
  };
  const api = await startStandIn({
    answer: (name) => demoAnswer(name, daysBetween(firstDay, today)),
    fault,
  });
  const runDay = (day: Day, output: Context['log']['info']) => {
    return runReporting(track, ['--publish'], {
      root,
      env: { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url },
      clock: createVirtualClock(Date.parse(`${day}T06:17:00Z`)), // nobody waits for made-up limits
      random: context.random,
      fetch: context.fetch,
      log: createTerminalLog(output),
      terminal: null,
      signal: new AbortController().signal,
    });
  };

  try {
    for (let number = 0; number < DAYS; number++) {
      today = addDays(firstDay, number);
      isRerun = false;
      if (number === MISSED_DAY) {
        log.info(`${today}  no run on this day: the reports show the gap`);
        continue;
      }
      const isLast = number === DAYS - 1;
      const exitCode = await runDay(today, isLast ? log.info : () => {});
      const subject = await git(root, ['log', '-1', '--format=%s']);
      log.info(`${subject}${exitCode === 0 ? '' : `  (exit code ${exitCode})`}`);
      if (number !== OUTAGE_DAY) continue;
      isRerun = true;
      await runDay(today, () => {});
      log.info(
        `${await git(root, ['log', '-1', '--format=%s'])}  (a rerun asked for the missing one)`,
      );
    }
  } finally {
    await api.close();
  }

  const seconds = ((context.clock.now() - startedMs) / 1000).toFixed(0);
  log.info(`
${DAYS} days in ${seconds} s, ${api.requests.length} requests over HTTP, every day pushed to a git remote. Look at:
  demo/tracker/reports/${lastDay}.md   today's report, as GitHub will show it
  demo/tracker/reports/README.md       the index of all reports
  git -C demo/tracker log --stat       the audit trail
Any command works on it, such as the audit:
  cd demo/tracker && node --import=tsx ../../scripts/audit.ts`);
  return 0;
};

/** A bare remote, and a clone of it with the demo's watchlist committed. */
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

await runCommand(demo);
