import { archive } from './lib/commands/archive.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(archive);
