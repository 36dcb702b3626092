import { onTestFinished } from 'vitest';
import { type Context, type ExitCode, runReporting } from '../../scripts/lib/command.ts';
import { track } from '../../scripts/lib/daily-run.ts';
import { openDatabase, selectRows } from '../../scripts/lib/database.ts';
import { createTerminalLog } from '../../scripts/lib/log.ts';
import { createVirtualClock } from '../../scripts/lib/simulation/clock.ts';
import {
  DEMO_KEY,
  hashtagAnswer,
  type StandIn,
  type StandInOptions,
  startStandIn,
} from '../../scripts/lib/stand-in.ts';

/** A stand-in for the API that is stopped when the test ends; every hashtag has 1,000 videos. */
export async function startApi(options: Partial<StandInOptions> = {}): Promise<StandIn> {
  const api = await startStandIn({
    answer: (name) => hashtagAnswer(name, 1000, 50_000),
    ...options,
  });
  onTestFinished(() => api.close());
  return api;
}

/** What a command said and how it ended. */
export type Ran = { exitCode: ExitCode; output: string };

/** Runs `track` in this process, on the given day at 06:17 UTC. */
export async function runTrack(
  root: string,
  api: StandIn,
  args: string[] = [],
  { day = '2026-11-22', ...overrides }: Partial<Context> & { day?: string } = {},
): Promise<Ran> {
  const lines: string[] = [];
  const exitCode = await runReporting(track, args, {
    root,
    env: { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url },
    clock: createVirtualClock(Date.parse(`${day}T06:17:00Z`)),
    random: () => 0.5,
    fetch: globalThis.fetch,
    log: createTerminalLog((line) => lines.push(line)),
    terminal: null,
    signal: new AbortController().signal,
    ...overrides,
  });
  return { exitCode, output: lines.join('\n') };
}

/** The rows of a query on the database below `root`. */
export async function queryDatabase(root: string, sql: string): Promise<unknown[][]> {
  const db = await openDatabase(root);
  try {
    return selectRows(db, sql);
  } finally {
    db.close();
  }
}
