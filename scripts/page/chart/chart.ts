import uPlot from 'uplot';
import type { Day } from '../../lib/core/day.ts';
import type { Mode } from '../address.ts';
import { dotsOf, formatValue, type Line, roundValues, valuesOf } from './lines.ts';

/** What a chart shows. */
export type ChartContent = { lines: Line[]; days: Day[]; mode: Mode; scale: 'linear' | 'log' };

export type Chart = {
  draw: (content: ChartContent) => void;
  /** Points at a day, as a mouse would; at none for null. */
  pointAt: (index: number | null) => void;
};

/** A logarithmic axis goes so many times farther than the lines. */
const LOG_ROOM = 1.03;
const HEIGHT = { narrow: 260, wide: 380, least: 160 };
/** What stands above and below an embedded chart. */
const FRAME_HEIGHT = 120;

/**
 * Creates a chart in an element. It follows the element's width and the system's colours.
 * @param onPoint gets the index of the day that is pointed at, and its place in pixels
 * @param onDrag gets the first and the last day of a range that was dragged
 */
export function createChart(
  element: HTMLElement,
  onPoint: (index: number | null, left: number, top: number) => void,
  onDrag: (from: Day, to: Day) => void,
): Chart {
  let plot: uPlot | null = null;
  let content: ChartContent | null = null;
  let drawnAs = '';

  const draw = (next: ChartContent) => {
    content = next;
    const width = element.clientWidth;
    if (width === 0) return;
    const look = colours(element);
    // Everything but the data: only if it changes, the chart is built anew.
    const shape = JSON.stringify([
      next.lines.map(({ key }) => key),
      next.mode,
      isLogarithmic(next),
      width,
      look,
    ]);
    if (plot !== null && shape === drawnAs) {
      plot.setData(dataOf(next));
      return;
    }
    plot?.destroy();
    drawnAs = shape;
    const size = { width, height: heightOf(element, width) };
    const options = optionsOf(() => content ?? next, look, size);
    plot = new uPlot({ ...options, cursor: CURSOR, hooks }, dataOf(next), element);
  };

  const hooks: uPlot.Hooks.Arrays = {
    setCursor: [
      ({ cursor }) => {
        const { idx, left = -1, top = -1 } = cursor;
        onPoint(left < 0 || idx == null ? null : idx, left, top);
      },
    ],
    setSelect: [
      (self) => {
        const { left, width: selected } = self.select;
        const { days } = content ?? { days: [] };
        const from = days[self.posToIdx(left)];
        const to = days[self.posToIdx(left + selected)];
        self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        if (selected > 5 && from !== undefined && to !== undefined && from < to) {
          onDrag(from, to);
        }
      },
    ],
  };

  const redraw = () => {
    if (content !== null) draw(content);
  };
  new ResizeObserver(redraw).observe(element);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

  return {
    draw,
    pointAt(index) {
      if (plot === null) return;
      const seconds = index === null ? undefined : plot.data[0][index];
      const left = seconds === undefined ? -10 : plot.valToPos(seconds, 'x');
      plot.setCursor({ left, top: seconds === undefined ? -10 : 20 });
    },
  };
}

/**
 * Draws a chart once, in the colours of an element, for a picture.
 * @param size in pixels of the picture
 * @param zoom how many of them a pixel of the screen is
 */
export async function drawOnce(
  host: HTMLElement,
  content: ChartContent,
  size: { width: number; height: number },
  zoom: number,
): Promise<HTMLCanvasElement> {
  // The library draws as many pixels as the screen has.
  const ratio = uPlot.pxRatio;
  const onScreen = { width: size.width / ratio, height: size.height / ratio };
  return new Promise((resolve) => {
    const options = optionsOf(() => content, colours(host), onScreen, zoom / ratio);
    const hooks = { draw: [({ ctx }: uPlot) => resolve(ctx.canvas)] };
    new uPlot({ ...options, hooks }, dataOf(content), host);
  });
}

const CURSOR: uPlot.Cursor = {
  y: false,
  drag: { x: true, y: false, setScale: false },
  points: { size: 7 },
};

function isLogarithmic({ mode, scale }: ChartContent): boolean {
  return scale === 'log' && (mode === 'total' || mode === 'indexed');
}

