import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../api/create-api.ts';
import type { ApiDeps, ApiSettings } from '../../api/api-deps.ts';
import type { ExecutedRun, RunGateway, RunOutcome, RunSubmission } from '../../api/run-gateway.ts';
import type { MemorySettings } from '../../config/settings.ts';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeId, RunId, StepKey } from '../../domain/ids.ts';
import type { Program } from '../../domain/program.ts';
import type { SynthesisResult } from '../../domain/result.ts';
import type { RunEventBody } from '../../domain/run-event.ts';
import type { Memory } from '../../memory/ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { createMemoryAccess } from '../../workers/memory-access.ts';
import { createPlainEntries } from './entry-memory.ts';
import { createFakePulls } from './fake-pulls.ts';
import { aNodeSnapshot, aResidentModel } from './node-snapshots.ts';

/** Executes nothing: a run is open until a test ends it. */
export interface FakeGateway extends RunGateway {
  readonly submissions: RunSubmission[];
  readonly cancelled: RunId[];
  /** True: every call fails as it does without a Temporal server. */
  down: boolean;
  end(runId: RunId, outcome: RunOutcome): void;
  forget(runId: RunId): void;
}

export function createFakeGateway(): FakeGateway {
  const known = new Map<RunId, { run: ExecutedRun; outcome: RunOutcome | null }>();
  const list = () => [...known.values()];
  const requireUp = () => {
    if (gateway.down) throw new SynthesisFailure('TemporalUnavailable', 'The Temporal server cannot be reached.');
  };
  const gateway: FakeGateway = {
    submissions: [],
    cancelled: [],
    down: false,
    async submit(submission) {
      requireUp();
      const before = known.get(submission.runId);
      if (before) return before.run.bodyHash === submission.bodyHash ? 'existing' : 'conflict';
      const { runId, bodyHash, requestHash } = submission;
      known.set(runId, { run: { runId, bodyHash, requestHash, startedAt: new Date().toISOString() }, outcome: null });
      gateway.submissions.push(submission);
      return 'accepted';
    },
    async cancel(runId) {
      requireUp();
      if (known.get(runId)?.outcome !== null) return false;
      gateway.cancelled.push(runId);
      return true;
    },
    async describe(runId) {
      requireUp();
      return known.get(runId);
    },
    async listStartedSince(since) {
      requireUp();
      return list().flatMap(({ run }) => (run.startedAt >= since.toISOString() ? [run] : []));
    },
    async listOpen() {
      requireUp();
      return list().flatMap(({ run, outcome }) => (outcome === null ? [run] : []));
    },
    end(runId, outcome) {
      const entry = known.get(runId);
      if (entry) entry.outcome = outcome;
    },
    forget(runId) {
      known.delete(runId);
    },
  };
  return gateway;
}

export const TEST_SETTINGS: ApiSettings = {
  host: '127.0.0.1',
  allowedHosts: ['hydra.example'],
  maxBodyBytes: 64 * 1024,
  maxPromptCharacters: 1_000,
  maxOpenRuns: 5,
  nodeSlots: 1,
  maxTokens: 2_048,
  limits: { modelCalls: 50, tokens: 100_000, minutes: 30, parts: 12, repairRounds: 2 },
};

const LONG_AGO = '2025-01-01T00:00:00.000Z';

/** As without any setting. */
const MEMORY_SETTINGS: MemorySettings = {
  record: 'sqlite',
  redis: null,
  postgres: null,
  chroma: null,
  embeddingModel: 'mxbai-embed-large',
  retentionDays: 365,
  limitBytes: 1_024 ** 3,
  recallTokens: 1_024,
};

/** The API over a real SQLite memory, with runs that a test ends by hand. */
export async function openApi(changes: Partial<ApiDeps> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hydra-api-'));
  const memory = await openSqliteMemory({ folder });
  const runs = createFakeGateway();
  const errors: unknown[] = [];
  const entries = createPlainEntries();
  const deps: ApiDeps = {
    memory,
    ...createMemoryAccess(entries, MEMORY_SETTINGS),
    entryRetention: () => ({ before: LONG_AGO, limitBytes: 1, tombstonesBefore: LONG_AGO }),
    runs,
    pulls: createFakePulls(),
    settings: TEST_SETTINGS,
    version: '1.2.3',
    nodes: async () => [
      aNodeSnapshot({
        id: 'gpu-1' as NodeId,
        url: 'http://gpu-1:11434',
        models: [{ name: 'qwen3:1.7b', sizeBytes: 1_400_000_000, family: 'qwen3', parameterSize: '1.7B' }],
        residentModels: [aResidentModel('qwen3:1.7b')],
        slots: 2,
        busySlots: 1,
        seenAt: '2026-01-01T00:00:00.000Z',
      }),
    ],
    models: async () => ({ roles: { light: ['qwen3:1.7b'] }, models: [], missing: [] }),
    health: async () => ({ parts: [{ name: 'temporal', required: true, healthy: true, detail: 'here' }] }),
    metrics: async () => '',
    reportError: (error) => errors.push(error),
    ...changes,
  };
  async function close(): Promise<void> {
    await memory.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { api: createApi(deps), deps, memory, entries, runs, errors, close };
}

export type OpenedApi = Awaited<ReturnType<typeof openApi>>;

const PROGRAM: Program = {
  language: 'python',
  mainFile: 'main.py',
  files: [
    { path: 'main.py', content: 'def fib(n):\n    return n\n' },
    { path: 'lib/ünïcode name.py', content: '<script>alert(1)</script>' },
  ],
};

/** A verified result whose program is stored. */
export async function storeResult(memory: Memory): Promise<SynthesisResult> {
  return {
    state: 'verified',
    language: 'python',
    programHash: await memory.artifacts.putText(JSON.stringify(PROGRAM)),
    mainFile: 'main.py',
    checks: [
      {
        kind: 'examples',
        author: 'user',
        trusted: true,
        inProcess: false,
        outcome: 'passed',
        passedCount: 2,
        totalCount: 2,
        evidence: '',
        durationMs: 12,
      },
    ],
    parts: [],
    explanations: ['Recalled nothing.'],
    confidence: null,
    runner: 'deno',
    recalledFrom: null,
  };
}

/** Ends a run the way its workflow does: last event first, then the row. */
export async function finishRun(memory: Memory, runId: RunId): Promise<void> {
  await appendEvent(memory, runId, { type: 'run.finished', status: 'completed', summary: 'verified' });
  await memory.runs.update(runId, { status: 'completed', result: await storeResult(memory) });
}

export async function appendEvent(
  memory: Memory,
  runId: RunId,
  body: RunEventBody,
  step: { readonly key: string; readonly attempt: number } | null = null,
): Promise<void> {
  const stepKey = step && (step.key as StepKey);
  await memory.events.append([{ runId, partId: null, stepKey, attempt: step?.attempt ?? 1, body }]);
}

/** Posts JSON to `/generate`. */
export async function postGenerate(
  api: OpenedApi['api'],
  body: unknown,
  headers: Record<string, string> = {},
  query = '',
): Promise<Response> {
  return api.request(`/generate${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
