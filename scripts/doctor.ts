import { doctor } from './lib/commands/doctor.ts';
import { runCommand } from './lib/system/run-command.ts';

await runCommand(doctor);
