import { markdownTable } from 'markdown-table';
import { hashtagUrl } from './hashtag-name.ts';
import { isolateRightToLeft, plainText } from './text.ts';

/** Escapes text from outside: nothing in it becomes markup, HTML, a mention or a link. */
export function escapeMarkdown(text: string): string {
  const escaped = plainText(text).replace(/[!-/:-?[-`{-~]/g, '\\$&');
  return escaped.replaceAll('@', '\\@\u2060'); // a word joiner, because GitHub reads @name as a mention
}

/** Text from outside in a code span: nothing in it becomes markup. Also safe in a table's cell. */
export function renderCode(text: string): string {
  const plain = plainText(text).replaceAll('`', "'").replaceAll('|', '¦');
  return plain === '' ? '–' : `\`${plain}\``;
}

/** A Markdown link. The text is escaped, the prefix is not. The address may contain anything. */
export function renderLink(text: string, address: string, prefix = ''): string {
  const shown = isolateRightToLeft(prefix + escapeMarkdown(text));
  return `[${shown}](${address.replace(/[()<>|\\\s]/g, percentEncode)})`;
}

/** The hashtag's name, linked to its page on TikTok. */
export function hashtagLink(hashtag: string): string {
  return renderLink(hashtag, hashtagUrl(hashtag), '#');
}

/** A table; `align` has one letter per column (l, c, r). Cells are Markdown, used as they are. */
export function renderTable(header: string[], rows: string[][], align: string): string {
  const options = { align: [...align], alignDelimiters: false, padding: false };
  return markdownTable([header, ...rows], options);
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;
}
