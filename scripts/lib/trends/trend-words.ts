import { type Day, dayOf, daysBetween } from '../core/day.ts';
import {
  formatChange,
  formatCompact,
  formatCount,
  formatPercent,
  formatTimes,
  plural,
} from '../core/format.ts';
import type { Absence, Video } from '../core/snapshot.ts';
import type { Turn } from './day-state.ts';
import {
  changeOf,
  type Elapsed,
  type Growth,
  isPartOfDay,
  type Measure,
  type MeasureGrowth,
  oddHours,
  rankedMeasure,
  type SpanGrowth,
} from './growth.ts';
import type { Move } from './moves.ts';
import { isWithinRounding } from './rounding.ts';
import type { Pace } from './surges.ts';
import type { Total } from './totals.ts';
import type { Trend } from './trends.ts';

/**
 * `+15.2%`, `+1.0%/day over 3 days`, `+4.2%/day over 34 h`, `+4.0% in 14 h`, `≈+0.5%` within rounding,
 * `first day`, `from 0`, `–` unknown.
 */
export function formatGrowth(growth: Growth): string {
  switch (growth.kind) {
    case 'unknown':
      return '–';
    case 'first':
      return 'first day';
    case 'from-zero':
      return `from 0${formatElapsed(growth)}`;
    case 'rate':
      return (
        roundedPercent(growth.perDay, growth) +
        (isPerDay(growth) ? '/day' : '') +
        formatElapsed(growth)
      );
  }
}

/** Only the daily rate, for a column that says so: `+1.0%`, `≈+0.5%`; `–` if it is not known. */
export function formatDailyRate(growth: Growth): string {
  const isKnown = growth.kind === 'rate' && !isPartOfDay(growth);
  return isKnown ? roundedPercent(growth.perDay, growth) : '–';
}

/** Growth over 7 or 30 days: `+15.2%`, `≈+0.5%`; `–` if there is none. */
export function formatSpan(span: SpanGrowth | null): string {
  return span === null ? '–' : roundedPercent(span.rate, span);
}

/**
 * Growth over a whole period: `+15.2%`, `one day`, `from 0`; `+9.1% over 5 days` if it does not
 * cover `usualDays`, `+6.1% over 34 h` if the hours are not what the days say.
 */
export function formatTotalGrowth({ count, growth }: MeasureGrowth, usualDays: number): string {
  if (growth.kind === 'unknown') return '–';
  if (growth.kind === 'first') return 'one day';
  const isUsual = growth.days === usualDays && oddHours(growth) === null;
  const over = isUsual ? '' : formatElapsed(growth) || ' over 1 day';
  if (growth.kind === 'from-zero') return `from 0${over}`;
  const { added } = growth;
  return `${roundedPercent(added / ((count ?? 0) - added), growth)}${over}`;
}

/** How many were added: `+1,204`; `–` if that is unknown. */
export function formatAdded({ growth }: MeasureGrowth): string {
  const change = changeOf(growth);
  return change === null ? '–' : formatChange(change.added);
}

/** `+0.4% (usually +0.3%)`, `≈+0.4%` if it holds changes within rounding; `–` if it is unknown. */
export function formatTogether(total: Total): string {
  const usual = total.usualPerDay === null ? '' : ` (usually ${formatPercent(total.usualPerDay)})`;
  return `${formatTotalRate(total)}${usual}`;
}

/** What a total added: `+1.2K`, `≈+100K` if it holds changes within rounding; `–` if unknown. */
export function formatTotalAdded({ added, hasRounded }: Total): string {
  if (added === null) return '–';
  return `${hasRounded ? '≈' : ''}${added > 0 ? '+' : ''}${formatCompact(added)}`;
}

/** The daily rate of a total: `+0.4%`, `≈+0.4%` if it holds changes within rounding. */
export function formatTotalRate({ perDay, hasRounded }: Total): string {
  return perDay === null ? '–' : `${hasRounded ? '≈' : ''}${formatPercent(perDay)}`;
}

/** Lately, as a multiple of its usual: `3.4 ×`, `≈1.2 ×` within rounding; `–` if it is unknown. */
export function formatTimesUsual(trend: Trend): string {
  const times = trend.pace?.timesUsual ?? null;
  const { count } = rankedMeasure(trend);
  if (trend.pace === null || times === null || count === null) return '–';
  const { added } = trend.pace;
  const isRounded = added !== 0 && isWithinRounding(count - added, count);
  return `${isRounded ? '≈' : ''}${formatTimes(times)} ×`;
}

/** `1 video`, `40 videos`. */
export function formatUnits(count: number, measure: Measure): string {
  return plural(count, measure === 'videos' ? 'video' : 'view');
}

/** True if the figure is shown with ≈. */
export function isMarkedRounded(figure: Growth | SpanGrowth | null): boolean {
  if (figure === null) return false;
  if ('rate' in figure) return figure.isWithinRounding && figure.rate !== 0;
  return figure.kind === 'rate' && figure.isWithinRounding && figure.added !== 0;
}

/**
 * What a hashtag did, without its name: `breakout, 3.4 × its usual: +86,000 in 3 days, usually
 * +25,000 · now 171,720 videos, +16.1%`, `lost 333,696 videos, -2.0%`, `passed 1,000,000 views`.
 * @param emphasize marks important words
 */
