import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEMO_KEY } from '../../scripts/lab/stand-in.ts';
import { createVirtualClock } from '../../scripts/lab/virtual-clock.ts';
import { DATABASE_PATH, unsavedPath } from '../../scripts/lib/core/paths.ts';
import { examine, renderFinding } from '../../scripts/lib/doctor/checks.ts';
import type { Context } from '../../scripts/lib/system/command.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createTerminalLog } from '../../scripts/lib/system/log.ts';
import { createFolder } from '../helpers/folder.ts';
import { startAnswering } from '../helpers/http.ts';
import { PROJECT, spawnScript } from '../helpers/process.ts';
import {
  cloneRepository,
  commitFile,
  createOnce,
  createRepository,
  type Repository,
  writeWatchlist,
} from '../helpers/repository.ts';
import { TODAY } from '../helpers/snapshots.ts';
import { runScript, runTrack, startApi } from '../helpers/tracker.ts';

const WORKFLOWS = '.github/workflows';

/**
 * Creates a healthy repository with two published days and the workflow files, and the API of the
 * next morning.
 * @param credits the balance before the first day
 */
async function createHealthy(credits = 1000) {
  const repository = await createOnce(`healthy with ${credits} credits`, async () => {
    const made = await createRepository(['aitools', 'llm']);
    const { root } = made;
    await cp(path.join(PROJECT, WORKFLOWS), path.join(root, WORKFLOWS), { recursive: true });
    await git(root, ['add', '.']);
    await git(root, ['commit', '--quiet', '-m', 'Add the workflows']);
    const api = await startApi({ credits });
    await runTrack(root, api, ['--publish'], { day: '2026-11-21' });
    await runTrack(root, api, ['--publish'], { day: '2026-11-22' });
    return made;
  });
  const api = await startApi({ credits: credits - 4 });
  return { ...repository, api, env: { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url } };
}

/** What the doctor reports in the morning of the day, one text per finding. */
async function listFindings(
  root: string,
  env: Context['env'] = {},
  today = '2026-11-22',
): Promise<string[]> {
  const lines: string[] = [];
  const findings = examine({
    root,
    env,
    clock: createVirtualClock(Date.parse(`${today}T08:00:00Z`)),
    random: () => 0.5,
    fetch: globalThis.fetch,
    log: createTerminalLog(() => {}),
    terminal: null,
    stdout: process.stdout,
    catchInterruption: () => new AbortController().signal,
  });
  for await (const finding of findings) lines.push(renderFinding(finding));
  return lines;
}

/** The findings that are not a ✓. */
async function complaints(...args: Parameters<typeof listFindings>): Promise<string[]> {
  return (await listFindings(...args)).filter((line) => !line.startsWith('✓'));
}

