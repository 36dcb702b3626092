/** A hashtag's counts; each is an exact integer in 0…2^53−1, or null if it is unknown. */
export type Counts = { videoCount: number | null; viewCount: number | null };

/** Reads a number or a text of digits as a count; null for anything else. */
export function parseCount(value: unknown): number | null {
  const count = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0
    ? Math.abs(count) // no −0
    : null;
}

/** Makes 0 videos beside some views unknown: TikTok reports 0 if it does not know the number. */
export function withoutQuirk({ videoCount, viewCount }: Counts): Counts {
  const isQuirk = videoCount === 0 && viewCount !== null && viewCount > 0;
  return { videoCount: isQuirk ? null : videoCount, viewCount };
}
