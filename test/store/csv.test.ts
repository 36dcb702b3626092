import { createHash } from 'node:crypto';
import {
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import Papa from 'papaparse';
import type { SqlValue } from 'sql.js';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../scripts/lib/core/day.ts';
import { UsageError } from '../../scripts/lib/core/errors.ts';
import { canonicalHashtag, parseHashtagName } from '../../scripts/lib/core/hashtag-name.ts';
import { DATABASE_PATH } from '../../scripts/lib/core/paths.ts';
import type { Snapshot } from '../../scripts/lib/core/snapshot.ts';
import {
  checkRows,
  FORMATS,
  findOtherCounts,
  formatRows,
  parseCsv,
} from '../../scripts/lib/store/csv.ts';
import { parseDatabase } from '../../scripts/lib/store/database.ts';
import { iterateSnapshots } from '../../scripts/lib/store/history.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { addMissingSnapshots } from '../../scripts/lib/store/record.ts';
import type { Row } from '../../scripts/lib/store/rows.ts';
import { createFolder } from '../helpers/folder.ts';
import { PROJECT, runProcess } from '../helpers/process.ts';
import { day, TODAY } from '../helpers/snapshots.ts';
import { queryDatabase, runScript, valuesOf } from '../helpers/tracker.ts';

const EVERYTHING = 'SELECT * FROM snapshots ORDER BY date, hashtag';
const HEADER = 'date,hashtag,video_count,view_count';

/** Checks a CSV. Returns its snapshots as [day, hashtag, videos, views], and the rejected rows. */
function check(csv: string) {
  const { snapshots, refused } = checkRows(parseCsv(csv, 'rows.csv'), TODAY);
  return {
    rows: snapshots.map((row) => [row.day, row.hashtag, row.videoCount, row.viewCount]),
    refused: refused.map(({ place, reason }) => `${place}: ${reason}`),
  };
}

const COLUMNS = HEADER.split(',');

/** A row of the table, by column name. */
function toRow(cells: SqlValue[]): Row {
  return Object.fromEntries(COLUMNS.map((column, i) => [column, cells[i] ?? null]));
}

function format(rows: SqlValue[][], as: (typeof FORMATS)[number]): string {
  return [...formatRows(rows.map(toRow), as)].join('');
}

describe('a CSV to import', () => {
  it.each([
    ['as exported', `${HEADER}\n2026-11-20,llm,12,345\n`],
    ['with columns in another order', 'view_count,hashtag,date,video_count\n345,llm,2026-11-20,12'],
    ['with a byte order mark and CRLF', `\uFEFF${HEADER}\r\n2026-11-20,llm,12,345\r\n\r\n`],
    ['with mixed line ends', `${HEADER}\r\n2026-11-20,llm,12,345\r\n\n`],
    [
      'with quotes and blanks',
      `"date", hashtag ,video_count,view_count\n2026-11-20,"# L LM",12, 345`,
    ],
    ['with counts as pandas and Excel write them', `${HEADER}\n2026-11-20,llm,12.0,3.45E+02`],
    ['with an extra column', `note,${HEADER}\n"a\nb",2026-11-20,llm,12,345`],
  ])('is accepted %s', (_, csv) => {
    expect(check(csv)).toEqual({ rows: [['2026-11-20', 'llm', 12, 345]], refused: [] });
  });

  it.each([
    ['the column of videos is missing', 'date,hashtag,view_count\n2026-11-20,llm,345', [null, 345]],
    ['the column of views is missing', 'date,hashtag,video_count\n2026-11-20,llm,12', [12, null]],
    ['a cell is empty', `${HEADER}\n2026-11-20,llm,,345`, [null, 345]],
    ['the last cell is empty', `${HEADER}\n2026-11-20,llm,12,`, [12, null]],
    ['there are 0 videos beside views', `${HEADER}\n2026-11-20,llm,0,345`, [null, 345]],
  ])('has an unknown count if %s', (_, csv, counts) => {
    expect(check(csv)).toEqual({ rows: [['2026-11-20', 'llm', ...counts]], refused: [] });
  });

  it.each([
    [',llm,12,345', 'it has no date'],
    ['20.11.2026,llm,12,345', '"20.11.2026" is not a day; write it as YYYY-MM-DD'],
    ['2026-02-30,llm,12,345', '"2026-02-30" is not a day; write it as YYYY-MM-DD'],
    ['2026-11-23,llm,12,345', '2026-11-23 is in the future'],
    ['2026-11-20,,12,345', 'it has no hashtag'],
    ['2026-11-20,c++,12,345', expect.stringContaining(`"c++" can't be a hashtag`)],
    ['2026-11-20,llm,12.3K,345', 'video_count "12.3K" is not an exact whole number'],
    ['2026-11-20,llm,1.5,345', 'video_count "1.5" is not an exact whole number'],
    ['2026-11-20,llm,12,-1', 'view_count "-1" is not an exact whole number'],
    ['2026-11-20,llm,12,9007199254740992', expect.stringContaining('is not an exact')],
    ['2026-11-20,llm,,', 'neither count is known'],
    ['2026-11-20,llm,1.25E+01,345', 'video_count "1.25E+01" is not an exact whole number'],
    [
      '2026-11-20,llm,1,234,567',
      'it has 5 cells; the first line has 4: write numbers without commas, and text with commas in quotes',
    ],
    [
      '2026-11-20,llm,12',
      'it has 3 cells; the first line has 4: leave the cell of an unknown count empty, but keep its comma',
    ],
    ['2026-11-20', expect.stringMatching(/^it has 1 cell; the first line has 4: /)],
    ['2026-11-20,llm,1,000', 'view_count "000" is not an exact whole number'],
    ['2026-11-20,"llm,12,345', expect.stringContaining('its quotes are wrong')],
    ['2026-11-20,::error::x,12,345', expect.not.stringContaining('::')],
  ])('has the row %j rejected', (row, reason) => {
    const rows = parseCsv(`${HEADER}\n2026-11-19,llm,1,1\n${row}`, 'rows.csv');
    expect(checkRows(rows, TODAY)).toMatchObject({
      snapshots: [{ day: '2026-11-19' }],
      refused: [{ place: 'line 3', reason }],
    });
  });

  it.each([
    '1,000',
    '1.000.000',
    '1 000',
    '1\u202f000',
    "12'345",
    '12,34,567',
    '1.000',
    '1,000.0',
    '1.234,00',
  ])('has a count with separators such as %j rejected, with what to write instead', (count) => {
    expect(check(`${HEADER}\n2026-11-20,llm,"${count}",1`).refused).toEqual([
      `line 2: video_count ${JSON.stringify(count)} seems to have separators between its digits; write only the digits`.replace(
        '\u202f',
        ' ',
      ),
    ]);
  });

  it('gives the line of a rejected row, even after empty lines and cells of several lines', () => {
    const csv = `${HEADER},note\n\n2026-11-20,llm,1,2,"three\nlines\nlong"\n,,,\nx,llm,1,2,`;
    expect(check(csv).refused).toEqual([expect.stringMatching(/^line 7: "x" is not a day/)]);
  });

  it('may have every count that can be stored exactly', () => {
    const csv = `${HEADER}\n2026-11-20,llm,9007199254740991,0`;
    expect(check(csv).rows).toEqual([['2026-11-20', 'llm', Number.MAX_SAFE_INTEGER, 0]]);
  });

  it.each([
    ['no content', ''],
    ['no header', '2026-11-20,llm,12,345\n'],
    ['no dates', 'hashtag,video_count\n'],
    ['no hashtags', 'date,view_count\n'],
    ['no counts', 'date,hashtag,videos\n'],
    ['semicolons', 'date;hashtag;video_count;view_count\n'],
    ['binary data', '\0\x01"\n"'],
  ])('is rejected as a whole if it has %s', (_, csv) => {
    expect(() => parseCsv(csv, 'rows.csv')).toThrow(UsageError);
    expect(() => parseCsv(csv, 'rows.csv')).toThrow(/^rows\.csv .* date, hashtag/);
  });
});

describe('a file of another kind', () => {
  it('with two columns of one name is rejected, because one can’t tell which is meant', () => {
    const csv = 'date,hashtag,video_count, video_count\n2026-11-20,llm,1,2\n';
    expect(() => parseCsv(csv, 'rows.csv')).toThrow('rows.csv has two columns video_count; remove');
    expect(() => parseCsv(csv.replaceAll(' video_count', 'note'), 'rows.csv')).not.toThrow();
  });

  it('with semicolons instead of commas is rejected with a solution', () => {
    const csv = 'date;hashtag;video_count;view_count\n';
    expect(() => parseCsv(csv, 'rows.csv')).toThrow(
      /; it seems to be separated by semicolons: save it with commas$/,
    );
    expect(() => parseCsv('date,hash;tag\n', 'rows.csv')).not.toThrow(/semicolons/);
  });

  it.each([
    ['rows.json', format([], 'json')],
    ['rows.JSON', ''],
    ['rows.ndjson', 'null'],
    ['rows.txt', '{"date": "2026-11-20"}\n'],
  ])('such as %s is rejected as JSON', (name, text) => {
    expect(() => parseCsv(text, name)).toThrow(
      new UsageError(`${name} is JSON; a CSV is needed (see npm run export)`),
    );
  });

  it('is accepted if it contains a CSV, whatever its name is', () => {
    expect(parseCsv(`${HEADER}\n2026-11-20,llm,12,345\n`, 'rows.json')).toHaveLength(1);
  });
});

describe('a snapshot with other counts', () => {
  const snapshot = { day: day('2026-11-20'), hashtag: 'vibecoding' };
  const find = (
    videoCount: number | null,
    viewCount: number | null,
    stored: (string | number | null)[],
  ) =>
    findOtherCounts([{ ...snapshot, videoCount, viewCount }], [toRow(['2026-11-20', ...stored])]);

  it.each([
    [10, 20, ['Vibe Coding', 10, 2000], '10 videos and 20 views', '10 videos and 2,000 views'],
    [11, null, ['vibecoding', 10, 20], '11 videos and unknown views', '10 videos and 20 views'],
    [10, 20, ['vibecoding', null, 20], '10 videos and 20 views', 'unknown videos and 20 views'],
    [10, 20, ['vibecoding', 0, 20], '10 videos and 20 views', 'unknown videos and 20 views'],
  ])(
    'such as %j and %j instead of %j is reported with both',
    (videos, views, stored, given, kept) => {
      expect(find(videos, views, stored)).toEqual([
        `2026-11-20 #vibecoding: the file has ${given}, the database ${kept}`,
      ]);
    },
  );

  it.each([
    ['the counts are the same', 10, 20, ['vibecoding', 10, 20]],
    ['the file does not know a count', null, 20, ['vibecoding', 10, 20]],
    ['only another hashtag is stored', 10, 20, ['llm', 1, 2]],
  ])('is not found if %s', (_, videos, views, stored) => {
    expect(find(videos, views, stored)).toEqual([]);
  });
});

describe('an export', () => {
  const rows = [
    ['2026-11-20', 'a "b", c', 1, null],
    ['2026-11-21', 'llm', null, 0],
  ];

  it('is a CSV with empty cells for unknown counts', () => {
    expect(format(rows, 'csv')).toBe(`${HEADER}\n2026-11-20,"a ""b"", c",1,\n2026-11-21,llm,,0\n`);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '\t1', '\r1', '＝1', '\u200b=1'])(
    'as CSV has no formula in it if a stored name is %j, and JSON has the name as it is',
    (name) => {
      const foreign = [[name, name, 1, 2]];
      const [, line = ''] = Papa.parse<string[]>(format(foreign, 'csv')).data;
      expect(line).toEqual([`'${name}`, `'${name}`, '1', '2']);
      expect(JSON.parse(format(foreign, 'json'))).toMatchObject([{ hashtag: name }]);
    },
  );

  it('is JSON, as one list or with one line per row', () => {
    const objects = [
      { date: '2026-11-20', hashtag: 'a "b", c', video_count: 1, view_count: null },
      { date: '2026-11-21', hashtag: 'llm', video_count: null, view_count: 0 },
    ];
    expect(JSON.parse(format(rows, 'json'))).toEqual(objects);
    const lines = format(rows, 'ndjson').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line))).toEqual(objects);
  });

  it('is well-formed even without rows', () => {
    expect(format([], 'csv')).toBe(`${HEADER}\n`);
    expect(JSON.parse(format([], 'json'))).toEqual([]);
    expect(format([], 'ndjson')).toBe('');
  });

  it('of two zeros is read back as two zeros', () => {
    const zeros = ['2026-11-20', 'llm', 0, 0];
    expect(check(format([zeros], 'csv')).rows).toEqual([zeros]);
  });

  it('is written in small pieces for any number of rows', () => {
    const many = Array.from({ length: 2500 }, (_, i) => ['2026-11-20', `tag${i}`, i, i]);
    for (const as of FORMATS) {
      for (const piece of formatRows(many.map(toRow), as)) {
        expect(piece.split('\n').length).toBeLessThanOrEqual(1002);
      }
    }
    expect(JSON.parse(format(many, 'json'))).toHaveLength(2500);
    expect(check(format(many, 'csv')).refused).toEqual([]);
  });
});

