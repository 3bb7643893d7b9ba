import { defineConfig } from 'vitest/config';

/** Starting a worker, compiling a program or loading a model takes seconds on a busy machine, and much longer on a starved one. */
const PATIENCE_MS = 120_000;

export default defineConfig({
  test: {
    // Temporal's worker and native modules do not live in worker threads.
    pool: 'forks',
    // Each file with real parts keeps more than a core busy by itself.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], testTimeout: 30_000 } },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['tests/{contract,workflow,replay,product}/**/*.test.ts'],
          globalSetup: ['tests/support/global-setup.ts'],
          testTimeout: PATIENCE_MS,
          hookTimeout: PATIENCE_MS,
        },
      },
    ],
  },
});
