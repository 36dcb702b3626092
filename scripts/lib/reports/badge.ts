import { formatCount } from '../core/format.ts';
import { type DayReport, isComplete } from './day-report.ts';

const LABEL = 'last data';
/** About the width in Verdana at 11 pixels. The text is stretched to fit. */
const CHARACTER_WIDTH = 6.1;
const PADDING = 7;

/** The README's badge as SVG: the day of the newest data, and how many hashtags it has. */
export function renderBadge(report: DayReport): string {
  const value = `${report.day} · ${formatCount(report.trends.length)} of ${formatCount(report.tracked)}`;
  return renderSvg(value, isComplete(report) ? '#1a7f37' : '#9a6700');
}

function renderSvg(value: string, color: string): string {
  const widthOf = (text: string) => Math.round(text.length * CHARACTER_WIDTH) + 2 * PADDING;
  const [left, right] = [widthOf(LABEL), widthOf(value)];
  const text = (content: string, start: number, width: number) =>
    `<text x="${start + PADDING}" y="14" textLength="${width - 2 * PADDING}">${content}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${LABEL}: ${value}">
<title>${LABEL}: ${value}</title>
<clipPath id="round"><rect width="${left + right}" height="20" rx="3"/></clipPath>
<g clip-path="url(#round)"><rect width="${left}" height="20" fill="#424a53"/><rect x="${left}" width="${right}" height="20" fill="${color}"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">${text(LABEL, 0, left)}${text(value, left, right)}</g>
</svg>
`;
}
