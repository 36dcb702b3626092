import { html, nothing, render, type TemplateResult } from 'lit-html';
import { addDays, type Day, isDay } from '../../lib/core/day.ts';
import { formatDates, formatLongDay } from '../../lib/core/format.ts';
import { capitalize } from '../../lib/core/text.ts';
import { DEFAULT_VIEW, type MeasuredView, MODES, type Mode, RANGES } from '../address.ts';
import { notify } from '../notice.ts';
import { time, type Update } from '../parts.ts';
import { createChart } from './chart.ts';
import {
  daysOf,
  describeDots,
  describePoint,
  describeSpan,
  type Line,
  OLDER_COUNTS_NOTE,
  valuesOf,
} from './lines.ts';
import { savePicture } from './picture.ts';

const MODE_WORDS: Record<Mode, string> = {
  total: 'Total',
  added: 'Added a day',
  growth: 'Growth',
  indexed: 'Indexed to 100',
};
const RANGE_WORDS = {
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  '1y': '1 year',
  all: 'All',
};

/** A chart that is narrower is on a phone. */
const NARROW = 600;
/** Who sees this share of the chart sees it. */
const SHARE_IN_SIGHT = 0.3;
/** A longer table scrolls in itself. */
const MOST_DAYS_UNFOLDED = 31;

/** What the panel shows, and how it changes that. */
export type PanelContent = {
  lines: Line[];
  /** True while histories are on their way. */
  isLoading: boolean;
  lastDay: Day;
  view: MeasuredView;
  update: Update;
  /** How a line leaves the chart; null if it can't. */
  remove: ((key: string) => void) | null;
  /** What stands below the chart, at its left. */
  hint: unknown;
};

