import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { UsageError } from '../lib/core/errors.ts';
import { defineCommand } from '../lib/system/command.ts';
import { createProgressBar } from '../lib/system/progress-bar.ts';
import { anyHistory, describeDay, type SimulatedDay } from './simulation/history.ts';
import { liveThrough } from './simulation/simulate.ts';

const MAX_DAYS_PER_HISTORY = 40;

export const simulate = defineCommand({
  name: 'simulate',
  summary: 'Runs the tracker through made-up histories full of faults, and checks every promise.',
  flags: {
    seed: { type: 'string', value: 'N', help: 'Repeat the histories of this seed.' },
    days: { type: 'string', value: 'N', help: 'Simulate at least this many days (default: 200).' },
  },
  async run(flags, { clock, log, terminal }) {
    const seed = parseNumber('seed', flags.seed) ?? clock.now() % 2 ** 31;
    const wantedDays = parseNumber('days', flags.days) ?? 200;
    const folder = await mkdtemp(path.join(tmpdir(), 'simulation-'));
    const bar = createProgressBar(wantedDays, terminal);
    let [days, histories, isFailing] = [0, 0, false];
    const live = async (history: SimulatedDay[]) => {
      if (days >= wantedDays && !isFailing) return;
      await liveThrough(history, path.join(folder, String(histories++)), () => {
        days++;
        bar.show(days, isFailing ? 'looking for the shortest history that fails' : `seed ${seed}`);
      }).catch((error: unknown) => {
        if (!isFailing) log.error(`${error}\n\nLooking for the shortest history that fails …`);
        isFailing = true;
        throw error;
      });
    };
    const maxDays = Math.min(wantedDays, MAX_DAYS_PER_HISTORY);
    const result = await fc
      .check(fc.asyncProperty(anyHistory(maxDays), live), { seed, numRuns: wantedDays })
      .finally(() => {
        bar.end();
        return rm(folder, { recursive: true, force: true });
      });
    if (!result.failed) {
      log.info(`${days} days in ${histories} histories with seed ${seed}: every promise was kept`);
      return 0;
    }
    const history = result.counterexample?.[0] ?? [];
    const lines = history.map((day, index) => `${index + 1}. ${describeDay(day)}`);
    log.error(
      `${result.errorInstance}\n\nThe shortest history that fails:\n${lines.join('\n')}\n\n` +
        `To repeat it: npm run simulate -- --seed ${seed} --days ${wantedDays}`,
    );
    return 1;
  },
});

function parseNumber(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`--${flag} ${text} is not a whole number`);
  return Number(text);
}
