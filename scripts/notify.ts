import { notify } from './lib/commands/notify.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(notify);
