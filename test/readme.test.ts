import { access, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Day } from '../scripts/lib/core/day.ts';
import { formatShortDay } from '../scripts/lib/core/format.ts';
import { SCHEMA_PATH } from '../scripts/lib/core/paths.ts';
import { parseDatabase } from '../scripts/lib/store/database.ts';
import { selectRows, selectValue } from '../scripts/lib/store/rows.ts';
import { parseWatchlist } from '../scripts/lib/watchlist/watchlist.ts';
import { PROJECT, runEntryPoint } from './helpers/process.ts';

const readme = await readFile(path.join(PROJECT, 'README.md'), 'utf8');
const { scripts } = JSON.parse(await readFile(path.join(PROJECT, 'package.json'), 'utf8'));
const commands = (await readdir(path.join(PROJECT, 'scripts')))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));

/** The names of all properties in a JSON Schema, at any depth. */
function propertyNames(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === 'properties' ? Object.keys(value) : []),
    ...propertyNames(value),
  ]);
}

describe('the README', () => {
  it('names every command and no other', () => {
    const named = [...readme.matchAll(/npm run (\w+)/g)].map(([, name]) => name);
    expect([...new Set(named)].toSorted()).toEqual(
      Object.keys(scripts)
        .filter((name) => name !== 'test')
        .toSorted(),
    );
  });

  it('names every flag that --help explains, and no other', async () => {
    const help: string[] = [];
    for (const name of commands) {
      const ran = await runEntryPoint(name, ['--help']);
      expect(ran.exitCode).toBe(0);
      expect(ran.stdout).toMatch(new RegExp(`^Usage: npm run ${name}( -- .+)?$`, 'm'));
      help.push(ran.stdout);
    }
    const flagsIn = (text: string) => [...new Set(text.match(/--[a-z][a-z-]+/g))].toSorted();
    expect(flagsIn(readme.replaceAll('node --import', ''))).toEqual(
      flagsIn(`${help.join('\n')} --help`),
    );
  });

  it('names every key of the watchlist', async () => {
    const schema = JSON.parse(await readFile(path.join(PROJECT, SCHEMA_PATH), 'utf8'));
    for (const name of propertyNames(schema)) {
      if (name !== '$schema') expect(readme).toMatch(new RegExp(`\`${name}\`|"${name}"`));
    }
  });

  it('names every table and column of the database, and no other', async () => {
    using db = await parseDatabase(null);
    const [, section = ''] = /## The database\n([\s\S]*?)\n## /.exec(readme) ?? [];
    const documented = [...section.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(
      ([, table, columns]) => `${table}: ${columns?.replaceAll('`', '')}`,
    );
    const tables = selectRows(db, "SELECT name FROM sqlite_schema WHERE type = 'table'");
    const found = tables.map(({ name = null }) => {
      const columns = selectRows(db, 'SELECT name FROM pragma_table_xinfo(?)', [name]);
      return `${name}: ${columns.map((column) => column.name).join(', ')}`;
    });
    expect(documented).toEqual(found);
    expect(section).toContain(`schema ${selectValue(db, 'PRAGMA user_version')} `);
  });

  it('shows a morning with the chart of the same day', async () => {
    const chart = await readFile(path.join(PROJECT, '.github/example-chart.svg'), 'utf8');
    const day = / to (\d{4}-\d\d-\d\d), indexed to 100/.exec(chart)?.[1] ?? '';
    expect(readme).toContain(`> **TikTok hashtags on ${formatShortDay(day as Day)}**`);
  });

  it('shows a watchlist without mistakes', () => {
    const example = /```json\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    expect(parseWatchlist(example).entries.map((entry) => entry.name)).toEqual([
      'aitools',
      'cursor',
      'llm',
    ]);
  });

  it('names every environment variable that the code reads as a setting', async () => {
    const folder = path.join(PROJECT, 'scripts/lib');
    const files = (await readdir(folder, { recursive: true })).filter((f) => f.endsWith('.ts'));
    const sources = await Promise.all(files.map((f) => readFile(path.join(folder, f), 'utf8')));
    const read = new Set(sources.join('').match(/\b(?:(?:SCAVIO|ALERT)_[A-Z_]+|DATABASE_URL)\b/g));
    for (const name of read) expect(readme).toContain(`\`${name}\``);
    expect(read.size).toBe(4);
  });

  it('names an existing test for every promise', async () => {
    const [, table = ''] = /## What it promises\n([\s\S]*?)\n## /.exec(readme) ?? [];
    const promises = table.split('\n').filter((line) => line.includes('](test/'));
    expect(promises.length).toBeGreaterThan(10);
    for (const keeper of promises.flatMap((line) =>
      line.split(/(?=\[[\w-]+\]\(test\/)/).slice(1),
    )) {
      const [, file = ''] = /\]\((.*?)\)/.exec(keeper) ?? [];
      const source = await readFile(path.join(PROJECT, file), 'utf8');
      const titles = [...keeper.matchAll(/"(.*?)"/g)].map(([, title]) => String(title));
      expect(titles, keeper).not.toEqual([]);
      // Of a test that runs: not a skipped one, and no other text of the file.
      const isTest = (title: string) =>
        source.includes(`  it('${title}'`) ||
        source.match(/\)\(\s*'(?:[^'\\]|\\.)*'/g)?.some((call) => call.includes(`'${title}'`));
      for (const title of titles) expect(isTest(title), `${file}: ${title}`).toBe(true);
    }
  });

  it('links to files that exist', async () => {
    const links = [...readme.matchAll(/\]\((?!https?:|\.\.\/\.\.\/)([^)#]+)\)/g)].map(
      ([, target]) => String(target),
    );
    for (const target of links) await access(path.join(PROJECT, target));
    expect(links.length).toBeGreaterThan(3);
  });
});
