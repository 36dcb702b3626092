import { asksForAction, isOutOfCredits } from '../collect/answer.ts';
import { type Connection, collectRun, connect, type RunContext } from '../collect/collect-run.ts';
import { addTopVideos } from '../collect/collect-videos.ts';
import { stillToAsk } from '../collect/what-to-ask.ts';
import { addDays, type Day, dayOf } from '../core/day.ts';
import { type ExitCode, UsageError } from '../core/errors.ts';
import { formatCount, formatList, plural } from '../core/format.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import { DATABASE_PATH, REPORTS_FOLDER, WATCHLIST_PATH } from '../core/paths.ts';
import type { DayRecord, Failure, Run } from '../core/snapshot.ts';
import { errorMessage } from '../core/text.ts';
import { refuseChangedPast, refuseLostDays, refuseUnfinished } from '../history/committed.ts';
import { findNews, NO_NEWS, renderNews } from '../notify/news.ts';
import { composeOutputs } from '../notify/outputs.ts';
import { archivePublished } from '../publish/archive.ts';
import { renderCommitMessage } from '../publish/commit-message.ts';
import { publish } from '../publish/publish.ts';
import { rebuild } from '../publish/rebuild.ts';
import { writeReportsToPublish } from '../publish/reports.ts';
import { FollowError, findPublishTarget, type PublishTarget } from '../publish/target.ts';
import { renderConsoleReport } from '../reports/console.ts';
import { renderJobSummary } from '../reports/day-page.ts';
import { composeReport, type DayReport } from '../reports/day-report.ts';
import { writeReportsSince } from '../reports/write.ts';
import type { OpenDatabase } from '../store/database.ts';
import { newestDay, readDay, readTiktokIds } from '../store/days.ts';
import { recordRun } from '../store/record.ts';
import { keepUnsaved, openRunStore, type RunStore } from '../store/run-store.ts';
import { type Context, defineCommand, parseDayFlag, parseHashtagFlag } from '../system/command.ts';
import type { GitLimits } from '../system/git.ts';
import { fileUrl, warnOfPlainHttp } from '../system/links.ts';
import { withLock } from '../system/lock.ts';
import { showFirst } from '../system/log.ts';
import { type DayState, hashtagsToAsk, judgeRecord, missingHashtags } from '../trends/day-state.ts';
import { describeLast, describeTurn } from '../trends/trend-words.ts';
import { daysOfLowCredits, explainLowCredits } from '../watchlist/credits.ts';
import { activeNames, readWatchlist, type Watchlist, warnOfPause } from '../watchlist/watchlist.ts';

/** A run, with its context. */
type Session = RunContext & {
  /** The active hashtags, or those of them that `--hashtag` names. */
  wanted: string[];
  /** Where the run is published; null if it is not. */
  target: PublishTarget | null;
  /** What the day had before the run; null if it had nothing. */
  before: DayRecord | null;
  /** The run, or the last part of a long one; null if there was nothing to ask for. */
  run: Run | null;
  /** All parts of the run. */
  parts: Run[];
};

/** Asks for what the day still lacks, stores it, reports it, publishes it. */
export const track = defineCommand({
  name: 'track',
  summary: 'Takes the day’s snapshot of every hashtag in data/hashtags.json.',
  flags: {
    date: {
      type: 'string',
      value: 'D',
      help: 'Store the counts under D (YYYY-MM-DD) instead of today.',
    },
    hashtag: {
      type: 'string',
      value: 'a,b',
      help: 'Ask only for these hashtags of the watchlist.',
      synonym: 'only',
    },
    refresh: { type: 'boolean', help: 'Ask again for hashtags that the day already has.' },
    minutes: { type: 'string', value: 'N', help: 'Stop asking after N minutes.' },
    'dry-run': { type: 'boolean', help: 'Ask and print; write nothing.' },
    publish: { type: 'boolean', help: 'Commit the database and the reports, and push.' },
  },
  async run(flags, context) {
    const { root, log, clock } = context;
    const isDry = flags['dry-run'];
    const watchlist = await readWatchlist(root);
    for (const notice of watchlist.notices) log.notice(notice);
    const warning = warnOfPause(watchlist);
    if (warning !== null) log.warning(warning);
    const wanted = chooseHashtags(flags.hashtag, watchlist);
    const deadlineMs = chooseDeadline(flags.minutes, clock.now());
    const run = async () => {
      const day = chooseDay(flags.date, clock.now(), watchlist.settings.timeZone);
      const target = flags.publish && !isDry ? await findPublishTarget(root, day) : null;
      for (const url of target?.urls ?? []) {
        const warning = warnOfPlainHttp(`the remote ${target?.remote}`, url, 'your password');
        if (warning !== null) log.warning(warning);
      }
      const plan = { ...context, day, watchlist, deadlineMs, wanted, target };
      return trackDay(plan, flags.refresh, isDry);
    };
    // From before the first question, so that nothing is paid for twice, or can't be written.
    return isDry ? run() : withLock(root, log.info, run);
  },
});

