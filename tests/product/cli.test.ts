import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunId } from '../../domain/ids.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import type { WireRun } from '../../api/wire-run.ts';
import { startServer } from '../../api/server.ts';
import type { RunningServer } from '../../api/server.ts';
import { appendEvent, finishRun, openApi, postGenerate, storeResult } from '../support/api-harness.ts';
import type { OpenedApi } from '../support/api-harness.ts';
import { aDecision } from '../support/decisions.ts';
import { findFreePort } from '../support/free-port.ts';
import { runCli, startCli } from '../support/run-cli.ts';

let opened: OpenedApi;
let server: RunningServer;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  opened = await openApi();
  server = await startServer({ ...opened.deps, port: 0, shutdownGraceMs: 100 });
});
afterEach(async () => {
  await server.stop();
  await opened.close();
});

const withApi = (...words: string[]) => [...words, '--api', server.url];
const run = (...words: string[]) => runCli(withApi(...words));

async function submit(id: string): Promise<RunId> {
  await postGenerate(opened.api, { prompt: `Write ${id}`, workflow_id: id });
  return id as RunId;
}

async function waitForRun(): Promise<RunId> {
  await expect.poll(() => opened.memory.runs.countOpen()).toBe(1);
  return (await opened.memory.runs.listOpen())[0]!.id;
}

async function readRequest(): Promise<SynthesisRequest> {
  const hash = opened.runs.submissions[0]?.requestHash;
  return JSON.parse((await opened.memory.artifacts.getText(hash!)) ?? '') as SynthesisRequest;
}

const ANSI = '\u001b[';

