import { scaleLinear, scaleLog } from 'd3-scale';
import { line as linePath } from 'd3-shape';
import { type Day, daysUpTo } from '../core/day.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import { compareText, isolateRightToLeft, plainText } from '../core/text.ts';
import type { Measure } from '../trends/growth.ts';
import type { DayReport } from './day-report.ts';

// A phone shows it 370 pixels wide: the text is then 11.6 pixels high.
const WIDTH = 480;
const HEIGHT = 400;
const FONT_SIZE = 15;
/** The width of a usual character in bold, in pixels: rather too much than too little. */
const CHARACTER_WIDTH = 9;
const MARGIN = { top: 34, bottom: 28, left: 42, right: 10 };
/** Longer names are cut in the chart. */
const NAME_WIDTH = 16;
/** How much of the end is shown of a long name that begins like another one. */
const TAIL_WIDTH = 8;
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });
const LABEL_HEIGHT = 18;
/** A line that goes so many times farther than most is cut off, because it would flatten the rest. */
const OUTLIER_FACTOR = 4;
/** Fewer lines than this have no outlier. */
const MIN_LINES_FOR_OUTLIER = 3;

// Eight hues with a contrast of 3:1 on GitHub's white and its dark grey, distinct for the colour-blind.
const COLORS = [
  '#d1542c',
  '#2f81d8',
  '#2a9d5c',
  '#a06bd6',
  '#b8860b',
  '#d6538f',
  '#1a9aa6',
  '#7d8590',
];

// currentColor follows the reader's theme, also inside an image.
const STYLE = `<style>svg{color:#59636e;font:${FONT_SIZE}px system-ui,sans-serif}@media(prefers-color-scheme:dark){svg{color:#9198a1}}</style>`;

const MAX_LINES = COLORS.length;

/** A line of a chart: one count per day, oldest first; null is a gap. */
export type ChartLine = {
  hashtag: string;
  rankedBy: Measure | null;
  counts: (number | null)[];
  /** A line that moved is drawn thicker. */
  isMoving: boolean;
};

/** What a day's chart is made from. */
export type DayOfChart = Pick<DayReport, 'trends' | 'moves'>;

/** A day's chart: the last 30 days of what moved most. Null if no hashtag has two known days. */
export function renderChart(report: DayOfChart, day: Day): string | null {
  return drawChart(chooseChartTrends(report), daysUpTo(day, 30));
}

/**
 * Draws the lines as an SVG document. Each line is 100 on its first known day, keeps its gaps and
 * has a label at its end. The scale is logarithmic, and a line that goes much farther than the others
 * is cut off at the edge. The chart begins with the first known day of all. Null without lines.
 * @param chosen those that moved come first and are drawn thicker
 */
