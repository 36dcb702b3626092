import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTracker } from '../../scripts/lab/bench/history.ts';
import { dashboard } from '../../scripts/lib/commands/dashboard.ts';
import { createFolder } from '../helpers/folder.ts';
import { runInProcess } from '../helpers/tracker.ts';

async function createRoot(): Promise<string> {
  const root = await createFolder();
  (await createTracker(root, ['llm', 'cursor'], 3)).close();
  return root;
}

const build = (root: string, folder: string) =>
  runInProcess(dashboard, root, ['--build', folder], {});

describe('npm run dashboard', () => {
  it('writes a site that has everything it needs, and replaces it the next time', async () => {
    const root = await createRoot();
    expect((await build(root, 'site')).exitCode).toBe(0);
    await writeFile(path.join(root, 'site/assets/old.js'), '');
    const { exitCode, output } = await build(root, 'site');
    expect([exitCode, output.trim()]).toEqual([0, 'Wrote the dashboard into site: 10 files.']);
    const files = await readdir(path.join(root, 'site'), { recursive: true });
    expect(files).not.toContain(path.join('assets', 'old.js'));
    const html = await readFile(path.join(root, 'site/index.html'), 'utf8');
    const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link);
    expect(links).toHaveLength(3);
    for (const link of links) expect(files).toContain(path.normalize(link));
    expect(await readFile(path.join(root, 'site/chart.svg'), 'utf8')).toMatch(/^<svg/);
  });

  it('writes nothing into a folder with other files', async () => {
    const root = await createRoot();
    const { exitCode, output } = await build(root, '.');
    expect(exitCode).toBe(2);
    expect(output).toContain('. has other files than a dashboard’s; name a new or an empty folder');
    expect(await readdir(root)).toEqual(['data']);
  });

  it('serves the site of the moment, until it is stopped', async () => {
    const root = await createRoot();
    const stop = new AbortController();
    const lines: string[] = [];
    const running = runInProcess(dashboard, root, [], {
      catchInterruption: () => stop.signal,
      log: { ...console, info: (line: string) => lines.push(line) } as never,
    });
    await expect
      .poll(() => lines.join())
      .toMatch(/^The dashboard is at http:\/\/127\.0\.0\.1:\d+\//);
    const [address = ''] = /http\S+/.exec(lines.join()) ?? [];
    const hashtagsAt = async () => {
      await (await fetch(address)).text();
      const answer = await fetch(`${address}data/site.json`);
      return ((await answer.json()) as { hashtags: unknown[] }).hashtags.length;
    };
    expect(await hashtagsAt()).toBe(2);
    (await createTracker(root, ['llm', 'cursor', 'claude'], 3)).close();
    expect(await hashtagsAt()).toBe(3);
    const missing = await fetch(`${address}../package.json`);
    expect(missing.status).toBe(404);
    stop.abort();
    expect((await running).exitCode).toBe(0);
    await expect(fetch(address)).rejects.toThrow();
  });
});
