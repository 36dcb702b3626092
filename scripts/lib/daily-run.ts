import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from 'sql.js';
import { readApiAccess } from './api-access.ts';
import { type Collection, collect } from './collect.ts';
import {
  type Command,
  type Context,
  type ExitCode,
  parseFlags,
  parseHashtagFlag,
  UsageError,
} from './command.ts';
import { DATABASE_PATH, openDatabase, saveDatabase } from './database.ts';
import { addDays, type Day, dayOf, isDay } from './day.ts';
import { formatList, plural } from './format.ts';
import { fileUrl, runUrl } from './links.ts';
import { withLock } from './lock.ts';
import { findNews, renderNews } from './news.ts';
import { createProgressView } from './progress.ts';
import { findPublishTarget, type PublishTarget, publish } from './publish.ts';
import { openCommitted, refuseOlderDatabase } from './recover.ts';
import type { DayReport } from './report.ts';
import { composeReport, renderConsoleReport, renderHeadline, renderReport } from './report.ts';
import { createScavioClient } from './scavio.ts';
import {
  adoptAdditions,
  capturedHashtags,
  type DayRecord,
  type Failure,
  newestDay,
  type Run,
  readDay,
  readFailures,
  recordRun,
} from './store.ts';
import { rankedMeasure } from './trends.ts';
import { activeEntries, readWatchlist, type Watchlist, WatchlistError } from './watchlist.ts';
import { REPORTS_FOLDER, reportPath, writeReports } from './write-reports.ts';

const FLAGS = {
  date: { type: 'string', value: 'D', help: 'File the day under D (YYYY-MM-DD) instead of today.' },
  only: { type: 'string', value: 'a,b', help: 'Ask for these hashtags of the watchlist only.' },
  refresh: { type: 'boolean', help: 'Ask again for hashtags that the day already has.' },
  'dry-run': { type: 'boolean', help: 'Ask and print, write nothing.' },
  publish: { type: 'boolean', help: 'Commit the database and the reports, and push.' },
} as const;

/** What a run is about, as its flags and the watchlist have it. */
type Plan = {
  day: Day;
  watchlist: Watchlist;
  /** The active hashtags, or those of them that `--only` names. */
  inScope: string[];
  isDry: boolean;
  /** Where the run is published; null where it is not to be. */
  target: PublishTarget | null;
};

/** `npm run track`: asks for what the day still lacks, stores it, reports it, publishes it. */
export const track: Command = async (args, context) => {
  const summary = 'Takes the day’s snapshot of every hashtag in data/hashtags.json.';
  const flags = parseFlags('track', summary, FLAGS, args, context.log);
  if (flags === null) return 0;
  const { root, log, clock } = context;
  const watchlist = await readWatchlist(root);
  for (const notice of watchlist.notices) log.notice(notice);
  const isDry = flags['dry-run'] === true;
  const plan: Plan = {
    day: chooseDay(flags.date, clock.now(), watchlist.settings.timeZone),
    watchlist,
    inScope: chooseHashtags(flags.only, watchlist),
    isDry,
    target: flags.publish && !isDry ? await findPublishTarget(root) : null,
  };
  // What can't be written to is found out before anything is paid for.
  if (!isDry) await withLock(root, log.info, async () => {});

  const version = await fileVersion(root);
  let db = await openDatabase(root);
  try {
    if (plan.target !== null) await refuseOlderDatabase(db, root);
    refuseThePast(db, plan.day, clock.now());
    const run = await collectPending(db, plan, flags.refresh === true, context);
    let isStored = run === null || isDry;
    const finish = async (): Promise<ExitCode> => {
      db = await reopenIfWritten(db, version, root);
      const before = run === null ? null : readDay(db, plan.day);
      if (run !== null) recordRun(db, run);
      if (run !== null && !isDry) await saveDatabase(db, root);
      isStored = true;
      return tellDay(db, run, before, plan, context);
    };
    try {
      return await (isDry ? finish() : withLock(root, log.info, finish));
    } finally {
      if (run !== null && !isStored) warnOfLoss(run, log);
    }
  } finally {
    db.close();
  }
};

/** The database as it is now: another run may have written the file while this one was asking. */
async function reopenIfWritten(db: Database, version: string, root: string): Promise<Database> {
  if ((await fileVersion(root)) === version) return db;
  const written = await openDatabase(root);
  db.close();
  return written;
}

/** Reports and publishes the day, with what the run brought; judges whether all is well. */
async function tellDay(
  db: Database,
  run: Run | null,
  before: DayRecord | null,
  plan: Plan,
  context: Context,
): Promise<ExitCode> {
  const { day, watchlist, inScope, isDry, target } = plan;
  const { log } = context;
  // A report that fails must not keep the snapshots from being published.
  const report = await showDay(db, plan, context).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  const reported = report instanceof Error ? null : report;
  if (target !== null) await publishRun(db, run, reported, target, watchlist, context);
  if (report instanceof Error) throw report;
  const missing = missingHashtags(db, day, inScope);
  // Only now: what could not be published is told by the run that gets it again.
  if (!isDry) log.setOutputs({ news: tellNews(before, run, reported, missing, plan) });
  return judge(run, missing, reported, log);
}

