import { plural } from '../core/format.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import type { DayRecord, Run, TopVideos } from '../core/snapshot.ts';
import { errorMessage } from '../core/text.ts';
import { hashtagsToAsk, judgeRecord } from '../trends/day-state.ts';
import { findMoves } from '../trends/moves.ts';
import { chooseCompanions, chooseTopVideos } from '../trends/top-videos.ts';
import { computeTrends } from '../trends/trends.ts';
import { daysOfCredits, LOW_CREDIT_DAYS } from '../watchlist/credits.ts';
import { activeNames, thresholds, type Watchlist } from '../watchlist/watchlist.ts';
import type { Result } from './answer.ts';
import { collect, OUT_OF_TIME } from './collect.ts';
import type { Connection, RunContext } from './collect-run.ts';
import { createVideosClient } from './scavio.ts';
import type { FoundVideos } from './videos-answer.ts';

/** Videos are not worth a longer wait, because the day's counts are published after them. */
const MAX_MS = 10 * 60_000;

/**
 * The hashtags whose videos a run asks for, the strongest first: those that surge or break out, at
 * most `topVideos` on a day, and none a second time. There are none before the day has all hashtags
 * that a run can get, or unless at least a week of credits is known to remain.
 * @param record the day, with the run
 * @param tiktokIds TikTok's own numbers of hashtags, without which there is nothing to ask by
 */
function chooseForVideos(
  record: DayRecord | null,
  run: Run,
  tiktokIds: Map<string, string>,
  watchlist: Watchlist,
): string[] {
  const state = judgeRecord(record);
  const active = new Set(activeNames(watchlist));
  const isDone = run.stopReason === null && hashtagsToAsk(state, [...active]).length === 0;
  if (record === null || !isDone || run.creditsRemaining === null) return [];
  const { history, day } = record;
  const trends = computeTrends(history, day, thresholds(watchlist));
  const asked = new Set(record.topVideos.map(({ hashtag }) => hashtag));
  const surging = findMoves({ ...record, trends, state })
    .filter(({ kind }) => kind === 'breakout' || kind === 'surging')
    .map(({ hashtag }) => hashtag)
    .filter((name) => active.has(name) && tiktokIds.has(name) && !asked.has(name));
  const left = Math.max(0, watchlist.settings.topVideos - asked.size);
  const { creditsRemaining } = run;
  const isAffordable = (_: string, index: number) =>
    daysOfCredits(creditsRemaining - index - 1, watchlist) >= LOW_CREDIT_DAYS;
  return surging.slice(0, left).filter(isAffordable);
}

/**
 * Asks for the videos of what surges, after a run has asked for everything else. It keeps to the
 * run's limits, and never fails: what it can't get is a line in the log and a note in the report.
 * @param record the day, with the run
 * @returns the run with what was found; the same run if nothing was asked
 */
export async function addTopVideos(
  run: Run,
  record: DayRecord | null,
  tiktokIds: Map<string, string>,
  connection: Connection,
  context: RunContext,
): Promise<Run> {
  const { watchlist, clock, log, random } = context;
  const names = chooseForVideos(record, run, tiktokIds, watchlist);
  if (names.length === 0) return run;
  log.info(`Asking for the videos of ${plural(names.length, 'hashtag')}`);
  const ask = createVideosClient(
    { ...connection, now: clock.now },
    (name) => tiktokIds.get(name) ?? '',
  );
  const asked = new Set<string>();
  const deadlineMs = Math.min(context.deadlineMs ?? Number.POSITIVE_INFINITY, clock.now() + MAX_MS);
  try {
    const found = await collect<FoundVideos>(names, {
      ask(name, signal) {
        asked.add(name);
        return ask(name, signal);
      },
      clock,
      random,
      concurrency: watchlist.settings.concurrency,
      pacer: connection.pacer,
      signal: connection.signal,
      deadlineMs,
      onProgress: () => {},
      onWait: () => {},
    });
    const reword = (reason: string) => (reason === OUT_OF_TIME ? 'no time was left' : reason);
    const topVideos = [...found.results]
      .filter(([name]) => asked.has(name))
      .map(([name, result]) => toTopVideos(name, result, run, watchlist))
      .map((entry) => ({ ...entry, problem: entry.problem && reword(entry.problem) }));
    for (const { hashtag, problem } of topVideos) {
      if (problem !== null) log.info(`No videos of ${showHashtag(hashtag)}: ${problem}`);
    }
    if (asked.size < names.length) {
      log.info(`Videos are left out: ${reword(found.stopReason ?? '')}`);
    }
    if (asked.size === 0) return run;
    return {
      ...run,
      finishedAt: new Date(clock.now()).toISOString(),
      creditsUsed: addKnown(run.creditsUsed, found.creditsUsed),
      creditsRemaining: found.creditsRemaining ?? run.creditsRemaining,
      topVideos,
    };
  } catch (error) {
    log.info(`Videos are left out: ${errorMessage(error)}`);
    return run;
  }
}

function toTopVideos(
  hashtag: string,
  result: Result<FoundVideos>,
  { day }: Run,
  { settings, entries }: Watchlist,
): TopVideos {
  if (result.kind !== 'captured') {
    return { hashtag, videos: [], companions: [], problem: result.reason };
  }
  const listed = entries.map(({ name }) => name);
  return {
    hashtag,
    videos: chooseTopVideos(result.videos, day, settings.timeZone),
    companions: chooseCompanions(result.companions, listed),
    problem: null,
  };
}

function addKnown(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : a + b;
}
