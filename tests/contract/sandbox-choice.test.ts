import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createBubblewrapLauncher } from '../../sandbox/bubblewrap/bubblewrap-launcher.ts';
import { findBubblewrap } from '../../sandbox/bubblewrap/find-bubblewrap.ts';
import { composeRunners } from '../../sandbox/compose-runners.ts';
import { createProcessRunner } from '../../sandbox/create-process-runner.ts';
import { createProgramRunner, describeRunners } from '../../sandbox/create-program-runner.ts';
import { prepareSandbox } from '../../sandbox/prepare-sandbox.ts';
import type { ProgramRunner } from '../../sandbox/program-runner.ts';
import { runFiles, SHARED_CACHE } from './sandbox-support.ts';

const emptyFolder = mkdtempSync(join(tmpdir(), 'hydra-empty-'));
const path = process.env['PATH'];
afterAll(() => {
  process.env['PATH'] = path;
  rmSync(emptyFolder, { recursive: true });
});

describe('the choice of a sandbox', () => {
  it('is none where the settings say so, with the reason', async () => {
    expect(await createProgramRunner({ choice: 'none', cacheFolder: emptyFolder })).toEqual({
      kind: 'none',
      reason: expect.stringMatching(/settings/u),
    });
    expect(readdirSync(emptyFolder)).toEqual([]);
  });

  it('is told for each adapter, with what is missing', async () => {
    const reports = await describeRunners(SHARED_CACHE);
    expect(reports.map(({ name }) => name)).toEqual(['bubblewrap', 'deno']);
    expect(reports.find(({ name }) => name === 'deno')).toMatchObject({
      problem: null,
      description: { languages: ['typescript', 'javascript', 'python'] },
    });
  });

  it('is never unsandboxed: without bwrap, asking for it gives none, and auto gives Deno', async () => {
    process.env['PATH'] = emptyFolder;
    const asked = await createProgramRunner({ choice: 'bubblewrap', cacheFolder: SHARED_CACHE });
    expect(asked).toMatchObject({ kind: 'none', reason: expect.stringMatching(/bwrap/u) });
    const automatic = await createProgramRunner({ choice: 'auto', cacheFolder: SHARED_CACHE });
    process.env['PATH'] = path;
    expect(automatic).toMatchObject({ kind: 'runner', runner: { description: { name: 'deno' } } });
    if (automatic.kind === 'runner') await automatic.runner.close();
  });

  it('takes the second runner for what the first lacks, and the description says so', async () => {
    const runnerOf = (
      name: 'deno' | 'bubblewrap',
      languages: ProgramRunner['description']['languages'],
    ): ProgramRunner => ({
      description: { name, version: '1', languages, weaknesses: [] },
      run: () => Promise.reject(new Error(name)),
      close: () => Promise.resolve(),
    });
    const composed = composeRunners(
      runnerOf('bubblewrap', ['python']),
      runnerOf('deno', ['typescript', 'javascript', 'python']),
    );
    expect(composed.description).toMatchObject({
      name: 'bubblewrap',
      languages: ['python', 'typescript', 'javascript'],
      weaknesses: ['typescript, javascript run in deno instead'],
    });
    const task = { kind: 'import', module: 'main.ts' } as const;
    await expect(runFiles(composed, 'typescript', { 'main.ts': '' }, task)).rejects.toThrow('deno');
    await expect(runFiles(composed, 'python', { 'main.py': '' }, { ...task, module: 'main.py' })).rejects.toThrow(
      'bubblewrap',
    );
  });
});

describe('set-up', () => {
  it('does nothing the second time', async () => {
    await prepareSandbox(SHARED_CACHE, () => undefined);
    const messages: string[] = [];
    await prepareSandbox(SHARED_CACHE, (message) => messages.push(message));
    expect(messages).toEqual([]);
  });
});

describe('Python tests without pytest', () => {
  it('run with the small runner', async (context) => {
    const assets = await prepareSandbox(SHARED_CACHE, () => undefined);
    const parts = findBubblewrap({ ...assets, packagesFolder: emptyFolder }).find(
      ({ python }) => python?.prefix === '/usr',
    );
    context.skip(parts === undefined, 'no bubblewrap with the Python of the system here');
    if (parts === undefined) return;
    const runner = createProcessRunner(createBubblewrapLauncher(parts), assets.expectFile);
    const test =
      'import unittest\nfrom main import f\ndef test_a():\n    assert f() == 1\ndef test_b():\n    assert f() == 2, "two"\nclass TestC:\n    def setup_method(self):\n        self.x = 1\n    def test_c(self):\n        assert self.x == f()\nclass TestD(unittest.TestCase):\n    def test_d(self):\n        self.assertEqual(f(), 3)\n    @unittest.skip("later")\n    def test_e(self):\n        pass\n';
    const files = { 'main.py': 'def f():\n    return 1\n', 'test_main.py': test };
    const report = await runFiles(runner, 'python', files, { kind: 'tests', testFiles: ['test_main.py'] });
    await runner.close();
    expect(report.tests.map((one) => `${one.name} ${one.outcome}`)).toEqual([
      'test_main.py::test_a passed',
      'test_main.py::test_b failed',
      'test_main.py::TestC::test_c passed',
      'test_main.py::TestD::test_d failed',
      'test_main.py::TestD::test_e skipped',
    ]);
  });
});
