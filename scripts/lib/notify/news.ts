import * as v from 'valibot';
import { type Day, isDay } from '../core/day.ts';
import { groupBy } from '../core/group-by.ts';
import type { Failure } from '../core/snapshot.ts';
import { plainText } from '../core/text.ts';
import { type DayReport, failuresOf } from '../reports/day-report.ts';
import { MOVE_KINDS, type Move } from '../trends/moves.ts';
import { describeMove, moveMark } from '../trends/trend-words.ts';

const newsSchema = v.strictObject({
  day: v.custom<Day>((value) => typeof value === 'string' && isDay(value)),
  /** What moved, strongest first: each hashtag with a sign and the words for what it did. */
  moves: v.array(v.strictObject({ hashtag: v.string(), mark: v.string(), words: v.string() })),
  /** What the run could not get, unless an earlier run of the day reported the same failure. */
  failures: v.array(v.strictObject({ hashtag: v.string(), reason: v.string() })),
  /** How many moves and failures are left out because there is no room. */
  more: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

/** What is new in a run, compared with the earlier runs of its day. */
export type News = v.InferOutput<typeof newsSchema>;

/** The news of a run with nothing new; the caller adds the day. */
export const NO_NEWS = { moves: [], failures: [], more: 0 };

/** An environment variable may have 128 KiB. */
const MAX_BYTES = 60_000;

/**
 * What is new on a day.
 * @param before the day's report before the run; null if there was none
 * @param missed what the run could not get
 */
export function findNews(before: DayReport | null, after: DayReport, missed: Failure[]): News {
  const movesBefore = groupBy(before?.moves ?? [], ({ hashtag }) => hashtag);
  const failuresBefore = before === null ? [] : failuresOf(before);
  const reasonsBefore = new Map(failuresBefore.map(({ hashtag, reason }) => [hashtag, reason]));
  const moves = after.moves.filter(
    (move) =>
      isNewToday(move) &&
      !movesBefore.get(move.hashtag)?.some((earlier) => isAsStrong(earlier, move)),
  );
  const failures = missed.filter(({ hashtag, reason }) => reasonsBefore.get(hashtag) !== reason);
  return {
    day: after.day,
    moves: moves.map((move) => ({
      hashtag: move.hashtag,
      mark: moveMark(move),
      words: describeMove(move),
    })),
    failures: failures.map(({ hashtag, reason }) => ({ hashtag, reason: plainText(reason) })),
    more: 0,
  };
}

/**
 * True unless it goes on since the hashtag's previous reading, as a surge does. What is trending or
 * falling is so by what this day alone has brought.
 */
export function isNewToday(move: Move): boolean {
  if (move.kind !== 'surging' && move.kind !== 'breakout') return true;
  const { isTrending, signalBefore } = move.trend;
  return isTrending || (signalBefore !== 'breakout' && signalBefore !== move.kind);
}

/** True if an earlier run of the day has told the same of a hashtag, or something stronger. */
function isAsStrong(earlier: Move, move: Move): boolean {
  if (earlier.kind === 'turn' || move.kind === 'turn') {
    return earlier.kind === 'turn' && move.kind === 'turn' && earlier.turn.kind === move.turn.kind;
  }
  return MOVE_KINDS.indexOf(earlier.kind) <= MOVE_KINDS.indexOf(move.kind);
}

/** The news as one line of JSON, no longer than an environment variable can hold. */
export function renderNews(news: News): string {
  let { moves, failures } = news;
  const total = moves.length + failures.length;
  for (;;) {
    const more = news.more + total - moves.length - failures.length;
    const text = JSON.stringify({ ...news, moves, failures, more });
    if (Buffer.byteLength(text) <= MAX_BYTES) return text;
    if (failures.length >= moves.length) failures = firstHalf(failures);
    else moves = firstHalf(moves);
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
