import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WireAccepted, WireRun } from '../../api/wire-run.ts';
import { realOllamaUrl, REAL_MODEL } from '../contract/ollama-fixture.ts';
import { findFreePort } from '../support/free-port.ts';
import { runCli, startCli, type RunningCli } from '../support/run-cli.ts';

/** A processor that is busy with other things writes one or two tokens a second. */
const PATIENCE_MS = 900_000;
const ANSWER_TOKENS = 256;
/** Below the five minutes after which the HTTP client gives up waiting for a header. */
const WAIT_SECONDS = 240;
const PROMPT = 'Write a Python function add(a, b) that returns the sum of two numbers.';

let home: string;
let environment: Record<string, string>;
let apiUrl: string;
let service: RunningCli | undefined;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'hydra-real-'));
  const [apiPort, temporalPort, uiPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
  apiUrl = `http://127.0.0.1:${apiPort}`;
  const cache = process.env['HYDRA_CACHE'];
  environment = {
    HYDRA_HOME: home,
    HYDRA_API_PORT: String(apiPort),
    HYDRA_TEMPORAL_PORT: String(temporalPort),
    HYDRA_TEMPORAL_UI_PORT: String(uiPort),
    HYDRA_NODES: `real=${realOllamaUrl()}`,
    HYDRA_MAX_TOKENS: String(ANSWER_TOKENS),
    // The model was made for 2048 tokens, and a smaller window loads faster.
    HYDRA_CONTEXT_TOKENS: '2048',
    // One answer, and no second try with what was wrong in the first: this is about the way, not about the model.
    HYDRA_LIMIT_MODEL_CALLS: '1',
    ...(cache && { HYDRA_CACHE: cache }),
  };
  service = startCli(['up'], environment);
  await service.waitFor('Hydra is ready');
}, PATIENCE_MS);

afterAll(async () => {
  // Without a start there is nothing to stop; and the service of whoever runs the tests is not ours.
  if (service) await runCli(['down'], { environment });
  rmSync(home, { recursive: true, force: true });
});

/** Language, name and example are in the request, so that no model has to classify it. */
const BODY = {
  prompt: PROMPT,
  language: 'python',
  examples: [{ call: 'add(2, 3)', expected: '5' }],
  candidates: 1,
  decompose: 'never',
  fresh: true,
};

/** Any documented end is right: a model of this size may write anything. */
function expectHonestEnd(run: WireRun): void {
  expect(['completed', 'failed']).toContain(run.status);
  if (run.status === 'failed') {
    expect(run.error?.type).toBe('ModelOutputInvalid');
    expect(run.error?.message).not.toBe('');
    return;
  }
  expect(['verified', 'partial']).toContain(run.result?.state);
  const [part] = run.result?.parts ?? [];
  expect(part?.model).toContain('smollm2');
  expect(part).toMatchObject({ node: 'real', attempts: 1 });
  expect(part?.tokens).toBeGreaterThan(0);
  const rejections = run.result?.checks.filter((check) => check.trusted && check.outcome !== 'passed') ?? [];
  // Either everything passed, or it says what did not and why.
  expect(rejections.length > 0).toBe(run.result?.state === 'partial');
  for (const rejection of rejections) expect(rejection.evidence).not.toBe('');
}

async function readEvents(id: string): Promise<readonly Record<string, unknown>[]> {
  const { stdout } = await runCli(['events', id, '--json'], { environment });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function expectLiveEvents(id: string): Promise<void> {
  const events = await readEvents(id);
  const types = events.map((event) => event['type']);
  expect(types).toEqual(expect.arrayContaining(['model.started', 'text.delta', 'model.finished', 'run.finished']));
  const started = events.find((event) => event['type'] === 'model.started');
  expect(JSON.stringify(started)).toContain(REAL_MODEL);
}

describe('with a real model', () => {
  test(
    'a request by the API runs to an honest end',
    async () => {
      const response = await fetch(`${apiUrl}/generate?wait=${WAIT_SECONDS}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(BODY),
      });
      expect([200, 202]).toContain(response.status);
      const { workflow_id: id } = (await response.json()) as WireAccepted;
      await expectLiveEvents(id);
      expectHonestEnd((await (await fetch(`${apiUrl}/runs/${id}`)).json()) as WireRun);
    },
    PATIENCE_MS,
  );

  test(
    'a request by the command runs to an honest end, and its exit code says which',
    async () => {
      const words = ['generate', PROMPT, '--language', 'python', '--example', 'add(2, 3) => 5', '--candidates', '1'];
      const { code, stdout, stderr } = await runCli([...words, '--fresh', '--json'], { environment });
      expect(stdout, stderr).not.toBe('');
      const run = JSON.parse(stdout) as WireRun;
      expectHonestEnd(run);
      expect(code).toBe(run.status === 'failed' ? 1 : run.result?.state === 'verified' ? 0 : 4);
    },
    PATIENCE_MS,
  );
});
