import * as v from 'valibot';
import { addDays, type Day, isDay } from '../core/day.ts';
import { formatPeriod } from '../core/format.ts';
import { escapeMarkdown } from '../core/markdown.ts';
import { capitalize } from '../core/text.ts';
import { BOT_NAME } from '../publish/target.ts';
import { renderHeadline, renderMoved, renderStatus } from '../reports/brief.ts';
import type { Summary } from '../reports/summary.ts';
import { renderSummaryTop } from '../reports/summary-page.ts';
import { RequestError } from '../system/http.ts';
import type { Comment, GitHub, Issue } from './github.ts';
import { isNewToday } from './news.ts';
import { type Evidence, renderTrouble, type Trouble } from './troubles.ts';

/** What the issues report. Links are null outside GitHub. */
export type Situation = Pick<Evidence, 'day' | 'run' | 'report'> & {
  troubles: Trouble[];
  /** The summary of the week that ended before the day, on the first day after it; null on others. */
  week: Summary | null;
  links: {
    report: string | null;
    week: string | null;
    run: string | null;
    help: string | null;
    dashboard: string | null;
  };
};

/** What was done, for the log. */
export type Done = 'nothing' | 'created' | 'edited' | 'closed' | 'sent';

const TROUBLE_TITLE = 'Tracking has problems';
const TROUBLE_MARK = /^<!-- tracker-trouble (\{.*?\}) -->/;
/** GitHub accepts 65,536. */
const MAX_CHARACTERS = 60_000;

/**
 * Keeps the day's comment on the digest issue current. A day with nothing to say gets no comment.
 * @throws RequestError
 */
export async function writeDigest(
  github: GitHub,
  issueNumber: number,
  situation: Situation,
): Promise<Done> {
  const { day, report, troubles, week } = situation;
  const issue = await github.readIssue(issueNumber);
  if (issue.state !== 'open') {
    throw new RequestError(
      `the issue #${issueNumber} is closed; reopen it, or change "digestIssue" in data/hashtags.json`,
      null,
    );
  }
  const mark = digestMark(day);
  // Whatever the time zone, a day begins at most a day before it begins in UTC.
  const since = `${addDays(day, -1)}T00:00:00Z`;
  const comment = await github.findComment(
    issueNumber,
    since,
    (candidate) => isOwn(candidate) && candidate.body?.startsWith(mark) === true,
  );
  const body = renderDigest(situation);
  if (comment !== null) {
    if (isSameText(comment.body, body)) return 'nothing';
    await github.editComment(comment.id, body);
    return 'edited';
  }
  const isNews = troubles.length > 0 || week !== null || (report?.moves.some(isNewToday) ?? false);
  if (!isNews) return 'nothing';
  await github.createComment(issueNumber, body);
  return 'created';
}

/** The comment of a day on the digest issue. */
export function renderDigest({ day, report, troubles, week, links }: Situation): string {
  const places = [
    ...(report === null || links.report === null ? [] : [`[The full report](${links.report})`]),
    ...(report === null || links.dashboard === null ? [] : [`[The dashboard](${links.dashboard})`]),
  ];
  const headline = report === null ? 'no data' : escapeText(renderHeadline(report));
  const blocks = [
    `${digestMark(day)}\n### ${day}: ${headline}`,
    ...(report === null ? [] : [renderStatus(report)]),
    ...(places.length > 0 ? [places.join(' · ')] : []),
    ...troubles.map((trouble) => `⚠️ ${renderTrouble(trouble, null, links.run)}`),
    ...(report === null ? [] : [renderMoved(report)]),
    ...(week === null ? [] : renderWeek(week, links.week)),
  ];
  return cut(blocks.join('\n\n'));
}

function renderWeek(week: Summary, link: string | null): string[] {
  const full = link === null ? [] : [`[The full summary](${link})`];
  return [`### ${capitalize(formatPeriod(week.period))}`, renderSummaryTop(week), ...full];
}

