import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
} from 'jsonc-parser';
import * as v from 'valibot';
import { formatProblem, type Problem, UsageError } from '../core/errors.ts';
import { foldCase, HashtagNameError, parseHashtagName, showHashtag } from '../core/hashtag-name.ts';
import { WATCHLIST_PATH } from '../core/paths.ts';
import { decodeText } from '../core/text.ts';
import type { Threshold } from '../trends/trends.ts';
import { explainShape, explainSyntax, type Mistake, repeatedKeys } from './mistakes.ts';
import { type FileEntry, fileSchema, type Settings, settingsSchema } from './schema.ts';

/** A tracked hashtag; `name` is in its normal form (see `parseHashtagName`). */
type WatchlistEntry = Omit<FileEntry, 'note'>;

/** The parsed watchlist. `notices` are worth knowing, but they are not mistakes. */
export type Watchlist = { settings: Settings; entries: WatchlistEntry[]; notices: Problem[] };

/** Everything that is wrong with a watchlist, each mistake with its place. */
export class WatchlistError extends UsageError {
  override name = 'WatchlistError';
  override readonly problems: Problem[];

  constructor(problems: Problem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.problems = problems;
  }
}

/** The names of the hashtags that are asked for: all but the paused ones. */
export function activeNames({ entries }: Watchlist): string[] {
  return entries.filter(({ paused }) => !paused).map(({ name }) => name);
}

/** The threshold of each hashtag, which decides when it moves. */
export function thresholds({ settings, entries }: Watchlist): (hashtag: string) => Threshold {
  const own = new Map(entries.map((entry) => [entry.name, entry]));
  return (hashtag) => {
    const entry = own.get(hashtag);
    return {
      trendingGrowthPercent: entry?.trendingGrowthPercent ?? settings.trendingGrowthPercent,
      surgeFactor: entry?.surgeFactor ?? settings.surgeFactor,
      minVideos: settings.minVideos,
    };
  };
}

/** The group of each hashtag that has one. */
export function groupsByHashtag({ entries }: Watchlist): Map<string, string> {
  return new Map(
    entries.flatMap(({ name, group }) => (group === undefined ? [] : [[name, group]])),
  );
}

/** A sentence if nothing is asked for, because every hashtag is paused; null otherwise. */
export function warnOfPause(watchlist: Watchlist): string | null {
  if (activeNames(watchlist).length > 0) return null;
  return `Every hashtag is paused, so nothing is asked for: remove "paused" from some in ${WATCHLIST_PATH}`;
}

/** One sentence per name that differs from an earlier one only in case, with that name. */
export function findDoubles(names: string[]): Map<string, string> {
  const doubles = new Map<string, string>();
  const seen = new Map<string, string>();
  for (const name of names) {
    const folded = foldCase(name);
    const first = seen.get(folded);
    if (first === undefined) seen.set(folded, name);
    else if (first !== name) {
      doubles.set(
        name,
        `${showHashtag(name)} may be the same hashtag as ${showHashtag(first)}, because they differ only in case; both are tracked`,
      );
    }
  }
  return doubles;
}

/**
 * Reads and checks `data/hashtags.json` below `root`.
 * @throws WatchlistError if it is missing, unreadable or wrong
 */
export async function readWatchlist(root: string): Promise<Watchlist> {
  const file = await readFile(path.join(root, WATCHLIST_PATH)).catch((cause) => {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const message = isMissing
      ? 'no such file; run this in the repository’s top folder, or create it with {"hashtags": ["aitools"]}'
      : `can't be read: ${(cause as Error).message}`;
    throw new WatchlistError([{ file: WATCHLIST_PATH, line: 1, column: 1, message }], { cause });
  });
  return parseWatchlist(file);
}

/**
 * Parses a watchlist: its text, or the bytes of its file.
 * @throws WatchlistError with every mistake at once
 */
