import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RememberingDependencies } from '../../../activities/dependencies.ts';
import { recordResult, type RecordResultInput } from '../../../activities/record-outcome.ts';
import { normaliseError } from '../../../activities/remember/normalise-error.ts';
import { rememberWork } from '../../../activities/remember/remember-work.ts';
import { putJson } from '../../../activities/stored-json.ts';
import type { ContentHash, PartId, RunId } from '../../../domain/ids.ts';
import type { KeptEntry } from '../../../domain/memory-entry.ts';
import type { Plan } from '../../../domain/plan.ts';
import type { Program } from '../../../domain/program.ts';
import type { ProvenWork } from '../../../domain/proven-work.ts';
import type { SynthesisRequest } from '../../../domain/request.ts';
import type { SynthesisResult } from '../../../domain/result.ts';
import type { Check, Verdict } from '../../../domain/verdict.ts';
import { createEventWriter, type EventWriter } from '../../../memory/event-writer.ts';
import type { Memory } from '../../../memory/ports.ts';
import { openSqliteMemory } from '../../../memory/sqlite/open-sqlite-memory.ts';
import { listProvenWork } from '../../../workflows/list-proven-work.ts';
import { listRepairs, openLedger } from '../../../workflows/ledger.ts';
import { createPlainEntries } from '../../support/plain-entries.ts';
import { aCheck, aContender, aRequest } from '../../support/candidates.ts';
import { loadGood } from '../../support/settings-folder.ts';

let folder: string;
let memory: Memory;
let events: EventWriter;
let deps: RememberingDependencies;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-remember-'));
  memory = await openSqliteMemory({ folder });
  events = createEventWriter(memory.events);
  deps = { memory, entries: createPlainEntries(memory), events, settings: loadGood(), promptsVersion: 'test' };
});

