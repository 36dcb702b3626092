import { dashboard } from './lib/commands/dashboard.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(dashboard);
