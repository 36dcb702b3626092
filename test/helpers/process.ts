import { spawn } from 'node:child_process';
import path from 'node:path';
import { vi } from 'vitest';

/** The project's own folder. */
export const PROJECT = path.resolve(import.meta.dirname, '../..');

export type Exited = { exitCode: number | null; stdout: string; stderr: string };

/**
 * Runs a program in a folder until it ends. Its environment is `env`, PATH, HOME and git's
 * settings. Its exit code is null if it was killed.
 * @param onStart gets the id of the process
 */
export function runProcess(
  program: string,
  args: string[],
  folder: string,
  env: Record<string, string> = {},
  onStart: (processId: number) => void = () => {},
): Promise<Exited> {
  const { PATH = '', HOME = '', GIT_CONFIG_GLOBAL = '', GIT_CONFIG_NOSYSTEM = '' } = process.env;
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH, HOME, GIT_CONFIG_GLOBAL, GIT_CONFIG_NOSYSTEM, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onStart(child.pid ?? 0);
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
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

/** Runs one of the project's commands in its own process, in any folder. It takes half a second. */
export function spawnScript(
  name: string,
  args: string[],
  folder: string,
  env: Record<string, string> = {},
  onStart?: (processId: number) => void,
): Promise<Exited> {
  const tsx = path.join(PROJECT, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs');
  return runProcess(
    process.execPath,
    ['--import', tsx, path.join(PROJECT, 'scripts', `${name}.ts`), ...args],
    folder,
    env,
    onStart,
  );
}

/**
 * Runs one of the project's entry points in this process, with these arguments. It costs a small part
 * of a process of its own. Only for arguments that end a command at once: it sees this process's
 * folder and environment.
 */
export async function runEntryPoint(name: string, args: string[]): Promise<Exited> {
  const { argv, exitCode } = process;
  const listeners = process.stdout.listeners('error');
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += text;
      return true;
    }),
  );
  try {
    process.argv = [process.execPath, name, ...args];
    process.exitCode = undefined;
    // The text after "?" makes a module of its own, so that each call runs the entry point again.
    await import(`${path.join(PROJECT, 'scripts', `${name}.ts`)}?${args}`);
    return { exitCode: process.exitCode ?? null, ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
    Object.assign(process, { argv, exitCode });
    for (const added of process.stdout.listeners('error')) {
      if (!listeners.includes(added)) process.stdout.off('error', added as () => void);
    }
  }
}
