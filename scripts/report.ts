import { report } from './lib/commands/report.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(report);
