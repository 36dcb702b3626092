import { describe, expect, it } from 'vitest';
import { type DayRun, findCapturedAt } from '../../scripts/lib/mirror/captured-at.ts';

/** A run that ended at the time. */
const run = (
  time: string,
  stored: number,
  lists: { failed?: string[]; corrected?: string[] } = {},
) =>
  ({
    finishedAt: `2026-11-20T${time}:00.000Z`,
    stored,
    failed: new Set(lists.failed),
    corrected: new Set(lists.corrected),
  }) satisfies DayRun;

/** The times at which the hashtags of a day were captured, without the day. */
function timesOf(hashtags: string[], runs: DayRun[]): Record<string, string> {
  const found = findCapturedAt(hashtags, runs);
  return Object.fromEntries([...found].map(([name, instant]) => [name, instant.slice(11, 16)]));
}

describe('the time of a snapshot', () => {
  it('is the end of the only run', () => {
    expect(timesOf(['a', 'b'], [run('05:17', 2)])).toEqual({ a: '05:17', b: '05:17' });
  });

  it('is that of the run after the last one that failed to capture it', () => {
    const runs = [
      run('05:17', 1, { failed: ['b', 'c'] }),
      run('09:43', 0, { failed: ['b', 'c'] }),
      run('15:29', 1, { failed: ['c'] }),
    ];
    expect(timesOf(['a', 'b'], runs)).toEqual({ a: '05:17', b: '15:29' });
  });

  it('is that of the run that replaced its counts', () => {
    const first = run('05:17', 2, { failed: ['c'] });
    expect(timesOf(['a', 'b', 'c'], [first, run('09:43', 2, { corrected: ['a'] })])).toEqual({
      a: '09:43',
      b: '05:17',
      c: '09:43',
    });
  });

  it('stays that of the first run if a later one gets the same counts again', () => {
    expect(timesOf(['a', 'b'], [run('05:17', 2), run('09:43', 2)])).toEqual({
      a: '05:17',
      b: '05:17',
    });
  });

  it.each([
    ['there is no run, as in the tutorial’s database', []],
    ['a hashtag joined the list between two runs', [run('05:17', 1), run('09:43', 1)]],
    ['the run captured fewer than there are, as after an import', [run('05:17', 1)]],
    ['the run captured more than there are, as after a restore', [run('05:17', 3)]],
  ])('is not known if %s', (_, runs) => {
    expect(timesOf(['a', 'b'], runs)).toEqual({});
  });
});