function warnOfLoss({ day, snapshots }: Run, log: Context['log']): void {
  if (snapshots.length === 0) return;
  const lost = `${plural(snapshots.length, 'snapshot')} of ${day}, which stand above`;
  log.error(`Lost, for they could not be stored: ${lost}`);
}

function chooseDay(date: string | undefined, nowMs: number, timeZone: string): Day {
  const today = dayOf(nowMs, timeZone);
  if (date === undefined) return today;
  if (!isDay(date)) throw new UsageError(`--date ${date} is not a day; write it as ${today}`);
  const tomorrow = addDays(today, 1);
  if (date > tomorrow) {
    throw new UsageError(`--date ${date} is in the future; the latest possible is ${tomorrow}`);
  }
  return date;
}

/** The hashtags that the run is about: the active ones, or those of them that `--only` names. */
function chooseHashtags(only: string | undefined, watchlist: Watchlist): string[] {
  const active = activeEntries(watchlist).map((entry) => entry.name);
  if (only === undefined) return active;
  const wanted = parseHashtagFlag('--only', only);
  const unknown = wanted.filter((name) => !active.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(
      `--only: ${unknown.map((name) => `#${name}`).join(', ')} not on the watchlist, or paused; ` +
        'add it to data/hashtags.json first',
    );
  }
  return active.filter((name) => wanted.includes(name));
}

function refuseThePast(db: Database, day: Day, nowMs: number): void {
  const newest = newestDay(db);
  if (newest === null || day >= newest) return;
  const isFuture = newest > addDays(dayOf(nowMs, 'UTC'), 1);
  throw new UsageError(
    `${day} is before ${newest}, the newest day in the database; days of the past are never written to` +
      (isFuture
        ? `. But ${newest} is in the future: the clock was wrong then. Take that run back with git revert`
        : ` (where ${newest} has not begun, it was filed ahead: runs go on when it has)`),
  );
}

/**
 * What the day still lacks. A hashtag that TikTok does not know counts as answered, unless nothing
 * at all was found: then the answers are more likely wrong than TikTok empty.
 */
function missingHashtags(db: Database, day: Day, inScope: string[]): string[] {
  const captured = capturedHashtags(db, day);
  const unknown = new Set(
    readFailures(db, day)
      .filter((failure) => failure.kind === 'not-found' && captured.size > 0)
      .map((failure) => failure.hashtag),
  );
  return inScope.filter((name) => !captured.has(name) && !unknown.has(name));
}

/** Whether the failure is one that makes the run fail. */
function isMissed({ hashtag, kind }: Failure, missing: string[]): boolean {
  return kind !== 'not-found' || missing.includes(hashtag);
}

/** Asks for what the day still lacks; null where there is nothing to ask. */
async function collectPending(
  db: Database,
  { day, watchlist, inScope }: Plan,
  isRefresh: boolean,
  context: Context,
): Promise<Run | null> {
  const { env, clock, log } = context;
  const hashtags = isRefresh ? inScope : missingHashtags(db, day, inScope);
  if (hashtags.length === 0) {
    log.info(`Nothing to ask: ${day} has all ${inScope.length} hashtags`);
    return null;
  }
  const { concurrency, requestsPerMinute } = watchlist.settings;
  const startedAt = new Date(clock.now()).toISOString();
  const ask = createScavioClient({
    ...readApiAccess(env),
    fetch: context.fetch,
    now: clock.now,
  });
  const view = createProgressView(hashtags.length, context.terminal, log.info);
  const collection = await collect(hashtags, {
    ask,
    clock,
    random: context.random,
    concurrency,
    requestsPerMinute: requestsPerMinute ?? null,
    signal: context.signal,
    onProgress: view.show,
    onWait: view.showWait,
  });
  view.end();
  if (collection.stopReason !== null) log.error(`Stopped early: ${collection.stopReason}`);
  return {
    ...sortResults(collection),
    day,
    startedAt,
    finishedAt: new Date(clock.now()).toISOString(),
    trigger: env.GITHUB_EVENT_NAME ?? 'local',
    url: runUrl(env),
    tracked: activeEntries(watchlist).length,
    creditsUsed: collection.creditsUsed,
    creditsRemaining: collection.creditsRemaining,
  };
}

function sortResults({ results }: Collection) {
  const snapshots: Run['snapshots'] = [];
  const failures: Failure[] = [];
  for (const [hashtag, result] of results) {
    if (result.kind === 'captured') {
      const { videoCount, viewCount } = result;
      snapshots.push({ hashtag, videoCount, viewCount });
    } else {
      failures.push({ hashtag, kind: result.kind, reason: result.reason });
    }
  }
  const asked = results.size - failures.filter((failure) => failure.kind === 'not-asked').length;
  return { snapshots, failures, asked, stored: snapshots.length, failed: asked - snapshots.length };
}

