import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEMO_KEY, type Fault } from '../../scripts/lab/stand-in.ts';
import { createVirtualClock, type VirtualClock } from '../../scripts/lab/virtual-clock.ts';
import type { Outcome, RateLimit, Reply } from '../../scripts/lib/collect/answer.ts';
import { type Collection, collect, type Progress } from '../../scripts/lib/collect/collect.ts';
import { type AskScavio, createScavioClient } from '../../scripts/lib/collect/scavio.ts';
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
type Setup = Partial<Parameters<typeof collect>[1]> & { clock: VirtualClock };

function fault(retryAfterMs: number | null): Outcome {
  return { kind: 'fault', reason: 'HTTP 503', retryAfterMs };
}

function limited(retryAfterMs: number | null): Outcome {
  return { kind: 'rate-limited', reason: 'HTTP 429', retryAfterMs };
}

function reply(outcome: Outcome, extras: Partial<Reply> = {}): Reply {
  return { outcome, rateLimit: null, creditsUsed: null, creditsRemaining: null, ...extras };
}

/** An API on which every request takes a second; `nth` counts the requests for the hashtag from 1. */
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
    const said = answer(hashtag, nth);
    return 'outcome' in said ? said : reply(said);
  };
}

/** Collects in virtual time, and watches. */
async function run(hashtags: string[], ask: AskScavio, options: Setup): Promise<Run> {
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
    requestsPerMinute: null,
    signal: new AbortController().signal,
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
  it('has a result for every hashtag, in the order asked, whatever the order of the answers', async () => {
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

  it('of nothing is empty, and asks nothing', async () => {
    const clock = createVirtualClock();
    const collection = await run(
      [],
      apiOn(clock, () => COUNTS),
      { clock },
    );
    expect(collection).toMatchObject({ results: new Map(), stopReason: null, requests: [] });
  });

  it.each([1, 3])('is not stopped by one that fails, %i at a time', async (concurrency) => {
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

  it('asks once where asking again is of no use', async () => {
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

  it('never has more requests in flight than it may, and as many as it may', async () => {
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
  it('is tried four times, and then the hashtag has failed, with the reason', async () => {
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

  it('that passes by the fourth try is forgotten, also for the next hashtag', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (_, nth) => (nth < 4 ? FAULT : COUNTS));
    const { results, requests } = await run(['a', 'b'], ask, { clock });
    expect([...results.values()]).toEqual([CAPTURED, CAPTURED]);
    expect(requests).toHaveLength(8);
  });

  it('is tried again after about 1, 2 and 4 seconds, less a jitter of up to a half', async () => {
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

  it('is tried again at another moment by each that met it', async () => {
    const clock = createVirtualClock();
    let rolls = 0;
    const ask = apiOn(clock, (_, nth) => (nth === 1 ? FAULT : COUNTS));
    const random = () => (rolls++ % 4) / 4;
    const { requests } = await run(names(4), ask, { clock, random, concurrency: 4 });
    const secondTries = requests.slice(4).map(({ startMs }) => startMs);
    expect(new Set(secondTries).size).toBe(4);
  });

  it('does not hold up the others', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag) => (hashtag === 'tag0' ? FAULT : COUNTS));
    const { progress } = await run(names(4), ask, { clock, concurrency: 2 });
    expect(progress.map(({ hashtag }) => hashtag)).toEqual(['tag1', 'tag2', 'tag3', 'tag0']);
  });

  it('is tried again no earlier than a 503 asks', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (_, nth) => (nth === 1 ? fault(20_000) : COUNTS));
    const collection = await run(['a'], ask, { clock });
    expect(pausesMs(collection)[0]).toBeGreaterThanOrEqual(20_000);
    expect(collection.results.get('a')).toEqual(CAPTURED);
  });

  it('is tried again slowly even where a 503 asks for no wait', async () => {
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

  it('of one hashtag does not stop the others, however long its 503 asks to wait', async () => {
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
  it('uses up none of the four tries', async () => {
    const clock = createVirtualClock();
    const story = [limited(1000), FAULT, limited(1000), FAULT, limited(null), FAULT];
    const ask = apiOn(clock, (_, nth) => story[nth - 1] ?? (nth < 20 ? limited(1000) : COUNTS));
    const { results, requests } = await run(['a'], ask, { clock });
    expect(results.get('a')).toEqual(CAPTURED);
    expect(requests).toHaveLength(20);
  });

  it('makes everyone wait for as long as it says', async () => {
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
      startsMs.filter((ms) => ms === SECOND_MS), // who had already gone on
    );
    expect(startsMs.filter((ms) => ms < 31_000).length).toBeLessThanOrEqual(5);
    expect([...results.values()]).toEqual(names(9).map(() => CAPTURED));
    expect(waits).toEqual([{ waitMs: 30_000, reason: 'HTTP 429' }]);
    expect(stopReason).toBeNull();
  });

  it('does not shorten a longer wait that another one asked for', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag, nth) => {
      if (nth > 1) return COUNTS;
      return hashtag === 'tag0' ? limited(60_000) : limited(5000);
    });
    const { requests, waits } = await run(names(2), ask, { clock, concurrency: 2 });
    expect(requests.map(({ startMs }) => startMs)).toEqual([0, 0, 61_000, 61_000]);
    expect(waits.map(({ waitMs }) => waitMs)).toEqual([60_000]);
  });

  it('that names no time is waited out longer and longer, up to a minute', async () => {
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

  it('that asks for no wait at all does not make it hammer the API', async () => {
    const clock = createVirtualClock();
    const enough = new AbortController();
    const ask = apiOn(clock, (_, nth) => {
      if (nth === 300) enough.abort(new Error('asked 300 times in vain'));
      return limited(0);
    });
    const { stopReason } = await run(['a'], ask, { clock, signal: enough.signal });
    expect(stopReason).not.toMatch(/300 times/); // the half hour is over first
  });
});

describe('an API with a window of requests', () => {
  type Model = { requests: number; windowMs: number; headers: boolean };

  /**
   * Takes so many requests a window, on windows aligned to the clock, and refuses the rest. Requests
   * and answers are on their way for `travelMs(nth)`.
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

  it('that announces its allowance never has to refuse, and no hashtag is lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        model,
        travelTimesMs,
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 0, max: 40 }),
        fc.nat({ max: MINUTE_MS }),
        async (limits, travel, concurrency, count, offsetMs) => {
          const clock = createVirtualClock(Date.UTC(2026, 10, 22) + offsetMs);
          // More at once than a window takes is more than anybody could know before the first answer.
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

  it('that only refuses loses no hashtag either', async () => {
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

  it('is used as fast as it allows: 100 hashtags at 5 a minute take 19 minutes', async () => {
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

  it('is waited for, and that is told', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 10, 22));
    const limits = { requests: 2, windowMs: MINUTE_MS, headers: true };
    const api = createWindowedApi(clock, limits, () => 500);
    const { waits } = await run(names(3), api.ask, { clock });
    expect(waits).toEqual([{ waitMs: expect.any(Number), reason: expect.stringMatching(/limit/) }]);
    expect(waits[0]?.waitMs).toBeGreaterThan(57 * SECOND_MS);
    expect(waits[0]?.waitMs).toBeLessThan(MINUTE_MS);
  });

  it('of a day is not waited out: after half an hour the rest is left for a later run', async () => {
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
  it('is never exceeded in any minute, tries after faults and limits included', async () => {
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

  it('may make a run of hours, which is not taken for a stall', async () => {
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

describe('the end before all is asked', () => {
  it.each([1, 3])(
    'comes with a stop: what came is kept, the rest not asked, %i at a time',
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

  it('comes at once when a stop comes while others wait', async () => {
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
    ['a request', 2.5 * SECOND_MS, COUNTS],
    ['the wait after a fault', 3.2 * SECOND_MS, FAULT],
    ['the fourth try', 10.5 * SECOND_MS, FAULT],
    ['the wait after a limit', 5 * MINUTE_MS, limited(10 * MINUTE_MS)],
  ])('comes with the abort signal during %s: what came is kept', async (_, abortMs, outcome) => {
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
  });

  it('comes before the first request when the signal is aborted already', async () => {
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
    ['limits that name a time', limited(7 * MINUTE_MS)],
    ['limits that name none', limited(null)],
    ['a 429 that asks for hours', limited(2 * HOUR_MS)],
  ])('comes when there was nothing but %s for half an hour', async (_, outcome) => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (hashtag) => (Number(hashtag.slice(3)) < 2 ? COUNTS : outcome));
    const { results, stopReason, tookMs } = await run(names(1000), ask, { clock, concurrency: 2 });
    const all = [...results.values()];
    expect(tookMs).toBeLessThan(32 * MINUTE_MS);
    expect(all.slice(0, 2)).toEqual([CAPTURED, CAPTURED]);
    expect(all.at(-1)).toEqual({ kind: 'not-asked', reason: stopReason });
    expect(stopReason).toMatch(/HTTP (502|429)/);
  });

  it('does not come while an answer of use comes now and then', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, (_, nth) => (nth === 1 ? limited(29 * MINUTE_MS) : COUNTS));
    const { results, stopReason } = await run(names(5), ask, { clock });
    expect([...results.values()]).toEqual(names(5).map(() => CAPTURED));
    expect(stopReason).toBeNull();
  });
});

describe('what is told meanwhile', () => {
  it('is how many are done, of how many, and an estimate of the time left', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, () => COUNTS);
    const { progress } = await run(names(4), ask, { clock });
    expect(progress).toEqual([
      { done: 1, total: 4, hashtag: 'tag0', result: CAPTURED, remainingMs: 3000 },
      { done: 2, total: 4, hashtag: 'tag1', result: CAPTURED, remainingMs: 2000 },
      { done: 3, total: 4, hashtag: 'tag2', result: CAPTURED, remainingMs: 1000 },
      { done: 4, total: 4, hashtag: 'tag3', result: CAPTURED, remainingMs: 0 },
    ]);
  });

  it('is every result, failures included, and counts up by one also when many run at once', async () => {
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

  it('is no result of a hashtag that was not asked for', async () => {
    const clock = createVirtualClock();
    const ask = apiOn(clock, () => ({ kind: 'stop', reason: 'HTTP 401' }));
    const { progress } = await run(names(3), ask, { clock });
    expect(progress).toEqual([]);
  });
});

describe('the credits', () => {
  it('used are summed over all answers, those left are the last told', async () => {
    const clock = createVirtualClock();
    const told: [number | null, number | null][] = [
      [1, 99],
      [2, 97],
      [null, null],
      [0, 97],
    ];
    const ask = apiOn(clock, (hashtag) => {
      const [creditsUsed = null, creditsRemaining = null] = told[Number(hashtag.slice(3))] ?? [];
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

  it('are unknown where the API never says', async () => {
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

  it('no hashtag is lost to a passing fault, and none is asked for twice without need', async () => {
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

  it('spent credits keep what came and name the place to pay', async () => {
    const api = await startApi({ credits: 2 });
    const clock = createVirtualClock();
    const send = createHttp(globalThis.fetch);
    const ask = createScavioClient({ baseUrl: api.url, key: DEMO_KEY, send, now: clock.now });
    const { results, stopReason, creditsRemaining } = await run(names(5), ask, { clock });
    expect([...results.values()].map(({ kind }) => kind)).toEqual([
      'captured',
      'captured',
      'not-asked', // it met the 402, which says nothing about it
      'not-asked',
      'not-asked',
    ]);
    expect(stopReason).toContain('https://example.org/billing');
    expect(creditsRemaining).toBe(0);
    expect(api.requests).toHaveLength(3);
  });

  it('a refused key is asked with once', async () => {
    const api = await startApi({ key: 'another-key' });
    const clock = createVirtualClock();
    const send = createHttp(globalThis.fetch);
    const ask = createScavioClient({ baseUrl: api.url, key: DEMO_KEY, send, now: clock.now });
    const { requests, stopReason } = await run(names(5), ask, { clock });
    expect(requests).toHaveLength(1);
    expect(stopReason).toContain('SCAVIO_API_KEY');
  });
});
