/**
 * The step to which TikTok rounds a count of this size: 100 from 10,000, 100,000 from a million,
 * 100,000,000 from a billion. Smaller counts are exact, and so is a count that is not a multiple
 * of its step: the step is then 1.
 */
export function roundingStep(count: number): number {
  const step = count < 1e4 ? 1 : count < 1e6 ? 100 : count < 1e9 ? 1e5 : 1e8;
  return count % step === 0 ? step : 1;
}

/** The larger step of the two counts; 0 if both are exact. */
export function sharedRoundingStep(a: number, b: number): number {
  const step = Math.max(roundingStep(a), roundingStep(b));
  return step > 1 ? step : 0;
}

/** True if rounding alone can explain the difference, because it is at most one step. */
export function isWithinRounding(a: number, b: number): boolean {
  const step = sharedRoundingStep(a, b);
  return step > 0 && Math.abs(a - b) <= step;
}
