import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../scripts/lab/virtual-clock.ts';
import type { RateLimit } from '../../scripts/lib/collect/answer.ts';
import { createPacer, type Pacer } from '../../scripts/lib/collect/pace.ts';

const NEVER = new AbortController().signal;
const MINUTE_MS = 60_000;

/** Takes the next turn and returns how long that had to wait. */
async function waitForTurn(pacer: Pacer, clock: VirtualClock): Promise<number> {
  const beforeMs = clock.now();
  await pacer.takeTurn(NEVER);
  return clock.now() - beforeMs;
}

/** Whether the turn was given. Lets pending work finish without moving the clock. */
async function isSettled(turn: Promise<void>): Promise<boolean> {
  let settled = false;
  const mark = () => {
    settled = true;
  };
  turn.then(mark, mark);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('a pacer without limits', () => {
  it('gives every turn at once', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer(clock, null);
    for (let turn = 0; turn < 100; turn++) {
      expect(await waitForTurn(pacer, clock)).toBe(0);
      if (turn % 2 === 0) pacer.endTurn(null);
    }
  });
});

describe('a pause', () => {
  it('holds back every turn until it is over', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer(clock, null);
    const startMs = clock.now();
    pacer.pauseUntil(startMs + 30_000);
    const startsMs = await Promise.all(
      [1, 2, 3].map(() => pacer.takeTurn(NEVER).then(() => clock.now() - startMs)),
    );
    expect(startsMs).toEqual([30_000, 30_000, 30_000]);
  });

  it('is not shortened by a shorter one, but is extended by a longer one', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer(clock, null);
    const startMs = clock.now();
    pacer.pauseUntil(startMs + 30_000);
    pacer.pauseUntil(startMs + 1000);
    const turn = pacer.takeTurn(NEVER);
    pacer.pauseUntil(startMs + 45_000);
    await turn;
    expect(clock.now()).toBe(startMs + 45_000);
  });

  it('may be longer than the 24 days that a timer can hold', async () => {
    const clock = createVirtualClock();
    let longestMs = 0;
    const sleep: VirtualClock['sleep'] = (ms, signal) => {
      longestMs = Math.max(longestMs, ms);
      return clock.sleep(ms, signal);
    };
    const pacer = createPacer({ ...clock, sleep }, null);
    pacer.pauseUntil(clock.now() + 60 * 24 * 60 * MINUTE_MS);
    expect(await waitForTurn(pacer, clock)).toBe(60 * 24 * 60 * MINUTE_MS);
    expect(longestMs).toBeLessThan(2 ** 31);
  });
});

describe('requestsPerMinute', () => {
  it('lets that many requests start at once, and then that many per minute', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer(clock, 3);
    const waitsMs: number[] = [];
    for (let turn = 0; turn < 7; turn++) {
      waitsMs.push(await waitForTurn(pacer, clock));
      clock.advance(1000);
      pacer.endTurn(null);
    }
    expect(waitsMs).toEqual([0, 0, 0, 57_000, 0, 0, 57_000]);
  });

  it('is not exceeded in any minute, and makes no request wait without need', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 30 }),
        async (limit, pausesMs) => {
          const clock = createVirtualClock();
          const pacer = createPacer(clock, limit);
          const startsMs: number[] = [];
          for (const pauseMs of pausesMs) {
            clock.advance(pauseMs);
            const waitMs = await waitForTurn(pacer, clock);
            const previousMs = startsMs.at(-limit);
            if (previousMs !== undefined) {
              expect(clock.now() - previousMs).toBeGreaterThanOrEqual(MINUTE_MS);
              if (waitMs > 0) expect(clock.now() - previousMs).toBe(MINUTE_MS);
            } else {
              expect(waitMs).toBe(0);
            }
            startsMs.push(clock.now());
            pacer.endTurn(null);
          }
        },
      ),
    );
  });
});

