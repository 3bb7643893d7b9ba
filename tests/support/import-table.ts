/**
 * Which folder may import what of Hydra. A row owns the files below its path that no longer row owns.
 * `'*'` means everything; an entry names a folder or one file; `type …` allows types only.
 * Own files and folders without a row of their own are always allowed.
 */
export const IMPORT_TABLE: Readonly<Record<string, readonly string[]>> = {
  'bootstrap.mjs': [],
  domain: [],
  config: ['domain', 'fleet/hosts/node-url.ts'],
  memory: ['domain'],
  'memory/entries': ['domain', 'memory'],
  'memory/sqlite': ['domain', 'memory'],
  'memory/redis': ['domain', 'memory'],
  'memory/postgres': ['domain', 'memory'],
  'memory/chroma': ['domain', 'memory'],
  // Which addresses may be connected to is one list, for the API that takes them and for the client that connects.
  'fleet/hosts/node-url.ts': [],
  models: ['domain', 'fleet/hosts/node-url.ts'],
  'models/simulated-node': ['domain'],
  sandbox: ['domain'],
  'sandbox/runtime': [],
  languages: [
    'domain',
    // The checkers of TypeScript come with the same Deno that the sandbox runs.
    'sandbox/deno/deno-binary.ts',
    // They are processes with folders of their own, and end and are removed like those of the sandbox.
    'sandbox/process/process-group.ts',
    'sandbox/owned-folder.ts',
  ],
  fleet: [
    'domain',
    'fleet/hosts/node-url.ts',
    'type models/language-model.ts',
    'type models/load-model.ts',
    'type config/settings.ts',
  ],
  activities: [
    'domain',
    'languages',
    // Ports, and the pure functions that belong to them.
    'memory',
    'fleet/roles/models-present.ts',
    'fleet/roles/name-missing-models.ts',
    'fleet/roles/model-traits.ts',
    'fleet/scheduling/call-deadlines.ts',
    'sandbox/default-limits.ts',
    'sandbox/same-outcome.ts',
    'type fleet/scheduling/preloader.ts',
    'type fleet/scheduler-port.ts',
    'type models/language-model.ts',
    'type models/pull-model.ts',
    'type models/node-failure.ts',
    'type sandbox/program-runner.ts',
    'type config/settings.ts',
  ],
  workflows: ['domain', 'type activities/registry.ts'],
  api: [
    'domain',
    'memory',
    'config',
    'workflows/contract.ts',
    'fleet/hosts/node-url.ts',
    // What one host is, is decided once: for those who add one and for the fleet.
    'fleet/hosts/same-host.ts',
    // Bad examples are refused before a model works on them.
    'languages/check-stated-example.ts',
    'languages/detect-language.ts',
  ],
  workers: [
    'domain',
    'config',
    'memory',
    'memory/entries',
    'memory/sqlite',
    'memory/redis',
    'memory/postgres',
    'memory/chroma',
    'models',
    'sandbox',
    'fleet',
    'activities',
    'languages/static-tools.ts',
    'workflows/contract.ts',
    'api',
  ],
  cli: [
    'domain',
    'config',
    'type api',
    'models/simulated-node',
    'workers',
    'bootstrap.mjs',
    // The doctor tries the sandboxes.
    'sandbox/create-program-runner.ts',
    'type sandbox/runner-choice.ts',
    'sandbox/process-identity.ts',
  ],
  bench: ['*'],
  // Measures the real servers that tests start; no test imports it.
  'bench/memory': ['*'],
  tests: ['*'],
  // Where the tools look for their configuration.
  'knip.config.ts': [],
  'vitest.config.ts': [],
};

/** Packages that only these rows, and tests and bench, may import. Any other package is free to all but `PURE`. */
export const PACKAGE_OWNERS: Readonly<Record<string, readonly string[]>> = {
  ollama: ['models'],
  'better-sqlite3': ['memory/sqlite'],
  'sqlite-vec': ['memory/sqlite'],
  ioredis: ['memory/redis'],
  pg: ['memory/postgres'],
  chromadb: ['memory/chroma'],
  '@temporalio/workflow': ['workflows'],
  '@temporalio/activity': ['activities'],
  '@temporalio/worker': ['workers'],
  '@temporalio/client': ['workers', 'api'],
  '@temporalio/common': ['workers', 'api', 'workflows'],
  '@temporalio/proto': [],
  '@temporalio/envconfig': ['workers', 'config'],
  '@temporalio/testing': [],
  hono: ['api'],
  '@hono/node-server': ['api'],
  '@hono/zod-openapi': ['api'],
  commander: ['cli'],
  'prom-client': ['workers'],
};

/** Rows that import no package and no part of Node.js, except packages that they own: they run inside Temporal's workflow sandbox. */
export const PURE: readonly string[] = ['domain', 'workflows'];

/** Runs before anything is installed, so it imports Node's own modules only; by `import()` it hands over to what it installed. */
export const BEFORE_INSTALL = 'bootstrap.mjs';
