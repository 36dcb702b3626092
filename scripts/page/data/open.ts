import initSqlJs, { type Database, type SqlJsStatic } from 'sql.js';
import { SCHEMA } from '../../lib/store/migrations.ts';
import { selectValue } from '../../lib/store/rows.ts';
import { DataProblem, damaged, fetchFile } from './files.ts';

declare const WASM_PATH: string;

let sqlJs: Promise<SqlJsStatic> | undefined;

/**
 * Fetches and opens a database.
 * @throws DataProblem if it is missing, damaged, or newer than the page
 */
export async function openDatabase(path: string, version: string): Promise<Database> {
  if (typeof WebAssembly === 'undefined') {
    throw new DataProblem(
      'This browser has no WebAssembly, which the page needs to read the data. It may be switched ' +
        'off, for example by a lockdown mode. The reports in the repository have the same numbers.',
    );
  }
  sqlJs ??= fetchFile(WASM_PATH, 'wasm').then(({ buffer }) => initSqlJs({ wasmBinary: buffer }));
  const [bytes, { Database }] = await Promise.all([fetchFile(path, version), sqlJs]);
  let schema: number;
  const db = new Database(bytes);
  try {
    schema = Number(selectValue(db, 'PRAGMA user_version'));
    selectValue(db, 'SELECT count(*) FROM snapshots');
  } catch (cause) {
    throw damaged(path, cause);
  }
  if (schema > SCHEMA) {
    throw new DataProblem(
      `The data is newer than this page (schema ${schema}, the page knows ${SCHEMA}). Reload the ` +
        'page. If that does not help, build and publish the site again.',
    );
  }
  return db;
}
