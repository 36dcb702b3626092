import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEMO_KEY, type Fault } from '../../scripts/lab/stand-in.ts';
import { createVirtualClock, type VirtualClock } from '../../scripts/lab/virtual-clock.ts';
import type { Outcome, RateLimit, Reply } from '../../scripts/lib/collect/answer.ts';
import { type Collection, collect, type Progress } from '../../scripts/lib/collect/collect.ts';
import { createPacer } from '../../scripts/lib/collect/pace.ts';
import { type AskScavio, createScavioClient } from '../../scripts/lib/collect/scavio.ts';
import type { Counts } from '../../scripts/lib/core/count.ts';
import { createHttp } from '../../scripts/lib/system/http.ts';
import { startApi } from '../helpers/tracker.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const COUNTS: Outcome = { kind: 'captured', videoCount: 1000, viewCount: 50_000 };
const CAPTURED = { kind: 'captured', videoCount: 1000, viewCount: 50_000 };
const FAULT: Outcome = { kind: 'fault', reason: 'HTTP 502', retryAfterMs: null };
const NOT_ASKED = { kind: 'not-asked', reason: expect.any(String) };

type Request = { hashtag: string; startMs: number; endMs: number };
type Waited = { waitMs: number; reason: string };
type Run = Collection & {
  requests: Request[];
  progress: Progress[];
  waits: Waited[];
  tookMs: number;
  maxInFlight: number;
};
type Setup = Partial<Omit<Parameters<typeof collect<Counts>>[1], 'pacer'>> & {
  clock: VirtualClock;
  requestsPerMinute?: number | null;
};

function fault(retryAfterMs: number | null): Outcome {
  return { kind: 'fault', reason: 'HTTP 503', retryAfterMs };
}

function limited(retryAfterMs: number | null): Outcome {
  return { kind: 'rate-limited', reason: 'HTTP 429', retryAfterMs };
}

function reply(outcome: Outcome, extras: Partial<Reply> = {}): Reply {
  return { outcome, rateLimit: null, creditsUsed: null, creditsRemaining: null, ...extras };
}

/** An API that takes one second per request. `nth` counts the requests for the hashtag from 1. */
function apiOn(
  clock: VirtualClock,
  answer: (hashtag: string, nth: number) => Outcome | Reply,
): AskScavio {
  const asked = new Map<string, number>();
  return async (hashtag, signal) => {
    const nth = (asked.get(hashtag) ?? 0) + 1;
    asked.set(hashtag, nth);
    try {
      await clock.sleep(SECOND_MS, signal);
    } catch {
      return reply({ kind: 'fault', reason: 'aborted', retryAfterMs: null });
    }
    const given = answer(hashtag, nth);
    return 'outcome' in given ? given : reply(given);
  };
}

/** Collects in virtual time, and records what happens. */
async function run(
  hashtags: string[],
  ask: AskScavio,
  { requestsPerMinute = null, ...options }: Setup,
): Promise<Run> {
  const { clock } = options;
  const requests: Request[] = [];
  const progress: Progress[] = [];
  const waits: Waited[] = [];
  let inFlight = 0;
  let maxInFlight = 0;
  const beganMs = clock.now();
  const collection = await collect(hashtags, {
    random: () => 0.5,
    concurrency: 1,
    pacer: createPacer(clock, requestsPerMinute),
    signal: new AbortController().signal,
    deadlineMs: null,
    onProgress: (step) => progress.push(step),
    onWait: (waitMs, reason) => waits.push({ waitMs, reason }),
    ...options,
    async ask(hashtag, signal) {
      const request = { hashtag, startMs: clock.now() - beganMs, endMs: Number.POSITIVE_INFINITY };
      requests.push(request);
      inFlight++;
      maxInFlight = Math.max(maxInFlight, inFlight);
      const answer = await ask(hashtag, signal);
      inFlight--;
      request.endMs = clock.now() - beganMs;
      return answer;
    },
  });
  return {
    ...collection,
    requests,
    progress,
    waits,
    tookMs: clock.now() - beganMs,
    maxInFlight,
  };
}

/** The pauses between the requests, from the end of one to the start of the next. */
function pausesMs({ requests }: Run): number[] {
  return requests
    .slice(1)
    .map((request, index) => request.startMs - (requests[index]?.endMs ?? Number.NaN));
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `tag${index}`);
}

