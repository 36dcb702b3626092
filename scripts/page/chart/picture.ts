import { saveFile } from '../notice.ts';
import { colours } from './chart.ts';
import type { Line } from './lines.ts';

const MARGIN = 24;
const LINE_HEIGHT = 24;

/** Saves the chart with its title and legend as a PNG file. */
export function savePicture(
  host: HTMLElement,
  chart: HTMLCanvasElement,
  lines: Line[],
  title: string,
): void {
  const scale = window.devicePixelRatio || 1;
  const { ink, text, paper, series } = colours(host);
  const picture = document.createElement('canvas');
  const context = picture.getContext('2d');
  if (context === null) return;
  const font = (size: number, weight = 400) => `${weight} ${size * scale}px system-ui, sans-serif`;
  // Names that do not fit into one line of the legend go into the next.
  const width = chart.width + 2 * MARGIN * scale;
  context.font = font(13);
  let [x, row] = [MARGIN * scale, 0];
  const places = lines.map(({ label }) => {
    const space = context.measureText(label).width + 40 * scale;
    if (x + space > width && x > MARGIN * scale) [x, row] = [MARGIN * scale, row + 1];
    const place = { label, x, row };
    x += space;
    return place;
  });
  const legendTop = (MARGIN + LINE_HEIGHT + 8) * scale;
  const chartTop = legendTop + (row + 1) * LINE_HEIGHT * scale;
  picture.width = width;
  picture.height = chartTop + chart.height + MARGIN * scale;
  context.fillStyle = paper;
  context.fillRect(0, 0, picture.width, picture.height);
  context.textBaseline = 'middle';
  context.font = font(15, 600);
  context.fillStyle = ink;
  context.fillText(title, MARGIN * scale, (MARGIN + 8) * scale, width - 2 * MARGIN * scale);
  context.font = font(13);
  places.forEach(({ label, x: left, row: line }, i) => {
    const middle = legendTop + (line + 0.5) * LINE_HEIGHT * scale;
    context.fillStyle = series[i % series.length] ?? ink;
    context.fillRect(left, middle - 2 * scale, 14 * scale, 4 * scale);
    context.fillStyle = text;
    context.fillText(label, left + 20 * scale, middle);
  });
  context.drawImage(chart, MARGIN * scale, chartTop);
  picture.toBlob((blob) => {
    if (blob !== null) saveFile(blob, 'tiktok-hashtags.png');
  });
}
