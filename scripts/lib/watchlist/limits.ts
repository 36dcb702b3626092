import { formatCount, formatMegabytes } from '../core/format.ts';
import type { RunInfo } from '../core/snapshot.ts';
import { RUN_MINUTES } from './credits.ts';

/** How near something is to a limit, and the way out. */
export type NearLimit = { text: string; remedy: string };

const MEGABYTE = 1_000_000;
/** Near to the 50 MB from which GitHub warns. A run of 7,000 hashtags stays below. */
const FILE_BYTES = 45 * MEGABYTE;
/** Near to the 1 GB that GitHub recommends. */
const REPOSITORY_BYTES = 700 * MEGABYTE;
/** Near to the minutes after which a run of the workflow stops asking. */
const ASKING_MINUTES = 0.8 * RUN_MINUTES;

const DIVIDE = 'divide the list over two repositories';

/** Whether the daily file is near to GitHub's limits for files; null if it is not. */
export function judgeFile(bytes: number): NearLimit | null {
  if (bytes < FILE_BYTES) return null;
  return {
    text:
      `the database has ${formatMegabytes(bytes)}; ` +
      'GitHub warns from 50 MB and refuses files over 100 MB',
    remedy: `npm run archive moves the months that are over; if none is, ${DIVIDE}`,
  };
}

/** Whether a day's runs, the parts of one together, are near to the time that one has. */
export function judgeRuns(runs: RunInfo[]): NearLimit | null {
  const minutesOf = new Map<string, number>();
  for (const { url, startedAt, finishedAt } of runs) {
    const minutes = (Date.parse(finishedAt) - Date.parse(startedAt)) / 60_000;
    const run = url ?? startedAt;
    minutesOf.set(run, (minutesOf.get(run) ?? 0) + (Number.isFinite(minutes) ? minutes : 0));
  }
  const minutes = Math.max(0, ...minutesOf.values());
  if (minutes < ASKING_MINUTES) return null;
  return {
    text: `a run asked for ${formatCount(minutes)} minutes; it stops after ${RUN_MINUTES}`,
    remedy:
      'raise "concurrency" or "requestsPerMinute" in the settings if your API plan allows it, or ' +
      DIVIDE,
  };
}

/** Whether a repository, packed, is near to the size that GitHub recommends. */
export function judgeRepository(bytes: number): NearLimit | null {
  if (bytes < REPOSITORY_BYTES) return null;
  return {
    text:
      `the repository has ${formatMegabytes(bytes)}; ` +
      'GitHub recommends less than 1 GB and may act from 5 GB on',
    remedy:
      'make a new repository from the template, copy data/ into it, and keep this one as it is: ' +
      'its history stays the audit trail',
  };
}
