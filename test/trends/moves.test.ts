import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import type { Snapshot } from '../../scripts/lib/core/snapshot.ts';
import type { Turn } from '../../scripts/lib/trends/day-state.ts';
import { findMoves, type Move } from '../../scripts/lib/trends/moves.ts';
import { describeMove } from '../../scripts/lib/trends/trend-words.ts';
import { anyHistory, rows, TODAY, trendsOf } from '../helpers/snapshots.ts';

const repeat = (count: number, value: number): number[] =>
  Array.from({ length: count }, () => value);

/** Counts that begin with `start` and add these gains. */
function adding(start: number, gains: number[]): number[] {
  const counts = [start];
  for (const gain of gains) counts.push((counts.at(-1) ?? 0) + gain);
  return counts;
}

const movesOf = (history: Snapshot[], turns: Turn[] = []): Move[] =>
  findMoves({ trends: trendsOf(history), state: { turns }, history });

const told = (history: Snapshot[]) =>
  movesOf(history).map((move) => `#${move.hashtag} ${describeMove(move)}`);

/** Counts of a month and more that add 10 a day, and then these gains. */
const usualThen = (gains: number[], start = 9_001) => adding(start, [...repeat(34, 10), ...gains]);

describe('what moved on a day', () => {
  it('is listed by kind, and within a kind by how many times its usual it was', () => {
    const turn: Turn = {
      kind: 'now',
      hashtag: 'new',
      absence: { last: null, since: addDays(TODAY, -3), daysBefore: 3 },
    };
    const history = [
      ...rows('milestone', [9_990, 10_010]),
      ...rows('cooling', usualThen([100, 150, ...repeat(6, 10)])),
      ...rows('falling', [1_000, 985]),
      ...rows('collapsing', [1_000, 900]),
      ...rows('trending', [1_000, 1_080]),
      ...rows('faster', [1_000, 1_090]),
      ...rows('surging', usualThen([60, 80, 90])),
      ...rows('more', usualThen([120, 160, 180])),
      ...rows('breakout', usualThen([200, 700])),
      ...rows('usual', usualThen([10])),
    ];
    expect(movesOf(history, [turn]).map(({ kind, hashtag }) => [kind, hashtag])).toEqual([
      ['breakout', 'breakout'],
      ['surging', 'more'],
      ['surging', 'surging'],
      ['trending', 'faster'],
      ['trending', 'trending'],
      ['falling', 'collapsing'],
      ['falling', 'falling'],
      ['cooling', 'cooling'],
      ['turn', 'new'],
      ['milestone', 'milestone'],
    ]);
  });

  it('is told in words', () => {
    expect(
      told([
        ...rows('a', usualThen([200, 700])),
        ...rows('b', [1_000, 1_080]),
        ...rows('c', [16_684_801, 16_351_105]),
        ...rows('d', [null, null], [9_990, 10_010]),
      ]),
    ).toEqual([
      '#a breakout, 45 × its usual: +900 in 2 days, usually +20 · now 10,241 videos, +7.3% · passed 10,000 videos',
      '#b trending, +8.0%: +80, now 1,080 videos',
      '#c lost 333,696 videos, -2.0% · now 16,351,105 videos',
      '#d passed 10,000 views · now 10,010 views, +0.2%',
    ]);
  });

  it.each([
    ['less than 1 % a day', [1_000, 991]],
    ['within rounding', [1_200_000, 1_100_000]],
    ['1.5 % in two days', [1_000, null, 985]],
  ])('is no fall of %s', (_, counts) => {
    expect(movesOf(rows('tag', counts))).toEqual([]);
  });

  it('is a fall of 1 % a day', () => {
    expect(movesOf(rows('tag', [1_000, 990]))).toMatchObject([{ kind: 'falling' }]);
  });
});

describe('a milestone', () => {
  const milestoneOf = (counts: number[]) => {
    const [move] = movesOf(rows('tag', counts));
    return move?.kind === 'milestone' ? move.milestone : null;
  };

  it.each([
    [[9_999, 10_000], 10_000],
    [[19_900, 20_100], 20_000],
    [[49_000, 50_000], 50_000],
    [[99_000, 101_000], 100_000],
    [[1_900_000, 2_000_000], 2_000_000], // one step of rounding
    [[4_999_999_999, 5_100_000_000], 5_000_000_000],
    [[9_000, 9_100], null],
    [[10_000, 10_200], null],
    [[30_000, 30_900], null],
    [[20_100, 19_900], null],
  ])('of %j is %s', (counts, expected) => {
    expect(milestoneOf(counts)).toBe(expected);
  });

  it('is told once, not each time that the count crosses it again', () => {
    expect(milestoneOf([19_990, 20_010, 19_990, 20_010])).toBe(null);
    expect(milestoneOf([20_000, 19_990, 20_010])).toBe(null);
  });

  it('lies between the two counts and is new, whatever the history', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const move of movesOf(history)) {
          expect(describeMove(move)).not.toMatch(/NaN|undefined|null|Infinity/);
          if (move.kind === 'turn' || move.milestone === null) continue;
          const { hashtag, milestone, trend } = move;
          const measure = trend.rankedBy === 'views' ? 'viewCount' : 'videoCount';
          const earlier = history.filter((row) => row.hashtag === hashtag && row.day < TODAY);
          expect(earlier.filter((row) => (row[measure] ?? 0) >= milestone)).toEqual([]);
          expect(String(milestone)).toMatch(/^[125]0{4,}$/);
        }
      }),
    );
  });
});
