/** A hashtag's counts; each is an exact integer in 0…2^53−1, or null if it is unknown. */
export type Counts = { videoCount: number | null; viewCount: number | null };

/** Reads a number or a text of digits as a count; null for anything else. */
export function parseCount(value: unknown): number | null {
  const count = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0
    ? Math.abs(count) // no −0
    : null;
}

const MOST_DIGITS = 16; // of the largest safe integer
const WHOLE_OR_DECIMAL = /^(0|[1-9]\d{0,99})(?:\.(\d{1,100}))?(?:[eE]([+-]?\d{1,20}))?$/;

/**
 * Reads a decimal number exactly as it is written: `1000`, `1000.0`, `1.2E+06`. Null if it is not a
 * whole number from 0 to 2^53−1, or written in another way.
 */
export function parseExactInteger(text: string): number | null {
  const [isNumber, whole = '', decimals = '', exponent = '0'] = WHOLE_OR_DECIMAL.exec(text) ?? [];
  if (isNumber === undefined) return null;
  const digits = (whole + decimals).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return 0;
  const zeros = Number(exponent) - decimals.length + digits.length - significant.length;
  if (zeros < 0 || significant.length + zeros > MOST_DIGITS) return null;
  const number = Number(significant + '0'.repeat(zeros));
  return Number.isSafeInteger(number) ? number : null;
}

/** Makes 0 videos beside some views unknown: TikTok reports 0 if it does not know the number. */
export function withoutQuirk({ videoCount, viewCount }: Counts): Counts {
  const isQuirk = videoCount === 0 && viewCount !== null && viewCount > 0;
  return { videoCount: isQuirk ? null : videoCount, viewCount };
}
