import { html, nothing, type TemplateResult } from 'lit-html';
import { type Day, daysBetween, daysUpTo } from '../lib/core/day.ts';
import { formatChange, formatCount, formatPercent, plural } from '../lib/core/format.ts';
import { hashtagUrl, showHashtag } from '../lib/core/hashtag-name.ts';
import type { Snapshot } from '../lib/core/snapshot.ts';
import { capitalize, FORMULA_START } from '../lib/core/text.ts';
import { type GroupDay, groupSteps, type SiteInfo } from '../lib/dashboard/site.ts';
import {
  changeOf,
  countOf,
  isRealChange,
  knownPoints,
  type Measure,
  rankedMeasure,
  SPAN_TOLERANCE_DAYS,
} from '../lib/trends/growth.ts';
import type { MovingDay } from '../lib/trends/period-trends.ts';
import { findSignals, type Signal } from '../lib/trends/signals.ts';
import type { Total } from '../lib/trends/totals.ts';
import {
  describePace,
  describeUsual,
  describeVideo,
  formatAdded,
  formatDailyRate,
  formatGrowth,
  formatSpan,
  formatTimesUsual,
  formatTotalAdded,
  formatTotalRate,
  nameAuthor,
  videoUrl,
} from '../lib/trends/trend-words.ts';
import type { Threshold, Trend } from '../lib/trends/trends.ts';
import { DEFAULT_VIEW, formatAddress, type View } from './address.ts';
import { joinDays, type LinePoint, pointsOf } from './chart/lines.ts';
import type { HashtagHistory, Overview } from './data/messages.ts';
import { groupFigures } from './group-growth.ts';
import { describeNextMilestone, passedMilestones } from './milestones.ts';
import { saveFile } from './notice.ts';
import {
  badge,
  countMembers,
  groupAnchor,
  rankedRate,
  renderLeftOut,
  time,
  toneOf,
  totalRate,
} from './parts.ts';
import type { TableRow } from './table-rows.ts';

const FIRST = '0001-01-01' as Day;
/** Signals that are this many days apart or less belong together. */
const DAYS_APART = 7;
const MAX_ITEMS = 12;
const MOST_PASSED = 4;
const MEASURES = ['videos', 'views'] as const;

const ABSENCE = 'It has no count on the newest day.';
/** Why a hashtag has no figures of the newest day. */
const ABSENCES: Record<string, string> = {
  'not on TikTok': 'TikTok does not have this hashtag.',
  'missing today': 'It has no count on the newest day, because the run could not get it.',
  'no data yet': 'It is in the list, but no run has asked for it yet.',
  paused: 'It is paused in the list, so it has no count on the newest day.',
  removed: 'It is not in the list any more, so it has no count on the newest day.',
};

/** The head of a hashtag's own view: its name, its signal and its figures of the newest day. */
export function renderHashtagHead(
  name: string,
  trend: Trend | null,
  row: TableRow | null,
  view: View,
): TemplateResult {
  return html`
    <nav class="back"><a href=${backAddress(view)}>← All hashtags</a></nav>
    <div class="title">
      <h1 tabindex="-1"><bdi>${showHashtag(name)}</bdi></h1>
      ${trend === null ? nothing : badge(trend.signal)}
      ${row?.group ? html`<span class="quiet">in ${groupAnchor(row.group, view)}</span>` : nothing}
      <a href=${hashtagUrl(name)} rel="noopener noreferrer">On TikTok ↗</a>
    </div>
    ${
      trend === null
        ? html`<p class="absence">${row === null ? 'This hashtag is not in the list, and nothing is stored of it.' : (ABSENCES[row.why ?? ''] ?? ABSENCE)}</p>`
        : html`<dl class="figures">
      ${figure('Videos', formatCount(trend.videos.count), formatAdded(trend.videos))}
      ${figure('Growth', formatGrowth(trend.videos.growth), '', rankedRate(trend))}
      ${figure('7 days', formatSpan(rankedMeasure(trend).over7Days), '')}
      ${figure('30 days', formatSpan(rankedMeasure(trend).over30Days), '')}
      ${figure('Views', formatCount(trend.views.count), formatAdded(trend.views))}
      ${figure('× usual', formatTimesUsual(trend), trend.pace === null ? '' : `usually ${describeUsual(trend.pace)} in ${plural(trend.pace.days, 'day')}`)}
    </dl>`
    }`;
}