describe('a collection', () => {
  it('has one result per hashtag, in the order of the list, whichever answer comes first', async () => {
    const clock = createVirtualClock();
    const ask: AskScavio = async (hashtag) => {
      await clock.sleep(hashtag === 'a' ? 5000 : 1000);
      return reply({ kind: 'captured', videoCount: hashtag.charCodeAt(0), viewCount: null });
    };
    const { results, stopReason, progress } = await run(['a', 'b', 'c'], ask, {
      clock,
      concurrency: 3,
    });
    expect(progress.map(({ hashtag }) => hashtag)).toEqual(['b', 'c', 'a']);
    expect([...results]).toEqual([
      ['a', { kind: 'captured', videoCount: 97, viewCount: null }],
      ['b', { kind: 'captured', videoCount: 98, viewCount: null }],
      ['c', { kind: 'captured', videoCount: 99, viewCount: null }],
    ]);
    expect(stopReason).toBeNull();
  });

  it('of no hashtags is empty and makes no request', async () => {
    const clock = createVirtualClock();
    const collection = await run(
      [],
      apiOn(clock, () => COUNTS),
      { clock },
    );
    expect(collection).toMatchObject({ results: new Map(), stopReason: null, requests: [] });
  });

  it.each([1, 3])('continues when hashtags fail, with %i in flight', async (concurrency) => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag) => {
      if (hashtag === 'tag1') return { kind: 'failed', reason: 'HTTP 400' };
      if (hashtag === 'tag2') return { kind: 'not-found', reason: 'HTTP 404' };
      return hashtag === 'tag3' ? FAULT : COUNTS;
    });
    const { results, stopReason } = await run(names(6), ask, { clock, concurrency });
    expect(Object.fromEntries(results)).toEqual({
      tag0: CAPTURED,
      tag1: { kind: 'failed', reason: 'HTTP 400' },
      tag2: { kind: 'not-found', reason: 'HTTP 404' },
      tag3: { kind: 'failed', reason: expect.stringContaining('HTTP 502') },
      tag4: CAPTURED,
      tag5: CAPTURED,
    });
    expect(stopReason).toBeNull();
  });

  it('asks only once when another try would be useless', async () => {
    for (const kind of ['failed', 'not-found', 'stop'] as const) {
      const clock = createVirtualClock();
      const { requests } = await run(
        ['a'],
        apiOn(clock, () => ({ kind, reason: 'no' })),
        { clock },
      );
      expect(requests).toHaveLength(1);
    }
  });

  it('has as many requests in flight as allowed, and never more', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.constantFrom('ok', 'fault', 'limit'), { maxLength: 12 }),
        async (concurrency, fates) => {
          const clock = createVirtualClock();
          const ask = apiOn(clock, (hashtag, nth) => {
            const fate = fates[Number(hashtag.slice(3))];
            if (fate === 'fault' && nth < 3) return FAULT;
            return fate === 'limit' && nth < 3 ? limited(SECOND_MS) : COUNTS;
          });
          const { maxInFlight, results } = await run(names(fates.length), ask, {
            clock,
            concurrency,
          });
          expect(maxInFlight).toBe(Math.min(concurrency, fates.length));
          expect([...results.values()]).toEqual(fates.map(() => CAPTURED));
        },
      ),
    );
  });
});

