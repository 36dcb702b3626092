import type { Day } from '../core/day.ts';
import { formatCount, plural } from '../core/format.ts';
import { foldCase } from '../core/hashtag-name.ts';
import { hashtagLink, renderLink } from '../core/markdown.ts';
import type { Companion, TopVideos, Video } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';
import { ageInDays, describeVideo, nameAuthor, videoUrl } from './trend-words.ts';

const MAX_VIDEOS = 3;
const NEW_DAYS = 14;
/** So many are stored, and so many of these are suggested: people may add some to the list. */
const MAX_COMPANIONS = 10;
const MAX_SUGGESTIONS = 5;
/** A hashtag in one video only says nothing. */
const MIN_USES = 2;

/**
 * The three videos with the most plays of those that were new in the last 14 days; of all if none
 * was. Videos whose plays are unknown come last.
 */
export function chooseTopVideos(videos: Video[], day: Day, timeZone: string): Video[] {
  const isNew = (video: Video) => (ageInDays(video, day, timeZone) ?? Infinity) <= NEW_DAYS;
  const recent = videos.filter(isNew);
  return (recent.length > 0 ? recent : videos).toSorted(compareVideos).slice(0, MAX_VIDEOS);
}

/**
 * The companions that are worth adding to the list, the most used first: not on the list yet, and in
 * at least two videos.
 * @param listed the names on the list
 */
export function chooseCompanions(companions: Companion[], listed: Iterable<string>): Companion[] {
  const known = new Set(Array.from(listed, foldCase));
  return companions
    .filter(({ hashtag, uses }) => uses >= MIN_USES && !known.has(foldCase(hashtag)))
    .sort(compareCompanions)
    .slice(0, MAX_COMPANIONS);
}

/** The day of which `renderTopVideos` tells; a `DayReport` has it all. */
type DayOfVideos = {
  day: Day;
  timeZone: string;
  topVideos: TopVideos[];
  /** The names on the watchlist. */
  listed: Set<string>;
};

/**
 * What people post under a hashtag, as lines of Markdown that belong below its line in a list: the
 * videos, and the companions as a suggestion. Nothing if no videos are known.
 */
export function renderTopVideos(report: DayOfVideos, hashtag: string): string[] {
  const found = report.topVideos.find((entry) => entry.hashtag === hashtag);
  if (found === undefined) return [];
  const { day, timeZone, listed } = report;
  const lines = found.videos
    .toSorted(compareVideos)
    .map((video) => `  - ▶️ ${renderVideo(video, day, timeZone)}`);
  const companions = chooseCompanions(found.companions, listed).slice(0, MAX_SUGGESTIONS);
  if (companions.length === 0) return lines;
  const names = companions.map(
    ({ hashtag: name, uses }, i) =>
      `${hashtagLink(name)} (${i === 0 ? `in ${plural(uses, 'video')}` : formatCount(uses)})`,
  );
  return [...lines, `  - ➕ Often used beside it, and not on your list: ${names.join(', ')}`];
}

/** `3 of them for videos`: what videos add to the credits of a day; null if they add nothing. */
export function describeVideoCost({ topVideos }: Pick<DayOfVideos, 'topVideos'>): string | null {
  const count = topVideos.filter(({ problem }) => problem === null).length;
  return count === 0 ? null : `${formatCount(count)} of them for videos`;
}

/** `[@author](…) · 1,200,000 plays · 3 days old` */
function renderVideo(video: Video, day: Day, timeZone: string): string {
  const link = renderLink(nameAuthor(video), videoUrl(video));
  return [link, ...describeVideo(video, day, timeZone)].join(' · ');
}

function compareVideos(a: Video, b: Video): number {
  return (b.plays ?? -1) - (a.plays ?? -1) || compareText(a.id, b.id);
}

function compareCompanions(a: Companion, b: Companion): number {
  return b.uses - a.uses || compareText(a.hashtag, b.hashtag);
}
