import { parseCount } from '../core/count.ts';
import { foldCase, HashtagNameError, parseHashtagName } from '../core/hashtag-name.ts';
import type { Companion, Video } from '../core/snapshot.ts';
import { compareText, plainText } from '../core/text.ts';
import { asRecord, type Outcome, parseId } from './answer.ts';

/** The videos that the API names for a hashtag, and the hashtags that they name beside it. */
export type FoundVideos = { videos: Video[]; companions: Companion[] };

/** TikTok allows 24 characters in an author's name, so this cuts off nothing that is one. */
const MAX_AUTHOR_CHARACTERS = 60;
/** TikTok began in this year. */
const FIRST_CREATED_MS = Date.UTC(2014, 0, 1);
const DAY_MS = 86_400_000;

/**
 * Reads the videos of a hashtag, in the shape of TikTok's app (`aweme_list`) or of its web page
 * (`itemList`). A video without a usable id is left out. What else is not usable is unknown.
 */
export function readVideos(
  hashtag: string,
  top: Record<string, unknown>,
  nowMs: number,
): Outcome<FoundVideos> {
  const places = [asRecord(top.data), top].flatMap((part) => [part?.aweme_list, part?.itemList]);
  const list = places.find(Array.isArray);
  if (list === undefined) {
    const isEmpty = places.includes(null);
    const what = isEmpty ? 'TikTok names no video' : 'the answer has no list of videos';
    return { kind: 'failed', reason: what };
  }
  const items = new Map<string, Record<string, unknown>>();
  for (const value of list) {
    const item = asRecord(value);
    const id = parseId(item?.aweme_id) ?? parseId(item?.id);
    if (item !== null && id !== null && !items.has(id)) items.set(id, item);
  }
  if (items.size === 0) {
    const what = list.length === 0 ? 'TikTok names no video' : 'no video has a usable id';
    return { kind: 'failed', reason: what };
  }
  return {
    kind: 'captured',
    videos: [...items].map(([id, item]) => readVideo(id, item, nowMs)),
    companions: countCompanions(hashtag, [...items.values()]),
  };
}

function readVideo(id: string, item: Record<string, unknown>, nowMs: number): Video {
  const author = asRecord(item.author);
  const names = [author?.unique_id, author?.uniqueId].map(readAuthor);
  const plays = [
    asRecord(item.statistics)?.play_count,
    asRecord(item.statsV2)?.playCount,
    asRecord(item.stats)?.playCount,
  ].map(parseCount);
  const created = [item.create_time, item.createTime].map((value) => readInstant(value, nowMs));
  return {
    id,
    author: names.find((name) => name !== null) ?? null,
    plays: plays.find((count) => count !== null) ?? null,
    createdAt: created.find((instant) => instant !== null) ?? null,
  };
}

function readAuthor(value: unknown): string | null {
  const name = typeof value === 'string' ? plainText(value.toWellFormed()) : '';
  return name === '' || [...name].length > MAX_AUTHOR_CHARACTERS ? null : name;
}

/** Unix seconds as ISO 8601; null if no video can be from that instant. */
function readInstant(value: unknown, nowMs: number): string | null {
  const seconds = parseCount(value);
  if (seconds === null) return null;
  const ms = seconds * 1000;
  return ms >= FIRST_CREATED_MS && ms <= nowMs + DAY_MS ? new Date(ms).toISOString() : null;
}

/** The hashtags beside this one, the most used first. A video counts once for each. */
function countCompanions(hashtag: string, items: Record<string, unknown>[]): Companion[] {
  const own = foldCase(hashtag);
  const uses = new Map<string, number>();
  for (const item of items) {
    const names = new Set(namesIn(item).filter((name) => foldCase(name) !== own));
    for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return [...uses]
    .map(([name, count]) => ({ hashtag: name, uses: count }))
    .sort((a, b) => b.uses - a.uses || compareText(a.hashtag, b.hashtag));
}

function namesIn(item: Record<string, unknown>): string[] {
  const read = (list: unknown, key: string) =>
    (Array.isArray(list) ? list : []).flatMap((part) => parseName(asRecord(part)?.[key]) ?? []);
  return [
    ...read(item.text_extra, 'hashtag_name'),
    ...read(item.textExtra, 'hashtagName'),
    ...read(item.challenges, 'title'),
  ];
}

function parseName(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > 200) return null;
  try {
    return parseHashtagName(value.toWellFormed()).name;
  } catch (error) {
    if (error instanceof HashtagNameError) return null;
    throw error;
  }
}
