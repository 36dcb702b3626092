import { importFile } from './lib/commands/import.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(importFile);
