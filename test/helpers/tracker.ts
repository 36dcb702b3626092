import { onTestFinished } from 'vitest';
import {
  type Command,
  type Context,
  type ExitCode,
  runReporting,
} from '../../scripts/lib/command.ts';
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

/** What a command said, how it ended, and what it handed on to later steps. */
export type Ran = { exitCode: ExitCode; output: string; outputs: Record<string, string> };

/** Runs `track` in this process, on the given day at 06:17 UTC. */
export function runTrack(
  root: string,
  api: StandIn,
  args: string[] = [],
  overrides: Overrides = {},
): Promise<Ran> {
  const env = { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url };
  return runInProcess(track, root, args, { env, ...overrides });
}

type Overrides = Partial<Context> & { day?: string };

/** Runs a command in this process, on the given day at 06:17 UTC. */
export async function runInProcess(
  command: Command,
  root: string,
  args: string[],
  { day = '2026-11-22', ...overrides }: Overrides,
): Promise<Ran> {
  const lines: string[] = [];
  const outputs: Record<string, string> = {};
  const exitCode = await runReporting(command, args, {
    root,
    env: {},
    clock: createVirtualClock(Date.parse(`${day}T06:17:00Z`)),
    random: () => 0.5,
    fetch: globalThis.fetch,
    log: {
      ...createTerminalLog((line) => lines.push(line)),
      setOutputs: (values) => Object.assign(outputs, values),
    },
    terminal: null,
    signal: new AbortController().signal,
    ...overrides,
  });
  return { exitCode, output: lines.join('\n'), outputs };
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
