import { isOutOfCredits } from '../collect/answer.ts';
import { addDays, daysBetween } from '../core/day.ts';
import {
  firstThatFit,
  formatCount,
  formatInstant,
  formatList,
  formatLongDay,
  plural,
} from '../core/format.ts';
import { groupBy } from '../core/group-by.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import { escapeMarkdown, hashtagLink } from '../core/markdown.ts';
import { plainText } from '../core/text.ts';
import { changeOf, isRealChange, rankedMeasure } from '../trends/growth.ts';
import type { Move } from '../trends/moves.ts';
import { commonMeasure, computeTotal, type Total } from '../trends/totals.ts';
import {
  describeMove,
  formatAdded,
  formatGrowth,
  formatTimesUsual,
  formatTogether,
  moveMark,
} from '../trends/trend-words.ts';
import type { Trend } from '../trends/trends.ts';
import { LOW_CREDIT_DAYS } from '../watchlist/credits.ts';
import { type DayReport, failuresOf, isComplete } from './day-report.ts';
import { fitLines, movedLink } from './parts.ts';

/** More names than this would make the line too long. */
const MAX_MISSING_NAMES = 3;
export const MAX_MOVES = 8;
const MAX_LEADERS = 3;

/** The day in one line of plain text: `7 of 7 hashtags, 1 breakout (#cursor 3.4 ×)`. */
export function renderHeadline(report: DayReport): string {
  const kinds = groupBy(report.moves, ({ kind }) => kind);
  const moves = (['breakout', 'surging', 'trending'] as const).flatMap((kind) => {
    const items = (kinds.get(kind) ?? []).map(nameWithFigure);
    if (items.length === 0) return [];
    return [`${countKind(kind, items.length)} (${formatList(items, 5)})`];
  });
  return [describeCaptured(report), ...moves].join(', ');
}

/** `7 of 8 hashtags` */
export function describeCaptured({ trends, tracked }: DayReport): string {
  return `${formatCount(trends.length)} of ${plural(tracked, 'hashtag')}`;
}

/** `#cursor 3.4 ×` if it surges, `#cursor +15.2%` if it is only trending. */
function nameWithFigure(move: Move): string {
  const name = showHashtag(move.hashtag);
  if (move.kind === 'turn') return name;
  const times = move.kind === 'trending' ? '–' : formatTimesUsual(move.trend);
  return `${name} ${times === '–' ? formatGrowth(rankedMeasure(move.trend).growth) : times}`;
}

/** One line of Markdown that says whether all is well: `✅ 30 of 30 hashtags · 05:21`. What is wrong comes first. */
export function renderStatus(report: DayReport): string {
  const problems = findProblems(report).map((problem) => `**${problem}**`);
  const lastRun = report.runs.at(-1);
  const parts = [...problems, describeCaptured(report)];
  const absent = report.state.absent.length;
  if (absent > 0) parts.push(`${formatCount(absent)} not on TikTok`);
  if (lastRun !== undefined) {
    parts.push(formatInstant(lastRun.finishedAt, report.timeZone).slice(11, 16));
  }
  return `${problems.length === 0 && isComplete(report) ? '✅' : '⚠️'} ${parts.join(' · ')}`;
}

/** What a person should fix, in Markdown; the worst first. */
function findProblems(report: DayReport): string[] {
  const { state, trends, tracked, creditsLastDays } = report;
  const problems: string[] = [];
  const reasons = failuresOf(report).map(({ reason }) => reason);
  const hasNoCredits = reasons.some(isOutOfCredits);
  if (hasNoCredits) problems.push(`Out of credits${describeSince(report)}: top up`);
  else if (trends.length === 0) {
    const [reason] = reasons;
    const why = reason === undefined ? '' : `: ${escapeMarkdown(plainText(reason, 100))}`;
    problems.push(`Nothing was captured${why}`);
  }
  const missing = tracked - trends.length - state.absent.length;
  if (missing > 0 && trends.length > 0) {
    const links = state.missed
      .slice(0, MAX_MISSING_NAMES)
      .map(({ hashtag }) => hashtagLink(hashtag));
    const names = firstThatFit(links, MAX_MISSING_NAMES);
    const more = missing - names.length;
    const rest = more > 0 ? ` and ${formatCount(more)} more` : '';
    const named = names.length === 0 ? '' : `: ${names.join(', ')}${rest}`;
    problems.push(`${formatCount(missing)} missing${named}`);
  }
  if (!hasNoCredits && creditsLastDays !== null && creditsLastDays < LOW_CREDIT_DAYS) {
    problems.push(describeLowCredits(creditsLastDays));
  }
  return problems;
}

/** `Credits for 3 more days: top up`. */
function describeLowCredits(days: number): string {
  return days === 0
    ? 'Not enough credits for another day: top up'
    : `Credits for ${days} more ${days === 1 ? 'day' : 'days'}: top up`;
}

/** Since when there is no data at all: ` since Tuesday`; empty if the day has some. */
function describeSince({ day, trends, history }: DayReport): string {
  const last = history.at(-1)?.day;
  if (trends.length > 0 || last === undefined) return '';
  const since = addDays(last, 1);
  if (since === day) return '';
  return ` since ${daysBetween(since, day) < 7 ? formatLongDay(since).split(' ')[0] : since}`;
}

