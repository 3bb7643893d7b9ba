import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cacheFolder, readEnvironment } from '../../bootstrap.mjs';
import type { RunId } from '../../domain/ids.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import type { RunRecord } from '../../domain/run.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findProcesses } from '../support/find-processes.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';

const SANDBOX_SECONDS = 6;
/** Two sandbox runs at their limit (expected values, then the calls), each with a cold start on a busy machine. */
const LONGEST_CHECK_MS = 2 * (SANDBOX_SECONDS * 1000 + 15_000);
/** All cases wait behind each other for the cores. */
const PATIENCE_MS = 240_000;
const SECRET = `secret-${process.pid}`;
const ESCAPED_FILE = join(tmpdir(), `hydra-escaped-${process.pid}.py`);

/** What a model may write instead of `add(a, b)`, by what it does; `{port}` listens on this machine. */
const PYTHON: Readonly<Record<string, string>> = {
  'spins while it loads': 'while True:\n    pass\n\ndef add(a, b):\n    return a + b',
  'spins when it is called': 'def add(a, b):\n    while True:\n        pass',
  forks: 'import os\n\ndef add(a, b):\n    while True:\n        os.fork()',
  'takes 4 GB': 'def add(a, b):\n    held = [b"x" * (64 << 20) for _ in range(64)]\n    return len(held)',
  'prints 100 MB':
    'import sys\n\ndef add(a, b):\n    for _ in range(1600):\n        sys.stdout.write("x" * 65536)\n    return a + b',
  'reads files': 'def add(a, b):\n    return open("/etc/passwd").read()',
  'reads the environment': 'import os\n\ndef add(a, b):\n    return dict(os.environ)',
  'opens sockets':
    'import socket\n\ndef add(a, b):\n    with socket.create_connection(("127.0.0.1", {port}), 2) as s:\n        s.send(b"x")\n    return 5',
  'prints PASS and exits':
    'import os\nprint("PASS\\n1 passed", flush=True)\nos._exit(0)\n\ndef add(a, b):\n    return a + b',
  'equals everything':
    'class Anything:\n    def __eq__(self, other):\n        return True\n    def __repr__(self):\n        return "5"\n\ndef add(a, b):\n    return Anything()',
  'patches the library':
    'import json, builtins\njson.dumps = lambda *a, **k: "5"\nbuiltins.repr = lambda *a: "5"\nbuiltins.print = lambda *a, **k: None\n\ndef add(a, b):\n    return 6',
};
const JAVASCRIPT: Readonly<Record<string, string>> = {
  'spins while it loads': 'export function add(a, b) {\n  return a + b;\n}\nfor (;;);',
  'spins when it is called': 'export function add(a, b) {\n  for (;;);\n}',
  'starts processes':
    'import { fork } from "node:child_process";\nexport function add(a, b) {\n  for (;;) fork("main.js");\n}',
  'takes 4 GB':
    'export function add(a, b) {\n  const held = [];\n  for (let n = 0; n < 64; n += 1) held.push(new Uint8Array(64 << 20).fill(1));\n  return held.length;\n}',
  'prints 100 MB':
    'export function add(a, b) {\n  for (let n = 0; n < 1600; n += 1) console.log("x".repeat(65536));\n  return a + b;\n}',
  'reads files':
    'import { readFileSync } from "node:fs";\nexport function add(a, b) {\n  return readFileSync("/etc/passwd", "utf8");\n}',
  'reads the environment':
    'import process from "node:process";\nexport function add(a, b) {\n  return { ...process.env };\n}',
  'opens sockets': 'export async function add(a, b) {\n  await fetch("http://127.0.0.1:{port}/");\n  return 5;\n}',
  'prints PASS and exits':
    'import process from "node:process";\nconsole.log("PASS\\n1 passed");\nprocess.exit(0);\nexport function add(a, b) {\n  return a + b;\n}',
  'looks like everything':
    'export function add(a, b) {\n  return { valueOf: () => 5, toJSON: () => 5, toString: () => "5" };\n}',
  'patches the library':
    'JSON.stringify = () => "5";\nObject.is = () => true;\nNumber.prototype.toString = () => "5";\nglobalThis.console.log = () => undefined;\nexport function add(a, b) {\n  return 6;\n}',
};

