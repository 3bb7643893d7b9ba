import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { TEMPORAL_DEV_HOST, toServerFlags, type TemporalDevConfig } from '../config/load-temporal-dev.ts';
import { bindChild } from './bound-child.ts';

/** A Temporal dev server of the bench. */
export interface BenchTemporal {
  readonly pid: number;
  readonly address: string;
  /** Database and its journal. */
  databaseBytes(): number;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 60_000;
const LOOK_INTERVAL_MS = 50;
const DATABASE_FILE = 'temporal.db';

/**
 * Starts a dev server: as `temporal-dev.yaml` says, or stock. Stock is `--db-filename` alone, with the addresses without which
 * two servers cannot run side by side.
 */
export async function startBenchTemporal(
  executable: string,
  folder: string,
  config: TemporalDevConfig | 'stock',
): Promise<BenchTemporal> {
  const place = { databaseFile: join(folder, DATABASE_FILE), port: await findFreePort(), uiPort: await findFreePort() };
  const child = spawn(executable, config === 'stock' ? stockFlags(place) : toServerFlags(config, place), {
    stdio: 'ignore',
    env: { ...process.env, TEMPORAL_VERSION_CHECK_DISABLED: 'true' },
  });
  const end = bindChild(child);
  const address = `${TEMPORAL_DEV_HOST}:${place.port}`;
  await waitUntilServing(child, address);
  return {
    pid: child.pid ?? 0,
    address,
    databaseBytes: () => sizeOf(place.databaseFile) + sizeOf(`${place.databaseFile}-wal`),
    stop: () => end(() => void child.kill('SIGTERM')),
  };
}

function stockFlags({ databaseFile, port, uiPort }: Parameters<typeof toServerFlags>[1]): string[] {
  const addresses = ['--ip', TEMPORAL_DEV_HOST, '--port', String(port), '--ui-port', String(uiPort)];
  return ['server', 'start-dev', ...addresses, '--db-filename', databaseFile];
}

async function waitUntilServing(child: ChildProcess, address: string): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await answers(address))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('The Temporal server did not start.');
    await delay(LOOK_INTERVAL_MS);
  }
}

async function answers(address: string): Promise<boolean> {
  try {
    await (await Connection.connect({ address, connectTimeout: 500 })).close();
    return true;
  } catch {
    return false;
  }
}

/** A port of the loopback address that nobody listens on now. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, TEMPORAL_DEV_HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