describe('a passing fault', () => {
  it('fails the hashtag after four tries, and the result gives the reason', async () => {
    const clock = createVirtualClock();
    const { results, requests } = await run(
      ['a', 'b'],
      apiOn(clock, () => FAULT),
      { clock },
    );
    expect(results.get('a')).toEqual({
      kind: 'failed',
      reason: expect.stringMatching(/HTTP 502.*4 times/),
    });
    expect(requests.map(({ hashtag }) => hashtag).join('')).toBe('aaaabbbb');
  });

  it('that is over by the fourth try has no effect, not even on the next hashtag', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (_, nth) => (nth < 4 ? FAULT : COUNTS));
    const { results, requests } = await run(['a', 'b'], ask, { clock });
    expect([...results.values()]).toEqual([CAPTURED, CAPTURED]);
    expect(requests).toHaveLength(8);
  });

  it('is retried after 1, 2 and 4 seconds, each randomly shortened by up to a half', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 3 }),
        async (dice) => {
          const clock = createVirtualClock();
          let rolls = 0;
          const random = () => dice[rolls++] ?? 0;
          const collection = await run(
            ['a'],
            apiOn(clock, () => FAULT),
            { clock, random },
          );
          const waitsMs = pausesMs(collection);
          expect(waitsMs).toHaveLength(3);
          for (const [index, fullMs] of [1000, 2000, 4000].entries()) {
            expect(waitsMs[index]).toBeGreaterThanOrEqual(fullMs / 2);
            expect(waitsMs[index]).toBeLessThanOrEqual(fullMs);
          }
        },
      ),
    );
  });

  it('is retried at a different moment by each request that met it', async () => {
    const clock = createVirtualClock();
    let rolls = 0;
    const ask = apiOn(clock, (_, nth) => (nth === 1 ? FAULT : COUNTS));
    const random = () => (rolls++ % 4) / 4;
    const { requests } = await run(names(4), ask, { clock, random, concurrency: 4 });
    const secondTries = requests.slice(4).map(({ startMs }) => startMs);
    expect(new Set(secondTries).size).toBe(4);
  });

  it('does not delay the other hashtags', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag) => (hashtag === 'tag0' ? FAULT : COUNTS));
    const { progress } = await run(names(4), ask, { clock, concurrency: 2 });
    expect(progress.map(({ hashtag }) => hashtag)).toEqual(['tag1', 'tag2', 'tag3', 'tag0']);
  });

  it('is not retried earlier than a 503 asks for', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (_, nth) => (nth === 1 ? fault(20_000) : COUNTS));
    const collection = await run(['a'], ask, { clock });
    expect(pausesMs(collection)[0]).toBeGreaterThanOrEqual(20_000);
    expect(collection.results.get('a')).toEqual(CAPTURED);
  });

  it('is retried slowly even if a 503 asks for no wait', async () => {
    const clock = createVirtualClock();
    const collection = await run(
      ['a'],
      apiOn(clock, () => fault(0)),
      { clock },
    );
    expect(collection.requests).toHaveLength(4);
    for (const [index, pauseMs] of pausesMs(collection).entries()) {
      expect(pauseMs).toBeGreaterThanOrEqual((SECOND_MS / 2) * 2 ** index);
    }
  });

  it('of one hashtag does not stop the others, even if its 503 asks to wait for hours', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag) => (hashtag === 'tag1' ? fault(2 * HOUR_MS) : COUNTS));
    const { results } = await run(names(4), ask, { clock });
    expect([...results.values()]).toEqual([
      CAPTURED,
      { kind: 'failed', reason: expect.stringContaining('HTTP 503') },
      CAPTURED,
      CAPTURED,
    ]);
  });
});