const anyStoredName = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', ';', '#', '=', '-'), minLength: 1 }),
);

const anyTrackedName = anyStoredName.map(canonicalHashtag).filter((name) => {
  try {
    return parseHashtagName(name).name === name;
  } catch {
    return false;
  }
});

const anyCount = fc.oneof(fc.constantFrom(null, 0, Number.MAX_SAFE_INTEGER), fc.maxSafeNat());

/** Snapshots as a run stores them: one per day and hashtag. */
const anySnapshots: fc.Arbitrary<Snapshot[]> = fc.uniqueArray(
  fc
    .record({
      day: fc.nat(1200).map((ago) => addDays(TODAY, -ago)),
      hashtag: anyTrackedName,
      videoCount: anyCount,
      viewCount: anyCount,
    })
    .filter(({ videoCount, viewCount }) => (videoCount ?? 0) > 0 || (viewCount ?? 0) > 0)
    .map((row) => (row.videoCount === 0 ? { ...row, videoCount: null } : row)),
  { selector: ({ day, hashtag }) => `${day} ${hashtag}`, maxLength: 30 },
);

describe('export, then import', () => {
  it('gives the same rows in an empty database', async () => {
    await fc.assert(
      fc.asyncProperty(anySnapshots, async (snapshots) => {
        const [from, into] = [await parseDatabase(null), await parseDatabase(null)];
        addMissingSnapshots(from, snapshots);
        const stored = [...iterateSnapshots(from)];
        const rows = parseCsv([...formatRows(stored, 'csv')].join(''), 'rows.csv');
        const { snapshots: read, refused } = checkRows(rows, TODAY);
        addMissingSnapshots(into, read);
        expect(refused).toEqual([]);
        expect(stored).toHaveLength(snapshots.length);
        expect([...iterateSnapshots(into)]).toEqual(stored);
        from.close();
        into.close();
      }),
      { numRuns: 200 },
    );
  });

  it('reads every cell as it was written, whatever a name contains', () => {
    const anyName = anyStoredName.map((name) => name.trim()).filter((name) => name !== '');
    fc.assert(
      fc.property(fc.array(fc.tuple(anyName, anyCount)), (names) => {
        const rows = names.map(([name, count]) => ['2026-11-20', name, count, null]);
        const cells = rows.map((row) => row.map((cell) => String(cell ?? '')));
        expect(parseCsv(format(rows, 'csv'), 'rows.csv')).toMatchObject(
          cells.map((row) => ({ cells: row })),
        );
      }),
    );
  });
});

