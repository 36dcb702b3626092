// Control characters, line ends, and marks that are invisible or change the writing direction.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/**
 * Text from outside as one harmless line: without control and direction characters, and without
 * anything that a GitHub log would read as a command (`::warning::`, `##[group]`).
 */
export function plainText(text: string, maxCharacters = 200): string {
  const line = text
    .replace(UNPRINTABLE, ' ')
    .replace(/\s+/g, ' ')
    .replace(/:(?=:)/g, ': ')
    .replaceAll('##[', '## [')
    .trim();
  const characters = [...line];
  if (characters.length <= maxCharacters) return line;
  return `${characters.slice(0, maxCharacters).join('')}…`;
}

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
