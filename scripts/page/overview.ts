import { html, nothing, type TemplateResult } from 'lit-html';
import { type Day, dayOf, daysBetween } from '../lib/core/day.ts';
import {
  formatChange,
  formatCount,
  formatDates,
  formatList,
  formatLongDay,
  formatPercent,
  plural,
} from '../lib/core/format.ts';
import { groupBy } from '../lib/core/group-by.ts';
import { showHashtag } from '../lib/core/hashtag-name.ts';
import { capitalize } from '../lib/core/text.ts';
import type { SiteInfo } from '../lib/dashboard/site.ts';
import { changeOf, isRealChange, rankedMeasure } from '../lib/trends/growth.ts';
import type { Move } from '../lib/trends/moves.ts';
import type { MovingDay, PeriodTrend } from '../lib/trends/period-trends.ts';
import {
  describeMove,
  formatAdded,
  formatDailyRate,
  formatGrowth,
  formatTotalAdded,
  formatTotalGrowth,
  formatTotalRate,
  moveMark,
} from '../lib/trends/trend-words.ts';
import type { Trend } from '../lib/trends/trends.ts';
import { MAX_LINES, type MeasuredView, type View } from './address.ts';
import { joinDays } from './chart/lines.ts';
import type { Overview } from './data/messages.ts';
import { type GroupFigures, groupFigures } from './group-growth.ts';
import {
  countMembers,
  groupAnchor,
  hashtagAnchor,
  rankedRate,
  renderLeftOut,
  toneOf,
  totalRate,
  type Update,
} from './parts.ts';
import { wordsButton } from './words.ts';

/** A character that no text of the program has. */
const MARK = '\u0001';
const MAX_MOVERS = 8;
const MAX_WINNERS = 5;
const MAX_NAMES = 5;

/** How fresh the data is, and whether anything is missing. */
export function renderHealth(overview: Overview, info: SiteInfo, nowMs: number): TemplateResult {
  const { day, state, trends, tracked, missingDays } = overview;
  const age = daysBetween(day, dayOf(nowMs, info.timeZone));
  const isLate = age > 1;
  const isComplete = state.captured.size + state.absent.length === tracked;
  const missed = state.missed.map(({ hashtag }) => hashtag);
  const names = formatList(missed.map(showHashtag), MAX_NAMES);
  return html`
    <p class="health ${isComplete && !isLate ? '' : 'warn'}">
      <span aria-hidden="true">${isComplete && !isLate ? '✅' : '⚠️'}</span>
      <strong>${formatLongDay(day)}</strong>${describeAge(age)} ·
      ${formatCount(trends.length)} of ${plural(tracked, 'hashtag')}${
        missed.length === 0 ? nothing : html` · <strong>missing: ${names}</strong>`
      }${state.absent.length === 0 ? nothing : ` · ${formatCount(state.absent.length)} not on TikTok`}${
        missingDays.length === 0
          ? nothing
          : ` · ${plural(missingDays.length, 'day')} missing in the last 30: ${formatList(
              joinDays(missingDays, 1).map(({ first, last }) => formatDates(first, last)),
              MAX_NAMES,
            )}`
      }
    </p>`;
}

function describeAge(age: number): string {
  if (age <= 0) return ', today';
  return age === 1 ? ', yesterday' : `, ${plural(age, 'day')} ago`;
}

/** What moved on the newest day, and in the last seven. */
export function renderMoved(overview: Overview, view: View): TemplateResult {
  const { day, trends, moves, week } = overview;
  const usual = trends.filter((trend) => isRealChange(rankedMeasure(trend).growth)).slice(0, 3);
  const isFirst = trends.every(({ rankedBy }) => rankedBy === null);
  if (isFirst) {
    return html`
      <section class="moved" aria-labelledby="moved-title">
        <h2 id="moved-title">What moved</h2>
        <p class="quiet">Growth appears from the second day on. These counts are its starting point.</p>
      </section>`;
  }
  return html`
    <section class="moved" aria-labelledby="moved-title">
      <h2 id="moved-title">What moved</h2>
      <div class="columns">
        <div>
          <h3>${describeDay(day)}</h3>
          ${
            moves.length > 0
              ? nothing
              : html`<p class="quiet">A usual day${usual.length > 0 ? '. The fastest:' : ': nothing grew by more than rounding.'}</p>`
          }
          <ul class="movers">
            ${moves.slice(0, MAX_MOVERS).map((move) => renderMove(move, view))}
            ${moves.length > 0 ? nothing : usual.map((trend) => renderUsual(trend, view))}
          </ul>
          ${moves.length > MAX_MOVERS ? html`<p class="quiet">and ${formatCount(moves.length - MAX_MOVERS)} more</p>` : nothing}
        </div>
        <div>
          <h3>Last 7 days</h3>
          ${renderWeek(week, view)}
        </div>
      </div>
    </section>`;
}

function describeDay(day: Day): string {
  const style = { timeZone: 'UTC', weekday: 'long', day: 'numeric', month: 'long' } as const;
  return new Date(day).toLocaleDateString('en-GB', style);
}