/** Asks for what the day lacks, or for everything wanted, and stores it unless the run is dry. */
async function trackDay(
  context: Omit<Session, 'before' | 'run' | 'parts'>,
  refresh: boolean,
  isDry: boolean,
): Promise<ExitCode> {
  const { root, day, wanted, clock, log } = context;
  using store = await openRunStore(root, async (db) => {
    const changedArchives = await refuseChangedPast(db, root);
    await refuseLostDays(db, root);
    await refuseUnfinished(db, root, changedArchives);
  });
  refuseThePast(newestDay(store.db()), day, clock.now());
  const before = readDay(store.db(), day);
  const plan = { ...context, before };
  const pending = refresh ? wanted : stillToAsk(before, wanted);
  if (pending.length === 0) {
    if (wanted.length > 0) log.info(`Nothing to ask: ${describeDone(before, day, wanted)}`);
    const session: Session = { ...plan, run: null, parts: [] };
    return isDry ? await preview(store.db(), session) : await reportAndPublish(store.db(), session);
  }

  const connection = connect(plan);
  const parts: Run[] = [];
  const save = async (run: Run, isPartOver: boolean) => {
    if (!isPartOver) {
      await store.save(run, 'going on');
      return;
    }
    const stored = await saveOrKeep(store, run, plan, 'ended');
    parts.push(run);
    await publishPart(store.db(), { ...plan, run: stored, parts }, connection.signal);
  };
  const run = await collectRun(pending, connection, plan, isDry ? null : save);
  if (isDry) return await preview(store.db(), { ...plan, run, parts: [...parts, run] });
  const stored = await storeWithVideos(store, run, connection, plan);
  const session: Session = { ...plan, run: stored, parts: [...parts, run] };
  return await reportAndPublish(store.db(), session);
}

/**
 * Stores a run whose hashtags are asked for. Then asks for the videos of what surges, if the list
 * wants that, and stores these as well.
 * @returns the run as it is stored
 */
async function storeWithVideos(
  store: RunStore,
  run: Run,
  connection: Connection,
  plan: RunContext,
): Promise<Run> {
  if (plan.watchlist.settings.topVideos === 0) return saveOrKeep(store, run, plan, 'ended');
  const stored = await saveOrKeep(store, run, plan, 'going on');
  const record = readDay(store.db(), run.day);
  const tiktokIds = readTiktokIds(store.db());
  const withVideos = await addTopVideos(run, record, tiktokIds, connection, plan);
  return withVideos === run ? stored : store.save(withVideos, 'ended');
}

/**
 * Stores a run that has asked for everything. If that fails, keeps what it captured in a file beside
 * the database.
 */
async function saveOrKeep(
  store: RunStore,
  run: Run,
  { root, log }: Context,
  state: 'going on' | 'ended',
): Promise<Run> {
  try {
    return await store.save(run, state);
  } catch (error) {
    if (run.snapshots.length > 0) {
      const what = `Could not store ${plural(run.snapshots.length, 'snapshot')} of ${run.day}`;
      const kept = await keepUnsaved(root, run).catch(() => null);
      log.error(
        kept === null
          ? `${what}; their values are printed above`
          : `${what}. They are kept in ${kept}. To add them when the problem below is solved, ` +
              `run: npm run import -- ${kept}`,
      );
    }
    throw error;
  }
}