describe('adding missing snapshots', () => {
  const snapshot = (date: string, hashtag: string, count: number): Snapshot => ({
    day: day(date),
    hashtag,
    videoCount: count,
    viewCount: count,
  });

  it('works on any day, takes the first of two duplicates, and changes no stored row', async () => {
    const db = await parseDatabase(null);
    addMissingSnapshots(db, [snapshot('2026-11-22', 'llm', 1)]);
    const added = addMissingSnapshots(db, [
      snapshot('2026-11-22', 'llm', 2),
      snapshot('2026-11-21', 'llm', 3),
      snapshot('2026-11-20', 'llm', 4),
      snapshot('2026-11-21', 'llm', 5),
    ]);
    expect(added).toEqual([snapshot('2026-11-20', 'llm', 4), snapshot('2026-11-21', 'llm', 3)]);
    expect(valuesOf(db, EVERYTHING)).toEqual([
      ['2026-11-20', 'llm', 4, 4],
      ['2026-11-21', 'llm', 3, 3],
      ['2026-11-22', 'llm', 1, 1],
    ]);
  });

  it('recognizes "Vibe Coding" from the tutorial’s script as vibecoding', async () => {
    const db = await parseDatabase(null);
    db.run("INSERT INTO snapshots VALUES ('2024-05-01', 'Vibe Coding', 1, 1)");
    expect(addMissingSnapshots(db, [snapshot('2024-05-01', 'vibecoding', 2)])).toEqual([]);
  });
});

