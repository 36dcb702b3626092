import type { DayRecord } from '../core/snapshot.ts';
import { hashtagsToAsk, judgeRecord } from '../trends/day-state.ts';

/**
 * The hashtags that a run has to ask for: those that the day still lacks. What the day has is not
 * asked for, and paid for, a second time, and neither is a name that the API has refused today.
 * @param record the day so far; null where it has nothing
 */
export function stillToAsk(record: DayRecord | null, wanted: string[]): string[] {
  return hashtagsToAsk(judgeRecord(record), wanted);
}
