import { chmod, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  DIED,
  type Step,
  type Verdict,
  withFaults,
  withSteps,
} from '../../scripts/lab/simulation/faults.ts';
import { DEMO_KEY, hashtagAnswer, type StandInOptions } from '../../scripts/lab/stand-in.ts';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import { DATABASE_PATH, LOCK_PATH } from '../../scripts/lib/core/paths.ts';
import { publish } from '../../scripts/lib/publish/publish.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createFolder } from '../helpers/folder.ts';
import { startHttpServer, startTcpServer } from '../helpers/http.ts';
import { PROJECT, spawnScript } from '../helpers/process.ts';
import {
  commitFile,
  copyRepository,
  createOnce,
  createRepository,
  type Repository,
  writeWatchlist,
} from '../helpers/repository.ts';
import { queryDatabase, runTrack, startApi } from '../helpers/tracker.ts';

const YESTERDAY = { day: '2026-11-21' };
const NAMES = [...'abcdefghijk'];
const SNAPSHOTS = 'SELECT date, hashtag FROM snapshots';
const BEFORE = NAMES.map((name) => ['2026-11-21', name]);
const AFTER = [...BEFORE, ...NAMES.map((name) => ['2026-11-22', name])];

/** Starts the API of today. All counts have grown, so there is a chart. */
const startToday = (options: Partial<StandInOptions> = {}) =>
  startApi({ answer: (name) => hashtagAnswer(name, 1100, 56_000), ...options });

/** Creates a repository in which yesterday is published. */
const createHistory = () =>
  createOnce('history', async () => {
    const repository = await createRepository(NAMES);
    const ignored = await readFile(path.join(PROJECT, '.gitignore'), 'utf8');
    await commitFile(repository.root, '.gitignore', ignored, true);
    await git(repository.root, ['remote', 'set-url', 'origin', '../remote.git']); // copies find it
    const ran = await runTrack(repository.root, await startApi(), ['--publish'], YESTERDAY);
    expect(ran.exitCode).toBe(0);
    return repository;
  });

/** Expects that a killed run left whole files, and that the next run asks only for the rest. */
async function expectSurvival({ root, remote }: Repository): Promise<void> {
  const left = await queryDatabase(root, SNAPSHOTS);
  expect([BEFORE, AFTER]).toContainEqual(left);
  const api = await startToday();
  const ran = await runTrack(root, api, ['--publish']);
  expect(ran.exitCode).toBe(0);
  expect(api.requests).toEqual(left.length === BEFORE.length ? NAMES : []);
  expect(await git(root, ['status', '--porcelain'])).toBe('');
  expect(await git(remote, ['rev-parse', 'main'])).toBe(await git(root, ['rev-parse', 'HEAD']));
  expect(await queryDatabase(root, SNAPSHOTS)).toEqual(AFTER);
  expect(await git(remote, ['show', 'main:reports/2026-11-22.md'])).toContain(
    '\n✅ 11 of 11 hashtags · ',
  );
}

