import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../support/free-port.ts';
import { hasRealChroma, startRealChroma, type RealChroma } from '../support/real-chroma.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';
import { startRealRedis, type RealRedis } from '../support/real-redis.ts';
import { runCli, startCli } from '../support/run-cli.ts';

/** What the settings of memory do to a running service; `config-memory.test.ts` shows how they are read. */
const PATIENCE_MS = 240_000;
const PASSWORD = 'p@ss word';
const ANSWER = '```javascript\nexport function keep(value) {\n  return value;\n}\n```\n';

if (!hasRealChroma()) process.stderr.write('The effect of CHROMA_URL is not tested: Chroma is not installed.\n');

let folder: string;
let redis: RealRedis;
let postgres: RealPostgres;
let postgresUrl: string;
let chroma: RealChroma | null;
let node: SimulatedNode;
let environment: Record<string, string>;
let apiUrl: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-memory-effects-'));
  [redis, postgres, chroma] = await Promise.all([
    startRealRedis(['--requirepass', PASSWORD]),
    startRealPostgres(),
    hasRealChroma() ? startRealChroma() : null,
  ]);
  postgresUrl = await postgres.createDatabase();
  node = await startSimulatedNode({
    models: [
      simulatedModel('writer:7b', { parameterSize: '7B' }),
      simulatedModel('meaning:1b', { capabilities: ['embedding'] }),
    ],
    answers: () => ANSWER,
  });
  const apiPort = await findFreePort();
  apiUrl = `http://127.0.0.1:${apiPort}`;
  const place = new URL(postgresUrl);
  environment = {
    HYDRA_HOME: join(folder, 'home'),
    HYDRA_API_PORT: String(apiPort),
    HYDRA_TEMPORAL_PORT: String(await findFreePort()),
    HYDRA_TEMPORAL_UI_PORT: String(await findFreePort()),
    HYDRA_NODES: `only=${node.url}`,
    ...(process.env['HYDRA_CACHE'] && { HYDRA_CACHE: process.env['HYDRA_CACHE'] }),
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: String(redis.port),
    REDIS_PASSWORD: PASSWORD,
    POSTGRES_HOST: place.hostname,
    POSTGRES_PORT: place.port,
    POSTGRES_DB: place.pathname.slice(1),
    POSTGRES_USER: place.username,
    POSTGRES_PASSWORD: PASSWORD,
    ...(chroma && { CHROMA_URL: chroma.url }),
    HYDRA_EMBEDDING_MODEL: 'meaning:1b',
    HYDRA_MEMORY_DAYS: '1',
    HYDRA_MEMORY_MB: '1',
  };
  await startCli(['up'], environment).waitFor('Hydra is ready');
}, PATIENCE_MS);

afterAll(async () => {
  await runCli(['down'], { environment });
  await node.close();
  await Promise.all([redis.end(), postgres.dispose(), chroma?.end()]);
  rmSync(folder, { recursive: true, force: true });
});

interface Tier {
  readonly name: string;
  readonly state: string;
  readonly lag: { readonly rows: number } | null;
}

async function readTiers(): Promise<readonly Tier[]> {
  return ((await (await fetch(`${apiUrl}/memory/status`)).json()) as { readonly tiers: readonly Tier[] }).tiers;
}

/** Waits until the copies have everything. */
async function settle(): Promise<void> {
  await vi.waitFor(async () => {
    const lags = (await readTiers()).map(({ lag }) => lag?.rows ?? 0);
    expect(Math.max(...lags)).toBe(0);
  }, PATIENCE_MS);
}

