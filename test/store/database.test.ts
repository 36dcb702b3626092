import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import { DamagedDatabaseError, DatabaseError } from '../../scripts/lib/core/errors.ts';
import { DATABASE_PATH } from '../../scripts/lib/core/paths.ts';
import { parseDatabase } from '../../scripts/lib/store/database.ts';
import { openDatabase, saveDatabase } from '../../scripts/lib/store/open.ts';
import { createFolder } from '../helpers/folder.ts';
import { valuesOf } from '../helpers/tracker.ts';

const INSERT = 'INSERT INTO snapshots VALUES (?, ?, ?, ?)';

async function writeDatabaseFile(content: Uint8Array | string): Promise<string> {
  const root = await createFolder();
  await mkdir(path.join(root, 'data'));
  await writeFile(path.join(root, DATABASE_PATH), content);
  return root;
}

/** A sound file with 500 snapshots, which fill many pages. */
async function soundFile(): Promise<Buffer> {
  const db = await parseDatabase(null);
  for (let i = 0; i < 500; i++) db.run(INSERT, ['2026-11-01', `hashtag${i}`, i, i * 100]);
  return Buffer.from(db.export());
}

/** A file as the tutorial's script writes it. */
async function tutorialFile(
  rows: (string | number | null)[][],
  columns?: string,
): Promise<Uint8Array> {
  const { Database } = await initSqlJs();
  const db = new Database();
  const table = 'date TEXT, hashtag TEXT, video_count INTEGER, view_count INTEGER';
  db.run(`CREATE TABLE snapshots (${columns ?? `${table}, PRIMARY KEY (date, hashtag)`})`);
  for (const row of rows) db.run(`INSERT INTO snapshots VALUES (${row.map(() => '?')})`, row);
  return db.export();
}

