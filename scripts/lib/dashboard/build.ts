import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';
import type { Database } from 'sql.js';
import { renderChart } from '../reports/chart.ts';
import { composeReport } from '../reports/day-report.ts';
import { newestCapturedDay, readDay } from '../store/days.ts';
import type { Watchlist } from '../watchlist/watchlist.ts';
import { buildData, type SiteFiles } from './data.ts';
import { CHART_PATH } from './site.ts';

const PAGE_FOLDER = path.resolve(import.meta.dirname, '../../page');

/**
 * The whole site: the page, its data, the newest chart for other pages to show, and the feeds.
 * @param feeds by their names
 */
export async function buildSite(
  db: Database,
  watchlist: Watchlist,
  feeds: SiteFiles,
): Promise<SiteFiles> {
  const page = await buildPage([...feeds.keys()]);
  const files = new Map([...page, ...(await buildData(db, watchlist)), ...feeds]);
  const chart = renderNewestChart(db, watchlist);
  if (chart !== null) files.set(CHART_PATH, new TextEncoder().encode(chart));
  return files;
}

/** The chart of the newest captured day, as its report shows it. */
function renderNewestChart(db: Database, watchlist: Watchlist): string | null {
  const day = newestCapturedDay(db);
  const record = day === null ? null : readDay(db, day);
  return record === null ? null : renderChart(composeReport(record, watchlist), record.day);
}

/**
 * The page without data. The names of its files contain hashes of their contents, so that no cache
 * mixes two versions.
 * @param feeds the names of the feeds that it names to feed readers
 */
export async function buildPage(feeds: string[] = []): Promise<SiteFiles> {
  const wasmFile = createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm-browser.wasm');
  const wasm = new Uint8Array(gzipSync(await readFile(wasmFile), { level: 9 }));
  const wasmPath = `assets/sqlite-${hashName(wasm)}.wasm.gz`;
  const files: SiteFiles = new Map([[wasmPath, wasm]]);
  const addBundle = async (entry: string, define: BuildOptions['define'] = {}) => {
    const contents = await bundle(entry, define);
    const { name, ext } = path.parse(entry);
    const file = `assets/${name}-${hashName(contents)}${ext === '.ts' ? '.js' : ext}`;
    files.set(file, contents);
    return file;
  };
  const worker = await addBundle('data/worker.ts', { WASM_PATH: JSON.stringify(wasmPath) });
  const script = await addBundle('main.ts', { WORKER_PATH: JSON.stringify(worker) });
  const style = await addBundle('style.css');
  const html = await readFile(path.join(PAGE_FOLDER, 'index.html'), 'utf8');
  const links = feeds.map(
    (name) => `<link rel="alternate" type="application/atom+xml" href="${name}">`,
  );
  const page = html
    .replace('main.ts', script)
    .replace('style.css', style)
    .replace('</title>', `</title>${links.join('')}`);
  files.set('index.html', new TextEncoder().encode(page));
  files.set('icon.svg', await readFile(path.join(PAGE_FOLDER, 'icon.svg')));
  return files;
}

async function bundle(entry: string, define: BuildOptions['define'] = {}): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [path.join(PAGE_FOLDER, entry)],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome111', 'firefox119', 'safari16.4'],
    // sql.js asks for them where there is no browser.
    external: ['fs', 'path', 'crypto'],
    define,
    logLevel: 'silent',
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`${entry} gave no file`);
  return output.contents;
}

function hashName(contents: Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex').slice(0, 10);
}
