import { track } from './lib/commands/track.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(track);
