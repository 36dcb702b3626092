import { bench } from './lab/bench.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(bench);
