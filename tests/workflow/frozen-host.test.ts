import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import { createOllamaLanguageModel } from '../../models/ollama-language-model.ts';
import { findFreePort } from '../support/free-port.ts';
import { startCli, type RunningCli } from '../support/run-cli.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Hosts in processes of their own, which are stopped as by SIGSTOP: connections are accepted, and nothing comes. */
interface Host {
  readonly url: string;
  readonly cli: RunningCli;
}

const MODEL = 'coder:7b';
const REQUEST = {
  prompt: 'Create a JavaScript function to calculate fibonacci numbers.',
  language: 'javascript',
  candidates: 1,
  decompose: 'never',
  fresh: true,
} as const;

const hosts: Record<string, Host> = {};
let hydra: RunningHydra;

beforeAll(async () => {
  for (const name of ['first', 'second']) hosts[name] = await startHost();
  const nodes = Object.fromEntries(Object.entries(hosts).map(([name, { url }]) => [name, url]));
  // The probes of a usual service; the deadlines of the settings are those of a usual service as well.
  const environment = { HYDRA_PROBE_INTERVAL_SECONDS: '4', HYDRA_WORKER_MODELS: MODEL };
  hydra = await startHydra({ nodes, environment, runner: null });
});

afterAll(async () => {
  for (const { cli } of Object.values(hosts)) cli.process.kill('SIGKILL');
  await hydra?.stop();
});

async function startHost(): Promise<Host> {
  const port = await findFreePort();
  const words = ['simulate-node', '--port', String(port), '--model', MODEL, '--tokens-per-second', '5'];
  const cli = startCli(words);
  await cli.waitFor('Ctrl-C ends it');
  return { url: `http://127.0.0.1:${port}`, cli };
}

describe('a host that freezes', () => {
  test('in the middle of an answer loses the call within five seconds, and the run finishes elsewhere', async () => {
    const id = await hydra.submit(REQUEST);
    const events = () => hydra.events(id);
    await waitUntil(async () => (await events()).filter((event) => event.body.type === 'text.delta').length >= 5);
    const started = (await events()).findLast((event) => event.body.type === 'model.started');
    const nodeId = started?.body.type === 'model.started' ? started.body.nodeId : '';
    const stoppedAt = Date.now();
    hosts[nodeId]?.cli.process.kill('SIGSTOP');
    await waitUntil(async () => (await events()).some((event) => event.body.type === 'model.rerouted'));
    const rerouted = (await events()).find((event) => event.body.type === 'model.rerouted');
    expect(rerouted?.body).toMatchObject({ nodeId, reason: expect.stringContaining('no sign of life') });
    // 5 s, as tests with a made clock show, and what a busy machine adds; the deadline would be a minute.
    expect(Date.parse(rerouted?.at ?? '') - stoppedAt).toBeLessThan(30_000);
    const run = await hydra.outcome(id);
    expect(run.status).toBe('completed');
    expect(run.result?.parts[0]?.node).not.toBe(nodeId);
    hosts[nodeId]?.cli.process.kill('SIGCONT');
  });

  test('before the first token is noticed within ten seconds, though a load may take five minutes', async () => {
    const host = await startHost();
    host.cli.process.kill('SIGSTOP');
    const askedMs = performance.now();
    const call = createOllamaLanguageModel().generateText(
      {
        node: { id: 'frozen' as NodeId, url: host.url, slots: 1 },
        model: MODEL,
        messages: [{ role: 'user', content: 'Hi' }],
        temperature: 0,
        seed: 1,
        maxTokens: 16,
        contextTokens: 4096,
        deadlines: { firstTokenMs: 300_000, idleMs: 60_000, totalMs: 600_000 },
      },
      { signal: new AbortController().signal, onText: () => {} },
    );
    await expect(call).rejects.toMatchObject({ type: 'NodeUnavailable', details: { kind: 'silent' } });
    // 10 s, as tests with a made clock show, and what a busy machine adds; the deadline would be five minutes.
    expect(performance.now() - askedMs).toBeLessThan(60_000);
    host.cli.process.kill('SIGKILL');
  });
});