export function describeMove(move: Move, emphasize = (text: string) => text): string {
  if (move.kind === 'turn') return emphasize(describeTurn(move.turn));
  const { kind, trend, milestone } = move;
  const { count, growth } = rankedMeasure(trend);
  const unit = trend.rankedBy ?? 'videos';
  const added = changeOf(growth)?.added ?? 0;
  const now = `now ${formatCount(count)} ${unit}`;
  const passed = milestone === null ? [] : [`passed ${formatCount(milestone)} ${unit}`];
  const rate = formatGrowth(growth);
  switch (kind) {
    case 'breakout':
    case 'surging':
      return [describePace(trend.pace, kind, emphasize), `${now}, ${rate}`, ...passed].join(' · ');
    case 'trending': {
      const times = trend.pace?.timesUsual ?? null;
      const beside = times === null ? [] : [`${formatTimes(times)} × its usual`];
      const gain = `trending, ${emphasize(rate)}: ${formatChange(added)}, ${now}`;
      return [gain, ...beside, ...passed].join(' · ');
    }
    case 'falling':
      return `lost ${formatUnits(-added, unit)}, ${emphasize(rate)} · ${now}`;
    case 'cooling': {
      const lately = trend.pace === null ? '' : `: ${describeGain(trend.pace)}`;
      return [`${emphasize('cooling')}, back at its usual${lately}`, now, ...passed].join(' · ');
    }
    case 'milestone':
      return `${emphasize(passed.join())} · ${now}, ${rate}`;
  }
}

/** One sign for each kind of move; a turn has its own. */
export const MOVE_MARKS = {
  breakout: '🚀',
  surging: '🔥',
  trending: '📈',
  falling: '📉',
  cooling: '🧊',
  milestone: '🏁',
};

export function moveMark(move: Move): string {
  if (move.kind === 'turn') return { now: '🆕', back: '↩️', gone: '👋' }[move.turn.kind];
  return MOVE_MARKS[move.kind];
}

/** `surging, 3.4 × its usual: +86,000 in 3 days, usually +25,000`. */
export function describePace(
  pace: Pace | null,
  kind: string,
  emphasize = (text: string) => text,
): string {
  if (pace === null) return emphasize(kind);
  const gain = describeGain(pace);
  if (pace.timesUsual === null) return `${emphasize(kind)}: ${gain}, usually nearly none`;
  const times = emphasize(`${formatTimes(pace.timesUsual)} × its usual`);
  return `${kind}, ${times}: ${gain}, usually ${describeUsual(pace)}`;
}

/** What it usually brings in as many days: `+2,100`. An average: more digits would claim too much. */
export function describeUsual({ usual }: Pace): string {
  const average = Number(usual.toPrecision(2));
  return Math.round(average) === 0 ? 'nearly none' : formatChange(average);
}

function describeGain({ added, days }: Pace): string {
  return `${formatChange(added)} in ${plural(days, 'day')}`;
}

/** What a hashtag that is not found had last: `1,000 videos, 50,000 views on 2026-11-21`. */
export function describeLast(last: NonNullable<Absence['last']>): string {
  const counts = [
    last.videoCount === null ? [] : [plural(last.videoCount, 'video')],
    last.viewCount === null ? [] : [plural(last.viewCount, 'view')],
  ].flat();
  return `${counts.join(', ')} on ${last.day}`;
}

/** What became of a hashtag: `gone from TikTok since 2026-11-22`, `back on TikTok`, `now on TikTok`. */
export function describeTurn({ kind, absence }: Turn): string {
  return kind === 'gone' ? `gone from TikTok since ${absence.since}` : `${kind} on TikTok`;
}

function roundedPercent(fraction: number, growth: SpanGrowth | Growth): string {
  return `${isMarkedRounded(growth) ? '≈' : ''}${formatPercent(fraction)}`;
}

/** True unless the time of a change is one day or less. */
function isPerDay(elapsed: Elapsed): boolean {
  return !isPartOfDay(elapsed) && (elapsed.days > 1 || oddHours(elapsed) !== null);
}

/** ` over 3 days`, ` over 34 h`, ` in 14 h`; nothing for a day. */
function formatElapsed(elapsed: Elapsed): string {
  const hours = oddHours(elapsed);
  if (hours === null) return elapsed.days > 1 ? ` over ${elapsed.days} days` : '';
  const rounded = hours < 1 ? 'under 1 h' : `${formatCount(Math.round(hours))} h`;
  return `${isPartOfDay(elapsed) ? ' in' : ' over'} ${rounded}`;
}

/** `@author`, or that it is unknown. */
export function nameAuthor({ author }: Pick<Video, 'author'>): string {
  return author === null ? 'author unknown' : `@${author}`;
}

/** What a video had on the day: `1,200,000 plays`, and `3 days old`. */
export function describeVideo(video: Video, day: Day, timeZone: string): string[] {
  const { plays } = video;
  const age = ageInDays(video, day, timeZone);
  return [
    plays === null ? 'plays unknown' : plural(plays, 'play'),
    age === null ? 'age unknown' : age === 0 ? 'new today' : `${plural(age, 'day')} old`,
  ];
}

/** The video's page. TikTok finds it by its id, whatever stands in the author's place. */
export function videoUrl({ author, id }: Pick<Video, 'author' | 'id'>): string {
  return `https://www.tiktok.com/@${encodeURIComponent((author ?? '_').toWellFormed())}/video/${encodeURIComponent(id)}`;
}

/** How old a video was on the day; null if it is unknown when it was made. */
export function ageInDays({ createdAt }: Video, day: Day, timeZone: string): number | null {
  const createdMs = Date.parse(createdAt ?? '');
  if (Number.isNaN(createdMs)) return null;
  return Math.max(0, daysBetween(dayOf(createdMs, timeZone), day));
}
