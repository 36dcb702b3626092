import { parseExactInteger } from '../core/count.ts';
import { parseJson } from '../system/http.ts';

/**
 * The JSON value of a text; undefined if the text is not JSON. Numbers are judged as they are
 * written: one that JavaScript might round is an exact integer, or else the text that stands there.
 */
export function parseExactJson(text: string): unknown {
  const value = parseJson(text); // first, because quoting could make JSON of what is none
  return value === undefined ? undefined : parseJson(quoteInexactNumbers(text));
}

/** Most digits with which every whole number is exact. */
const EXACT_DIGITS = 15;

function quoteInexactNumbers(json: string): string {
  let isInString = false;
  return json.replace(/\\.|"|-?\d[\d.eE+-]*/g, (token) => {
    if (token === '"') isInString = !isInString;
    if (isInString || /^["\\]/.test(token)) return token;
    if (/^-?\d+$/.test(token) && token.length <= EXACT_DIGITS) return token;
    return JSON.stringify(parseExactInteger(token) ?? token);
  });
}