/** Creates the chart with its controls, tooltip, keyboard and table. */
export function createPanel() {
  const host = document.createElement('div');
  host.className = 'plot';
  const tooltip = document.createElement('div');
  tooltip.className = 'tooltip';
  tooltip.hidden = true;
  let content: PanelContent | null = null;
  let pointed: number | null = null;
  let spoken = '';
  let drawn: unknown[] = [];
  let redraw = () => {};

  const chart = createChart(host, onPoint, (from, to) => content?.update({ range: { from, to } }));

  function onPoint(index: number | null, left: number, top: number): void {
    pointed = index;
    const day = index === null ? undefined : days()[index];
    tooltip.hidden = day === undefined;
    if (day === undefined || content === null) return;
    render(renderTooltip(day, content, days()), tooltip);
    // Beside the pointer, on the side that has room, and within the chart. Beside a finger is no room:
    // there it stands above the chart, if that is in sight.
    const isNarrow = host.clientWidth < NARROW;
    const x = left + 58 > host.clientWidth / 2 ? left + 46 - tooltip.offsetWidth : left + 74;
    const within = (place: number, room: number) => Math.round(Math.max(0, Math.min(place, room)));
    const across = within(x, host.clientWidth - tooltip.offsetWidth);
    const above = Math.min(host.getBoundingClientRect().top, tooltip.offsetHeight);
    const down = isNarrow
      ? -Math.max(0, Math.round(above))
      : within(top, host.clientHeight - tooltip.offsetHeight);
    tooltip.style.transform = `translate(${across}px, ${down}px)`;
  }

  new IntersectionObserver(
    (entries) => {
      const share = entries.at(-1)?.intersectionRatio ?? 0;
      document.body.classList.toggle('chart-in-sight', share >= SHARE_IN_SIGHT);
    },
    { threshold: SHARE_IN_SIGHT },
  ).observe(host);

  const days = () =>
    content === null ? [] : daysOf(content.view.range, content.lines, content.lastDay);

  const onKey = (event: KeyboardEvent) => {
    const last = days().length - 1;
    const step = event.shiftKey ? 7 : 1;
    const from = pointed ?? last + 1;
    const targets: Record<string, number | null> = {
      ArrowLeft: Math.max(0, from - step),
      ArrowRight: Math.min(last, (pointed ?? -1) + step),
      Home: 0,
      End: last,
      Escape: null,
    };
    const target = targets[event.key];
    if (target === undefined || content === null) return;
    event.preventDefault();
    chart.pointAt(target);
    const day = target === null ? undefined : days()[target];
    spoken = day === undefined ? '' : describeDay(day, content, days());
    redraw();
  };

  const copyLink = async () => {
    const isLocal = /^(localhost|127\.|\[::1\])/.test(location.hostname);
    const scope = isLocal ? ' It works on this computer only.' : '';
    const copied = await navigator.clipboard.writeText(location.href).then(
      () => true,
      () => false,
    );
    notify(
      copied
        ? `The link is copied.${scope}`
        : 'The browser did not allow it. Copy the address instead.',
    );
  };

  const save = async () => {
    if (content === null) return;
    const { lines, view, lastDay } = content;
    const [mode, shown] = [modeOf(content), days()];
    await savePicture(
      { lines, days: shown, mode, scale: view.scale },
      {
        title: nameContent(view, mode),
        dates: formatDates(shown[0] ?? lastDay, shown.at(-1) ?? lastDay),
        legend: lines.map((line) => ({ label: line.label, figure: figureOf(line, shown, view) })),
        dots: describeDots(lines, shown, mode),
        name: ['tiktok', ...lines.map(({ key }) => key), shown.at(-1) ?? lastDay].join('-'),
      },
    ).catch(() => notify('The browser could not make the picture.'));
  };

  return {
    /** The panel. After it stands in the page, `draw` draws the chart. */
    render(next: PanelContent, onChange: () => void): TemplateResult {
      content = next;
      redraw = onChange;
      const { lines, view, update, remove, isLoading, hint } = next;
      const mode = modeOf(next);
      const shown = days();
      const dots = describeDots(lines, shown, mode);
      const hasLines = lines.some((line) => isDrawn(line, shown));
      const isLogPossible = mode === 'total' || mode === 'indexed';
      return html`
        <section class="chart" aria-labelledby="chart-title">
          <div class="bar"><h2 id="chart-title">${nameContent(view, mode)}</h2></div>
          <div class="controls">
            ${choice('Measure', ['videos', 'views'], view.measure, capitalize, (measure) => update({ measure }))}
            ${choice(
              'Show',
              MODES,
              mode,
              (option) => MODE_WORDS[option],
              (option) => update({ mode: option }),
            )}
            ${isLogPossible ? choice('Scale', ['linear', 'log'], view.scale, capitalize, (scale) => update({ scale })) : nothing}
            ${choice(
              'Range',
              RANGES,
              typeof view.range === 'string' ? view.range : null,
              (option) => RANGE_WORDS[option],
              (range) => update({ range }),
            )}
          </div>
          <ul class="legend" aria-label="Lines of the chart">
            ${lines.map(
              (line, i) =>
                html`<li><span class="key line-${i}" aria-hidden="true"></span><bdi>${line.label}</bdi> <span class="quiet">${
                  isLoading && !isDrawn(line, shown) ? '' : figureOf(line, shown, view)
                }</span>${
                  remove === null
                    ? nothing
                    : html`<button type="button" class="remove" aria-label="Remove ${line.label} from the chart" @click=${() => remove(line.key)}>×</button>`
                }</li>`,
            )}
            ${
              dots === null
                ? nothing
                : html`<li class="quiet"><span class="dot" aria-hidden="true"></span>${dots}</li>`
            }
          </ul>
          <div class=${hasLines ? 'stage' : 'stage blank'} tabindex="0" role="group" aria-roledescription="chart"
            aria-label=${describeChart(next, mode)} aria-describedby="chart-help" @keydown=${onKey}
            @blur=${() => chart.pointAt(null)}>
            ${host}${tooltip}
            ${hasLines ? nothing : html`<p class="empty">${isLoading ? 'Loading …' : `There are no ${view.measure} to draw in these days.`}</p>`}
          </div>
          <p id="chart-help" class="hidden">Left and right arrow keys go from day to day, with Shift from week to week, Home and End to the first and last day.</p>
          <p class="hidden" aria-live="polite">${spoken}</p>
          <div class="bar below">
            <span class="quiet hint">${hint}</span>
            ${dateInputs(next)}
            <button type="button" @click=${copyLink}>Copy link</button>
            <button type="button" @click=${save}>Save as picture</button>
            <a class="whole" href=${location.pathname + location.hash} target="_blank" rel="noopener">Open the whole page</a>
          </div>
          <details ?open=${view.hasData} @toggle=${(event: Event) => {
            const hasData = (event.target as HTMLDetailsElement).open;
            if (hasData !== content?.view.hasData) update({ hasData });
          }}>
            <summary>The same data as a table</summary>
            ${view.hasData ? renderData(next) : nothing}
          </details>
        </section>`;
    },
    /** Brings the chart into sight, and the keyboard to it. */
    reveal(): void {
      host.closest('section')?.scrollIntoView();
      host.closest<HTMLElement>('.stage')?.focus({ preventScroll: true });
    },
    draw(): void {
      if (content === null) return;
      const { lines, view, lastDay } = content;
      const mode = modeOf(content);
      // Nothing else changes what is drawn, and drawing would make the browser lay out the page.
      const inputs = [...lines, mode, view.scale, view.range, lastDay];
      const isSame = inputs.length === drawn.length && inputs.every((one, i) => one === drawn[i]);
      drawn = inputs;
      if (!isSame) chart.draw({ lines, days: days(), mode, scale: view.scale });
    },
  };

  function renderData(next: PanelContent): TemplateResult {
    const { lines } = next;
    const shown = days();
    const isIndexed = modeOf(next) === 'indexed';
    const indexes = lines.map((line) => valuesOf(line, shown, 'indexed'));
    const indexCell = (line: number, day: number) =>
      isIndexed
        ? html`<td class="number">${formatIndex(indexes[line]?.[day] ?? null)}</td>`
        : nothing;
    const isLong = shown.length > MOST_DAYS_UNFOLDED;
    return html`<div class=${isLong ? 'scroll data long' : 'scroll data'} role="group" aria-label="The data of the chart" tabindex="0">
      <table>
        <thead><tr><th scope="col">Day</th>${lines.map(({ label }) => html`<th scope="col" class="number"><bdi>${label}</bdi></th>${isIndexed ? html`<th scope="col" class="number">Index</th>` : nothing}<th scope="col" class="number">New</th><th scope="col" class="number rate">Growth</th>`)}</tr></thead>
        <tbody>${shown
          .map(
            (day, i) =>
              html`<tr><th scope="row">${time(day)}</th>${lines.map(({ points }, at) => {
                const [count, added = '–', growth = '–'] = describePoint(points.get(day));
                return points.has(day)
                  ? html`<td class="number">${count}</td>${indexCell(at, i)}<td class="number">${added}</td><td class="number rate">${growth}</td>`
                  : html`<td class="number quiet">–</td>${indexCell(at, i)}<td class="number quiet">–</td><td class="number quiet">–</td>`;
              })}</tr>`,
          )
          .toReversed()}</tbody>
      </table>
    </div>${hasOlderCounts(lines, shown) ? html`<p class="quiet small">${OLDER_COUNTS_NOTE}</p>` : nothing}`;
  }
}

