import { collect } from '../../lib/collect/collect.ts';
import { createPacer } from '../../lib/collect/pace.ts';
import { createScavioClient } from '../../lib/collect/scavio.ts';
import { systemClock } from '../../lib/system/clock.ts';
import { createHttp } from '../../lib/system/http.ts';
import { DEMO_KEY, hashtagAnswer, type StandInOptions, startStandIn } from '../stand-in.ts';
import { hashtagNames } from './history.ts';
import { type Measurement, time } from './measure.ts';

type Scenario = {
  name: string;
  hashtags: number;
  concurrency: number;
  api: Partial<StandInOptions>;
  /** The least time in which the limit lets this many requests through. */
  smallestSeconds: number;
  goal: number;
};

const WINDOW_MS = 3000;

const SCENARIOS: Scenario[] = [
  {
    name: '5 requests per 3 s, announced in headers',
    hashtags: 25,
    concurrency: 1,
    api: { limit: { requests: 5, windowMs: WINDOW_MS, headers: true } },
    smallestSeconds: 12,
    goal: 1.05,
  },
  ...[1, 5, 15].map((inFlight) => ({
    name: `${inFlight} in flight at 200 ms`,
    hashtags: 30 * inFlight,
    concurrency: inFlight,
    api: { maxInFlight: inFlight, latencyMs: 200 },
    smallestSeconds: 30 * 0.2,
    goal: 1.05,
  })),
  {
    name: '10 requests per 3 s, announced only by 429s',
    hashtags: 50,
    concurrency: 1,
    api: { limit: { requests: 10, windowMs: WINDOW_MS, headers: false } },
    smallestSeconds: 12,
    goal: 1.3,
  },
];

/**
 * Measures collecting under a limit. Compares it with the least time that the limit allows, and
 * with the way of the tutorial's script.
 */
export async function measureCollecting(log: (line: string) => void): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const scenario of SCENARIOS) {
    const { name, smallestSeconds, goal, hashtags } = scenario;
    const tracker = await run(scenario, collectAsTracker);
    const tutorial = await run(scenario, collectAsTutorial);
    log(`collecting, ${name}: the tutorial's way lost ${tutorial.lost} of ${hashtags}`);
    measurements.push(
      {
        what: `Collecting ${hashtags}, ${name}`,
        unit: 's',
        tracker: tracker.seconds,
        other: smallestSeconds,
        otherIs: 'least time that the limit allows',
        goal,
      },
      {
        what: `Hashtags lost, ${name}`,
        unit: 'hashtags',
        tracker: tracker.lost,
        other: tutorial.lost,
        otherIs: 'the tutorial’s way',
        goal: 0,
      },
      {
        what: `Requests made, ${name}`,
        unit: 'requests',
        tracker: tracker.requests,
        other: hashtags,
        otherIs: 'one per hashtag',
        goal: scenario.api.limit?.headers === false ? null : 1,
      },
    );
  }
  return measurements;
}

async function run(
  scenario: Scenario,
  way: (names: string[], url: string, concurrency: number) => Promise<number>,
): Promise<{ seconds: number; lost: number; requests: number }> {
  const names = hashtagNames(scenario.hashtags);
  const api = await startStandIn({
    answer: (name) => hashtagAnswer(name, 1_000_003, 2_000_000_011),
    ...scenario.api,
  });
  try {
    // Start with a new window: only then is the least time known.
    if (scenario.api.limit !== undefined)
      await systemClock.sleep(WINDOW_MS - (Date.now() % WINDOW_MS));
    let captured = 0;
    const { seconds } = await time(async () => {
      captured = await way(names, api.url, scenario.concurrency);
    });
    return { seconds, lost: names.length - captured, requests: api.requests.length };
  } finally {
    await api.close();
  }
}

/** Resolves with the number of captured hashtags. */
async function collectAsTracker(
  names: string[],
  url: string,
  concurrency: number,
): Promise<number> {
  const { results } = await collect(names, {
    ask: createScavioClient({
      baseUrl: url,
      key: DEMO_KEY,
      send: createHttp(fetch),
      now: Date.now,
    }),
    clock: systemClock,
    random: Math.random,
    concurrency,
    pacer: createPacer(systemClock, null),
    deadlineMs: null,
    signal: new AbortController().signal,
    onProgress: () => {},
    onWait: () => {},
  });
  return [...results.values()].filter((result) => result.kind === 'captured').length;
}

/** One request after another, with a time-out of 15 s and no retry. */
async function collectAsTutorial(names: string[], url: string): Promise<number> {
  let captured = 0;
  for (const name of names) {
    const response = await fetch(`${url}/api/v1/tiktok/hashtag`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${DEMO_KEY}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ hashtag: name, hashtag_name: name }),
      signal: AbortSignal.timeout(15_000),
    });
    await response.text();
    if (response.ok) captured++;
  }
  return captured;
}
