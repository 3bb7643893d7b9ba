import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { request as sendRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { WireNode, WireNodeList } from '../../api/wire-fleet.ts';
import type { WireRun } from '../../api/wire-run.ts';
import { createOllamaLanguageModel } from '../../models/ollama-language-model.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../support/free-port.ts';
import { findTemporalCommand } from '../support/own-temporal.ts';
import { runCli, startCli, type RunningCli } from '../support/run-cli.ts';
import { answerWrongly } from '../support/scripted-answers.ts';
import { loadGood } from '../support/settings-folder.ts';

/** What a setting does to a running service; `config-each-setting.test.ts` shows that each arrives in the settings. */
const PATIENCE_MS = 240_000;
const MODELS = ['light:1b', 'worker:3b', 'general:2b', 'heavy:9b', 'typed:3b', 'caller:2b'];
const SIZES: Readonly<Record<string, string>> = {
  'light:1b': '1B',
  'worker:3b': '3B',
  'general:2b': '2B',
  'heavy:9b': '9B',
  'typed:3b': '3B',
  'caller:2b': '2B',
};

/** A service with its own node, home and ports. */
interface Service {
  readonly node: SimulatedNode;
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly apiUrl: string;
  readonly temporalPort: number;
  readonly cli: RunningCli;
}

let folder: string;
let shaped: Service;
let bare: Service;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-effects-'));
  symlinkSync(findTemporalCommand(), join(folder, 'my-temporal'));
  shaped = await startService('shaped', {
    HYDRA_TEMPORAL_CLI: join(folder, 'my-temporal'),
    HYDRA_LIGHT_MODEL: 'light:1b',
    HYDRA_HEAVY_MODEL: 'heavy:9b',
    HYDRA_WORKER_MODELS: 'worker:3b',
    HYDRA_TASK_MODELS: 'typescript=typed:3b; tests=caller:2b',
    HYDRA_NODE_SLOTS: '2',
    HYDRA_TEMPERATURE: '1.3',
    HYDRA_MAX_TOKENS: '333',
    HYDRA_CONTEXT_TOKENS: '4096',
    HYDRA_LIMIT_MODEL_CALLS: '5',
    HYDRA_LIMIT_PARTS: '1',
    HYDRA_LIMIT_REPAIR_ROUNDS: '0',
    HYDRA_SANDBOX: 'deno',
    HYDRA_SANDBOX_SECONDS: '4',
    HYDRA_SANDBOX_MEMORY_MB: '64',
    HYDRA_HEARTBEAT_TIMEOUT_SECONDS: '21',
    HYDRA_PICKUP_TIMEOUT_SECONDS: '31',
    HYDRA_CALL_TIMEOUT_SECONDS: '601',
    HYDRA_NODE_WAIT_SECONDS: '701',
    HYDRA_MAX_PROMPT_CHARACTERS: '1000',
    HYDRA_MAX_BODY_BYTES: '4096',
    HYDRA_ALLOWED_HOSTS: 'hydra.example',
    HYDRA_LOG_LEVEL: 'debug',
  });
  bare = await startService('bare', {
    HYDRA_DEFAULT_MODEL: 'general:2b',
    SOLLOL_VRAM_MONITORING: 'false',
    HYDRA_SANDBOX: 'none',
    HYDRA_LIMIT_TOKENS: '100',
    HYDRA_MAX_OPEN_RUNS: '1',
    HYDRA_NODE_WAIT_SECONDS: '2',
    HYDRA_LOG_LEVEL: 'error',
  });
}, PATIENCE_MS);

