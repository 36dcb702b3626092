import { formatCount, formatDuration } from '../core/format.ts';
import { showHashtag } from '../core/hashtag-name.ts';
import { createProgressBar } from '../system/progress-bar.ts';
import type { Progress } from './collect.ts';

/**
 * Shows how far the collection is: a bar if the stream is a terminal, or else one line per
 * hashtag, written with `log`.
 */
export function createProgressView(
  total: number,
  stream: NodeJS.WriteStream | null,
  log: (line: string) => void,
) {
  const bar = createProgressBar(total, stream);
  return {
    show(progress: Progress): void {
      const { done, hashtag, remainingMs } = progress;
      if (stream?.isTTY)
        bar.show(done, `${showHashtag(hashtag)}, ${formatDuration(remainingMs)} left`);
      else log(renderLine(progress));
    },
    /** Says why nothing happens for a while. */
    showWait(waitMs: number, reason: string): void {
      const wait = `${formatDuration(waitMs)}: ${reason}`;
      if (stream?.isTTY) bar.note(`waiting ${wait}`);
      else log(`Waiting ${wait}`);
    },
    end: bar.end,
  };
}

function renderLine({ done, total, hashtag, result, remainingMs }: Progress): string {
  const counts =
    result.kind === 'captured'
      ? `${formatCount(result.videoCount)} videos, ${formatCount(result.viewCount)} views`
      : `${result.kind.replace('-', ' ')}: ${result.reason}`;
  const left = done < total ? ` (${formatDuration(remainingMs)} left)` : '';
  return `[${done}/${total}] ${showHashtag(hashtag)} ${counts}${left}`;
}
