import { runCommand } from './lib/command.ts';
import { track } from './lib/daily-run.ts';

await runCommand(track);