function isDrawn({ points }: Line, days: Day[]): boolean {
  return days.some((day) => points.has(day));
}

/** What the legend says of a line. */
function figureOf(line: Line, days: Day[], { measure, range }: MeasuredView): string {
  return isDrawn(line, days) ? (describeSpan(line, days, range) ?? '') : `no ${measure}`;
}

/** What the lines show: several hashtags are compared from the same start. */
function modeOf({ view, lines }: PanelContent): Mode {
  return view.mode ?? (lines.length > 1 ? 'indexed' : 'total');
}

/** The figures of a day; an index first where the lines show it. */
function renderTooltip(day: Day, content: PanelContent, days: Day[]): TemplateResult {
  const { lines, view } = content;
  const isIndexed = modeOf(content) === 'indexed';
  const at = days.indexOf(day);
  return html`<p>${formatLongDay(day)}</p>
    <table>
      <tr class="quiet"><td></td><td></td>${isIndexed ? html`<td class="number">Index</td>` : nothing}<td class="number">${capitalize(view.measure)}</td><td class="number added">New</td><td class="number">Growth</td><td></td></tr>
      ${lines.map((line, i) => {
        const { label, points, marks } = line;
        const [count = '', added = '', growth = ''] = describePoint(points.get(day));
        const index = valuesOf(line, days, 'indexed')[at] ?? null;
        return html`<tr><td><span class="key line-${i}"></span></td><th><bdi>${label}</bdi></th>${
          isIndexed ? html`<td class="number">${formatIndex(index)}</td>` : nothing
        }<td class="number">${count}</td><td class="number added">${added}</td><td class="number">${growth}</td><td>${marks.get(day) ?? ''}</td></tr>`;
      })}
    </table>
    ${hasOlderCounts(lines, [day]) ? html`<p class="quiet note">${OLDER_COUNTS_NOTE}</p>` : nothing}`;
}

