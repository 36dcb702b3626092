import { PassThrough } from 'node:stream';
import type { Database } from 'sql.js';
import { onTestFinished } from 'vitest';
import {
  DEMO_KEY,
  hashtagAnswer,
  type StandIn,
  type StandInOptions,
  startStandIn,
} from '../../scripts/lab/stand-in.ts';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import { audit } from '../../scripts/lib/commands/audit.ts';
import { check } from '../../scripts/lib/commands/check.ts';
import { doctor } from '../../scripts/lib/commands/doctor.ts';
import { exportSnapshots } from '../../scripts/lib/commands/export.ts';
import { importFile } from '../../scripts/lib/commands/import.ts';
import { report } from '../../scripts/lib/commands/report.ts';
import { restore } from '../../scripts/lib/commands/restore.ts';
import { track } from '../../scripts/lib/commands/track.ts';
import type { ExitCode } from '../../scripts/lib/core/errors.ts';
import { openDatabase } from '../../scripts/lib/store/open.ts';
import { selectRows } from '../../scripts/lib/store/rows.ts';
import { systemClock } from '../../scripts/lib/system/clock.ts';
import type { Command, Context } from '../../scripts/lib/system/command.ts';
import { createTerminalLog } from '../../scripts/lib/system/log.ts';
import { runReporting } from '../../scripts/lib/system/run-command.ts';

/** Starts a stand-in for the API until the test ends. Every hashtag has 1,000 videos. */
export async function startApi(options: Partial<StandInOptions> = {}): Promise<StandIn> {
  const api = await startStandIn({
    answer: (name) => hashtagAnswer(name, 1000, 50_000),
    ...options,
  });
  onTestFinished(() => api.close());
  return api;
}

/** A finished command: exit code, printed text, and the outputs that it set for later steps. */
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
  { day: today = '2026-11-22', ...overrides }: Overrides,
): Promise<Ran> {
  const lines: string[] = [];
  const outputs: Record<string, string> = {};
  const exitCode = await runReporting(command, args, {
    root,
    env: {},
    clock: createVirtualClock(Date.parse(`${today}T06:17:00Z`)),
    random: () => 0.5,
    fetch: globalThis.fetch,
    log: {
      ...createTerminalLog((line) => lines.push(line)),
      setOutputs: (values) => Object.assign(outputs, values),
    },
    stdout: new PassThrough().on('data', (text) => lines.push(String(text))),
    terminal: null,
    catchInterruption: () => new AbortController().signal,
    ...overrides,
  });
  return { exitCode, output: lines.join('\n'), outputs };
}

const COMMANDS = {
  audit,
  check,
  doctor,
  export: exportSnapshots,
  import: importFile,
  report,
  restore,
};

/**
 * Runs a command in this process, in any folder and at the present time. Gives what it prints as its
 * own process would print it.
 */
export async function runScript(
  name: string,
  args: string[],
  root: string,
  env: Record<string, string> = {},
): Promise<{ exitCode: ExitCode; stdout: string; stderr: string }> {
  const command = COMMANDS[name as keyof typeof COMMANDS];
  const printed = { stdout: '', stderr: '' };
  const exitCode = await runReporting(command, args, {
    root,
    env,
    clock: systemClock,
    random: Math.random,
    fetch: globalThis.fetch,
    log: createTerminalLog((line) => {
      printed[command.logTo] += `${line}\n`;
    }),
    stdout: new PassThrough().on('data', (text) => {
      printed.stdout += text;
    }),
    terminal: null,
    catchInterruption: () => new AbortController().signal,
  });
  return { exitCode, ...printed };
}

/** The rows that a query finds in the database below `root`. */
export async function queryDatabase(root: string, sql: string): Promise<unknown[][]> {
  using db = await openDatabase(root);
  return valuesOf(db, sql);
}

/** The rows of a query, without the names of the columns. */
export function valuesOf(db: Database, sql: string): unknown[][] {
  return selectRows(db, sql).map((row) => Object.values(row));
}
