import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';
import { execFileElsewhere } from '../../scripts/lab/simulation/starter.ts';

// Every run has the same examples, so a failure on one machine is a failure on all.
fc.configureGlobal({ seed: 20_261_122 });

process.env.GIT_CONFIG_GLOBAL = path.join(import.meta.dirname, 'gitconfig');
process.env.GIT_CONFIG_NOSYSTEM = '1';

// The larger a process is, the longer it takes to start git from it, and this one is large.
if (childProcess.execFile.name === 'execFile') {
  Object.assign(childProcess, { execFile: execFileElsewhere });
  syncBuiltinESMExports();
}