describe('a run that is killed', () => {
  it('after or within each step that changes files leaves the old or the new file, and the next run continues', async () => {
    const repository = await createHistory();
    const template = path.dirname(repository.root);
    const run = async ({ root }: Repository, judge: (step: Step) => Verdict) => {
      const api = await startToday();
      const fetch = withSteps(globalThis.fetch);
      return withFaults(judge, () => runTrack(root, api, ['--publish'], { fetch }));
    };
    const steps: Step[] = [];
    await run(await copyRepository(template), (step) => {
      steps.push(step);
      return null;
    });
    // What a step before these has left is the same as after the one of these before it. The
    // simulation dies at all other steps as well.
    const moments = steps.flatMap(({ number, what }): { at: number; when: 'half' | 'after' }[] => {
      if (what === 'write') return [{ at: number, when: 'half' }];
      const changes = /^rename |^git (add|commit|push) |"hashtag":"[ak]"/.test(what);
      return changes ? [{ at: number, when: 'after' }] : [];
    });
    expect(moments.length).toBeGreaterThan(15);
    for (const { at, when } of moments) {
      const copy = await copyRepository(template);
      const ended = await run(copy, ({ number }) => (number === at ? { end: 'die', when } : null));
      expect(ended, `${at} ${when}`).toBe(DIED);
      // The next run would wait for 15 seconds before it takes the lock over.
      await rm(path.join(copy.root, LOCK_PATH), { force: true });
      await expectSurvival(copy);
    }
  }, 300_000);

  it.each([['request 2'], ['git commit'], ['git push']])(
    'by the system at %s leaves whole files, and the next run continues',
    async (moment) => {
      const repository = await createHistory();
      const { root } = repository;
      const programs = await createFolder();
      const [what, which] = moment.split(' ');
      // Runs in place of git, and kills the process that calls it for this step.
      const script = `#!/bin/sh
case " $* " in *" ${which} "*) kill -9 $PPID ;; esac
PATH="$REAL_PATH" exec git "$@"
`;
      await writeFile(path.join(programs, 'git'), script);
      await chmod(path.join(programs, 'git'), 0o755);
      let processId = 0;
      let requests = 0;
      const api = await startToday({
        fault: () => {
          requests++;
          if (what === 'request' && requests === Number(which)) process.kill(processId, 'SIGKILL');
          return null;
        },
      });
      const { PATH = '' } = process.env;
      const ended = await spawnScript(
        'track',
        ['--publish', '--date', '2026-11-22'],
        root,
        {
          SCAVIO_API_KEY: DEMO_KEY,
          SCAVIO_BASE_URL: api.url,
          REAL_PATH: PATH,
          PATH: `${programs}:${PATH}`,
        },
        (started) => {
          processId = started;
        },
      );
      expect(ended.exitCode).toBe(null);
      await rm(path.join(root, LOCK_PATH)); // the next run would take it over after 15 seconds
      await expectSurvival(repository);
    },
  );
});

describe('a disk that refuses a write', () => {
  it('because it is full keeps the old file; the run reports the loss, the next run captures it', async () => {
    const { root } = await createHistory();
    const file = path.join(root, DATABASE_PATH);
    const before = await readFile(file);
    await symlink('/dev/full', `${file}.${process.pid}.tmp`);
    const ran = await runTrack(root, await startToday(), ['--publish']);
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toMatch(/ENOSPC.*the disk is full: free some space, then run again/);
    expect(ran.output).toContain(
      'error: Could not store 11 snapshots of 2026-11-22. They are kept in data/unsaved-2026-11-22.csv.',
    );
    await rm(path.join(root, 'data/unsaved-2026-11-22.csv'));
    expect((await readFile(file)).equals(before)).toBe(true);
    expect(await git(root, ['status', '--porcelain'])).toBe('');
    expect((await runTrack(root, await startToday(), ['--publish'])).exitCode).toBe(0);
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual(AFTER);
  });

  it('because of permissions stops the run before any request, and it says what to change', async () => {
    const folder = await createFolder();
    const root = path.join(folder, 'tracker');
    await writeWatchlist(root, ['aitools']);
    await chmod(folder, 0o755);
    await chmod(path.join(root, 'data'), 0o555);
    const api = await startToday();
    const ran = await unprivileged(() => runTrack(root, api));
    expect(ran).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/EACCES.*you can’t write there: change the permissions/),
    });
    expect(api.requests).toEqual([]);
  });

  it('because a folder has the path of the database stops the run before any request', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['aitools']);
    await mkdir(path.join(root, DATABASE_PATH));
    const api = await startToday();
    const ran = await runTrack(root, api);
    expect(ran).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('a folder is where the file should be: move it away'),
    });
    expect(api.requests).toEqual([]);
  });

  it('of the reports does not keep the snapshots from being published', async () => {
    const { root, remote } = await createHistory();
    await rm(path.join(root, 'reports'), { recursive: true });
    await writeFile(path.join(root, 'reports'), 'a file');
    const before = await git(remote, ['rev-parse', 'main']);
    const ran = await runTrack(root, await startToday(), ['--publish']);
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toMatch(/ENOTDIR.*a file is where a folder should be: move it away/);
    expect(ran.output).not.toContain('bug');
    expect(await git(remote, ['diff', '--name-only', before, 'main'])).toBe(DATABASE_PATH);
  });
});

