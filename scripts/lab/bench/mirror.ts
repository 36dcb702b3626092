import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { SCHEMA } from '../../lib/mirror/tables.ts';
import { saveDatabase } from '../../lib/store/open.ts';
import { addDay, createTracker, hashtagNames } from './history.ts';
import { figure, type Measurement, runScript } from './measure.ts';

const HASHTAGS = 10_000;
const DAYS = 100;

/**
 * Measures the export of a million rows as Parquet and, if TEST_DATABASE_URL names a server, the
 * mirror of them: the first load, a day more, nothing new, and the comparison of everything. Each is
 * a whole process, from start to exit.
 */
export async function measureMirror(
  project: string,
  log: (line: string) => void,
): Promise<Measurement[]> {
  const root = await mkdtemp(path.join(tmpdir(), 'bench-mirror-'));
  const measurements: Measurement[] = [];
  try {
    const names = hashtagNames(HASHTAGS);
    const db = await createTracker(root, names, DAYS);
    const flags = ['--format', 'parquet', '--out', 'all.parquet'];
    const exported = await runScript(project, 'export', root, {}, flags);
    const { size } = await stat(path.join(root, 'all.parquet'));
    measurements.push(
      figure('Parquet: 1,000,000 rows', 's', exported.seconds),
      figure('… the file', 'MB', size / 1e6),
      figure('… the peak memory', 'MB', exported.peakMegabytes ?? Number.NaN),
    );
    const url = process.env.TEST_DATABASE_URL;
    if (url === undefined) {
      log('The mirror is left out: TEST_DATABASE_URL is not set');
      return measurements;
    }
    await dropMirror(url);
    const env = { DATABASE_URL: url, GITHUB_REPOSITORY: 'bench/tracker' };
    const measure = async (what: string, promised: number | null, args: string[] = []) => {
      const { seconds } = await runScript(project, 'mirror', root, env, args);
      log(`${what}: ${seconds.toFixed(2)} s`);
      const line = figure(what, 's', seconds);
      measurements.push(
        promised === null ? line : { ...line, other: promised, otherIs: 'promised', goal: 1 },
      );
    };
    await measure('Mirror: a first load of 1,000,000 rows', 20);
    addDay(db, names, DAYS);
    await saveDatabase(db, root);
    db.close();
    await measure('… a day more of 10,000 hashtags', 2);
    await measure('… nothing new', null);
    await measure('… comparing everything', null, ['--verify']);
    await dropMirror(url);
    return measurements;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function dropMirror(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
  await client.end();
}
