import type { Day } from '../core/day.ts';
import type { Failure, Run } from '../core/snapshot.ts';
import type { Context } from '../system/command.ts';
import type { SendHttp } from '../system/http.ts';
import { runUrl, warnOfPlainHttp } from '../system/links.ts';
import { activeNames, type Watchlist } from '../watchlist/watchlist.ts';
import { readApiAccess } from './access.ts';
import { collect } from './collect.ts';
import { createProgressView } from './progress.ts';
import { createScavioClient } from './scavio.ts';

/** The context of a run, with its day and its watchlist. */
export type RunContext = Context & {
  day: Day;
  watchlist: Watchlist;
  /** No request starts after this instant (Unix milliseconds); null if there is no limit. */
  deadlineMs: number | null;
};

/**
 * Asks the API for the hashtags and shows the progress.
 * @throws UsageError if the environment has no usable key or address
 */
export async function collectRun(
  hashtags: string[],
  send: SendHttp,
  context: RunContext,
): Promise<Run> {
  const { day, watchlist, env, clock, log, terminal } = context;
  const { concurrency, requestsPerMinute = null } = watchlist.settings;
  const access = readApiAccess(env);
  const warning = warnOfPlainHttp('SCAVIO_BASE_URL', access.baseUrl, 'the key');
  if (warning !== null) log.warning(warning);
  const startedAt = new Date(clock.now()).toISOString();
  const view = createProgressView(hashtags.length, terminal, log.info);
  const { results, ...outcome } = await collect(hashtags, {
    ask: createScavioClient({ ...access, send, now: clock.now }),
    clock,
    random: context.random,
    concurrency,
    requestsPerMinute,
    signal: context.catchInterruption(),
    deadlineMs: context.deadlineMs,
    onProgress: view.show,
    onWait: view.showWait,
  });
  view.end();
  const snapshots: Run['snapshots'] = [];
  const failures: Failure[] = [];
  for (const [hashtag, { kind, ...rest }] of results) {
    if ('reason' in rest) failures.push({ hashtag, kind: kind as Failure['kind'], ...rest });
    else snapshots.push({ hashtag, ...rest });
  }
  return {
    day,
    startedAt,
    finishedAt: new Date(clock.now()).toISOString(),
    trigger: env.GITHUB_EVENT_NAME ?? 'local',
    url: runUrl(env),
    tracked: activeNames(watchlist).length,
    ...outcome,
    snapshots,
    failures,
  };
}
