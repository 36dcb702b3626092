import { evaluate } from './lab/evaluate.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(evaluate);
