import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cacheFolder, chromaCommand, readEnvironment } from '../../bootstrap.mjs';
import type { StartOutcome } from '../../workers/services/start-service.ts';
import type { ServiceStatus } from '../../workers/services/service-state.ts';
import { findFreePort } from '../support/free-port.ts';
import { runCli } from '../support/run-cli.ts';
import { waitUntil } from '../support/wait-until.ts';
import { canRun, findCommand } from '../../workers/services/find-command.ts';
import { listPostgresFolders } from '../../workers/services/find-postgres.ts';

const cache = cacheFolder(readEnvironment());
/** What this machine has; the rest is skipped, and the run says so. */
const HAS = {
  redis: findCommand('redis-server', process.env) !== null,
  postgres: listPostgresFolders(process.env).length > 0,
  chroma: canRun(chromaCommand(cache)),
};
for (const [name, isHere] of Object.entries(HAS)) {
  if (!isHere) process.stderr.write(`The tests of hydra services for ${name} are skipped: it is not installed.\n`);
}

let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  // Postgres may run as another user, who must be able to enter.
  folder = mkdtempSync(join(tmpdir(), 'hydra-services-'));
  chmodSync(folder, 0o755);
  const ports = [await findFreePort(), await findFreePort(), await findFreePort()];
  environment = {
    HYDRA_HOME: join(folder, 'home'),
    HYDRA_CACHE: cache,
    REDIS_HOST: 'localhost',
    REDIS_PORT: String(ports[0]),
    POSTGRES_HOST: 'localhost',
    POSTGRES_PORT: String(ports[1]),
    CHROMA_URL: `http://localhost:${ports[2]}`,
  };
});

