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
import * as z from 'zod';
import { HashtagNameError, parseHashtagName } from './hashtag.ts';

export const WATCHLIST_PATH = 'data/hashtags.json';
export const SCHEMA_PATH = 'data/hashtags.schema.json';

const percent = z.number().min(0).max(1000);

const settingsSchema = z
  .strictObject({
    trendingGrowthPercent: percent
      .default(5)
      .describe('Daily growth, in percent, above which a hashtag is trending.'),
    minVideos: z
      .int()
      .min(0)
      .default(0)
      .describe('A hashtag with fewer videos is never called trending.'),
    concurrency: z
      .int()
      .min(1)
      .max(50)
      .default(1)
      .describe('Requests in flight at once; your API plan says how many it allows.'),
    requestsPerMinute: z
      .number()
      .min(1)
      .max(6000)
      .optional()
      .describe('At most so many requests in any minute; no limit of its own without it.'),
    timeZone: z
      .string()
      .refine(isTimeZone, 'is not a time zone; write an IANA name such as "Europe/Berlin"')
      .default('UTC')
      .describe('What a day is: an IANA time zone name such as "Europe/Berlin".'),
  })
  .describe('Each setting is optional.');

const nameSchema = z
  .string()
  .min(1)
  .describe('A hashtag, as you would paste it: with or without #, any script, or its TikTok URL.');

const entrySchema = z.strictObject({
  name: nameSchema,
  group: z.string().trim().min(1).max(60).optional().describe('The report has a table a group.'),
  trendingGrowthPercent: percent
    .optional()
    .describe('Daily growth, in percent, above which this hashtag is trending.'),
  paused: z.boolean().default(false).describe('True: not asked for, its history is kept.'),
  note: z.string().optional().describe('For people; the tracker does not read it.'),
});

const hashtagsSchema = z
  .array(z.union([nameSchema, entrySchema]))
  .min(1)
  .describe('The hashtags to track.');

const fileSchema = z.union([
  z.strictObject({
    $schema: z.string().optional(),
    settings: settingsSchema.prefault({}),
    hashtags: hashtagsSchema,
  }),
  hashtagsSchema,
]);

/** The settings of `data/hashtags.json`, defaults filled in. */
export type Settings = z.output<typeof settingsSchema>;

/** A tracked hashtag; `name` is canonical (see `parseHashtagName`), `line` is where it stands. */
export type WatchlistEntry = Omit<z.output<typeof entrySchema>, 'note'> & { line: number };

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

/** The JSON Schema of the file, for editors; made from the definition that the program checks with. */
export function watchlistJsonSchema(): object {
  return z.toJSONSchema(fileSchema, { io: 'input' });
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

  const syntaxErrors: ParseError[] = [];
  const tree = parseJsonTree(text, syntaxErrors);
  if (syntaxErrors.length > 0 || tree === undefined) {
    const errors = syntaxErrors.length > 0 ? syntaxErrors : [{ error: 4, offset: 0, length: 0 }];
    throw new WatchlistError(
      errors.map(({ error, offset }) =>
        problemAt(offset, `not valid JSON: ${describeSyntaxError(printParseErrorCode(error))}`),
      ),
    );
  }

  const problems = repeatedKeys(tree).map((node) =>
    problemAt(node.offset, `the key ${JSON.stringify(node.value)} stands twice; remove one`),
  );
  const parsed = fileSchema.safeParse(getNodeValue(tree));
  const isList = tree.type === 'array';
  if (!parsed.success) {
    for (const { path: issuePath, key, message } of flattenIssues(parsed.error.issues)) {
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
  const file = Array.isArray(parsed.data)
    ? { settings: settingsSchema.parse({}), hashtags: parsed.data }
    : parsed.data;
  const entries = file.hashtags.map((item, index): WatchlistEntry => {
    const { note: _note, ...entry } =
      typeof item === 'string' ? { name: item, paused: false } : item;
    return { ...entry, ...(names[index] ?? { name: entry.name, line: 1 }) };
  });
  return { settings: file.settings, entries, notices };
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
function flattenIssues(issues: z.core.$ZodIssue[], base: JSONPath = []): FlatIssue[] {
  return issues.flatMap((issue): FlatIssue[] => {
    const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? '' : part))];
    const flat = (message: string, key: string | null = null) => ({ path, key, message });
    switch (issue.code) {
      case 'invalid_union': {
        const meant = issue.errors.find((branch) =>
          branch.every((inner) => inner.path.length > 0 || inner.code !== 'invalid_type'),
        );
        if (meant !== undefined) return flattenIssues([...meant], path);
        const expected =
          path.length === 0
            ? 'write {"hashtags": ["aitools"]} or a list of names'
            : 'write a name such as "aitools" or an object such as {"name": "aitools"}';
        return [flat(expected)];
      }
      case 'unrecognized_keys': {
        const known = knownKeys(path);
        return issue.keys.map((key) =>
          flat(`unknown key ${JSON.stringify(key)}; known here: ${known.join(', ')}`, key),
        );
      }
      case 'invalid_type':
        return [flat(`${subject(path)} must be ${article(issue.expected)}`)];
      case 'too_small':
        if (issue.origin === 'array') return [flat('the list is empty; add at least one hashtag')];
        if (issue.origin === 'string') return [flat(`${subject(path)} is empty`)];
        return [
          flat(
            `${subject(path)} must be ${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`,
          ),
        ];
      case 'too_big':
        return [
          flat(
            issue.origin === 'string'
              ? `${subject(path)} is longer than ${issue.maximum} characters`
              : `${subject(path)} must be at most ${issue.maximum}`,
          ),
        ];
      default:
        return [flat(`${subject(path)} ${issue.message}`)];
    }
  });
}

function knownKeys(path: JSONPath): string[] {
  if (path.length === 0) return ['$schema', 'settings', 'hashtags'];
  return Object.keys(path[0] === 'settings' ? settingsSchema.shape : entrySchema.shape);
}

function subject(path: JSONPath): string {
  const last = path.at(-1);
  return typeof last === 'string' ? JSON.stringify(last) : 'this';
}

function article(type: string): string {
  if (type === 'int') return 'a whole number';
  return type === 'array' || type === 'object' ? `an ${type}` : `a ${type}`;
}

function describeSyntaxError(code: string): string {
  const plain: Record<string, string> = {
    InvalidSymbol: 'this word means nothing here; put text in double quotes',
    InvalidNumberFormat: 'this number is malformed',
    PropertyNameExpected: 'a key in double quotes is expected here (or remove the comma before)',
    ValueExpected: 'a value is expected here (or remove the comma before)',
    ColonExpected: 'a colon is missing here',
    CommaExpected: 'a comma is missing here',
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
