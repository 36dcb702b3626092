import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { saveAdded } from '../../scripts/lib/archive/add.ts';
import { remember } from '../../scripts/lib/archive/remember.ts';
import { ALL_TIME, deleteRows } from '../../scripts/lib/archive/rows.ts';
import { openWhole, uniteWhole } from '../../scripts/lib/archive/whole.ts';
import { archive } from '../../scripts/lib/commands/archive.ts';
import { importFile } from '../../scripts/lib/commands/import.ts';
import { ARCHIVE_FOLDER, DATABASE_PATH } from '../../scripts/lib/core/paths.ts';
import { parseDatabase } from '../../scripts/lib/store/database.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { importSnapshots } from '../../scripts/lib/store/record.ts';
import { whileChangesAreChecked } from '../../scripts/lib/system/files.ts';
import { createArchived, createHistory, DAYS, dump, dumpRemembered } from '../helpers/archive.ts';
import { createFolder } from '../helpers/folder.ts';
import { writeWatchlist } from '../helpers/repository.ts';
import { day, rows } from '../helpers/snapshots.ts';
import { runInProcess, runScript } from '../helpers/tracker.ts';

/** The bytes of the files of a tracker's database. */
async function readFiles(root: string): Promise<Map<string, Buffer>> {
  const names = await readdir(path.join(root, ARCHIVE_FOLDER)).catch(() => []);
  const files = [DATABASE_PATH, ...names.map((name) => `${ARCHIVE_FOLDER}/${name}`)];
  const contents = files.map(
    async (file): Promise<[string, Buffer]> => [file, await readFile(path.join(root, file))],
  );
  return new Map(await Promise.all(contents));
}

function changedFiles(before: Map<string, Buffer>, after: Map<string, Buffer>): string[] {
  return [...after]
    .filter(([file, bytes]) => !before.get(file)?.equals(bytes))
    .map(([file]) => file);
}

describe('npm run archive', () => {
  it('says what would move and writes nothing with --dry-run, and then moves it', async () => {
    const root = await createFolder();
    await saveDatabase(await createHistory(DAYS), root);
    const before = await readFiles(root);
    const dry = await runInProcess(archive, root, ['--dry-run'], {});
    expect(dry.exitCode).toBe(0);
    expect(dry.output).toMatch(/2026-03: [\d,]+ rows/);
    expect(dry.output).toMatch(/data\/archive\/2026-03\.db: 0\.\d MB/);
    expect(dry.output).toMatch(/hashtag_tracker\.db: 0\.\d MB before, 0\.\d MB after\nDry run/);
    expect(await readFiles(root)).toEqual(before);
    const moved = await runInProcess(archive, root, [], {});
    expect(moved.output).toMatch(/7 months moved to data\/archive: 2026-01 to 2026-07/);
    expect((await readFiles(root)).size).toBe(8);
    const again = await runInProcess(archive, root, [], {});
    expect(again).toMatchObject({
      exitCode: 0,
      output: 'Nothing to move: the database has only the months that runs need',
    });
  });
});

describe('after a move', () => {
  it.each([
    ['export', ['--format', 'csv']],
    ['export', ['--format', 'json', '--hashtag', 'gone,vibecoding,nobody']],
    ['export', ['--since', '2026-05-05']],
    ['report', ['--date', '2026-03-04']],
    ['report', ['--date', '2026-09-10']],
    ['report', ['--week', '2026-W12']],
    ['report', ['--month', '2026-03']],
    ['report', ['--since', '2026-11-19']],
  ])('%s %j gives the same as before', async (command, args) => {
    const { root, original } = await createArchived();
    const other = await createFolder();
    await saveDatabase(original, other);
    const results = [];
    for (const folder of [root, other]) {
      await writeWatchlist(folder, { hashtags: ['aitools', 'llm', '日本語', 'never'] });
      const { stdout, stderr, exitCode } = await runScript(command, args, folder);
      const listed = (
        await readdir(path.join(folder, 'reports'), { recursive: true }).catch(() => [])
      )
        .filter((file) => file.includes('.'))
        .sort();
      const files = listed.map((file) => readFile(path.join(folder, 'reports', file), 'utf8'));
      results.push({ stdout, stderr, exitCode, listed, files: await Promise.all(files) });
    }
    expect(results[0]).toEqual(results[1]);
    expect(results[0]?.exitCode).toBe(0);
  });
});