/** Less than the time between two saves, because none is made meanwhile. */
const PART_PUSH_MS = 45_000;

/**
 * Writes and publishes what a run has up to now. The run goes on, whatever comes of it: the end of
 * the next part tries again.
 * @param interrupted ends the push, so that what came since can be stored
 */
async function publishPart(
  db: OpenDatabase,
  session: Session,
  interrupted: AbortSignal,
): Promise<void> {
  const { root, day, watchlist, log, target } = session;
  if (target === null) return;
  try {
    const record = readDay(db, day);
    const report = record === null ? null : composeReport(record, watchlist);
    const written = await writeReportsToPublish({ db, watchlist, root }, report, log.warning);
    const signal = AbortSignal.any([interrupted, AbortSignal.timeout(PART_PUSH_MS)]);
    await publishDay(db, report, written, session, { signal });
  } catch (error) {
    // To move the checkout there now would take what the run has stored since out of it.
    log.warning(
      error instanceof FollowError
        ? 'A part of the run is published. This checkout follows at the end of the run'
        : `A part of the run is stored, but not published yet: ${errorMessage(error)}`,
    );
  }
}

/** Shows what the run would store. */
async function preview(db: OpenDatabase, session: Session): Promise<ExitCode> {
  if (session.run !== null) recordRun(db, session.run); // in memory
  const record = readDay(db, session.day);
  if (record !== null) await showReport(composeReport(record, session.watchlist), false, session);
  return judge(record, session);
}

/** Writes the day's report, shows it, publishes it, and hands the news to later steps. */
async function reportAndPublish(db: OpenDatabase, session: Session) {
  const { root, log, day, watchlist, before, run } = session;
  const record = readDay(db, day);
  const report = record === null ? null : composeReport(record, watchlist);
  // A report that fails must not keep the snapshots from being published.
  let failure: unknown = null;
  let written: string[] = [];
  try {
    const sources = { db, watchlist, root };
    if (session.target !== null)
      written = await writeReportsToPublish(sources, report, log.warning);
    else if (report !== null) written = await writeReportsSince(sources, report);
    if (report !== null) await showReport(report, true, session);
  } catch (error) {
    failure = error;
  }
  const merged = await publishDay(db, failure === null ? report : null, written, session);
  if (session.target !== null) {
    const mostBytes = watchlist.settings.archiveAboveMegabytes * 1_000_000;
    await archivePublished(db, session.target, mostBytes, log);
  }
  if (failure !== null) throw failure;
  // Others may have published a count of a hashtag that has none here.
  const published = merged ?? record;
  // Only now: what could not be published is announced by the run that captures it again.
  const reportBefore = before === null ? null : composeReport(before, watchlist);
  const missed = lostIn(session, judgeRecord(published));
  const news =
    run === null || report === null ? { ...NO_NEWS, day } : findNews(reportBefore, report, missed);
  log.setOutputs({ news: renderNews(news) });
  return judge(published, session);
}

async function showReport(report: DayReport, isWritten: boolean, session: Session) {
  const { env, log, watchlist, run } = session;
  log.info(`\n${renderConsoleReport(report)}`);
  log.setOutputs(composeOutputs(report, isWritten));
  const base = fileUrl(env, `${REPORTS_FOLDER}/`) ?? '';
  const summary = renderJobSummary(report, base);
  await log.showSummary(isWritten ? summary : `${DRY_RUN}\n\n${summary}`);
  // A run that found them spent says so itself.
  const { creditsRemaining: credits } = report;
  if (credits === null || isOutOfCredits(run?.stopReason ?? '')) return;
  const days = daysOfLowCredits(credits, watchlist);
  if (days === null) return;
  const what = explainLowCredits(credits, days).join(': ');
  log.warning(`${what}. Top up, or pause hashtags in ${WATCHLIST_PATH}`);
}

const DRY_RUN = '> **This was a dry run. Nothing was stored, written or published.**';

