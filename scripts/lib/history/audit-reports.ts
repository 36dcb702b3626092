import type { Database } from 'sql.js';
import type { Counts } from '../core/count.ts';
import type { Day } from '../core/day.ts';
import { formatCount, plural } from '../core/format.ts';
import { LATEST_CSV_PATH, WATCHLIST_PATH } from '../core/paths.ts';
import { dayOfCsv } from '../reports/latest-csv.ts';
import { byteLength, MOST_REPORT_BYTES, parseMark, REPORT_FORMAT } from '../reports/parts.ts';
import { readDay } from '../store/days.ts';
import { hasHistory } from '../store/history.ts';
import type { Row } from '../store/rows.ts';
import type { ObjectReader } from '../system/git-objects.ts';
import { parseWatchlist, type Watchlist, WatchlistError } from '../watchlist/watchlist.ts';
import { describeCounts } from './compare.ts';
import { parseReportCounts, ReportParseError } from './parse-report.ts';
import { dayOfReport, type Origin, periodOfSummary, renderAgain } from './render-again.ts';

/** Something in a report that contradicts the rows, or is not what the tracker makes of them. */
type ReportFinding = {
  problem: string;
  day?: Day;
  hashtag?: string;
  before?: string;
  after?: string;
};

/** A commit with reports. */
type ReportCommit = {
  hash: string;
  parents: string[];
  blobs: Map<string, string | null>;
  /** The files that it has from none of its parents. */
  written: Set<string>;
  /** The files that it has, together with the database, from one of its parents. */
  judgedBefore: Set<string>;
};

/** How many counts of a day its report had no room for. */
export type Unshown = { day: Day; count: number };

/**
 * Audits the reports, the summaries and the CSV of one commit after the other. `openWhole` opens the
 * database together with its archives, for files about days that it has not itself.
 */
export type ReportAudit = (
  commit: ReportCommit,
  daily: Database | null,
  openWhole: () => Promise<Database | null>,
) => Promise<{ findings: ReportFinding[]; information: string[]; unshown: Unshown[] }>;

/**
 * Compares the counts in the reports that a commit has changed with its rows; of a merge, only where
 * no parent has the same report and database. Makes those that it has written itself again, and the
 * summaries and the CSV as well, and compares them as a whole.
 */
export function openReportAudit(objects: ObjectReader): ReportAudit {
  const readText = async (name: string) => (await objects.read(name))?.toString('utf8') ?? null;
  const readList = rememberWatchlist(readText);
  return async (commit, daily, openWhole) => {
    const { hash, parents, blobs, written, judgedBefore } = commit;
    const findings: ReportFinding[] = [];
    const information: string[] = [];
    const unshown: Unshown[] = [];
    const read = (name: string) => readText(`${hash}:${name}`);
    const origins = new Map<Database, Origin>();
    for (const [file, blob] of blobs) {
      const day = dayOfReport(file);
      if (day === null && periodOfSummary(file) === null && file !== LATEST_CSV_PATH) continue;
      const text = blob === null ? null : await readText(blob);
      if (text === null) {
        if (file !== LATEST_CSV_PATH) findings.push(describeDeletion(file, day));
        continue;
      }
      // A run that could not write its report leaves rows alone, and a merge may bring both on.
      if (judgedBefore.has(file)) continue;
      const first = day ?? periodOfSummary(file)?.first ?? dayOfCsv(text);
      const isRecent = daily === null || first === null || hasHistory(daily, first);
      const db = isRecent ? daily : await openWhole();
      const found: ReportFinding[] = day === null ? [] : compareReport(text, day, db);
      if (file === LATEST_CSV_PATH) found.push(...(await findOlderDay(text, parents, readText)));
      for (const what of found) findings.push({ ...(day && { day }), ...what });
      const { rows } = parseMark(text);
      if (day !== null && rows !== null) unshown.push({ day, count: rows.all - rows.shown });
      if (found.length > 0 || db === null || !written.has(file)) continue;
      const origin: Origin = origins.get(db) ?? {
        db,
        watchlist: await readList(hash),
        read,
        composed: new Map(),
      };
      origins.set(db, origin);
      const made = await renderAgain(file, text, origin);
      if (typeof made !== 'string') {
        for (const what of findDifference(file, made.text, text)) {
          findings.push({ ...(day && { day }), ...what });
        }
      } else if (file === LATEST_CSV_PATH) {
        findings.push(...(await compareCsv(file, text, db)));
      } else if (made === 'no rows') {
        findings.push({ ...(day && { day }), problem: `the database has no row for ${file}` });
      } else if (made === 'another source') {
        information.push(`${file} was made from other rows or with another watchlist`);
      } else {
        const earlier: (string | null)[] = [];
        for (const parent of parents) earlier.push(await readText(`${parent}:${file}`));
        information.push(...describeOtherFormat(file, text, earlier));
      }
    }
    return { findings, information, unshown };
  };
}

/** The watchlist of a commit; null if it has mistakes. It seldom changes, so it is parsed once. */
function rememberWatchlist(readText: (name: string) => Promise<string | null>) {
  let known: { text: string; watchlist: Watchlist | null } | null = null;
  return async (hash: string): Promise<Watchlist | null> => {
    const text = await readText(`${hash}:${WATCHLIST_PATH}`);
    if (text === null) return null;
    if (known?.text !== text) known = { text, watchlist: parseIfSound(text) };
    return known.watchlist;
  };
}

function parseIfSound(text: string): Watchlist | null {
  try {
    return parseWatchlist(text);
  } catch (error) {
    if (error instanceof WatchlistError) return null;
    throw error;
  }
}