describe('an import of archived days', () => {
  const CSV =
    'date,hashtag,video_count,view_count\n2026-03-04,llm,7,7\n2026-03-04,added,999999,5\n2026-03-31,gone,,123\n';

  it('changes only the archive of their month and what is remembered of it', async () => {
    const { root, original } = await createArchived();
    const before = await readFiles(root);
    await writeFile(path.join(root, 'more.csv'), `${CSV}2026-11-01,added,5,5\n`);
    const [here, plain] = [root, await createFolder()];
    await saveDatabase(original, plain);
    await writeFile(path.join(plain, 'more.csv'), `${CSV}2026-11-01,added,5,5\n`);
    const ran = await runInProcess(importFile, here, ['more.csv'], {});
    expect(ran).toEqual(await runInProcess(importFile, plain, ['more.csv'], {}));
    expect(ran.output).toContain('2 added (2026-03-04 to 2026-11-01), 2 already there');
    expect(changedFiles(before, await readFiles(here))).toEqual([
      DATABASE_PATH,
      'data/archive/2026-03.db',
    ]);
    using whole = await openWhole(here);
    using single = await openDatabase(plain);
    expect(dump(whole)).toEqual(dump(single));
    await expectRememberedAnew(here);
    const again = await runInProcess(importFile, here, ['more.csv'], {});
    expect(again.output).toContain('0 added, 4 already there');
  });

  it('writes nothing with --dry-run', async () => {
    const { root } = await createArchived();
    const before = await readFiles(root);
    await writeFile(path.join(root, 'more.csv'), CSV);
    const ran = await runInProcess(importFile, root, ['more.csv', '--dry-run'], {});
    expect(ran.output).toContain('1 added');
    expect(changedFiles(before, await readFiles(root))).toEqual([]);
  });

  it('of a month that had none makes its archive, and of a later day none', async () => {
    const { root } = await createArchived();
    await writeFile(path.join(root, 'more.csv'), 'date,hashtag,video_count\n2020-02-03,llm,7\n');
    await runInProcess(importFile, root, ['more.csv'], {});
    using whole = await openWhole(root);
    expect(dump(whole).snapshots?.[0]).toEqual(['2020-02-03', 'llm', 7, null]);
    await expectRememberedAnew(root);
  });

  it.each([1, 2, 3])('is finished by doing it again if it stops at file %i', async (number) => {
    const { root } = await createArchived();
    await expect(stopAtChange(number, () => importRows(root))).rejects.toThrow('stopped');
    await importRows(root);
    const { root: other } = await createArchived();
    await importRows(other);
    using whole = await openWhole(root);
    using expected = await openWhole(other);
    expect(dump(whole).snapshots).toEqual(dump(expected).snapshots);
    await expectRememberedAnew(root);
  });

  async function importRows(root: string): Promise<void> {
    using db = await openDatabase(root);
    using whole = await uniteWhole(db, root);
    const snapshots = rows('added', [5, 6], [], day('2026-03-04'));
    const origin = { importedAt: '2026-11-22T00:00:00.000Z', source: 'more.csv', sha256: '00' };
    const added = importSnapshots(whole, snapshots, origin);
    await saveAdded(db, whole, added, origin, root);
  }
});

/** Runs work that may change so many files, and no more. */
function stopAtChange(number: number, work: () => Promise<void>): Promise<void> {
  let changes = 0;
  return whileChangesAreChecked(async () => {
    if (++changes === number) throw new Error('stopped');
  }, work);
}

/** The rows of the archives alone. */
async function archivedOf(root: string) {
  const past = await openWhole(root);
  deleteRows(past, { first: '2026-08-01', end: ALL_TIME.end });
  return past;
}

/** Checks that what is remembered is what the archives say. */
async function expectRememberedAnew(root: string): Promise<void> {
  using daily = await openDatabase(root);
  using expected = await parseDatabase(null);
  remember(expected, await archivedOf(root), day('2026-08-01'));
  expect(dumpRemembered(daily)).toEqual(dumpRemembered(expected));
}
