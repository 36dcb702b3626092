import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { formatProblem, type Problem } from '../../scripts/lib/core/errors.ts';
import { fileSchema } from '../../scripts/lib/watchlist/schema.ts';
import {
  activeNames,
  parseWatchlist,
  readWatchlist,
  WatchlistError,
} from '../../scripts/lib/watchlist/watchlist.ts';
import { anyCharacter } from '../helpers/snapshots.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const SEVEN = ['aitools', 'llm', 'chatgpt', 'claude', 'openai', 'cursor', 'vibecoding'];

const parse = (value: unknown) => parseWatchlist(JSON.stringify(value));
const namesOf = (text: string) => parseWatchlist(text).entries.map(({ name }) => name);

function problemsOf(text: string): Problem[] {
  try {
    parseWatchlist(text);
  } catch (error) {
    if (error instanceof WatchlistError) return error.problems;
    throw error;
  }
  return [];
}

describe('the shipped watchlist', () => {
  it('has the seven hashtags of the tutorial', async () => {
    const { entries, settings, notices } = await readWatchlist(ROOT);
    expect(entries.map(({ name }) => name)).toEqual(SEVEN);
    expect(settings.trendingGrowthPercent).toBe(5);
    expect(notices).toEqual([]);
  });

  it('has a schema that is made from the definition in the program', async () => {
    const { $schema, ...schema } = toJsonSchema(fileSchema, {
      target: 'draft-2020-12',
      typeMode: 'output', // the objects, not the check before that rejects lists
      ignoreActions: ['trim', 'check'],
    });
    const file = '../../data/hashtags.schema.json';
    await expect(`${JSON.stringify({ $schema, ...schema }, null, 2)}\n`).toMatchFileSnapshot(file);
  });
});

describe('a watchlist', () => {
  it('gets defaults for everything that is left out', () => {
    const { settings, entries } = parse({ hashtags: ['llm'] });
    expect(settings).toEqual({
      trendingGrowthPercent: 5,
      surgeFactor: 2,
      minVideos: 0,
      concurrency: 1,
      timeZone: 'UTC',
      topVideos: 0,
      archiveAboveMegabytes: 25,
      troubleIssue: false,
    });
    expect(entries).toEqual([{ name: 'llm', paused: false }]);
  });

  it('keeps everything that is set', () => {
    const settings = {
      trendingGrowthPercent: 2.5,
      surgeFactor: 3,
      minVideos: 1000,
      concurrency: 5,
      requestsPerMinute: 10,
      timeZone: 'Europe/Berlin',
      topVideos: 5,
      archiveAboveMegabytes: 12.5,
      digestIssue: 7,
      dashboard: 'https://somebody.github.io/tags/',
      troubleIssue: true,
    };
    const entry = {
      name: '#Cursor',
      group: ' editors ',
      trendingGrowthPercent: 10,
      surgeFactor: 4,
      paused: true,
    };
    const watchlist = parse({ $schema: './s.json', settings, hashtags: [{ ...entry, note: 'x' }] });
    expect(watchlist.settings).toEqual(settings);
    expect(watchlist.entries).toEqual([{ ...entry, name: 'cursor', group: 'editors' }]);
  });

  it.each([
    ['a bare list', '["llm", "claude"]'],
    ['text with a byte order mark', '\ufeff{"hashtags": ["llm", "claude"]}'],
    ['a list with an object and a text', '{"hashtags": [{"name": "llm"}, "claude"]}'],
  ])('may be %s', (_case, text) => {
    expect(namesOf(text)).toEqual(['llm', 'claude']);
  });

  it('says where a name is tracked under another name', () => {
    const { entries, notices } = parseWatchlist('[\n  "llm",\n  {"name": "vibe coding"}\n]');
    expect(entries.map(({ name }) => name)).toEqual(['llm', 'vibecoding']);
    expect(notices.map(formatProblem)).toEqual([
      'data/hashtags.json:3:12: "vibe coding" is tracked as #vibecoding',
    ]);
  });

  it.each([
    ['ſtar', 'star'],
    ['σοφος', 'σοφοσ'],
    ['straße', 'strasse'],
    ['i\u0307stanbul', 'istanbul'],
  ])('tells that %j and %j may be one hashtag, and keeps both', (first, second) => {
    const { entries, notices } = parse([first, 'other', second]);
    expect(entries.map(({ name }) => name)).toEqual([first, 'other', second]);
    expect(notices).toMatchObject([
      { message: expect.stringContaining(`#${second} may be the same hashtag as #${first}, `) },
    ]);
  });

  it.each([
    ['❤', '❤\ufe0f'],
    ['llm', 'l\u034flm'],
    ['می\u200cخواهم', 'می\u200c\u200cخواهم'],
    ['\u212aelvin', 'kelvin'],
  ])('has %j and %j as one hashtag', (first, second) => {
    expect(() => parse([first, second])).toThrow('is already on line');
  });

  it('asks for all hashtags except the paused ones', () => {
    const watchlist = parse([{ name: 'llm', paused: true }, { name: 'claude' }, 'cursor']);
    expect(activeNames(watchlist)).toEqual(['claude', 'cursor']);
  });
});

