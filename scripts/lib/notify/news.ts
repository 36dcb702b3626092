import * as v from 'valibot';
import { type Day, isDay } from '../core/day.ts';
import type { Failure } from '../core/snapshot.ts';
import { plainText } from '../core/text.ts';
import { type DayReport, failuresOf } from '../reports/day-report.ts';
import type { Turn } from '../trends/day-state.ts';
import { describeTurn } from '../trends/trend-words.ts';

const newsSchema = v.strictObject({
  day: v.custom<Day>((value) => typeof value === 'string' && isDay(value)),
  /** Hashtags with a new trend or a new breakout. */
  trending: v.array(v.string()),
  /** What the run could not get, unless an earlier run of the day reported the same failure. */
  failures: v.array(v.strictObject({ hashtag: v.string(), reason: v.string() })),
  /** Hashtags that are gone from TikTok, back, or there at last, and the words for it. */
  turns: v.array(v.strictObject({ hashtag: v.string(), words: v.string() })),
  /** How many trends, failures and turns are left out because there is no room. */
  more: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

/** What is new in a run, compared with the earlier runs of its day. */
export type News = v.InferOutput<typeof newsSchema>;

/** The news of a run with nothing new; the caller adds the day. */
export const NO_NEWS = { trending: [], failures: [], turns: [], more: 0 };

/** An environment variable may have 128 KiB. */
const MAX_BYTES = 60_000;

/**
 * What is new on a day.
 * @param before the day's report before the run; null if there was none
 * @param missed what the run could not get
 */
export function findNews(before: DayReport | null, after: DayReport, missed: Failure[]): News {
  const trendsBefore = new Map(before?.trends.map((trend) => [trend.hashtag, trend]));
  const failuresBefore = before === null ? [] : failuresOf(before);
  const reasonsBefore = new Map(failuresBefore.map(({ hashtag, reason }) => [hashtag, reason]));
  const trending = after.trends.filter((trend) => {
    const earlier = trendsBefore.get(trend.hashtag);
    const isNewBreakout = trend.signal === 'breakout' && earlier?.signal !== 'breakout';
    return isNewBreakout || (trend.isTrending && !earlier?.isTrending);
  });
  const failures = missed.filter(({ hashtag, reason }) => reasonsBefore.get(hashtag) !== reason);
  const keyOf = ({ hashtag, kind }: Turn) => `${kind} ${hashtag}`;
  const turnsBefore = new Set(before?.state.turns.map(keyOf));
  const turns = after.state.turns.filter((turn) => !turnsBefore.has(keyOf(turn)));
  return {
    day: after.day,
    trending: trending.map(({ hashtag }) => hashtag),
    failures: failures.map(({ hashtag, reason }) => ({ hashtag, reason: plainText(reason) })),
    turns: turns.map((turn) => ({ hashtag: turn.hashtag, words: describeTurn(turn) })),
    more: 0,
  };
}

/** The news as one line of JSON, no longer than an environment variable can hold. */
export function renderNews(news: News): string {
  let { trending, failures, turns } = news;
  const total = trending.length + failures.length + turns.length;
  for (;;) {
    const more = news.more + total - trending.length - failures.length - turns.length;
    const text = JSON.stringify({ ...news, trending, failures, turns, more });
    if (Buffer.byteLength(text) <= MAX_BYTES) return text;
    const longest = Math.max(trending.length, failures.length, turns.length);
    if (turns.length === longest) turns = firstHalf(turns);
    else if (failures.length === longest) failures = firstHalf(failures);
    else trending = firstHalf(trending);
  }
}

/** The news that `renderNews` wrote; null if the text is anything else. */
export function parseNews(text: string): News | null {
  try {
    const parsed = v.safeParse(newsSchema, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function firstHalf<T>(list: T[]): T[] {
  return list.slice(0, Math.floor(list.length / 2));
}
