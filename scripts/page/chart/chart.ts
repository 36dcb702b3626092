import uPlot from 'uplot';
import type { Day } from '../../lib/core/day.ts';
import type { Mode } from '../address.ts';
import { formatValue, type Line, roundValues, valuesOf } from './lines.ts';

/** What a chart shows. */
export type ChartContent = { lines: Line[]; days: Day[]; mode: Mode; scale: 'linear' | 'log' };

export type Chart = {
  draw: (content: ChartContent) => void;
  /** Points at a day, as a mouse would; at none for null. */
  pointAt: (index: number | null) => void;
  canvas: () => HTMLCanvasElement | null;
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
    const { lines, days, mode, scale } = next;
    const width = element.clientWidth;
    if (width === 0) return;
    const isLog = scale === 'log' && (mode === 'total' || mode === 'indexed');
    const data: uPlot.AlignedData = [
      days.map((day) => Date.parse(day) / 1000),
      ...lines.map((line) =>
        // A logarithm needs values above zero.
        valuesOf(line, days, mode).map((value) => (isLog && !(Number(value) > 0) ? null : value)),
      ),
    ];
    // Everything but the data: only if it changes, the chart is built anew.
    const shape = JSON.stringify([
      lines.map(({ key }) => key),
      mode,
      isLog,
      width,
      colours(element),
    ]);
    if (plot !== null && shape === drawnAs) {
      plot.setData(data);
      return;
    }
    plot?.destroy();
    drawnAs = shape;
    plot = new uPlot(options(lines.length, mode, isLog, width), data, element);
  };

  const options = (count: number, mode: Mode, isLog: boolean, width: number): uPlot.Options => {
    const { text, grid, series } = colours(element);
    const font = '12px system-ui, sans-serif';
    return {
      width,
      height: heightOf(element, width),
      legend: { show: false },
      padding: [12, 20, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      scales: {
        x: { time: true },
        y: isLog ? { distr: 3, range: (_plot, min, max) => [min / LOG_ROOM, max * LOG_ROOM] } : {},
      },
      axes: [
        {
          stroke: text,
          font,
          grid: { show: false },
          ticks: { stroke: grid, width: 1 },
          space: 64,
          incrs: WHOLE_DAYS,
          values: nameDays,
        },
        {
          stroke: text,
          font,
          size: 58,
          space: 44,
          grid: { stroke: grid, width: 1, filter: allValues },
          ticks: { show: false },
          filter: allValues,
          ...(isLog ? { splits: (_plot, _axis, min, max) => roundValues(min, max) } : {}),
          values: (_plot, values) =>
            values.map((value) => (value == null ? '' : formatValue(value, mode))),
        },
      ],
      series: [
        {},
        ...Array.from({ length: count }, (_, i): uPlot.Series => {
          const stroke = series[i % series.length] ?? text;
          return {
            stroke,
            width: 2,
            spanGaps: false,
            points: { show: true, size: 5, fill: stroke, filter: pointsToShow },
          };
        }),
      ],
      hooks: {
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
      },
    };
  };

  /** A day between two gaps has no line, so it gets a point; so do the days that stand out. */
  const pointsToShow = (self: uPlot, seriesIndex: number): number[] => {
    const values = self.data[seriesIndex] ?? [];
    const line = content?.lines[seriesIndex - 1];
    const { days } = content ?? { days: [] };
    const isKnown = (i: number) => values[i] !== null && values[i] !== undefined;
    return days.flatMap((day, i) => {
      const isAlone = !isKnown(i - 1) && !isKnown(i + 1);
      return isKnown(i) && (isAlone || line?.marks.has(day)) ? [i] : [];
    });
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
    canvas: () => plot?.ctx.canvas ?? null,
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
