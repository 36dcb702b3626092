import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEMO_KEY } from '../../scripts/lab/stand-in.ts';
import { check } from '../../scripts/lib/commands/check.ts';
import { report } from '../../scripts/lib/commands/report.ts';
import { git } from '../../scripts/lib/system/git.ts';
import { createFolder } from '../helpers/folder.ts';
import { PROJECT, runEntryPoint, spawnScript } from '../helpers/process.ts';
import { createRepository, writeWatchlist } from '../helpers/repository.ts';
import { runInProcess, runScript, runTrack, startApi } from '../helpers/tracker.ts';

const entryPoints = (await readdir(path.join(PROJECT, 'scripts'))).filter((file) =>
  file.endsWith('.ts'),
);

describe.each(entryPoints.map((file) => file.slice(0, -3)))('npm run %s', (name) => {
  it('refuses an unknown flag with exit code 2', async () => {
    const ran = await runEntryPoint(name, ['--frobnicate']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stdout + ran.stderr).toContain("Unknown option '--frobnicate'");
  });
});

describe('npm run track', () => {
  it('asks, stores, reports and publishes when it runs as a process', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const api = await startApi();
    const env = { SCAVIO_API_KEY: DEMO_KEY, SCAVIO_BASE_URL: api.url };
    const ran = await spawnScript('track', ['--publish'], root, env);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await git(remote, ['log', '-1', '--format=%s', 'main'])).toMatch(
      /^\d{4}-\d\d-\d\d: 1 of 1 hashtag$/,
    );
  });

  it('never prints or stores the key, even if the API echoes it', async () => {
    const key = 'canary-4f1c9e';
    const { root, remote } = await createRepository(['aitools', 'llm']);
    const api = await startApi({
      key,
      fault: (name) =>
        name === 'llm'
          ? { status: 400, body: { error: `headers: Authorization: Bearer ${key}` } }
          : null,
    });
    const folder = await createFolder();
    const [summary, outputs] = [path.join(folder, 'summary.md'), path.join(folder, 'outputs')];
    await writeFile(summary, ''); // as GitHub makes them
    await writeFile(outputs, '');
    const ran = await spawnScript('track', ['--publish'], root, {
      SCAVIO_API_KEY: key,
      SCAVIO_BASE_URL: api.url,
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_OUTPUT: outputs,
    });
    expect(ran).toMatchObject({ exitCode: 1, stderr: '' });
    expect(ran.stdout).not.toContain('bug');
    const everything = {
      log: ran.stdout,
      summary: await readFile(summary, 'utf8'),
      outputs: await readFile(outputs, 'utf8'),
      report: await git(remote, ['log', '-p', '--text', 'main', '--', 'reports']),
      database: await readFile(path.join(root, 'data', 'hashtag_tracker.db'), 'latin1'),
      history: await git(remote, ['log', '-p', '--text', 'main']),
    };
    for (const [where, text] of Object.entries(everything)) {
      expect(text, where).not.toContain(key);
      // Each of them holds the API's words, so each of them was looked at.
      expect(text, where).toContain('Authorization: Bearer ***');
    }
  });

  it('warns where the summary can’t be written, and does everything else', async () => {
    const { root, remote } = await createRepository(['aitools']);
    const api = await startApi();
    const ran = await spawnScript('track', ['--publish'], root, {
      SCAVIO_API_KEY: DEMO_KEY,
      SCAVIO_BASE_URL: api.url,
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: path.join(root, 'no-such-folder/summary.md'),
    });
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^::warning::The summary of this run could not be written: /m);
    expect(await git(remote, ['log', '-1', '--format=%s', 'main'])).toMatch(/1 of 1 hashtag$/);
  });
});

describe('the page of a run on GitHub', () => {
  it('says that a dry run stored nothing, and warns of the last credits', async () => {
    const { root } = await createRepository(['aitools']);
    const api = await startApi({ credits: 4 });
    const summary = path.join(await createFolder(), 'summary.md');
    await writeFile(summary, '');
    const ran = await spawnScript('track', ['--dry-run'], root, {
      SCAVIO_API_KEY: DEMO_KEY,
      SCAVIO_BASE_URL: api.url,
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: summary,
    });
    expect(ran.stdout).toMatch(
      /^::warning::The credits will run out within a week: 3 left, enough for 3 days\. Top up/m,
    );
    const text = await readFile(summary, 'utf8');
    expect(text).toMatch(
      /^> \*\*This was a dry run\. Nothing was stored, written or published\.\*\*\n\n# /,
    );
    expect(text).toContain('\n⚠️ **Credits for 3 more days: top up** · 1 of 1 hashtag · ');
    expect(text).not.toContain('The chart starts');
  });
});

