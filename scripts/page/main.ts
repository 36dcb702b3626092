import { html, nothing, render, type TemplateResult } from 'lit-html';
import { type Day, daysBetween } from '../lib/core/day.ts';
import { showHashtag } from '../lib/core/hashtag-name.ts';
import type { GroupDay, SiteInfo } from '../lib/dashboard/site.ts';
import type { Measure } from '../lib/trends/growth.ts';
import { commonMeasure } from '../lib/trends/totals.ts';
import { formatAddress, MAX_LINES, type MeasuredView, parseAddress } from './address.ts';
import { type Line, pointsOf, pointsOfGroup } from './chart/lines.ts';
import { createPanel } from './chart/panel.ts';
import { startWorker } from './data/client.ts';
import type { HashtagHistory, Overview } from './data/messages.ts';
import {
  renderGroupData,
  renderGroupHead,
  renderHashtagHead,
  renderHashtagLife,
} from './detail.ts';
import { renderGroups, renderHealth, renderMoved } from './overview.ts';
import type { Update } from './parts.ts';
import { marksOf, signalOrder } from './signals.ts';
import { renderTable, revealSearch } from './table.ts';
import { listRows, type TableRow } from './table-rows.ts';
import { renderFooter } from './words.ts';

/** How many lines the chart has if nobody chose any. */
const CHOSEN_LINES = 4;
/** A hashtag without a count for so many days has ended. */
const ENDED_DAYS = 30;

const root = document.querySelector('#page') as HTMLElement;
root.replaceChildren();
const isEmbedded = new URLSearchParams(location.search).has('embed');
document.body.classList.toggle('embed', isEmbedded);
const ask = startWorker();
const panel = createPanel();

type Data = {
  info: SiteInfo;
  overview: Overview;
  rows: TableRow[];
  /** What is known of most hashtags. */
  measure: Measure;
};

let view = parseAddress(location.hash);
let data: Data | 'empty' | null = null;
let problem: string | null = null;
const histories = new Map<string, HashtagHistory>();
const groupDays = new Map<string, GroupDay[]>();
const requested = new Set<string>();
const lineCache = new Map<string, Line>();

const update: Update = (change) => {
  view = { ...view, ...(typeof change === 'function' ? change(view) : change) };
  const address = formatAddress(view) || location.pathname + location.search;
  try {
    history.replaceState(null, '', address);
  } catch {
    // Browsers refuse too many changes of the address in a short time.
  }
  show();
};

window.addEventListener('popstate', () => {
  const before = view;
  view = parseAddress(location.hash);
  const isOther = view.hashtag !== before.hashtag || view.group !== before.group;
  show();
  if (!isOther) return;
  // Whoever wants to compare a hashtag looks for others next.
  if (before.hashtag !== null && view.hashtag === null && view.tags.includes(before.hashtag)) {
    revealSearch();
    return;
  }
  window.scrollTo(0, 0);
  root.querySelector<HTMLElement>('h1')?.focus();
});

/** Whether somebody chose the lines of the chart. */
function isChosen(): boolean {
  return view.tags.length + view.groups.length > 0;
}

/** What the chart shows: what was chosen, the view's own hashtag or members, or what moved. */
function chosenLines({ info, overview }: Data): { tags: string[]; groups: string[] } {
  const own = view.hashtag === null ? [] : [view.hashtag];
  if (view.tags.length + view.groups.length + own.length > 0) {
    const tags = [...new Set([...own, ...view.tags])].slice(0, MAX_LINES);
    return { tags, groups: view.groups.slice(0, MAX_LINES - tags.length) };
  }
  const members = new Set(
    info.hashtags.filter((one) => one.group === view.group).map(({ name }) => name),
  );
  const candidates = overview.trends
    .filter(({ hashtag }) => view.group === null || members.has(hashtag))
    .toSorted((a, b) => signalOrder(a) - signalOrder(b));
  const most = view.group === null ? CHOSEN_LINES : MAX_LINES;
  return { tags: candidates.slice(0, most).map(({ hashtag }) => hashtag), groups: [] };
}

/** The lines whose histories are here; the others are asked for. */
function collectLines(loaded: Data): { lines: Line[]; isLoading: boolean } {
  const { tags, groups } = chosenLines(loaded);
  const measure = view.measure ?? loaded.measure;
  const lines = [
    ...tags.map((name) => cached(`#${name} ${measure}`, () => hashtagLine(name, measure))),
    ...groups.map((group) => cached(`${group} ${measure}`, () => groupLine(group, measure))),
  ];
  const known = lines.filter((line) => line !== null);
  return {
    lines: isChosen() ? known : known.filter(({ points }) => points.size > 0 || known.length === 1),
    isLoading: known.length < lines.length,
  };
}

function measured(loaded: Data): MeasuredView {
  return { ...view, measure: view.measure ?? loaded.measure };
}

/** Where the chart ends: with the newest day, or, if the lines ended long before, with them. */
function lastDayOf(lines: Line[], newest: Day): Day {
  const last = lines
    .flatMap(({ points }) => [...points.keys()].at(-1) ?? [])
    .sort()
    .at(-1);
  return last === undefined || daysBetween(last, newest) < ENDED_DAYS ? newest : last;
}

