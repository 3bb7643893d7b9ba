import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RememberingDependencies } from '../../../activities/dependencies.ts';
import { recallResult } from '../../../activities/recall-result.ts';
import { recordResult } from '../../../activities/record-outcome.ts';
import { putJson } from '../../../activities/stored-json.ts';
import type { ContentHash, RunId } from '../../../domain/ids.ts';
import type { EntryValue, KeptEntry } from '../../../domain/memory-entry.ts';
import type { SynthesisRequest } from '../../../domain/request.ts';
import { createEventWriter, type EventWriter } from '../../../memory/event-writer.ts';
import type { Memory } from '../../../memory/ports.ts';
import { openSqliteMemory } from '../../../memory/sqlite/open-sqlite-memory.ts';
import { createResult } from '../../contract/memory-fixtures.ts';
import { aRequest } from '../../support/candidates.ts';
import { aNodeSnapshot } from '../../support/node-snapshots.ts';
import { createPlainEntries } from '../../support/plain-entries.ts';
import { loadGood } from '../../support/settings-folder.ts';

const DAY_MS = 86_400_000;
const PROGRAM = '{"language":"python","mainFile":"main.py","files":[{"path":"main.py","content":"pass"}]}';

let folder: string;
let memory: Memory;
let events: EventWriter;
let deps: RememberingDependencies;
let timeMs: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-recall-'));
  timeMs = Date.now();
  memory = await openSqliteMemory({ folder, now: () => timeMs });
  const model = { name: 'tiny:1b', sizeBytes: 1e9, family: 'tiny', parameterSize: '1B' };
  await memory.nodeSnapshots.write([aNodeSnapshot({ models: [model] })]);
  events = createEventWriter(memory.events);
  deps = { memory, entries: createPlainEntries(memory), events, settings: loadGood(), promptsVersion: 'test' };
});

afterEach(async () => {
  await events.close();
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Asks for the answer to a request as a run does at its start. */
async function recall(changes: Partial<SynthesisRequest> = {}) {
  const requestHash = await putJson(memory.artifacts, aRequest(changes));
  return { requestHash, ...(await recallResult(deps, { runId: 'run-2' as RunId, requestHash, fresh: false })) };
}

/** A run has verified this program for the request; returns the program's hash. */
async function recordVerified(): Promise<ContentHash> {
  const programHash = await memory.artifacts.putText(PROGRAM);
  const { requestHash, recallKey } = await recall();
  const progress = { phase: 'record', parts: [], modelCalls: 1, tokens: 1 } as const;
  const result = { ...createResult('verified'), programHash };
  await recordResult(deps, { runId: 'run-1' as RunId, requestHash, recallKey, result, work: null, progress });
  return programHash;
}

test('a recalled answer brings its program with it, though retention has removed that', async () => {
  const programHash = await recordVerified();
  timeMs += 100 * DAY_MS;
  await memory.prune(new Date(timeMs - 30 * DAY_MS).toISOString());
  expect(await memory.artifacts.getText(programHash)).toBeUndefined();
  const { result } = await recall();
  expect(result).toMatchObject({ state: 'verified', recalledFrom: 'run-1', programHash });
  expect(await memory.artifacts.getText(programHash)).toBe(PROGRAM);
});

test('an answer belongs to its namespace', async () => {
  await recordVerified();
  expect((await recall()).result).not.toBeNull();
  expect((await recall({ namespace: 'others' })).result).toBeNull();
});

test('an answer whose program is not the one that was verified is not recalled', async () => {
  const programHash = await recordVerified();
  const [entry] = await memory.entries.list({ kinds: ['answer'], limit: 1 });
  const { value } = entry as KeptEntry;
  const forged = { ...value, texts: { [programHash]: 'something else' } } as EntryValue;
  await memory.entries.adopt({ ...(entry as KeptEntry), version: 2, value: forged });
  expect((await recall()).result).toBeNull();
});
