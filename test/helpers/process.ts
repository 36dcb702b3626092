import { spawn } from 'node:child_process';
import path from 'node:path';

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
  const tsx = path.join(PROJECT, 'node_modules', 'tsx', 'dist', 'loader.mjs');
  return runProcess(
    process.execPath,
    ['--import', tsx, path.join(PROJECT, 'scripts', `${name}.ts`), ...args],
    folder,
    env,
    onStart,
  );
}
