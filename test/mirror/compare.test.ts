import { describe, expect, it } from 'vitest';
import { renderDelete } from '../../scripts/lib/mirror/compare.ts';
import { DAY_TABLES } from '../../scripts/lib/mirror/tables.ts';

describe('the statement that deletes rows', () => {
  it.each([
    ["it's", "'it''s'"],
    ['back\\slash', "'back\\slash'"],
    ["\u202eno'\\\n", "E'\\U0000202eno''\\\\\\U0000000a'"],
  ])('has the name %j as %s', (name, literal) => {
    expect(
      renderDelete(DAY_TABLES.SNAPSHOTS, 'ada/tracker', [['2026-11-20', name, 1, 2, null]]),
    ).toBe(
      "DELETE FROM hashtag_tracker.snapshots WHERE source = 'ada/tracker' " +
        `AND (date, hashtag) IN (('2026-11-20', ${literal}))`,
    );
  });
});
