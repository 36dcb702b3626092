import { createRequire } from 'node:module';
import type { SingleBar } from 'cli-progress';
import type { Progress } from './collect.ts';
import { formatCount, formatDuration } from './format.ts';

/** Shows how far the collection is: a bar in a terminal, a line a hashtag in a log. */
export type ProgressView = {
  show: (progress: Progress) => void;
  /** Says why nothing moves for a while. */
  showWait: (waitMs: number, reason: string) => void;
  end: () => void;
};

/** A view for the stream; `log` takes the lines where it is no terminal. */
export function createProgressView(
  total: number,
  stream: NodeJS.WriteStream | null,
  log: (line: string) => void,
): ProgressView {
  return stream?.isTTY ? createBar(total, stream) : createLines(log);
}

function createLines(log: (line: string) => void): ProgressView {
  return {
    show({ done, total, hashtag, result, remainingMs }) {
      const counts =
        result.kind === 'captured'
          ? `${formatCount(result.videoCount)} videos, ${formatCount(result.viewCount)} views`
          : `${result.kind.replace('-', ' ')}: ${result.reason}`;
      const left = done < total ? ` (${formatDuration(remainingMs)} left)` : '';
      log(`[${done}/${total}] #${hashtag} ${counts}${left}`);
    },
    showWait: (waitMs, reason) => log(`Waiting ${formatDuration(waitMs)}: ${reason}`),
    end: () => {},
  };
}

/** A bar for work that says nothing in a log: how much of it is done, and a word on what is next. */
export function createProgressBar(total: number, stream: NodeJS.WriteStream | null) {
  const bar = stream?.isTTY ? startBar(total, stream) : null;
  return {
    show: (done: number, note: string) => bar?.update(done, { note }),
    end: () => bar?.stop(),
  };
}

function createBar(total: number, stream: NodeJS.WriteStream): ProgressView {
  const bar = startBar(total, stream);
  return {
    show({ done, hashtag, remainingMs }) {
      bar.update(done, { note: `#${hashtag}, ${formatDuration(remainingMs)} left` });
    },
    showWait: (waitMs, reason) =>
      bar.update({ note: `waiting ${formatDuration(waitMs)}: ${reason}` }),
    end: () => bar.stop(),
  };
}

function startBar(total: number, stream: NodeJS.WriteStream): SingleBar {
  // Loaded here: only a terminal pays for it.
  const require = createRequire(import.meta.url);
  const cliProgress: typeof import('cli-progress') = require('cli-progress');
  const bar = new cliProgress.SingleBar({
    stream,
    format: '{bar} {value}/{total} {note}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(total, 0, { note: '' });
  return bar;
}
