import { asksForAction } from '../collect/answer.ts';
import { type Day, daysBetween } from '../core/day.ts';
import { firstThatFit, formatCount } from '../core/format.ts';
import { groupBy } from '../core/group-by.ts';
import { hashtagLink, renderCode } from '../core/markdown.ts';
import type { Failure } from '../core/snapshot.ts';
import type { DayReport } from '../reports/day-report.ts';
import type { LastHeard } from '../store/days.ts';
import { daysOfLowCredits, explainLowCredits } from '../watchlist/credits.ts';
import { activeNames, type Watchlist } from '../watchlist/watchlist.ts';

/** Something that a person should fix; at most one of each kind. */
export type Trouble =
  /** The last run stored nothing that could be published. */
  | { kind: 'failed' }
  /** The day lacks hashtags. Only those that its report knows are listed. */
  | { kind: 'incomplete'; missing: Item[] }
  /** The API refuses names, which are not asked for again today. */
  | { kind: 'refused'; hashtags: Item[] }
  /** Hashtags without data for days, each since its newest data; null if it never had any. */
  | { kind: 'silent'; hashtags: Item[] }
  | { kind: 'credits'; left: number; days: number };

type Item = { hashtag: string; since: Day | null; reason: string | null };

/** What `findTroubles` needs to know about a day. */
export type Evidence = {
  day: Day;
  /** How the day's last run ended: "failed" if it published nothing. */
  run: 'succeeded' | 'incomplete' | 'failed';
  /** Null if the database has nothing about the day. */
  report: DayReport | null;
  watchlist: Watchlist | null;
  lastHeard: Map<string, LastHeard>;
  creditsLeft: number | null;
};

const SILENT_DAYS = 3;
const MAX_NAMES = 30;

/** What is wrong, the worst first. */
export function findTroubles(evidence: Evidence): Trouble[] {
  const { day, run, report, watchlist, lastHeard, creditsLeft } = evidence;
  const active = watchlist === null ? [] : activeNames(watchlist);
  const troubles: Trouble[] = [];
  const isActive = new Set(active);
  const missed = report?.state.missed.filter(({ hashtag }) => isActive.has(hashtag)) ?? [];
  const itemsOf = (failures: Failure[]) =>
    failures.map(({ hashtag, reason }): Item => ({ hashtag, since: null, reason }));
  // If nothing was captured, a refusal is hardly about the name.
  const isRefused = ({ kind }: Failure) => kind === 'rejected' && report?.trends.length !== 0;
  const missing = itemsOf(missed.filter((failure) => !isRefused(failure)));
  const refused = itemsOf(missed.filter(isRefused));
  if (run === 'failed') troubles.push({ kind: 'failed' });
  else if (missing.length > 0 || (run === 'incomplete' && refused.length === 0)) {
    troubles.push({ kind: 'incomplete', missing });
  }
  if (run !== 'failed' && refused.length > 0) troubles.push({ kind: 'refused', hashtags: refused });
  const silent = active.flatMap((hashtag): Item[] => {
    const { lastDay, firstFailedDay, reason, isAbsent } = lastHeard.get(hashtag) ?? NEVER_ASKED;
    const since = lastDay ?? firstFailedDay;
    // A hashtag that was paused may be silent for longer than it has failed.
    const isRecent =
      lastDay !== null &&
      firstFailedDay !== null &&
      daysBetween(firstFailedDay, day) + 1 < SILENT_DAYS;
    return since === null || daysBetween(since, day) < SILENT_DAYS || isRecent || isAbsent
      ? []
      : [{ hashtag, since: lastDay, reason }];
  });
  if (silent.length > 0) troubles.push({ kind: 'silent', hashtags: silent });
  if (creditsLeft !== null && watchlist !== null) {
    const days = daysOfLowCredits(creditsLeft, watchlist);
    if (days !== null) troubles.push({ kind: 'credits', left: creditsLeft, days });
  }
  return troubles;
}

const NEVER_ASKED: LastHeard = {
  lastDay: null,
  firstFailedDay: null,
  reason: null,
  isAbsent: false,
};

/**
 * A trouble in Markdown: what it is, when it was first reported (null if unknown), and what to do.
 * @param runLink the last run's page; null outside GitHub
 */
export function renderTrouble(trouble: Trouble, since: Day | null, runLink: string | null): string {
  const page = runLink === null ? 'its log' : `[its page](${runLink})`;
  const when = since === null ? '' : ` (first reported on ${since})`;
  switch (trouble.kind) {
    case 'failed':
      return `**The last run failed**${when}: ${page} says why, and what to do.`;
    case 'incomplete': {
      const names = trouble.missing.length === 0 ? '' : `: ${renderByReason(trouble.missing)}`;
      const toDo = trouble.missing.some(({ reason }) => asksForAction(reason ?? ''))
        ? 'Until that is done, every run misses something'
        : 'Usually there is nothing to do, because the next run asks again';
      return `**The last run missed something**${when}${names}. ${toDo}; ${page} says more.`;
    }
    case 'refused':
      return (
        `**The API refuses names**${when}: ${renderByReason(trouble.hashtags)}. ` +
        'Correct, pause or remove them in `data/hashtags.json`.'
      );
    case 'silent': {
      const { hashtags } = trouble;
      const isName = hashtags.some(({ reason }) => !asksForAction(reason ?? ''));
      const toDo = isName
        ? ' If a name is wrong, correct, pause or remove it in `data/hashtags.json`.'
        : '';
      return `**No data for ${SILENT_DAYS} days or more**: ${renderByReason(hashtags)}.${toDo}`;
    }
    case 'credits': {
      const [what, left] = explainLowCredits(trouble.left, trouble.days);
      return `**${what}**${when}: ${left}. Top up, or pause hashtags in \`data/hashtags.json\`.`;
    }
  }
}

function renderByReason(items: Item[]): string {
  const renderItem = ({ hashtag, since }: Item) =>
    hashtagLink(hashtag) + (since === null ? '' : ` (since ${since})`);
  const first = items.slice(0, MAX_NAMES);
  const shown = first.slice(0, firstThatFit(first.map(renderItem), MAX_NAMES).length);
  const groups = [...groupBy(shown, ({ reason }) => reason)].map(([reason, group]) => {
    const names = group.map(renderItem).join(', ');
    return `${names} ${reason === null ? '' : renderCode(reason)}`.trim();
  });
  const more = items.length - shown.length;
  return groups.join('; ') + (more > 0 ? `; and ${formatCount(more)} more` : '');
}
