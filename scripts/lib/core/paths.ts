import type { Day } from './day.ts';
import type { Period } from './period.ts';

/** All paths are below the repository's root, with `/` between folders. */
export const WATCHLIST_PATH = 'data/hashtags.json';
export const SCHEMA_PATH = 'data/hashtags.schema.json';
export const DATABASE_PATH = 'data/hashtag_tracker.db';
/** Months that are over, if the database has become large. */
export const ARCHIVE_FOLDER = 'data/archive';
/** Exists while a process writes to the tracker's files. */
export const LOCK_PATH = 'data/tracker.lock';
/** The newest day for spreadsheets. */
export const LATEST_CSV_PATH = 'data/latest.csv';
export const REPORTS_FOLDER = 'reports';
export const INDEX_PATH = `${REPORTS_FOLDER}/README.md`;
export const BADGE_PATH = `${REPORTS_FOLDER}/badge.svg`;
/** What happened, for feed readers; and the weeks alone. */
export const FEED_PATH = `${REPORTS_FOLDER}/feed.xml`;
export const WEEKLY_FEED_PATH = `${REPORTS_FOLDER}/weekly.xml`;

/** Everything that is made from the database. */
export const GENERATED_PATHS = [REPORTS_FOLDER, LATEST_CSV_PATH];

/** `data/archive/2025-03.db`; for one of several parts, `data/archive/2025-03-1.db` */
export function archivePath(month: string, part: number | null): string {
  return `${ARCHIVE_FOLDER}/${month}${part === null ? '' : `-${part}`}.db`;
}

/** The month of a path that `archivePath` gave; null for any other path. */
export function monthOfArchive(file: string): string | null {
  return /^data\/archive\/(\d{4}-\d\d)(-[1-9]\d*)?\.db$/.exec(file)?.[1] ?? null;
}

/** What a run could not store, as a CSV: `data/unsaved-2026-11-22.csv`, `…-2.csv` */
export function unsavedPath(day: Day, number: number): string {
  return `data/unsaved-${day}${number === 1 ? '' : `-${number}`}.csv`;
}

/** True for a path that `unsavedPath` gave. */
export function isUnsaved(file: string): boolean {
  return /^data\/unsaved-\d{4}-\d\d-\d\d(-\d+)?\.csv$/.test(file);
}

/** `reports/2026-11-22.md` */
export function reportPath(day: Day): string {
  return `${REPORTS_FOLDER}/${day}.md`;
}

/** `reports/weekly` or `reports/monthly` */
export function summaryFolder(kind: Period['kind']): string {
  return `${REPORTS_FOLDER}/${kind}ly`;
}

/** `reports/weekly/2026-W47.md` or `reports/monthly/2026-11.md` */
export function summaryPath({ kind, name }: Period): string {
  return `${summaryFolder(kind)}/${name}.md`;
}

/** The chart of a day or period: `reports/charts/2026-11-22.svg` */
export function chartPath(name: string): string {
  return `${REPORTS_FOLDER}/charts/${name}.svg`;
}

const GENERATED = [
  /^reports\/(\d{4}-\d\d-\d\d|weekly\/\d{4}-W\d\d|monthly\/\d{4}-\d\d)\.md$/,
  /^reports\/charts\/\d{4}-(\d\d-\d\d|W\d\d|\d\d)\.svg$/,
];

/** True for a file that the tracker makes from the database. */
export function isGenerated(file: string): boolean {
  return (
    [LATEST_CSV_PATH, INDEX_PATH, BADGE_PATH, FEED_PATH, WEEKLY_FEED_PATH].includes(file) ||
    GENERATED.some((pattern) => pattern.test(file))
  );
}
