import { createRequire } from 'node:module';

/**
 * A bar on a terminal for `total` steps: how much of the work is done, and a note on what is next.
 * Shows nothing if the stream is not a terminal.
 */
export function createProgressBar(total: number, stream: NodeJS.WriteStream | null) {
  const bar = stream?.isTTY ? startBar(total, stream) : null;
  return {
    show: (done: number, note: string) => bar?.update(done, { note }),
    note: (note: string) => bar?.update({ note }),
    end: () => bar?.stop(),
  };
}

function startBar(total: number, stream: NodeJS.WriteStream) {
  // Loaded only here, because only a terminal needs it.
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
  return bar;
}