/** @returns the day's record, with what others have published; null if the remote had nothing new */
async function publishDay(
  db: OpenDatabase,
  report: DayReport | null,
  written: string[],
  session: Session,
  limits: GitLimits = {},
): Promise<DayRecord | null> {
  const { clock, random, log, target } = session;
  if (target === null) return null;
  const additions = { ...session, db, report };
  let merged: DayRecord | null = null;
  const isPublished = await publish(target, {
    message: renderCommitMessage(report),
    reports: written,
    async rebuildIn(otherRoot, baseCommit) {
      const { message, record } = await rebuild(otherRoot, baseCommit, additions);
      merged = record;
      return message;
    },
    clock,
    random,
    log: log.info,
    limits,
  });
  log.info(
    isPublished ? `Published to ${target.remote}/${target.branch}` : 'Nothing new to publish',
  );
  return merged;
}

/** The exit code, and annotations for what a person should know. */
function judge(record: DayRecord | null, session: Session): ExitCode {
  const { run, parts, wanted, log } = session;
  const state = judgeRecord(record);
  const hasSnapshots = state.captured.size > 0;
  const told = tellFailures(session, record, state);
  showFirst(log, 'warning', told.warnings, MAX_ANNOTATED);
  showFirst(log, 'error', told.errors, MAX_ANNOTATED);
  const asked = new Set(parts.flatMap((part) => [...part.snapshots, ...part.failures].map(nameOf)));
  const turns = state.turns.filter(({ hashtag }) => asked.has(hashtag));
  const turnsInWords = turns.map((turn) => `${showHashtag(turn.hashtag)} is ${describeTurn(turn)}`);
  showFirst(log, 'notice', turnsInWords, MAX_ANNOTATED);
  const toAsk = new Set(hashtagsToAsk(state, wanted));
  const missing = missingHashtags(state, wanted);
  const renderNames = (names: string[]) => formatList(names.map(showHashtag), 10);
  const words = run?.stopReason ? [`Stopped early: ${run.stopReason}.`] : [];
  if (toAsk.size > 0) words.push(`Still missing: ${renderNames([...toAsk])}.`);
  const refused = missing.filter((name) => !toAsk.has(name));
  if (refused.length > 0) {
    words.push(
      `Refused by the API today: ${renderNames(refused)}. Correct, pause or remove such names in ` +
        'data/hashtags.json.',
    );
  }
  if (toAsk.size > 0 && !run?.stopReason) {
    words.push(hasSnapshots ? 'The next run asks for them again.' : explainNothing(parts));
  }
  if (words.length > 0) log.error(words.join(' '));
  return missing.length > 0 || lostIn(session, state).length > 0 ? 1 : 0;
}

/** What may be wrong if nothing was captured, although the run came to its end. */
function explainNothing(parts: Run[]): string {
  const failures = parts.flatMap((part) => part.failures);
  const isAll = (kind: Failure['kind']) => failures.every((failure) => failure.kind === kind);
  if (failures.some(({ reason }) => asksForAction(reason))) return 'Nothing was captured.';
  if (isAll('rejected')) {
    return 'The API refused everything, so hardly because of the names: what does it say?';
  }
  if (isAll('not-found')) return 'The API knows none of them: is SCAVIO_BASE_URL right?';
  return 'Nothing was captured: is SCAVIO_BASE_URL right, is the API up?';
}

const nameOf = ({ hashtag }: { hashtag: string }) => hashtag;

/** What the run could not get, apart from what TikTok does not have and what others have got. */
function lostIn({ parts, before }: Session, { missed }: DayState): Failure[] {
  const names = new Set([...missed.map(nameOf), ...judgeRecord(before).captured]);
  const failures = parts.flatMap((part) => part.failures);
  return failures.filter(({ kind, hashtag }) => kind !== 'not-found' || names.has(hashtag));
}

/** GitHub shows ten annotations of a kind for a step. Some room is left for what sums them up. */
const MAX_ANNOTATED = 8;