describe('npm run check', () => {
  it('confirms a correct list and says how a name is tracked', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['#AI Tools', { name: 'llm', paused: true }]);
    const ran = await runScript('check', [], root);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout:
        'note: data/hashtags.json:1:2: "#AI Tools" is tracked as #aitools\n' +
        'data/hashtags.json is fine: 1 to track, 1 paused\n' +
        'It costs 1 credit a day, 30 in 30 days; a run takes about 1 s\n',
    });
  });

  it('warns if the credits that were left do not last for a month', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['aitools', 'llm']);
    await runTrack(root, await startApi({ credits: 20 }));
    expect((await runInProcess(check, root, [], {})).output).toBe(
      'data/hashtags.json is fine: 2 to track, 0 paused\n' +
        'It costs 2 credits a day, 60 in 30 days; a run takes about 2 s\n' +
        'warning: data/hashtags.json:1:1: the list costs 60 credits a month, and 18 were left on 2026-11-22, ' +
        'enough for 9 days',
    );
  });

  it('says that everything is paused, and so does npm run report', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['llm']);
    await runTrack(root, await startApi());
    await writeWatchlist(root, [{ name: 'llm', paused: true }]);
    const words = 'Every hashtag is paused, so nothing is asked for: remove "paused"';
    expect((await runInProcess(check, root, [], {})).output).toContain(words);
    expect((await runInProcess(report, root, [], {})).output).toContain(words);
    await git(root, ['init', '--quiet', '--initial-branch=main']);
    await git(root, ['add', '.']);
    await git(root, ['-c', 'user.name=Ada', '-c', 'user.email=a@b', 'commit', '-qm', 'Pause']);
    const since = await runInProcess(check, root, ['--since', 'HEAD'], {});
    expect(since.output).toContain('data/hashtags.json:1:1: Every hashtag is paused');
  });

  it('reports every mistake with its place, and exits with code 2', async () => {
    const root = await createFolder();
    await writeWatchlist(root, { hashtags: ['a!', 5] });
    const ran = await runScript('check', [], root);
    expect(ran.exitCode).toBe(2);
    expect(ran.stdout).toMatch(/hashtags\.json:1:14: .*\n.*hashtags\.json:1:19: /);
  });

  it('warns if the list is too long for the runs of a day', async () => {
    const root = await createFolder();
    const hashtags = Array.from({ length: 811 }, (_, i) => `tag${i}`);
    await writeWatchlist(root, { settings: { requestsPerMinute: 1 }, hashtags });
    const ran = await runScript('check', [], root);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("1 of 811 won't be captured: raise"),
    });
  });

  it('annotates the line on GitHub', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['a!']);
    const ran = await spawnScript('check', [], root, { GITHUB_ACTIONS: 'true' });
    expect(ran.stdout).toMatch(/^::error file=data\/hashtags.json,line=1,col=2::/);
  });

  it('prints what GitHub would not show as annotations in plain lines', async () => {
    const root = await createFolder();
    await writeWatchlist(
      root,
      Array.from({ length: 14 }, (_, i) => `a${i}!`),
    );
    const ran = await spawnScript('check', [], root, { GITHUB_ACTIONS: 'true' });
    const lines = ran.stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('::error file='))).toHaveLength(10);
    expect(lines.slice(10).map((line) => line.replace(/:1:\d+:.*/, ''))).toEqual(
      Array.from({ length: 4 }, () => 'error: data/hashtags.json'),
    );
  });
});

describe('npm run check', () => {
  it('says what videos cost at most', async () => {
    const root = await createFolder();
    await writeWatchlist(root, { settings: { topVideos: 5 }, hashtags: ['a', 'b'] });
    const { stdout } = await runScript('check', [], root);
    expect(stdout).toContain('up to 60 credits a month');
  });
});

