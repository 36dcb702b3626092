/** A hashtag's counts; each is an exact integer in 0…2^53−1, or null where it is unknown. */
export type Counts = { videoCount: number | null; viewCount: number | null };

/** A number or a text of digits as a count; null for anything else. */
export function parseCount(value: unknown): number | null {
  const count = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0
    ? Math.abs(count) // no −0
    : null;
}

/** TikTok reports 0 videos beside many views where it does not know the number: it is unknown. */
export function withoutQuirk({ videoCount, viewCount }: Counts): Counts {
  const isQuirk = videoCount === 0 && viewCount !== null && viewCount > 0;
  return { videoCount: isQuirk ? null : videoCount, viewCount };
}
