import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startServer } from '../../api/server.ts';
import type { RunningServer } from '../../api/server.ts';
import type { RunId } from '../../domain/ids.ts';
import { announceService } from '../../workers/service-record.ts';
import { appendEvent, finishRun, openApi, postGenerate } from '../support/api-harness.ts';
import type { OpenedApi } from '../support/api-harness.ts';
import { aTier } from '../support/entry-memory.ts';
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

describe('hydra status', () => {
  const waiting = { type: 'model.waiting', model: 'big', reason: 'no host has big' } as const;

  async function submitWaiting(): Promise<RunId> {
    const id = await submit('r1');
    const progress = { phase: 'attempt', parts: [], modelCalls: 1, tokens: 7 } as const;
    await opened.memory.runs.update(id, { status: 'running', progress });
    await appendEvent(opened.memory, id, waiting, { key: 's1', attempt: 0 });
    await appendEvent(opened.memory, id, waiting, { key: 's2', attempt: 0 });
    return id;
  }

  it('says what a run waits for', async () => {
    await submitWaiting();
    const { stdout } = await run('status', 'r1');
    expect(stdout).toContain('Phase    attempt, 1 model call, 7 tokens');
    expect(stdout).toMatch(/Waiting {2}2 calls for big since \d\d:\d\d:\d\d UTC: no host has big/);
  });

  it('shows each change with --watch and ends with the run, by its exit code', async () => {
    const id = await submitWaiting();
    const cli = startCli(withApi('status', 'r1', '--watch'));
    await cli.waitFor('no host has big');
    await finishRun(opened.memory, id);
    const { code, stdout } = await cli.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('Result   verified');
    expect(stdout.match(/^Run /gm)).toHaveLength(2);
  });

  it.each(['', '..'])('takes "%s" for no run', async (id) => {
    expect(await run('status', id)).toMatchObject({ code: 1, stderr: expect.stringContaining('No run has') as string });
  });
});

describe('hydra doctor without a service', () => {
  it('hydra doctor lists every part with what to do', async () => {
    const port = await findFreePort();
    const environment = { OLLAMA_HOST: `127.0.0.1:${port}`, HYDRA_HOME: folder, HYDRA_CACHE: folder };
    const { code, stdout } = await runCli(['doctor', '--json'], { environment });
    const { parts } = JSON.parse(stdout) as { parts: { name: string; state: string; advice: string }[] };
    const states = Object.fromEntries(parts.map((part) => [part.name, part.state]));
    expect(code).toBe(1);
    expect(states).toMatchObject({
      node: 'ok',
      'state folder': 'ok',
      'temporal program': 'missing',
      'sandbox deno': 'ok',
    });
    const broken = parts.filter(({ state }) => state === 'missing' || state === 'down');
    expect(broken.every((part) => part.advice !== '')).toBe(true);
    expect(states).toMatchObject({ 'memory L1 redis': 'off', 'memory L3 postgres': 'off', 'memory L4 chroma': 'off' });
  });

  it('hydra doctor says that it shows the settings of this shell', async () => {
    const environment = {
      HYDRA_HOME: folder,
      HYDRA_API_PORT: String(await findFreePort()),
      HYDRA_NODES: 'http://10.0.0.1',
    };
    const { stdout } = await runCli(['doctor'], { environment });
    expect(stdout).toContain('No service runs: nodes and addresses are those of the settings of this shell.');
    expect(stdout).toContain('http://10.0.0.1');
  });
});

describe('hydra doctor and the servers of memory', () => {
  it('says of each that the settings name whether it answers, and what to do', async () => {
    const port = await findFreePort();
    const environment = {
      HYDRA_HOME: folder,
      HYDRA_CACHE: folder,
      HYDRA_API_PORT: String(await findFreePort()),
      REDIS_URL: `redis://:hidden@127.0.0.1:${port}`,
      POSTGRES_URL: `postgres://hydra:hidden@127.0.0.1:${port}/hydra`,
      CHROMA_URL: `http://127.0.0.1:${port}`,
    };
    const { stdout } = await runCli(['doctor'], { environment });
    for (const [part, setting] of [
      ['memory L1 redis', 'REDIS_URL'],
      ['memory L3 postgres', 'POSTGRES_URL'],
      ['memory L4 chroma', 'CHROMA_URL'],
    ]) {
      expect(stdout).toMatch(new RegExp(`^${part} +optional +down +\\S`, 'm'));
      expect(stdout).toMatch(new RegExp(`^${part}: Start it, or correct ${setting}`, 'm'));
    }
    expect(stdout).not.toContain('hidden');
  });
});

describe('hydra doctor beside a running service', () => {
  it('shows the tiers as the service sees them', async () => {
    opened.entries.tiers = [
      aTier({ tier: 'L1', name: 'redis', state: 'down', detail: 'It is full.' }),
      aTier({ tier: 'L2', name: 'sqlite', isRecord: true, entries: 1 }),
      aTier({ tier: 'L3', name: 'postgres', state: 'off' }),
    ];
    const home = mkdtempSync(join(folder, 'home-'));
    const environment = { HYDRA_HOME: home, HYDRA_API_PORT: new URL(server.url).port };
    const { stdout } = await runCli(['doctor'], { environment });
    expect(stdout).toMatch(/memory L1 redis +optional +down +It is full\./);
    expect(stdout).toMatch(/memory L2 sqlite +required +ok +1 entry/);
    expect(stdout).toMatch(/memory L3 postgres +optional +off +It would be named by POSTGRES_URL or POSTGRES_HOST/);
    expect(stdout).toContain(
      'memory L1 redis: Start it, or correct REDIS_URL or REDIS_HOST. The record answers meanwhile.',
    );
  });

  const elsewhere = { HYDRA_NODES: 'http://192.0.2.1:11434' };

  it('shows the nodes and addresses of the service at the API address, and says so', async () => {
    const home = mkdtempSync(join(folder, 'home-'));
    const environment = { ...elsewhere, HYDRA_HOME: home, HYDRA_API_PORT: new URL(server.url).port };
    const { stdout } = await runCli(['doctor'], { environment });
    expect(stdout).toContain(`Nodes and addresses are those of the running service: API at ${server.url}.`);
    expect(stdout).toMatch(/node gpu-1 +required +ok +http:\/\/gpu-1:11434, version 0\.6\.5, models: qwen3:1\.7b/);
    expect(stdout).not.toContain('192.0.2.1');
  });

  it('finds the service of its home, whatever port the settings of this shell name', async () => {
    const home = mkdtempSync(join(folder, 'home-'));
    await announceService(home, { apiUrl: server.url, webUiUrl: 'http://localhost:1234' });
    const environment = { ...elsewhere, HYDRA_HOME: home, HYDRA_API_PORT: String(await findFreePort()) };
    const { stdout } = await runCli(['doctor', '--json'], { environment });
    const answer = JSON.parse(stdout) as { shows: unknown; parts: { name: string }[] };
    expect(answer.shows).toEqual({ source: 'service', api_url: server.url, web_ui_url: 'http://localhost:1234' });
    expect(answer.parts.map((part) => part.name)).toContain('node gpu-1');
  });
});
