import { runCommand } from './lib/command.ts';
import { notify } from './lib/notify.ts';

await runCommand(notify);
