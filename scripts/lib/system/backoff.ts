/**
 * How long to wait before another try (milliseconds): twice as long after each failure, up to
 * `maxMs`. Up to half of it is left off at random, so that clients that failed together spread out.
 * @param failures how many tries have failed before this one, not counting the last
 * @param random a number in 0…1
 */
export function backoffMs(
  failures: number,
  firstMs: number,
  maxMs: number,
  random: number,
): number {
  return Math.min(firstMs * 2 ** failures, maxMs) * (0.5 + random / 2);
}
