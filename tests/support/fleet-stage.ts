import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { coresBetween, readCpu } from '../../bench/fleet/over-http/foreign-load.ts';
import { bundleBenchWorkflows } from '../../bench/fleet/over-http/bundle-workflows.ts';
import type { HttpStage } from '../../bench/fleet/over-http/play-over-http.ts';
import { loadTemporalDev } from '../../config/load-temporal-dev.ts';
import { findTemporalCommand } from './own-temporal.ts';

/** What runs of the fleet bench need, for the time of a test file. */
export async function openFleetStage(): Promise<HttpStage & { close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-fleet-test-'));
  const { config: dev } = loadTemporalDev(join(import.meta.dirname, '../..'));
  if (dev === null) throw new Error('temporal-dev.yaml is missing.');
  return {
    executable: findTemporalCommand(),
    dev,
    codePath: await bundleBenchWorkflows(folder),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Cores that are busy now with anything but this process and what it has started. */
export async function measureForeignLoad(overMs = 2_000): Promise<number> {
  const before = readCpu();
  await delay(overMs);
  return coresBetween(before, readCpu()).foreign;
}