afterAll(async () => {
  for (const { node, environment } of [shaped, bare].filter(Boolean)) {
    await runCli(['down'], { environment });
    await node.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

async function startService(name: string, change: Record<string, string>): Promise<Service> {
  const node = await startSimulatedNode({
    models: MODELS.map((model) => simulatedModel(model, { parameterSize: SIZES[model] ?? '' })),
    slots: 2,
    answers: answerWrongly,
    // Half a second an answer, so that two at once are seen.
    speed: { completionTokensPerSecond: 60 },
  });
  const [apiPort, temporalPort, uiPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const home = join(folder, name);
  const cache = process.env['HYDRA_CACHE'];
  const environment = {
    HYDRA_HOME: home,
    HYDRA_API_PORT: String(apiPort),
    HYDRA_TEMPORAL_PORT: String(temporalPort),
    HYDRA_TEMPORAL_UI_PORT: String(uiPort),
    HYDRA_NODES: `only=${node.url}`,
    ...(cache && { HYDRA_CACHE: cache }),
    ...change,
  };
  const cli = startCli(['up'], environment);
  await cli.waitFor('Hydra is ready');
  return { node, home, environment, apiUrl: `http://127.0.0.1:${apiPort}`, temporalPort, cli };
}

const post = (service: Service, body: object, query = ''): Promise<Response> =>
  fetch(`${service.apiUrl}/generate${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const SURE = {
  prompt: 'Write a JavaScript function add(a, b).',
  language: 'javascript',
  examples: [{ call: 'add(2, 3)', expected: '5' }],
  decompose: 'never',
  fresh: true,
};

async function generate(service: Service, change: object = {}): Promise<WireRun> {
  const response = await post(service, { ...SURE, ...change }, '?wait=200');
  expect(response.status).toBe(200);
  return (await response.json()) as WireRun;
}

interface Chat {
  readonly model: string;
  readonly isData: boolean;
  readonly options: Readonly<Record<string, number>>;
}

/** The calls that the node has got since a number of them. */
function chatsSince(service: Service, count: number): readonly Chat[] {
  const calls = service.node.log().calls.filter((call) => call.path === '/api/chat');
  return calls.slice(count).map(({ model, body }) => ({
    model,
    isData: body['format'] !== undefined,
    options: body['options'] as Chat['options'],
  }));
}

describe('models and how they are asked', () => {
  let chats: readonly Chat[];
  let run: WireRun;

  beforeAll(async () => {
    const before = chatsSince(shaped, 0).length;
    const body = { prompt: 'I want two numbers put together.', decompose: 'always', candidates: 2, fresh: true };
    const response = await post(shaped, body, '?wait=200');
    run = (await response.json()) as WireRun;
    chats = chatsSince(shaped, before);
  }, PATIENCE_MS);

  test('light classifies, heavy plans, workers write', () => {
    expect(chats.slice(0, 3).map((chat) => chat.model)).toEqual(['light:1b', 'heavy:9b', 'heavy:9b']);
    const writers = chats.slice(3).filter((chat) => !chat.isData);
    expect(writers.slice(0, 2).map((chat) => chat.model)).toEqual(['worker:3b', 'worker:3b']);
  });

  test('a plan with more parts than the limit is refused', () => {
    expect(run.result?.explanations.join(' ')).toContain('No usable plan');
  });

  test('temperature, longest answer and context window reach the host', () => {
    expect(new Set(chats.map((chat) => chat.options['num_ctx']))).toEqual(new Set([4096]));
    const writers = chats.filter((chat) => !chat.isData).slice(0, 2);
    expect(writers.map((chat) => chat.options['num_predict'])).toEqual([333, 333]);
    expect(new Set(writers.map((chat) => chat.options['temperature']))).toEqual(new Set([0.2, 1.3]));
  });

  test('a host works on as many requests at once as it has slots', async () => {
    expect(shaped.node.log().busiest).toBe(2);
    await generate(bare, { candidates: 2 });
    expect(bare.node.log().busiest).toBe(1);
  });

  test('what lies in the memory of a host is watched, unless that is switched off', async () => {
    const nodeOf = async ({ apiUrl }: Service): Promise<WireNode | undefined> =>
      ((await (await fetch(`${apiUrl}/nodes`)).json()) as WireNodeList).nodes[0];
    await vi.waitFor(async () => expect((await nodeOf(shaped))?.resident_models).not.toEqual([]), PATIENCE_MS);
    expect((await nodeOf(shaped))?.vram).toMatchObject({ source: 'learned' });
    await generate(bare, { candidates: 1 });
    expect(bare.node.residentModels()).toEqual(['general:2b']);
    await vi.waitFor(async () => expect((await nodeOf(bare))?.speeds).not.toEqual([]), PATIENCE_MS);
    expect(await nodeOf(bare)).toMatchObject({ resident_models: [], vram: { total_bytes: null, source: null } });
  });

  test('the default model writes where no worker is named', async () => {
    const before = chatsSince(bare, 0).length;
    const run = await generate(bare, { candidates: 1 });
    expect(chatsSince(bare, before).map((chat) => chat.model)).toEqual(['general:2b']);
    // The light and heavy models of the settings are missing, and were not needed.
    expect(run.result?.explanations.join(' ')).not.toContain('No host has');
  });

  test(
    'models of a task go before light and workers',
    async () => {
      const before = chatsSince(shaped, 0).length;
      const prompt = 'Write a TypeScript function add(a, b).';
      await generate(shaped, { prompt, language: 'typescript', examples: [], candidates: 1 });
      const [proposed, written] = chatsSince(shaped, before);
      expect(proposed).toMatchObject({ model: 'caller:2b', isData: true });
      expect(written).toMatchObject({ model: 'typed:3b', isData: false });
    },
    PATIENCE_MS,
  );

  test('the token of a host in nodes.yaml goes with each call', async () => {
    const guarded = await startSimulatedNode({
      models: [simulatedModel('m:1b')],
      bearerToken: 'hush',
      answers: () => 'hi',
    });
    const files = { 'config/nodes.yaml': `nodes:\n  - {name: far, url: "${guarded.url}", token_env: FAR_TOKEN}\n` };
    const ask = (token: string) =>
      createOllamaLanguageModel().generateText(
        {
          node: loadGood({ files, environment: { FAR_TOKEN: token } }).nodes[0]!,
          model: 'm:1b',
          messages: [{ role: 'user', content: 'Say hi' }],
          temperature: 0,
          seed: 1,
          maxTokens: 16,
          contextTokens: 512,
          deadlines: { firstTokenMs: 20_000, idleMs: 20_000, totalMs: 20_000 },
        },
        { signal: new AbortController().signal, onText: () => {} },
      );
    expect((await ask('hush')).text).toBe('hi');
    await expect(ask('wrong')).rejects.toMatchObject({ name: 'SynthesisFailure' });
    await guarded.close();
  });
});

describe('limits of a run', () => {
  test(
    'model calls and repair rounds end it with what there is',
    async () => {
      const before = chatsSince(shaped, 0).length;
      const run = await generate(shaped, { candidates: 8 });
      expect(run.result?.explanations.join(' ')).toContain('the limit of 5 model calls');
      expect(chatsSince(shaped, before)).toHaveLength(5);

      const repaired = await generate(shaped, { candidates: 1, models: ['heavy:9b'] });
      expect(repaired.result?.parts[0]?.attempts).toBe(1);
    },
    PATIENCE_MS,
  );

  test(
    'tokens end it with what there is',
    async () => {
      const run = await generate(bare, { candidates: 8 });
      expect(run.result?.explanations.join(' ')).toContain('the limit of 100 tokens');
      expect(run.result?.parts[0]?.attempts).toBe(2);
    },
    PATIENCE_MS,
  );

  test(
    'a call that no host serves fails after the longest wait, and says what is missing',
    async () => {
      const run = await generate(bare, { candidates: 1, models: ['absent:70b'] });
      expect(run).toMatchObject({ status: 'failed', error: { type: 'NoCapableNode' } });
      expect(run.error?.message).toContain('absent:70b');
    },
    PATIENCE_MS,
  );
});

describe('the sandbox', () => {
  test('is the one that was asked for; with none, nothing is run and the result says so', async () => {
    expect((await generate(shaped, { candidates: 1 })).result?.runner).toBe('deno');
    const run = await generate(bare, { candidates: 1 });
    expect(run.result).toMatchObject({ state: 'unverified', runner: null });
    expect(run.result?.checks.find((check) => check.kind === 'import')).toMatchObject({
      outcome: 'skipped',
      evidence: expect.stringContaining('switch the sandbox off'),
    });
  });

  test(
    'ends a program that takes longer than it may',
    async () => {
      const run = await generate(shaped, { candidates: 1, prompt: `${SURE.prompt} It may wait for ever.` });
      const load = run.result?.checks.find((check) => check.kind === 'import');
      expect(load).toMatchObject({ outcome: 'timeout' });
      // The default is 30 s; beside the 4 s that were set, a busy machine takes its time to start twice.
      expect(load?.duration_ms).toBeLessThan(25_000);
    },
    PATIENCE_MS,
  );

  test(
    'ends a program that takes more memory than it may',
    async () => {
      const run = await generate(shaped, { candidates: 1, prompt: `${SURE.prompt} It may hold much.` });
      expect(run.result?.state).toBe('partial');
      expect(JSON.stringify(run.result?.checks)).toContain('more memory than it may');
    },
    PATIENCE_MS,
  );
});

describe('the service', () => {
  test('refuses prompts and bodies that are longer than they may be', async () => {
    expect((await post(shaped, { prompt: 'x'.repeat(1_001) })).status).toBe(422);
    expect((await post(shaped, { prompt: 'x', context: 'x'.repeat(5_000) })).status).toBe(413);
  });

  test('answers to the host names that it may be called by, and to no others', async () => {
    expect(await statusFor('hydra.example')).toBe(200);
    expect(await statusFor('evil.example')).not.toBe(200);
  });

  test('takes no more open runs than it may, and says when to come again', async () => {
    bare.node.faults.add({ kind: 'never_answer' });
    const first = (await (await post(bare, { ...SURE, candidates: 1 })).json()) as WireRun;
    const second = await post(bare, { ...SURE, candidates: 1 });
    expect(second.status).toBe(503);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    await fetch(`${bare.apiUrl}/runs/${first.workflow_id}/cancel`, { method: 'POST' });
    bare.node.faults.clear();
  });

  test('logs as much as was asked for', () => {
    expect(Math.min(...logLevels(shaped))).toBeLessThanOrEqual(DEBUG);
    expect(logLevels(bare).filter((level) => level < ERROR)).toEqual([]);
  });

  test('starts the temporal command of the settings, and doctor names the ollama command', async () => {
    const record = JSON.parse(readFileSync(join(shaped.home, 'temporal.json'), 'utf8')) as { command: string[] };
    expect(record.command[0]).toBe(join(folder, 'my-temporal'));
    const environment = { ...bare.environment, HYDRA_OLLAMA: process.execPath };
    expect((await runCli(['doctor', '--json'], { environment })).stdout).toContain(process.execPath);
  });

  test('gives each step the timeouts of the settings', async () => {
    // More candidates at once than the host has slots: some have to wait for it.
    const runs = await Promise.all([1, 2, 3].map(() => generate(shaped, { candidates: 2, fresh: true })));
    const steps = (await Promise.all(runs.map((run) => scheduledSteps(run.workflow_id)))).flat();
    expect(steps.find(({ queue }) => queue === 'node:only')).toMatchObject({
      heartbeatMs: 21_000,
      scheduleToStartMs: 31_000,
      // The call's own deadline, and a margin after which the worker counts as lost.
      startToCloseMs: 631_000,
    });
    expect(steps.find(({ queue }) => queue === 'fleet')).toMatchObject({ scheduleToCloseMs: 701_000 });
  });
});

/** Levels of pino. */
const DEBUG = 20;
const ERROR = 50;

function logLevels({ home }: Service): readonly number[] {
  const lines = readFileSync(join(home, 'logs', 'hydra.log'), 'utf8')
    .split('\n')
    .filter(Boolean);
  return lines.map((line) => (JSON.parse(line) as { level: number }).level);
}

/** `fetch` refuses to name another host than it calls. */
function statusFor(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = sendRequest(`${shaped.apiUrl}/health`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject).end();
  });
}

async function scheduledSteps(workflowId: string) {
  const connection = await Connection.connect({ address: `127.0.0.1:${shaped.temporalPort}` });
  const { events } = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory();
  await connection.close();
  const scheduled = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
  return scheduled.map((step) => ({
    queue: step.taskQueue?.name,
    heartbeatMs: tsToMs(step.heartbeatTimeout),
    scheduleToStartMs: tsToMs(step.scheduleToStartTimeout),
    scheduleToCloseMs: tsToMs(step.scheduleToCloseTimeout),
    startToCloseMs: tsToMs(step.startToCloseTimeout),
  }));
}
