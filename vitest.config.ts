import { defineConfig } from 'vitest/config';

/** Starting a worker, a server or a model takes seconds on a busy machine, and minutes on a starved one. Only what hangs waits so long. */
const PATIENCE_MS = 300_000;
/** What takes milliseconds on an idle machine, where a test waits for it and names no time of its own. */
const CONDITION_MS = 60_000;

export default defineConfig({
  test: {
    // Temporal's worker and native modules do not live in worker threads.
    pool: 'forks',
    // Each file with real parts keeps more than a core busy by itself.
    maxWorkers: 2,
    expect: { poll: { timeout: CONDITION_MS } },
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], testTimeout: 2 * CONDITION_MS } },
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
      {
        extends: true,
        // What is compared with a clock has the machine to itself, after all others.
        test: {
          name: 'measured',
          include: ['tests/measured/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          maxWorkers: 1,
          hookTimeout: PATIENCE_MS,
        },
      },
    ],
  },
});
