import path from 'node:path';
import fc from 'fast-check';

// The same examples on every run: a failure on one machine is a failure on all.
fc.configureGlobal({ seed: 20_261_122 });

process.env.GIT_CONFIG_GLOBAL = path.join(import.meta.dirname, 'gitconfig');
process.env.GIT_CONFIG_NOSYSTEM = '1';
