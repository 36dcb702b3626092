import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { chooseChartTrends, renderChart } from '../../scripts/lib/reports/chart.ts';
import { findMoves } from '../../scripts/lib/trends/moves.ts';
import { anyHistory, HOSTILE_NAMES, rows, TODAY, trendsOf } from '../helpers/snapshots.ts';

/** A day's trends and what moved on it. */
function dayOf(snapshots: Snapshot[]) {
  const trends = trendsOf(snapshots);
  return {
    trends,
    moves: findMoves({ trends, state: { turns: [] }, history: snapshots, peaks: [] }),
  };
}

const render = (...snapshots: Snapshot[][]) => renderChart(dayOf(snapshots.flat()), TODAY);

/** The chart's lines, dots and end labels, as they are in the document. */
function draw(...snapshots: Snapshot[][]) {
  const svg = render(...snapshots) ?? '';
  const lines = [
    ...svg.matchAll(/<path d="([^"]*)" fill="none" stroke="(#\w+)" stroke-width="(.*?)"/g),
  ];
  const labels = [
    ...svg.matchAll(/<text x="[\d.]+" y="([\d.]+)" font-weight="600"[^>]*>([^<]*)</g),
  ];
  return {
    lines: lines.map(([, , color]) => color),
    widths: lines.map(([, , , width]) => Number(width)),
    segments: lines.map(([, path = '']) => path.split('M').length - 1),
    ends: lines.map(([, path = '']) => Number(/,([\d.]+)Z?$/.exec(path)?.[1])),
    dots: svg.match(/<circle /g)?.length ?? 0,
    labels: labels.map(([, , text]) => text),
    labelYs: labels.map(([, y]) => Number(y)),
  };
}

/** The first error in an XML document. Null if it is well formed. */
function xmlError(xml: string): string | null {
  const invalid = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.exec(xml);
  if (invalid !== null) return `invalid character ${JSON.stringify(invalid[0])}`;
  const open: string[] = [];
  let rest = xml.replace(/<!\[CDATA\[.*?\]\]>/gs, '').trim();
  while (rest !== '') {
    const token =
      /^(?:<(\/?)([a-zA-Z]+)(?:\s+[\w:-]+="(?:[^<&"]|&#?\w+;)*")*\s*(\/?)>|(?:[^<&]|&(?:#\d+|amp|lt|gt|quot|apos);)+)/.exec(
        rest,
      );
    if (token === null) return `at ${rest.slice(0, 60)}`;
    const [text, slash, name, selfClosing] = token;
    if (name !== undefined && slash === '/' && open.pop() !== name) return `</${name}> is not open`;
    if (name !== undefined && slash === '' && selfClosing === '') open.push(name);
    rest = rest.slice(text.length);
    if (open.length === 0 && rest !== '') return `after the root: ${rest.slice(0, 60)}`;
  }
  return open.length > 0 ? `<${open.join('><')}> left open` : null;
}