function dataOf(content: ChartContent): uPlot.AlignedData {
  const { lines, days, mode } = content;
  const isLog = isLogarithmic(content);
  return [
    days.map((day) => Date.parse(day) / 1000),
    ...lines.map((line) =>
      // A logarithm needs values above zero.
      valuesOf(line, days, mode).map((value) => (isLog && !(Number(value) > 0) ? null : value)),
    ),
  ];
}

/** @param zoom how many times everything is as large as on a screen */
function optionsOf(
  current: () => ChartContent,
  { text, grid, series }: ReturnType<typeof colours>,
  size: { width: number; height: number },
  zoom = 1,
): uPlot.Options {
  const { lines, mode } = current();
  const isLog = isLogarithmic(current());
  const font = `${Math.round(12 * zoom)}px system-ui, sans-serif`;

  const pointsToShow = (self: uPlot, seriesIndex: number): number[] => {
    const { days, lines: drawn } = current();
    const line = drawn[seriesIndex - 1];
    const values = self.data[seriesIndex] ?? [];
    return line === undefined ? [] : dotsOf(line, days, values).map(({ index }) => index);
  };

  return {
    ...size,
    legend: { show: false },
    padding: [12 * zoom, 20 * zoom, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: {
      x: { time: true },
      y: isLog ? { distr: 3, range: (_plot, min, max) => [min / LOG_ROOM, max * LOG_ROOM] } : {},
    },
    axes: [
      {
        stroke: text,
        font,
        size: 50 * zoom,
        gap: 5 * zoom,
        grid: { show: false },
        ticks: { stroke: grid, width: zoom, size: 10 * zoom },
        space: 64 * zoom,
        incrs: WHOLE_DAYS,
        values: nameDays,
      },
      {
        stroke: text,
        font,
        size: 58 * zoom,
        gap: 5 * zoom,
        space: 44 * zoom,
        grid: { stroke: grid, width: zoom, filter: allValues },
        ticks: { show: false },
        filter: allValues,
        ...(isLog ? { splits: (_plot, _axis, min, max) => roundValues(min, max) } : {}),
        values: (_plot, values) =>
          values.map((value) => (value == null ? '' : formatValue(value, mode))),
      },
    ],
    series: [
      {},
      ...lines.map((_line, i): uPlot.Series => {
        const stroke = series[i % series.length] ?? text;
        return {
          stroke,
          width: 2 * zoom,
          spanGaps: false,
          points: { show: true, size: 5 * zoom, fill: stroke, filter: pointsToShow },
        };
      }),
    ],
  };
}

/** An embedded chart is as high as its frame. */
function heightOf(element: HTMLElement, width: number): number {
  const isEmbedded = element.closest('.embed') !== null;
  if (isEmbedded) return Math.max(HEIGHT.least, window.innerHeight - FRAME_HEIGHT);
  return width < 600 ? HEIGHT.narrow : HEIGHT.wide;
}

const allValues: uPlot.Axis.Filter = (_plot, values) => values;

/** The steps of the axis of days, in seconds. From a month on, the library takes calendar months. */
const WHOLE_DAYS = [1, 2, 3, 5, 7, 10, 15, 30, 60, 90, 120, 180, 365, 730, 1825].map(
  (days) => days * 86_400,
);

/** `28 Oct`, or only the month or year if the days are far apart; the year where it begins. */
const nameDays: uPlot.Axis.DynamicValues = (_plot, seconds, _axis, _space, increment) => {
  const isDaily = increment < 28 * 86_400;
  const style = { timeZone: 'UTC', day: isDaily ? 'numeric' : undefined, month: 'short' } as const;
  const format = new Intl.DateTimeFormat('en-GB', style);
  let yearBefore = '';
  return seconds.map((second) => {
    const date = new Date(second * 1000);
    const year = date.toISOString().slice(0, 4);
    const isFirst = year !== yearBefore;
    yearBefore = year;
    return `${format.format(date)}${isFirst ? `\n${year}` : ''}`;
  });
};

/** The colours of the style sheet, which follow the system. */
export function colours(element: HTMLElement) {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: value('--quiet'),
    ink: value('--ink'),
    grid: value('--rule'),
    paper: value('--paper'),
    series: Array.from({ length: 8 }, (_, i) => value(`--line-${i}`)),
  };
}
