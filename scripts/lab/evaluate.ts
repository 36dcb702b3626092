import { gunzipSync } from 'node:zlib';
import { markdownTable } from 'markdown-table';
import * as v from 'valibot';
import { type Day, dayNumber } from '../lib/core/day.ts';
import { UsageError } from '../lib/core/errors.ts';
import { formatCount, plural } from '../lib/core/format.ts';
import { showHashtag } from '../lib/core/hashtag-name.ts';
import type { Snapshot } from '../lib/core/snapshot.ts';
import { compareText, decodeText, errorMessage } from '../lib/core/text.ts';
import { checkRows, parseCsv } from '../lib/store/csv.ts';
import { defineCommand, printResult, readFileArgument } from '../lib/system/command.ts';
import type { Signal } from '../lib/trends/signals.ts';
import { groupByHashtag } from '../lib/trends/trends.ts';
import { settingsSchema } from '../lib/watchlist/schema.ts';
import { liveMornings, type Mornings, tutorialFlags } from './evaluation/mornings.ts';
import { lookBack, type Score, scoreFlags } from './evaluation/score.ts';

const LAST_DAY = '9999-12-31' as Day;
const MAX_SHOWN = 20;

export const evaluate = defineCommand({
  name: 'evaluate',
  summary: 'Measures how well the signals find the surges of real readings. Needs no key.',
  flags: {
    file: {
      type: 'positional',
      value: 'FILE',
      help: 'A CSV, gzipped or not: date, hashtag, and video_count or view_count or both.',
    },
    flags: {
      type: 'boolean',
      help:
        'Print each flagged day (date,hashtag,signal) as CSV instead; ' +
        'use npm run --silent evaluate -- --flags FILE > flags.csv',
    },
  },
  logTo: 'stderr',
  async run({ file, flags }, { root, log, stdout }) {
    const { snapshots, complaints, isComplete } = readSnapshots(
      await readFileArgument(root, file),
      file,
    );
    for (const complaint of complaints.slice(0, MAX_SHOWN)) log.warning(`${file}, ${complaint}`);
    const left = complaints.length - MAX_SHOWN;
    if (left > 0) log.warning(`… and ${formatCount(left)} more`);

    const settings = v.parse(settingsSchema, {});
    const mornings = [...groupByHashtag(snapshots, LAST_DAY)].map(([hashtag, series]) =>
      liveMornings(hashtag, series, settings),
    );
    await printResult([flags ? renderFlags(mornings) : renderScores(mornings)], stdout);
    return isComplete ? 0 : 1;
  },
});

/** The file's rows, one for each day and hashtag, and what is wrong with the others. */
function readSnapshots(file: Buffer, name: string) {
  const { text, problem } = decodeText(unzip(file, name));
  if (problem !== null) throw new UsageError(`${name} can't be read: ${problem}`);
  const snapshots = new Map<string, { snapshot: Snapshot; place: string }>();
  const complaints: string[] = [];
  let isComplete = true;
  for (const row of parseCsv(text, name)) {
    const { place } = row;
    const { snapshots: [snapshot] = [], refused: [refusal] = [] } = checkRows([row], LAST_DAY);
    if (snapshot === undefined) {
      complaints.push(`${place}: left out: ${refusal?.reason}`);
      isComplete = false;
      continue;
    }
    const key = `${snapshot.day} ${snapshot.hashtag}`;
    const earlier = snapshots.get(key);
    if (earlier !== undefined) {
      const what = `${showHashtag(snapshot.hashtag)} on ${snapshot.day}`;
      complaints.push(`${place}: replaces ${earlier.place}, which also has ${what}`);
    }
    snapshots.set(key, { snapshot, place });
  }
  if (snapshots.size === 0) throw new UsageError(`${name} has no row with a count`);
  return {
    snapshots: Array.from(snapshots.values(), ({ snapshot }) => snapshot),
    complaints,
    isComplete,
  };
}

function unzip(file: Buffer, name: string): Buffer {
  if (file[0] !== 0x1f || file[1] !== 0x8b) return file;
  try {
    return gunzipSync(file);
  } catch (cause) {
    throw new UsageError(`${name} can't be unzipped: ${errorMessage(cause)}`, { cause });
  }
}

/** `cooling` is left out, because it announces no growth. */
function renderFlags(mornings: Mornings[]): string {
  const lines = mornings.flatMap(({ hashtag, signals }) =>
    signals
      .filter(({ signal }) => signal !== 'cooling')
      .map(({ day, signal }) => `${day},${hashtag},${signal}\n`),
  );
  return ['date,hashtag,signal\n', ...lines.sort(compareText)].join('');
}

function renderScores(mornings: Mornings[]): string {
  const hashtags = mornings.map((all) => ({ ...all, hindsight: lookBack(all.counts) }));
  const scoreOf = (flagsOf: (mornings: Mornings) => number[]) =>
    scoreFlags(hashtags.map((all) => ({ hindsight: all.hindsight, flags: flagsOf(all) })));
  const scoreSignals = (...wanted: Signal[]) =>
    scoreOf(({ signals }) =>
      signals.flatMap(({ day, signal }) => (wanted.includes(signal) ? [dayNumber(day)] : [])),
    );
  const rules: [string, Score][] = [
    ['the tutorial’s rule', scoreOf(({ counts }) => tutorialFlags(counts))],
    ['trending', scoreSignals('trending')],
    ['surging', scoreSignals('surging')],
    ['breakout', scoreSignals('breakout')],
    ['surging or breakout', scoreSignals('surging', 'breakout')],
  ];
  const episodes = rules[0]?.[1].episodes ?? 0;
  const readings = mornings.reduce((sum, { counts }) => sum + counts.size, 0);
  return (
    `${plural(episodes, 'surge')} in ${plural(readings, 'reading')} of ` +
    `${plural(mornings.length, 'hashtag')}\n\n` +
    `${markdownTable([HEADER, ...rules.map(([rule, score]) => renderScore(rule, score))], {
      align: ['l', ...HEADER.slice(1).map(() => 'r')],
    })}\n\n` +
    'Each day has one signal. The README says what the columns mean.\n'
  );
}

const HEADER = [
  'rule',
  'found',
  'false flags',
  'per 100 hashtag-months',
  'false alarms',
  'gain already there',
  'days to first flag',
  'flags',
  'alarms',
];

function renderScore(rule: string, score: Score): string[] {
  return [
    rule,
    formatFixed(score.found, 3),
    formatFixed(score.falseFlags, 3),
    formatFixed(score.falsePer100Months, 1),
    formatFixed(score.falseAlarms, 3),
    formatFixed(score.gainAlreadyThere, 2),
    score.delayDays === null ? '–' : String(score.delayDays),
    String(score.flags),
    String(score.alarms),
  ];
}

/** The number with so many decimals; an exact half goes to the even digit, as in Python. */
function formatFixed(value: number | null, decimals: number): string {
  if (value === null) return '–';
  const scaled = value * 10 ** decimals;
  const isHalf = Number.isInteger(value * 2 ** (decimals + 1)) && scaled % 1 === 0.5;
  const isDown = isHalf && Math.floor(scaled) % 2 === 0;
  return (isDown ? Math.floor(scaled) / 10 ** decimals : value).toFixed(decimals);
}
