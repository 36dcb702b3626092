import { TrackerError } from '../core/errors.ts';

/** The database file can't be used. The message says what is wrong and what to do. */
export class DatabaseError extends TrackerError {
  override name = 'DatabaseError';
}

/** The file is not what it was written as, or gone: `npm run restore` may bring it back. */
export class DamagedDatabaseError extends DatabaseError {
  override name = 'DamagedDatabaseError';
}