/** What a hashtag's whole history says. */
export function renderHashtagLife(
  name: string,
  history: HashtagHistory,
  overview: Overview,
  info: SiteInfo,
): TemplateResult {
  const { snapshots, corrections, videos, movingDays } = history;
  const [first, last] = [snapshots[0], snapshots.at(-1)];
  if (first === undefined || last === undefined) {
    return html`<p class="quiet">There is no snapshot of this hashtag yet.</p>`;
  }
  const present = new Set(snapshots.map(({ day }) => day));
  const length = daysBetween(first.day, last.day) + 1;
  const hasMoved = videos.length > 0 || movingDays.some(({ signal }) => signal !== 'cooling');
  const missing = daysUpTo(last.day, length).filter((day) => !present.has(day));
  const without = (measure: Measure) =>
    snapshots.flatMap((snapshot) => (countOf(snapshot, measure) === null ? snapshot.day : []));
  const { threshold } = info.hashtags.find((one) => one.name === name) ?? info;
  const milestonesOf = (measure: Measure) =>
    renderMilestones(snapshots, measure, overview.day, threshold);
  return html`
    <div class="sections">
      <section><h2>When it moved</h2>${renderMoves(movingDays)}</section>
      <section><h2>Milestones</h2>${milestonesOf('videos')}${milestonesOf('views')}</section>
      <section><h2>Records</h2>${renderRecords(pointsOf(snapshots, 'videos'), 'videos')}${renderRecords(pointsOf(snapshots, 'views'), 'views')}</section>
      ${hasMoved ? html`<section><h2>Top videos when it moved</h2>${renderVideos(history, info.timeZone)}</section>` : nothing}
      <section><h2>Its data</h2>
        <ul class="plain">
          <li>${plural(snapshots.length, 'day')} from ${time(first.day, last.day)}${last.day === overview.day ? '' : ', and none since'}</li>
          <li>${missing.length === 0 ? 'No day is missing' : html`No count on ${listRanges(missing)}`}</li>
          ${MEASURES.map((measure) => {
            const days = without(measure);
            if (days.length === 0) return nothing;
            return html`<li>${
              days.length === snapshots.length
                ? `Its ${measure} were never known`
                : html`Only its ${measure === 'videos' ? 'views' : 'videos'}, no ${measure}, on ${listRanges(days)}`
            }</li>`;
          })}
          ${corrections.map(({ day, videoCount, viewCount }) => html`<li>Corrected on ${time(day)}: before, it had ${formatCount(videoCount)} videos and ${formatCount(viewCount)} views</li>`)}
        </ul>
        <button type="button" @click=${() => saveCsv(name, ['hashtag', 'video_count', 'view_count'], hashtagRows(snapshots))}>Save its rows as CSV</button>
      </section>
    </div>`;
}

/** Which days of a group are known. */
export function renderGroupData(group: string, days: GroupDay[]): TemplateResult | typeof nothing {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return nothing;
  return html`
    <div class="sections">
      <section><h2>Its data</h2>
        <ul class="plain"><li>${plural(days.length, 'day')} from ${time(first.day, last.day)}</li></ul>
        <button type="button" @click=${() => saveCsv(group, GROUP_COLUMNS, groupRows(days))}>Save its days as CSV</button>
        <p class="quiet small">In the file, <code>older_video_counts</code> and <code>older_view_counts</code> say how many hashtags have no count on the day. The sum has their last ones.</p>
      </section>
    </div>`;
}

