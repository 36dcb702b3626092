import { simulate } from './lab/simulate.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(simulate);
