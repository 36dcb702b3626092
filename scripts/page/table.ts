import { html, nothing, type TemplateResult } from 'lit-html';
import { formatCount, formatDate, plural } from '../lib/core/format.ts';
import { showHashtag } from '../lib/core/hashtag-name.ts';
import type { SiteInfo } from '../lib/dashboard/site.ts';
import { rankedMeasure } from '../lib/trends/growth.ts';
import {
  formatAdded,
  formatGrowth,
  formatSpan,
  formatTimesUsual,
  MOVE_MARKS,
} from '../lib/trends/trend-words.ts';
import type { Trend } from '../lib/trends/trends.ts';
import { MAX_LINES, type View } from './address.ts';
import {
  badge,
  hashtagAnchor,
  rankedRate,
  rateOf,
  smallCurve,
  toneOf,
  type Update,
} from './parts.ts';
import { createBodies } from './table-bodies.ts';
import { chooseRows, isAscending, type TableRow } from './table-rows.ts';
import { wordsButton } from './words.ts';

/** Rows that are shown at first; a phone needs long for a thousand. */
const FIRST_ROWS = 100;

/** A column: its key in the address (empty: it can't be sorted), heading, class, and cell. */
type Column = [key: string, heading: string, kind: string, cell: (trend: Trend) => unknown];

const COLUMNS: Column[] = [
  ['signal', 'Signal', 'signal', (trend) => badge(trend.signal)],
  [
    'growth',
    'Growth',
    'number',
    (trend) =>
      html`<span class=${toneOf(rankedRate(trend))}>${formatGrowth(rankedMeasure(trend).growth)}</span>${trend.rankedBy === 'views' ? html` <span class="by">views</span>` : nothing}`,
  ],
  ['week', '7 days', 'number', (trend) => spanCell(trend, 'over7Days')],
  ['month', '30 days', 'number', (trend) => spanCell(trend, 'over30Days')],
  ['times', '× usual', 'number', (trend) => formatTimesUsual(trend)],
  ['', 'Daily gain', '', smallCurve],
  ['videos', 'Videos', 'number', ({ videos }) => formatCount(videos.count)],
  ['new', 'New', 'number', ({ videos }) => formatAdded(videos)],
  ['views', 'Views', 'number', ({ views }) => formatCount(views.count)],
  ['new-views', 'New views', 'number', ({ views }) => formatAdded(views)],
  [
    'views-growth',
    'Views growth',
    'number',
    ({ views }) => html`<span class=${toneOf(rateOf(views))}>${formatGrowth(views.growth)}</span>`,
  ],
];

function spanCell(trend: Trend, span: 'over7Days' | 'over30Days') {
  const figure = rankedMeasure(trend)[span];
  const rate = figure === null || figure.isWithinRounding ? null : figure.rate;
  return html`<span class=${toneOf(rate)}>${formatSpan(figure)}</span>`;
}

const bodiesOf = createBodies();

/** The table of all hashtags, or of those of a group, with its search and filter. */
export function renderTable(
  rows: TableRow[],
  info: SiteInfo,
  view: View,
  update: Update,
  showChart: () => void,
): TemplateResult {
  const found = chooseRows(rows, view);
  const visible = view.hasAllRows ? found : found.slice(0, FIRST_ROWS);
  const groups = view.group === null ? info.groups : [];
  const isMixed = rows.some(({ trend }) => trend?.rankedBy === 'videos');
  return html`
    <section aria-labelledby="table-title">
      <div class="bar">
        <h2 id="table-title">${view.group === null ? 'All hashtags' : 'Its hashtags'}</h2>
        <label class="search"><span class="hidden">Search hashtags</span>
          <input type="search" placeholder="Search" autocomplete="off" spellcheck="false" dir="auto"
            .value=${view.search}
            @input=${(event: InputEvent) => update({ search: (event.target as HTMLInputElement).value })}></label>
        ${
          groups.length === 0
            ? nothing
            : html`<select aria-label="Group" @change=${(event: Event) => update({ only: (event.target as HTMLSelectElement).value || null })}>
            <option value="" .selected=${view.only === null}>All groups</option>
            ${groups.map((group) => html`<option value=${group} .selected=${view.only === group}>${group}</option>`)}
          </select>`
        }
        <span class="quiet" role="status">${plural(found.length, 'hashtag')}</span>
        ${groups.length === 0 && view.group === null ? wordsButton() : nothing}
      </div>
      ${view.group === null ? comparisonHint(view) : nothing}
      <div class="scroll" role="group" aria-labelledby="table-title" tabindex="0">
        <table class=${isMixed ? 'hashtags mixed' : 'hashtags'} role="table" aria-rowcount=${found.length + 1}>
          <thead role="rowgroup"><tr role="row">
            <th scope="col" role="columnheader" class="check"><span class="hidden">In the chart</span></th>
            ${renderHeading('rank', 'Rank', 'rank', view, update)}
            ${renderHeading('hashtag', 'Hashtag', 'name', view, update)}
            ${COLUMNS.map(([key, heading, kind]) => renderHeading(key, heading, kind, view, update))}
          </tr></thead>
          ${bodiesOf(
            visible.map((row) => ({
              key: row.name,
              inputs: [
                row,
                view.tags.includes(row.name),
                isFull(view),
                view.measure,
                view.scale,
                view.range,
              ],
              renderCells: () => renderCells(row, view, update),
            })),
          )}
        </table>
      </div>
      ${found.length === 0 ? html`<p class="quiet">No hashtag has such a name${view.only === null ? '' : ' in this group'}.</p>` : nothing}
      ${
        visible.length < found.length
          ? html`<button type="button" class="more" @click=${() => update({ hasAllRows: true })}>Show all ${formatCount(found.length)}</button>`
          : nothing
      }
      ${renderChosen(view, update, showChart)}
    </section>`;
}

