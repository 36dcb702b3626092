import {
  findNodeAtLocation,
  type JSONPath,
  type Node,
  type ParseError,
  printParseErrorCode,
} from 'jsonc-parser';
import type * as v from 'valibot';
import { keysAt } from './schema.ts';

/** A mistake in the watchlist's text: where it is, and what to write instead. */
export type Mistake = { offset: number; message: string };

/**
 * Explains why the text is not JSON, with at most one mistake per line. Mistakes that only follow
 * from another one are left out.
 */
export function explainSyntax(text: string, errors: ParseError[]): Mistake[] {
  const found = withoutCascades(text, errors.length > 0 ? errors : [NO_VALUE]);
  const mistakes = found.map((error) => ({
    offset: error.offset,
    message: `not valid JSON: ${describeSyntaxError(text, error)}`,
  }));
  return mistakes.filter(({ offset }, i) => {
    const before = mistakes[i - 1];
    return before === undefined || /[\r\n]/.test(text.slice(before.offset, offset));
  });
}

/**
 * Explains what is wrong with the shape of a file that is valid JSON, with one plain sentence
 * per issue. Of a union, it explains only the branch that the author evidently meant.
 * @param base the path of the value that the issues are about
 */
export function explainShape(
  tree: Node,
  issues: v.BaseIssue<unknown>[],
  base: JSONPath = [],
): Mistake[] {
  return issues.flatMap((issue): Mistake[] => {
    const path = [...base, ...(issue.path ?? []).map(({ key }) => key as string | number)];
    const say = (message: string) => [{ offset: offsetOf(tree, path), message }];
    const name = path.at(-1);
    const sayOfValue = (what: string) =>
      say(`${typeof name === 'string' ? JSON.stringify(name) : 'this'} ${what}`);
    switch (issue.type) {
      case 'union': {
        // An issue without a path says that the branch is for another kind of value.
        const meant = (issue.issues ?? []).filter((inner) => inner.path !== undefined);
        if (meant.length > 0) return explainShape(tree, meant, path);
        return path.length === 0
          ? say('write {"hashtags": ["aitools"]} or a list of names')
          : say('write a name such as "aitools" or an object such as {"name": "aitools"}');
      }
      case 'strict_object': {
        const parent = path.slice(0, -1);
        const known = keysAt(parent);
        const isMissing = known.some((key) => issue.expected === JSON.stringify(key));
        if (isMissing) return sayOfValue('is missing');
        // Valibot names only the first unknown key.
        const keys = Object.keys(issue.path?.at(-1)?.input ?? {});
        const unknown = keys.filter((key) => !known.includes(key));
        return unknown.map((key) => {
          const meant = known.find((other) => other.toLowerCase() === key.toLowerCase());
          const advice = meant ? `did you mean "${meant}"?` : `allowed here: ${known.join(', ')}`;
          const message = `unknown key ${JSON.stringify(key)}; ${advice}`;
          return { offset: offsetOf(tree, parent, key), message };
        });
      }
      case 'min_length':
        if (!Array.isArray(issue.input)) return sayOfValue('is empty');
        return say('the list is empty; add at least one hashtag');
      default:
        return sayOfValue(issue.message);
    }
  });
}

/** The keys that an object has twice. */
export function repeatedKeys(node: Node): Mistake[] {
  const mistakes: Mistake[] = [];
  const seen = new Set<unknown>();
  for (const child of node.children ?? []) {
    const key = node.type === 'object' ? child.children?.[0] : undefined;
    if (key !== undefined && seen.has(key.value)) {
      const message = `the key ${JSON.stringify(key.value)} is duplicated; remove one of the two`;
      mistakes.push({ offset: key.offset, message });
    }
    seen.add(key?.value);
    mistakes.push(...repeatedKeys(child));
  }
  return mistakes;
}

/** A text without any value, which the parser does not report itself. */
const NO_VALUE: ParseError = { error: 4, offset: 0, length: 0 };

type SyntaxError = { code: string; offset: number; length: number };

const STRUCTURE = /Expected$/;
const CLOSING = /^Close/;

/**
 * Leaves out syntax errors that only follow from another one: structural errors after an unclosed
 * string or bracket, where everything that follows is read as part of the wrong thing, and those
 * right after a meaningless word.
 */
function withoutCascades(text: string, parseErrors: ParseError[]): SyntaxError[] {
  const end = text.trimEnd().length;
  const errors = parseErrors.map(({ error, offset, length }) => ({
    code: printParseErrorCode(error),
    offset: Math.min(offset, end), // a missing end is reported where the text ends
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

/** The message if this bracket or colon shows that something before it was not closed, or null. */
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
      return wantsComma ? 'a colon belongs in { }; is a closing ] missing before this?' : null;
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
  const alternative = isAfterComma ? ' (or remove the comma before it)' : '';
  const plain: Record<string, string> = {
    InvalidSymbol: 'this word means nothing here; put text in double quotes',
    InvalidNumberFormat: 'this number is malformed',
    PropertyNameExpected: `a key in double quotes is expected here${alternative}`,
    ValueExpected: `a value is expected here${alternative}`,
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

/** The offset of the value at the path, or of one of its keys; if absent, of the nearest parent. */
function offsetOf(tree: Node, path: JSONPath, key?: string): number {
  const node = findNodeAtLocation(tree, path);
  if (node === undefined) return path.length === 0 ? 0 : offsetOf(tree, path.slice(0, -1));
  const property = node.children?.find((child) => child.children?.[0]?.value === key);
  return key !== undefined && property !== undefined ? property.offset : node.offset;
}
