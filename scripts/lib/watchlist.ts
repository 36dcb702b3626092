import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  findNodeAtLocation,
  getNodeValue,
  type JSONPath,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import * as v from 'valibot';
import { HashtagNameError, parseHashtagName } from './hashtag.ts';
import { plainText } from './plain-text.ts';

export const WATCHLIST_PATH = 'data/hashtags.json';
export const SCHEMA_PATH = 'data/hashtags.schema.json';

const TEXT = 'must be text in double quotes';
const TRUE_OR_FALSE = 'must be true or false, without quotes';

const settingsEntries = {
  trendingGrowthPercent: v.optional(
    describe('Daily growth, in percent, above which a hashtag is trending.', numberIn(0, 1000)),
    5,
  ),
  minVideos: v.optional(
    describe(
      'A hashtag with fewer videos is never called trending.',
      wholeNumberIn(0, Number.MAX_SAFE_INTEGER),
    ),
    0,
  ),
  concurrency: v.optional(
    describe(
      'Requests in flight at once; your API plan says how many it allows.',
      wholeNumberIn(1, 50),
    ),
    1,
  ),
  requestsPerMinute: v.exactOptional(
    describe(
      'At most so many requests in any minute; no limit of its own without it.',
      numberIn(1, 6000),
    ),
  ),
  timeZone: v.optional(
    describe(
      'What a day is: an IANA time zone name such as "Europe/Berlin".',
      v.pipe(
        v.string(TEXT),
        v.check(isTimeZone, 'is not a time zone; write an IANA name such as "Europe/Berlin"'),
      ),
    ),
    'UTC',
  ),
  digestIssue: v.exactOptional(
    describe(
      'The number of an issue that gets a comment on each day with something to say.',
      wholeNumberIn(
        1,
        Number.MAX_SAFE_INTEGER,
        "must be the issue's number without quotes, such as 12",
      ),
    ),
  ),
  troubleIssue: v.optional(
    describe('True: an issue is opened while tracking has problems.', v.boolean(TRUE_OR_FALSE)),
    false,
  ),
};
const settingsSchema = describe('Each setting is optional.', strictObject(settingsEntries));

const nameSchema = describe(
  'A hashtag, as you would paste it: with or without #, any script, or its TikTok URL.',
  v.pipe(v.string(TEXT), v.minLength(1)),
);

const hashtagEntries = {
  name: nameSchema,
  group: v.exactOptional(
    describe(
      'The report has a table a group.',
      v.pipe(
        v.string(TEXT),
        v.trim(),
        v.minLength(1),
        v.maxLength(60),
        v.check((group) => plainText(group) !== '', 'has no letter that can be seen'),
      ),
    ),
  ),
  trendingGrowthPercent: v.exactOptional(
    describe('Daily growth, in percent, above which this hashtag is trending.', numberIn(0, 1000)),
  ),
  paused: v.optional(
    describe('True: not asked for, its history is kept.', v.boolean(TRUE_OR_FALSE)),
    false,
  ),
  note: v.exactOptional(describe('For people; the tracker does not read it.', v.string(TEXT))),
};
const hashtagSchema = strictObject(hashtagEntries);

const hashtagsSchema = describe(
  'The hashtags to track.',
  v.pipe(v.array(v.union([nameSchema, hashtagSchema]), 'must be a list in [ ]'), v.minLength(1)),
);

const fileEntries = {
  $schema: v.exactOptional(v.string(TEXT)),
  settings: v.optional(settingsSchema, {}),
  hashtags: hashtagsSchema,
};

/** What `data/hashtags.json` may hold; its JSON Schema, for editors, is made from this. */
export const fileSchema = v.union([strictObject(fileEntries), hashtagsSchema]);

/** The settings of `data/hashtags.json`, defaults filled in. */
export type Settings = v.InferOutput<typeof settingsSchema>;

/** A tracked hashtag; `name` is canonical (see `parseHashtagName`), `line` is where it stands. */
export type WatchlistEntry = Omit<v.InferOutput<typeof hashtagSchema>, 'note'> & { line: number };

/** The parsed watchlist, and what its author should know although nothing is wrong. */
export type Watchlist = { settings: Settings; entries: WatchlistEntry[]; notices: Problem[] };

/** Something about the watchlist file, at a 1-based line and column. */
export type Problem = { line: number; column: number; message: string };

/** All that is wrong with a watchlist, each with its place. */
export class WatchlistError extends Error {
  override name = 'WatchlistError';
  readonly problems: Problem[];

