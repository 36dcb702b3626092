import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TopVideos, Video } from '../../scripts/lib/core/snapshot.ts';
import {
  chooseCompanions,
  chooseTopVideos,
  describeVideoCost,
  renderTopVideos,
} from '../../scripts/lib/trends/top-videos.ts';
import { anyName, day, HOSTILE_NAMES } from '../helpers/snapshots.ts';

const DAY = day('2026-11-22');

function video(id: string, plays: number | null, createdAt: string | null): Video {
  return { id, author: 'ada', plays, createdAt };
}

const idsOf = (videos: Video[], timeZone = 'UTC') =>
  chooseTopVideos(videos, DAY, timeZone).map(({ id }) => id);

describe('the videos with the most plays', () => {
  it('are three of those that were new in the last 14 days', () => {
    const videos = [
      video('old', 9_000_000, '2026-11-07T23:59:59.000Z'),
      video('least', 10, '2026-11-21T12:00:00.000Z'),
      video('second', 500, '2026-11-08T00:00:00.000Z'),
      video('unknown', null, '2026-11-22T05:00:00.000Z'),
      video('third', 400, '2026-11-22T05:00:00.000Z'),
      video('first', 600, '2026-11-20T12:00:00.000Z'),
      video('undated', 8_000_000, null),
    ];
    expect(idsOf(videos)).toEqual(['first', 'second', 'third']);
    expect(idsOf(videos.slice(0, 4))).toEqual(['second', 'least', 'unknown']);
  });

  it('are those of all videos if none is new', () => {
    const videos = [
      video('1', 5, '2025-01-01T00:00:00.000Z'),
      video('2', 7, '2026-11-07T12:00:00.000Z'),
      video('3', null, null),
    ];
    expect(idsOf(videos)).toEqual(['2', '1', '3']);
  });

  it('are new by the days of the list’s time zone', () => {
    const videos = [
      video('1', 5, '2026-11-07T23:30:00.000Z'),
      video('2', 1, '2026-11-20T00:00:00.000Z'),
    ];
    expect(idsOf(videos)).toEqual(['2']);
    expect(idsOf(videos, 'Europe/Berlin')).toEqual(['1', '2']);
  });

  it('do not depend on the order of the answer', () => {
    const dates = fc.constantFrom(null, '2026-11-20T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
    const plays = fc.option(fc.nat(3));
    const some = fc.uniqueArray(fc.tuple(fc.nat(30), plays, dates), { selector: ([id]) => id });
    fc.assert(
      fc.property(some, (parts) => {
        const videos = parts.map(([id, count, date]) => video(String(id), count, date));
        expect(idsOf(videos.toReversed())).toEqual(idsOf(videos));
      }),
    );
  });
});

describe('a suggestion', () => {
  it('is a companion in at least two videos that is not on the list, whatever its case', () => {
    const companions = [
      { hashtag: 'once', uses: 1 },
      { hashtag: 'σας', uses: 9 },
      { hashtag: 'less', uses: 2 },
      { hashtag: 'more', uses: 3 },
      { hashtag: 'also', uses: 2 },
    ];
    expect(chooseCompanions(companions, ['σασ']).map(({ hashtag }) => hashtag)).toEqual([
      'more',
      'also',
      'less',
    ]);
  });
});

describe('the lines below a hashtag', () => {
  const render = (found: Partial<TopVideos>, listed: string[] = []) =>
    renderTopVideos(
      {
        day: DAY,
        timeZone: 'UTC',
        topVideos: [{ hashtag: 'ai', videos: [], companions: [], problem: null, ...found }],
        listed: new Set(listed),
      },
      'ai',
    );

  it('show author, plays, age and link, and suggest companions', () => {
    const videos = [
      video('72', 1, '2026-11-22T01:00:00.000Z'),
      video('71', 1_234_567, '2026-11-19T12:00:00.000Z'),
      { id: '73', author: null, plays: null, createdAt: null },
    ];
    const companions = [
      { hashtag: 'llm', uses: 4 },
      { hashtag: 'robots', uses: 12 },
      { hashtag: 'listed', uses: 20 },
    ];
    expect(render({ videos, companions }, ['ai', 'listed'])).toEqual([
      '  - ▶️ [\\@\u2060ada](https://www.tiktok.com/@ada/video/71) · 1,234,567 plays · 3 days old',
      '  - ▶️ [\\@\u2060ada](https://www.tiktok.com/@ada/video/72) · 1 play · new today',
      '  - ▶️ [author unknown](https://www.tiktok.com/@_/video/73) · plays unknown · age unknown',
      '  - ➕ Used beside it, and not on your list: [#robots](https://www.tiktok.com/tag/robots) 12×, [#llm](https://www.tiktok.com/tag/llm) 4×',
    ]);
  });

  it('are none without videos, and none of another hashtag', () => {
    expect(render({ problem: 'HTTP 503' })).toEqual([]);
    expect(render({ hashtag: 'llm', videos: [video('1', 1, null)] })).toEqual([]);
  });

  it('suggest five hashtags at most', () => {
    const companions = Array.from({ length: 9 }, (_, i) => ({ hashtag: `tag${i}`, uses: 5 }));
    expect(
      render({ companions })
        .join('')
        .match(/tiktok.com/g),
    ).toHaveLength(5);
  });

  it('stay one line with one link, whatever the author is called', () => {
    const check = (name: string) => {
      const lines = render({ videos: [{ ...video('7', 5, null), author: name }] });
      expect(lines).toHaveLength(1);
      const [line = ''] = lines;
      expect(line).not.toMatch(/[\n\r]/);
      const bare = line.replaceAll(/\\./gu, '');
      expect(bare.match(/\]\(/g)).toHaveLength(1);
      expect(bare).toMatch(/^ {2}- ▶️ \[[^\]]*\]\(https:\/\/www\.tiktok\.com\/@\S*\/video\/7\) · /u);
      expect(bare).not.toMatch(/[<>`|]/);
    };
    HOSTILE_NAMES.forEach(check);
    fc.assert(fc.property(anyName, check));
  });
});

describe('what videos cost', () => {
  it('is a credit for each hashtag that was answered', () => {
    const entry = { hashtag: 'a', videos: [], companions: [], problem: null };
    expect(describeVideoCost({ topVideos: [] })).toBe(null);
    expect(describeVideoCost({ topVideos: [{ ...entry, problem: 'HTTP 503' }] })).toBe(null);
    expect(describeVideoCost({ topVideos: [entry, entry] })).toBe('2 of them for videos');
  });
});