describe('hydra generate', () => {
  it('prints the code on stdout and everything else on stderr', async () => {
    const cli = startCli(withApi('generate', 'Write fib'));
    const id = await waitForRun();
    await appendEvent(opened.memory, id, { type: 'phase.started', phase: 'attempt', note: '4 candidates' });
    await finishRun(opened.memory, id);
    const { code, stdout, stderr } = await cli.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('def fib(n):\n    return n\n');
    expect(stdout).not.toContain(id);
    expect(stderr).toContain('attempt: 4 candidates');
    expect(stderr).toContain('Result   verified: your tests or examples ran and passed');
    expect(stderr).toContain('Check    examples by user: passed 2 of 2');
    expect(stdout + stderr).not.toContain(ANSI);
  });

  it('sends what its options say', async () => {
    const tests = join(folder, 'test_add.py');
    writeFileSync(tests, 'def test_add(): pass');
    const options = ['--language', 'typescript', '--tests', tests, '-e', 'add(1, 2) => 3', '-e', 'map(x => x) => []'];
    const more = ['-m', 'a', '-m', 'b', '-n', '3', '--decompose', 'never', '--priority', '1', '--fresh', '--no-wait'];
    const caller = ['--namespace', 'research/mona'];
    const { code, stdout } = await run('generate', 'Write add', ...options, ...more, ...caller, '--id', 'mine');
    expect(code).toBe(0);
    expect(stdout).toBe('mine\n');
    expect(await readRequest()).toMatchObject({
      prompt: 'Write add',
      language: 'typescript',
      tests: [{ path: 'test_add.py', content: 'def test_add(): pass' }],
      examples: [
        { call: 'add(1, 2)', expected: '3' },
        { call: 'map(x => x)', expected: '[]' },
      ],
      models: ['a', 'b'],
      candidates: 3,
      decompose: 'never',
      priority: 1,
      namespace: 'research/mona',
      fresh: true,
    });
  });

  it.each([['-'], ['-f', '-'], ['-f', 'FILE']])('reads the prompt by %s %s', async (...words) => {
    const file = join(folder, 'task.md');
    writeFileSync(file, 'from outside');
    const given = words.map((word) => (word === 'FILE' ? file : word));
    const { code } = await runCli(withApi('generate', '--no-wait', ...given), { stdin: 'from outside' });
    expect(code).toBe(0);
    expect((await readRequest()).prompt).toBe('from outside');
  });

  it('writes the files into --out and prints JSON', async () => {
    const out = join(folder, 'result');
    const cli = startCli(withApi('generate', 'x', '--json', '--out', out));
    await finishRun(opened.memory, await waitForRun());
    const { stdout } = await cli.ended;
    expect((JSON.parse(stdout) as WireRun).result?.state).toBe('verified');
    expect(readFileSync(join(out, 'main.py'), 'utf8')).toBe('def fib(n):\n    return n\n');
    expect(readFileSync(join(out, 'lib/ünïcode name.py'), 'utf8')).toContain('script');
  });

  it.each([
    [{ state: 'consistent' }, 0],
    [{ state: 'unverified' }, 4],
    [{ state: 'partial' }, 4],
    [{ status: 'failed' }, 1],
    [{ status: 'cancelled' }, 3],
  ])('ends a run %o with %i', async (end, exitCode) => {
    const id = await submit('r1');
    const { status, state } = end as { status?: 'failed' | 'cancelled'; state?: 'partial' };
    const error = { type: 'BudgetExhausted', message: 'Time is over.', details: {} } as const;
    if (status) await opened.memory.runs.update(id, { status, error });
    else
      await opened.memory.runs.update(id, {
        status: 'completed',
        result: { ...(await storeResult(opened.memory)), state: state! },
      });
    await appendEvent(opened.memory, id, { type: 'run.finished', status: status ?? 'completed', summary: '' });
    const { code, stderr } = await run('generate', `Write r1`, '--id', 'r1');
    expect(code).toBe(exitCode);
    if (status) expect(stderr).toContain('BudgetExhausted: Time is over.');
  });

  it('detaches at the first Ctrl-C: the run goes on', async () => {
    const cli = startCli(withApi('generate', 'x'));
    await cli.waitFor('was accepted');
    const id = await waitForRun();
    cli.process.kill('SIGINT');
    const { code, stderr } = await cli.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(`hydra events ${id}`);
    expect(opened.runs.cancelled).toEqual([]);
  });

  it('says at once what Ctrl-C means while the service has not answered yet', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const asked = once(silent, 'request');
    const cli = startCli(['generate', 'x', '--api', `http://127.0.0.1:${port}`]);
    await asked;
    cli.process.kill('SIGINT');
    const { code, stderr } = await cli.ended;
    silent.closeAllConnections();
    silent.close();
    expect(code).toBe(130);
    expect(stderr).toContain('it may have accepted the request. Look with: npx hydra list');
  });

  it('takes a prompt without quotes', async () => {
    expect((await run('generate', 'Write', 'a', 'sieve', '--no-wait')).code).toBe(0);
    expect((await readRequest()).prompt).toBe('Write a sieve');
  });

  it('prints the code also where it cannot be written', async () => {
    const taken = join(folder, 'a-file');
    writeFileSync(taken, '');
    const cli = startCli(withApi('generate', 'x', '--out', taken));
    await finishRun(opened.memory, await waitForRun());
    const { code, stdout, stderr } = await cli.ended;
    expect(code).toBe(1);
    expect(stdout).toContain('def fib(n):');
    expect(stderr).toContain(`could not be written to ${taken}`);
  });

  it('waits no longer than told', async () => {
    const { code, stderr } = await run('generate', 'x', '--wait', '1');
    expect(code).toBe(0);
    expect(stderr).toContain('The run is not finished. Watch it with: npx hydra events run-');
  });

  it.each([
    [['generate'], 'What should be written?'],
    [['generate', 'x', '-f', 'y'], 'not both'],
    [['generate', '-f', '/nope'], '/nope cannot be read'],
    [['generate', 'x', '-e', 'fib(10)'], "It must look like 'fib(10) => 55'"],
    [['generate', 'x', '--candidates', 'many'], 'It must be a number'],
    [['generate', 'x', '--wait', '-5'], 'It must be a whole number from 0'],
    [
      ['generate', 'x', '-l', 'python', '-e', 'f(1) => 1', '-e', 'f( => 5'],
      '--example number 2, call: must be one expr',
    ],
    [
      ['generate', 'x', '-l', 'python', '-e', 'f() => hello'],
      '--example number 1, expected: must be a value in python',
    ],
    [['generate', 'x', '-m', '', '--no-wait'], '--model number 1: must have at least 1 character (seen: "")'],
    [['events', 'r1', '--after', 'abc'], 'It must be a whole number from 0'],
    [['simulate-node', '--port', '99999'], 'It must be a whole number from 0 to 65535'],
    [['simulate-node', '--slots', '0'], 'It must be a whole number from 1'],
    [['generate', 'x', '--language', 'pyton', '--no-wait'], 'did you mean python?'],
    [['generate', ' ', '--no-wait'], 'prompt: must not be empty'],
    [['generate', 'x', '--langage', 'python'], 'Did you mean --language?'],
    [['generat', 'x'], 'Did you mean generate?'],
    [['status'], "missing required argument 'id'"],
    [['list', '--status', 'done'], 'status: must be one of'],
  ])('explains wrong usage: %j', async (words, message) => {
    const { code, stdout, stderr } = await run(...words);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe('');
  });
});

describe('hydra events', () => {
  it('goes on after a restart of the service, without a gap or a repetition', async () => {
    const id = await submit('r1');
    const port = Number(new URL(server.url).port);
    const delta = (text: string) => appendEvent(opened.memory, id, { type: 'text.delta', text });
    await delta('one');
    const cli = startCli(withApi('events', 'r1', '--json'));
    await cli.waitFor('"text":"one"');
    await server.stop();
    await delta('two');
    server = await startServer({ ...opened.deps, port, shutdownGraceMs: 100 });
    await cli.waitFor('"text":"two"');
    await finishRun(opened.memory, id);
    const { code, stdout } = await cli.ended;
    const sequences = stdout
      .split('\n')
      .flatMap((line) => (line === '' ? [] : (JSON.parse(line) as { sequence: number }).sequence));
    expect(sequences).toEqual([1, 2, 3]);
    expect(code).toBe(0);
  });

  it('shows what the models write, and leaves it out with --no-text', async () => {
    const id = await submit('r1');
    await appendEvent(opened.memory, id, { type: 'text.delta', text: 'def f' }, { key: 's', attempt: 1 });
    await appendEvent(opened.memory, id, { type: 'text.delta', text: 'oo()' }, { key: 's', attempt: 1 });
    await finishRun(opened.memory, id);
    expect((await run('events', 'r1')).stderr).toContain('def foo()');
    expect((await run('events', 'r1', '--no-text')).stderr).not.toContain('def f');
  });
});

