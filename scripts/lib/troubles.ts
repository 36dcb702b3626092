import { daysOfCredits, LOW_CREDIT_DAYS } from './cost.ts';
import { type Day, daysBetween } from './day.ts';
import { formatCount, plural } from './format.ts';
import { hashtagUrl } from './hashtag.ts';
import { renderCode, renderLink } from './markdown.ts';
import type { DayReport } from './report.ts';
import type { LastHeard } from './store.ts';

/** Something that a person should mend; at most one of a kind. */
export type Trouble =
  /** The last run stored nothing that could be published. */
  | { kind: 'failed' }
  /** The day lacks hashtags; those that its report does not know are not listed. */
  | { kind: 'incomplete'; missing: Item[] }
  /** Hashtags without data for days: each since its newest data, or its first failure. */
  | { kind: 'silent'; hashtags: Item[] }
  | { kind: 'credits'; left: number; days: number };

type Item = { hashtag: string; since: Day | null; reason: string | null };

/** What the troubles of a day are found in. */
export type Evidence = {
  day: Day;
  /** How the day's last run ended: "failed" where it published nothing. */
  run: 'succeeded' | 'incomplete' | 'failed';
  /** Null where the database has nothing of the day. */
  report: DayReport | null;
  /** The hashtags that are asked for. */
  active: string[];
  lastHeard: Map<string, LastHeard>;
  creditsLeft: number | null;
};

const SILENT_DAYS = 3;
const MAX_NAMES = 30;

/** What is wrong, the gravest first. */
export function findTroubles(evidence: Evidence): Trouble[] {
  const { day, run, report, active, lastHeard, creditsLeft } = evidence;
  const troubles: Trouble[] = [];
  const missing = (report?.failures ?? [])
    .filter(({ hashtag, kind }) => kind !== 'not-found' && active.includes(hashtag))
    .map(({ hashtag, reason }) => ({ hashtag, since: null, reason }));
  if (run === 'failed') troubles.push({ kind: 'failed' });
  else if (run === 'incomplete' || missing.length > 0) {
    troubles.push({ kind: 'incomplete', missing });
  }
  const silent = active.flatMap((hashtag): Item[] => {
    const { lastDay, firstFailedDay, reason } = lastHeard.get(hashtag) ?? NEVER_ASKED;
    const since = lastDay ?? firstFailedDay;
    // One that is asked for again after a pause has not failed for as long as it was silent.
    const isRecent =
      lastDay !== null &&
      firstFailedDay !== null &&
      daysBetween(firstFailedDay, day) + 1 < SILENT_DAYS;
    return since === null || daysBetween(since, day) < SILENT_DAYS || isRecent
      ? []
      : [{ hashtag, since, reason }];
  });
  if (silent.length > 0) troubles.push({ kind: 'silent', hashtags: silent });
  if (creditsLeft !== null && active.length > 0) {
    const days = daysOfCredits(creditsLeft, active.length);
    if (days < LOW_CREDIT_DAYS) troubles.push({ kind: 'credits', left: creditsLeft, days });
  }
  return troubles;
}

const NEVER_ASKED: LastHeard = { lastDay: null, firstFailedDay: null, reason: null };

/**
 * A trouble in Markdown: what, since when (null where that is not known), and what to do.
 * @param runLink the last run's page; null outside GitHub
 */
export function renderTrouble(trouble: Trouble, since: Day | null, runLink: string | null): string {
  const page = runLink === null ? 'its log' : `[its page](${runLink})`;
  const when = since === null ? '' : `, since ${since}`;
  switch (trouble.kind) {
    case 'failed':
      return `**The last run failed**${when}: ${page} says why, and what to do.`;
    case 'incomplete': {
      const names = trouble.missing.length === 0 ? '' : `: ${renderByReason(trouble.missing)}`;
      return (
        `**The last run missed something**${when}${names}. ` +
        `Mostly there is nothing to do, for the next run asks again; ${page} says more.`
      );
    }
    case 'silent':
      return (
        `**No data for ${SILENT_DAYS} days or more**: ${renderByReason(trouble.hashtags)}. ` +
        'If a name is wrong or gone from TikTok, mend it, pause it or remove it in `data/hashtags.json`.'
      );
    case 'credits':
      return (
        `**The credits will run out within a week**${when}: ${formatCount(trouble.left)} left, enough for ` +
        `${plural(trouble.days, 'day')}. Top up, or pause hashtags in \`data/hashtags.json\`.`
      );
  }
}

function renderByReason(items: Item[]): string {
  const namesByReason = new Map<string, string[]>();
  for (const { hashtag, since, reason } of items.slice(0, MAX_NAMES)) {
    const words = reason === null ? '' : renderCode(reason);
    const name = renderLink(hashtag, hashtagUrl(hashtag), '#');
    const item = since === null ? name : `${name} (since ${since})`;
    namesByReason.set(words, [...(namesByReason.get(words) ?? []), item]);
  }
  const groups = [...namesByReason].map(([reason, names]) =>
    `${names.join(', ')} ${reason}`.trim(),
  );
  const more = items.length - MAX_NAMES;
  return groups.join('; ') + (more > 0 ? `; and ${formatCount(more)} more` : '');
}
