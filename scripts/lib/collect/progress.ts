import { formatCount, formatDuration } from '../core/format.ts';
import { createProgressBar } from '../system/progress-bar.ts';
import type { Progress } from './collect.ts';

/** Shows how far the collection is: a bar on a terminal, a line for each hashtag in a log. */
export type ProgressView = {
  show: (progress: Progress) => void;
  /** Says why nothing moves for a while. */
  showWait: (waitMs: number, reason: string) => void;
  end: () => void;
};

/** A view for the stream. Where that is no terminal, `log` gets the lines. */
export function createProgressView(
  total: number,
  stream: NodeJS.WriteStream | null,
  log: (line: string) => void,
): ProgressView {
  const describeWait = (waitMs: number, reason: string) => `${formatDuration(waitMs)}: ${reason}`;
  if (!stream?.isTTY) {
    return {
      show: (progress) => log(renderLine(progress)),
      showWait: (...wait) => log(`Waiting ${describeWait(...wait)}`),
      end: () => {},
    };
  }
  const bar = createProgressBar(total, stream);
  return {
    show: ({ done, hashtag, remainingMs }) =>
      bar.show(done, `#${hashtag}, ${formatDuration(remainingMs)} left`),
    showWait: (...wait) => bar.note(`waiting ${describeWait(...wait)}`),
    end: bar.end,
  };
}

function renderLine({ done, total, hashtag, result, remainingMs }: Progress): string {
  const counts =
    result.kind === 'captured'
      ? `${formatCount(result.videoCount)} videos, ${formatCount(result.viewCount)} views`
      : `${result.kind.replace('-', ' ')}: ${result.reason}`;
  const left = done < total ? ` (${formatDuration(remainingMs)} left)` : '';
  return `[${done}/${total}] #${hashtag} ${counts}${left}`;
}