function cached(key: string, create: () => Line | null): Line | null {
  const line = lineCache.get(key) ?? create();
  if (line !== null) lineCache.set(key, line);
  return line;
}

function hashtagLine(name: string, measure: Measure): Line | null {
  const found = histories.get(name);
  if (found === undefined) {
    request(`#${name}`, async () => {
      histories.set(name, await ask<'history'>({ kind: 'history', hashtag: name }));
    });
    return null;
  }
  return {
    key: name,
    label: showHashtag(name),
    points: pointsOf(found.snapshots, measure),
    marks: marksOf(found.movingDays),
  };
}

function groupLine(group: string, measure: Measure): Line | null {
  const found = groupDays.get(group);
  if (found === undefined) {
    request(group, () => loadGroup(group));
    return null;
  }
  return { key: group, label: group, points: pointsOfGroup(found, measure), marks: new Map() };
}

async function loadGroup(group: string): Promise<void> {
  groupDays.set(group, await ask<'group'>({ kind: 'group', group }));
}

function request(key: string, load: () => Promise<void>): void {
  if (requested.has(key)) return;
  requested.add(key);
  load().then(show, fail);
}

function fail(error: unknown): void {
  problem = error instanceof Error ? error.message : String(error);
  show();
}

function show(): void {
  render(renderPage(), root);
  panel.draw();
  document.title = [
    view.hashtag === null ? view.group : showHashtag(view.hashtag),
    'TikTok hashtags',
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

function renderPage(): TemplateResult {
  const isOwnView = view.hashtag !== null || view.group !== null;
  return html`
    ${isOwnView || isEmbedded ? nothing : html`<header class="top"><h1 tabindex="-1">TikTok hashtags</h1></header>`}
    <main aria-busy=${data === null && problem === null ? 'true' : 'false'}>
      ${problem === null ? nothing : html`<p class="problem" role="alert">${problem}</p>`}
      ${
        data === null
          ? problem === null
            ? html`<p class="quiet" role="status">Loading the data …</p>`
            : nothing
          : data === 'empty'
            ? html`<p>There is no data yet. After the first run of the tracker, its counts are shown here.</p>`
            : renderData(data)
      }
    </main>
    ${data === null || isEmbedded ? nothing : renderFooter(data === 'empty' ? null : data.info.threshold)}`;
}

function renderData(loaded: Data): TemplateResult {
  const { info, overview, rows } = loaded;
  const { hashtag, group } = view;
  const trend = overview.trends.find((one) => one.hashtag === hashtag) ?? null;
  const found = hashtag === null ? undefined : histories.get(hashtag);
  const members = group === null ? rows : rows.filter((row) => row.group === group);
  const site = info.hashtags.find(({ name }) => name === hashtag);
  const table = () =>
    renderTable(
      members,
      info,
      { ...view, only: group === null ? view.only : null },
      update,
      panel.reveal,
    );
  if (isEmbedded) return html`<h1 class="hidden">TikTok hashtags</h1>${renderChart(loaded)}`;
  if (hashtag !== null) {
    return html`
      ${renderHashtagHead(hashtag, trend, rows.find(({ name }) => name === hashtag) ?? null, view)}
      ${found?.snapshots.length === 0 && view.tags.length === 0 ? nothing : renderChart(loaded)}
      ${found === undefined || site === undefined ? nothing : renderHashtagLife(hashtag, found, overview, info)}`;
  }
  if (group !== null) {
    const days = groupDays.get(group);
    if (days === undefined) request(group, () => loadGroup(group));
    return html`
      ${renderGroupHead(group, overview, info, view)}
      ${renderChart(loaded)}
      ${table()}
      ${days === undefined ? nothing : renderGroupData(group, days)}`;
  }
  return html`
    ${renderHealth(overview, info, Date.now())}
    ${renderMoved(overview, view)}
    ${renderGroups(overview, info, measured(loaded), update)}
    ${renderChart(loaded)}
    ${table()}`;
}

function renderChart(loaded: Data): TemplateResult {
  const { lines, isLoading } = collectLines(loaded);
  const remove = (key: string) =>
    update({
      tags: view.tags.filter((tag) => tag !== key),
      groups: view.groups.filter((group) => group !== key),
    });
  const compare = formatAddress({ ...view, hashtag: null, tags: [view.hashtag ?? ''] });
  const hint =
    view.hashtag !== null
      ? html`<a href=${compare}>Compare it with others</a>`
      : isChosen()
        ? nothing
        : html`Tick hashtags in the table to compare them.${
            view.group === null
              ? nothing
              : html` <a href=${formatAddress({ ...view, groups: [view.group] })}>Show the group as one line</a>`
          }`;
  return panel.render(
    {
      lines,
      isLoading,
      lastDay: lastDayOf(lines, loaded.overview.day),
      view: measured(loaded),
      update,
      remove: isChosen() ? remove : null,
      hint,
    },
    show,
  );
}

ask<'overview'>({ kind: 'overview' }).then(({ info, overview }) => {
  const measure = commonMeasure(overview?.trends ?? []);
  data = overview && { info, overview, rows: listRows(overview, info), measure };
  data ??= 'empty';
  show();
}, fail);
show();
