import { saveFile } from '../notice.ts';
import { type ChartContent, colours, drawOnce } from './chart.ts';

/** A picture has this size wherever it is made, and so many times the pixels, so that it is sharp. */
const SIZE = { width: 1280, height: 640 };
const ZOOM = 2;
const MARGIN = 24;
const LINE_HEIGHT = 26;
const MOST_NAME_CHARACTERS = 80;

/** What a picture says beside the chart. */
export type PictureText = {
  title: string;
  dates: string;
  /** Each line's label, and its growth. */
  legend: { label: string; figure: string }[];
  /** What the dots mean; null if there are none. */
  dots: string | null;
  /** Names the file. */
  name: string;
};

/** Saves the chart as a PNG file: light, with its title, days and legend. */
export async function savePicture(content: ChartContent, words: PictureText): Promise<void> {
  const host = document.createElement('div');
  host.className = 'picture';
  document.body.append(host);
  try {
    const picture = await drawPicture(host, content, words);
    picture.toBlob((blob) => {
      if (blob !== null) saveFile(blob, `${fileName(words.name)}.png`);
    });
  } finally {
    host.remove();
  }
}

async function drawPicture(host: HTMLElement, content: ChartContent, words: PictureText) {
  const { ink, text, paper, series } = colours(host);
  const picture = document.createElement('canvas');
  picture.width = SIZE.width * ZOOM;
  picture.height = SIZE.height * ZOOM;
  const context = picture.getContext('2d');
  if (context === null) throw new Error('This browser can’t draw pictures.');
  context.scale(ZOOM, ZOOM);
  context.fillStyle = paper;
  context.fillRect(0, 0, SIZE.width, SIZE.height);
  context.textBaseline = 'middle';
  const write = (words: string, left: number, middle: number, colour: string, font: string) => {
    context.font = `${font} system-ui, sans-serif`;
    context.fillStyle = colour;
    context.fillText(words, left, middle, SIZE.width - MARGIN - left);
    return left + context.measureText(words).width;
  };
  const titleEnd = write(words.title, MARGIN, MARGIN + 10, ink, '600 20px');
  write(words.dates, titleEnd + 14, MARGIN + 11, text, '400 15px');

  // What does not fit into one line of the legend goes into the next.
  let [x, middle] = [MARGIN, MARGIN + 10 + LINE_HEIGHT + 6];
  const place = (label: string, figure: string, draw: (left: number, middle: number) => void) => {
    context.font = '400 14px system-ui, sans-serif';
    const width = 44 + context.measureText(`${label} ${figure}`).width;
    if (x + width > SIZE.width - MARGIN && x > MARGIN) [x, middle] = [MARGIN, middle + LINE_HEIGHT];
    draw(x, middle);
    const end = write(label, x + 20, middle, ink, '400 14px');
    write(figure, end + 6, middle, text, '400 14px');
    x += width;
  };
  words.legend.forEach(({ label, figure }, i) => {
    place(label, figure, (left, height) => {
      context.fillStyle = series[i % series.length] ?? ink;
      context.fillRect(left, height - 2, 14, 4);
    });
  });
  if (words.dots !== null) {
    place('', words.dots, (left, height) => {
      context.fillStyle = text;
      context.beginPath();
      context.arc(left + 12, height, 3, 0, 2 * Math.PI);
      context.fill();
    });
  }

  const top = middle + LINE_HEIGHT;
  const room = {
    width: (SIZE.width - 2 * MARGIN) * ZOOM,
    height: (SIZE.height - top - MARGIN / 2) * ZOOM,
  };
  const chart = await drawOnce(host, content, room, ZOOM);
  context.drawImage(chart, MARGIN, top, room.width / ZOOM, room.height / ZOOM);
  return picture;
}

/** A name that every system takes. */
function fileName(name: string): string {
  const safe = name.replace(/[^\p{L}\p{M}\p{N}_-]+/gu, '-');
  return [...safe].slice(0, MOST_NAME_CHARACTERS).join('');
}