/** What the reason must say, where only one is right. */
const REASONS: Readonly<Record<string, RegExp>> = {
  'spins while it loads': /ended before it was loaded/,
  'spins when it is called': /no answer in time/,
  'prints 100 MB': /printed more than it may/,
  'reads files': /FileNotFoundError|NotCapable|NotFound/,
  'prints PASS and exits': /ended before it was loaded/,
  'equals everything': /expected 5/,
  'patches the library': /gave 6, expected 5/,
};

interface Case {
  readonly language: 'python' | 'javascript';
  readonly name: string;
  readonly program: string;
}
const CASES: readonly Case[] = Object.entries({ python: PYTHON, javascript: JAVASCRIPT }).flatMap(
  ([language, programs]) =>
    Object.entries(programs).map(([name, program]) => ({ language: language as Case['language'], name, program })),
);

let listener: Server;
let connections = 0;
let folder: string;
let node: SimulatedNode;
let hydra: RunningHydra;
let before: readonly string[];
let isStopped = false;
const runs = new Map<string, RunId>();

beforeAll(async () => {
  process.env['HYDRA_TEST_SECRET'] = SECRET;
  listener = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  folder = await mkdtemp(join(tmpdir(), 'hydra-hostile-'));
  // A cache path of its own, by which every process of this test is recognised.
  symlinkSync(cacheFolder(readEnvironment()), cacheOfThisTest());
  before = findProcesses(folder);
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    slots: 8,
    answers: ({ prompt, format }) => (format ? JSON.stringify(TRAVERSING_PLAN) : answerTo(prompt)),
  });
  hydra = await startHydra({
    nodes: { only: node.url },
    environment: {
      HYDRA_CACHE: cacheOfThisTest(),
      HYDRA_NODE_SLOTS: '8',
      HYDRA_SANDBOX_SECONDS: String(SANDBOX_SECONDS),
      HYDRA_SANDBOX_MEMORY_MB: '512',
    },
  });
  for (const one of CASES) runs.set(keyOf(one), await hydra.submit(requestFor(one)));
}, PATIENCE_MS);

afterAll(async () => {
  if (!isStopped) await hydra?.stop();
  await node?.close();
  listener?.close();
  await rm(folder, { recursive: true, force: true });
});

const cacheOfThisTest = (): string => join(folder, 'cache');
const keyOf = ({ language, name }: Pick<Case, 'language' | 'name'>): string => `${language} program that ${name}`;

function requestFor(one: Case): Partial<SynthesisRequest> {
  return { ...REQUEST, prompt: `Write a function add(a, b). Be the ${keyOf(one)}!`, language: one.language };
}

const REQUEST: Partial<SynthesisRequest> = {
  examples: [{ call: 'add(2, 3)', expected: '5', source: 'user' }],
  candidates: 1,
  decompose: 'never',
  fresh: true,
  limits: { modelCalls: 4, tokens: 100_000, minutes: 5, parts: 4, repairRounds: 0 },
};

function answerTo(prompt: string): string {
  if (prompt.includes('escape by its name')) return TRAVERSING_ANSWER;
  const asked = CASES.find((one) => prompt.includes(`Be the ${keyOf(one)}!`));
  if (asked === undefined) return '```python\ndef add(a, b):\n    return a + b\n```\n';
  const { port } = listener.address() as AddressInfo;
  return `\`\`\`${asked.language}\n${asked.program.replaceAll('{port}', String(port))}\n\`\`\`\n`;
}

