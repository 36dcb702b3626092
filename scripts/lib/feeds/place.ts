import path from 'node:path';
import type { Day } from '../core/day.ts';
import { dashboardUrl, hashtagUrl } from '../core/hashtag-name.ts';
import { reportPath, summaryPath } from '../core/paths.ts';
import type { Period } from '../core/period.ts';
import { exists } from '../system/files.ts';
import { gitOrNull } from '../system/git.ts';
import type { Settings } from '../watchlist/schema.ts';

/** Where the data is shown on the web: the dashboard, if there is one, and the repository. */
export type Place = { dashboard: string | null; repository: string | null };

/** The chart of the dashboard has no more lines. */
const MAX_LINES = 8;

/** The place of a checkout; both addresses are null if neither is known. */
export async function findPlace(root: string, { dashboard }: Settings): Promise<Place> {
  // In a folder that is no repository, git may be missing.
  const isRepository = await exists(path.join(root, '.git'));
  const remote = isRepository
    ? await gitOrNull(root, ['config', '--get', 'remote.origin.url'])
    : null;
  return { dashboard: dashboard ?? null, repository: remote === null ? null : webAddress(remote) };
}

/** The web address of a repository on GitHub, from the address that git uses; null for others. */
export function webAddress(remote: string): string | null {
  const path =
    /^(?:https:\/\/(?:[^/@]+@)?|git@|ssh:\/\/git@)github\.com[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(
      remote.trim(),
    )?.[1];
  return path === undefined ? null : `https://github.com/${path}`;
}

/**
 * The permanent name of something that happened on a day, as a `tag:` URI (RFC 4151). It stays the
 * same whenever the feed is made.
 */
export function nameOf(address: string, day: Day, what: string): string {
  const { hostname, pathname } = new URL(address);
  return `tag:${hostname},${day}:${pathname.replace(/\/$/, '')}/${what}`;
}

/** The page about hashtags: the dashboard with them; without one, that of the first on TikTok. */
export function hashtagsAddress({ dashboard }: Place, hashtags: string[]): string {
  if (dashboard === null) return hashtagUrl(hashtags[0] ?? '');
  return dashboardUrl(dashboard, hashtags.slice(0, MAX_LINES));
}

/** The page about a day: its report, or the dashboard with the day's hashtags. */
export function dayAddress(place: Place, day: Day, hashtags: string[]): string {
  return place.repository === null
    ? hashtagsAddress(place, hashtags)
    : `${place.repository}/blob/HEAD/${reportPath(day)}`;
}

/** The page about a week: its summary, or the dashboard with its days. */
export function weekAddress({ dashboard, repository }: Place, week: Period): string {
  return repository === null
    ? `${dashboard}#range=${week.first}..${week.last}`
    : `${repository}/blob/HEAD/${summaryPath(week)}`;
}