afterEach(async () => {
  await events.close();
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

const NOTHING_ELSE: ProvenWork = { planHash: null, parts: [], repairs: [], offeredHash: null };
const CODE = 'def area(width, height):\n    return width * height\n';

async function storeProgram(content: string, mainFile = 'main.py'): Promise<ContentHash> {
  const program: Program = { language: 'python', mainFile, files: [{ path: mainFile, content }] };
  return putJson(memory.artifacts, program);
}

/** Remembers a program as the verified result of a run. */
async function remember(
  code: string,
  { work = {}, request = {} }: { work?: Partial<ProvenWork>; request?: Partial<SynthesisRequest> } = {},
): Promise<void> {
  const asked = aRequest({ prompt: 'Write a Python function area(width, height).', ...request });
  const requestHash = await putJson(memory.artifacts, asked);
  const programHash = await storeProgram(code);
  await rememberWork(deps, { runId: 'run-1' as RunId, requestHash, programHash, work: { ...NOTHING_ELSE, ...work } });
}

async function kept(kind: 'work' | 'lesson' | 'answer'): Promise<readonly KeptEntry[]> {
  const entries: KeptEntry[] = [];
  for await (const entry of deps.entries.list({ kinds: [kind], limit: 100 })) entries.push(entry);
  return entries;
}

async function offerOf(code: string): Promise<ContentHash> {
  await remember(code, { request: { namespace: 'elsewhere' } });
  const [{ id, runId, value } = expect.fail('nothing was kept')] = await kept('work');
  return value.kind === 'work' ? putJson(memory.artifacts, [{ id, runId, value }]) : expect.fail();
}

describe('verified work', () => {
  test('is kept with its request, signature, code and what proved it', async () => {
    const example = { call: 'area(2, 3)', expected: '6', source: 'user' } as const;
    const tests = [{ path: 'test_main.py', content: 'def test_area(): assert area(1, 1) == 1\n' }];
    await remember(CODE, { request: { examples: [example], tests } });
    const [entry, ...others] = await kept('work');
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ namespace: 'default', runId: 'run-1', value: { contract: '', code: CODE.trim() } });
    expect(entry?.text).toBe('Write a Python function area(width, height).\ndef area(width, height)');
    expect(entry?.value).toMatchObject({ tests: expect.stringMatching(/^area\(2, 3\) -> 6\n==> test_main\.py <==\n/) });
  });

  test('is kept once when only its spacing and comments differ, and again in another namespace', async () => {
    await remember(CODE);
    await remember('# the area\ndef area(width, height):\n\n    # times\n    return  width * height');
    expect(await kept('work')).toEqual([expect.objectContaining({ version: 1 })]);
    await remember(CODE, { request: { namespace: 'other' } });
    expect(await kept('work')).toHaveLength(2);
  });

  test('is not kept when it is nearly what the run was offered, and kept when it is not', async () => {
    const lines = Array.from({ length: 20 }, (_, index) => `def step${index}(x):\n    return x + ${index}\n`);
    const offeredHash = await offerOf(lines.join('\n'));
    await remember(lines.join('\n').replace('x + 7', 'x - 7'), { work: { offeredHash } });
    expect(await kept('work')).toHaveLength(1);
    await remember('def other(x):\n    return x', { work: { offeredHash } });
    expect(await kept('work')).toHaveLength(2);
  });

  test('of a plan is kept whole and by part, each part with its contract', async () => {
    const part = (name: string, file: string): Plan['parts'][number] => ({
      id: name as PartId,
      title: `compute ${name}`,
      kind: 'function',
      file,
      provides: [{ name, signature: `def ${name}(x)`, doc: 'numbers' }],
      uses: [],
      requirements: ['be exact'],
      examples: [],
    });
    const parts = [part('double', 'double.py'), part('main', 'main.py')];
    const plan: Plan = { language: 'python', summary: '', files: [], sharedTypes: [], parts, mainFile: 'main.py' };
    const planHash = await putJson(memory.artifacts, plan);
    const programHash = await storeProgram('def double(x):\n    return 2 * x\n', 'double.py');
    await remember(CODE, { work: { planHash, parts: [{ partId: 'double' as PartId, programHash }] } });
    const values = (await kept('work')).map(({ value }) => value);
    expect(values).toHaveLength(2);
    expect(values).toContainEqual(
      expect.objectContaining({ request: 'compute double\nbe exact', contract: 'def double(x): numbers' }),
    );
    expect(values).toContainEqual(expect.objectContaining({ code: CODE.trim(), contract: 'def main(x): numbers' }));
  });
});

describe('a lesson', () => {
  const rejection = (evidence: string): Check =>
    aCheck({ kind: 'import', author: 'hydra', outcome: 'failed', evidence });

  async function repair(before: string, after: string, evidence = 'NameError: name "w" is not defined') {
    const verdict: Verdict = { checks: [rejection(evidence)], probes: [], runner: 'deno', durationMs: 1 };
    return {
      failedHash: await storeProgram(before),
      verdictHash: await putJson(memory.artifacts, verdict),
      mendedHash: await storeProgram(after),
    };
  }

  test('is the error and a small diff, once for each error wherever it happened', async () => {
    const before = CODE.replace('width *', 'w *');
    const places = [
      'File "/tmp/a1/main.py", line 2: NameError at 0x7f01ab',
      'File "/srv/b/main.py", line 9: NameError at 0x99fe',
    ];
    for (const place of places) await remember(CODE, { work: { repairs: [await repair(before, CODE, place)] } });
    const [lesson, ...others] = await kept('lesson');
    expect(others).toEqual([]);
    expect(lesson?.text).toBe('import: File "main.py", line …: NameError at 0x…');
    expect(lesson?.value).toMatchObject({
      error: lesson?.text,
      fix: expect.stringContaining('-    return w * height\n+    return width * height'),
    });
  });

  test('is not kept of a program that was written anew, or not changed', async () => {
    const rewritten = Array.from({ length: 100 }, (_, index) => `value_${index} = ${index}`).join('\n');
    await remember(CODE, { work: { repairs: [await repair(CODE, rewritten), await repair(CODE, CODE)] } });
    expect(await kept('lesson')).toEqual([]);
  });
});