describe('a 429', () => {
  it('does not count as one of the four tries', async () => {
    const clock = createVirtualClock();
    const story = [limited(1000), FAULT, limited(1000), FAULT, limited(null), FAULT];
    const ask = apiOn(clock, (_, nth) => story[nth - 1] ?? (nth < 20 ? limited(1000) : COUNTS));
    const { results, requests } = await run(['a'], ask, { clock });
    expect(results.get('a')).toEqual(CAPTURED);
    expect(requests).toHaveLength(20);
  });

  it('makes all requests wait for as long as it says', async () => {
    const clock = createVirtualClock();
    let isFirst = true;
    const ask = apiOn(clock, (hashtag) => {
      if (hashtag !== 'tag1' || !isFirst) return COUNTS;
      isFirst = false;
      return limited(30_000);
    });
    const { results, requests, waits, stopReason } = await run(names(9), ask, {
      clock,
      concurrency: 3,
    });
    const startsMs = requests.map(({ startMs }) => startMs);
    expect(startsMs.filter((ms) => ms > 0 && ms < 31_000)).toEqual(
      startsMs.filter((ms) => ms === SECOND_MS), // these had already started
    );
    expect(startsMs.filter((ms) => ms < 31_000).length).toBeLessThanOrEqual(5);
    expect([...results.values()]).toEqual(names(9).map(() => CAPTURED));
    expect(waits).toEqual([{ waitMs: 30_000, reason: 'HTTP 429' }]);
    expect(stopReason).toBeNull();
  });

  it('does not shorten a longer wait that another 429 asked for', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag, nth) => {
      if (nth > 1) return COUNTS;
      return hashtag === 'tag0' ? limited(60_000) : limited(5000);
    });
    const { requests, waits } = await run(names(2), ask, { clock, concurrency: 2 });
    expect(requests.map(({ startMs }) => startMs)).toEqual([0, 0, 61_000, 61_000]);
    expect(waits.map(({ waitMs }) => waitMs)).toEqual([60_000]);
  });

  it('after an answer makes requests wait only as long as the first one', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (_, nth) => (nth === 1 ? limited(null) : COUNTS));
    const [first, none, second] = pausesMs(await run(names(2), ask, { clock }));
    expect(first).toBeGreaterThan(0);
    expect([none, second]).toEqual([0, first]);
  });

  it('without a time makes requests wait longer each time, up to a minute', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (_, nth) => (nth <= 9 ? limited(null) : COUNTS));
    const collection = await run(['a'], ask, { clock });
    const fullMs = [1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * SECOND_MS);
    for (const [index, pauseMs] of pausesMs(collection).entries()) {
      expect(pauseMs).toBeGreaterThanOrEqual((fullMs[index] ?? 0) / 2);
      expect(pauseMs).toBeLessThanOrEqual(fullMs[index] ?? 0);
    }
    expect(collection.results.get('a')).toEqual(CAPTURED);
  });

  it('that asks for no wait does not make the tracker hammer the API', async () => {
    const clock = createVirtualClock();
    const enough = new AbortController();
    const ask = apiOn(clock, (_, nth) => {
      if (nth === 300) enough.abort(new Error('asked 300 times in vain'));
      return limited(0);
    });
    const { stopReason } = await run(['a'], ask, { clock, signal: enough.signal });
    expect(stopReason).not.toMatch(/300 times/); // it gives up after half an hour
  });
});

describe('an API that limits requests per window', () => {
  type Model = { requests: number; windowMs: number; headers: boolean };

  /**
   * Accepts a number of requests per window and refuses the rest. Windows are aligned to the clock.
   * Requests and answers take `travelMs(nth)` to arrive.
   */
  function createWindowedApi(
    clock: VirtualClock,
    { requests, windowMs, headers }: Model,
    travelMs: (nth: number) => number,
  ) {
    let window = { number: -1, used: 0 };
    let asked = 0;
    let refused = 0;
    const ask: AskScavio = async () => {
      const nth = asked++;
      await clock.sleep(travelMs(2 * nth));
      const number = Math.floor(clock.now() / windowMs);
      if (window.number !== number) window = { number, used: 0 };
      const isRefused = window.used >= requests;
      if (isRefused) refused++;
      else window.used++;
      const resetAtMs = (number + 1) * windowMs;
      const rateLimit: RateLimit = {
        limit: requests,
        remaining: requests - window.used,
        resetAtMs,
      };
      const outcome = isRefused ? limited(resetAtMs - clock.now()) : COUNTS;
      await clock.sleep(travelMs(2 * nth + 1));
      return reply(outcome, headers ? { rateLimit } : {});
    };
    return { ask, refused: () => refused };
  }

  const model = fc.record({
    requests: fc.integer({ min: 1, max: 10 }),
    windowMs: fc.integer({ min: 1, max: 90 }).map((seconds) => seconds * SECOND_MS),
  });
  const travelTimesMs = fc.infiniteStream(fc.integer({ min: 0, max: 12_000 }));

  it('never has to refuse one if it announces its allowance, and no hashtag is lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        model,
        travelTimesMs,
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 0, max: 40 }),
        fc.nat({ max: MINUTE_MS }),
        async (limits, travel, concurrency, count, offsetMs) => {
          const clock = createVirtualClock(Date.UTC(2026, 10, 22) + offsetMs);
          // Before the first answer, nobody can know that a window allows fewer than are in flight.
          fc.pre(concurrency <= limits.requests);
          const times = [...travel.take(200)];
          const travelMs = (nth: number) => times[nth % times.length] ?? 0;
          const api = createWindowedApi(clock, { ...limits, headers: true }, travelMs);
          const { results } = await run(names(count), api.ask, { clock, concurrency });
          expect(api.refused()).toBe(0);
          expect([...results.values()]).toEqual(names(count).map(() => CAPTURED));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('makes no hashtag fail even if it only refuses and announces nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        model,
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 0, max: 30 }),
        async (limits, concurrency, count) => {
          const clock = createVirtualClock();
          const api = createWindowedApi(clock, { ...limits, headers: false }, () => 100);
          const { results } = await run(names(count), api.ask, { clock, concurrency });
          expect([...results.values()]).toEqual(names(count).map(() => CAPTURED));
        },
      ),
    );
  });

  it('is asked as fast as it allows: 100 hashtags at 5 per minute take 19 minutes', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 10, 22));
    const api = createWindowedApi(
      clock,
      { requests: 5, windowMs: MINUTE_MS, headers: true },
      () => 500,
    );
    const { tookMs, results } = await run(names(100), api.ask, { clock });
    expect(results.get('tag99')).toEqual(CAPTURED);
    expect(tookMs).toBeGreaterThan(19 * MINUTE_MS);
    expect(tookMs).toBeLessThan(20 * MINUTE_MS);
  });

  it('makes the collection wait, and the wait is reported with its reason', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 10, 22));
    const limits = { requests: 2, windowMs: MINUTE_MS, headers: true };
    const api = createWindowedApi(clock, limits, () => 500);
    const { waits } = await run(names(3), api.ask, { clock });
    expect(waits).toEqual([{ waitMs: expect.any(Number), reason: expect.stringMatching(/limit/) }]);
    expect(waits[0]?.waitMs).toBeGreaterThan(57 * SECOND_MS);
    expect(waits[0]?.waitMs).toBeLessThan(MINUTE_MS);
  });

  it('with a window of a day makes the collection stop after half an hour', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 10, 22));
    const api = createWindowedApi(
      clock,
      { requests: 2, windowMs: 24 * HOUR_MS, headers: true },
      () => 500,
    );
    const { results, tookMs } = await run(names(3), api.ask, { clock });
    expect(tookMs).toBeLessThan(HOUR_MS);
    expect([...results.values()]).toEqual([CAPTURED, CAPTURED, NOT_ASKED]);
  });
});