/** The head of a group's own view. */
export function renderGroupHead(
  group: string,
  overview: Overview,
  info: SiteInfo,
  view: View,
): TemplateResult {
  const percent = (rate: number | null) => (rate === null ? '–' : formatPercent(rate));
  const figures = (measure: Measure) => groupFigures(group, overview, info, measure);
  const [videos, views] = [figures('videos'), figures('views')];
  return html`
    <nav class="back"><a href=${backAddress(view)}>← All hashtags</a></nav>
    <div class="title"><h1 tabindex="-1"><bdi>${group}</bdi></h1><span class="quiet">${countMembers(videos)} ${videos.members === 1 ? 'hashtag' : 'hashtags'}</span></div>
    ${
      videos.members === 0
        ? html`<p class="quiet">No hashtag of the list is in such a group.</p>`
        : html`<dl class="figures">
      ${totalFigure('videos', videos.total)}
      ${figure('Growth', videos.total === null ? '–' : formatTotalRate(videos.total), '', totalRate(videos.total))}
      ${figure('7 days', percent(videos.over7Days), '', videos.over7Days)}
      ${figure('30 days', percent(videos.over30Days), '', videos.over30Days)}
      ${figure('Usually', percent(videos.total?.usualPerDay ?? null), '')}
      ${totalFigure('views', views.total)}
      ${figure('Fastest', videos.fastest === null ? '–' : showHashtag(videos.fastest.hashtag), videos.fastest === null ? '' : formatDailyRate(rankedMeasure(videos.fastest).growth))}
    </dl>${renderLeftOut(videos)}`
    }`;
}

function backAddress(view: View): string {
  const { search, only, sort, isReversed } = view;
  return formatAddress({ ...DEFAULT_VIEW, search, only, sort, isReversed }) || '#';
}

function figure(label: string, value: string, note: string, tone: number | null = null) {
  return html`<div><dt>${label}</dt><dd><bdi class=${toneOf(tone)}>${value}</bdi>${note === '' ? nothing : html` <span class="quiet">${note}</span>`}</dd></div>`;
}

/** What a group has together: `8,680,204`, and below it `-28K`. */
function totalFigure(measure: Measure, total: Total | null) {
  return figure(
    capitalize(measure),
    formatCount(total?.count ?? null),
    total === null ? '' : formatTotalAdded(total),
  );
}

function renderMoves(days: MovingDay[]): TemplateResult {
  const rising = days.filter(({ signal }) => signal !== 'cooling');
  if (rising.length === 0) {
    return html`<p class="quiet">It has not surged or trended in these days.</p>`;
  }
  const runs = joinDays(
    rising.map(({ day }) => day),
    DAYS_APART,
  ).toReversed();
  const items = runs.map(({ first, last }) => {
    const inRun = rising.filter(({ day }) => day >= first && day <= last);
    const rate = ({ growth }: MovingDay) => (growth.kind === 'rate' ? growth.perDay : 0);
    const peak = inRun.reduce((a, b) => (rate(b) > rate(a) ? b : a));
    const times = ({ pace }: MovingDay) => pace?.timesUsual ?? 0;
    const strongest = inRun.reduce((a, b) => (times(b) > times(a) ? b : a));
    return html`<li>
      ${joinSignals(inRun).map(({ signal, start, end }) => html`<span class="signal-days">${badge(signal)} ${time(start, end)}</span> `)}
      <span class="details">${describePace(strongest.pace, strongest.signal)} · fastest ${formatGrowth(peak.growth)} on ${time(peak.day)}</span>
    </li>`;
  });
  return html`${shortList(items)}
    <p class="quiet small">A date is the day whose report says it. What it counts began up to 7 days before.</p>`;
}

/** Neighbouring days with the same signal, each with its first and its last day. */
function joinSignals(days: MovingDay[]) {
  const parts: { signal: Signal; start: Day; end: Day }[] = [];
  for (const { day, signal } of days) {
    const part = parts.at(-1);
    if (part?.signal === signal) part.end = day;
    else parts.push({ signal, start: day, end: day });
  }
  return parts;
}

function renderMilestones(
  snapshots: Snapshot[],
  measure: Measure,
  newest: Day,
  threshold: Threshold,
) {
  const points = knownPoints(snapshots, measure, FIRST);
  const last = points.at(-1);
  if (last === undefined) return nothing;
  const [newestSignal] = findSignals(points, threshold, last.day);
  const hasEnded = daysBetween(last.day, newest) > SPAN_TOLERANCE_DAYS;
  const next = describeNextMilestone(last, newestSignal?.pace ?? null, measure, hasEnded);
  return html`<ul class="plain">
    <li>${next}</li>
    ${passedMilestones(points)
      .slice(0, MOST_PASSED)
      .map(
        ({ milestone, day }) =>
          html`<li>Passed ${formatCount(milestone)} ${measure} on ${time(day)}</li>`,
      )}
  </ul>`;
}

