import { setTimeout } from 'node:timers/promises';

/** Time as the program sees it; handed in, so that tests can run days in milliseconds. */
export type Clock = {
  /** Unix milliseconds. */
  now: () => number;
  /** Rejects with the signal's reason when it aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
};

export const systemClock: Clock = {
  now: Date.now,
  sleep: async (ms, signal) => {
    await setTimeout(ms, undefined, signal ? { signal } : {});
  },
};