describe('requestsPerMinute', () => {
  it('is not exceeded in any minute, including retries after faults and limits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.constantFrom('ok', 'fault', 'limit'), { maxLength: 30 }),
        async (requestsPerMinute, concurrency, fates) => {
          const clock = createVirtualClock();
          const ask = apiOn(clock, (hashtag, nth) => {
            const fate = fates[Number(hashtag.slice(3))];
            if (nth > 1 || fate === 'ok') return COUNTS;
            return fate === 'limit' ? limited(5000) : FAULT;
          });
          const { requests, results } = await run(names(fates.length), ask, {
            clock,
            concurrency,
            requestsPerMinute,
          });
          const startsMs = requests.map(({ startMs }) => startMs);
          for (const [index, startMs] of startsMs.entries()) {
            const laterMs = startsMs[index + requestsPerMinute] ?? Number.POSITIVE_INFINITY;
            expect(laterMs - startMs).toBeGreaterThanOrEqual(MINUTE_MS);
          }
          expect([...results.values()]).toEqual(fates.map(() => CAPTURED));
        },
      ),
    );
  });

  it('may make a run last for hours, and that does not count as a stall', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, () => COUNTS);
    const { results, tookMs, stopReason } = await run(names(200), ask, {
      clock,
      requestsPerMinute: 1,
    });
    expect([...results.values()]).toEqual(names(200).map(() => CAPTURED));
    expect(tookMs).toBeGreaterThanOrEqual(199 * MINUTE_MS);
    expect(stopReason).toBeNull();
  });
});

