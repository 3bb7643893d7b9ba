import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { putJson } from '../../activities/stored-json.ts';
import { createVerifyActivities } from '../../activities/verify/verify-activities.ts';
import type { VerifyProgramInput } from '../../activities/verify/verify-program.ts';
import { loadSettings } from '../../config/load-settings.ts';
import type { JudgedCandidate } from '../../domain/candidate.ts';
import { STATIC_TOOLS } from '../../languages/static-tools.ts';
import { createEventWriter, type EventWriter } from '../../memory/event-writer.ts';
import type { Memory } from '../../memory/ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import type { CallOutcome, ProgramRunner, SandboxJob, SandboxReport } from '../../sandbox/program-runner.ts';
import { aContender, aRequest, aScope, LIMITS } from '../support/candidates.ts';

let folder: string;
let memory: Memory;
let events: EventWriter;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-verify-'));
  memory = await openSqliteMemory({ folder });
  events = createEventWriter(memory.events);
});

afterEach(async () => {
  await events.close();
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

const FIVE: CallOutcome = { ended: 'value', canonical: '5' };

function aReport({ task }: SandboxJob, change: Partial<SandboxReport> = {}): SandboxReport {
  const calls = task.kind === 'calls' ? task.expressions.map(() => FIVE) : [];
  const nothing = { tests: [], exitCode: null, output: '', outputCut: false, durationMs: 1 };
  return { ...nothing, ending: 'finished', loaded: true, loadError: null, calls, runner: 'deno', ...change };
}

/** A sandbox that answers as told and remembers what it was asked. */
function aRunner(run: ProgramRunner['run']): ProgramRunner & { readonly jobs: SandboxJob[] } {
  const jobs: SandboxJob[] = [];
  return {
    jobs,
    description: { name: 'deno', version: '0', languages: ['python'], weaknesses: [] },
    run: (job, signal) => {
      jobs.push(job);
      return run(job, signal);
    },
    close: async () => {},
  };
}

async function anInput(
  change: Partial<VerifyProgramInput['scope']> = {},
  request = aRequest(),
): Promise<VerifyProgramInput> {
  const content = 'def fib(n: int) -> int:\n    return n\n';
  const program = { language: 'python', mainFile: 'main.py', files: [{ path: 'main.py', content }] } as const;
  const scope = aScope({ requestHash: await putJson(memory.artifacts, request), ...change });
  const candidate = { ...aContender(0).judged.candidate, programHash: await putJson(memory.artifacts, program) };
  return { scope, candidate, proposedCalls: [] };
}

function verify(runner: ProgramRunner, input: VerifyProgramInput, environment = new MockActivityEnvironment()) {
  const loaded = loadSettings({ environment: { HYDRA_HOME: folder }, folder });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const stores = { memory, events, settings: loaded.settings };
  const { verifyProgram } = createVerifyActivities({ ...stores, runner, noRunnerReason: '', tools: STATIC_TOOLS });
  return environment.run<[VerifyProgramInput], JudgedCandidate, typeof verifyProgram>(verifyProgram, input);
}

const answersAll = () => aRunner(async (job) => aReport(job));
const isCandidate = ({ task }: SandboxJob): boolean => task.kind === 'calls' && task.module !== null;

describe('verifying a program', () => {
  test.each([
    ['a test that the candidate had skipped counts as failed', '', false],
    ['a test that its own file may skip counts for nothing', '@pytest.mark.skipif(True, reason="")\n', true],
  ])('%s', async (_, mark, proven) => {
    const content = `import pytest\n\n\n${mark}def test_one():\n    assert True\n\n\ndef test_two():\n    assert True\n`;
    const request = aRequest({ tests: [{ path: 'test_main.py', content }] });
    const runner = aRunner(async (job) => {
      const one = { name: 'test_one', outcome: 'skipped', evidence: '' } as const;
      const two = { name: 'test_two', outcome: 'passed', evidence: '' } as const;
      return aReport(job, job.task.kind === 'tests' ? { tests: [one, two] } : {});
    });
    expect(await verify(runner, await anInput({}, request))).toMatchObject({ proven });
  });

  test('that is cut off by a cancel keeps no verdict: the next execution runs the program', async () => {
    const environment = new MockActivityEnvironment();
    const cutOff = aRunner(async (job) => {
      if (!isCandidate(job)) return aReport(job);
      environment.cancel('WORKER_SHUTDOWN');
      return aReport(job, { ending: 'cancelled', loaded: false, calls: [] });
    });
    const input = await anInput();
    await expect(verify(cutOff, input, environment)).rejects.toThrow();
    expect(await verify(answersAll(), input)).toMatchObject({ accepted: true, proven: true });
  });

  test('is done once, whatever was left of the limits when it was asked for again', async () => {
    const first = await verify(answersAll(), await anInput());
    const again = answersAll();
    const limits = { ...LIMITS, modelCalls: 1, tokens: 5 };
    expect(await verify(again, await anInput({ limits, priority: 1 }))).toEqual(first);
    expect(again.jobs).toEqual([]);
  });

  test('evaluates what examples expect anew after a sandbox that gave no answer', async () => {
    const busy = aRunner(async (job) =>
      isCandidate(job) ? aReport(job) : aReport(job, { ending: 'wall_clock', calls: [{ ended: 'timeout' }] }),
    );
    expect(await verify(busy, await anInput())).toMatchObject({ proven: false });
    const other = await anInput();
    const candidate = { ...other.candidate, sample: { index: 1, model: 'small', temperature: 0.7, seed: 2 } };
    expect(await verify(answersAll(), { ...other, candidate })).toMatchObject({ proven: true });
  });
});
