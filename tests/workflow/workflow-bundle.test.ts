import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildWorkflowBundle } from '../../workers/workflow-bundle.ts';

const ROOT = join(import.meta.dirname, '../..');
const SOURCE_MAP = '//# sourceMappingURL=data:application/json;charset=utf-8;base64,';

/**
 * Every worker compiles the code at its start, and each thread that runs workflows holds it.
 * The SDK alone is 490 kB and our workflows are 90 kB; zod by itself would add 460 kB.
 */
const MOST_CODE_BYTES = 750_000;

let cacheFolder: string;
let codePath: string;

beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'hydra-bundle-'));
  ({ codePath } = await buildWorkflowBundle(cacheFolder));
});

afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

/** The code without its source map, and the files that it was made of, relative to the project. */
async function readBundle(): Promise<{ readonly code: string; readonly files: readonly string[] }> {
  const [code = '', map = ''] = (await readFile(codePath, 'utf8')).split(SOURCE_MAP);
  const { sources } = JSON.parse(Buffer.from(map, 'base64').toString()) as { sources: readonly string[] };
  const files = sources
    .filter((source) => source.startsWith(`${ROOT}/`))
    .map((source) => source.slice(ROOT.length + 1));
  return { code, files };
}

/** What the bundler has to say against a workflow; undefined when it bundles. */
async function problemOf(fixture: string): Promise<string | undefined> {
  const said: string[] = [];
  const logger = new DefaultLogger('ERROR', ({ message }) => said.push(message));
  const workflowsPath = join(ROOT, 'tests/fixtures/workflows', fixture);
  return bundleWorkflowCode({ workflowsPath, logger }).then(
    () => undefined,
    () => said.join('\n'),
  );
}

describe('the bundle of the workflows', () => {
  test('is built once and then used again as it is', async () => {
    const { mtimeMs } = await stat(codePath);
    expect(await buildWorkflowBundle(cacheFolder)).toEqual({ codePath });
    expect((await stat(codePath)).mtimeMs).toBe(mtimeMs);
    expect(await readdir(join(cacheFolder, 'workflow-bundles'))).toHaveLength(1);
  });

  test('holds the workflows, domain values, and nothing else of Hydra', async () => {
    const { files } = await readBundle();
    const own = files.filter((file) => !file.startsWith('node_modules/'));
    expect(own).toEqual(expect.arrayContaining(['workflows/synthesize-code.ts', 'workflows/build-part.ts']));
    expect(own.filter((file) => !/^(?:workflows|domain)\//.test(file))).toEqual([]);
  });

  test('holds no package beside what the SDK brings', async () => {
    const { files } = await readBundle();
    const packages = files.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]);
    expect([...new Set(packages.filter((name) => name !== undefined))].toSorted()).toEqual([
      '@temporalio/common',
      '@temporalio/workflow',
      'long',
      'ms',
      'nexus-rpc',
    ]);
  });

  test('asks for no part of Node.js and stays small', async () => {
    const { code } = await readBundle();
    expect(code).not.toMatch(/require\(["']|["']node:/);
    expect(Buffer.byteLength(code)).toBeLessThan(MOST_CODE_BYTES);
  });
});

describe('a workflow does not bundle when it imports', () => {
  test('a part of Node.js', async () => {
    expect(await problemOf('imports-node-crypto.ts')).toMatch(/node:crypto/);
  });

  test('an activity instead of its type', async () => {
    expect(await problemOf('imports-activity.ts')).toMatch(/activities\/.*node:/s);
  });
});
