import { blankUnprintable } from './invisible.ts';

/**
 * Text from outside as one harmless line: without control and direction characters, and without
 * anything that a GitHub log would read as a command (`::warning::`, `##[group]`). Joiners within
 * emoji and between letters stay, and so do names that are isolated (see `isolateRightToLeft`).
 */
export function plainText(text: string, maxCharacters = 200): string {
  const line = blankUnprintable(text)
    .replace(/\s+/g, ' ')
    .replace(/:(?=:)/g, ': ')
    .replaceAll('##[', '## [')
    .trim();
  const characters = [...line];
  if (characters.length <= maxCharacters) return line;
  const cut = characters.slice(0, maxCharacters).join('');
  return `${cut.replace(UNCLOSED_ISOLATE, '')}…`;
}

// A letter or digit of a script that is written from right to left. Arabic digits, which are not,
// change the order of what stands between them, but the Persian ones (U+06F0 to U+06F9) do not.
const RIGHT_TO_LEFT =
  /(?=[\p{L}\p{N}])(?![\u06F0-\u06F9])[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;

/**
 * The text as it is; if it is written from right to left, between marks (U+2068, U+2069) that keep
 * it from changing the order of the numbers and names beside it.
 */
export function isolateRightToLeft(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
}

const UNCLOSED_ISOLATE = /\u2068[^\u2069]*$/u;

/** The text of a file; if its bytes are not UTF-8, null and what they are instead. */
type DecodedText = { text: string; problem: null } | { text: null; problem: string };

/** Reads bytes as UTF-8, with or without a byte order mark. Names the other common encodings. */
export function decodeText(bytes: Uint8Array): DecodedText {
  const wide = nameWideEncoding(bytes);
  const refuse = (what: string) => ({ text: null, problem: `it is ${what}; save it as UTF-8` });
  if (wide !== null) return refuse(`encoded as ${wide}`);
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), problem: null };
  } catch {
    const isText = !bytes.some((byte) => byte < 0x20 && !WHITE_SPACE.includes(byte));
    return refuse(isText ? 'encoded as Latin-1 or Windows-1252' : 'not a text file');
  }
}

const WHITE_SPACE = [0x09, 0x0a, 0x0c, 0x0d];

/** UTF-16 or UTF-32 if the file begins with its mark, or as ASCII characters are written in it. */
function nameWideEncoding(bytes: Uint8Array): string | null {
  const start = [...bytes.subarray(0, 4)];
  const zeros = start.map((byte) => (byte === 0 ? '0' : 'x')).join('');
  const startsWith = (...mark: number[]) => mark.every((byte, i) => start[i] === byte);
  if (startsWith(0xff, 0xfe, 0, 0) || startsWith(0, 0, 0xfe, 0xff)) return 'UTF-32';
  if (startsWith(0xff, 0xfe) || startsWith(0xfe, 0xff)) return 'UTF-16';
  if (zeros === 'x000' || zeros === '000x') return 'UTF-32';
  return zeros === 'x0x0' || zeros === '0x0x' ? 'UTF-16' : null;
}

/**
 * Text that a spreadsheet may read as a formula, even after characters that it ignores. Some accept
 * the wide signs, too.
 */
export const FORMULA_START = /^(?:[\t\r]|[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠])/u;

/** The message of whatever was thrown, with the messages of its causes. */
export function errorMessage(thrown: unknown): string {
  if (!(thrown instanceof Error)) return plainText(String(thrown));
  const own = thrown.message || thrown.name;
  return thrown.cause === undefined ? own : `${own} (${errorMessage(thrown.cause)})`;
}

/** Compares texts by UTF-16 units: the same order on every machine, and days sort by date. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The text with its first letter in upper case. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