describe('the allowance that the API announces', () => {
  function setUp({ inFlight = 1 } = {}) {
    const clock = createVirtualClock();
    const pacer = createPacer(clock, null);
    const startMs = clock.now();
    const allow = (remaining: number, resetInMs: number, limit: number | null = 5): RateLimit => ({
      limit,
      remaining,
      resetAtMs: startMs + resetInMs,
    });
    const start = async () => {
      for (let turn = 0; turn < inFlight; turn++) await pacer.takeTurn(NEVER);
    };
    return { clock, pacer, allow, start };
  }

  it('is used up without waiting', async () => {
    const { clock, pacer, allow, start } = setUp();
    await start();
    for (const remaining of [3, 2, 1]) {
      pacer.endTurn(allow(remaining, 40_000));
      expect(await waitForTurn(pacer, clock)).toBe(0);
    }
  });

  it('makes requests wait until just after the reset once it is used up', async () => {
    const { clock, pacer, allow, start } = setUp();
    await start();
    pacer.endTurn(allow(0, 40_000));
    const waitMs = await waitForTurn(pacer, clock);
    expect(waitMs).toBeGreaterThan(40_000); // a moment early would be one request in vain
    expect(waitMs).toBeLessThan(41_000);
  });

  it('makes no request wait after the reset', async () => {
    const { clock, pacer, allow, start } = setUp();
    await start();
    pacer.endTurn(allow(0, 40_000));
    clock.advance(50_000);
    expect(await waitForTurn(pacer, clock)).toBe(0);
  });

  it('is shared with the requests that are still in flight', async () => {
    const { clock, pacer, allow, start } = setUp({ inFlight: 3 });
    await start();
    pacer.endTurn(allow(2, 40_000)); // may not count the two others yet
    const turn = pacer.takeTurn(NEVER);
    pacer.endTurn(allow(2, 40_000));
    await turn;
    expect(clock.sleptMs()).toBe(0);
  });

  it('keeps the smallest remainder if answers of a window overtake each other', async () => {
    const { clock, pacer, allow, start } = setUp({ inFlight: 2 });
    await start();
    pacer.endTurn(allow(0, 40_000));
    pacer.endTurn(allow(1, 40_000));
    expect(await waitForTurn(pacer, clock)).toBeGreaterThanOrEqual(40_000);
  });

  it('of a new window replaces that of the old window', async () => {
    const { clock, pacer, allow, start } = setUp();
    await start();
    pacer.endTurn(allow(0, 40_000));
    await pacer.takeTurn(NEVER);
    pacer.endTurn(allow(4, 100_000));
    expect(await waitForTurn(pacer, clock)).toBe(0);
  });

  it('of a past window does not replace that of the current window', async () => {
    const { clock, pacer, allow, start } = setUp({ inFlight: 2 });
    await start();
    clock.advance(50_000);
    pacer.endTurn(allow(0, 100_000));
    pacer.endTurn(allow(0, 40_000)); // asked in the window before, and answered late
    await pacer.takeTurn(NEVER);
    expect(clock.sleptMs()).toBeGreaterThanOrEqual(100_000);
  });

  it('is assumed to be full in a new window until an answer says otherwise', async () => {
    const { clock, pacer, allow, start } = setUp();
    await start();
    pacer.endTurn(allow(0, 40_000, 2));
    clock.advance(50_000);
    expect(await waitForTurn(pacer, clock)).toBe(0);
    expect(await waitForTurn(pacer, clock)).toBe(0);
    const third = pacer.takeTurn(NEVER);
    expect(await isSettled(third)).toBe(false);
    pacer.endTurn(allow(1, 100_000, 2));
    pacer.endTurn(allow(0, 100_000, 2));
    await third;
    expect(clock.sleptMs()).toBeGreaterThanOrEqual(100_000);
  });

  it('may be announced without a limit', async () => {
    const { clock, pacer, allow, start } = setUp();
    await start();
    pacer.endTurn(allow(0, 40_000, null));
    expect(await waitForTurn(pacer, clock)).toBeGreaterThanOrEqual(40_000);
    // One request finds out how large the new window is.
    const second = pacer.takeTurn(NEVER);
    expect(await isSettled(second)).toBe(false);
    pacer.endTurn(allow(4, 100_000, null));
    await second;
  });

  it.each([-700, 700])(
    'counts for the same window if its reset is off by %i ms, because servers round to seconds',
    async (offMs) => {
      const { clock, pacer, allow, start } = setUp({ inFlight: 2 });
      await start();
      pacer.endTurn(allow(0, 40_000));
      pacer.endTurn(allow(1, 40_000 + offMs));
      expect(await waitForTurn(pacer, clock)).toBeGreaterThanOrEqual(39_000);
    },
  );

  it('is also used up by requests whose answers announce none, as after a fault', async () => {
    const { clock, pacer, allow, start } = setUp();
    await start();
    pacer.endTurn(allow(2, 40_000));
    for (const waitMs of [0, 0]) {
      expect(await waitForTurn(pacer, clock)).toBe(waitMs);
      pacer.endTurn(null);
    }
    expect(await waitForTurn(pacer, clock)).toBeGreaterThanOrEqual(40_000);
  });

  it('is not forgotten after an answer without one', async () => {
    const { clock, pacer, allow, start } = setUp({ inFlight: 2 });
    await start();
    pacer.endTurn(allow(0, 40_000));
    pacer.endTurn(null);
    expect(await waitForTurn(pacer, clock)).toBeGreaterThanOrEqual(40_000);
  });
});

describe('an aborted signal', () => {
  it('ends the wait for a turn with its reason', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer(clock, null);
    pacer.pauseUntil(clock.now() + MINUTE_MS);
    const controller = new AbortController();
    const turn = pacer.takeTurn(controller.signal);
    controller.abort(new Error('the end'));
    await expect(turn).rejects.toThrow('the end');
    expect(clock.sleptMs()).toBe(0);
  });

  it('gives no turn and counts none', async () => {
    const clock = createVirtualClock();
    const pacer = createPacer(clock, 1);
    await expect(pacer.takeTurn(AbortSignal.abort(new Error('the end')))).rejects.toThrow(
      'the end',
    );
    expect(await waitForTurn(pacer, clock)).toBe(0);
  });
});
