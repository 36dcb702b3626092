import fc from 'fast-check';
import { addDays, type Day, isDay } from '../../scripts/lib/core/day.ts';
import type { DayRecord, Snapshot } from '../../scripts/lib/core/snapshot.ts';
import { computeTrends, type Threshold, type Trend } from '../../scripts/lib/trends/trends.ts';

export const TODAY = day('2026-11-22');

export function day(text: string): Day {
  if (!isDay(text)) throw new Error(`${text} is not a day`);
  return text;
}

/** A hashtag's rows, one per day, the last on `lastDay`. No row if neither count is known. */
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

/** Two rows of `#tag`. The later one is today's. */
export function pair(from: number, to: number, daysApart = 1): Snapshot[] {
  return [...rows('tag', [from], [], addDays(TODAY, -daysApart)), ...rows('tag', [to])];
}

export const THRESHOLD: Threshold = { trendingGrowthPercent: 5, surgeFactor: 2, minVideos: 0 };

/** Today's trends, with the same threshold for all hashtags. */
export function trendsOf(snapshots: Snapshot[], threshold: Partial<Threshold> = {}): Trend[] {
  return computeTrends(snapshots, TODAY, () => ({ ...THRESHOLD, ...threshold }));
}

/** Today's trend of the only hashtag. Throws if there is none. */
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
    databaseBytes: 50_000,
    previousDay,
    previousHashtags: previous.map(({ hashtag }) => hashtag),
    history,
    runs: [],
    failures: [],
    returned: [],
    peaks: [],
    corrections: [],
    topVideos: [],
    ...overrides,
  };
}

/** Names that try to break out of a table, link, line, attribute or replacement pattern. */
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

/**
 * Any code point but the halves of a pair. The library's own unit of this kind fills 90 MB, and the
 * more memory a process has, the longer it takes to start git.
 */
export const anyCharacter = fc
  .integer({ min: 0, max: 0x10ffff - 0x800 })
  .map((code) => String.fromCodePoint(code < 0xd800 ? code : code + 0x800));

export const anyName = fc.oneof(
  fc.constantFrom(...HOSTILE_NAMES),
  fc.string({ unit: anyCharacter, minLength: 1, maxLength: 12 }),
);

const anyCount = fc.oneof(
  fc.constantFrom(null, 0, 1),
  fc.nat(20_000),
  fc.maxSafeNat(),
  fc.nat(300).map((steps) => steps * 100_000),
);

/** Rows that the database can hold: one per day and hashtag, some of them on TODAY. */
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

/** The table rows of a Markdown text. Divides them into cells at unescaped pipes, like GitHub. */
export function tableRows(markdown: string): string[][] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('|'));
  return lines.map((line) => line.slice(1, -1).match(/(?:\\.|[^|\\])+/g) ?? []);
}
