import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFolder } from '../helpers/folder.ts';
import { runProcess } from '../helpers/process.ts';
import { writeWatchlist } from '../helpers/repository.ts';
import { queryDatabase, runTrack, startApi } from '../helpers/tracker.ts';

// The tutorial's own statements. The day and the counts are arguments.
const TUTORIAL = `
import sqlite3, sys
conn = sqlite3.connect("data/hashtag_tracker.db")
conn.execute("CREATE TABLE IF NOT EXISTS snapshots (date TEXT, hashtag TEXT, video_count INTEGER, view_count INTEGER, PRIMARY KEY (date, hashtag))")
day, tag, videos, views = sys.argv[1:]
conn.execute("INSERT OR REPLACE INTO snapshots VALUES (?,?,?,?)", (day, tag, int(videos), int(views)))
conn.commit()
rows = conn.execute("SELECT video_count FROM snapshots WHERE hashtag=? ORDER BY date DESC LIMIT 2", (tag,)).fetchall()
print(round((rows[0][0] - rows[1][0]) / rows[1][0] * 100, 2) if len(rows) == 2 else None)
`;

const hasPython =
  (await runProcess('python3', ['-c', 'import sqlite3'], '.').catch(() => null))?.exitCode === 0;

describe.skipIf(!hasPython)('the tutorial’s Python script', () => {
  it('can hand over its database, and still reads and writes it afterwards', async () => {
    const root = await createFolder();
    await mkdir(path.join(root, 'data'));
    await writeWatchlist(root, ['aitools']);
    await writeFile(path.join(root, 'tutorial.py'), TUTORIAL);
    const tutorial = async (...args: string[]) =>
      (await runProcess('python3', ['tutorial.py', ...args], root)).stdout.trim();

    expect(await tutorial('2026-11-20', 'aitools', '800', '40000')).toBe('None');
    await runTrack(root, await startApi(), [], { day: '2026-11-21' });
    expect(await tutorial('2026-11-22', 'aitools', '1100', '51000')).toBe('10.0');
    expect(await queryDatabase(root, 'SELECT * FROM snapshots')).toEqual([
      ['2026-11-20', 'aitools', 800, 40_000],
      ['2026-11-21', 'aitools', 1000, 50_000],
      ['2026-11-22', 'aitools', 1100, 51_000],
    ]);
  });
});