export function parseWatchlist(file: string | Uint8Array): Watchlist {
  const { text: fileText, problem } =
    typeof file === 'string' ? { text: file, problem: null } : decodeText(file);
  if (problem !== null) {
    throw new WatchlistError([{ file: WATCHLIST_PATH, line: 1, column: 1, message: problem }]);
  }
  const text = fileText.replace(/^\uFEFF/, '');
  const problemAt = createLocator(text);
  const refuse: Refuse = (mistakes, options) => {
    const inOrder = mistakes.toSorted((a, b) => a.offset - b.offset);
    throw new WatchlistError(inOrder.map(problemAt), options);
  };
  const tree = parseJson(text, refuse);
  const parsed = v.safeParse(fileSchema, getNodeValue(tree), { abortPipeEarly: true });
  const list = tree.type === 'array' ? tree : findNodeAtLocation(tree, ['hashtags']);
  const shape = parsed.success ? [] : explainShape(tree, parsed.issues);
  // Names are checked even if the shape is wrong, so that people see every mistake at once.
  const names = parseNames(list, (offset) => problemAt({ offset, message: '' }).line);
  const mistakes = [...repeatedKeys(tree), ...shape, ...names.mistakes];
  if (mistakes.length > 0 || !parsed.success) return refuse(mistakes);

  const content = Array.isArray(parsed.output)
    ? { settings: v.parse(settingsSchema, {}), hashtags: parsed.output }
    : parsed.output;
  const entries = content.hashtags.map((item): WatchlistEntry => {
    const { note: _note, ...entry } =
      typeof item === 'string' ? { name: item, paused: false } : item;
    return { ...entry, name: parseHashtagName(entry.name).name };
  });
  return { settings: content.settings, entries, notices: names.notices.map(problemAt) };
}

type Refuse = (mistakes: Mistake[], options?: ErrorOptions) => never;

function parseJson(text: string, refuse: Refuse): Node {
  if (text.trim() === '') {
    return refuse([{ offset: 0, message: 'the file is empty; write {"hashtags": ["aitools"]}' }]);
  }
  const errors: ParseError[] = [];
  let tree: Node | undefined;
  try {
    tree = parseTree(text, errors, { disallowComments: true });
    if (tree !== undefined) getNodeValue(tree);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    refuse([{ offset: 0, message: 'not valid: brackets are nested too deeply' }], { cause });
  }
  if (errors.length === 0 && tree !== undefined) return tree;
  return refuse(explainSyntax(text, errors));
}

/** What is wrong with the names, and what is worth knowing about them. */
function parseNames(list: Node | undefined, lineAt: (offset: number) => number) {
  const mistakes: Mistake[] = [];
  const notices: Mistake[] = [];
  const offsetOfName = new Map<string, number>();
  for (const item of list?.type === 'array' ? (list.children ?? []) : []) {
    const node = item.type === 'object' ? findNodeAtLocation(item, ['name']) : item;
    if (node?.type !== 'string' || node.value === '') continue;
    const { offset } = node;
    try {
      const { name, notice } = parseHashtagName(node.value);
      const firstOffset = offsetOfName.get(name);
      if (firstOffset === undefined) {
        offsetOfName.set(name, offset);
      } else {
        const message = `${showHashtag(name)} is already on line ${lineAt(firstOffset)}; remove one of the two`;
        mistakes.push({ offset, message });
      }
      if (notice !== null) notices.push({ offset, message: notice });
    } catch (error) {
      if (!(error instanceof HashtagNameError)) throw error;
      mistakes.push({ offset, message: error.message });
    }
  }
  for (const [name, message] of findDoubles([...offsetOfName.keys()])) {
    notices.push({ offset: offsetOfName.get(name) ?? 0, message });
  }
  return { mistakes, notices };
}

/** Returns a function that finds the line and column of an offset in the text. */
function createLocator(text: string): (mistake: Mistake) => Problem {
  const lineStarts = [0];
  for (const end of text.matchAll(/\r\n|\r|\n/g)) lineStarts.push(end.index + end[0].length);
  return ({ offset, message }) => {
    let [low, high] = [0, lineStarts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    const column = offset - (lineStarts[low] ?? 0) + 1;
    return { file: WATCHLIST_PATH, line: low + 1, column, message };
  };
}