describe('a healthy clone', () => {
  it('gets a ✓ for everything that is checked', async () => {
    const { root, env } = await createHealthy();
    expect(await listFindings(root, env)).toEqual([
      '✓ data/hashtags.json: 2 to track, 0 paused',
      '✓ data/hashtag_tracker.db is sound; its newest day is 2026-11-22, with 2 hashtags',
      '✓ .github/workflows/track.yml is there, with 3 schedules',
      '✓ origin/main can be pushed to, unless a rule protects it',
      '✓ the API accepts the key, plan free',
      '✓ 996 credits left, enough for 498 days at 2 a day',
    ]);
  });

  it('is not changed, and neither are the remote and the credits', async () => {
    const { root, remote, api, env } = await createHealthy();
    await commitFile(root, 'notes.txt', 'not pushed yet');
    const look = async () => [
      await git(root, ['status', '--porcelain', '--ignored']),
      await git(root, ['for-each-ref']),
      await git(remote, ['for-each-ref']),
    ];
    const before = await look();
    expect(await complaints(root, env)).toEqual([]);
    expect(await look()).toEqual(before);
    expect(api.requests).toEqual([]);
  });

  it('is checked without running its hooks', async () => {
    const { root, env } = await createHealthy();
    const hook = path.join(root, '.git/hooks/pre-push');
    await mkdir(path.dirname(hook), { recursive: true });
    await writeFile(hook, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    expect(await complaints(root, env)).toEqual([]);
  });
});

describe('npm run doctor', () => {
  it('exits with 0 if nothing would fail, and with 1 if something would', async () => {
    const { root } = await createHealthy();
    const ran = await runScript('doctor', [], root);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ran.stdout).toMatch(/\n\nNothing would fail, \d remarks?\n$/);
    await writeFile(path.join(root, 'data/hashtags.json'), '[]');
    const broken = await runScript('doctor', [], root);
    expect(broken.exitCode).toBe(1);
    expect(broken.stdout).toContain('\n1 thing would fail, ');
  });

  it('never prints the key, even if the API echoes it', async () => {
    const key = 'canary-4f1c9e';
    const { root } = await createRepository();
    const answers = [
      { status: 403, body: { error: `Bearer ${key} is not allowed` } },
      { status: 500, body: { error: `Bearer ${key} ::error::x` } },
      { body: { plan: key, credit_balance: 5 } },
    ];
    for (const answer of answers) {
      const env = { SCAVIO_API_KEY: key, SCAVIO_BASE_URL: await startAnswering(answer) };
      const ran = await runScript('doctor', [], root, env);
      expect(ran.stdout).toContain('***');
      expect(JSON.stringify(ran)).not.toContain(key);
    }
  });

  it('works without git', async () => {
    const { root } = await createHealthy();
    await writeFile(path.join(root, DATABASE_PATH), 'damage');
    const ran = await spawnScript('doctor', [], root, { PATH: await createFolder() });
    expect(ran).toMatchObject({ exitCode: 1, stderr: '' });
    expect(ran.stdout).toContain('✗ git is not installed\n    → install it: https://git-scm.com\n');
    expect(ran.stdout).toContain('✗ data/hashtag_tracker.db is damaged');
  });
});

describe('the list', () => {
  it('is reported with all its mistakes', async () => {
    const { root, env } = await createHealthy();
    await writeWatchlist(root, ['a!', 5]);
    expect(await complaints(root, env)).toEqual([
      expect.stringMatching(/^✗ data\/hashtags\.json:1:2: .*because of "!"/),
      expect.stringMatching(/^✗ data\/hashtags\.json:1:7: /),
    ]);
  });

  it('gets a remark if it tracks nothing', async () => {
    const { root, env } = await createHealthy();
    await writeWatchlist(root, [{ name: 'llm', paused: true }]);
    expect((await complaints(root, env))[0]).toMatch(
      /^! .*: 0 to track, 1 paused, so nothing is asked for\n {4}→ .*"paused"/,
    );
    expect((await listFindings(root, env)).at(-1)).toBe('✓ 996 credits left');
  });
});

