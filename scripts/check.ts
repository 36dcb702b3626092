import { check } from './lib/commands/check.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(check);
