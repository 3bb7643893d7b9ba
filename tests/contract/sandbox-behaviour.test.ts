import { afterAll, describe, expect, it } from 'vitest';
import { ADAPTERS, openBench, runCalls, runFiles, runProgram } from './sandbox-support.ts';
import type { CallOutcome, ProgramRunner, SandboxReport } from '../../sandbox/program-runner.ts';

const PYTHON = 'def double(x):\n    return x * 2\n\nclass Point:\n    def __init__(self, x):\n        self.x = x\n';
const TYPESCRIPT =
  'function double(x: number): number {\n  return x * 2;\n}\nexport class Point {\n  constructor(readonly x: number) {}\n}\n';

const texts = (report: SandboxReport): readonly string[] => report.calls.map(textOf);
function textOf(call: CallOutcome): string {
  if (call.ended === 'value') return call.canonical;
  return call.ended === 'raised' ? `raised ${call.errorType}` : call.ended;
}

for (const adapter of ADAPTERS) {
  const bench = await openBench(adapter);
  const runner = bench.runner as ProgramRunner;
  afterAll(() => bench.close());

  describe.skipIf(bench.runner === null)(`programs in ${adapter}`, { timeout: 120_000 }, () => {
    it('are imported, and a broken one says where', async () => {
      const load = (content: string) =>
        runFiles(runner, 'python', { 'main.py': content }, { kind: 'import', module: 'main.py' });
      expect(await load(PYTHON)).toMatchObject({ ending: 'finished', loaded: true, loadError: null, runner: adapter });
      expect(await load('def f(:\n')).toMatchObject({
        loaded: false,
        loadError: expect.stringMatching(/main\.py.*SyntaxError/su),
      });
      expect((await load('import nowhere_at_all\n')).loadError).toMatch(/ModuleNotFoundError.*nowhere_at_all/u);
      const loadScript = (content: string) =>
        runFiles(runner, 'typescript', { 'main.ts': content }, { kind: 'import', module: 'main.ts' });
      expect(await loadScript(TYPESCRIPT)).toMatchObject({ ending: 'finished', loaded: true });
      expect(await loadScript('export const a = ;\n')).toMatchObject({
        loaded: false,
        loadError: expect.stringMatching(/main\.ts/u),
      });
      expect((await loadScript("import { a } from 'nowhere-at-all';\nconsole.log(a);\n")).loadError).toMatch(
        /nowhere-at-all/u,
      );
    });

    it('answer calls in Python with texts that follow its equality', async () => {
      const pairs = [
        ['double(2)', '4'],
        ['double(1.5)', '3'],
        ['1/3', '0.333333333333'],
        ['True', 'true'],
        ['{"b": 1, "a": (1, [2])}', '{"a": (1, [2]), "b": 1}'],
        ['{3, 1, 2}', 'set{1, 2, 3}'],
        ['(n for n in range(3))', 'iterator[0, 1, 2]'],
        ['Point(3)', 'Point(x: 3)'],
        ['"é" + chr(0xD800)', '"é\\ud800"'],
        ['float("nan")', 'nan'],
        ['2 ** 70', '1180591620717411303424'],
        ['nowhere', 'raised NameError'],
        ['1 +', 'raised SyntaxError'],
        ['double(None)', 'raised TypeError'],
      ] as const;
      const report = await runCalls(
        runner,
        'python',
        PYTHON,
        pairs.map(([call]) => call),
      );
      expect(texts(report)).toEqual(pairs.map(([, text]) => text));
    });

    it('answer calls in TypeScript, exported or not, typed or not', async () => {
      const pairs = [
        ['double(2 as number)', '4'],
        ['0.1 + 0.2', '0.3'],
        ['new Point(3)', 'Point(x: 3)'],
        ['{ b: 1, a: [undefined, null], c: undefined }', '{"a": [undefined, null], "b": 1}'],
        ['new Map<string, number>([["a", 1]])', 'map{"a": 1}'],
        ['new Set([2, 1])', 'set{1, 2}'],
        ['new Date(0)', 'Date(1970-01-01T00:00:00.000Z)'],
        ['10n', '10n'],
        ['[1, 2].values()', 'iterator[1, 2]'],
        ['await Promise.resolve("é")', '"é"'],
        ['Number.NaN', 'nan'],
        ['nowhere', 'raised ReferenceError'],
        ['(() => { throw new RangeError("x") })()', 'raised RangeError'],
      ] as const;
      const report = await runCalls(
        runner,
        'typescript',
        TYPESCRIPT,
        pairs.map(([call]) => call),
      );
      expect(texts(report)).toEqual(pairs.map(([, text]) => text));
    });

    it('answer calls in JavaScript of both module forms', async () => {
      const old = await runCalls(
        runner,
        'javascript',
        'const hidden = 2;\nmodule.exports = { f: (x) => x * hidden };\n',
        ['f(2)', 'hidden'],
      );
      expect(texts(old)).toEqual(['4', '2']);
      const current = await runCalls(runner, 'javascript', 'export default function f(x) { return x * 2; }\n', [
        'f(2)',
      ]);
      expect(texts(current)).toEqual(['4']);
    });

    it('see their other files', async () => {
      const python = {
        'main.py': 'from parts.text import shout\n',
        'parts/__init__.py': '',
        'parts/text.py': 'def shout(s):\n    return s.upper()\n',
      };
      const task = { kind: 'calls', expressions: ['shout("a")'] } as const;
      expect(texts(await runFiles(runner, 'python', python, { ...task, module: 'main.py' }))).toEqual(['"A"']);
      const script = {
        'src/main.ts': "export { shout } from './text';\n",
        'src/text.ts': 'export const shout = (s: string) => s.toUpperCase();\n',
      };
      expect(texts(await runFiles(runner, 'typescript', script, { ...task, module: 'src/main.ts' }))).toEqual(['"A"']);
    });

    it('give the text of an expected value without any program', async () => {
      const task = { kind: 'calls', module: null, expressions: ['[1, 2.50]', 'double(1)'] } as const;
      expect(texts(await runFiles(runner, 'python', {}, task))).toEqual(['[1, 2.5]', 'raised NameError']);
      expect(texts(await runFiles(runner, 'typescript', {}, task))).toEqual(['[1, 2.5]', 'raised ReferenceError']);
    });

    it('lose only the call that hangs or dies', async () => {
      const python = await runCalls(
        runner,
        'python',
        'import os\ndef spin():\n    while True: pass\ndef leave():\n    os._exit(0)\ndef f():\n    return 1\n',
        ['f()', 'spin()', 'f()', 'leave()', 'f()'],
      );
      expect(texts(python)).toEqual(['1', 'timeout', '1', 'crashed', '1']);
      const script = await runCalls(
        runner,
        'typescript',
        'const spin = () => { for (;;); };\nconst never = () => new Promise(() => setInterval(() => 0, 10));\nconst leave = () => Deno.exit(0);\n',
        ['1', 'spin()', '2', 'never()', '3', 'leave()', '4'],
      );
      expect(texts(script)).toEqual(['1', 'timeout', '2', 'timeout', '3', 'crashed', '4']);
    });

    it('are given up after four calls that hang', async () => {
      const content = 'print("loaded", flush=True)\ndef spin():\n    while True: pass\n';
      const spins = Array.from({ length: 9 }, () => 'spin()');
      const report = await runCalls(runner, 'python', content, spins, { callMs: 300 });
      expect(texts(report)).toEqual(spins.map(() => 'timeout'));
      expect(report.output.match(/loaded/gu)).toHaveLength(4);
    });

    it('run with input, output and an exit code', async () => {
      const python = await runProgram(
        runner,
        'python',
        'import sys\nif __name__ == "__main__":\n    print("got", input(), sys.stdin.read())\n    sys.exit(3)\n',
        {},
        'one\ntwo',
      );
      expect(python).toMatchObject({ ending: 'finished', exitCode: 3, output: expect.stringContaining('got one two') });
      const failing = await runProgram(runner, 'python', 'def f():\n    raise ValueError("no")\nf()\n');
      expect(failing).toMatchObject({
        ending: 'finished',
        exitCode: 1,
        output: expect.stringMatching(/main\.py.*ValueError: no/su),
      });
      const script =
        'if (import.meta.main) {\n  const text = await new Response(Deno.stdin.readable).text();\n  console.log("got", text.length);\n  Deno.exit(3);\n}\n';
      expect(await runProgram(runner, 'typescript', script, {}, 'äb')).toMatchObject({
        ending: 'finished',
        exitCode: 3,
        output: expect.stringContaining('got 2'),
      });
      const thrown = await runProgram(runner, 'typescript', 'throw new TypeError("no");\n');
      expect(thrown).toMatchObject({
        ending: 'finished',
        exitCode: 1,
        output: expect.stringContaining('TypeError: no'),
      });
      const old = await runProgram(
        runner,
        'javascript',
        'const os = require("os");\nif (require.main === module) console.log("main", typeof os.EOL);\n',
      );
      expect(old).toMatchObject({ exitCode: 0, output: expect.stringContaining('main string') });
    });

    it('are refused when a file name leaves their folder', async () => {
      await expect(
        runFiles(runner, 'python', { '../main.py': '' }, { kind: 'import', module: '../main.py' }),
      ).rejects.toMatchObject({ type: 'RequestRejected' });
    });

    it('end when they are cancelled', async () => {
      const stop = new AbortController();
      const files = [{ path: 'main.py', content: 'print("on", flush=True)\nwhile True: pass\n' }];
      const { DEFAULT_LIMITS: limits } = await import('../../sandbox/default-limits.ts');
      const running = runner.run(
        { language: 'python', files, task: { kind: 'import', module: 'main.py' }, limits },
        stop.signal,
      );
      setTimeout(() => stop.abort(), 300);
      expect(await running).toMatchObject({ ending: 'cancelled', loaded: false });
    });
  });

  describe.skipIf(bench.runner === null)(`user tests in ${adapter}`, { timeout: 120_000 }, () => {
    const outcomes = (report: SandboxReport): readonly string[] =>
      report.tests.map((test) => `${test.name}: ${test.outcome}`);

    it('run with pytest', async () => {
      const files = {
        'main.py': PYTHON,
        'test_main.py':
          'import pytest, unittest\nfrom main import double\n\n@pytest.fixture\ndef two():\n    return 2\n\n@pytest.mark.parametrize("a", [1, 2])\ndef test_double(a, two):\n    assert double(a) == a * two\n\ndef test_wrong():\n    assert double(2) == 5\n\nclass TestMore(unittest.TestCase):\n    def test_error(self):\n        with pytest.raises(TypeError):\n            double(None)\n',
      };
      const report = await runFiles(runner, 'python', files, {
        kind: 'tests',
        testFiles: ['test_main.py'],
        testCount: 3,
      });
      expect(outcomes(report)).toEqual([
        'test_main.py::test_double[1]: passed',
        'test_main.py::test_double[2]: passed',
        'test_main.py::test_wrong: failed',
        'test_main.py::TestMore::test_error: passed',
      ]);
      expect(report.tests[2]?.evidence).toMatch(/assert 4 == 5/u);
    });

    it('run in the style of vitest, jest, node:test and Deno', async () => {
      const files = {
        'main.ts': TYPESCRIPT.replace('function double', 'export function double'),
        'a.test.ts':
          "import { describe, it, expect, vi, beforeEach } from 'vitest';\nimport { double } from './main';\nlet n = 0;\ndescribe('double', () => {\n  beforeEach(() => { n += 1; });\n  it('works', () => { expect(double(n)).toBe(2); });\n  it.each([[1, 2], [2, 4]])('doubles %i to %i', (a, b) => expect(double(a)).toEqual(b));\n  it('is wrong', async () => { await expect(Promise.resolve(double(2))).resolves.toBe(5); });\n  it('mocks', () => { const f = vi.fn(() => 3); f(1); expect(f).toHaveBeenCalledWith(1); });\n  it.skip('is skipped', () => {});\n});\n",
        'b.test.ts':
          "import test from 'node:test';\nimport assert from 'node:assert/strict';\nimport { double } from './main.ts';\ntest('asserts', () => { assert.equal(double(2), 4); assert.throws(() => { throw new TypeError('x'); }, TypeError); });\nDeno.test({ name: 'in Deno', fn() { assert.ok(true); } });\n",
        'c.test.ts':
          "test('has globals', (done) => { setTimeout(() => { expect([1]).toContain(1); done(); }, 5); });\n",
      };
      const task = { kind: 'tests', testFiles: ['a.test.ts', 'b.test.ts', 'c.test.ts'] } as const;
      const report = await runFiles(runner, 'typescript', files, task);
      expect(outcomes(report)).toEqual([
        'double > works: passed',
        'double > doubles 1 to 2: passed',
        'double > doubles 2 to 4: passed',
        'double > is wrong: failed',
        'double > mocks: passed',
        'double > is skipped: skipped',
        'asserts: passed',
        'in Deno: passed',
        'has globals: passed',
      ]);
      expect(report.tests[3]?.evidence).toMatch(/Expected.*5/su);
    });

    it('gain nothing from a program that exits', async () => {
      const test = 'from main import f\ndef test_a():\n    assert f() == 1\ndef test_b():\n    assert True\n';
      const task = { kind: 'tests', testFiles: ['test_main.py'], testCount: 2 } as const;
      const inside = await runFiles(
        runner,
        'python',
        { 'main.py': 'import os\ndef f():\n    print("2 passed")\n    os._exit(0)\n', 'test_main.py': test },
        task,
      );
      expect(inside.tests.map(({ outcome }) => outcome)).toEqual(['error', 'passed']);
      const early = await runFiles(
        runner,
        'python',
        { 'main.py': 'import os\nprint("2 passed", flush=True)\nos._exit(0)\n', 'test_main.py': test },
        task,
      );
      expect(early.tests.map(({ outcome }) => outcome)).toEqual(['error', 'error']);
      const polite = await runFiles(
        runner,
        'python',
        { 'main.py': 'import sys\nsys.exit(0)\n', 'test_main.py': test },
        task,
      );
      expect(polite.tests.map(({ outcome }) => outcome)).toEqual(['error', 'error']);
      const script = {
        'main.ts': 'console.log("ok 1");\nDeno.exit(0);\n',
        'main.test.ts': "import './main.ts';\ntest('a', () => {});\n",
      };
      const exited = await runFiles(runner, 'typescript', script, {
        kind: 'tests',
        testFiles: ['main.test.ts'],
        testCount: 1,
      });
      expect(exited.tests.map(({ outcome }) => outcome)).toEqual(['error']);
    });

    it('gain nothing from a program that replaces the assertions', async () => {
      const task = { kind: 'tests', testFiles: ['test_main.py'], testCount: 1 } as const;
      const test =
        'import unittest\nimport main\nclass TestMain(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(main.f(), 1)\n';
      const patched = 'import unittest\nunittest.TestCase.assertEqual = lambda *a: None\ndef f():\n    return 2\n';
      const python = await runFiles(runner, 'python', { 'main.py': patched, 'test_main.py': test }, task);
      expect(python.tests).toMatchObject([{ outcome: 'error', evidence: expect.stringMatching(/assertEqual/u) }]);
      const script = {
        'main.ts':
          'import assert from \'node:assert\';\ntry { assert.equal = (() => undefined) as never; } catch {}\nJSON.stringify = () => \'{"kind":"test","outcome":"passed"}\';\n(Object.prototype as never as Record<string, unknown>)[\'toJSON\'] = () => \'passed\';\nArray.prototype.push = () => 0;\nexport const f = () => 2;\n',
        'main.test.ts':
          "import { f } from './main.ts';\nimport assert from 'node:assert';\ntest('a', () => { assert.equal(f(), 1); });\n",
      };
      const frozen = await runFiles(runner, 'typescript', script, {
        kind: 'tests',
        testFiles: ['main.test.ts'],
        testCount: 1,
      });
      expect(frozen.tests).toMatchObject([{ name: 'a', outcome: 'failed' }]);
    });

    it('lose only the test that hangs', async () => {
      const files = { 'test_main.py': 'def test_a():\n    while True: pass\ndef test_b():\n    assert True\n' };
      const report = await runFiles(runner, 'python', files, {
        kind: 'tests',
        testFiles: ['test_main.py'],
        testCount: 2,
      });
      expect(report.tests.map(({ outcome }) => outcome)).toEqual(['timeout', 'passed']);
    });
  });
}