describe('the database', () => {
  it('is a fault if it is damaged or missing, and npm run restore is suggested', async () => {
    const { root, env } = await createHealthy();
    for (const damage of [
      () => writeFile(path.join(root, DATABASE_PATH), 'damage'),
      () => rm(path.join(root, DATABASE_PATH)),
    ]) {
      await damage();
      const [complaint, ...others] = await complaints(root, env);
      expect(complaint).toMatch(/^✗ data\/hashtag_tracker\.db is .*npm run restore/);
      expect(others).toEqual([]);
    }
  });

  it('is no crash if its folder is missing', async () => {
    const { root } = await createRepository();
    await rm(path.join(root, 'data'), { recursive: true });
    expect((await complaints(root))[0]).toContain('✗ data/hashtags.json');
  });

  it('gets a remark if it has no data yet', async () => {
    const { root } = await createRepository();
    expect(await complaints(root)).toContainEqual(
      expect.stringMatching(/^! data\/hashtag_tracker\.db has no data yet\n {4}→ .*Run workflow$/),
    );
  });

  it('gets a remark for snapshots that a run could not store', async () => {
    const { root, env } = await createHealthy();
    await writeFile(path.join(root, unsavedPath(TODAY, 1)), '');
    await writeFile(path.join(root, unsavedPath(TODAY, 2)), '');
    await writeFile(path.join(root, 'data/mine.csv'), '');
    expect((await complaints(root, env)).slice(0, 2)).toEqual([
      expect.stringMatching(/^! data\/unsaved-2026-11-22-2\.csv has .*\n {4}→ npm run import -- /),
      expect.stringMatching(/^! data\/unsaved-2026-11-22\.csv has .*\n {4}→ npm run import -- /),
    ]);
  });

  it('gets a remark if its newest day is older than yesterday', async () => {
    const { root, env } = await createHealthy();
    expect(await complaints(root, env, '2026-11-23')).toEqual([]);
    expect(await complaints(root, env, '2026-11-24')).toEqual([
      expect.stringMatching(
        /^! .* is sound; .*2026-11-22, with 2 hashtags, 2 days ago\n {4}→ git pull/,
      ),
    ]);
  });

  it('gets a remark for days without data', async () => {
    const { root, api, env } = await createHealthy();
    await runTrack(root, api, ['--publish'], { day: '2026-11-25' });
    expect(await complaints(root, env, '2026-11-25')).toEqual([
      expect.stringMatching(
        /^! 2 days missing in the 30 days up to 2026-11-25: 2026-11-23 to 2026-11-24\n/,
      ),
    ]);
  });
});