/** Creates a folder whose database has #llm on 2024-05-02 with 10 videos and 20 views. */
async function createTracker(): Promise<string> {
  const root = await createFolder();
  const db = await openDatabase(root);
  db.run("INSERT INTO snapshots VALUES ('2024-05-02', 'llm', 10, 20)");
  await saveDatabase(db, root);
  return root;
}

const readDatabaseFile = (root: string) => readFile(path.join(root, DATABASE_PATH));

describe('npm run import', () => {
  it('adds missing rows, keeps stored ones, and reports rejected ones', async () => {
    const root = await createTracker();
    const csv = `${HEADER}\n2024-05-01,#Vibe Coding,1,2\n2024-05-02,llm,99,99\n2024-05-03,llm,5K,6\n`;
    await writeFile(path.join(root, 'rows.csv'), csv);
    expect(await runScript('import', ['rows.csv'], root)).toEqual({
      exitCode: 1,
      stdout:
        'warning: line 4: video_count "5K" is not an exact whole number\n' +
        'warning: 2024-05-02 #llm: the file has 99 videos and 99 views, ' +
        'the database 10 videos and 20 views\n' +
        '1 added (2024-05-01 to 2024-05-01), ' +
        '1 already there (1 with other counts; the stored ones stay), 1 rejected\n' +
        'To write the reports of the new days: npm run report -- --since 2024-05-01\n',
      stderr: '',
    });
    expect(await queryDatabase(root, EVERYTHING)).toEqual([
      ['2024-05-01', 'vibecoding', 1, 2],
      ['2024-05-02', 'llm', 10, 20],
    ]);
  });

  it('records what it added: when, from which file, of which days, and how many', async () => {
    const root = await createTracker();
    const csv = `${HEADER}\n2024-05-04,a,1,2\n2024-05-01,a,1,2\n2024-05-02,llm,10,20\n2024-05-01,b,1,2\n`;
    const file = path.join(await createFolder(), 'rows.csv');
    await writeFile(file, csv);
    await runScript('import', [file], root);
    await runScript('import', [file], root);
    const [row, ...others] = await queryDatabase(root, 'SELECT * FROM imports');
    expect(others).toEqual([]);
    expect(row).toEqual([
      1,
      expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      'rows.csv',
      createHash('sha256').update(csv).digest('hex'),
      ...['2024-05-01', '2024-05-04', 3],
    ]);
  });

  it('accepts a database of the tutorial’s script, whatever its name is', async () => {
    const { Database } = await initSqlJs();
    const tutorial = new Database();
    tutorial.run(`
      CREATE TABLE snapshots (date TEXT, hashtag TEXT, video_count INTEGER, view_count INTEGER,
        PRIMARY KEY (date, hashtag));
      INSERT INTO snapshots VALUES ('2024-05-01', 'vibe coding', 7, 8), ('2024-05-02', 'gone', 0, 0),
        ('2024-05-03', 'quirk', 0, 9), ('2024-05-01', '#Vibe Coding', 5, 6)`);
    const root = await createFolder();
    await writeFile(path.join(root, 'old.csv'), tutorial.export());
    const ran = await runScript('import', ['old.csv'], root);
    expect(ran).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(
        /^warning: row 2024-05-02 gone: both counts are 0.*\nwarning: 2024-05-01 #vibecoding: the file has 7 .*, the database 5 .*\n2 added .*, 1 already there \(1 with other .*\), 1 rejected/,
      ),
    });
    expect(await queryDatabase(root, EVERYTHING)).toEqual([
      ['2024-05-01', 'vibecoding', 5, 6],
      ['2024-05-03', 'quirk', null, 9],
    ]);
  });

  it('is refused beside a journal, because it may hold half of an edit', async () => {
    const root = await createFolder();
    using db = await parseDatabase(null);
    db.run("INSERT INTO snapshots VALUES ('2024-05-01', 'llm', 1, 2)");
    await writeFile(path.join(root, 'other.db'), db.export());
    await writeFile(path.join(root, 'other.db-journal'), 'half of an edit');
    expect(await runScript('import', ['other.db'], root)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(
        /^error: other\.db-journal is there.*sqlite3 other\.db VACUUM\n$/,
      ),
    });
    expect((await readdir(root)).sort()).toEqual(['other.db', 'other.db-journal']);
    await rm(path.join(root, 'other.db-journal'));
    expect(await runScript('import', ['other.db'], root)).toMatchObject({ exitCode: 0 });
  });

  it('writes nothing with --dry-run', async () => {
    const root = await createFolder();
    await writeFile(path.join(root, 'rows.csv'), `${HEADER}\n2024-05-01,llm,1,2\n`);
    const ran = await runScript('import', ['rows.csv', '--dry-run'], root);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Dry run, nothing is written: 1 added .* 0 rejected\n$/),
    });
    expect(await readdir(root)).toEqual(['rows.csv']);
  });

  it('does not change the file if it adds nothing, and lists only 20 rejected rows', async () => {
    const root = await createTracker();
    const before = await readDatabaseFile(root);
    const refused = Array.from({ length: 23 }, (_, i) => `2024-05-01,c++,${i},1\n`).join('');
    await writeFile(path.join(root, 'rows.csv'), `${HEADER}\n2024-05-02,llm,10,20\n${refused}`);
    const ran = await runScript('import', ['rows.csv'], root);
    expect(ran.stdout.split('\n').slice(19)).toEqual([
      expect.stringMatching(/^warning: line 22: /),
      'warning: … and 3 more',
      '0 added, 1 already there, 23 rejected',
      '',
    ]);
    expect(await readDatabaseFile(root)).toEqual(before);
  });

  it('lists the first few rows with other counts, also if two rows of the file disagree', async () => {
    const root = await createTracker();
    const rows = Array.from({ length: 7 }, (_, i) => `2024-05-01,llm,${i},${i}\n`).join('');
    await writeFile(path.join(root, 'rows.csv'), `${HEADER}\n2024-05-02,llm,10,20\n${rows}`);
    const ran = await runScript('import', ['rows.csv'], root);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout.split('\n')).toEqual([
      ...[1, 2, 3, 4, 5].map((i) =>
        expect.stringContaining(`the file has ${i} videos and ${i} views, the database 0 videos`),
      ),
      'warning: … and 1 more',
      expect.stringContaining(', 7 already there (6 with other counts; the stored ones stay), 0'),
      expect.stringContaining('npm run report -- --since 2024-05-01'),
      '',
    ]);
  });

  it.each([
    ['UTF-16', Buffer.from('\ufeffdate,hashtag,video_count\n2024-05-01,llm,1\n', 'utf16le')],
    ['UTF-16', Buffer.from('date,hashtag,video_count\n2024-05-01,llm,1\n', 'utf16le').swap16()],
    [
      'Latin-1 or Windows-1252',
      Buffer.from('date,hashtag,video_count\n2024-05-01,é,1\n', 'latin1'),
    ],
  ])('names the encoding %s of a file, and adds nothing', async (encoding, file) => {
    const root = await createFolder();
    await writeFile(path.join(root, 'rows.csv'), file);
    expect(await runScript('import', ['rows.csv'], root)).toMatchObject({
      exitCode: 2,
      stdout: `error: rows.csv can't be imported: it is encoded as ${encoding}; save it as UTF-8\n`,
    });
    expect(await readdir(root)).toEqual(['rows.csv']);
  });

  it.each([
    [
      'a missing argument',
      [],
      /Expected FILE, got nothing\nUsage: npm run import -- FILE \[--dry-run\]/,
      2,
    ],
    ['two files', ['a', 'b'], /Expected FILE, got a b/, 2],
    ['a missing file', ['rows.csv'], /rows\.csv can't be read: ENOENT/, 2],
    ['a damaged database', ['cut.db'], /cut\.db is damaged: it is cut short/, 1],
  ])('stops at %s and writes nothing', async (_, args, message, exitCode) => {
    const root = await createFolder();
    await writeFile(path.join(root, 'cut.db'), 'SQLite format 3\0');
    const ran = await runScript('import', args, root);
    expect(ran).toMatchObject({ exitCode, stdout: expect.stringMatching(message) });
    expect(await readdir(root)).toEqual(['cut.db']);
  });
});

