import { createRequire } from 'node:module';

/** A bar on a terminal: how much of the work is done, and a note on what is next. */
export type ProgressBar = {
  show: (done: number, note: string) => void;
  note: (note: string) => void;
  end: () => void;
};

/** A bar for `total` steps; where the stream is no terminal, it shows nothing. */
export function createProgressBar(total: number, stream: NodeJS.WriteStream | null): ProgressBar {
  if (!stream?.isTTY) return { show: () => {}, note: () => {}, end: () => {} };
  // Loaded here: only a terminal pays for it.
  const require = createRequire(import.meta.url);
  const { SingleBar }: typeof import('cli-progress') = require('cli-progress');
  const bar = new SingleBar({
    stream,
    format: '{bar} {value}/{total} {note}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(total, 0, { note: '' });
  return {
    show: (done, note) => bar.update(done, { note }),
    note: (note) => bar.update({ note }),
    end: () => bar.stop(),
  };
}