/** How often the whole text of a list with so many mistakes, repeats and renamed names is searched. */
function searchesWhileParsing(count: number): number {
  const names = Array.from({ length: count }, (_, i) => `"a-${i}", "Tag ${i}", "tag${i}"`);
  const text = `{"hashtags": [\n${names.join(',\n')}\n]}`;
  const methods = ['indexOf', 'lastIndexOf', 'match', 'matchAll', 'slice', 'split'] as const;
  const spies = methods.map((method) => vi.spyOn(String.prototype, method));
  try {
    expect(problemsOf(text)).toHaveLength(2 * count);
    return spies.flatMap(({ mock }) => mock.contexts.filter((of) => String(of) === text)).length;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe('a mistake', () => {
  const settings = (json: string) => `{"hashtags": ["a"], "settings": ${json}}`;

  it.each([
    ['an empty file', ' \n', 1, 1, 'the file is empty; write {"hashtags": ["aitools"]}'],
    ['another kind of value', '5', 1, 1, 'write {"hashtags": ["aitools"]} or a list of names'],
    ['no hashtags', '{}', 1, 1, '"hashtags" is missing'],
    [
      'hashtags that are not a list',
      '{"hashtags": "a"}',
      1,
      14,
      '"hashtags" must be a list in [ ]',
    ],
    ['an empty list', '{"hashtags": []}', 1, 14, 'add at least one hashtag'],
    ['a hashtag of a wrong type', '["a", 5]', 1, 7, 'write a name such as "aitools"'],
    ['a hashtag without a name', '[\n {"group": "x"}]', 2, 2, '"name" is missing'],
    ['a name of a wrong type', '[{"name": 5}]', 1, 11, '"name" must be text in double quotes'],
    ['an empty name', '[""]', 1, 2, 'is empty'],
    ['a blank name', '["a", " "]', 1, 7, 'is not a hashtag'],
    ['an impossible name', '["a",\r\n  "b-c"]', 2, 3, 'letters, digits, underscores and emoji'],
    ['a duplicate', '["a",\n"b",\n{"name": "#A "}]', 3, 10, '#a is already on line 1'],
    ['a known hashtag’s URL', '["a", "tiktok.com/tag/A"]', 1, 7, 'remove one of the two'],
    [
      'an unknown key',
      '{"hashtags": ["a"],\n "x": 1}',
      2,
      2,
      'unknown key "x"; allowed here: $schema',
    ],
    [
      'an unknown key in an entry',
      '[{"name": "a", "grup": "x"}]',
      1,
      16,
      'allowed here: name, group',
    ],
    ['a setting in the wrong case', settings('{"timezone": "UTC"}'), 1, 34, 'mean "timeZone"?'],
    ['a key in the wrong case', '[{"Name": "a"}]', 1, 2, '"name" is missing'],
    ['an unknown setting', settings('{"x": 1}'), 1, 34, 'allowed here: trendingGrowthPercent'],
    ['a key that every object has', '{"hashtags": ["a"], "__proto__": {}}', 1, 21, '"__proto__"'],
    ['a repeated key', '{"hashtags": ["a"], "hashtags": ["b"]}', 1, 21, 'is duplicated'],
    ['a wrong type', settings('{"timeZone": 5}'), 1, 46, '"timeZone" must be text in double'],
    ['settings of a wrong type', settings('null'), 1, 33, '"settings" must be an object'],
    ['a list of settings', settings('[]'), 1, 33, '"settings" must be an object'],
    ['a list in the list', '["a", ["b"]]', 1, 7, 'write a name such as "aitools"'],
    ['an unknown time zone', settings('{"timeZone": "Mars"}'), 1, 46, 'such as "Europe/Berlin"'],
    ['a number that is too small', settings('{"concurrency": 0}'), 1, 49, 'must be at least 1'],
    ['a number that is too large', settings('{"concurrency": 51}'), 1, 49, 'must be at most 50'],
    ['a zero limit', settings('{"requestsPerMinute": 0}'), 1, 55, 'must be at least 1'],
    ['a fraction', settings('{"minVideos": 1.5}'), 1, 47, 'must be a whole number'],
    ['an issue number that is zero', settings('{"digestIssue": 0}'), 1, 49, 'must be at least 1'],
    [
      'a word for true',
      settings('{"troubleIssue": "yes"}'),
      1,
      50,
      'true or false, without quotes',
    ],
    ['a number in quotes', settings('{"minVideos": "1"}'), 1, 47, 'without quotes, such as 5'],
    ['a page without a slash', settings('{"dashboard": "https://a.b/c"}'), 1, 47, 'at its end'],
    ['a page with a query', settings('{"dashboard": "https://a.b/?c/"}'), 1, 47, 'at its end'],
    ['a page of another kind', settings('{"dashboard": "file:///a/"}'), 1, 47, 'not the address'],
    ['an issue in quotes', settings('{"digestIssue": "#7"}'), 1, 49, "must be the issue's number"],
    ['a negative threshold', '[{"name": "a", "trendingGrowthPercent": -1}]', 1, 41, 'at least 0'],
    ['a long group', `[{"name": "a", "group": "${'x'.repeat(61)}"}]`, 1, 25, 'longer than 60'],
    ['an invisible group', '[{"name": "a", "group": "\u200b"}]', 1, 25, 'has no visible character'],
    ['an extra comma', '["a",]', 1, 6, 'remove the comma before it'],
    ['a missing comma', '["a"\n"b"]', 2, 1, 'a comma is missing before this'],
    ['an unclosed list', '["a"', 1, 5, 'a closing ] is missing'],
    ['an unclosed text', '["a]', 1, 2, 'a closing " is missing'],
    ['a comment', '["a" // why\n]', 1, 6, 'use "note" instead'],
    ['single quotes', "['a']", 1, 2, 'double quotes'],
    ['text after the end', '["a"] ["b"]', 1, 7, 'nothing may follow'],
  ])(
    'such as %s is reported with its place and a solution',
    (_case, text, line, column, message) => {
      const [first] = problemsOf(text);
      expect(first).toMatchObject({ line, column, message: expect.stringContaining(message) });
    },
  );

  it.each([
    ['UTF-16', Buffer.from('["café"]', 'utf16le')],
    ['Latin-1 or Windows-1252', Buffer.from('["café"]', 'latin1')],
  ])('such as a file in %s is reported as that, and not as mistakes in JSON', (encoding, bytes) => {
    expect(() => parseWatchlist(bytes)).toThrow(
      new WatchlistError([
        {
          file: 'data/hashtags.json',
          line: 1,
          column: 1,
          message: `it is encoded as ${encoding}; save it as UTF-8`,
        },
      ]),
    );
    expect(parseWatchlist(Buffer.from('\ufeff["café"]')).entries).toHaveLength(1);
  });

  it('hides no other mistake: all are reported at once, in their order', () => {
    const text = `{
      "settings": {"minVideos": "many", "speed": 1, "pace": 2},
      "hashtags": ["llm", "a-b", "#LLM", {"name": "x", "paused": "no"}, 7],
      "extra": true
    }`;
    expect(problemsOf(text).map(({ line, column }) => [line, column])).toEqual([
      [2, 33],
      [2, 41],
      [2, 53],
      [3, 27],
      [3, 34],
      [3, 66],
      [3, 73],
      [4, 7],
    ]);
  });

  it.each([
    [
      'a list closed by the object’s end',
      '{"hashtags": ["a",\n"b"\n}\n',
      ['3: a closing ] is missing before this'],
    ],
    [
      'a list that is unclosed after a comma',
      '{"hashtags": ["a",\n}\n',
      ['2: a closing ] is missing before this'],
    ],
    [
      'an object closed by the list’s end',
      '[{"name": "a"\n]\n',
      ['2: a closing } is missing before this'],
    ],
    [
      'an object that is unclosed after a comma',
      '[{"name": "a",\n]\n',
      ['2: a closing } is missing before this'],
    ],
    [
      'a list that is unclosed before a key',
      '{"hashtags": ["a",\n"settings": {\n"minVideos": 1}\n}\n',
      ['2: a colon belongs in { }; is a closing ] missing before this?'],
    ],
    ['a missing end', '{"hashtags": [\n"a",\n"b"\n\n', ['3: a closing ] is missing here']],
    ['a missing end after a comma', '["a",\n\n', ['1: a closing ] is missing here']],
    ['a missing end of an object', '{"hashtags": ["a"]\n', ['1: a closing } is missing here']],
    ['an unclosed text', '["a,\n"b"\n]', ['1: a closing " is missing here']],
    ['an unclosed text that includes the end', '["a]\n\n', ['1: a closing " is missing here']],
    [
      'typographic quotes',
      '["a",\n“ai tools”\n]',
      ['2: these are typographic quotes; write plain ones: "'],
    ],
    [
      'typographic quotes on two lines',
      '[„a“,\n«b»]',
      [
        '1: these are typographic quotes; write plain ones: "',
        '2: these are typographic quotes; write plain ones: "',
      ],
    ],
    [
      'mistakes on two lines',
      '["a"\n"b",\n]',
      [
        '2: a comma is missing before this',
        '3: a value is expected here (or remove the comma before it)',
      ],
    ],
    ['mistakes on one line', '["a" "b" "c"]', ['1: a comma is missing before this']],
    [
      'a comma after the last key',
      '{"hashtags": ["a"],\n}',
      ['2: a key in double quotes is expected here (or remove the comma before it)'],
    ],
    ['a missing value', '{"hashtags":\n}', ['2: a value is expected here']],
    [
      'a key without quotes',
      '{hashtags: ["a"]}',
      ['1: this word means nothing here; put text in double quotes'],
    ],
    [
      'a comma after the last key, and a missing one later',
      '{"settings": {"minVideos": 1,\n},\n"hashtags": ["a"\n"b"]}',
      [
        '2: a key in double quotes is expected here (or remove the comma before it)',
        '4: a comma is missing before this',
      ],
    ],
  ])(
    'in the syntax, such as %s, is reported without the mistakes that follow from it',
    (_case, text, wanted) => {
      expect(problemsOf(text).map(({ line, message }) => `${line}: ${message}`)).toEqual(
        wanted.map((problem) => problem.replace(' ', ' not valid JSON: ')),
      );
    },
  );

  it('costs no search through the whole text, however many there are', () => {
    expect(searchesWhileParsing(1000)).toBe(searchesWhileParsing(10));
  });

  it('is printed as file, line, column and message, one per line', () => {
    expect(() => parseWatchlist('[1,\n2]')).toThrow(
      /^data\/hashtags\.json:1:2: .+\ndata\/hashtags\.json:2:1: .+$/,
    );
  });
});

describe('a file that can’t be read', () => {
  it.each([
    ['is missing', false, /^data\/hashtags\.json:1:1: no such file; .*create it with \{"hashtags"/],
    ['is a folder', true, /^data\/hashtags\.json:1:1: can't be read: /],
  ])('because it %s is reported as a mistake', async (_case, isFolder, message) => {
    const root = await mkdtemp(path.join(tmpdir(), 'watchlist-'));
    try {
      if (isFolder) await mkdir(path.join(root, 'data/hashtags.json'), { recursive: true });
      const error = await readWatchlist(root).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(WatchlistError);
      expect(error).toHaveProperty('message', expect.stringMatching(message));
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

describe('any text', () => {
  function expectMistakesInText(text: string): void {
    const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
    for (const { line, column, message } of problemsOf(text)) {
      expect(lines.length).toBeGreaterThanOrEqual(line);
      expect(line).toBeGreaterThanOrEqual(1);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
      expect(message).not.toBe('');
    }
  }

  const json = JSON.stringify(
    { settings: { concurrency: 2 }, hashtags: ['a', { name: 'b' }] },
    null,
    1,
  );
  const part = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\\',
    '\r',
    '\n',
    '1e9',
    'null',
    '//',
  );
  const damaged = fc
    .tuple(fc.nat(json.length), fc.nat(5), fc.oneof(part, fc.string({ unit: anyCharacter })))
    .map(([at, removed, added]) => json.slice(0, at) + added + json.slice(at + removed));
  const hashtag = fc.oneof(
    fc.string(),
    fc.jsonValue(),
    fc.record(
      { name: fc.string(), group: fc.string(), paused: fc.boolean(), x: fc.jsonValue() },
      { requiredKeys: [] },
    ),
  );

  it.each<[string, fc.Arbitrary<string>]>([
    ['bytes', fc.uint8Array({ maxLength: 200 }).map((bytes) => new TextDecoder().decode(bytes))],
    ['JSON', fc.json()],
    ['a damaged watchlist', damaged],
    [
      'hashtags of any shape',
      fc.array(hashtag, { maxLength: 6 }).map((list) => JSON.stringify(list, null, 1)),
    ],
  ])('made of %s is a watchlist, or its mistakes are at places in the text', (_case, texts) => {
    fc.assert(fc.property(texts, expectMistakesInText), { numRuns: 300 });
  });

  it.each([
    ['unclosed', '['.repeat(50_000)],
    ['closed', '['.repeat(50_000) + ']'.repeat(50_000)],
  ])('that is deeply nested and %s is reported as a mistake', (_case, text) => {
    expect(problemsOf(text).length).toBeGreaterThan(0);
  });

  it('that lists names gives exactly these names in their order', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9_]{1,12}$/), { minLength: 1 });
    fc.assert(
      fc.property(names, (list) => {
        const text = JSON.stringify(list.map((name, i) => (i % 2 ? name : { name: `#${name}` })));
        expect(namesOf(text)).toEqual(list);
      }),
    );
  });
});