const TRAVERSING_ANSWER = `Two files.

\`\`\`python ../../../../../..${ESCAPED_FILE}
print("escaped")
\`\`\`

\`\`\`python main.py
def add(a, b):
    return a + b
\`\`\`
`;
const TRAVERSING_PLAN = {
  summary: 'Leave the folder.',
  files: [{ path: `../../../../../..${ESCAPED_FILE}`, purpose: 'escape' }],
  shared_types: [],
  parts: [
    {
      id: 'add',
      title: 'write add',
      kind: 'function',
      file: `../../../../../..${ESCAPED_FILE}`,
      provides: [{ name: 'add', signature: 'def add(a, b)', doc: 'The sum.' }],
      uses: [],
      requirements: [],
      examples: [{ call: 'add(2, 3)', expected: '5' }],
    },
  ],
  main_file: `../../../../../..${ESCAPED_FILE}`,
};

/** The check that rejected the program. */
function rejectionOf({ result }: RunRecord) {
  return result?.checks.find((check) => check.trusted && check.outcome !== 'passed');
}

async function everythingSaid(run: RunRecord): Promise<string> {
  return JSON.stringify([run, await hydra.events(run.id)]);
}

describe('generated code is held:', () => {
  test.each(CASES.map((one) => [keyOf(one), REASONS[one.name] ?? /./] as const))(
    'a %s ends as partial, with the reason, within its limit',
    async (key, reason) => {
      const run = await hydra.outcome(runs.get(key) as RunId);
      expect(run).toMatchObject({ status: 'completed', error: null, result: { state: 'partial' } });
      const rejection = rejectionOf(run);
      expect(rejection?.kind).toMatch(/^(?:import|examples)$/);
      expect(rejection?.evidence).toMatch(reason);
      expect(rejection?.durationMs).toBeLessThan(LONGEST_CHECK_MS);
      const said = await everythingSaid(run);
      expect(said).not.toContain(SECRET);
      expect(said).not.toMatch(/root:x|\/root\//);
      expect(connections).toBe(0);
    },
    PATIENCE_MS,
  );

  test(
    "a program that ends the process with success while it loads does not pass the user's tests",
    async () => {
      const content = 'from main import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n';
      const change = { ...requestFor(CASES.find(({ name }) => name.startsWith('prints PASS')) as Case), examples: [] };
      const id = await hydra.submit({ ...change, tests: [{ path: 'test_main.py', content }] });
      expect((await hydra.outcome(id)).result?.state).toBe('partial');
    },
    PATIENCE_MS,
  );

  test(
    'a file name in an answer that leaves the folder is not taken over',
    async () => {
      const prompt = 'Write a function add(a, b). Try to escape by its name.';
      const run = await hydra.outcome(await hydra.submit({ ...REQUEST, prompt, language: 'python' }));
      expect(run).toMatchObject({ status: 'completed', result: { state: 'verified' } });
      expect((await hydra.program(run)).files.map((file) => file.path)).toEqual(['main.py']);
      expect(existsSync(ESCAPED_FILE)).toBe(false);
    },
    PATIENCE_MS,
  );

  test(
    'a plan whose files leave the folder is refused, and the program is written as a whole',
    async () => {
      const change = { prompt: 'Write a function add(a, b).', language: 'python', decompose: 'always' } as const;
      const run = await hydra.outcome(await hydra.submit({ ...REQUEST, ...change }));
      expect(run).toMatchObject({ status: 'completed', result: { state: 'verified' } });
      expect(run.result?.explanations.join(' ')).toContain('No usable plan');
      expect(existsSync(ESCAPED_FILE)).toBe(false);
    },
    PATIENCE_MS,
  );

  test.runIf(process.platform === 'linux')('no process is left behind', async () => {
    isStopped = true;
    await hydra.stop();
    // The compiler that we keep warm for ourselves ends with this process.
    const isOwnTool = (line: string): boolean => line.includes('esbuild --service');
    const left = findProcesses(folder).filter((line) => !before.includes(line) && !isOwnTool(line));
    expect(left).toEqual([]);
    expect(readFileSync('/etc/passwd', 'utf8')).toContain('root:');
  });
});