function renderRecords(points: Map<Day, LinePoint>, measure: Measure) {
  const days = [...points].flatMap(([day, { growth }]) => {
    const change = changeOf(growth);
    return change === null || !isRealChange(growth)
      ? []
      : [{ day, growth, perDay: change.added / change.days }];
  });
  const [start] = days;
  if (start === undefined) return nothing;
  const most = days.reduce((a, b) => (b.perDay > a.perDay ? b : a), start);
  const least = days.reduce((a, b) => (b.perDay < a.perDay ? b : a), start);
  const sorted = days.map(({ perDay }) => perDay).sort((a, b) => a - b);
  const usual = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return html`<ul class="plain">
    <li>Most new ${measure} in a day: ${formatChange(Math.round(most.perDay))} (${formatGrowth(most.growth)}) on ${time(most.day)}</li>
    ${least.perDay < 0 ? html`<li>Largest loss: ${formatChange(Math.round(least.perDay))} on ${time(least.day)}</li>` : nothing}
    <li>A usual day brings ${formatChange(Math.round(usual))} ${measure}</li>
  </ul>`;
}

function renderVideos({ videos }: HashtagHistory, timeZone: string): TemplateResult {
  if (videos.length === 0) return html`<p class="quiet">No videos were stored.</p>`;
  return shortList(
    videos.map(
      (video) =>
        html`<li>${time(video.day)}: <a href=${videoUrl(video)} rel="noopener noreferrer"><bdi>${nameAuthor(video)}</bdi></a> · ${describeVideo(video, video.day, timeZone).join(' · ')}</li>`,
    ),
  );
}

function listRanges(days: Day[]): TemplateResult {
  const ranges = joinDays(days, 1).toReversed();
  const more = ranges.length - MAX_ITEMS;
  const shown = ranges
    .slice(0, MAX_ITEMS)
    .map(({ first, last }, i) => html`${i === 0 ? '' : ', '}${time(first, last)}`);
  return html`${shown}${more > 0 ? ` and ${formatCount(more)} more times` : ''}`;
}

/** The first of the items; the others are behind a fold. */
function shortList(items: TemplateResult[]): TemplateResult {
  return html`<ul class="plain">${items.slice(0, MAX_ITEMS)}</ul>${
    items.length > MAX_ITEMS
      ? html`<details><summary>${formatCount(items.length - MAX_ITEMS)} more</summary><ul class="plain">${items.slice(MAX_ITEMS)}</ul></details>`
      : nothing
  }`;
}

/** A row of a CSV file: its day and its figures. */
type CsvRow = [day: Day, ...figures: (number | null | undefined)[]];

const hashtagRows = (snapshots: Snapshot[]) =>
  snapshots.map(({ day, videoCount, viewCount }): CsvRow => [day, videoCount, viewCount]);

const GROUP_COLUMNS = [
  'group',
  'video_count',
  'view_count',
  'new_videos',
  'new_views',
  'older_video_counts',
  'older_view_counts',
];

function groupRows(days: GroupDay[]): CsvRow[] {
  const steps = { videos: groupSteps(days, 'videos'), views: groupSteps(days, 'views') };
  return days.map(({ day, videoCount, viewCount, olderCounts }) => {
    const added = (measure: Measure) => {
      const step = steps[measure].get(day);
      return step && step.after - step.before;
    };
    const { videos = 0, views = 0 } = olderCounts;
    return [day, videoCount, viewCount, added('videos'), added('views'), videos, views];
  });
}

function saveCsv(name: string, columns: string[], rows: CsvRow[]): void {
  // As the program's export: a name that a spreadsheet would read as a formula gets an apostrophe.
  const cell = (text: string) => {
    const safe = FORMULA_START.test(text) ? `'${text}` : text;
    return /[",\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = rows.map(([day, ...figures]) =>
    [day, cell(name), ...figures.map((figure) => figure ?? '')].join(),
  );
  const text = `${[['date', ...columns].join(), ...lines].join('\n')}\n`;
  saveFile(new Blob([text], { type: 'text/csv' }), `${name}.csv`);
}
