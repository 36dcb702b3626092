import { mirror } from './lib/commands/mirror.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(mirror);