/**
 * The kinds of trouble that the open issue reports.
 * @throws RequestError
 */
export async function readKnownTroubles(github: GitHub): Promise<Set<string>> {
  const open = await findTroubleIssue(github);
  return new Set(Object.keys(parseTroubleMark(open?.body ?? '')));
}

/**
 * Opens the issue "Tracking has problems", keeps its text current, and closes it when all is well.
 * What people change (title, labels, comments) stays. A closed issue is not reopened: new trouble
 * gets a new issue.
 * @throws RequestError
 */
export async function keepTroubleIssue(github: GitHub, situation: Situation): Promise<Done> {
  const open = await findTroubleIssue(github);
  if (situation.troubles.length === 0) {
    if (open === null) return 'nothing';
    await github.editIssue(open.number, { state: 'closed' });
    return 'closed';
  }
  const body = renderTroubleIssue(situation, parseTroubleMark(open?.body ?? ''));
  if (open === null) {
    await github.createIssue(TROUBLE_TITLE, body);
    return 'created';
  }
  if (isSameText(open.body, body)) return 'nothing';
  await github.editIssue(open.number, { body });
  return 'edited';
}

function findTroubleIssue(github: GitHub): Promise<Issue | null> {
  return github.findOpenIssue((issue) => isOwn(issue) && TROUBLE_MARK.test(issue.body ?? ''));
}

/** The text of the issue. `sinceBefore` has the day since which it reports each kind of trouble. */
export function renderTroubleIssue(
  { day, report, troubles, links }: Situation,
  sinceBefore: Record<string, Day>,
): string {
  const since = new Map(troubles.map(({ kind }) => [kind, sinceBefore[kind] ?? day]));
  const reportLink =
    report === null || links.report === null ? null : `[Report of ${day}](${links.report})`;
  const helpLink = links.help === null ? null : `[When something fails](${links.help})`;
  const blocks = [
    `<!-- tracker-trouble ${JSON.stringify(Object.fromEntries(since))} -->`,
    troubles
      .map((trouble) => `- ${renderTrouble(trouble, since.get(trouble.kind) ?? null, links.run)}`)
      .join('\n'),
    [reportLink, helpLink].filter((link) => link !== null).join(' · '),
    'The tracker keeps this text current and closes the issue when all is well. ' +
      'To stop such issues, remove `"troubleIssue": true` from `data/hashtags.json`.',
  ];
  return cut(blocks.filter((block) => block !== '').join('\n\n'));
}

function digestMark(day: Day): string {
  return `<!-- tracker-digest ${day} -->`;
}

const isDayText = (value: unknown) => typeof value === 'string' && isDay(value);
const daysSchema = v.fallback(v.record(v.string(), v.custom<Day>(isDayText)), {});

function parseTroubleMark(body: string): Record<string, Day> {
  const text = TROUBLE_MARK.exec(body)?.[1];
  if (text === undefined) return {};
  try {
    return v.parse(daysSchema, JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return {}; // a person edited it
    throw error;
  }
}

/** True for text of this job's token. Text that a person wrote, or quoted, is never changed. */
function isOwn({ user }: Issue | Comment): boolean {
  return user?.login === BOT_NAME;
}

/** GitHub may return a text with other line ends. */
function isSameText(stored: string | null, text: string): boolean {
  return stored?.replaceAll('\r\n', '\n').trim() === text.trim();
}

/** In an issue, unlike in a file, #12 refers to another issue. */
function escapeText(text: string): string {
  return escapeMarkdown(text).replaceAll('#', '#\u2060');
}

/** Cuts the text to as many whole lines as an issue may have. */
function cut(text: string): string {
  if (text.length <= MAX_CHARACTERS) return text;
  return `${text.slice(0, text.lastIndexOf('\n', MAX_CHARACTERS))}\n\n… the report has the rest.`;
}