describe('the workflow that tracks', () => {
  it.each<[string, (text: string) => string | null, RegExp]>([
    ['is missing', () => null, /can't be read/],
    [
      'has no schedule',
      (text) => text.replace(/ {2}schedule:[\s\S]*?(?= {2}#)/, ''),
      /no schedule/,
    ],
    [
      'has its schedule commented out',
      (text) => text.replaceAll(/^ +- cron/gm, '# - cron'),
      /no schedule/,
    ],
    [
      'does not run the tracker',
      (text) => text.replaceAll('scripts.track', 'scripts.test'),
      /does not run npm run/,
    ],
    [
      'has an unfinished merge',
      (text) => text.replace('jobs:', '<<<<<<< HEAD\njobs:'),
      /a merge conflict/,
    ],
    ['contains a tab', (text) => text.replace('  track:', '\ttrack:'), /or a tab/],
  ])('is a fault if it %s', async (_case, change, message) => {
    const { root, env } = await createHealthy();
    const file = path.join(root, WORKFLOWS, 'track.yml');
    const before = await readFile(file, 'utf8');
    const text = change(before);
    expect(text).not.toBe(before);
    if (text === null) await rm(file);
    else await writeFile(file, text);
    const [complaint, ...others] = await complaints(root, env);
    expect(complaint).toMatch(/^✗ \.github\/workflows\/track\.yml .*\n {4}→ git restore /);
    expect(complaint).toMatch(message);
    expect(others).toEqual([]);
  });

  it('gets a remark in a folder that has only data, as that of the demo', async () => {
    const { root, env } = await createHealthy();
    await rm(path.join(root, '.github'), { recursive: true });
    expect(await complaints(root, env)).toEqual([
      expect.stringMatching(/^! this folder has data, but .*\n {4}→ to track on GitHub, /),
    ]);
    await writeFile(path.join(root, 'package.json'), '{}');
    expect(await complaints(root, env)).toEqual([
      expect.stringMatching(/^✗ \.github\/workflows\/track\.yml can't be read/),
      expect.stringMatching(/^! \.github\/workflows\/check\.yml can't be read/),
    ]);
  });

  it('is enough, but a missing check.yml gets a remark', async () => {
    const { root, env } = await createHealthy();
    await rm(path.join(root, WORKFLOWS, 'check.yml'));
    expect(await complaints(root, env)).toEqual([
      expect.stringMatching(/^! \.github\/workflows\/check\.yml can't be read/),
    ]);
  });
});

describe('the remote', () => {
  const setRemote = (root: string, url: string) => git(root, ['remote', 'set-url', 'origin', url]);
  const cases: [string, (repository: Repository) => Promise<unknown>, RegExp][] = [
    ['there is none', ({ root }) => git(root, ['remote', 'remove', 'origin']), /git remote add/],
    [
      'HEAD is detached',
      ({ root }) => git(root, ['checkout', '-q', '--detach']),
      /git switch main/,
    ],
    [
      'it is a mirror',
      ({ root }) => git(root, ['config', 'remote.origin.mirror', 'true']),
      /origin is a mirror/,
    ],
    [
      'git ignores new reports',
      async ({ root }) => {
        await mkdir(path.join(root, '.git/info'), { recursive: true });
        await writeFile(path.join(root, '.git/info/exclude'), 'reports/????-??-??.md\n');
      },
      /git ignores reports\/2026-11-23\.md, so it would not be published/,
    ],
    [
      'the folder of the charts is a link',
      async ({ root }) => {
        await rm(path.join(root, 'reports/charts'), { recursive: true, force: true });
        await symlink('..', path.join(root, 'reports/charts'));
      },
      /reports\/charts is a link, and git would leave out/,
    ],
    ['it is gone', ({ remote }) => rm(remote, { recursive: true }), /→ .*git remote -v/],
    [
      'it asks for credentials',
      async ({ root }) => {
        const headers = { 'WWW-Authenticate': 'Basic realm="git"' };
        await setRemote(root, `${await startAnswering({ status: 401, headers })}/ada/tracker.git`);
      },
      /could not read Username.*\n {4}→ git has no valid credentials/,
    ],
    [
      'the account may only read',
      async ({ root }) => {
        const url = await startAnswering({ status: 403 });
        await setRemote(root, url.replace('//', '//ada:canary-secret@'));
      },
      /error: 403.*\n {4}→ .*"Read and write permissions"; on your own machine/,
    ],
    [
      'it answers with a server error',
      async ({ root }) => setRemote(root, await startAnswering({ status: 500 })),
      /error: 500.*\n {4}→ try it by hand: git push --dry-run origin HEAD:main/,
    ],
  ];
  it.each(cases)('is a fault if %s', async (_case, change, message) => {
    const healthy = await createHealthy();
    await change(healthy);
    const found = await complaints(healthy.root, healthy.env);
    expect(found).toEqual([expect.stringMatching(message)]);
    expect(found[0]).toMatch(/^✗ /);
    expect(found[0]).not.toContain('canary-secret');
  });

  it('is a fault if there is no repository', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['llm']);
    expect(await complaints(root)).toContainEqual(expect.stringMatching(/^✗ .*needs a git repo/));
  });

  it('gets a remark if others have pushed since the last pull', async () => {
    const healthy = await createHealthy();
    await commitFile(await cloneRepository(healthy), 'other.txt', 'theirs', true);
    expect(await complaints(healthy.root, healthy.env)).toEqual([
      '! others have pushed to origin/main since your last pull\n    → git pull --rebase',
    ]);
  });
});

describe('the key', () => {
  it('is not checked if it is not set, which is a fault on GitHub', async () => {
    const { root } = await createHealthy();
    expect(await listFindings(root)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^! SCAVIO_API_KEY is not set here.*\n {4}→ SCAVIO_API_KEY=/),
        '✓ 996 credits left on 2026-11-22, enough for 498 days at 2 a day',
      ]),
    );
    expect(await complaints(root, { GITHUB_ACTIONS: 'true' })).toEqual([
      expect.stringMatching(/^✗ the secret SCAVIO_API_KEY is not set: Settings/),
    ]);
  });

  it('is a fault if it can’t be a key', async () => {
    const { root } = await createHealthy();
    expect(await complaints(root, { SCAVIO_API_KEY: 'a b' })).toEqual([
      expect.stringMatching(/^✗ SCAVIO_API_KEY has spaces/),
    ]);
  });

  it('is a fault if the API refuses it', async () => {
    const { root, env } = await createHealthy();
    expect(await complaints(root, { ...env, SCAVIO_API_KEY: 'another' })).toEqual([
      expect.stringMatching(
        /^✗ the API refused the key \(HTTP 401: unauthorized: Invalid.*\n {4}→ .*Secrets and var/,
      ),
    ]);
  });

  it.each<[string, string, RegExp, Parameters<typeof startAnswering>[0] | null]>([
    ['no server listens', '✗', /can't be reached \(.*ECONNREFUSED/, null],
    ['a website answers', '✗', /can't be reached \(the answer is not/, { body: '<html>' }],
    ['the API has moved', '✗', /can't be reached \(HTTP 301/, { status: 301 }],
    [
      'the API has trouble',
      '!',
      /does not say .*HTTP 503: later/,
      { status: 503, body: { error: 'later' } },
    ],
  ])(
    'can’t be checked if %s, and the mark says whether a run would fail',
    async (_case, mark, message, answer) => {
      const { root, api, env } = await createHealthy();
      const url = answer === null ? api.url : await startAnswering(answer);
      if (answer === null) await api.close();
      const [complaint, ...others] = await complaints(root, { ...env, SCAVIO_BASE_URL: url });
      expect(complaint?.[0]).toBe(mark);
      expect(complaint).toMatch(message);
      if (mark === '✗') expect(complaint).toContain(`It is ${url}`);
      expect(others).toEqual([]);
    },
  );
});

describe('the credits', () => {
  it.each([
    [14, '✓', /^✓ 14 credits left, enough for 7 days at 2 a day$/],
    [13, '!', /^! 13 credits left, enough for 6 days at 2 a day\n {4}→ top up/],
    [2, '!', /^! 2 credits left, enough for 1 day /],
    [1, '✗', /^✗ 1 credit left, enough for 0 days /],
  ])('with %i left get the mark %s', async (credits, _mark, message) => {
    const { root } = await createHealthy();
    const url = await startAnswering({ body: { credit_balance: credits } });
    const env = { SCAVIO_API_KEY: 'key', SCAVIO_BASE_URL: url };
    const lines = await listFindings(root, env);
    expect(lines.at(-1)).toMatch(message);
    expect(lines.at(-2)).toBe('✓ the API accepts the key');
  });

  it('get only a remark if they are known only from an earlier day', async () => {
    const { root } = await createHealthy(4);
    expect((await listFindings(root)).at(-1)).toMatch(
      /^! 0 credits left on 2026-11-22, enough for 0/,
    );
  });
});

describe('the dashboard', () => {
  const findings = async (status: number, body: object | string) => {
    const { root } = await createHealthy();
    const url = await startAnswering({ status, body });
    const hashtags = ['aitools', 'llm'];
    await writeWatchlist(root, { settings: { dashboard: `${url}/site/` }, hashtags });
    return (await listFindings(root)).at(-1);
  };

  it('is fine if it is at its address', async () => {
    expect(await findings(200, { version: '1' })).toMatch(/^✓ the dashboard is at http.*\/site\/$/);
  });

  it.each([
    [404, 'not found'],
    [200, '<html>another page</html>'],
  ])('gets a remark that says what to click if it is not there (%i %s)', async (status, body) => {
    expect(await findings(status, body)).toMatch(
      /^! there is no dashboard at http.*\n {4}→ choose Settings → Pages → Source: GitHub Actions/,
    );
  });
});

describe('the mirror', () => {
  it.each([
    ['postgres://me:sesame@127.0.0.1:1/db', /^! the database 127\.0\.0\.1\/db: .*ECONNREFUSED/],
    ['postgres://me:1/sesame@host/db', /^! DATABASE_URL can't be used; .*\/ as %2F/],
  ])(
    'gets only a remark if it can’t be reached, without the password: %s',
    async (url, message) => {
      const { root, env } = await createHealthy();
      const more = { DATABASE_URL: url, GITHUB_REPOSITORY: 'ada/tracker' };
      const found = await complaints(root, { ...env, ...more });
      expect(found).toEqual([expect.stringMatching(message)]);
      expect(found[0]).not.toContain('sesame');
    },
  );
});
