import fc from 'fast-check';
import { addDays, type Day, isDay } from '../../scripts/lib/core/day.ts';
import type { DayRecord, Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { computeTrends, type Threshold, type Trend } from '../../scripts/lib/trends/trends.ts';

export const TODAY = day('2026-11-22');

export function day(text: string): Day {
  if (!isDay(text)) throw new Error(`${text} is no day`);
  return text;
}

/** A hashtag's rows, a count a day, the last on `lastDay`; no row where neither count is known. */
export function rows(
  hashtag: string,
  videos: (number | null)[],
  views: (number | null)[] = videos.map(() => null),
  lastDay: Day = TODAY,
): Snapshot[] {
  return videos.flatMap((videoCount, i) => {
    const viewCount = views[i] ?? null;
    if (videoCount === null && viewCount === null) return [];
    return [{ day: addDays(lastDay, i - videos.length + 1), hashtag, videoCount, viewCount }];
  });
}

/** Two rows of `#tag`, the later one today. */
export function pair(from: number, to: number, daysApart = 1): Snapshot[] {
  return [...rows('tag', [from], [], addDays(TODAY, -daysApart)), ...rows('tag', [to])];
}

const THRESHOLD: Threshold = { trendingGrowthPercent: 5, minVideos: 0 };

/** Today's trends, all hashtags with one threshold. */
export function trendsOf(snapshots: Snapshot[], threshold: Partial<Threshold> = {}): Trend[] {
  return computeTrends(snapshots, TODAY, () => ({ ...THRESHOLD, ...threshold }));
}

/** Today's trend of one hashtag, which has to have one. */
export function trendOf(snapshots: Snapshot[], threshold: Partial<Threshold> = {}): Trend {
  const [trend] = trendsOf(snapshots, threshold);
  if (trend === undefined) throw new Error('no trend today');
  return trend;
}

export function dayRecord(history: Snapshot[], overrides: Partial<DayRecord> = {}): DayRecord {
  const days = history.map((snapshot) => snapshot.day).sort();
  const previousDay = days.findLast((text) => text < TODAY) ?? null;
  const previous = history.filter((snapshot) => snapshot.day === previousDay);
  return {
    day: TODAY,
    firstDay: days.find((text) => text < TODAY) ?? TODAY,
    newestDay: TODAY,
    previousDay,
    previousHashtags: previous.map(({ hashtag }) => hashtag),
    history,
    runs: [],
    failures: [],
    corrections: [],
    ...overrides,
  };
}

/** Names that try to break out of a table, a link, a line, an attribute or a replacement pattern. */
export const HOSTILE_NAMES = [
  'a|b',
  'a\\|b',
  '](https://evil.example)',
  '<img src=x onerror=alert(1)>',
  'a\n|x|y|',
  '`code`',
  '**bold** _it_ ~~no~~',
  '&lt;"\'&amp;',
  ']]><script>',
  '$& $1 $$',
  '\ud800',
];

export const anyName = fc.oneof(
  fc.constantFrom(...HOSTILE_NAMES),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
);

const anyCount = fc.oneof(
  fc.constantFrom(null, 0, 1),
  fc.nat(20_000),
  fc.maxSafeNat(),
  fc.nat(300).map((steps) => steps * 100_000),
);

/** Rows as the database can hold them: one a day and hashtag, some on TODAY. */
export const anyHistory: fc.Arbitrary<Snapshot[]> = fc
  .uniqueArray(anyName, { minLength: 1, maxLength: 5 })
  .chain((names) =>
    fc.uniqueArray(
      fc.record({
        day: fc.oneof(fc.nat(45), fc.nat(1200)).map((ago) => addDays(TODAY, -ago)),
        hashtag: fc.constantFrom(...names),
        videoCount: anyCount,
        viewCount: anyCount,
      }),
      { selector: (row) => JSON.stringify([row.day, row.hashtag]), maxLength: 60 },
    ),
  );

/** The table rows of a Markdown text, as GitHub divides them into cells: at unescaped pipes. */
export function tableRows(markdown: string): string[][] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('|'));
  return lines.map((line) => line.slice(1, -1).match(/(?:\\.|[^|\\])+/g) ?? []);
}
