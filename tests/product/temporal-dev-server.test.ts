import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadTemporalDev } from '../../config/load-temporal-dev.ts';
import { endRecordedProcess } from '../../workers/end-process.ts';
import { recordFileOf } from '../../workers/managed-process.ts';
import { identifyProcess, isAlive } from '../../sandbox/process-identity.ts';
import { readProcessRecord, writeProcessRecord } from '../../workers/process-record.ts';
import type { TemporalDevServer } from '../../workers/temporal-dev-server.ts';
import { findFreePort } from '../support/free-port.ts';
import { findTemporalCommand, startOwnTemporal } from '../support/own-temporal.ts';

/** Waiting for a server of 250 MB on a starved machine. */
const PATIENT = { timeout: 60_000, interval: 50 };

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly uiPort: number;
}

async function makePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'hydra-own-temporal-'));
  onTestFinished(async () => {
    await endRecordedProcess(recordFileOf(folder, 'temporal'));
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, port: await findFreePort(), uiPort: await findFreePort() };
}

async function connectTo(server: TemporalDevServer): Promise<Client> {
  const connection = await Connection.connect({
    address: server.address,
    channelArgs: { 'grpc.max_reconnect_backoff_ms': 500 },
  });
  onTestFinished(() => connection.close());
  return new Client({ connection });
}

/** Starts a Hydra that owns the server, and waits until the server serves. */
async function startOwner({ folder, port, uiPort }: Place): Promise<{ owner: ChildProcess; serverPid: number }> {
  const script = join(import.meta.dirname, '../support/temporal-owner.ts');
  const owner = spawn(process.execPath, ['--import', 'tsx', script, folder, String(port), String(uiPort)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
  const { pid } = JSON.parse(line) as { pid: number };
  return { owner, serverPid: pid };
}

async function killHard(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('our Temporal server', () => {
  it('serves with what temporal-dev.yaml says, and is gone after stop', async () => {
    const place = await makePlace();
    const server = await startOwnTemporal(place);
    const { workflowService, operatorService } = (await connectTo(server)).connection;
    const { config } = await workflowService.describeNamespace({ namespace: 'default' });
    expect(tsToMs(config?.workflowExecutionRetentionTtl)).toBe(30 * 86_400_000);
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace: 'default' });
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(['HydraState', 'HydraVerified']));
    expect((await fetch(server.uiUrl)).status).toBe(200);

    const identity = await identifyProcess(server.pid);
    if (identity === null) throw new Error('The server does not run.');
    await server.stop();
    expect(await isAlive(identity)).toBe(false);
    expect(existsSync(recordFileOf(place.folder, 'temporal'))).toBe(false);
    await server.stop();
  });

  it('knows every dynamic-config key that we set; it would ignore others without a word', () => {
    const binary = readFileSync(findTemporalCommand());
    const keys = Object.keys(loadTemporalDev('.').config?.dynamic_config ?? {});
    expect(keys.length).toBeGreaterThan(5);
    expect(keys.filter((key) => !binary.includes(key))).toEqual([]);
  });

  it('comes back with the same data when it is killed, and clients go on', async () => {
    const server = await startOwnTemporal(await makePlace());
    const client = await connectTo(server);
    await client.workflow.start('anything', { workflowId: 'kept', taskQueue: 'nobody' });
    const killedPid = server.pid;
    process.kill(killedPid, 'SIGKILL');
    await vi.waitUntil(() => server.pid !== killedPid, PATIENT);
    const { status } = await client.workflow.getHandle('kept').describe();
    expect(status.name).toBe('RUNNING');
    await server.stop();
  });

  it('can be stopped while it is being started again', async () => {
    const place = await makePlace();
    const server = await startOwnTemporal(place);
    const killedPid = server.pid;
    const recordFile = recordFileOf(place.folder, 'temporal');
    process.kill(killedPid, 'SIGKILL');
    await vi.waitUntil(() => (readProcessRecord(recordFile)?.process.pid ?? killedPid) !== killedPid, PATIENT);
    const next = readProcessRecord(recordFile)?.process;
    await server.stop();
    expect(next !== undefined && (await isAlive(next))).toBe(false);
    expect(existsSync(recordFile)).toBe(false);
  });
});