export function drawChart(chosen: ChartLine[], allDays: Day[]): string | null {
  if (chosen.length === 0) return null;
  // By name, so that a hashtag keeps its colour while the same hashtags are shown.
  const shown = chosen.toSorted((a, b) => compareText(a.hashtag, b.hashtag));
  const firstShown = Math.min(...shown.map((l) => l.counts.findIndex((count) => count !== null)));
  const days = allDays.slice(firstShown);
  const isMixed = new Set(shown.map(({ rankedBy }) => rankedBy ?? 'videos')).size > 1;
  const names = shortNames(shown.map(({ hashtag }) => hashtag));
  const lines = shown.map((line, at) => {
    const counts = line.counts.slice(firstShown);
    const base = counts.find((count) => count !== null && count > 0) ?? 1;
    const index = counts.map((count) => (count === null ? null : round((count / base) * 100)));
    const last = index.findLast((value) => value !== null) ?? 100;
    const views = isMixed && line.rankedBy === 'views' ? ' (views)' : '';
    return { ...line, index, last, name: `${names[at]}${views}`, color: COLORS[at] ?? COLORS[0] };
  });

  const [low, high] = findRange(lines.map(({ index }) => index));
  const isBeyond = (value: number | null) =>
    value !== null && (value > high + 0.1 || value < low - 0.1);
  const labels = lines.map(
    ({ name, last }) =>
      `${name} ${isBeyond(last) ? (last > high ? '↑' : '↓') : ''}${formatIndex(last)}`,
  );
  const labelWidth = Math.max(...labels.map(displayWidth)) * CHARACTER_WIDTH;
  const right = WIDTH - MARGIN.right - labelWidth;
  const bottom = HEIGHT - MARGIN.bottom;
  const x = scaleLinear([0, Math.max(days.length - 1, 1)], [MARGIN.left, right]);
  const y = scaleLog([low, high], [bottom, MARGIN.top]);
  y.clamp(true);
  // A line that goes farther leaves at the edge. It does not lie there, as if it did not change.
  const farther = y.copy().clamp(false);
  const path = linePath<number | null>()
    .defined((value) => value !== null)
    .x((_, i) => x(i))
    .y((value) => farther(Math.max(value ?? 0, low / 100)))
    .digits(1);
  const ends = lines.map(({ last }) => y(last));
  const labelYs = spread(ends, LABEL_HEIGHT, bottom);

  const grid = scaleLinear([low, high], [0, 1])
    .ticks(5)
    .map((value) => {
      const at = round(y(value));
      return (
        `<path d="M${MARGIN.left} ${at}H${round(right)}" stroke="currentColor" opacity=".2"/>` +
        `<text x="${MARGIN.left - 6}" y="${at + 5}" text-anchor="end" fill="currentColor">${value}</text>`
      );
    });
  const step = [1, 2, 5, 10].find((size) => days.length / size <= 4) ?? 10;
  const dates = days.flatMap((day, i) =>
    (days.length - 1 - i) % step === 0
      ? `<text x="${round(x(i))}" y="${HEIGHT - 6}" text-anchor="middle" fill="currentColor">${formatAxisDay(day)}</text>`
      : [],
  );
  const drawn = lines.map(({ index, color, isMoving }) => {
    const width = isMoving ? 3.5 : 2;
    const dots = index.flatMap((value, i) =>
      value !== null && !isBeyond(value) && isAlone(index, i)
        ? `<circle cx="${round(x(i))}" cy="${round(y(value))}" r="${width}" fill="${color}"/>`
        : [],
    );
    const clip = index.some(isBeyond) ? ' clip-path="url(#plot)"' : '';
    const line = `<path d="${path(index) ?? ''}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linejoin="round"${clip}/>`;
    return { isMoving, svg: [line, ...dots].join('\n') };
  });
  const texts = lines.map(
    ({ color }, i) =>
      `<text x="${round(right + 8)}" y="${round((labelYs[i] ?? 0) + 5)}" font-weight="600" fill="${color}">${escapeXml(labels[i] ?? '')}</text>`,
  );
  const edge = 2; // half of a line's width
  const plotArea = `<clipPath id="plot"><rect x="${MARGIN.left - edge}" y="${MARGIN.top - edge}" width="${round(right - MARGIN.left + 2 * edge)}" height="${bottom - MARGIN.top + 2 * edge}"/></clipPath>`;
  const unit = isMixed ? '' : `${shown[0]?.rankedBy ?? 'videos'}, `;
  const allNames = shown.map(({ hashtag }) => showHashtag(hashtag)).join(', ');
  const span = `Growth from ${days[0]} to ${days.at(-1)}, indexed to 100`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `<title>${escapeXml(`${span}: ${allNames}`)}</title>`,
    STYLE,
    `<text x="4" y="18" fill="currentColor">${unit}first day shown = 100, logarithmic</text>`,
    ...(lines.some(({ index }) => index.some(isBeyond)) ? [plotArea] : []),
    ...grid,
    ...dates,
    // What moved is drawn above the rest.
    ...drawn.filter(({ isMoving }) => !isMoving).map(({ svg }) => svg),
    ...drawn.filter(({ isMoving }) => isMoving).map(({ svg }) => svg),
    ...texts,
    '</svg>\n',
  ].join('\n');
}

/** With one decimal only near 100: `102.4`, `405`. */
function formatIndex(index: number): string {
  return String(index < 90 || index > 110 ? Math.round(index) : index);
}

/** The hashtags that a day's chart shows: what moved, then the largest changes in 30 days. */
export function chooseChartTrends({ trends, moves }: DayOfChart): ChartLine[] {
  const order = new Map(moves.map(({ hashtag }, i) => [hashtag, i]));
  return chooseLines(
    trends.map(({ hashtag, rankedBy, last30Days }) => ({
      hashtag,
      rankedBy,
      counts: last30Days,
      isMoving: order.has(hashtag),
    })),
    ({ hashtag }) => order.get(hashtag) ?? moves.length,
  );
}

/**
 * The lines that a chart has room for.
 * @param placeOf lines with a lower place come first; those with the same, by the largest change
 */
export function chooseLines(lines: ChartLine[], placeOf: (line: ChartLine) => number): ChartLine[] {
  return lines
    .flatMap((line) => {
      const change = totalChange(line);
      return change === null ? [] : [{ line, change, place: placeOf(line) }];
    })
    .sort((a, b) => a.place - b.place || b.change - a.change)
    .slice(0, MAX_LINES)
    .map(({ line }) => line);
}