describe('npm run export', () => {
  it('prints all rows and nothing else', async () => {
    expect(await runScript('export', [], await createTracker())).toEqual({
      exitCode: 0,
      stdout: `${HEADER}\n2024-05-02,llm,10,20\n`,
      stderr: '',
    });
  });

  it('writes the requested days and hashtags to a file, all or nothing', async () => {
    const root = await createTracker();
    const db = await openDatabase(root);
    db.run(`INSERT INTO snapshots VALUES ('2024-05-01', 'llm', 1, 1), ('2024-05-03', 'other', 2, 2),
      ('2024-05-03', 'Vibe Coding', 3, NULL), ('2024-05-04', 'llm', NULL, NULL)`);
    await saveDatabase(db, root);
    const flags = ['--since', '2024-05-02', '--hashtag', '#LLM,vibecoding', '--out', 'x/rows.csv'];
    const ran = await runScript('export', flags, root);
    expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: 'Wrote x/rows.csv\n' });
    expect(await readFile(path.join(root, 'x/rows.csv'), 'utf8')).toBe(
      `${HEADER}\n2024-05-02,llm,10,20\n2024-05-03,Vibe Coding,3,\n2024-05-04,llm,,\n`,
    );
    expect(await readdir(path.join(root, 'x'))).toEqual(['rows.csv']);
  });

  it.each<[string, (root: string) => Promise<void>]>([
    [DATABASE_PATH, async () => {}],
    [`./data/../${DATABASE_PATH}`, async () => {}],
    ['link.csv', (root) => symlink(DATABASE_PATH, path.join(root, 'link.csv'))],
    ['hard.csv', (root) => link(path.join(root, DATABASE_PATH), path.join(root, 'hard.csv'))],
    ['folder/hashtag_tracker.db', (root) => symlink('data', path.join(root, 'folder'))],
  ])('never writes over the database, named as %s', async (out, prepare) => {
    const root = await createTracker();
    await prepare(root);
    const before = await readDatabaseFile(root);
    expect(await runScript('export', ['--out', out], root)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error: --out ${out} is the tracker's database; write another file\n`,
    });
    expect(await readDatabaseFile(root)).toEqual(before);
  });

  it.each<[string, (root: string) => Promise<void>]>([
    ['data/hashtags.json', async () => {}],
    ['data/hashtags.schema.json', async () => {}],
    ['data/latest.csv', async () => {}],
    ['data/tracker.lock', async () => {}],
    [`${DATABASE_PATH}-journal`, async () => {}],
    ['data/../data/./hashtags.json', async () => {}],
    ['list.csv', (root) => symlink('data/hashtags.json', path.join(root, 'list.csv'))],
    [
      'hard.json',
      (root) => link(path.join(root, 'data/hashtags.json'), path.join(root, 'hard.json')),
    ],
    ['reports/README.md', async () => {}],
    ['reports/new/rows.csv', async () => {}],
    ['folder/2024-05-02.md', (root) => symlink('reports', path.join(root, 'folder'))],
  ])('never writes over another file of the tracker, named as %s', async (out, prepare) => {
    const root = await createTracker();
    await mkdir(path.join(root, 'reports'), { recursive: true });
    await writeFile(path.join(root, 'data/hashtags.json'), '["llm"]');
    await prepare(root);
    const before = await readdir(root, { recursive: true });
    expect(await runScript('export', ['--out', out], root)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error: --out ${out} is one of the tracker's own files; write another file\n`,
    });
    expect(await readdir(root, { recursive: true })).toEqual(before);
    expect(await readFile(path.join(root, 'data/hashtags.json'), 'utf8')).toBe('["llm"]');
  });

  it.each(['data/rows.csv', 'reports.csv', 'reports-old/rows.csv'])(
    'writes %s, which is no file of the tracker',
    async (out) => {
      const root = await createTracker();
      expect(await runScript('export', ['--out', out], root)).toMatchObject({ exitCode: 0 });
      expect(await readFile(path.join(root, out), 'utf8')).toContain('2024-05-02,llm,10,20');
    },
  );

  it('never creates a database out of a link that leads to a missing one', async () => {
    const root = await createFolder();
    await symlink(DATABASE_PATH, path.join(root, 'link.csv'));
    expect(await runScript('export', ['--out', 'link.csv'], root)).toMatchObject({ exitCode: 2 });
    expect(await readdir(root)).toEqual(['link.csv']);
  });

  it('writes through a link, which stays a link', async () => {
    const root = await createTracker();
    await writeFile(path.join(root, 'rows.csv'), 'old');
    for (const target of ['rows.csv', 'new.csv']) {
      await symlink(target, path.join(root, `link-${target}`));
      const ran = await runScript('export', ['--out', `link-${target}`], root);
      expect(ran).toMatchObject({ exitCode: 0 });
      expect(await readlink(path.join(root, `link-${target}`))).toBe(target);
      expect(await readFile(path.join(root, target), 'utf8')).toContain('2024-05-02,llm,10,20');
    }
  });

  it('writes into a pipe, which stays a pipe', async () => {
    const root = await createTracker();
    const pipe = path.join(root, 'pipe');
    await runProcess('mkfifo', [pipe], root);
    const handle = await open(pipe, 'r+'); // also a writer, so that opening does not wait
    try {
      const ran = await runScript('export', ['--out', 'pipe'], root);
      expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: 'Wrote pipe\n' });
      const { buffer, bytesRead } = await handle.read();
      expect(buffer.toString('utf8', 0, bytesRead)).toBe(`${HEADER}\n2024-05-02,llm,10,20\n`);
      expect((await lstat(pipe)).isFIFO()).toBe(true);
    } finally {
      await handle.close();
    }
  });

  it('writes into a device, which stays a device', async ({ skip }) => {
    const root = await createTracker();
    const device = path.join(root, 'null');
    // A null device of our own, because a mistake would replace the machine's. Only root can make it.
    const made = await runProcess('mknod', [device, 'c', '1', '3'], root);
    skip(made.exitCode !== 0, 'this user can make no device');
    for (const out of ['null', 'link']) {
      if (out === 'link') await symlink('null', path.join(root, out));
      const ran = await runScript('export', ['--out', out], root);
      // In a container, a device of a mounted folder may not be opened.
      if (ran.exitCode !== 0) expect(ran.stderr).toContain('EACCES');
      expect((await lstat(device)).isCharacterDevice()).toBe(true);
    }
  });

  it('writes into a pipe that has no path, as a shell hands it over', async () => {
    const root = await createTracker();
    const command = `node --import "$0/node_modules/tsx/dist/esm/index.mjs" "$0/scripts/export.ts" --out /dev/fd/1 | cat`;
    const ran = await runProcess('sh', ['-c', command, PROJECT], root);
    expect(ran.stderr).toBe('Wrote /dev/fd/1\n');
    expect(ran.stdout).toBe(`${HEADER}\n2024-05-02,llm,10,20\n`);
  });

  it('prints to /dev/stdout as it does without --out', async () => {
    const ran = await runScript('export', ['--out', '/dev/stdout'], await createTracker());
    expect(ran).toEqual({ exitCode: 0, stdout: `${HEADER}\n2024-05-02,llm,10,20\n`, stderr: '' });
  });

  it('warns on standard error about a hashtag that the database does not have', async () => {
    const flags = ['--hashtag', 'nosuch,LLM', '--since', '2024-05-03'];
    expect(await runScript('export', flags, await createTracker())).toEqual({
      exitCode: 0,
      stdout: `${HEADER}\n`,
      stderr: 'warning: the database has no snapshot of #nosuch\n',
    });
  });

  it('ends quietly if its reader stops reading', async () => {
    const root = await createFolder();
    const db = await openDatabase(root);
    db.run(`INSERT INTO snapshots WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
      WHERE i < 50000) SELECT '2024-05-01', 'tag' || i, i, i FROM n`);
    await saveDatabase(db, root);
    const command = [
      process.execPath,
      path.join(PROJECT, 'node_modules/tsx/dist/cli.mjs'),
      path.join(PROJECT, 'scripts/export.ts'),
    ];
    const script = `set -o pipefail; ${command.map((word) => `'${word}'`).join(' ')} | head -n 1`;
    expect(await runProcess('bash', ['-c', script], root)).toEqual({
      exitCode: 0,
      stdout: `${HEADER}\n`,
      stderr: '',
    });
  });

  it.each([
    [['--format', 'xml'], /--format xml is unknown; write one of csv, json, ndjson, parquet/],
    [['--since', 'monday'], /--since monday is not a day/],
    [['--hashtag', 'c++'], /--hashtag: "c\+\+" can't be a hashtag/],
    [['--hashtag', ' ,'], /--hashtag names no hashtag; write --hashtag aitools,llm/],
    [['--out', 'folder'], /--out folder can't be written/],
    [['rows.csv'], /Unexpected argument 'rows.csv'/],
  ])('refuses %j with exit code 2 and a message on standard error', async (args, message) => {
    const root = await createFolder();
    await mkdir(path.join(root, 'folder'));
    const ran = await runScript('export', args, root);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(message) });
    expect(await readdir(root)).toEqual(['folder']);
  });
});