describe('opening the database', () => {
  it('creates a new one if there is no file, but writes nothing yet', async () => {
    const root = await createFolder();
    const db = await openDatabase(root);
    expect(valuesOf(db, 'SELECT count(*) FROM snapshots')).toEqual([[0]]);
    expect(await readdir(root)).toEqual([]);
  });

  it('stores snapshots without a row id, keyed by date and hashtag', async () => {
    const db = await parseDatabase(null);
    const sql = String(valuesOf(db, "SELECT sql FROM sqlite_schema WHERE name = 'snapshots'"));
    expect(sql.replace(/\s+/g, ' ')).toContain(
      '( date TEXT, hashtag TEXT, video_count INTEGER, view_count INTEGER, PRIMARY KEY (date, hashtag) ) WITHOUT ROWID',
    );
  });

  const damage: [string, (file: Buffer) => Uint8Array | string | Promise<Uint8Array>, RegExp][] = [
    ['an empty file', () => '', /is damaged: the file is empty/],
    ['another kind of file', () => 'date,hashtag\n', /is damaged: it is not a SQLite file/],
    [
      'a file that lacks its last page',
      (file) => file.subarray(0, file.length - 4096),
      /cut short, \d+ of \d+ bytes/,
    ],
    ['a file that is cut inside its header', (file) => file.subarray(0, 50), /cut short/],
    [
      'a file with an overwritten page',
      (file) => Buffer.from(file).fill(0x55, 8192, 12288),
      /damaged/,
    ],
    [
      'a Git LFS pointer',
      () => 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n',
      /git lfs pull/,
    ],
    [
      'a file in WAL mode',
      (file) => {
        const wal = Buffer.from(file);
        wal[18] = 2;
        wal[19] = 2;
        return wal;
      },
      /WAL mode.*journal_mode = DELETE/,
    ],
    [
      'a file with another encoding of its texts',
      async () => {
        const { Database } = await initSqlJs();
        const other = new Database();
        other.run("PRAGMA encoding = 'UTF-16'; CREATE TABLE snapshots (date TEXT)");
        return other.export();
      },
      /stores its texts as UTF-16, .*git checkout HEAD -- data\/hashtag_tracker\.db/,
    ],
  ];
  it.each(damage)(
    'rejects %s with a reason, and leaves the file alone',
    async (_, spoil, message) => {
      const root = await writeDatabaseFile(await spoil(await soundFile()));
      const before = await readFile(path.join(root, DATABASE_PATH));
      const opened = openDatabase(root);
      await expect(opened).rejects.toThrow(DatabaseError);
      await expect(opened).rejects.toThrow(message);
      expect(await readFile(path.join(root, DATABASE_PATH))).toEqual(before);
      expect(await readdir(path.join(root, 'data'))).toEqual(['hashtag_tracker.db']);
    },
  );

  it('rejects a schema that is newer than it knows', async () => {
    const db = await parseDatabase(null);
    db.run('PRAGMA user_version = 99');
    await expect(parseDatabase(db.export())).rejects.toThrow(/newer tracker \(schema 99/);
  });

  it.each([
    [
      'an extra column',
      'ALTER TABLE snapshots ADD COLUMN note TEXT',
      /other columns in its table snap/,
    ],
    ['a missing table of failures', 'DROP TABLE failures', /no table failures/],
  ])('rejects %s before anything is paid for', async (_, sql, message) => {
    const db = await parseDatabase(null);
    db.run(sql);
    await expect(parseDatabase(db.export())).rejects.toThrow(message);
  });

  it.each([0, -1])('rejects its own tables without their version: %i', async (version) => {
    const db = await parseDatabase(await soundFile());
    db.run(`PRAGMA user_version = ${version}`);
    await expect(parseDatabase(db.export())).rejects.toThrow(
      `table runs, but its user_version is ${version}`,
    );
  });

  it('rejects a version that nobody writes in a tutorial’s file as well', async () => {
    const { Database } = await initSqlJs();
    const db = new Database(await tutorialFile([['2026-05-21', 'aitools', 1, 2]]));
    db.run('PRAGMA user_version = -1');
    await expect(parseDatabase(db.export())).rejects.toThrow('has the user_version -1');
  });

  const VIEWS = 'view_count INTEGER';
  it.each([
    ['a condition', VIEWS, `${VIEWS} CHECK(view_count < 1500)`, /has a condition/],
    ['other letters that are equal', 'hashtag TEXT', 'hashtag TEXT COLLATE NOCASE', /a condition/],
    ['a unique column', VIEWS, `${VIEWS} UNIQUE`, /has a condition/],
    ['counts that must be known', VIEWS, `${VIEWS} NOT NULL`, /NOT NULL for the column view_count/],
  ])(
    'rejects a table with %s, which would fail after everything is paid for',
    async (_, from, to, message) => {
      const db = await parseDatabase(null);
      const sql = String(valuesOf(db, "SELECT sql FROM sqlite_schema WHERE name = 'snapshots'"));
      db.run('DROP TABLE snapshots');
      db.run(sql.replace(from, to));
      const root = await writeDatabaseFile(db.export());
      await expect(openDatabase(root)).rejects.toThrow(message);
      await parseDatabase(db.export()); // a file that is only read may have it
    },
  );

  it('rejects a unique index of less than the key', async () => {
    const db = await parseDatabase(null);
    db.run('CREATE UNIQUE INDEX whole ON snapshots (hashtag, date)');
    await openDatabase(await writeDatabaseFile(db.export()));
    db.run('CREATE UNIQUE INDEX one ON runs (date)');
    const root = await writeDatabaseFile(db.export());
    await expect(openDatabase(root)).rejects.toThrow('unique index "one" on its table runs');
  });

  it.each([
    ['snapshots', 'CREATE TRIGGER t AFTER INSERT ON snapshots BEGIN SELECT 1; END'],
    ['snapshots', 'CREATE TRIGGER t BEFORE UPDATE ON SNAPSHOTS BEGIN SELECT raise(IGNORE); END'],
    ['runs', 'CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM snapshots; END'],
    ['failures', 'CREATE TRIGGER t BEFORE DELETE ON failures BEGIN SELECT 1; END'],
  ])('rejects a trigger on the table %s and says how to remove it', async (table, sql) => {
    const db = await parseDatabase(null);
    db.run(sql);
    await expect(parseDatabase(db.export())).rejects.toThrow(
      new RegExp(`trigger "t" on its table ${table}.*DROP TRIGGER "t"`),
    );
  });

  it('finds a trigger of a tutorial’s file before the upgrade starts it', async () => {
    const { Database } = await initSqlJs();
    const db = new Database(await tutorialFile([['2026-05-21', 'aitools', 1, 2]]));
    db.run('CREATE TRIGGER t AFTER INSERT ON snapshots BEGIN DELETE FROM snapshots; END');
    await expect(parseDatabase(db.export())).rejects.toThrow(/trigger "t"/);
  });

  it.each([
    ['a count that is a text', 'video_count INTEGER', 'video_count TEXT'],
    ['a day that is a number', 'date TEXT', 'date INTEGER'],
    ['a column without a type', 'view_count INTEGER', 'view_count'],
    ['another key', 'PRIMARY KEY (date, hashtag)', 'PRIMARY KEY (hashtag, date)'],
  ])('rejects a table with %s, and names the right columns', async (_, from, to) => {
    const db = await parseDatabase(null);
    const sql = String(valuesOf(db, "SELECT sql FROM sqlite_schema WHERE name = 'snapshots'"));
    db.run('DROP TABLE snapshots');
    db.run(sql.replace(from, to));
    await expect(parseDatabase(db.export())).rejects.toThrow(
      /other columns in its table snapshots, which should have .*date TEXT,hashtag TEXT/,
    );
  });

  it.each(['-journal', '-wal'])(
    'rejects a file with a %s beside it, and writes nothing there either',
    async (ending) => {
      const root = await writeDatabaseFile(await soundFile());
      const db = await openDatabase(root);
      await writeFile(path.join(root, `${DATABASE_PATH}${ending}`), 'half of an edit');
      const message = new RegExp(
        `hashtag_tracker.db${ending} is there.*Close that program.*sqlite3 ${DATABASE_PATH} VACUUM`,
      );
      await expect(openDatabase(root)).rejects.toThrow(message);
      await expect(saveDatabase(db, root)).rejects.toThrow(message);
    },
  );

  it('rejects a folder in place of the file', async () => {
    const root = await createFolder();
    await mkdir(path.join(root, DATABASE_PATH), { recursive: true });
    await expect(openDatabase(root)).rejects.toThrow(/can't be read/);
  });
});

describe('a file of the tutorial’s script', () => {
  it('is upgraded in one step and loses no row', async () => {
    const rows = [
      ['2026-05-20', 'vibe coding', 0, 0],
      ['2026-05-21', 'aitools', 1_247_832, 98_412_233],
      ['2026-05-22', 'aitools', null, 119_178_103_482_915],
    ];
    const db = await parseDatabase(await tutorialFile(rows));
    expect(valuesOf(db, 'SELECT * FROM snapshots ORDER BY date')).toEqual(rows);
    expect(valuesOf(db, 'PRAGMA user_version')).toEqual([[4]]);
    expect(() => db.run(INSERT, ['2026-05-21', 'aitools', 1, 1])).toThrow(/UNIQUE/);
  });

  it('is rejected if a row has no date, because that row would be lost', async () => {
    const file = await tutorialFile([[null, 'aitools', 1, 1]]);
    await expect(parseDatabase(file)).rejects.toThrow(/1 snapshots without a date or a hashtag/);
  });

  it('is not damaged if a person has an index of a name that the upgrade needs', async () => {
    const { Database } = await initSqlJs();
    const db = new Database(await tutorialFile([['2026-05-21', 'aitools', 1, 2]]));
    db.run('CREATE INDEX videos ON snapshots (hashtag)');
    const opened = parseDatabase(db.export());
    await expect(opened).rejects.toThrow(/there is already an index named videos.*another name/);
    await expect(opened).rejects.not.toThrow(DamagedDatabaseError);
  });

  it('is rejected if the table has other columns', async () => {
    const file = await tutorialFile([['aitools', 1]], 'name TEXT, videos INTEGER');
    await expect(parseDatabase(file)).rejects.toThrow(/other columns \(name,videos\)/);
  });
});

const SINCE_SCHEMA_3 = [
  ...['captures', 'hashtags', 'videos', 'companions'],
  ...['archived_days', 'archived_hashtags', 'archived_latest'],
];
const DROP_SINCE_SCHEMA_3 = SINCE_SCHEMA_3.map((table) => `DROP TABLE ${table};`).join(' ');

describe('a file of schema 2', () => {
  it('gets the tables of captures, ids, videos and companions, and keeps every row', async () => {
    using earlier = await parseDatabase(await soundFile());
    earlier.run(`${DROP_SINCE_SCHEMA_3} PRAGMA user_version = 2`);
    const tablesBefore = valuesOf(earlier, 'SELECT name, sql FROM sqlite_schema');
    const rows = valuesOf(earlier, 'SELECT * FROM snapshots');
    using db = await parseDatabase(earlier.export());
    expect(valuesOf(db, 'PRAGMA user_version')).toEqual([[4]]);
    expect(valuesOf(db, 'SELECT * FROM snapshots')).toEqual(rows);
    expect(valuesOf(db, 'SELECT name, sql FROM sqlite_schema')).toEqual([
      ...tablesBefore,
      ...SINCE_SCHEMA_3.map((name) => [name, expect.anything()]),
    ]);
  });

  it('is refused, with what to do, if a person has a table or view of such a name', async () => {
    for (const own of ['CREATE TABLE videos (url TEXT)', 'CREATE VIEW videos AS SELECT 1 AS url']) {
      using earlier = await parseDatabase(await soundFile());
      earlier.run(`${DROP_SINCE_SCHEMA_3} PRAGMA user_version = 2; ${own}`);
      await expect(parseDatabase(earlier.export())).rejects.toThrow(
        /table videos.*If it is your own table or view, give it another name/,
      );
    }
  });
});

describe('a file of schema 1', () => {
  async function schemaOne(): Promise<Uint8Array> {
    const db = await parseDatabase(await soundFile());
    db.run(`DROP TABLE imports; ${DROP_SINCE_SCHEMA_3} PRAGMA user_version = 1`);
    return db.export();
  }

  it('gets the table of imports and keeps every row, once something writes it', async () => {
    const root = await writeDatabaseFile(await schemaOne());
    const db = await openDatabase(root);
    expect(valuesOf(db, 'PRAGMA user_version')).toEqual([[4]]);
    expect(valuesOf(db, 'SELECT count(*) FROM imports')).toEqual([[0]]);
    expect(valuesOf(db, 'SELECT count(*), sum(view_count) FROM snapshots')).toEqual([
      [500, 12_475_000],
    ]);
    const file = await readFile(path.join(root, DATABASE_PATH));
    expect(file.readUInt32BE(60)).toBe(1);
    await saveDatabase(db, root);
    expect((await readFile(path.join(root, DATABASE_PATH))).readUInt32BE(60)).toBe(4);
  });

  it('is rejected if it has another table of that name', async () => {
    const db = new (await initSqlJs()).Database(await schemaOne());
    db.run('CREATE TABLE imports (file)');
    await expect(parseDatabase(db.export())).rejects.toThrow(/other columns in its table imports/);
  });
});

describe('what people add to the file', () => {
  const views =
    'CREATE VIEW mine AS SELECT hashtag, max(view_count) FROM snapshots GROUP BY hashtag';
  const additions: [string, string[]][] = [
    [
      'a table, an index and a view',
      ['CREATE TABLE notes (text)', 'CREATE INDEX n ON notes (text)', views],
    ],
    ['an index on the snapshots', ['CREATE INDEX by_views ON snapshots (view_count)']],
    [
      'a table of a module that is missing here',
      [
        'PRAGMA writable_schema = ON',
        `INSERT INTO sqlite_schema VALUES ('table', 'notes', 'notes', 0, 'CREATE VIRTUAL TABLE notes USING unknown(text)')`,
        `INSERT INTO sqlite_schema VALUES ('table', 'map', 'map', 0, 'CREATE VIRTUAL TABLE map USING rtree(id, a, b)')`,
        'CREATE TABLE notes_data (id INTEGER PRIMARY KEY, block BLOB)',
      ],
    ],
    [
      'a trigger on a table of their own',
      ['CREATE TABLE notes (text)', 'CREATE TRIGGER t AFTER INSERT ON notes BEGIN SELECT 1; END'],
    ],
  ];
  const OTHERS =
    "SELECT type, name FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT IN ('snapshots', 'runs', 'failures', 'corrections', 'imports', 'captures', 'hashtags', 'videos', 'companions', 'archived_days', 'archived_hashtags', 'archived_latest') ORDER BY name";

  it.each(additions)('stays, and the file stays usable: %s', async (_, statements) => {
    const { Database } = await initSqlJs();
    const row = ['2026-05-21', 'aitools', 1, 2];
    const own = await parseDatabase(null);
    own.run(INSERT, row);
    for (const file of [own.export(), await tutorialFile([row])]) {
      const edited = new Database(file);
      for (const sql of statements) edited.run(sql);
      const added = valuesOf(edited, OTHERS);
      expect(added.length).toBeGreaterThan(0);
      const db = await parseDatabase(edited.export());
      db.run(INSERT, ['2026-05-22', 'aitools', 3, 4]);
      db.run('VACUUM');
      const again = await parseDatabase(db.export());
      expect(valuesOf(again, OTHERS)).toEqual(added);
      expect(valuesOf(again, 'SELECT * FROM snapshots')).toEqual([
        row,
        ['2026-05-22', 'aitools', 3, 4],
      ]);
    }
  });

  it('does not hide damage of a table beside one of a missing module', async () => {
    const db = await parseDatabase(await soundFile());
    db.run('PRAGMA writable_schema = ON');
    db.run(
      `INSERT INTO sqlite_schema VALUES ('table', 'notes', 'notes', 0, 'CREATE VIRTUAL TABLE notes USING unknown(text)')`,
    );
    const file = Buffer.from(db.export());
    await expect(parseDatabase(file.fill(0x55, 8192, 12288))).rejects.toThrow(/damaged/);
  });
});

describe('saving the database', () => {
  it('puts the whole file in place and leaves nothing else behind', async () => {
    const root = await createFolder();
    const db = await openDatabase(root);
    db.run(INSERT, ['2026-11-22', 'aitools', 1, 2]);
    await saveDatabase(db, root);
    expect(await readdir(path.join(root, 'data'))).toEqual(['hashtag_tracker.db']);
    const again = await openDatabase(root);
    expect(valuesOf(again, 'SELECT * FROM snapshots')).toEqual([['2026-11-22', 'aitools', 1, 2]]);
  });

  it('gives the same bytes if nothing changed', async () => {
    const file = await soundFile();
    expect(Buffer.from((await parseDatabase(file)).export()).equals(file)).toBe(true);
  });

  it('says what is wrong if the file can’t be written, and leaves no temporary file', async () => {
    const root = await createFolder();
    await mkdir(path.join(root, DATABASE_PATH, 'in-the-way'), { recursive: true });
    const db = await parseDatabase(null);
    await expect(saveDatabase(db, root)).rejects.toThrow(/could not be written/);
    expect(await readdir(path.join(root, 'data'))).toEqual(['hashtag_tracker.db']);
  });
});
