import { createRequire } from 'node:module';
import { type Day, daysUpTo } from '../core/day.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import { compareText, isolateRightToLeft, plainText } from '../core/text.ts';
import type { Trend } from '../trends/trends.ts';
import { type ChartLine, chooseChartTrends } from './chart-lines.ts';

const WIDTH = 880;
const HEIGHT = 420;
/** Longer names are cut in the chart. */
const NAME_WIDTH = 18;
/** How much of the end is shown of a long name that begins like another one. */
const TAIL_WIDTH = 9;
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });
const LABEL_HEIGHT = 15;

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
const THEME_STYLE =
  '<style>svg{color:#59636e}@media(prefers-color-scheme:dark){svg{color:#9198a1}}</style>';

/** A day's chart: the last 30 days of its top movers. Null if no hashtag has two known days. */
export function renderChart(trends: Trend[], day: Day): string | null {
  return drawChart(chooseChartTrends(trends), daysUpTo(day, 30));
}

/**
 * Draws the lines as an SVG document. Each line is 100 on its first known day, keeps its gaps and
 * has a label at its end. The chart begins with the first known day of all. Null without lines.
 */
export function drawChart(chosen: ChartLine[], allDays: Day[]): string | null {
  if (chosen.length === 0) return null;
  // By name, so that a hashtag keeps its colour while the same hashtags are shown.
  const shown = chosen.toSorted((a, b) => compareText(a.hashtag, b.hashtag));
  const firstShown = Math.min(...shown.map((l) => l.counts.findIndex((count) => count !== null)));
  const days = allDays.slice(firstShown);

  const names = shortNames(shown.map(({ hashtag }) => hashtag));
  const lines = shown.map((line, at) => {
    const counts = line.counts.slice(firstShown);
    const base = counts.find((count) => count !== null && count > 0) ?? 1;
    const index = counts.map((count) => (count === null ? null : round((count / base) * 100)));
    const last = index.findLast((value) => value !== null) ?? 100;
    const views = line.rankedBy === 'views' ? ' (views)' : '';
    return { index, last, label: `${names[at]}${views}  ${last}` };
  });

  // Loaded only here, because not every run draws. The one-file build loads 5 times faster.
  const require = createRequire(import.meta.url);
  const echarts: typeof import('echarts') = require('echarts/dist/echarts.common.min.js');
  const size = { width: WIDTH, height: HEIGHT };
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    const axisLine = { lineStyle: { color: 'currentColor', opacity: 0.5 } };
    const splitLine = { lineStyle: { color: 'currentColor', opacity: 0.18 } };
    const labelWidth = Math.max(...lines.map((line) => displayWidth(line.label))) * 7.5;
    chart.setOption({
      animation: false,
      color: COLORS,
      textStyle: { fontFamily: 'system-ui, sans-serif', fontSize: 12, color: 'currentColor' },
      grid: { left: 48, right: labelWidth + 20, top: 34, bottom: 30 },
      xAxis: {
        type: 'category',
        boundaryGap: false,
        data: days.map(formatAxisDay),
        axisLine,
        axisTick: { show: false },
        axisLabel: {
          color: 'currentColor',
          interval: (i: number) => (days.length - 1 - i) % (days.length > 10 ? 5 : 1) === 0,
        },
      },
      yAxis: {
        type: 'value',
        scale: true,
        name: 'first day shown = 100',
        nameTextStyle: { color: 'currentColor', align: 'left', padding: [0, 0, 0, -40] },
        axisLabel: { color: 'currentColor' },
        splitLine,
      },
      series: lines.map(({ index }) => ({ type: 'line', data: index })),
    });
    // The labels are moved apart once the axis is known.
    const ends = lines.map(({ last }) => chart.convertToPixel({ yAxisIndex: 0 }, last));
    const labelYs = spread(ends, LABEL_HEIGHT, HEIGHT - 30);
    chart.setOption({
      series: lines.map(({ index, label }, i) => ({
        type: 'line',
        data: index.map((value, at) => ({ value, symbol: isAlone(index, at) ? 'circle' : 'none' })),
        symbolSize: 5,
        silent: true,
        lineStyle: { width: 2 },
        endLabel: {
          show: true,
          formatter: () => label,
          color: 'inherit',
          fontWeight: 600,
          offset: [0, (labelYs[i] ?? 0) - (ends[i] ?? 0)],
        },
      })),
    });
    const svg = chart.renderToSVGString();
    const allNames = shown.map(({ hashtag }) => showHashtag(hashtag)).join(', ');
    const span = `Growth from ${days[0]} to ${days.at(-1)}, indexed to 100`;
    const title = `<title>${escapeXml(`${span}: ${allNames}`)}</title>`;
    // ECharts adds classes for the mouse. They are useless in an image and differ from run to run.
    const picture = svg
      .replace(/<style >[\s\S]*?<\/style>\n?/g, '')
      .replace(/ (?:class|ecmeta_\w+)="[^"]*"/g, '')
      .replace(/\bzr\d+-/g, '');
    return `${picture.replace(/^<svg[^>]*>/, (tag) => `${tag}\n${title}\n${THEME_STYLE}`)}\n`;
  } finally {
    chart.dispose(); // its timers would keep the process alive
  }
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