describe('an early end', () => {
  it.each([1, 3])(
    'comes with a stop: it keeps captured counts and asks for no more, with %i in flight',
    async (concurrency) => {
      const clock = createVirtualClock();
      const reason = 'out of credits (HTTP 402); top up at https://example.org/billing';
      const ask = apiOn(clock, (hashtag) =>
        Number(hashtag.slice(3)) < 6 ? COUNTS : { kind: 'stop', reason },
      );
      const { results, requests, stopReason } = await run(names(20), ask, { clock, concurrency });
      const all = [...results.values()];
      expect([...results.keys()]).toEqual(names(20));
      expect(all.slice(0, 6)).toEqual(names(6).map(() => CAPTURED));
      expect(all.slice(6)).toEqual(names(14).map(() => ({ kind: 'not-asked', reason })));
      expect(requests.length).toBeLessThanOrEqual(6 + concurrency);
      expect(stopReason).toBe(reason);
    },
  );

  it('lets a request in flight finish, because it is paid for, and counts its credit', async () => {
    const clock = createVirtualClock();
    const stop: Outcome = { kind: 'stop', reason: 'HTTP 402' };
    const ask: AskScavio = async (hashtag, signal) => {
      const isFirst = hashtag === 'tag0';
      await clock.sleep(isFirst ? SECOND_MS : 2 * SECOND_MS, signal);
      return isFirst ? reply(stop) : reply(COUNTS, { creditsUsed: 1, creditsRemaining: 0 });
    };
    const { results, creditsUsed } = await run(names(3), ask, { clock, concurrency: 2 });
    expect([...results.values()]).toEqual([NOT_ASKED, CAPTURED, NOT_ASKED]);
    expect(creditsUsed).toBe(1);
  });

  it('comes when the deadline has passed, and the answer to a request in flight still counts', async () => {
    const clock = createVirtualClock();
    const deadlineMs = clock.now() + 2.5 * SECOND_MS;
    const { results, requests, stopReason } = await run(
      names(4),
      apiOn(clock, () => COUNTS),
      {
        clock,
        deadlineMs,
      },
    );
    expect([...results.values()].map(({ kind }) => kind)).toEqual([
      'captured',
      'captured',
      'captured',
      'not-asked',
    ]);
    expect(requests).toHaveLength(3);
    expect(stopReason).toContain('--minutes');
  });

  it('comes when the deadline has passed, also between the tries for one hashtag', async () => {
    const clock = createVirtualClock();
    const fault: Outcome = { kind: 'fault', reason: 'HTTP 503', retryAfterMs: MINUTE_MS };
    const deadlineMs = clock.now() + 1.5 * MINUTE_MS;
    const ask = apiOn(clock, () => fault);
    const { results, requests, stopReason } = await run(names(2), ask, { clock, deadlineMs });
    expect(requests).toHaveLength(2);
    expect([...results.values()].map(({ kind }) => kind)).toEqual(['not-asked', 'not-asked']);
    expect(stopReason).toContain('--minutes');
  });

  it('comes at once if a limit makes all requests wait beyond the deadline', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, () => limited(20 * MINUTE_MS));
    const deadlineMs = clock.now() + 10 * MINUTE_MS;
    const { stopReason, tookMs } = await run(names(2), ask, { clock, deadlineMs });
    expect(stopReason).toContain('--minutes');
    expect(tookMs).toBeLessThan(5 * SECOND_MS);
  });

  it('comes at once if a stop arrives while other requests wait', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag) =>
      hashtag === 'tag0' ? limited(20 * MINUTE_MS) : { kind: 'stop', reason: 'HTTP 401' },
    );
    const { results, tookMs } = await run(names(3), ask, { clock, concurrency: 2 });
    expect(tookMs).toBeLessThan(2 * SECOND_MS);
    expect(results.get('tag0')).toEqual({ kind: 'not-asked', reason: 'HTTP 401' });
    expect(results.get('tag2')).toEqual({ kind: 'not-asked', reason: 'HTTP 401' });
  });

  it.each<[string, number, Outcome]>([
    ['the wait after a fault', 3.2 * SECOND_MS, FAULT],
    ['the wait after a limit', 5 * MINUTE_MS, limited(10 * MINUTE_MS)],
  ])(
    'comes at once if the signal aborts during %s, and captured counts are kept',
    async (_, abortMs, outcome) => {
      const clock = createVirtualClock();
      const controller = new AbortController();
      const ask = apiOn(clock, (hashtag) => (hashtag === 'tag2' ? outcome : COUNTS));
      const running = run(names(4), ask, { clock, signal: controller.signal });
      await clock.sleep(abortMs);
      controller.abort(new Error('SIGTERM'));
      const { results, requests, stopReason, tookMs } = await running;
      expect([...results.values()]).toEqual([CAPTURED, CAPTURED, NOT_ASKED, NOT_ASKED]);
      expect(stopReason).toContain('SIGTERM');
      expect(results.get('tag3')).toMatchObject({ reason: expect.stringContaining('SIGTERM') });
      expect(requests.at(-1)?.hashtag).toBe('tag2');
      expect(tookMs).toBe(abortMs);
    },
  );

  it.each<[string, number, number, Outcome | null, object]>([
    ['an answer that comes soon, which is paid for', 2.5, 3, COUNTS, CAPTURED],
    ['a failed answer that comes soon', 2.5, 3, FAULT, NOT_ASKED],
    ['an answer that takes longer than two seconds', 2.5, 4.5, null, NOT_ASKED],
  ])(
    'waits for %s, if the signal aborts during requests',
    async (_, abortSeconds, endSeconds, outcome, result) => {
      const clock = createVirtualClock();
      const controller = new AbortController();
      const ask: AskScavio = async (hashtag, signal) => {
        if (hashtag !== 'tag2' || outcome !== null) {
          await clock.sleep(SECOND_MS, signal);
          return reply(hashtag === 'tag2' && outcome !== null ? outcome : COUNTS);
        }
        await clock.sleep(MINUTE_MS, signal).catch(() => {});
        return reply({ kind: 'fault', reason: 'aborted', retryAfterMs: null });
      };
      const running = run(names(4), ask, { clock, signal: controller.signal });
      await clock.sleep(abortSeconds * SECOND_MS);
      controller.abort(new Error('SIGTERM'));
      const { results, requests, tookMs } = await running;
      expect([...results.values()]).toEqual([CAPTURED, CAPTURED, result, NOT_ASKED]);
      expect(requests).toHaveLength(3);
      expect(tookMs).toBe(endSeconds * SECOND_MS);
    },
  );

  it('comes before the first request if the signal is already aborted', async () => {
    const clock = createVirtualClock();
    const signal = AbortSignal.abort(new Error('SIGTERM'));
    const { results, requests } = await run(
      names(2),
      apiOn(clock, () => COUNTS),
      { clock, signal },
    );
    expect(requests).toEqual([]);
    expect([...results.values()]).toEqual([NOT_ASKED, NOT_ASKED]);
  });

  it.each<[string, Outcome]>([
    ['faults', FAULT],
    ['429s that give a time', limited(7 * MINUTE_MS)],
    ['429s that give no time', limited(null)],
    ['429s that ask for hours', limited(2 * HOUR_MS)],
  ])('comes after half an hour of nothing but %s', async (_, outcome) => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag) => (Number(hashtag.slice(3)) < 2 ? COUNTS : outcome));
    const { results, stopReason, tookMs } = await run(names(1000), ask, { clock, concurrency: 2 });
    const all = [...results.values()];
    expect(tookMs).toBeLessThan(32 * MINUTE_MS);
    expect(all.slice(0, 2)).toEqual([CAPTURED, CAPTURED]);
    expect(all.at(-1)).toEqual({ kind: 'not-asked', reason: stopReason });
    expect(stopReason).toMatch(/HTTP (502|429)/);
  });

  it('does not come while useful answers still arrive now and then', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (_, nth) => (nth === 1 ? limited(29 * MINUTE_MS) : COUNTS));
    const { results, stopReason } = await run(names(5), ask, { clock });
    expect([...results.values()]).toEqual(names(5).map(() => CAPTURED));
    expect(stopReason).toBeNull();
  });
});