describe('npm run check --since', () => {
  it('says what changed since a revision, and what it costs', async () => {
    const { root } = await createRepository(['aitools', 'llm']);
    await writeWatchlist(root, ['llm', 'claude', 'cursor']);
    const ran = await runScript('check', ['--since', 'HEAD'], root);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout:
        'data/hashtags.json is fine: 3 to track, 0 paused\n' +
        'Added: #claude, #cursor\n' +
        'Removed: #aitools (their stored rows stay)\n' +
        'Calls per day: 2 → 3\n' +
        'Credits per month: 60 → 90\n' +
        'A run takes about: 2 s → 3 s\n',
    });
  });

  it('reports all as added if the old list is missing or broken, and warns if it is broken', async () => {
    const { root } = await createRepository(['aitools']);
    await git(root, ['rm', '--quiet', '--cached', 'data/hashtags.json']);
    await git(root, ['commit', '--quiet', '-m', 'Remove the list']);
    const without = await runScript('check', ['--since', 'HEAD'], root);
    expect(without.stdout).toMatch(/\nAdded: #aitools\nCalls per day: – → 1\n/);
    expect(without.stdout).not.toContain('warning');
    await writeFile(path.join(root, 'data/hashtags.json'), '[');
    await git(root, ['add', '.']);
    await git(root, ['commit', '--quiet', '-m', 'Break the list']);
    await writeWatchlist(root, ['aitools']);
    const broken = await runScript('check', ['--since', 'HEAD'], root);
    expect(broken.exitCode).toBe(0);
    expect(broken.stdout).toMatch(/\nAdded: #aitools\n[\s\S]*warning: .*HEAD was not valid/);
  });

  it('works with a damaged database, and says that the credits are unknown', async () => {
    const { root } = await createRepository(['aitools']);
    await writeFile(path.join(root, 'data/hashtag_tracker.db'), 'damage');
    const ran = await runScript('check', ['--since', 'HEAD'], root);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/do not change[\s\S]*remaining credits are unknown: .*damaged/),
    });
  });

  it('refuses a revision that does not exist', async () => {
    const { root } = await createRepository(['aitools']);
    const ran = await runScript('check', ['--since', '--nonsense'], root);
    expect(ran.exitCode).toBe(2);
    const unknown = await runScript('check', ['--since=nonsense'], root);
    expect(unknown).toMatchObject({
      exitCode: 2,
      stdout: expect.stringContaining('--since nonsense: there is no such revision'),
    });
  });
});

describe('npm run report', () => {
  it('renders a day again to the same bytes, from only the database and the watchlist', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['aitools']);
    const api = await startApi();
    await runTrack(root, api, [], { day: '2026-11-21' });
    await runTrack(root, api, [], { day: '2026-11-22' });
    const read = () =>
      Promise.all(
        ['2026-11-21.md', '2026-11-22.md', 'README.md', 'charts/2026-11-22.svg'].map((file) =>
          readFile(path.join(root, 'reports', file), 'utf8'),
        ),
      );
    const before = await read();
    expect((await runScript('report', ['--date', '2026-11-21'], root)).exitCode).toBe(0);
    const ran = await runScript('report', [], root);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Wrote reports/2026-11-22.md'),
    });
    expect(await read()).toEqual(before);
  });

  it.each([
    ['2026-11-20', 'the newest is 2026-11-22'],
    ['10.11.2026', '--date 10.11.2026 is not a day; write it as 2026-11-22'],
    ['2026-11-31', '--date 2026-11-31 is not a day; write it as 2026-11-22'],
  ])('refuses --date %s, which is not a day in the database', async (date, message) => {
    const root = await createFolder();
    await writeWatchlist(root, ['aitools']);
    await runTrack(root, await startApi());
    const ran = await runScript('report', ['--date', date], root);
    expect(ran).toMatchObject({ exitCode: 2, stdout: expect.stringContaining(message) });
  });
});

describe('npm run demo', () => {
  it('writes 30 days to demo/, with a gap, a failure, a rerun and a breakout', async () => {
    const root = await createFolder();
    await writeWatchlist(root, ['aitools']);
    const schema = await readFile(
      path.join(import.meta.dirname, '../../data/hashtags.schema.json'),
    );
    await writeFile(path.join(root, 'data/hashtags.schema.json'), schema);
    const ran = await spawnScript('demo', [], root);
    expect(ran.exitCode).toBe(0);
    const index = await readFile(path.join(root, 'demo/tracker/reports/README.md'), 'utf8');
    expect(index).toContain('## All 29 reports');
    expect(index).toMatch(/~~\d+~~/); // the gap
    expect(index).toContain('(1 missed)'); // the failure
    expect(ran.stdout).toMatch(/rerun/);
    expect(ran.stdout).toContain('BREAKOUT');
    const log = await git(path.join(root, 'demo/remote.git'), ['log', '--format=%s', 'main']);
    expect(log.split('\n')).toHaveLength(31);
  });
});