describe('what a killed Hydra left behind', () => {
  it('is adopted when it serves, and ended by the next stop', async () => {
    const place = await makePlace();
    const { owner, serverPid } = await startOwner(place);
    await killHard(owner);
    const server = await startOwnTemporal(place);
    expect(server).toMatchObject({ pid: serverPid, relation: 'adopted' });
    await server.stop();
    expect(await identifyProcess(serverPid)).toBeNull();
  });

  it('is started again when it ends after it was adopted', async () => {
    const place = await makePlace();
    const { owner, serverPid } = await startOwner(place);
    await killHard(owner);
    const server = await startOwnTemporal(place);
    process.kill(serverPid, 'SIGKILL');
    await vi.waitUntil(() => server.pid !== serverPid, PATIENT);
    await server.stop();
  });

  it('is ended and replaced when it was started with other settings', async () => {
    const place = await makePlace();
    const { owner, serverPid } = await startOwner(place);
    await killHard(owner);
    const server = await startOwnTemporal({ ...place, uiPort: await findFreePort() });
    expect(server.relation).toBe('started');
    expect(await identifyProcess(serverPid)).toBeNull();
    await server.stop();
  });

  it('is ended and replaced when it does not answer', async () => {
    const place = await makePlace();
    const { owner, serverPid } = await startOwner(place);
    await killHard(owner);
    process.kill(serverPid, 'SIGSTOP');
    const server = await startOwnTemporal(place);
    expect(server.relation).toBe('started');
    expect(await identifyProcess(serverPid)).toBeNull();
    await server.stop();
  });

  it('is never a later process with the same number', async () => {
    const place = await makePlace();
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    onTestFinished(() => void bystander.kill('SIGKILL'));
    const stale = { pid: bystander.pid ?? 0, startedAt: 'long ago' };
    writeProcessRecord(recordFileOf(place.folder, 'temporal'), { process: stale, owner: stale, command: ['x'] });
    const server = await startOwnTemporal(place);
    expect(server.relation).toBe('started');
    expect(await identifyProcess(stale.pid)).not.toBeNull();
    await server.stop();
  });

  it('does no harm as a record that cannot be read', async () => {
    const place = await makePlace();
    writeFileSync(recordFileOf(place.folder, 'temporal'), '{"pid":');
    const server = await startOwnTemporal(place);
    expect(server.relation).toBe('started');
    await server.stop();
  });
});

describe('a second Hydra on the same folder', () => {
  it('uses the server of the first and leaves it running', async () => {
    const place = await makePlace();
    const { serverPid } = await startOwner(place);
    const second = await startOwnTemporal(place);
    expect(second).toMatchObject({ pid: serverPid, relation: 'shared' });
    await second.stop();
    expect(await identifyProcess(serverPid)).not.toBeNull();
    await expect(startOwnTemporal({ ...place, uiPort: await findFreePort() })).rejects.toMatchObject({
      type: 'TemporalUnavailable',
      message: expect.stringContaining('another Hydra') as string,
    });
  });
});

describe('a Temporal server that cannot start', () => {
  it.each([
    ['port', 'HYDRA_TEMPORAL_PORT'],
    ['uiPort', 'HYDRA_TEMPORAL_UI_PORT'],
  ] as const)('because of a taken %s names the holder and %s', async (which, setting) => {
    const place = await makePlace();
    const other = createServer();
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve) => other.listen(place[which], '127.0.0.1', resolve));
    const failure = startOwnTemporal(place);
    await expect(failure).rejects.toMatchObject({
      type: 'TemporalUnavailable',
      details: { taken: [{ port: place[which], setting }] },
    });
    await expect(failure).rejects.toThrow(`(process ${process.pid})`);
    expect(readProcessRecord(recordFileOf(place.folder, 'temporal'))).toBeNull();
  });

  it('because its program is not there says so', async () => {
    const failure = startOwnTemporal({ ...(await makePlace()), executable: '/no/such/temporal' });
    await expect(failure).rejects.toThrow('/no/such/temporal is no program that can be run');
  });

  it('because its program ends at once shows what it said', async () => {
    const place = await makePlace();
    const program = join(place.folder, 'broken');
    writeFileSync(program, '#!/bin/sh\necho "out of luck" >&2\nexit 3\n', { mode: 0o755 });
    await expect(startOwnTemporal({ ...place, executable: program })).rejects.toThrow('out of luck');
  });
});