describe('the text of an error', () => {
  test.each([
    ['at /home/mona/x/main.ts:12:5', 'at main.ts'],
    ['at file:///tmp/hydra-1/main.ts:12:5', 'at main.ts'],
    ['C:\\Users\\mona\\main.py is bad', 'main.py is bad'],
    ['<Stack object at 0x7f3c2a10>', '<Stack object at 0x…>'],
    ['6 / 2 gave 3, expected 4/2', '6 / 2 gave 3, expected 4/2'],
    ['add(2, 3) gave -1, expected 5', 'add(2, 3) gave -1, expected 5'],
  ])('%s becomes %s', (text, normalised) => {
    expect(normaliseError(text)).toBe(normalised);
  });
});

describe('what a run may hand over', () => {
  const proven = aContender(0, { checks: [aCheck()] }).judged;
  const result = {
    state: 'verified',
    programHash: proven.candidate.programHash,
    recalledFrom: null,
  } as SynthesisResult;
  const run = { ledger: { ...openLedger(), judged: [proven] }, built: new Map(), planHash: null, offeredHash: null };

  test('is nothing unless the result is verified and was made by it', () => {
    expect(listProvenWork(run, result)).toEqual(NOTHING_ELSE);
    expect(listProvenWork(run, { ...result, recalledFrom: 'run-0' })).toBeNull();
    for (const state of ['consistent', 'unverified', 'partial'] as const)
      expect(listProvenWork(run, { ...result, state })).toBeNull();
  });

  test('is a repair only when what it made has passed', () => {
    const failed = aContender(0, { checks: [aCheck({ outcome: 'failed' })] }).judged;
    const mend = (index: number, outcome: Check['outcome']) => {
      const { judged } = aContender(index, { checks: [aCheck({ outcome })], origin: 'repair' });
      return { ...judged, candidate: { ...judged.candidate, repairOf: failed.candidate.programHash } };
    };
    const mended = mend(2, 'passed');
    expect(listRepairs({ judged: [failed, mend(1, 'failed'), mended] })).toEqual([
      {
        failedHash: failed.candidate.programHash,
        verdictHash: failed.verdictHash,
        mendedHash: mended.candidate.programHash,
      },
    ]);
  });
});

describe('the end of a run', () => {
  async function anEnd(change: Partial<RecordResultInput> = {}): Promise<RecordResultInput> {
    const result = {
      state: 'verified',
      language: 'python',
      programHash: await storeProgram(CODE),
      mainFile: 'main.py',
      checks: [],
      parts: [],
      explanations: ['It went well.'],
      confidence: null,
      runner: 'deno',
      recalledFrom: null,
    } as const;
    const requestHash = await putJson(memory.artifacts, aRequest());
    const progress = { phase: 'record', parts: [], modelCalls: 1, tokens: 1 } as const;
    const runId = 'run-1' as RunId;
    return { runId, requestHash, recallKey: requestHash, result, work: NOTHING_ELSE, progress, ...change };
  }

  test('keeps answer and work once, however often it is recorded', async () => {
    const end = await anEnd();
    await recordResult(deps, end);
    await recordResult(deps, end);
    const entries = [...(await kept('answer')), ...(await kept('work'))];
    expect(entries.map(({ kind, version }) => [kind, version])).toEqual([
      ['answer', 1],
      ['work', 1],
    ]);
  });

  test('with a recalled result keeps nothing', async () => {
    const { result, ...end } = await anEnd({ work: null });
    await recordResult(deps, { ...end, result: { ...result, recalledFrom: 'run-0' } });
    expect([...(await kept('answer')), ...(await kept('work'))]).toEqual([]);
  });

  test('comes with its result also when its work cannot be kept, and says so', async () => {
    const missing = 'f'.repeat(64) as ContentHash;
    await recordResult(deps, await anEnd({ work: { ...NOTHING_ELSE, planHash: missing } }));
    const run = await memory.runs.find('run-1' as RunId);
    expect(run).toMatchObject({ status: 'completed', result: { state: 'verified' } });
    expect(run?.result?.explanations.at(-1)).toMatch(/^It is not offered to later requests: /);
  });
});
