/** The text can't be a hashtag. The message says why, and what to write instead. */
export class HashtagNameError extends Error {
  override name = 'HashtagNameError';
}

const TAG_URL = /^(?:https?:\/\/)?(?:[a-z]+\.)?tiktok\.com\/tag\/([^/?#\s]+)/i;
const NOT_ALLOWED = /[^\p{L}\p{M}\p{N}_]/gu;
const WORD_CHARACTER = /[\p{L}\p{N}_]/u;
const BETWEEN_HASHTAGS = /[,;#＃]/u;
const BLANKS = /\s/gu;
// Characters such as zero-width spaces, which are easily copied along with a name.
const INVISIBLE = /\p{Cf}/gu;

/**
 * The normal form of a name, under which a hashtag is asked for and stored: no `#`, no spaces, NFC,
 * lower case. Accepts what people paste: `#AI Tools`, ` llm `, a TikTok tag URL, any script.
 *
 * @returns the name, and a notice if it differs from the text by more than `#` and case
 * @throws HashtagNameError if the text can't be a hashtag
 */
export function parseHashtagName(text: string): { name: string; notice: string | null } {
  const visible = text.replace(INVISIBLE, '');
  const trimmed = visible.trim();
  const decoded = tagFromUrl(trimmed) ?? trimmed;
  const pasted = decoded.replace(INVISIBLE, '');
  const bare = pasted.replace(/^[#＃]+/u, '').trim();
  const joined = bare.replace(BLANKS, '');
  const name = joined.normalize('NFC').toLowerCase().normalize('NFC');
  if (name === '') {
    throw new HashtagNameError(`${quote(text)} is not a hashtag; write a name such as "aitools"`);
  }
  const several = bare.split(BETWEEN_HASHTAGS).filter((part) => WORD_CHARACTER.test(part));
  if (several.length > 1 && !bare.includes('/')) {
    throw new HashtagNameError(
      `${quote(text)} looks like several hashtags; write each in its own quotes: ` +
        several.map((part) => quote(part.trim())).join(', '),
    );
  }
  const badCharacters = [...new Set(name.match(NOT_ALLOWED) ?? [])];
  if (badCharacters.length > 0 || !WORD_CHARACTER.test(name)) {
    const suggestion = name.replace(NOT_ALLOWED, '');
    throw new HashtagNameError(
      `${quote(text)} can't be a hashtag` +
        (badCharacters.length > 0 ? ` because of ${badCharacters.map(quote).join(', ')}` : '') +
        '; TikTok allows letters, digits and underscores' +
        (WORD_CHARACTER.test(suggestion) && !name.includes('/')
          ? `; write ${quote(suggestion)}`
          : ''),
    );
  }
  const isAsWritten = joined === bare && visible === text && pasted === decoded;
  const notice = isAsWritten ? null : `${quote(text)} is tracked as #${name}`;
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

/** The hashtag's public page on TikTok. */
export function hashtagUrl(name: string): string {
  return `https://www.tiktok.com/tag/${encodeURIComponent(name.toWellFormed())}`;
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

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