describe('looking at things', () => {
  beforeEach(async () => {
    await finishRun(opened.memory, await submit('r1'));
    await opened.memory.decisions.append([aDecision('lease-1')], []);
  });

  it.each([
    [['status', 'r1'], /verified/],
    [['list'], /r1\s+verified/],
    [['cancel', 'r1'], /r1 had ended: completed/],
    [['nodes'], /gpu-1\s+up\s+1\/2\s+0\.6\.5/],
    [['models'], /light\s+qwen3:1\.7b/],
    [
      ['decisions'],
      /run-1\s+write main\.py, candidate 1\s+coder:7b\s+gpu-1\s+0\.5 s\s+3\.0 s\s+not ended\s+gpu-2 9\.8 s with a load; laptop model absent/,
    ],
    [['decisions', '--node', 'gpu-9'], /No model call of this kind has been given/],
  ])('%j prints text, and JSON with --json', async (words, text) => {
    const [plain, json] = [await run(...words), await run(...words, '--json')];
    expect(plain).toMatchObject({ code: 0, stdout: expect.stringMatching(text) as string });
    expect(plain.stdout).not.toContain(ANSI);
    expect(JSON.parse(json.stdout)).toBeTypeOf('object');
    expect(json.code).toBe(0);
  });

  it.each([['status'], ['events'], ['cancel']])('%s says that a run is not there', async (verb) => {
    const { code, stderr } = await run(verb, 'nope');
    expect(code).toBe(1);
    expect(stderr).toContain('No run has the ID "nope".');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('ends quietly when its reader goes away', async () => {
    for (let index = 0; index < 4; index += 1) await submit(`filler-${index}`);
    const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
    const command = `"${process.execPath}" --import tsx "${main}" list --json --api ${server.url} | true`;
    const shell = spawn('bash', ['-c', `set -o pipefail; ${command}`]);
    let stderr = '';
    shell.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(shell, 'close')) as [number];
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });
});

describe('without a service', () => {
  it.each([[['list']], [['status', 'x']], [['events', 'x']], [['nodes']], [['generate', 'x', '--no-wait']]])(
    '%j says so, how to start it, and ends with 6',
    async (words) => {
      const port = await findFreePort();
      const { code, stderr } = await runCli([...words, '--api', `http://127.0.0.1:${port}`]);
      expect(code).toBe(6);
      expect(stderr).toContain('Start the service with: npx hydra up');
      expect(stderr).not.toMatch(/\n\s+at /);
    },
  );

  it('tells when something else answers there', async () => {
    const other = await startServer({ ...opened.deps, port: 0, shutdownGraceMs: 100 });
    const { code } = await runCli(['list', '--api', `${other.url}/elsewhere`]);
    await other.stop();
    expect(code).toBe(1);
  });

  it.each([[['list']], [['status', 'r1']], [['events', 'r1']], [['generate', 'x']]])(
    '%j tells a web page from Hydra',
    async (words) => {
      const page = createServer((_request, response) => {
        response.setHeader('content-type', 'text/html').end('<!doctype html>');
      }).listen(0, '127.0.0.1');
      await once(page, 'listening');
      const address = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
      const { code, stderr } = await runCli([...words, '--api', address]);
      page.close();
      expect(code).toBe(6);
      expect(stderr).toContain(`What answers at ${address} is not Hydra`);
      expect(stderr).not.toMatch(/\n\s+at /);
    },
  );

  it('reports all wrong settings at once with 78', async () => {
    const environment = { HYDRA_API_PORT: 'http', HYDRA_MAX_OPEN_RUNS: '0' };
    const { code, stderr } = await runCli(['list'], { environment });
    expect(code).toBe(78);
    expect(stderr).toContain('HYDRA_API_PORT');
    expect(stderr).toContain('HYDRA_MAX_OPEN_RUNS');
  });

  it('hydra down says that nothing runs', async () => {
    const { code, stderr } = await runCli(['down'], { environment: { HYDRA_HOME: folder } });
    expect(code).toBe(0);
    expect(stderr).toContain('Hydra does not run.');
  });

  it('hydra config names each setting with its origin', async () => {
    const { code, stdout } = await runCli(['config', '--json'], { environment: { HYDRA_API_PORT: '9123' } });
    const { settings } = JSON.parse(stdout) as { settings: { name: string; value: string; origin: string }[] };
    expect(code).toBe(0);
    expect(settings).toContainEqual(
      expect.objectContaining({ name: 'HYDRA_API_PORT', value: '9123', origin: 'environment' }),
    );
  });
});