/** What there is to say about each failure of the run. */
function tellFailures(
  { parts, before }: Session,
  record: DayRecord | null,
  { captured, missed }: DayState,
) {
  const hadBefore = judgeRecord(before).captured;
  const absences = new Map(record?.failures.map(({ hashtag, absence }) => [hashtag, absence]));
  const missedNames = new Set(missed.map(nameOf));
  const warnings: string[] = [];
  const errors: string[] = [];
  for (const { hashtag, kind, reason } of parts.flatMap((part) => part.failures)) {
    const name = showHashtag(hashtag);
    if (kind === 'not-found') {
      const absence = absences.get(hashtag) ?? null;
      const what = `${name} was not found on TikTok (${reason})`;
      // What TikTok never had is told once.
      const isFirst = absence === null || (absence.last === null && absence.since === record?.day);
      if (hadBefore.has(hashtag)) errors.push(`${what}, but the day has its count already`);
      else if (missedNames.has(hashtag) && absence?.last) {
        errors.push(`${what}, but it had ${describeLast(absence.last)}`);
      } else if (missedNames.has(hashtag) || isFirst) warnings.push(what);
    } else if (kind === 'rejected' && captured.size > 0) {
      // An API that refuses everything does not mean the name.
      errors.push(`The API refuses the name ${name} (${reason})`);
    } else if (kind !== 'not-asked') errors.push(`${name}: ${reason}`);
  }
  return { warnings, errors };
}

/** Why there is nothing to ask for. */
function describeDone(record: DayRecord | null, day: Day, wanted: string[]): string {
  const state = judgeRecord(record);
  const refused = missingHashtags(state, wanted).length;
  const absent = wanted.filter((name) => !state.captured.has(name)).length - refused;
  const captured = formatCount(wanted.length - absent - refused);
  return [
    `${day} has ${captured} of ${plural(wanted.length, 'hashtag')}`,
    ...(absent === 0 ? [] : [`${formatCount(absent)} not on TikTok`]),
    ...(refused === 0 ? [] : [`${plural(refused, 'name')} that the API has refused today`]),
  ].join(', ');
}

function chooseDay(date: string | undefined, nowMs: number, timeZone: string): Day {
  const today = dayOf(nowMs, timeZone);
  if (date === undefined) return today;
  const day = parseDayFlag('--date', date, today);
  const tomorrow = addDays(today, 1);
  if (day <= tomorrow) return day;
  throw new UsageError(`--date ${day} is in the future; the latest possible is ${tomorrow}`);
}

function chooseHashtags(list: string | undefined, watchlist: Watchlist): string[] {
  const active = activeNames(watchlist);
  if (list === undefined) return active;
  const wanted = new Set(parseHashtagFlag('--hashtag', list));
  const known = new Set(active);
  const unknown = [...wanted].filter((name) => !known.has(name));
  if (unknown.length === 0) return active.filter((name) => wanted.has(name));
  throw new UsageError(
    `--hashtag: not on the watchlist, or paused: ${formatList(unknown.map(showHashtag))}; ` +
      'change data/hashtags.json first',
  );
}

/** The instant (Unix milliseconds) at which the run stops asking; null if `--minutes` is not given. */
function chooseDeadline(minutes: string | undefined, nowMs: number): number | null {
  if (minutes === undefined) return null;
  if (/^[1-9]\d{0,4}$/.test(minutes)) return nowMs + Number(minutes) * 60_000;
  throw new UsageError(
    `--minutes ${minutes} is not a number of minutes; write it as --minutes 270`,
  );
}

function refuseThePast(newest: Day | null, day: Day, nowMs: number): void {
  if (newest === null || day >= newest) return;
  const isFuture = newest > addDays(dayOf(nowMs, 'UTC'), 1);
  throw new UsageError(
    `${day} is before ${newest}, the newest day in the database, and past days are never changed` +
      (isFuture
        ? `. But ${newest} is in the future: the clock was wrong. Take the file of the commit before that run: ` +
          `git checkout COMMIT -- ${DATABASE_PATH}, delete the reports of ${newest}, and commit both`
        : `. If ${newest} has not begun in your time zone, wait until it has`),
  );
}
