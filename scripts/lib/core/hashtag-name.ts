import { EMOJI, withoutInvisible } from './invisible.ts';
import { isolateRightToLeft, plainText } from './text.ts';

/** The text can't be a hashtag. The message says why. */
export class HashtagNameError extends Error {
  override name = 'HashtagNameError';
}

const TAG_URL = /^(?:https?:\/\/)?(?:[a-z]+\.)?tiktok\.com\/tag\/([^/?#\s]+)/i;
// Joiners are allowed because those that mean nothing where they stand are already removed.
const NOT_ALLOWED = /[^\p{L}\p{M}\p{N}_\p{Join_Control}\u180E]/gu;
const WORD_CHARACTER = /[\p{L}\p{N}_]/u;
// The keycap of # is an emoji.
const BETWEEN_HASHTAGS = /[,;＃]|#(?!\u20E3)/u;
const SIGNS = /^(?:＃|#(?!\u20E3))+/u;
const BLANKS = /\s/gu;
// Some emoji, such as Ⓜ, have a lower case that is not an emoji.
const NO_PICTURES = /\P{Extended_Pictographic}+/gu;

/**
 * The normal form of a name, under which a hashtag is asked for and stored: no `#`, no spaces, NFC,
 * lower case, nothing invisible that means nothing. Accepts what people paste: `#AI Tools`, ` llm `,
 * a TikTok tag URL, any script, emoji.
 *
 * @returns the name, and a notice if it differs from the text by more than `#` and case
 * @throws HashtagNameError if the text can't be a hashtag
 */
export function parseHashtagName(text: string): { name: string; notice: string | null } {
  const visible = withoutInvisible(text);
  const trimmed = visible.trim();
  const decoded = tagFromUrl(trimmed) ?? trimmed;
  const pasted = withoutInvisible(decoded);
  const bare = pasted.trim().replace(SIGNS, '').trim();
  const joined = bare.replace(BLANKS, '');
  const lower = joined.normalize('NFC').replace(NO_PICTURES, (part) => part.toLowerCase());
  const name = lower.normalize('NFC');
  if (name === '') {
    throw new HashtagNameError(`${quote(text)} is not a hashtag; write a name such as "aitools"`);
  }
  const several = bare.split(BETWEEN_HASHTAGS).filter(hasContent);
  if (several.length > 1 && !bare.includes('/')) {
    throw new HashtagNameError(
      `${quote(text)} looks like several hashtags; write each in its own quotes: ` +
        several.map((part) => quote(part.trim())).join(', '),
    );
  }
  const badCharacters = [...new Set(withoutEmoji(name).match(NOT_ALLOWED) ?? [])];
  if (badCharacters.length > 0 || !hasContent(name)) {
    throw new HashtagNameError(
      `${quote(text)} can't be a hashtag` +
        (badCharacters.length > 0 ? ` because of ${badCharacters.map(quote).join(', ')}` : '') +
        '; TikTok allows letters, digits, underscores and emoji',
    );
  }
  const isAsWritten = joined === bare && visible === text && pasted === decoded;
  const notice = isAsWritten ? null : `${quote(text)} is tracked as ${showHashtag(name)}`;
  return { name, notice };
}

/** The normal form of a stored name; the name itself if it can't be a hashtag. */
export function canonicalHashtag(storedName: string): string {
  try {
    return parseHashtagName(storedName).name;
  } catch (error) {
    if (error instanceof HashtagNameError) return storedName;
    throw error;
  }
}

/**
 * The name in a form in which all spellings are equal that differ only in case, also where letters
 * have several lower-case forms: `ſ` and `s`, `ς` and `σ`. The Turkish `İ` becomes an `i` with a dot
 * above (U+0307), which nobody can tell from an `i`.
 */
export function foldCase(name: string): string {
  const folded = Array.from(name, (character) => character.toUpperCase().toLowerCase());
  return folded.join('').replaceAll('i\u0307', 'i').normalize('NFC');
}

/** `#name` for people, in a line of plain text with other names and numbers. */
export function showHashtag(name: string): string {
  return isolateRightToLeft(`#${plainText(name)}`);
}

/** The hashtag's public page on TikTok. */
export function hashtagUrl(name: string): string {
  return `https://www.tiktok.com/tag/${encodeURIComponent(name.toWellFormed())}`;
}

/** The name that `hashtagUrl` made the address of; null for any other address. */
export function hashtagOfUrl(address: string): string | null {
  const start = hashtagUrl('');
  if (!address.startsWith(start)) return null;
  return decodeName(address.slice(start.length));
}

function decodeName(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null; // a stray % in an address that the tracker did not write
  }
}

/** The dashboard's page with these hashtags in its chart. */
export function dashboardUrl(dashboard: string, names: string[]): string {
  return `${dashboard}#tags=${names.map((name) => encodeURIComponent(name.toWellFormed())).join()}`;
}

/** The one name that `dashboardUrl` made the address of; null for any other address. */
export function hashtagOfDashboardUrl(address: string): string | null {
  const encoded = /^https?:\/\/[^#]*#tags=([^&,]+)$/.exec(address)?.[1];
  return encoded === undefined ? null : decodeName(encoded);
}

function tagFromUrl(text: string): string | null {
  const encoded = TAG_URL.exec(text)?.[1];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded; // the stray % is then rejected as a character
  }
}

/** True if the text has something that a hashtag can consist of. */
function hasContent(text: string): boolean {
  return WORD_CHARACTER.test(withoutEmoji(text));
}

/** The text with an underscore for each emoji. */
function withoutEmoji(text: string): string {
  return text.replace(EMOJI, '_');
}

function quote(text: string): string {
  const characters = [...text];
  const start = characters.length > 60 ? `${characters.slice(0, 60).join('')}…` : text;
  return isolateRightToLeft(JSON.stringify(start));
}
