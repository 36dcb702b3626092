import { restore } from './lib/commands/restore.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(restore);