/** What to do while only one line is in the chart. */
function comparisonHint({ tags, groups }: View) {
  const [first, ...others] = [...tags.map(showHashtag), ...groups];
  if (first === undefined || others.length > 0) return nothing;
  return html`<p class="quiet">Tick the hashtags that you want to compare with <bdi>${first}</bdi>.</p>`;
}

/** Brings the table's search into sight, and the keyboard to it. */
export function revealSearch(): void {
  const field = document.querySelector<HTMLElement>('.search input');
  field?.closest('section')?.scrollIntoView();
  field?.focus({ preventScroll: true });
}

/** What is in the chart, which may be out of sight. */
function renderChosen({ tags, groups }: View, update: Update, showChart: () => void) {
  const count = tags.length + groups.length;
  if (count === 0) return nothing;
  return html`<div class="chosen-bar">
    <span>${count === MAX_LINES ? `${count}, the most` : formatCount(count)} in the chart</span>
    <button type="button" @click=${showChart}>See the chart</button>
    <button type="button" @click=${() => update({ tags: [], groups: [] })}>Clear</button>
  </div>`;
}

/** Whether the chart has no room for another line. */
function isFull({ tags, groups }: View): boolean {
  return tags.length + groups.length >= MAX_LINES;
}

function renderHeading(key: string, heading: string, kind: string, view: View, update: Update) {
  if (key === '') return html`<th scope="col" role="columnheader">${heading}</th>`;
  const isSorted = view.sort === key;
  const direction = !isSorted ? 'none' : isAscending(view) ? 'ascending' : 'descending';
  const arrow = !isSorted ? '' : isAscending(view) ? '▲' : '▼';
  const sort = () => update({ sort: key, isReversed: isSorted && !view.isReversed });
  return html`<th scope="col" role="columnheader" class=${kind} aria-sort=${direction}><button type="button" @click=${sort}>${heading}<span class="arrow" aria-hidden="true">${arrow}</span></button></th>`;
}

/** What stands in a row. */
function renderCells(row: TableRow, view: View, update: Update): TemplateResult {
  const { name, trend, why, lastSeen } = row;
  const isChosen = view.tags.includes(name);
  const toggle = () =>
    update(({ tags }) => ({
      tags: tags.includes(name) ? tags.filter((tag) => tag !== name) : [...tags, name],
    }));
  const signal = trend?.signal ?? null;
  return html`
    <td role="cell" class="check"><label><input type="checkbox" aria-label="Show ${showHashtag(name)} in the chart" .checked=${isChosen} ?disabled=${isFull(view) && !isChosen} @change=${toggle}></label></td>
    <td role="cell" class="rank">${trend?.rank ?? '–'}</td>
    <th scope="row" role="rowheader" class="name">${signal === null ? nothing : html`<span class="mark" aria-hidden="true">${MOVE_MARKS[signal]}</span>`}${hashtagAnchor(name, view)}</th>
    ${
      trend === null
        ? html`<td role="cell" class="quiet why" aria-colspan="11">${why}${lastSeen === null ? '' : `; last ${formatCount(lastSeen.videoCount)} videos and ${formatCount(lastSeen.viewCount)} views on ${formatDate(lastSeen.day)}`}</td>`
        : html`
    ${COLUMNS.map(([, , kind, cell]) => html`<td role="cell" class=${kind}>${cell(trend)}</td>`)}`
    }`;
}
