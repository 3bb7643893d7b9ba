import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkArchitecture } from '../support/check-architecture.ts';

const ROOT = join(import.meta.dirname, '../..');
const FIXTURES = join(ROOT, 'tests/fixtures/architecture');

/** Parsing every source file takes three to five seconds, and much longer on a starved machine. */
const PATIENCE_MS = 60_000;

/** Trees that each break one rule, with what is to be said of them. */
const BROKEN: Readonly<Record<string, readonly string[]>> = {
  'bare-builtin': ['models/ollama-client.ts: models never imports http'],
  'bootstrap-needs-nothing': [
    'bootstrap.mjs: bootstrap.mjs never imports zod',
    'bootstrap.mjs: bootstrap.mjs never imports path',
    'bootstrap.mjs: bootstrap.mjs never imports config/settings.ts',
  ],
  'cycle-of-files': ['cycle of files: domain/plan.ts → domain/request.ts → domain/verdict.ts → domain/plan.ts'],
  'cycle-of-folders': ['cycle of folders: bench → tests → bench'],
  'cycle-of-types': ['cycle of files: domain/part.ts → domain/plan.ts → domain/part.ts'],
  'domain-imports-nothing': [
    'domain/request.ts: domain never imports config/settings.ts',
    'domain/request.ts: domain never imports zod',
    'domain/request.ts: domain never imports node:path',
  ],
  'file-without-owner': [
    'helpers/text.ts: no row of the import table owns it',
    'main.ts: no row of the import table owns it',
  ],
  'hidden-imports': [
    'sandbox/run-job.ts: sandbox never imports config/settings.ts',
    'sandbox/run-job.ts: sandbox never imports memory/open-database.ts',
    'sandbox/run-job.ts: sandbox never imports types of fleet/fleet.ts',
    'sandbox/run-job.ts: sandbox never imports models/ask.ts',
    'sandbox/run-job.ts: sandbox never imports languages/parse.ts',
  ],
  'index-file': ['domain/index.ts: name the file after what it holds'],
  'other-folder': ['api/submit-run.ts: api never imports types of fleet/scheduler-port.ts'],
  'owned-packages': [
    'fleet/probe-nodes.ts: fleet never imports ollama',
    'memory/open-database.ts: memory never imports better-sqlite3',
    'models/simulated-node/router.ts: models/simulated-node never imports types of ollama',
  ],
  'temporal-outside': [
    'fleet/fleet.ts: fleet never imports @temporalio/client',
    'languages/lint.ts: languages never imports @temporalio/activity',
    'memory/sqlite/run-store.ts: memory/sqlite never imports types of @temporalio/common',
    'models/ollama-client.ts: models never imports @temporalio/worker',
    'sandbox/run-job.ts: sandbox never imports @temporalio/common/lib/time.js',
  ],
  'tests-as-source': ['memory/event-writer.ts: memory never imports tests/support/wait-until.ts'],
  'types-only': ['fleet/fleet.ts: fleet never imports models/language-model.ts'],
  upwards: ['workers/control-worker.ts: workers never imports cli/main.ts'],
  'workflow-imports-activity': [
    'workflows/synthesize-code.ts: workflows never imports activities/registry.ts',
    'workflows/synthesize-code.ts: workflows never imports activities/parse-request.ts',
  ],
  'workflow-is-not-pure': [
    'workflows/synthesize-code.ts: workflows never imports node:crypto',
    'workflows/synthesize-code.ts: workflows never imports zod',
  ],
};

describe('the import table', () => {
  test(
    'holds for every source file',
    async () => {
      expect(await checkArchitecture(ROOT)).toEqual([]);
    },
    PATIENCE_MS,
  );

  test('has an example for every rule that can be broken', () => {
    expect(readdirSync(FIXTURES).toSorted()).toEqual(Object.keys(BROKEN).toSorted());
  });

  test.each(Object.entries(BROKEN))('names exactly what breaks it in the example %s', async (fixture, problems) => {
    expect(await checkArchitecture(join(FIXTURES, fixture))).toEqual(problems);
  });
});
