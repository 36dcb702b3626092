import { exportSnapshots } from './lib/commands/export.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(exportSnapshots);
