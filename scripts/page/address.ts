import { type Day, isDay } from '../lib/core/day.ts';
import { canonicalHashtag } from '../lib/core/hashtag-name.ts';
import type { Measure } from '../lib/trends/growth.ts';

/** What a chart's lines show. */
export type Mode = 'total' | 'added' | 'growth' | 'indexed';
export const MODES: Mode[] = ['total', 'added', 'growth', 'indexed'];

/** How many days the chart shows, up to the newest; or from one day to another. */
export type Range = (typeof RANGES)[number] | { from: Day; to: Day };
export const RANGES = ['7d', '30d', '90d', '1y', 'all'] as const;

/** Everything that the address says. Its defaults are left out of it. */
export type View = {
  /** The hashtag or group that has the page for itself. */
  hashtag: string | null;
  group: string | null;
  /** The lines of the chart; if there are none, the page chooses them. */
  tags: string[];
  groups: string[];
  /** Null: what is known of most hashtags. */
  measure: Measure | null;
  /** Null: what suits the lines. */
  mode: Mode | null;
  scale: 'linear' | 'log';
  range: Range;
  /** What the table shows, and in which order. */
  search: string;
  only: string | null;
  sort: string;
  isReversed: boolean;
  /** Whether the table has all its rows, and whether the data of the chart is shown as a table. */
  hasAllRows: boolean;
  hasData: boolean;
};

/** A view with its measure. */
export type MeasuredView = View & { measure: Measure };

/** More lines than this can't be told apart. */
export const MAX_LINES = 8;

export const DEFAULT_VIEW: View = {
  hashtag: null,
  group: null,
  tags: [],
  groups: [],
  measure: null,
  mode: null,
  scale: 'linear',
  range: '30d',
  search: '',
  only: null,
  sort: 'rank',
  isReversed: false,
  hasAllRows: false,
  hasData: false,
};

/** The view that an address's hash (`#tags=llm,cursor&range=90d`) names. Nonsense is ignored. */
export function parseAddress(hash: string): View {
  const values = new Map(
    hash
      .replace(/^#/, '')
      .split('&')
      .map((part): [string, string] => {
        const [key = '', ...rest] = part.split('=');
        return [key, rest.join('=')];
      }),
  );
  const text = (key: string) => decode(values.get(key) ?? '');
  const list = (key: string) =>
    (values.get(key) ?? '')
      .split(',')
      .map(decode)
      .filter((item) => item !== '');
  const oneOf = <T extends string>(key: string, options: readonly T[], otherwise: T): T =>
    options.find((option) => option === text(key)) ?? otherwise;
  const sort = text('sort');
  const tags = [...new Set(list('tags').map(canonicalHashtag))].slice(0, MAX_LINES);
  return {
    hashtag: text('hashtag') === '' ? null : canonicalHashtag(text('hashtag')),
    group: text('group') || null,
    tags,
    groups: [...new Set(list('groups'))].slice(0, MAX_LINES - tags.length),
    measure: (['videos', 'views'] as const).find((measure) => measure === text('measure')) ?? null,
    mode: MODES.find((mode) => mode === text('show')) ?? null,
    scale: oneOf('scale', ['linear', 'log'], 'linear'),
    range: parseRange(text('range')),
    search: text('search'),
    only: text('only') || null,
    sort: sort.replace(/^-/, '') || DEFAULT_VIEW.sort,
    isReversed: sort.startsWith('-'),
    hasAllRows: text('rows') === 'all',
    hasData: text('data') === 'table',
  };
}

/** The hash of the address that shows the view; empty if it shows nothing but the defaults. */
export function formatAddress(view: View): string {
  const { range } = view;
  const parts: [string, string | null][] = [
    ['hashtag', view.hashtag === null ? null : encode(view.hashtag)],
    ['group', view.group === null ? null : encode(view.group)],
    ['tags', view.tags.map(encode).join(',')],
    ['groups', view.groups.map(encode).join(',')],
    ['measure', view.measure],
    ['show', view.mode],
    ['scale', view.scale === DEFAULT_VIEW.scale ? null : view.scale],
    [
      'range',
      typeof range === 'object'
        ? `${range.from}..${range.to}`
        : range === DEFAULT_VIEW.range
          ? null
          : range,
    ],
    ['search', encode(view.search)],
    ['only', view.only === null ? null : encode(view.only)],
    [
      'sort',
      view.sort === DEFAULT_VIEW.sort && !view.isReversed
        ? null
        : `${view.isReversed ? '-' : ''}${view.sort}`,
    ],
    ['rows', view.hasAllRows ? 'all' : null],
    ['data', view.hasData ? 'table' : null],
  ];
  const kept = parts.filter(([, value]) => value !== null && value !== '');
  return kept.length === 0 ? '' : `#${kept.map(([key, value]) => `${key}=${value}`).join('&')}`;
}

function parseRange(text: string): Range {
  const [from = '', to = ''] = text.split('..');
  if (isDay(from) && isDay(to) && from < to) return { from, to };
  return RANGES.find((range) => range === text) ?? '30d';
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'));
  } catch {
    return text;
  }
}
