import { html, nothing, svg, type TemplateResult } from 'lit-html';
import type { Day } from '../lib/core/day.ts';
import { formatCount, formatDates, formatList } from '../lib/core/format.ts';
import { showHashtag } from '../lib/core/hashtag-name.ts';
import { type HashtagGrowth, type MeasureGrowth, rankedMeasure } from '../lib/trends/growth.ts';
import type { Signal } from '../lib/trends/signals.ts';
import type { Total } from '../lib/trends/totals.ts';
import { MOVE_MARKS } from '../lib/trends/trend-words.ts';
import type { MeasureTrend, Trend } from '../lib/trends/trends.ts';
import { DEFAULT_VIEW, formatAddress, type View } from './address.ts';
import { addedEachDay } from './chart/lines.ts';
import type { GroupFigures } from './group-growth.ts';

const MOST_LEFT_OUT = 5;

/** Changes what is shown, and the address with it. */
export type Update = (change: Partial<View> | ((view: View) => Partial<View>)) => void;

/** A link to the hashtag's own view, in which the chart shows the same measure and range. */
export function hashtagAnchor(name: string, view: View): TemplateResult {
  return html`<a href=${formatAddress({ ...chartOf(view), hashtag: name })}><bdi>${showHashtag(name)}</bdi></a>`;
}

/** A link to the group's own view. */
export function groupAnchor(group: string, view: View): TemplateResult {
  return html`<a href=${formatAddress({ ...chartOf(view), group })}><bdi>${group}</bdi></a>`;
}

function chartOf({ measure, scale, range }: View): View {
  return { ...DEFAULT_VIEW, measure, scale, range };
}

/** A day, or all days up to another, not broken into two lines. */
export function time(first: Day, last = first): TemplateResult {
  return html`<time>${formatDates(first, last)}</time>`;
}

/** How many hashtags a group has: `3`, or `2 of 3` if only some have counts of the day. */
export function countMembers({ captured, members }: GroupFigures): string {
  return captured === members
    ? formatCount(members)
    : `${formatCount(captured)} of ${formatCount(members)}`;
}

/** Which hashtags the change of a group's sum is without. */
export function renderLeftOut({ group, leftOut, total }: GroupFigures) {
  if (leftOut.length === 0 || total?.added == null) return nothing;
  const names = formatList(leftOut.map(showHashtag), MOST_LEFT_OUT);
  return html`<p class="quiet small">New and Growth of <bdi>${group}</bdi> are without ${names}: a count is missing on this day or on the one before.</p>`;
}

/** The signal as a small label. */
export function badge(signal: Signal | null): TemplateResult | typeof nothing {
  if (signal === null) return nothing;
  return html`<span class="badge"><span aria-hidden="true">${MOVE_MARKS[signal]}</span> ${signal}</span>`;
}

/** The colour of a figure that grew or fell. */
export function toneOf(value: number | null | undefined): string {
  return value == null || value === 0 ? '' : value > 0 ? 'up' : 'down';
}

/** The daily rate of a growth; null if there is none. */
export function rateOf({ growth }: MeasureGrowth): number | null {
  return growth.kind === 'rate' ? (growth.isWithinRounding ? 0 : growth.perDay) : null;
}

/** The daily rate of a total; null if there is none. One that may be rounding has no direction. */
export function totalRate(total: Total | null): number | null {
  return total === null || total.hasRounded ? null : total.perDay;
}

export function rankedRate(trend: HashtagGrowth<MeasureTrend>): number | null {
  return trend.rankedBy === null ? null : rateOf(rankedMeasure(trend));
}

const BAR = { width: 2, gap: 1, height: 22 };

/** A bar for what each of the last days added; a day that is not known has none. */
export function smallCurve({ last30Days }: Trend): TemplateResult {
  const added = addedEachDay(last30Days);
  const known = added.filter((value) => value !== null);
  const [most, least] = [Math.max(0, ...known), Math.min(0, ...known)];
  const span = most - least || 1;
  const y = (value: number) => ((most - value) / span) * (BAR.height - 1);
  const step = BAR.width + BAR.gap;
  const bars = added.map((value, i) => {
    if (value === null) return '';
    const [top, bottom] = [y(Math.max(value, 0)), y(Math.min(value, 0)) + 1];
    return `M${i * step},${top.toFixed(1)}h${BAR.width}V${bottom.toFixed(1)}h-${BAR.width}z`;
  });
  const width = added.length * step - BAR.gap;
  return html`<svg class="curve" width=${width} height=${BAR.height} viewBox="0 0 ${width} ${BAR.height}" aria-hidden="true">${svg`<path d=${bars.slice(0, -1).join('')} /><path class="last" d=${bars.at(-1) ?? ''} />`}</svg>`;
}
