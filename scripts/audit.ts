import { audit } from './lib/commands/audit.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(audit);