/** How far the line goes up or down (a logarithm); null if it has fewer than two points. */
function totalChange({ counts }: Pick<ChartLine, 'counts'>): number | null {
  const known = counts.filter((count) => count !== null && count > 0) as number[];
  const [first, last] = [known[0], known.at(-1)];
  return known.length < 2 || !first || !last ? null : Math.abs(Math.log(last / first));
}

/** The lowest and the highest index that the chart shows. */
function findRange(lines: (number | null)[][]): [low: number, high: number] {
  const logs = lines.map((index) =>
    index.flatMap((value) => (value === null || value <= 0 ? [] : [Math.log(value / 100)])),
  );
  const reaches = logs.map((values) => Math.max(...values.map(Math.abs))).sort((a, b) => a - b);
  const typical = reaches[reaches.length >> 1] ?? 0;
  const limit =
    lines.length < MIN_LINES_FOR_OUTLIER || typical === 0
      ? Number.POSITIVE_INFINITY
      : OUTLIER_FACTOR * typical;
  const lowest = Math.max(-limit, Math.min(0, ...logs.flat()));
  const highest = Math.min(limit, Math.max(0, ...logs.flat()));
  // Without any change, the lines lie in the middle.
  const room = highest === lowest ? Math.log(1.01) : 0;
  return [100 * Math.exp(lowest - room), 100 * Math.exp(highest + room)];
}

/** Moves positions apart until any two are at least `gap` apart and none is beyond `limit`. */
function spread(wanted: number[], gap: number, limit: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed = [...wanted];
  order.forEach((i, at) => {
    const above = placed[order[at - 1] ?? -1];
    if (above !== undefined) placed[i] = Math.max(placed[i] ?? 0, above + gap);
  });
  order.toReversed().forEach((i, at, bottomUp) => {
    const below = placed[bottomUp[at - 1] ?? -1] ?? limit + gap;
    placed[i] = Math.min(placed[i] ?? 0, below - gap);
  });
  return placed;
}

/** True for points that need a dot: the last one, and one between two gaps. */
function isAlone(values: (number | null)[], i: number): boolean {
  const isGap = (value: number | null | undefined) => value === null || value === undefined;
  const isLast = values.slice(i + 1).every(isGap);
  return isLast || (isGap(values[i - 1]) && isGap(values[i + 1]));
}

function round(value: number): number {
  return Number(value.toFixed(1));
}

/** The hashtags' names for labels, no two the same. Long names are cut, at the end if possible. */
function shortNames(hashtags: string[]): string[] {
  const forms = hashtags.map((hashtag) => {
    const characters = splitCharacters(plainText(hashtag));
    return { atEnd: shorten(characters, 0), inMiddle: shorten(characters, TAIL_WIDTH) };
  });
  const taken = new Set<string>();
  return forms.map((own) => {
    const others = forms.filter((form) => form !== own);
    const candidates = [
      ...(others.some(({ atEnd }) => atEnd === own.atEnd) ? [] : [own.atEnd]),
      ...(others.some(({ inMiddle }) => inMiddle === own.inMiddle) ? [] : [own.inMiddle]),
      ...hashtags.map((_, i) => `${own.atEnd}(${i + 1})`),
    ];
    const name = candidates.find((candidate) => !taken.has(candidate)) ?? own.atEnd;
    taken.add(name);
    return isolateRightToLeft(`#${name}`);
  });
}

/** The first and the last characters that fit; all of them if they do. */
function shorten(characters: string[], tailWidth: number): string {
  if (displayWidth(characters.join('')) <= NAME_WIDTH) return characters.join('');
  const head = takeWidth(characters, NAME_WIDTH - tailWidth);
  const tail = takeWidth(characters.toReversed(), tailWidth).toReversed();
  return `${head.join('')}…${tail.join('')}`;
}

/** As many of the first characters as fit. */
function takeWidth(characters: string[], width: number): string[] {
  const tooWide = characters.findIndex(
    (_, i) => displayWidth(characters.slice(0, i + 1).join('')) > width,
  );
  return tooWide < 0 ? characters : characters.slice(0, tooWide);
}

/** The characters as people see them: a letter with its marks or an emoji sequence is one. */
function splitCharacters(text: string): string[] {
  return Array.from(CHARACTERS.segment(text), ({ segment }) => segment);
}

/** The width of a text in Latin letters. East Asian characters are twice as wide, marks have none. */
function displayWidth(text: string): number {
  const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;
  const visible = text.replace(/[\u2068\u2069]/g, '');
  return [...visible].length + (visible.match(wide)?.length ?? 0);
}

function formatAxisDay(day: Day): string {
  const style = { timeZone: 'UTC', day: 'numeric', month: 'short' } as const;
  return new Date(day).toLocaleDateString('en-GB', style);
}

function escapeXml(text: string): string {
  return plainText(text, 1000).replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
