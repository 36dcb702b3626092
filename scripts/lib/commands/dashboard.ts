import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openWhole } from '../archive/whole.ts';
import { UsageError } from '../core/errors.ts';
import { plural } from '../core/format.ts';
import { FEED_PATH, WEEKLY_FEED_PATH } from '../core/paths.ts';
import { buildSite } from '../dashboard/build.ts';
import type { SiteFiles } from '../dashboard/data.ts';
import { serveSite } from '../dashboard/serve.ts';
import { SITE_PATH } from '../dashboard/site.ts';
import { defineCommand } from '../system/command.ts';
import { exists, readIfThere } from '../system/files.ts';
import { readWatchlist } from '../watchlist/watchlist.ts';

export const dashboard = defineCommand({
  name: 'dashboard',
  summary: 'Shows the data in your browser, or writes that page as a website.',
  flags: {
    build: { type: 'string', value: 'DIR', help: 'Write the site into this folder and end.' },
  },
  async run({ build }, { root, log, catchInterruption }) {
    const load = async () => {
      const watchlist = await readWatchlist(root);
      using db = await openWhole(root);
      return await buildSite(db, watchlist, await readFeeds(root));
    };
    if (build !== undefined) {
      const folder = path.resolve(root, build);
      await refuseOtherFiles(folder, build);
      const files = await load();
      await writeSite(files, folder);
      log.info(`Wrote the dashboard into ${build}: ${plural(files.size, 'file')}.`);
      return 0;
    }
    const signal = catchInterruption();
    const server = await serveSite(load);
    log.info(`The dashboard is at ${server.url} (stop it with Ctrl+C)`);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve());
    });
    await server.close();
    return 0;
  },
});

/** The feeds that the reports have, by their names. */
async function readFeeds(root: string): Promise<SiteFiles> {
  const feeds: SiteFiles = new Map();
  for (const file of [FEED_PATH, WEEKLY_FEED_PATH]) {
    const contents = await readIfThere(path.join(root, file));
    if (contents !== null) feeds.set(path.posix.basename(file), contents);
  }
  return feeds;
}

/** Refuses a folder with other files than a site's, because it will be replaced. */
async function refuseOtherFiles(folder: string, name: string): Promise<void> {
  const entries = (await exists(folder)) ? await readdir(folder) : [];
  if (entries.length === 0 || (await exists(path.join(folder, SITE_PATH)))) return;
  throw new UsageError(
    `${name} has other files than a dashboard’s; name a new or an empty folder with --build`,
  );
}

async function writeSite(files: SiteFiles, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const [file, contents] of files) {
    const target = path.join(folder, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, contents);
  }
}
