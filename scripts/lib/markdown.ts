import { markdownTable } from 'markdown-table';
import { plainText } from './plain-text.ts';

/** Text from outside as plain words in Markdown: nothing in it is markup, HTML, a mention or a link. */
export function escapeMarkdown(text: string): string {
  const escaped = plainText(text).replace(/[!-/:-?[-`{-~]/g, '\\$&');
  return escaped.replaceAll('@', '\\@\u2060'); // a word joiner: GitHub takes @name for a mention
}

/** Text from outside in a code span, where nothing is markup; safe in a table's cell, too. */
export function renderCode(text: string): string {
  const plain = plainText(text).replaceAll('`', "'").replaceAll('|', '¦');
  return plain === '' ? '–' : `\`${plain}\``;
}

/** A Markdown link; the text is escaped, the prefix is not, the address may hold anything. */
export function renderLink(text: string, address: string, prefix = ''): string {
  return `[${prefix}${escapeMarkdown(text)}](${address.replace(/[()<>|\\\s]/g, percentEncode)})`;
}

/** A table; `align` has a letter a column (l, c, r). Cells are Markdown and taken as they are. */
export function renderTable(header: string[], rows: string[][], align: string): string {
  return markdownTable([header, ...rows], {
    align: [...align],
    alignDelimiters: false,
    padding: false,
  });
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;
}