describe('the reported progress', () => {
  it('gives the number done, the total and an estimate of the time left', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, () => COUNTS);
    const { progress } = await run(names(4), ask, { clock });
    expect(progress).toMatchObject([
      { done: 1, total: 4, hashtag: 'tag0', result: CAPTURED, remainingMs: 3000 },
      { done: 2, total: 4, hashtag: 'tag1', result: CAPTURED, remainingMs: 2000 },
      { done: 3, total: 4, hashtag: 'tag2', result: CAPTURED, remainingMs: 1000 },
      { done: 4, total: 4, hashtag: 'tag3', result: CAPTURED, remainingMs: 0 },
    ]);
  });

  it('has every result, also failures, and counts up by one even with many in flight', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag) =>
      hashtag === 'tag3' ? { kind: 'failed', reason: 'HTTP 400' } : COUNTS,
    );
    const { progress } = await run(names(10), ask, { clock, concurrency: 4 });
    expect(progress.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(progress.find(({ hashtag }) => hashtag === 'tag3')?.result).toEqual({
      kind: 'failed',
      reason: 'HTTP 400',
    });
    expect(progress.at(-1)?.remainingMs).toBe(0);
  });

  it('has no result for a hashtag that was not asked for', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, () => ({ kind: 'stop', reason: 'HTTP 401' }));
    const { progress } = await run(names(3), ask, { clock });
    expect(progress).toEqual([]);
  });
});

