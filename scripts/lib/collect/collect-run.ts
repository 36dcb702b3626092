import { AsyncLocalStorage } from 'node:async_hooks';
import type { Day } from '../core/day.ts';
import type { Failure, Run } from '../core/snapshot.ts';
import { errorMessage } from '../core/text.ts';
import type { Context } from '../system/command.ts';
import { createHttp, type SendHttp } from '../system/http.ts';
import { runUrl, warnOfPlainHttp } from '../system/links.ts';
import { activeNames, type Watchlist } from '../watchlist/watchlist.ts';
import { type ApiAccess, readApiAccess } from './access.ts';
import type { Result } from './answer.ts';
import { type Credits, collect } from './collect.ts';
import { createPacer, type Pacer } from './pace.ts';
import { createProgressView } from './progress.ts';
import { createScavioClient } from './scavio.ts';

/** The context of a run, with its day and its watchlist. */
export type RunContext = Context & {
  day: Day;
  watchlist: Watchlist;
  /** No request starts after this instant (Unix milliseconds); null if there is no limit. */
  deadlineMs: number | null;
};

/** What all requests of a run share. */
export type Connection = ApiAccess & {
  send: SendHttp;
  pacer: Pacer;
  /** Aborts if the run is interrupted. */
  signal: AbortSignal;
};

/**
 * What a run needs to ask the API. Sends nothing.
 * @throws UsageError if the environment has no usable key or address
 */
export function connect({ env, clock, log, watchlist, ...context }: RunContext): Connection {
  const access = readApiAccess(env);
  const warning = warnOfPlainHttp('SCAVIO_BASE_URL', access.baseUrl, 'the key');
  if (warning !== null) log.warning(warning);
  return {
    ...access,
    send: createHttp(context.fetch),
    pacer: createPacer(clock, watchlist.settings.requestsPerMinute ?? null),
    signal: context.catchInterruption(),
  };
}

/**
 * Stores the run as if it ended now, in place of what was stored of it before. After the end of a
 * part, the next results are another run's.
 */
export type SaveRun = (run: Run, isPartOver: boolean) => Promise<void>;

/** What has come since the run began, or since its last part ended. */
type Part = { startedAtMs: number; results: Map<string, Result>; creditsBefore: number };

/** Whoever kills the process costs at most the answers of this time. */
const SAVE_EVERY_MS = 60_000;
/** A machine may die with its disk, so a long run is stored and published in parts. */
const PART_MS = 30 * 60_000;

/**
 * Asks the API for the hashtags and shows the progress. A run of more than a minute is saved while
 * it goes on.
 * @param save null if nothing is to be stored
 * @returns the run, or the last part of it
 */
export async function collectRun(
  hashtags: string[],
  connection: Connection,
  context: RunContext,
  save: SaveRun | null,
): Promise<Run> {
  const { day, watchlist, env, clock, log, terminal } = context;
  const { concurrency } = watchlist.settings;
  const { pacer } = connection;
  const view = createProgressView(hashtags.length, terminal, log.info);
  const saveFailed = new AbortController();
  const asked = new Set<string>();
  const tiktokIds = new Map<string, string>();
  let part: Part = { startedAtMs: clock.now(), results: new Map(), creditsBefore: 0 };
  let credits: Credits = { creditsUsed: null, creditsRemaining: null };
  let savedAtMs = clock.now();
  let savedCount = 0;
  let saving: Promise<void> | null = null;
  let hasEnded = false;

  /** Saves what is new, unless that can wait until `nextMs`, when there may be more. */
  const saveIfDue = (nextMs: number) => {
    const isNothingNew = part.results.size === savedCount;
    if (save === null || saving !== null || isNothingNew || hasEnded) return;
    if (nextMs - savedAtMs < SAVE_EVERY_MS) return;
    const isPartOver = clock.now() - part.startedAtMs >= PART_MS;
    const results = new Map(part.results);
    if (!isPartOver) {
      const reason = 'the run did not come to its end';
      const left = hashtags.filter((hashtag) => !asked.has(hashtag));
      for (const hashtag of left) results.set(hashtag, { kind: 'not-asked', reason });
    }
    const run = toRun(results, null);
    savedAtMs = clock.now();
    savedCount = part.results.size;
    if (isPartOver) {
      part = {
        startedAtMs: savedAtMs,
        results: new Map(),
        creditsBefore: credits.creditsUsed ?? 0,
      };
      savedCount = 0;
    }
    saving = save(run, isPartOver)
      .catch((error: unknown) => {
        saveFailed.abort(`what was captured could not be saved: ${errorMessage(error)}`);
      })
      .finally(() => {
        saving = null;
        saveIfDue(clock.now());
      });
  };
  const toRun = (results: Map<string, Result>, stopReason: string | null): Run => ({
    day,
    startedAt: new Date(part.startedAtMs).toISOString(),
    finishedAt: new Date(clock.now()).toISOString(),
    trigger: env.GITHUB_EVENT_NAME ?? 'local',
    url: runUrl(env),
    tracked: activeNames(watchlist).length,
    creditsUsed: credits.creditsUsed === null ? null : credits.creditsUsed - part.creditsBefore,
    creditsRemaining: credits.creditsRemaining,
    stopReason,
    ...splitResults(results),
    tiktokIds: new Map([...tiktokIds].filter(([name]) => results.has(name))),
  });

  // First of all, because whoever interrupts a run may not wait for its last answers.
  // A listener has the context of the signal's sender. In the run's own, the lock is checked.
  const saveAtOnce = AsyncLocalStorage.bind(() => saveIfDue(Number.POSITIVE_INFINITY));
  connection.signal.addEventListener('abort', saveAtOnce, { once: true });
  const collection = await collect(hashtags, {
    ask: createScavioClient({ ...connection, now: clock.now }, (hashtag, tiktokId) =>
      tiktokIds.set(hashtag, tiktokId),
    ),
    clock,
    random: context.random,
    concurrency,
    pacer,
    signal: AbortSignal.any([connection.signal, saveFailed.signal]),
    deadlineMs: context.deadlineMs,
    onProgress(progress) {
      view.show(progress);
      asked.add(progress.hashtag);
      hasEnded = progress.done === progress.total;
      part.results.set(progress.hashtag, progress.result);
      credits = progress.credits;
      saveIfDue(clock.now());
    },
    onWait(waitMs, reason) {
      view.showWait(waitMs, reason);
      saveIfDue(clock.now() + waitMs);
    },
  });
  view.end();
  hasEnded = true;
  await saving;
  credits = collection;
  const isLast = (name: string) => part.results.has(name) || !asked.has(name);
  const results = [...collection.results].filter(([name]) => isLast(name));
  return toRun(new Map(results), collection.stopReason);
}

function splitResults(results: Map<string, Result>): Pick<Run, 'snapshots' | 'failures'> {
  const snapshots: Run['snapshots'] = [];
  const failures: Failure[] = [];
  for (const [hashtag, { kind, ...rest }] of results) {
    if ('reason' in rest) failures.push({ hashtag, kind: kind as Failure['kind'], ...rest });
    else snapshots.push({ hashtag, ...rest });
  }
  return { snapshots, failures };
}
