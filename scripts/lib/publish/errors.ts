import { TrackerError } from '../core/errors.ts';
import { errorMessage } from '../core/text.ts';

/** The snapshots are kept but could not be pushed. The message says why and what to do. */
export class PublishError extends TrackerError {
  override name = 'PublishError';

  /** @param cause what git said, which is added to the message */
  constructor(message: string, cause?: unknown) {
    super(cause === undefined ? message : `${message} (${errorMessage(cause)})`, { cause });
  }
}