describe('the credits', () => {
  it('used are the sum of all answers, and those left are the last value reported', async () => {
    const clock = createVirtualClock();
    const reported: [number | null, number | null][] = [
      [1, 99],
      [2, 97],
      [null, null],
      [0, 97],
    ];
    const ask = apiOn(clock, (hashtag) => {
      const [creditsUsed = null, creditsRemaining = null] =
        reported[Number(hashtag.slice(3))] ?? [];
      const isFailure = hashtag === 'tag1';
      return reply(isFailure ? { kind: 'not-found', reason: 'HTTP 404' } : COUNTS, {
        creditsUsed,
        creditsRemaining,
      });
    });
    expect(await run(names(4), ask, { clock })).toMatchObject({
      creditsUsed: 3,
      creditsRemaining: 97,
    });
  });

  it('are unknown if the API never reports them', async () => {
    const clock = createVirtualClock();
    expect(
      await run(
        names(2),
        apiOn(clock, () => COUNTS),
        { clock },
      ),
    ).toMatchObject({
      creditsUsed: null,
      creditsRemaining: null,
    });
  });
});

describe('over real HTTP', () => {
  const faults: Fault[] = [
    'reset',
    'cut',
    'hang',
    'drip',
    'nonsense',
    'broken-gzip',
    { status: 429, headers: { 'Retry-After': '30' } },
    { status: 429, body: { error: 'Retry after 30 seconds.' } },
    { status: 500 },
    { status: 503, headers: { 'Retry-After': '5' } },
  ];

  it('no hashtag is lost because of a passing fault, and none is asked again in vain', async () => {
    const hashtags = [...names(faults.length), 'fine'];
    const api = await startApi({
      fault: (hashtag, nth) => (nth === 1 ? (faults[Number(hashtag.slice(3))] ?? null) : null),
    });
    const clock = createVirtualClock();
    const ask = createScavioClient({
      baseUrl: api.url,
      key: DEMO_KEY,
      send: createHttp(globalThis.fetch),
      now: clock.now,
      timeoutMs: 1000,
    });
    const { results, creditsUsed, creditsRemaining } = await run(hashtags, ask, {
      clock,
      concurrency: 5,
    });
    expect(Object.fromEntries(results)).toEqual(
      Object.fromEntries(hashtags.map((hashtag) => [hashtag, CAPTURED])),
    );
    const asked = [...hashtags, ...names(faults.length)];
    expect(api.requests.toSorted()).toEqual(asked.toSorted());
    expect(creditsUsed).toBe(hashtags.length);
    expect(creditsRemaining).toBe(1000 - hashtags.length);
  });

  it('running out of credits keeps the captured counts and names the place to pay', async () => {
    const api = await startApi({ credits: 2 });
    const clock = createVirtualClock();
    const send = createHttp(globalThis.fetch);
    const ask = createScavioClient({ baseUrl: api.url, key: DEMO_KEY, send, now: clock.now });
    const { results, stopReason, creditsRemaining } = await run(names(5), ask, { clock });
    expect([...results.values()].map(({ kind }) => kind)).toEqual([
      'captured',
      'captured',
      'not-asked', // its request got the 402, which says nothing about the hashtag
      'not-asked',
      'not-asked',
    ]);
    expect(stopReason).toContain('https://example.org/billing');
    expect(creditsRemaining).toBe(0);
    expect(api.requests).toHaveLength(3);
  });

  it('the credits left stay known if a later answer does not name them', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag) =>
      reply(COUNTS, { creditsRemaining: hashtag === 'tag0' ? 7 : null }),
    );
    expect((await run(names(2), ask, { clock })).creditsRemaining).toBe(7);
  });

  it('a refused key is used for one request only', async () => {
    const api = await startApi({ key: 'another-key' });
    const clock = createVirtualClock();
    const send = createHttp(globalThis.fetch);
    const ask = createScavioClient({ baseUrl: api.url, key: DEMO_KEY, send, now: clock.now });
    const { requests, stopReason } = await run(names(5), ask, { clock });
    expect(requests).toHaveLength(1);
    expect(stopReason).toContain('SCAVIO_API_KEY');
  });
});
