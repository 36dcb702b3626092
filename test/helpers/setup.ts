import path from 'node:path';
import fc from 'fast-check';

// Every run has the same examples, so a failure on one machine is a failure on all.
fc.configureGlobal({ seed: 20_261_122 });

process.env.GIT_CONFIG_GLOBAL = path.join(import.meta.dirname, 'gitconfig');
process.env.GIT_CONFIG_NOSYSTEM = '1';