/** What the run brought that no earlier run of the day had, for later steps. */
function tellNews(
  before: DayRecord | null,
  run: Run | null,
  report: DayReport | null,
  missing: string[],
  { day, watchlist }: Plan,
): string {
  if (run === null || report === null) {
    return renderNews({ day, trending: [], failures: [], more: 0 });
  }
  const reportBefore = before === null ? null : composeReport(before, watchlist);
  const missed = run.failures.filter((failure) => isMissed(failure, missing));
  return renderNews(findNews(reportBefore, report, missed));
}

/** Writes the day's report (unless dry), prints it, and hands it to GitHub. */
async function showDay(
  db: Database,
  { day, watchlist, isDry }: Plan,
  { root, env, log }: Context,
): Promise<DayReport | null> {
  const record = readDay(db, day);
  if (record === null) return null;
  const report = composeReport(record, watchlist);
  if (!isDry) await writeReports(db, root, report, watchlist);
  log.info(`\n${renderConsoleReport(report)}`);
  const trending = report.trends
    .filter((trend) => trend.isTrending)
    .map((trend) => {
      const { growth } = rankedMeasure(trend);
      const percent = growth.kind === 'rate' ? Number((growth.perDay * 100).toFixed(2)) : null;
      return { hashtag: trend.hashtag, growthPercent: percent, breakout: trend.isBreakout };
    });
  log.setOutputs({
    date: day,
    captured: String(report.trends.length),
    failed: String(report.failures.filter((failure) => failure.kind !== 'not-found').length),
    trending: JSON.stringify(trending),
    report: isDry ? '' : reportPath(day),
  });
  await log.showSummary(
    renderReport(report, {
      base: fileUrl(env, `${REPORTS_FOLDER}/`) ?? '',
      previousReport: null,
      hasChart: false,
    }),
  );
  return report;
}

async function publishRun(
  db: Database,
  run: Run | null,
  report: DayReport | null,
  target: PublishTarget,
  watchlist: Watchlist,
  { root, clock, random, log }: Context,
): Promise<void> {
  const messageOf = (day: DayReport | null) =>
    day === null ? 'Add earlier snapshots' : `${day.day}: ${renderHeadline(day)}`;
  const published = await publish(root, target, {
    message: messageOf(report),
    clock,
    random,
    log: log.info,
    async rebuildIn(otherRoot, baseCommit) {
      // Others may have changed the list, too; while theirs is broken, this one goes on.
      const theirs = await readWatchlist(otherRoot).catch((error: unknown) => {
        if (error instanceof WatchlistError) return watchlist;
        throw error;
      });
      const merged = await openDatabase(otherRoot);
      try {
        // A run of a day that the remote is past is taken as any other that only this checkout has.
        if (run !== null && run.day >= (newestDay(merged) ?? run.day)) recordRun(merged, run);
        const base = await openCommitted(root, baseCommit);
        const additions = adoptAdditions(merged, db, base);
        base.close();
        const days = new Set([...additions, ...(report === null ? [] : [report.day])]);
        await saveDatabase(merged, otherRoot);
        let last: DayReport | null = null;
        for (const day of [...days].sort()) {
          const record = readDay(merged, day);
          if (record === null) continue;
          last = composeReport(record, theirs);
          await writeReports(merged, otherRoot, last, theirs);
        }
        return messageOf(last);
      } finally {
        merged.close();
      }
    },
  });
  log.info(published ? `Published to ${target.remote}/${target.branch}` : 'Nothing new to publish');
}

/** The exit code, and an annotation for each thing that a person should know of. */
function judge(
  run: Run | null,
  missing: string[],
  report: DayReport | null,
  log: Context['log'],
): ExitCode {
  for (const { hashtag, kind, reason } of run?.failures ?? []) {
    if (kind === 'not-found') log.warning(`#${hashtag} was not found on TikTok (${reason})`);
    if (kind === 'failed') log.error(`#${hashtag}: ${reason}`);
  }
  if (missing.length > 0) {
    const names = missing.map((name) => `#${name}`);
    const all = report !== null && report.trends.length === 0;
    const hint = all ? ' Nothing was captured: is SCAVIO_BASE_URL right, is the API up?' : '';
    log.error(`Still missing: ${formatList(names, 10)}. The next run asks for them again.${hint}`);
  }
  const failed = run?.failures.some((failure) => isMissed(failure, missing)) ?? false;
  return failed || missing.length > 0 ? 1 : 0;
}

/** Changes whenever the database file does; empty where there is none. */
async function fileVersion(root: string): Promise<string> {
  const info = await stat(path.join(root, DATABASE_PATH)).catch(() => null);
  return info === null ? '' : `${info.ino} ${info.size} ${info.mtimeMs}`;
}
