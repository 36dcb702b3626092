import { spawn } from 'node:child_process';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

/** One line of the benchmark: a figure of the tracker, and the figure that it is compared with. */
export type Measurement = {
  what: string;
  unit: string;
  tracker: number;
  /** Null if there is nothing to compare with. */
  other: number | null;
  /** What `other` measures. */
  otherIs: string;
  /** The largest allowed ratio of the two, or null if nothing was promised. */
  goal: number | null;
};

/** A figure that nothing is compared with. */
export function figure(what: string, unit: string, tracker: number): Measurement {
  return { what, unit, tracker, other: null, otherIs: '', goal: null };
}

/** A finished process: seconds from start to exit, and peak memory (null if unknown). */
export type ProcessRun = { seconds: number; peakMegabytes: number | null; stdout: string };

// The process reports its memory when it exits, so no tool outside Node is needed.
const REPORT_MEMORY =
  'data:text/javascript,process.on("exit",()=>process.stderr.write("maxRSS="+process.resourceUsage().maxRSS+"\\n"))';

/** Returns the fastest of several runs, because a disturbance can only make a run slower. */
export async function fastest<T extends { seconds: number }>(
  runs: number,
  run: () => Promise<T>,
): Promise<T> {
  let best = await run();
  for (let i = 1; i < runs; i++) {
    const next = await run();
    if (next.seconds < best.seconds) best = next;
  }
  return best;
}

/** Measures how many seconds the work takes. */
export async function time(work: () => unknown): Promise<{ seconds: number }> {
  const startMs = performance.now();
  await work();
  return { seconds: (performance.now() - startMs) / 1000 };
}

/**
 * Runs a program in a folder. For a Node process, the peak memory is measured as well.
 * @throws Error if the program exits with anything but 0
 */
export function runProgram(
  program: string,
  args: string[],
  folder: string,
  env: Record<string, string>,
): Promise<ProcessRun> {
  const isNode = program === process.execPath;
  const startMs = performance.now();
  const child = spawn(program, isNode ? ['--import', REPORT_MEMORY, ...args] : args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => {
      const seconds = (performance.now() - startMs) / 1000;
      if (exitCode !== 0) {
        reject(
          new Error(`${program} ${args.join(' ')} exited with ${exitCode}: ${stdout}${stderr}`),
        );
        return;
      }
      const kilobytes = /maxRSS=(\d+)/.exec(stderr)?.[1];
      const peakMegabytes = kilobytes === undefined ? null : Number(kilobytes) / 1024;
      resolve({ seconds, peakMegabytes, stdout });
    });
  });
}

/** Runs one of the project's commands in its own process. See `runProgram`. */
export function runScript(
  project: string,
  name: string,
  folder: string,
  env: Record<string, string>,
  args: string[] = [],
): Promise<ProcessRun> {
  const tsx = path.join(project, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs');
  const script = path.join(project, 'scripts', `${name}.ts`);
  return runProgram(process.execPath, ['--import', tsx, script, ...args], folder, env);
}