function formatIndex(index: number | null): string {
  return index === null ? '–' : index.toFixed(1);
}

/** Whether a sum on one of the days has a count that is older. */
function hasOlderCounts(lines: Line[], days: Day[]): boolean {
  return lines.some(({ points }) => days.some((day) => points.get(day)?.older !== undefined));
}

function describeDay(day: Day, content: PanelContent, days: Day[]): string {
  const isIndexed = modeOf(content) === 'indexed';
  const parts = content.lines.map((line) => {
    const index = isIndexed ? valuesOf(line, days, 'indexed')[days.indexOf(day)] : null;
    const figures = describePoint(line.points.get(day));
    return `${line.label}: ${[...(index == null ? [] : [`index ${formatIndex(index)}`]), ...figures].join(', ')}`;
  });
  return `${formatLongDay(day)}. ${parts.join('. ')}`;
}

/** `Views, indexed to 100` */
function nameContent({ measure }: MeasuredView, mode: Mode): string {
  const name = capitalize(measure);
  return mode === 'total' ? name : `${name}, ${MODE_WORDS[mode].toLowerCase()}`;
}

function describeChart({ lines, view, lastDay }: PanelContent, mode: Mode): string {
  const days = daysOf(view.range, lines, lastDay);
  const names = lines.map(({ label }) => label).join(', ');
  return `${nameContent(view, mode)}: ${names}, ${formatDates(days[0] ?? lastDay, days.at(-1) ?? lastDay)}`;
}

/** Buttons of which one is chosen. */
function choice<T extends string>(
  label: string,
  options: readonly T[],
  chosen: T | null,
  wordsOf: (option: T) => string,
  choose: (option: T) => void,
): TemplateResult {
  return html`<div class="choice" role="group" aria-label=${label}>${options.map(
    (option) =>
      html`<button type="button" aria-pressed=${option === chosen ? 'true' : 'false'} @click=${() => choose(option)}>${wordsOf(option)}</button>`,
  )}</div>`;
}

/** The first and last day, as a range that is dragged sets them. */
function dateInputs({ view, lines, lastDay, update }: PanelContent): TemplateResult {
  const days = daysOf(view.range, lines, lastDay);
  const [from, to] = [days[0] ?? lastDay, days.at(-1) ?? lastDay];
  const first = daysOf('all', lines, lastDay)[0] ?? lastDay;
  const input = (label: string, value: Day, min: Day, max: Day, onChange: (day: Day) => void) => {
    const isPossible = (text: string): text is Day => isDay(text) && text >= min && text <= max;
    // While somebody types, a date is incomplete, which is no mistake yet.
    const take = ({ target }: Event) => {
      const text = (target as HTMLInputElement).value;
      if (isPossible(text) && text !== value) onChange(text);
    };
    const judge = ({ target }: Event) => {
      const field = target as HTMLInputElement;
      if (field.value === value || isPossible(field.value)) return;
      field.value = value;
      notify(`Choose a day from ${formatDates(min, max)}.`);
    };
    return html`<label class="date"><span class="quiet">${label}</span> <input type="date" .value=${value} min=${min} max=${max}
      @change=${take} @blur=${judge}></label>`;
  };
  return html`<span class="dates">${input('From', from, first, addDays(to, -1), (day) => update({ range: { from: day, to } }))} ${input('to', to, addDays(from, 1), lastDay, (day) => update({ range: { from, to: day } }))}${
    typeof view.range === 'object'
      ? html` <button type="button" @click=${() => update({ range: DEFAULT_VIEW.range })}>Reset</button>`
      : nothing
  }</span>`;
}
