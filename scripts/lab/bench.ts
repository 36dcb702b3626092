import { cpus } from 'node:os';
import path from 'node:path';
import { renderTable } from '../lib/core/markdown.ts';
import { defineCommand } from '../lib/system/command.ts';
import { measureCollecting } from './bench/collecting.ts';
import { measureDashboard } from './bench/dashboard.ts';
import { measureGrowing } from './bench/growing.ts';
import type { Measurement } from './bench/measure.ts';
import { measureMirror } from './bench/mirror.ts';
import {
  measureAudit,
  measureGettingStarted,
  measureLongList,
  measureRendering,
} from './bench/reading.ts';
import { measureRepositorySizes } from './bench/repository-size.ts';
import { measureWholeRuns } from './bench/whole-run.ts';

export const bench = defineCommand({
  name: 'bench',
  summary: 'Measures speed and cost and compares them with the alternatives. Takes half an hour.',
  flags: {
    json: { type: 'boolean', help: 'Print the figures as JSON.' },
  },
  async run({ json }, { log }) {
    const project = path.resolve(import.meta.dirname, '../..');
    const progress = (line: string) => void process.stderr.write(`${line}\n`);
    const measurements = [
      ...(await measureCollecting(progress)),
      ...(await measureWholeRuns(project, progress)),
      ...(await measureGrowing(project, progress)),
      ...(await measureRepositorySizes(progress)),
      ...(await measureRendering(progress)),
      ...(await measureLongList(project, progress)),
      ...(await measureAudit(project, progress)),
      ...(await measureMirror(project, progress)),
      ...(await measureDashboard(progress)),
      ...(await measureGettingStarted(project)),
    ];
    const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
    log.info(
      json
        ? JSON.stringify({ machine, measurements }, null, 2)
        : `${machine}\n\n${renderMeasurements(measurements)}`,
    );
    return 0;
  },
});

function renderMeasurements(measurements: Measurement[]): string {
  const header = ['What', 'Tracker', 'Compared with', '', 'Ratio', 'Goal', ''];
  const rows = measurements.map(({ what, unit, tracker, other, otherIs, goal }) => {
    const ratio = other === null ? null : other === 0 ? tracker : tracker / other;
    const isReached = ratio === null || goal === null ? null : ratio <= goal;
    return [
      what,
      `${format(tracker)} ${unit}`,
      other === null ? '' : `${format(other)} ${unit}`,
      otherIs,
      ratio === null ? '' : format(ratio),
      goal === null ? '' : `≤ ${goal}`,
      isReached === null ? '' : isReached ? '✓' : '✗',
    ];
  });
  return renderTable(header, rows, 'lrrlrrc');
}

function format(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}