describe('the servers of the settings', () => {
  test('are in use, with the passwords of the settings', async () => {
    await vi.waitFor(async () => {
      const states = Object.fromEntries((await readTiers()).map(({ name, state }) => [name, state]));
      const vectors = chroma ? { chroma: 'up' } : { 'sqlite-vectors': 'up' };
      expect(states).toEqual({ redis: 'up', sqlite: 'up', postgres: 'up', ...vectors });
    }, PATIENCE_MS);
  });

  test(
    'hold what a verified run has left',
    async () => {
      const response = await fetch(`${apiUrl}/generate?wait=200`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          prompt: 'Write a JavaScript function keep(value) that returns its argument.',
          language: 'javascript',
          examples: [{ call: 'keep(3)', expected: '3' }],
          candidates: 1,
        }),
      });
      expect(await response.json()).toMatchObject({ result: { state: 'verified' } });
      await settle();
      const client = new Redis({ port: redis.port, password: PASSWORD });
      expect((await client.keys('hydra:entry:*')).length).toBeGreaterThan(0);
      client.disconnect();
      const [row] = await postgres.query('SELECT count(*)::int AS count FROM hydra.entry_copies', postgresUrl);
      expect(row?.['count']).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  test('get vectors of the embedding model of the settings', async () => {
    await vi.waitFor(() => {
      const embeds = node.log().calls.filter(({ path }) => path === '/api/embed');
      expect(embeds.map(({ model }) => model)).toContain('meaning:1b');
    }, PATIENCE_MS);
    // That of the question, which was asked to find similar work.
    await vi.waitFor(async () => {
      const kept = await (await fetch(`${apiUrl}/memory/export?kind=embedding`)).text();
      expect(kept).toContain('"model":"meaning:1b"');
    }, PATIENCE_MS);
  });

  test('are off where no setting names them, and down with a wrong password', async () => {
    const { REDIS_PASSWORD: _, POSTGRES_HOST: _host, CHROMA_URL: _url, ...others } = environment;
    const change = { ...others, HYDRA_HOME: join(folder, 'other'), HYDRA_API_PORT: String(await findFreePort()) };
    const { stdout } = await runCli(['doctor', '--json'], { environment: { ...change, REDIS_PASSWORD: 'wrong' } });
    const { parts } = JSON.parse(stdout) as {
      readonly parts: readonly { readonly name: string; readonly state: string }[];
    };
    const stateOf = (name: RegExp) => parts.find((part) => name.test(part.name))?.state;
    expect(stateOf(/redis/i)).toBe('down');
    expect(stateOf(/postgres/i)).not.toBe('down');
    expect(stdout).not.toContain('wrong');
  });
});

describe('what memory may keep', () => {
  interface Report {
    readonly aged: number;
    readonly over_limit: number;
  }

  const wouldRemove = async (): Promise<Report> =>
    (await (await fetch(`${apiUrl}/memory/gc?dry_run=true`, { method: 'POST' })).json()) as Report;

  /** Gives an exported entry back with a change, as a newer version of it. */
  async function importChanged(change: (line: string) => string): Promise<void> {
    const lines = (await (await fetch(`${apiUrl}/memory/export`)).text()).split('\n');
    const work = lines.find((line) => line.includes('"kind":"work"')) ?? '';
    const body = change(work).replace(/"version":(\d+)/, (_, version: string) => `"version":${Number(version) + 1}`);
    const response = await fetch(`${apiUrl}/memory/import`, {
      method: 'POST',
      headers: { 'content-type': 'application/jsonl' },
      body: `${body}\n`,
    });
    expect(await response.json()).toMatchObject({ adopted: 1 });
  }

  test('ends with the room of the settings', async () => {
    expect(await wouldRemove()).toMatchObject({ aged: 0, over_limit: 0 });
    await importChanged((line) => line.replace(/"code":"/, `"code":"${'x'.repeat(1_100_000)}`));
    expect((await wouldRemove()).over_limit).toBeGreaterThan(0);
  });

  test('ends with the days of the settings', async () => {
    const daysAgo = new Date(Date.now() - 2 * 86_400_000).toISOString();
    await importChanged((line) => line.replace(/"(updatedAt|updated_at)":"[^"]*"/, `"$1":"${daysAgo}"`));
    expect((await wouldRemove()).aged).toBe(1);
  });
});