describe('the chart', () => {
  it.each([
    ['no hashtag', []],
    ['a first day', rows('tag', [100])],
    ['one day above zero', rows('tag', [0, 0, 100])],
    ['one day in the last 30', rows('tag', [100, ...Array.from({ length: 30 }, () => null), 100])],
  ])('is not drawn for %s', (_case, snapshots) => {
    expect(render(snapshots)).toBeNull();
  });

  it('of one hashtag is one line, indexed to 100 and labelled at its end', () => {
    expect(draw(rows('llm', [200, 250, 320]))).toMatchObject({
      lines: [expect.stringMatching(/^#\w{6}$/)],
      segments: [1],
      labels: ['#llm 160'],
    });
  });

  it('says so if a line shows views', () => {
    const views = [2000, 3000];
    expect(draw(rows('llm', [null, null], views)).labels).toEqual(['#llm 150']);
    expect(render(rows('llm', [null, null], views))).toContain(
      '>views, first day shown = 100, logarithmic<',
    );
    expect(render(rows('tag', [1, 2]))).toContain('>videos, first day shown = 100, logarithmic<');
    const mixed = [rows('llm', [null, null], views), rows('tag', [1, 2])];
    expect(draw(...mixed).labels).toEqual(['#llm (views) 150', '#tag 200']);
    expect(render(...mixed)).toContain('>first day shown = 100, logarithmic<');
  });

  it('indexes each hashtag to its own first day above zero', () => {
    const { labels } = draw(rows('old', [0, 50, 50, 100]), rows('new', [10, 11]));
    expect(labels).toEqual(['#new 110', '#old 200']);
  });

  it('keeps the colour of a hashtag from day to day in any order', () => {
    const before = draw(rows('a', [100, 150]), rows('b', [100, 120]));
    const after = draw(rows('a', [100, 120]), rows('b', [100, 150]));
    expect(before).toMatchObject({ lines: after.lines, labels: ['#a 150', '#b 120'] });
    expect(after.labels).toEqual(['#a 120', '#b 150']);
  });

  it('breaks the line at a gap, and marks a day between gaps', () => {
    const gap = draw(rows('tag', [100, 110, null, 130, 140]));
    expect(gap).toMatchObject({ segments: [2], dots: 1 });
    const lone = draw(rows('tag', [100, 110, null, 130, null, 150, 160]));
    expect(lone.dots).toBe(2);
  });

  it('labels a line that ends before today', () => {
    expect(draw(rows('tag', [100, 150, null], [null, null, 7])).labels).toEqual(['#tag 150']);
  });

  it('cuts long names, and those in wide characters earlier', () => {
    const { labels } = draw(rows('a'.repeat(30), [1, 3]), rows('日'.repeat(20), [1, 2]));
    expect(labels).toEqual([`#${'a'.repeat(16)}… 300`, `#${'日'.repeat(8)}… 200`]);
  });

  it('never labels two long names alike', () => {
    const start = 'a'.repeat(30);
    const names = [`${start}1`, `${start}2`, `${start}x${start}`, `${start}y${start}`];
    const { labels } = draw(...names.map((name) => rows(name, [1, 2])));
    expect(labels).toEqual([
      `#${'a'.repeat(8)}…${'a'.repeat(7)}1 200`,
      `#${'a'.repeat(8)}…${'a'.repeat(7)}2 200`,
      `#${'a'.repeat(16)}…(1) 200`,
      `#${'a'.repeat(16)}…(2) 200`,
    ]);
  });

  it('cuts no character in two', () => {
    const family = '👨\u200d👩\u200d👧';
    const { labels } = draw(rows(family.repeat(10), [1, 2]));
    expect(labels).toEqual([`#${family.repeat(3)}… 200`]);
  });

  it('keeps names that are written from right to left apart from the numbers', () => {
    const { labels } = draw(rows('שלום', [1, 2]), rows('م'.repeat(30), [1, 3]));
    expect(labels).toEqual(['\u2068#שלום\u2069 200', `\u2068#${'م'.repeat(16)}…\u2069 300`]);
  });

  it('of 300 hashtags has 8 lines in 8 colours, with labels inside it that do not overlap', () => {
    const same = Array.from({ length: 300 }, (_, i) => rows(`tag${i}`, [1000, 1020]));
    const { lines, labels, labelYs } = draw(...same);
    expect(new Set(lines).size).toBe(8);
    expect(lines).toHaveLength(8);
    expect(labels).toHaveLength(8);
    const sorted = labelYs.toSorted((a, b) => a - b);
    const distances = sorted.slice(1).map((y, i) => y - (sorted[i] ?? 0));
    expect(Math.min(...distances)).toBeGreaterThanOrEqual(15);
    expect(sorted[0]).toBeGreaterThan(0);
    expect(sorted.at(-1)).toBeLessThan(400);
  });

  it('takes the colours of its text and axes from the reader’s theme', () => {
    const svg = render(rows('tag', [100, 150])) ?? '';
    expect(svg).toContain('prefers-color-scheme:dark');
    const fills = [...svg.matchAll(/<text [^>]*fill="(.*?)"/g)].map(([, fill]) => fill);
    expect(new Set(fills)).toEqual(new Set(['currentColor', draw(rows('tag', [1, 2])).lines[0]]));
    expect(svg).not.toMatch(/<rect[^>]*fill="(?!none)/);
  });

  it('has no text under 11 pixels on a phone, where it is 370 pixels wide', () => {
    const svg = render(rows('tag', [100, 150])) ?? '';
    const width = Number(/<svg [^>]*width="(\d+)"/.exec(svg)?.[1]);
    const sizes = [...svg.matchAll(/font(?:-size)?:(\d+)px|font-size="(\d+)"/g)].map((size) =>
      Number(size[1] ?? size[2]),
    );
    expect(sizes.length).toBeGreaterThan(0);
    expect((Math.min(...sizes) * 370) / width).toBeGreaterThanOrEqual(11);
  });

  it('cuts off a line that would flatten the rest, and says how far it goes', () => {
    const calm = Array.from({ length: 5 }, (_, i) => rows(`calm${i}`, [1000, 1050 + 20 * i]));
    const flat = draw(...calm);
    const { labels, ends, lines } = draw(...calm, rows('wild', [1000, 90_000]), rows('z', [9, 9]));
    expect(labels).toContain('#wild ↑9000');
    expect(lines).toHaveLength(7);
    const svg = render(calm.flat().concat(rows('wild', [1000, 60_000, 90_000]))) ?? '';
    const [, wild = ''] = /<path d="([^"]*)"[^>]* clip-path="url\(#plot\)"/.exec(svg) ?? [];
    const [first = 0, second = 0, third = 0] = [...wild.matchAll(/,(-?[\d.]+)/g)].map((found) =>
      Number(found[1]),
    );
    expect([second < 0, third < second, first > 0]).toEqual([true, true, true]);
    expect(svg).toContain('<clipPath id="plot">');
    expect(render(calm.flat())).not.toContain('clip');
    const heightOf = (values: number[]) => Math.max(...values) - Math.min(...values);
    expect(heightOf(ends.slice(0, 5))).toBeGreaterThan(heightOf(flat.ends) / 5);
    expect(draw(rows('wild', [1000, 90_000]), rows('calm', [10, 11])).labels).toContain(
      '#wild 9000',
    );
  });

  it('draws what moved thicker, and above the rest', () => {
    const { widths, lines } = draw(rows('a', [100, 150]), rows('b', [1000, 1001]));
    expect(widths).toEqual([2, 3.5]);
    expect(lines[1]).toBe(draw(rows('a', [100, 150])).lines[0]);
  });

  it('is the same, byte for byte, each time it is drawn', () => {
    expect(render(rows('tag', [100, 150]))).toBe(render(rows('tag', [100, 150])));
  });
});

describe('the hashtags in the chart', () => {
  const chosen = (...snapshots: Snapshot[][]) =>
    chooseChartTrends(dayOf(snapshots.flat())).map(({ hashtag }) => hashtag);

  it('are first what moved, the strongest first, then the largest changes, up or down', () => {
    const calm = Array.from({ length: 8 }, (_, i) => rows(`calm${i}`, [1000, 1001]));
    const names = chosen(
      ...calm,
      rows('grew', [100, 300, 300]),
      rows('fell', [500, 100, 100]),
      rows('trending', [100, 106]),
      rows('falling', [100, 98]),
    );
    expect(names.slice(0, 4)).toEqual(['trending', 'falling', 'fell', 'grew']);
    expect(names).toHaveLength(8);
  });

  it('have at least two days', () => {
    expect(chosen(rows('new', [100]), rows('old', [100, 100]))).toEqual(['old']);
  });
});

describe('the document of the chart', () => {
  it.each(['llm', 'a<b>&"c\'', '日本', ...HOSTILE_NAMES])('is well-formed XML with #%s', (name) => {
    expect(xmlError(render(rows(name.toWellFormed(), [100, 150])) ?? '')).toBeNull();
  });

  it.each(['a\u0000b', 'a\u001bb'])('drops %j, which XML does not have', (name) => {
    expect(xmlError(render(rows(name, [100, 150])) ?? '')).toBeNull();
  });

  it('has no element that came from a name', () => {
    const svg = render(rows('</title><script>alert(1)</script>', [100, 150])) ?? '';
    expect(svg).toContain('<title>');
    expect(svg).not.toContain('<script');
  });

  it('names the day and the hashtags in its title', () => {
    const title = /<title>(.*)<\/title>/.exec(render(rows('llm', [100, 150])) ?? '')?.[1];
    expect(title).toContain(TODAY);
    expect(title).toContain('#llm');
  });

  it('has no broken number for any rows', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const plain = history.map((row) => ({ ...row, hashtag: `t${row.hashtag.length}` }));
        expect(renderChart(dayOf(plain), TODAY) ?? '').not.toMatch(/NaN|Infinity|undefined/);
      }),
      { numRuns: 40 },
    );
  });
});

describe('xmlError, which checks these documents,', () => {
  it.each(['<a>', '<a></b>', '<a>&</a>', '<a b=c/>', '<a/><b/>', '<a>\u0001</a>', '<a b="<"/>'])(
    'rejects %j',
    (xml) => {
      expect(xmlError(xml)).not.toBeNull();
    },
  );

  it('accepts a well-formed document', () => {
    expect(xmlError('<a b="1"><c d="&#38;"/>x &#60;<e>y</e></a>\n')).toBeNull();
  });
});
