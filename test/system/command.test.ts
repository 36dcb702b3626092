import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEMO_KEY } from '../../scripts/lab/stand-in.ts';
import { defineCommand } from '../../scripts/lib/system/command.ts';
import { createFolder } from '../helpers/folder.ts';
import { PROJECT, runProcess } from '../helpers/process.ts';
import { writeWatchlist } from '../helpers/repository.ts';
import { runInProcess, startApi } from '../helpers/tracker.ts';

/** Runs a command of the project with npm, in a folder with a watchlist. */
async function runWithNpm(args: string[]) {
  const root = await createFolder();
  await writeWatchlist(root, { hashtags: ['aitools'] });
  const tsx = path.join(PROJECT, 'node_modules/tsx/dist/esm/index.mjs');
  const entries = ['track', 'import', 'export', 'report', 'check'].map((name) => [
    name,
    `node --import ${tsx} ${path.join(PROJECT, 'scripts', `${name}.ts`)}`,
  ]);
  const settings = { type: 'module', scripts: Object.fromEntries(entries) };
  await writeFile(path.join(root, 'package.json'), JSON.stringify(settings));
  const api = await startApi();
  const env = { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url };
  const ran = await runProcess('npm', ['run', ...args], root, env);
  const output = ran.stdout + ran.stderr;
  return { exitCode: ran.exitCode, output, requests: api.requests, files: await readdir(root) };
}

describe('flags without the two dashes before them', () => {
  it.each([
    [['track', '--dry-run'], /npm took --dry-run for its own.*put -- before the flags/],
    [['track', '--refresh', '--publish'], /npm took --refresh, --publish for its own/],
    [['track', '--date', '2026-11-22'], /npm took --date for its own/],
    [['track', '--hashtag=aitools', '--minutes=5'], /npm took --hashtag, --minutes for its own/],
    [['import', 'old.csv', '--dry-run'], /npm took --dry-run for its own/],
    [['export', '--since', '2026-11-22', '--out', 'f.csv'], /npm took --since, --out for its own/],
    [['report', '--week=2026-W47'], /npm took --week for its own/],
  ])('stop the command before it does anything: npm run %j', async (args, message) => {
    const ran = await runWithNpm(args);
    expect(ran.output).toMatch(message);
    expect(ran).toMatchObject({ exitCode: 2, requests: [], files: ['data', 'package.json'] });
  });

  it('are no flags of a command that does not have them', async () => {
    expect((await runWithNpm(['check', '--dry-run'])).exitCode).toBe(0);
  });

  it('are told from those after them, and from what npm always sets', async () => {
    const ran = await runWithNpm(['track', '--', '--dry-run', '--hashtag', 'aitools']);
    expect(ran).toMatchObject({ exitCode: 0, requests: ['aitools'] });
    expect(ran.files).toEqual(['data', 'package.json']);
  });
});

describe('a command', () => {
  const command = defineCommand({
    name: 'try',
    summary: 'Prints its flags.',
    flags: {
      'two-words': { type: 'string', value: 'X', help: 'Takes a value.', synonym: 'old' },
      on: { type: 'boolean', help: 'Takes none.' },
    },
    async run(flags, { log }) {
      log.info(JSON.stringify(flags));
      return 0;
    },
  });
  const run = async (args: string[], env: Record<string, string> = {}) =>
    runInProcess(command, await createFolder(), args, { env });

  it('gets the value of a synonym under the flag’s own name, and --help does not mention it', async () => {
    expect((await run(['--old', 'a'])).output).toContain('"two-words":"a"');
    expect((await run(['--two-words', 'b'])).output).toContain('"two-words":"b"');
    expect((await run(['--help'])).output).not.toContain('--old');
  });

  it('takes a variable of npm for a flag only if it is set to something', async () => {
    expect(await run([], { npm_config_two_words: '', npm_config_audit: 'true' })).toMatchObject({
      exitCode: 0,
    });
    const ran = await run(['--on'], { npm_config_two_words: 'true' });
    expect(ran).toMatchObject({
      exitCode: 2,
      output: expect.stringMatching(/npm took --two-words[\s\S]*Usage: npm run try -- \[--two-/),
    });
  });
});