/** A move in the words of the report. */
function renderMove(move: Move, view: View): TemplateResult {
  const tone = move.kind === 'turn' ? 0 : (rankedRate(move.trend) ?? 0);
  // Every other part stands between two marks, so it is important.
  const emphasized = describeMove(move, (words) => `${MARK}${words}${MARK}`)
    .split(MARK)
    .map((part, i) => (i % 2 === 0 ? part : html`<strong>${part}</strong>`));
  return html`<li>
    <span aria-hidden="true">${moveMark(move)}</span> ${hashtagAnchor(move.hashtag, view)}
    <span class=${move.kind === 'falling' ? toneOf(tone) : ''}>${emphasized}</span>
  </li>`;
}

function renderUsual(trend: Trend, view: View): TemplateResult {
  const measure = rankedMeasure(trend);
  return html`<li>
    ${hashtagAnchor(trend.hashtag, view)}
    <strong class=${toneOf(rankedRate(trend))}>${trend.rankedBy} ${formatGrowth(measure.growth)}</strong>
    <span class="details">${formatAdded(measure)}, now ${formatCount(measure.count)}</span>
  </li>`;
}

function renderWeek(week: PeriodTrend[], view: View): TemplateResult {
  const changed = week.filter((trend) => isRealChange(rankedMeasure(trend).growth));
  const added = (trend: PeriodTrend) => changeOf(rankedMeasure(trend).growth)?.added ?? 0;
  const winners = changed.filter((trend) => added(trend) > 0).slice(0, MAX_WINNERS);
  const losers = changed
    .filter((trend) => added(trend) < 0)
    .toReversed()
    .slice(0, 2);
  if (winners.length + losers.length === 0) {
    return html`<p class="quiet">Nothing grew by more than rounding.</p>`;
  }
  return html`<ul class="movers">
    ${[...winners, ...losers].map((trend) => {
      const measure = rankedMeasure(trend);
      const days = trend.movingDays.filter(({ signal }) => signal !== 'cooling');
      return html`<li>
        ${hashtagAnchor(trend.hashtag, view)}
        <strong class=${toneOf(added(trend))}>${trend.rankedBy} ${formatTotalGrowth(measure, 7)}</strong>
        <span class="details">${formatChange(added(trend))}, now ${formatCount(measure.count)}${countSignals(days)}</span>
      </li>`;
    })}
  </ul>`;
}

/** ` · surging on 1 day, breakout on 2 days`: how often each signal was there, the first one first. */
function countSignals(days: MovingDay[]): string {
  if (days.length === 0) return '';
  const counts = [...groupBy(days, ({ signal }) => signal)];
  return ` · ${counts.map(([signal, some]) => `${signal} on ${plural(some.length, 'day')}`).join(', ')}`;
}

/** The groups side by side, the fastest of the week first. */
export function renderGroups(
  overview: Overview,
  info: SiteInfo,
  view: MeasuredView,
  update: Update,
): TemplateResult | typeof nothing {
  if (info.groups.length === 0) return nothing;
  const figures = info.groups
    .map((group) => groupFigures(group, overview, info, view.measure))
    .toSorted(
      (a, b) =>
        (b.over7Days ?? Number.NEGATIVE_INFINITY) - (a.over7Days ?? Number.NEGATIVE_INFINITY),
    );
  const percent = (rate: number | null) => (rate === null ? '–' : formatPercent(rate));
  const cell = (rate: number | null) =>
    html`<td class="number ${toneOf(rate)}">${percent(rate)}</td>`;
  const isFull = view.tags.length + view.groups.length >= MAX_LINES;
  const toggle = ({ group }: GroupFigures) =>
    update({
      groups: view.groups.includes(group)
        ? view.groups.filter((other) => other !== group)
        : [...view.groups, group],
    });
  return html`
    <section aria-labelledby="groups-title">
      <div class="bar"><h2 id="groups-title">Groups</h2>${wordsButton()}</div>
      <div class="scroll" role="group" aria-labelledby="groups-title" tabindex="0">
        <table class="groups">
          <thead><tr>
            <th scope="col" class="check"><span class="hidden">In the chart</span></th>
            <th scope="col">Group</th>
            <th scope="col" class="number">7 days</th>
            <th scope="col" class="number">30 days</th>
            <th scope="col" class="number">Growth</th>
            <th scope="col" class="number wide">Usually</th>
            <th scope="col" class="number wide">${capitalize(view.measure)}</th>
            <th scope="col" class="number wide">New</th>
            <th scope="col" class="wide">Fastest</th>
          </tr></thead>
          <tbody>
            ${figures.map(
              (one) => html`<tr>
              <td class="check"><label><input type="checkbox" aria-label="Show the group ${one.group} in the chart"
                .checked=${view.groups.includes(one.group)} ?disabled=${isFull && !view.groups.includes(one.group)}
                @change=${() => toggle(one)}></label></td>
              <th scope="row">${groupAnchor(one.group, view)} <span class="quiet">${countMembers(one)}</span></th>
              ${cell(one.over7Days)} ${cell(one.over30Days)}
              <td class="number ${toneOf(totalRate(one.total))}">${one.total === null ? '–' : formatTotalRate(one.total)}</td>
              <td class="number wide">${percent(one.total?.usualPerDay ?? null)}</td>
              <td class="number wide">${formatCount(one.total?.count ?? null)}</td>
              <td class="number wide">${one.total === null ? '–' : formatTotalAdded(one.total)}</td>
              <td class="wide">${one.fastest === null ? '–' : html`${hashtagAnchor(one.fastest.hashtag, view)} <span class="quiet">${formatDailyRate(rankedMeasure(one.fastest).growth)}</span>`}</td>
            </tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${figures.map(renderLeftOut)}
    </section>`;
}