/**
 * What moved, in Markdown: one line for each hashtag, or what a usual day looked like.
 * @param below the lines below a hashtag's own
 */
export function renderMoved(
  report: DayReport,
  below: (hashtag: string) => string[] = () => [],
): string {
  const { trends, moves, tracked, state, dashboard } = report;
  const link = (hashtag: string) => movedLink(hashtag, dashboard);
  if (trends.length === 0) return 'Nothing was captured on this day.';
  if (report.isTooFew) {
    const expected = tracked - state.absent.length;
    const tooFew =
      `Only ${formatCount(trends.length)} of ${plural(expected, 'hashtag')} were captured. ` +
      'That is too few to say what moved, so nothing is ranked.';
    return moves.length === 0 ? tooFew : [tooFew, '', ...listMoves(moves, link, below)].join('\n');
  }
  if (moves.length === 0 && !trends.some(({ rankedBy }) => rankedBy !== null)) {
    return report.previousDay === null
      ? 'Growth appears from the second day on; today’s counts are its starting point.'
      : 'There is no growth to show, because no count of today has an earlier one above zero.';
  }
  const total = totalOfAll(report);
  const together =
    total.perDay === null ? '' : `together ${formatTogether(total)}${describeLeftOut(total)}`;
  if (moves.length > 0) {
    const all = together === '' ? [] : ['', `All hashtags ${together}.`];
    return [...listMoves(moves, link, below), ...all].join('\n');
  }
  const usual = together === '' ? 'A usual day.' : `A usual day: ${together}.`;
  return [usual, ...renderLeaders(trends, link)].join('\n');
}

/** `, without #llm, which has no count on the day before`; nothing if all are in the sum. */
function describeLeftOut({ leftOut }: Total): string {
  if (leftOut.length === 0) return '';
  const have = leftOut.length === 1 ? 'has' : 'have';
  const names = formatList(leftOut.map(hashtagLink), MAX_MISSING_NAMES);
  return `, without ${names}, which ${have} no count on the day before`;
}

/** What the day's hashtags have together, in the measure that is known for most of them. */
function totalOfAll({ trends, history, day }: DayReport) {
  const names = new Set(trends.map(({ hashtag }) => hashtag));
  const ofDay = history.filter(({ hashtag }) => names.has(hashtag));
  return computeTotal(ofDay, day, commonMeasure(trends));
}

/** One line each for the first ones; the others are counted. */
function listMoves(
  moves: Move[],
  link: (hashtag: string) => string,
  below: (hashtag: string) => string[],
): string[] {
  const isSurge = ({ kind }: Move) => kind === 'breakout' || kind === 'surging';
  const items = moves
    .slice(0, MAX_MOVES)
    .map((move) =>
      [renderMove(move, link), ...(isSurge(move) ? below(move.hashtag) : [])].join('\n'),
    );
  const describeRest = (left: number) => {
    const rest = moves.slice(moves.length - left);
    return `- … and ${formatCount(left)} more: ${countKinds(rest)}`;
  };
  return fitLines(items, describeRest, moves.length);
}

function renderMove(move: Move, link: (hashtag: string) => string): string {
  const words = describeMove(move, (text) => `**${text}**`);
  return `- ${moveMark(move)} **${link(move.hashtag)}** ${words}`;
}

/** `3 falling, 1 milestone`. */
function countKinds(moves: Move[]): string {
  const byKind = groupBy(moves, ({ kind }) => kind);
  return [...byKind].map(([kind, { length }]) => countKind(kind, length)).join(', ');
}

/** `1 breakout`, `3 falling`. */
function countKind(kind: Move['kind'], count: number): string {
  if (kind === 'turn') return `${formatCount(count)} new, back or gone`;
  const isNoun = kind === 'breakout' || kind === 'milestone';
  return isNoun ? plural(count, kind) : `${formatCount(count)} ${kind}`;
}

/** The three fastest, and the three that added most, if they grew by more than rounding. */
function renderLeaders(trends: Trend[], link: (hashtag: string) => string): string[] {
  const grew = trends.filter((trend) => {
    const { growth } = rankedMeasure(trend);
    return isRealChange(growth) && growth.added > 0;
  });
  if (grew.length === 0) return ['', 'Nothing grew by more than rounding.'];
  const added = (trend: Trend) => changeOf(rankedMeasure(trend).growth)?.added ?? 0;
  const most = grew.toSorted((a, b) => added(b) - added(a));
  const list = (leaders: Trend[], figure: (trend: Trend) => string) =>
    formatList(
      leaders.slice(0, MAX_LEADERS).map((trend) => `${link(trend.hashtag)} ${figure(trend)}`),
    );
  return [
    '',
    `- Fastest: ${list(grew, (trend) => formatGrowth(rankedMeasure(trend).growth))}`,
    `- Added most: ${list(most, (trend) => `${formatAdded(rankedMeasure(trend))} ${trend.rankedBy}`)}`,
  ];
}
