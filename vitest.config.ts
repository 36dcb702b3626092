import { defineConfig } from 'vitest/config';

export default defineConfig({
  logLevel: 'error', // not a word on packages that ship source maps without sources
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: [
      'test/helpers/temporary-files.ts',
      'test/helpers/pglite.ts',
      'test/helpers/browser.ts',
    ],
    setupFiles: ['test/helpers/setup.ts'],
    testTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } }, // a busy machine takes its time
    maxWorkers: '100%',
    isolate: false, // files share their imports: to load SQLite and the charts takes most of a second
    // Node refuses the package's own JSON imports; Vite's transformation resolves them.
    server: { deps: { inline: ['@actions/workflow-parser'] } },
  },
});
