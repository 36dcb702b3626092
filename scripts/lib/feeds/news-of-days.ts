import type { Day } from '../core/day.ts';
import { formatList, plural } from '../core/format.ts';
import { groupBy } from '../core/group-by.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import type { Period } from '../core/period.ts';
import type { PeriodRecord } from '../core/snapshot.ts';
import { compareText } from '../core/text.ts';
import { changeOf, isRealChange, rankedMeasure } from '../trends/growth.ts';
import { computePeriodTrends, type MovingDay, type PeriodTrend } from '../trends/period-trends.ts';
import type { Signal } from '../trends/signals.ts';
import { describePace, formatGrowth, formatTotalGrowth } from '../trends/trend-words.ts';
import type { Threshold } from '../trends/trends.ts';

/** Something to tell: a title, and a line for each thing, with the hashtag that it is about. */
export type News = {
  title: string;
  lines: { hashtag: string; text: string }[];
  /** How many lines are left out, because a reader loads all entries at once. */
  more: number;
};

/** What feeds tell of, the strongest first. A trend without a surge is too little. */
const TOLD: Signal[] = ['breakout', 'surging', 'cooling'];
const MAX_NAMES = 5;
const MAX_MOVERS = 5;
const MAX_LINES = 30;

/**
 * The days of a period with news: something surged, broke out, cooled, appeared or failed.
 * @param missedOn the hashtags that the runs of a day missed
 */
export function findDailyNews(
  record: PeriodRecord,
  thresholdOf: (hashtag: string) => Threshold,
  missedOn: (day: Day) => string[],
): Map<Day, News> {
  const { period, history, firstDay } = record;
  const moves = computePeriodTrends(history, period, thresholdOf).flatMap(
    ({ hashtag, movingDays }) => movingDays.map((move) => ({ hashtag, ...move })),
  );
  const movesOn = groupBy(
    moves.filter(({ signal }) => TOLD.includes(signal)),
    ({ day }) => day,
  );
  const firstDays = new Map<string, Day>();
  for (const { hashtag, day } of history) {
    if (!firstDays.has(hashtag)) firstDays.set(hashtag, day);
  }
  // On the first day of all, every hashtag is new, and that is no news.
  const newOn = groupBy(
    [...firstDays].filter(([, day]) => day > firstDay),
    ([, day]) => day,
  );
  const days = [...new Set(history.map(({ day }) => day))].filter((day) => day >= period.first);
  return new Map(
    days.sort(compareText).flatMap((day) => {
      const news = composeNews(
        movesOn.get(day) ?? [],
        (newOn.get(day) ?? []).map(([hashtag]) => hashtag),
        missedOn(day),
      );
      return news.lines.length === 0 ? [] : [[day, { ...news, title: `${day}: ${news.title}` }]];
    }),
  );
}

function composeNews(
  moves: ({ hashtag: string } & MovingDay)[],
  appeared: string[],
  missed: string[],
): News {
  const names = (hashtags: string[]) => formatList(hashtags.map(showHashtag), MAX_NAMES);
  const bySignal = TOLD.map((signal) => ({
    signal,
    found: moves.filter((move) => move.signal === signal),
  })).filter(({ found }) => found.length > 0);
  const titles = [
    ...bySignal.map(
      ({ signal, found }) => `${names(found.map(({ hashtag }) => hashtag))} ${signal}`,
    ),
    ...(appeared.length > 0 ? [`${names(appeared)} new`] : []),
    ...(missed.length > 0 ? [`${plural(missed.length, 'hashtag')} missed`] : []),
  ];
  const all = [
    ...bySignal.flatMap(({ found }) => found.map(describeMove)),
    ...appeared.map((hashtag) => ({ hashtag, text: 'counted for the first time' })),
    ...missed.map((hashtag) => ({ hashtag, text: 'missed' })),
  ];
  const lines = all.slice(0, MAX_LINES);
  return { title: titles.join(' · '), lines, more: all.length - lines.length };
}

function describeMove({ hashtag, signal, growth, pace }: { hashtag: string } & MovingDay) {
  const words = signal === 'cooling' ? 'cooling, back at its usual' : describePace(pace, signal);
  return { hashtag, text: `${words} · ${formatGrowth(growth)}` };
}

/** What a week brought: its winners and losers. Null if nothing grew by more than rounding. */
export function findWeeklyNews(
  { period, history }: PeriodRecord,
  thresholdOf: (hashtag: string) => Threshold,
): News | null {
  const changed = computePeriodTrends(history, period, thresholdOf).filter((trend) =>
    isRealChange(rankedMeasure(trend).growth),
  );
  const added = (trend: PeriodTrend) => changeOf(rankedMeasure(trend).growth)?.added ?? 0;
  const winners = changed.filter((trend) => added(trend) > 0).slice(0, MAX_MOVERS);
  const losers = changed
    .filter((trend) => added(trend) < 0)
    .slice(-MAX_MOVERS)
    .reverse();
  const [first] = [...winners, ...losers];
  if (first === undefined) return null;
  const describe = (trend: PeriodTrend) => ({
    hashtag: trend.hashtag,
    text: `${trend.rankedBy} ${formatTotalGrowth(rankedMeasure(trend), 7)}`,
  });
  return {
    title: `${nameWeek(period)}: ${showHashtag(first.hashtag)} ${describe(first).text}`,
    lines: [...winners, ...losers].map(describe),
    more: 0,
  };
}

function nameWeek({ name }: Period): string {
  return `Week ${Number(name.slice(6))} of ${name.slice(0, 4)}`;
}