  constructor(problems: Problem[], options?: ErrorOptions) {
    super(problems.map((p) => formatProblem(p)).join('\n'), options);
    this.problems = problems;
  }
}

/** `data/hashtags.json:3:14: message`, the form that editors and terminals make clickable. */
export function formatProblem({ line, column, message }: Problem): string {
  return `${WATCHLIST_PATH}:${line}:${column}: ${message}`;
}

/** The entries that are asked for: all but the paused ones. */
export function activeEntries(watchlist: Watchlist): WatchlistEntry[] {
  return watchlist.entries.filter((entry) => !entry.paused);
}

/**
 * Reads and checks `data/hashtags.json` below `root`.
 * @throws WatchlistError where it is missing, unreadable or wrong
 */
export async function readWatchlist(root: string): Promise<Watchlist> {
  let text: string;
  try {
    text = await readFile(path.join(root, WATCHLIST_PATH), 'utf8');
  } catch (cause) {
    const message =
      (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'no such file; run this in the repository’s top folder, or write {"hashtags": ["aitools"]} there'
        : `can't be read: ${(cause as Error).message}`;
    throw new WatchlistError([{ line: 1, column: 1, message }], { cause });
  }
  return parseWatchlist(text);
}

/**
 * Parses the text of a watchlist.
 * @throws WatchlistError with every problem at once
 */
export function parseWatchlist(fileText: string): Watchlist {
  const text = fileText.replace(/^\uFEFF/, '');
  const problemAt = (offset: number, message: string): Problem => ({
    ...positionOf(text, offset),
    message,
  });

  if (text.trim() === '') {
    throw new WatchlistError([problemAt(0, 'the file is empty; write {"hashtags": ["aitools"]}')]);
  }
  const syntaxErrors: ParseError[] = [];
  const tree = parseJsonTree(text, syntaxErrors);
  if (syntaxErrors.length > 0 || tree === undefined) {
    const errors = syntaxErrors.length > 0 ? syntaxErrors : [{ error: 4, offset: 0, length: 0 }];
    const problems = withoutCascades(text, errors).map((error) =>
      problemAt(error.offset, `not valid JSON: ${describeSyntaxError(text, error)}`),
    );
    throw new WatchlistError(firstOfEachLine(problems));
  }

  const problems = repeatedKeys(tree).map((node) =>
    problemAt(node.offset, `the key ${JSON.stringify(node.value)} stands twice; remove one`),
  );
  const parsed = v.safeParse(fileSchema, getNodeValue(tree), { abortPipeEarly: true });
  const isList = tree.type === 'array';
  if (!parsed.success) {
    for (const { path: issuePath, key, message } of flattenIssues(parsed.issues)) {
      problems.push(problemAt(offsetOf(tree, issuePath, key), message));
    }
  }

  // Names are checked even where the shape is wrong, so that one reading shows everything.
  const notices: Problem[] = [];
  const lineOfName = new Map<string, number>();
  const names: { name: string; line: number }[] = [];
  const list = isList ? tree : findNodeAtLocation(tree, ['hashtags']);
  for (const item of list?.type === 'array' ? (list.children ?? []) : []) {
    const node = item.type === 'object' ? findNodeAtLocation(item, ['name']) : item;
    if (node?.type !== 'string' || node.value === '') continue;
    const position = positionOf(text, node.offset);
    try {
      const { name, notice } = parseHashtagName(node.value);
      const firstLine = lineOfName.get(name);
      if (firstLine !== undefined) {
        const message = `#${name} is already on line ${firstLine}; remove one of the two`;
        problems.push({ ...position, message });
      } else {
        lineOfName.set(name, position.line);
      }
      if (notice !== null) notices.push({ ...position, message: notice });
      names.push({ name, line: position.line });
    } catch (error) {
      if (!(error instanceof HashtagNameError)) throw error;
      problems.push({ ...position, message: error.message });
    }
  }

  if (problems.length > 0 || !parsed.success) {
    throw new WatchlistError(problems.sort((a, b) => a.line - b.line || a.column - b.column));
  }
  const file = Array.isArray(parsed.output)
    ? { settings: v.parse(settingsSchema, {}), hashtags: parsed.output }
    : parsed.output;
  const entries = file.hashtags.map((item, index): WatchlistEntry => {
    const { note: _note, ...entry } =
      typeof item === 'string' ? { name: item, paused: false } : item;
    return { ...entry, ...(names[index] ?? { name: entry.name, line: 1 }) };
  });
  return { settings: file.settings, entries, notices };
}

/** The schema with a text for those who write the file. */
function describe<const Schema extends v.GenericSchema>(text: string, schema: Schema) {
  return v.pipe(schema, v.description(text));
}

function numberIn(
  least: number,
  most: number,
  message = 'must be a number without quotes, such as 5',
) {
  return v.pipe(v.number(message), v.minValue(least), v.maxValue(most));
}

function wholeNumberIn(least: number, most: number, message?: string) {
  return v.pipe(numberIn(least, most, message), v.integer('must be a whole number'));
}

/** An object with these keys and no other. Valibot alone would take a list for one. */
function strictObject<const Entries extends v.ObjectEntries>(entries: Entries) {
  const isObject = (value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  return v.pipe(v.custom<object>(isObject, 'must be an object'), v.strictObject(entries));
}

function parseJsonTree(text: string, errors: ParseError[]): Node | undefined {
  try {
    const tree = parseTree(text, errors, { disallowComments: true });
    if (tree !== undefined) getNodeValue(tree);
    return tree;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const message = 'not valid: brackets are nested too deeply';
    throw new WatchlistError([{ line: 1, column: 1, message }], { cause });
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lineStart = Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) + 1;
  const line = before.split(/\r\n|\r|\n/).length;
  return { line, column: offset - lineStart + 1 };
}

/** The offset of the value at the path, or of one of its keys; of the nearest parent where it is absent. */
function offsetOf(tree: Node, path: JSONPath, key: string | null): number {
  const node = findNodeAtLocation(tree, path);
  if (node === undefined) return path.length === 0 ? 0 : offsetOf(tree, path.slice(0, -1), null);
  const property = node.children?.find((child) => child.children?.[0]?.value === key);
  return key !== null && property !== undefined ? property.offset : node.offset;
}

function repeatedKeys(node: Node): Node[] {
  const repeated: Node[] = [];
  const seen = new Set<unknown>();
  for (const child of node.children ?? []) {
    const key = node.type === 'object' ? child.children?.[0] : undefined;
    if (key !== undefined) {
      if (seen.has(key.value)) repeated.push(key);
      seen.add(key.value);
    }
    repeated.push(...repeatedKeys(child));
  }
  return repeated;
}

type FlatIssue = { path: JSONPath; key: string | null; message: string };

/** One plain sentence an issue; of a union only the branch that the author evidently meant. */
function flattenIssues(issues: v.BaseIssue<unknown>[], base: JSONPath = []): FlatIssue[] {
  return issues.flatMap((issue): FlatIssue[] => {
    const path = [...base, ...(issue.path ?? []).map(({ key }) => key as string | number)];
    const flat = (problem: string) => [{ path, key: null, message: `${subject(path)} ${problem}` }];
    switch (issue.type) {
      case 'union': {
        // An issue without a path says that the branch is for another kind of value.
        const meant = (issue.issues ?? []).filter((inner) => inner.path !== undefined);
        if (meant.length > 0) return flattenIssues(meant, path);
        const message =
          path.length === 0
            ? 'write {"hashtags": ["aitools"]} or a list of names'
            : 'write a name such as "aitools" or an object such as {"name": "aitools"}';
        return [{ path, key: null, message }];
      }
      case 'strict_object': {
        const parent = path.slice(0, -1);
        const known = knownKeysAt(parent);
        const missing = known.find((key) => issue.expected === JSON.stringify(key));
        if (missing !== undefined) return flat('is missing');
        // Valibot names the first of them only.
        return Object.keys(issue.path?.at(-1)?.input ?? {})
          .filter((key) => !known.includes(key))
          .map((key) => {
            const meant = known.find((name) => name.toLowerCase() === key.toLowerCase());
            const advice =
              meant === undefined
                ? `known here: ${known.join(', ')}`
                : `did you mean ${JSON.stringify(meant)}?`;
            const message = `unknown key ${JSON.stringify(key)}; ${advice}`;
            return { path: parent, key, message };
          });
      }
      case 'min_length':
        if (!Array.isArray(issue.input)) return flat('is empty');
        return [{ path, key: null, message: 'the list is empty; add at least one hashtag' }];
      case 'max_length':
        return flat(`is longer than ${issue.requirement} characters`);
      case 'min_value':
        return flat(`must be at least ${issue.requirement}`);
      case 'max_value':
        return flat(`must be at most ${issue.requirement}`);
      default:
        return flat(issue.message);
    }
  });
}

function knownKeysAt(path: JSONPath): string[] {
  if (path.length === 0) return Object.keys(fileEntries);
  return Object.keys(path[0] === 'settings' ? settingsEntries : hashtagEntries);
}

function subject(path: JSONPath): string {
  const last = path.at(-1);
  return typeof last === 'string' ? JSON.stringify(last) : 'this';
}

type SyntaxError = { code: string; offset: number; length: number };

const STRUCTURE = /Expected$/;
const CLOSING = /^Close/;

/**
 * The syntax errors without those that only follow from another one. The structure is not judged
 * after an open text, nor after a bracket that is not closed, for all that follows is then read as
 * a part of the wrong thing; and not right after a word that means nothing.
 */
function withoutCascades(text: string, parseErrors: ParseError[]): SyntaxError[] {
  const end = text.trimEnd().length;
  const errors = parseErrors.map(({ error, offset, length }) => ({
    code: printParseErrorCode(error),
    offset: Math.min(offset, end), // an end that is missing is missed where the text ends
    length,
  }));
  const isOpen = errors.some(({ code }) => CLOSING.test(code));
  const kept: SyntaxError[] = [];
  let isStructureKnown = true;
  for (const error of errors) {
    const last = kept.at(-1);
    const isStructure = STRUCTURE.test(error.code);
    const between = last && text.slice(last.offset + last.length, error.offset);
    const followsWord = last?.code === 'InvalidSymbol' && between?.trim() === '';
    const isEndOfOpen = isOpen && error.offset === end && !CLOSING.test(error.code);
    if (isStructure && (!isStructureKnown || followsWord || isEndOfOpen)) continue;
    if (last?.offset === error.offset) continue;
    kept.push(error);
    if (error.code === 'UnexpectedEndOfString' || describeUnclosed(text, error) !== null) {
      isStructureKnown = false;
    }
  }
  return kept;
}

function firstOfEachLine(problems: Problem[]): Problem[] {
  return problems.filter(({ line }, i) => problems[i - 1]?.line !== line);
}

/** What to say where a bracket or colon shows that what it stands in had to be closed before. */
function describeUnclosed(text: string, { code, offset }: SyntaxError): string | null {
  const wantsComma = code === 'CommaExpected';
  switch (text[offset]) {
    case '}': {
      const isInList = code === 'ValueExpected' && !text.slice(0, offset).trimEnd().endsWith(':');
      return wantsComma || isInList ? 'a closing ] is missing before this' : null;
    }
    case ']': {
      const isInObject = wantsComma || code === 'PropertyNameExpected';
      return isInObject ? 'a closing } is missing before this' : null;
    }
    case ':':
      return wantsComma ? 'a colon stands only in { }; is a closing ] missing before this?' : null;
    default:
      return null;
  }
}

function describeSyntaxError(text: string, error: SyntaxError): string {
  const { code, offset, length } = error;
  const unclosed = describeUnclosed(text, error);
  if (unclosed !== null) return unclosed;
  if (code === 'InvalidSymbol' && /[“”„‟«»‘’‚‹›]/u.test(text.slice(offset, offset + length))) {
    return 'these are typographic quotes; write plain ones: "';
  }
  const isAfterComma = text.slice(0, offset).trimEnd().endsWith(',');
  const wayOut = isAfterComma ? ' (or remove the comma before)' : '';
  const plain: Record<string, string> = {
    InvalidSymbol: 'this word means nothing here; put text in double quotes',
    InvalidNumberFormat: 'this number is malformed',
    PropertyNameExpected: `a key in double quotes is expected here${wayOut}`,
    ValueExpected: `a value is expected here${wayOut}`,
    ColonExpected: 'a colon is missing here',
    CommaExpected: 'a comma is missing before this',
    CloseBraceExpected: 'a closing } is missing here',
    CloseBracketExpected: 'a closing ] is missing here',
    EndOfFileExpected: 'nothing may follow the end of the list; remove this',
    InvalidCommentToken: 'comments are not allowed; use "note" instead',
    UnexpectedEndOfString: 'a closing " is missing here',
    InvalidCharacter: 'this character is not allowed here',
    InvalidEscapeCharacter: 'this \\ sequence is not valid in JSON',
    InvalidUnicode: 'this \\u sequence is not valid in JSON',
  };
  return plain[code] ?? code;
}
