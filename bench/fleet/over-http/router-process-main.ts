/** The process that is measured: fleet owner, node workers and workflows as in the service, with the workflows of the bench. */
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { loadSettings } from '../../../config/load-settings.ts';
import type { FleetDecision } from '../../../domain/fleet-decision.ts';
import { createEventWriter } from '../../../memory/event-writer.ts';
import { openSqliteMemory } from '../../../memory/sqlite/open-sqlite-memory.ts';
import { createOllamaLanguageModel } from '../../../models/ollama-language-model.ts';
import { connectTemporal } from '../../../workers/connect-temporal.ts';
import { startControlWorker } from '../../../workers/control-worker.ts';
import { startFleetOwner } from '../../../workers/fleet-owner.ts';
import { openEntries } from '../../../workers/open-entries.ts';
import { readPromptsVersion } from '../../../workers/prompts-version.ts';
import type { RouterMessage, RouterOptions } from './router-messages.ts';

const GRACE_MS = 500;

process.once('disconnect', () => process.exit());
await start(JSON.parse(process.argv[2] ?? '') as RouterOptions).then(
  () => tell({ kind: 'ready' }),
  (error: unknown) => tell({ kind: 'failed', message: error instanceof Error ? (error.stack ?? '') : String(error) }),
);

async function start({ nodes, codePath }: RouterOptions): Promise<void> {
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });
  const loaded = loadSettings({ environment: process.env, folder: join(import.meta.dirname, '../../..') });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const settings = { ...loaded.settings, nodes };
  const memory = await openSqliteMemory({ folder: settings.home });
  const events = createEventWriter(memory.events);
  const { nativeConnection, namespace } = await connectTemporal(settings);
  const deps = { memory, events, settings, promptsVersion: await readPromptsVersion() };
  const place = { connection: nativeConnection, namespace, graceMs: GRACE_MS, onDeath: fail };
  const fleet = startFleetOwner({
    place,
    deps,
    languageModel: createOllamaLanguageModel(),
    addresses: nodes,
    readVariable: () => undefined,
    report: () => {},
    observer: { onDecision: tellGrant },
  });
  const { entries } = await openEntries({ settings, memory, readVariable: () => undefined, report: () => {} });
  await startControlWorker(place, { ...deps, entries, schedulerHere: () => fleet.scheduler() }, codePath);
  await fleet.settled;
}

function tellGrant({ title, waitedSeconds }: FleetDecision): void {
  const atMs = Date.now();
  tell({ kind: 'granted', title, grant: { arrivedAtMs: atMs - waitedSeconds * 1000, atMs } });
}

function tell(message: RouterMessage): void {
  process.send?.(message);
}

function fail(error: unknown): void {
  throw error;
}
