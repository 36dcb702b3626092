import { demo } from './lab/demo.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(demo);