function describeDeletion(file: string, day: Day | null): ReportFinding {
  if (day !== null) return { day, problem: 'the report was deleted' };
  return { problem: `${file} was deleted` };
}

/** Finds a CSV of an earlier day than a parent has. The tracker only writes one of the newest day. */
async function findOlderDay(
  text: string,
  parents: string[],
  readText: (name: string) => Promise<string | null>,
): Promise<ReportFinding[]> {
  const after = dayOfCsv(text);
  let before = after;
  for (const parent of parents) {
    const day = dayOfCsv((await readText(`${parent}:${LATEST_CSV_PATH}`)) ?? '');
    if (day !== null && before !== null && day > before) before = day;
  }
  if (before === null || after === null || before === after) return [];
  return [{ problem: `${LATEST_CSV_PATH} went back to an earlier day`, before, after }];
}

/**
 * Says that a file has an older format than before, as one that an older program has made; or a newer
 * one than this program knows.
 */
function describeOtherFormat(file: string, text: string, earlier: (string | null)[]): string[] {
  const formatOf = (markdown: string | null) => parseMark(markdown ?? '').format ?? 0;
  const [was, is] = [Math.max(0, ...earlier.map(formatOf)), formatOf(text)];
  if (is > REPORT_FORMAT) return [`${file} has format ${is}, which this tracker does not know`];
  return was > is ? [`${file} went back from format ${was} to ${is === 0 ? 'none' : is}`] : [];
}

/** Whether a CSV of any format has other counts than the rows of its day. */
async function compareCsv(file: string, text: string, db: Database): Promise<ReportFinding[]> {
  const { default: Papa } = await import('papaparse'); // loaded here: it is seldom needed
  const day = dayOfCsv(text);
  if (day === null) return [{ problem: `${file} does not begin with the counts of a day` }];
  const { data } = Papa.parse<Row>(text, { header: true, skipEmptyLines: true });
  const shown = data.map(({ video_count, view_count }) => `${video_count},${view_count}`);
  const stored = (readDay(db, day)?.history ?? [])
    .filter((row) => row.day === day)
    .map(({ videoCount, viewCount }) => `${videoCount ?? ''},${viewCount ?? ''}`);
  const isSame = shown.sort().join('\n') === stored.sort().join('\n');
  return isSame ? [] : [{ day, problem: `${file} shows other counts than the database` }];
}

/** The first line in which a file is not what the tracker makes. */
function findDifference(file: string, made: string, text: string): ReportFinding[] {
  const [expected, lines] = [made, text].map((whole) => whole.split(/\r?\n/));
  const length = Math.max(expected?.length ?? 0, lines?.length ?? 0);
  for (let i = 0; i < length; i++) {
    const [before, after] = [expected?.[i], lines?.[i]];
    if (before === after) continue;
    const problem = `${file} is not what the tracker makes of its rows, first in line ${i + 1}`;
    return [{ problem, before: excerpt(before, after), after: excerpt(after, before) }];
  }
  return [];
}

/** The part of a line where it begins to differ from the other one. */
function excerpt(line: string | undefined, other = ''): string {
  if (line === undefined) return 'no such line';
  if (line === '') return 'an empty line';
  let start = 0;
  while (start < line.length && line[start] === other[start]) start++;
  const from = Math.max(0, Math.min(start, line.length - 1) - 20);
  return `${from > 0 ? '…' : ''}${line.slice(from, from + 80)}`;
}

/** Where the report differs from the rows of its day, and which rows it lacks. */
function compareReport(markdown: string, day: Day, db: Database | null) {
  const contradictions: Omit<ReportFinding, 'day'>[] = [];
  const history = db === null ? [] : (readDay(db, day)?.history ?? []);
  const rows = new Map(history.filter((row) => row.day === day).map((row) => [row.hashtag, row]));
  const shown = new Set<string>();
  const add = (problem: string, hashtag: string, counts?: Counts) => {
    const row = rows.get(hashtag);
    contradictions.push({
      problem,
      hashtag,
      ...(row && { before: describeCounts(row.videoCount, row.viewCount) }),
      ...(counts && { after: describeCounts(counts.videoCount, counts.viewCount) }),
    });
  };
  try {
    for (const { hashtag, ...counts } of parseReportCounts(markdown)) {
      const row = rows.get(hashtag);
      if (shown.has(hashtag)) add('the report shows the hashtag twice', hashtag, counts);
      else if (row?.videoCount !== counts.videoCount || row.viewCount !== counts.viewCount) {
        add('the report shows other counts than the database', hashtag, counts);
      }
      shown.add(hashtag);
    }
  } catch (error) {
    if (!(error instanceof ReportParseError)) throw error;
    return [{ problem: error.message }];
  }
  const part = parseMark(markdown).rows;
  if (part === null) {
    for (const hashtag of rows.keys()) {
      if (!shown.has(hashtag)) add('the report lacks the snapshot', hashtag);
    }
  } else if (part.shown !== shown.size || part.all !== rows.size) {
    const says = `says that it shows ${part.shown} of ${plural(part.all, 'hashtag')}`;
    const problem = `the report ${says}, but it shows ${shown.size} of ${formatCount(rows.size)}`;
    contradictions.push({ problem });
  } else if (part.shown < part.all && byteLength(markdown) < MOST_REPORT_BYTES / 2) {
    const left = plural(part.all - part.shown, 'hashtag');
    contradictions.push({ problem: `the report leaves out ${left}, though it has room for more` });
  }
  return contradictions;
}