afterAll(async () => {
  await runCli(['services', 'down'], { environment });
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly services: readonly StartOutcome[];
  readonly env: readonly string[];
}

async function up(change: Record<string, string> = {}): Promise<Answer & { readonly code: number | null }> {
  const { code, stdout } = await runCli(['services', 'up', '--json'], { environment: { ...environment, ...change } });
  return { code, ...(JSON.parse(stdout) as Answer) };
}

async function status(): Promise<readonly ServiceStatus[]> {
  const { stdout } = await runCli(['services', 'status', '--json'], { environment });
  return (JSON.parse(stdout) as { readonly services: readonly ServiceStatus[] }).services;
}

const valueOf = ({ env }: Answer, name: string): string =>
  env.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';

describe('hydra services up', () => {
  let first: Answer;
  let pids: Record<string, number | null>;

  beforeAll(async () => {
    first = await up();
    pids = Object.fromEntries(first.services.map(({ name, pid }) => [name, pid]));
  });

  test('starts what this machine has', () => {
    const states = Object.fromEntries(first.services.map(({ name, state }) => [name, state]));
    const expected = Object.fromEntries(Object.entries(HAS).map(([name, has]) => [name, has ? 'started' : 'missing']));
    expect(states).toEqual(expected);
  });

  test.skipIf(!HAS.redis)('gives Redis a password, without which nothing is answered', async () => {
    const url = valueOf(first, 'REDIS_URL');
    expect(url).toMatch(/^redis:\/\/:[\w-]{32}@localhost:\d+$/);
    const redis = new Redis(url, { retryStrategy: () => null });
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
    const stranger = new Redis(url.replace(/:[\w-]{32}@/, ''), { retryStrategy: () => null }).on('error', () => {});
    await expect(stranger.get('x')).rejects.toThrow('NOAUTH');
    stranger.disconnect();
  });

  test.skipIf(!HAS.postgres)('gives Postgres a user, a password and a database', async () => {
    const connectionString = valueOf(first, 'POSTGRES_URL');
    const client = new Client({ connectionString });
    await client.connect();
    expect((await client.query('SELECT current_database() AS name')).rows).toEqual([{ name: 'hydra' }]);
    await client.query('CREATE TABLE kept (word text)');
    await client.query("INSERT INTO kept VALUES ('here')");
    await client.end();
    const stranger = new Client({ connectionString: connectionString.replace(/:[\w-]{32}@/, ':wrong@') });
    await expect(stranger.connect()).rejects.toThrow('password');
  });

  test.skipIf(!HAS.chroma)('starts Chroma where the settings name it, which needs no new line', async () => {
    expect(valueOf(first, 'CHROMA_URL')).toBe('');
    expect((await fetch(`${environment['CHROMA_URL']}/api/v2/heartbeat`)).status).toBe(200);
  });

  test('keeps passwords from other users and from the list of processes', () => {
    for (const { name, state } of first.services) {
      if (state === 'missing') continue;
      const place = join(environment['HYDRA_HOME'] ?? '', 'services', name);
      expect(statSync(join(place, 'access.json')).mode & 0o077).toBe(0);
      const { password } = JSON.parse(readFileSync(join(place, 'access.json'), 'utf8')) as { password: string | null };
      if (password !== null) expect(readFileSync(join(place, 'process.json'), 'utf8')).not.toContain(password);
    }
  });

  test('goes on with what runs', async () => {
    const again = await up();
    expect(again.env).toEqual(first.env);
    expect(Object.fromEntries(again.services.map(({ name, pid }) => [name, pid]))).toEqual(pids);
  });

  test.skipIf(!HAS.postgres)('starts one that was killed, with its data', async () => {
    process.kill(pids['postgres'] ?? 0, 'SIGKILL');
    await waitUntil(async () => (await status()).find(({ name }) => name === 'postgres')?.state === 'stopped');
    const again = await up();
    expect(again.services.find(({ name }) => name === 'postgres')).toMatchObject({ state: 'started' });
    const client = new Client({ connectionString: valueOf(again, 'POSTGRES_URL') });
    await client.connect();
    expect((await client.query('SELECT word FROM kept')).rows).toEqual([{ word: 'here' }]);
    await client.end();
  });

  test.skipIf(!HAS.postgres)(
    'refuses another password than its data were made with, and says where that is',
    async () => {
      const { services, code } = await up({ POSTGRES_PASSWORD: 'another' });
      const postgres = services.find(({ name }) => name === 'postgres');
      expect(postgres?.state).toBe('failed');
      expect(postgres?.detail).toContain('access.json');
      expect(JSON.stringify(services)).not.toContain('another"');
      expect(code).toBe(1);
    },
  );

  test('starts nothing for a server on another machine, and shows no password of it', async () => {
    const { services } = await up({ CHROMA_URL: 'http://me:hush@far.example:8000' });
    expect(services.find(({ name }) => name === 'chroma')).toMatchObject({ state: 'elsewhere', pid: null });
    expect(JSON.stringify(services)).not.toContain('hush');
  });

  test('tells how to install what is missing, and starts the others', async () => {
    const other = {
      ...environment,
      HYDRA_HOME: join(folder, 'second'),
      HYDRA_CACHE: join(folder, 'empty-cache'),
      REDIS_PORT: String(await findFreePort()),
      CHROMA_URL: '',
      PATH: '/nowhere',
    };
    const { stdout } = await runCli(['services', 'up', 'redis', 'chroma', '--json'], { environment: other });
    const [redis, chroma] = (JSON.parse(stdout) as Answer).services;
    expect(redis?.state).toBe(HAS.redis ? 'started' : 'missing');
    expect(chroma).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('pip install chromadb==') as string,
    });
    await runCli(['services', 'down'], { environment: other });
  });
});

describe('hydra services down', () => {
  test('ends what it started, and leaves alone what it did not start', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const address = stranger.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const change = { HYDRA_HOME: join(folder, 'third'), CHROMA_URL: `http://localhost:${port}` };
    const { stdout } = await runCli(['services', 'up', 'chroma', '--json'], {
      environment: { ...environment, ...change },
    });
    expect((JSON.parse(stdout) as Answer).services).toMatchObject([{ name: 'chroma', state: 'foreign', pid: null }]);
    const other = spawn('sleep', ['600']);
    const { stdout: stopped } = await runCli(['services', 'down', '--json'], { environment });
    const expected = Object.entries(HAS).flatMap(([name, has]) => (has ? [name] : []));
    expect(JSON.parse(stopped)).toEqual({ stopped: expected });
    expect(stranger.listening).toBe(true);
    expect(other.exitCode).toBeNull();
    expect((await status()).map(({ state }) => state)).toEqual(
      Object.values(HAS).map((has) => (has ? 'stopped' : 'new')),
    );
    stranger.close();
    other.kill();
    await once(other, 'exit');
  });

  test('leaves the data', () => {
    if (HAS.postgres)
      expect(existsSync(join(environment['HYDRA_HOME'] ?? '', 'services/postgres/data/cluster'))).toBe(true);
  });

  test('has nothing to do the second time', async () => {
    const { stdout, code } = await runCli(['services', 'down'], { environment });
    expect([stdout, code]).toEqual(['None of them was running.\n', 0]);
  });
});
