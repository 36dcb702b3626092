import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import {
  parseRetryAfter,
  RequestError,
  serverNow,
  tryTwice,
} from '../../scripts/lib/system/http.ts';

describe('a second try', () => {
  async function tries(error: Error) {
    const clock = createVirtualClock();
    let count = 0;
    const attempt = async () => {
      if (++count === 1) throw error;
      return 'done';
    };
    const result = await tryTwice(clock, attempt).catch((thrown: unknown) => thrown);
    return { count, result, sleptMs: clock.sleptMs() };
  }

  it.each([0, 1000, 60_000])('is made after %i ms if the first error says so', async (waitMs) => {
    const ran = await tries(new RequestError('busy', waitMs));
    expect(ran).toEqual({ count: 2, result: 'done', sleptMs: waitMs });
  });

  it.each([
    ['it would have to wait for more than a minute', new RequestError('busy', 60_001)],
    ['it would be useless', new RequestError('gone', null)],
    ['the error is a defect', new TypeError('defect')],
  ])('is not made if %s', async (_case, error) => {
    expect(await tries(error)).toEqual({ count: 1, result: error, sleptMs: 0 });
  });

  it('is the last', async () => {
    let count = 0;
    const attempt = async () => {
      throw new RequestError(`busy ${++count}`, 10);
    };
    await expect(tryTwice(createVirtualClock(), attempt)).rejects.toThrow('busy 2');
  });
});

describe('Retry-After', () => {
  const NOW_MS = Date.UTC(2026, 10, 22, 6, 17);
  it.each([
    [{ 'Retry-After': '30' }, 30_000],
    [{ 'Retry-After': '0.5' }, 500],
    [{ 'Retry-After': 'Sun, 22 Nov 2026 06:18:00 GMT' }, 60_000],
    [{ 'Retry-After': 'Sun, 22 Nov 2026 06:00:00 GMT' }, 0],
    [{ 'Retry-After': '-1' }, null],
    [{ 'Retry-After': 'soon' }, null],
    [{}, null],
  ])('in %j is %j ms', (headers, expected) => {
    expect(parseRetryAfter(new Headers(headers as Record<string, string>), NOW_MS)).toBe(expected);
  });
});

describe('the time of the server', () => {
  it.each([
    [3, 0],
    [-3, 0],
    [4, 4],
    [-4, -4],
  ])(
    'that differs by %i s counts as %i s, because headers have whole seconds',
    (seconds, counted) => {
      const nowMs = Date.parse('2026-11-22T06:17:00Z');
      const date = new Date(nowMs + seconds * 1000).toUTCString();
      expect(serverNow(new Headers({ Date: date }), nowMs)).toBe(nowMs + counted * 1000);
    },
  );
});