describe('a remote', () => {
  it('that disappears between commit and push is reported, and the next run pushes', async () => {
    const { root, remote } = await createHistory();
    const hook = path.join(root, '.git', 'hooks', 'post-commit');
    await mkdir(path.dirname(hook), { recursive: true });
    await writeFile(hook, `#!/bin/sh\nmv '${remote}' '${remote}.away'\n`);
    await chmod(hook, 0o755);
    const ran = await runTrack(root, await startToday(), ['--publish']);
    expect(ran).toMatchObject({ exitCode: 1, output: expect.stringContaining('git remote -v') });
    await rm(hook);
    await cp(`${remote}.away`, remote, { recursive: true });
    const api = await startToday();
    expect((await runTrack(root, api, ['--publish'])).exitCode).toBe(0);
    expect(api.requests).toEqual([]);
    expect(await git(remote, ['rev-parse', 'main'])).toBe(await git(root, ['rev-parse', 'HEAD']));
  });

  it.each([
    ['after a limited time', 9, /failed 10 times: check the connection/],
    ['in the wait for another try if there is no more time', 1, /did not end in time/],
  ])('that hangs is given up %s, and the snapshots stay committed', async (_, tries, reason) => {
    const { root } = await createHistory();
    const address = await startTcpServer(() => {}); // accepts the connection and never answers
    await git(root, ['remote', 'set-url', 'origin', `${address}/o/r.git`]);
    await runTrack(root, await startToday());
    const lines: string[] = [];
    const noMoreTime = new AbortController();
    const published = publish(
      { root, urls: [], remote: 'origin', branch: 'main', head: 'refs/heads/main', identity: [] },
      {
        message: 'A day',
        reports: [
          ...['data/latest.csv', 'reports/2026-11-22.md', 'reports/README.md'],
          ...['reports/badge.svg', 'reports/charts/2026-11-22.svg'],
        ],
        rebuildIn: () => Promise.reject(new Error('there is nothing to rebuild on')),
        clock: createVirtualClock(),
        random: () => 0.5,
        log(line) {
          if (lines.push(line) === 1 && tries === 1) noMoreTime.abort();
        },
        limits: { timeoutMs: 150, signal: noMoreTime.signal },
      },
    );
    await expect(published).rejects.toThrow(reason);
    expect(lines).toHaveLength(tries);
    expect(await git(root, ['log', '-1', '--format=%s'])).toBe('A day');
    expect(await git(root, ['status', '--porcelain'])).toBe('');
  });

  it.each([
    [401, /git has no valid credentials for origin/],
    [403, /the token may not push: Settings → Actions → General → Workflow permissions/],
    [404, /the remote origin can't be reached: check its address with git remote -v/],
  ])('that answers %i makes the run say what to do', async (status, remedy) => {
    const { root } = await createHistory();
    const address = await startHttpServer((_, response) => {
      response.writeHead(status, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
    });
    await git(root, ['remote', 'set-url', 'origin', `${address}/o/r.git`]);
    const ran = await runTrack(root, await startToday(), ['--publish']);
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toMatch(remedy);
    expect(ran.output).toContain('the snapshots are committed in this checkout');
    expect(await queryDatabase(root, SNAPSHOTS)).toEqual(AFTER);
  });

  it('gets a new branch from a checkout of another branch, and the run names it', async () => {
    const { root, remote } = await createHistory();
    await git(root, ['checkout', '--quiet', '-b', 'trial']);
    const main = await git(remote, ['rev-parse', 'main']);
    const ran = await runTrack(root, await startToday(), ['--publish']);
    expect(ran).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('Published to origin/trial'),
    });
    expect(await git(remote, ['rev-parse', 'main'])).toBe(main);
  });

  it('gets no push while another git process works; the run says so, and the next run pushes', async () => {
    const { root } = await createHistory();
    const index = path.join(root, '.git', 'index.lock');
    await writeFile(index, '');
    const ran = await runTrack(root, await startToday(), ['--publish']);
    expect(ran.exitCode).toBe(1);
    expect(ran.output).toMatch(/the snapshots are stored, but could not be committed.*index\.lock/);
    await rm(index);
    const api = await startToday();
    expect((await runTrack(root, api, ['--publish'])).exitCode).toBe(0);
    expect(api.requests).toEqual([]);
  });
});

/** Does the work as a normal user, because permissions do not apply to the superuser. */
async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  onTestFinished(() => process.seteuid?.(0));
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
