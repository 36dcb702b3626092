import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Progress } from '../../scripts/lib/collect/collect.ts';
import { createProgressView } from '../../scripts/lib/collect/progress.ts';
import { createProgressBar } from '../../scripts/lib/system/progress-bar.ts';

const captured: Progress = {
  done: 12,
  total: 100,
  hashtag: 'aitools',
  result: { kind: 'captured', videoCount: 1_247_832, viewCount: 98_412_233 },
  remainingMs: 40_000,
  credits: { creditsUsed: 12, creditsRemaining: 88 },
};

describe('progress in a log', () => {
  function linesOf(progress: Partial<Progress>): string[] {
    const lines: string[] = [];
    const view = createProgressView(100, null, (line) => lines.push(line));
    view.show({ ...captured, ...progress });
    view.end();
    return lines;
  }

  it('has one line per hashtag with the number done, its counts and the time left', () => {
    expect(linesOf({})).toEqual([
      '[12/100] #aitools 1,247,832 videos, 98,412,233 views (40 s left)',
    ]);
  });

  it('keeps a name that is written from right to left apart from the numbers', () => {
    expect(linesOf({ hashtag: 'שלום' })).toEqual([
      '[12/100] \u2068#שלום\u2069 1,247,832 videos, 98,412,233 views (40 s left)',
    ]);
  });

  it.each([
    [1, '1 s'],
    [89_000, '89 s'],
    [180_000, '3 min'],
    [7_200_000, '2.0 h'],
  ])('shows %i ms left as %s', (remainingMs, left) => {
    expect(linesOf({ remainingMs })[0]).toMatch(new RegExp(` \\(${left} left\\)$`));
  });

  it('shows no time left at the end', () => {
    expect(linesOf({ done: 100, remainingMs: 0 })).toEqual([
      '[100/100] #aitools 1,247,832 videos, 98,412,233 views',
    ]);
  });

  it('shows an unknown count as a dash, never as 0', () => {
    expect(linesOf({ result: { kind: 'captured', videoCount: null, viewCount: 5 } })[0]).toContain(
      '– videos, 5 views',
    );
  });

  it.each([
    ['failed', 'failed: HTTP 503, 4 times'],
    ['not-found', 'not found: HTTP 503, 4 times'],
  ] as const)('gives the reason for the result "%s"', (kind, text) => {
    expect(linesOf({ result: { kind, reason: 'HTTP 503, 4 times' } })[0]).toContain(
      `[12/100] #aitools ${text}`,
    );
  });

  it('reports a wait with its length and its reason', () => {
    const lines: string[] = [];
    const view = createProgressView(100, null, (line) => lines.push(line));
    view.showWait(30_000, 'HTTP 429: Too many requests');
    expect(lines).toEqual(['Waiting 30 s: HTTP 429: Too many requests']);
  });

  it('is the same if there is a stream that is not a terminal', () => {
    const { stream, written } = createStream({ isTTY: false });
    const lines: string[] = [];
    createProgressView(100, stream, (line) => lines.push(line)).show(captured);
    expect(lines).toHaveLength(1);
    expect(written()).toBe('');
  });
});

describe('progress in a terminal', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Starts a view in fake time. `screen` lets a second pass, in which the bar is drawn again. */
  function startBar() {
    vi.useFakeTimers();
    const { stream, written } = createStream({ isTTY: true });
    const lines: string[] = [];
    const view = createProgressView(100, stream, (line) => lines.push(line));
    const screen = () => {
      vi.advanceTimersByTime(1000);
      return stripVTControlCharacters(written());
    };
    return { view, screen, written, lines };
  }

  it('is a growing bar with the numbers, the hashtag and the time left', () => {
    const { view, screen, lines } = startBar();
    expect(screen()).toContain(`${'░'.repeat(30)} 0/100`);
    view.show({ ...captured, done: 50 });
    expect(screen()).toContain(`${'█'.repeat(15)}${'░'.repeat(15)} 50/100 #aitools, 40 s left`);
    view.show({ ...captured, done: 100, remainingMs: 0 });
    expect(screen()).toContain(`${'█'.repeat(30)} 100/100`);
    view.end();
    expect(lines).toEqual([]);
  });

  it('can be a bar for any work, which shows how much is done and what is next', () => {
    vi.useFakeTimers();
    const { stream, written } = createStream({ isTTY: true });
    const bar = createProgressBar(10, stream);
    bar.show(5, '3f2a9c1');
    vi.advanceTimersByTime(1000);
    expect(stripVTControlCharacters(written())).toMatch(/█{15}░{15} 5\/10 3f2a9c1$/);
    bar.end();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('shows a wait beside the bar', () => {
    const { view, screen } = startBar();
    view.show({ ...captured, done: 50 });
    view.showWait(30_000, 'HTTP 429');
    expect(screen()).toMatch(/50\/100 waiting 30 s: HTTP 429$/);
    view.end();
  });

  it('draws nothing more after its end, and shows the cursor again', () => {
    const { view, screen, written } = startBar();
    expect(written()).toContain('\u001b[?25l');
    view.end();
    expect(written().lastIndexOf('\u001b[?25h')).toBeGreaterThan(
      written().lastIndexOf('\u001b[?25l'),
    );
    const atEnd = screen();
    view.show(captured);
    expect(screen()).toBe(atEnd);
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** A stream that records what is written to it. `isTTY` says whether it is a terminal. */
function createStream({ isTTY }: { isTTY: boolean }) {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  Object.assign(stream, { isTTY, columns: 80 });
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => text };
}
