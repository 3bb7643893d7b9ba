import type { JudgedCandidate } from '../../domain/candidate.ts';
import type { Classification } from '../../domain/classification.ts';
import type { ContentHash, NodeId, PartId, RunId, StepKey } from '../../domain/ids.ts';
import { WHOLE_PROGRAM } from '../../domain/ids.ts';
import type { ProgramScope } from '../../domain/program-scope.ts';
import type { RequestLimits, SynthesisRequest } from '../../domain/request.ts';
import { firstRejection, isProven, type Check, type Verdict } from '../../domain/verdict.ts';
import type { Contender } from '../../activities/decide/select-candidate.ts';

export const LIMITS: RequestLimits = { modelCalls: 40, tokens: 100_000, minutes: 10, parts: 8, repairRounds: 2 };

/** A request with every default, as the API hands it on. */
export function aRequest(change: Partial<SynthesisRequest> = {}): SynthesisRequest {
  return {
    prompt: 'Create a Python function to calculate fibonacci numbers',
    maxTokens: 2048,
    models: [],
    tests: [],
    examples: [],
    files: [],
    decompose: 'auto',
    priority: 3,
    namespace: 'default',
    fresh: false,
    limits: LIMITS,
    ...change,
  };
}

export function aClassification(change: Partial<Classification> = {}): Classification {
  return {
    kind: 'function',
    language: 'python',
    entryPoints: ['fib'],
    entryPointsBy: 'user',
    examples: [{ call: 'fib(5)', expected: '5', source: 'user' }],
    needs: { network: false, files: false, gui: false, packages: [] },
    complexity: 'simple',
    decidedBy: 'parser',
    mainFile: 'main.py',
    ...change,
  };
}

export function aScope(change: Partial<ProgramScope> = {}): ProgramScope {
  return {
    runId: 'run-1' as RunId,
    requestHash: 'hash' as ContentHash,
    classification: aClassification(),
    partId: WHOLE_PROGRAM,
    planned: null,
    priority: 3,
    limits: LIMITS,
    ...change,
  };
}

export function aCheck(change: Partial<Check> = {}): Check {
  return {
    kind: 'examples',
    author: 'user',
    trusted: true,
    inProcess: false,
    outcome: 'passed',
    passedCount: 1,
    totalCount: 1,
    evidence: '',
    durationMs: 1,
    ...change,
  };
}

/** A judged candidate: `values` are its probe outputs, `checks` what verification found. */
export function aContender(
  index: number,
  {
    values = [],
    checks = [],
    model = 'small',
    origin = 'sample',
    sizeCharacters = 100,
  }: {
    values?: readonly string[];
    checks?: readonly Check[];
    model?: string;
    origin?: 'sample' | 'repair' | 'merge';
    sizeCharacters?: number;
  } = {},
): Contender {
  const probes = values.map((canonical, probe) => ({ call: `fib(${probe})`, ended: 'value' as const, canonical }));
  const verdict: Verdict = { checks, probes, runner: 'deno', durationMs: 1 };
  const judged: JudgedCandidate = {
    candidate: {
      stepKey: `step-${index}` as StepKey,
      partId: 'whole' as PartId,
      origin,
      programHash: `program-${index}` as ContentHash,
      sample: { index, model, temperature: 0.2, seed: index + 1 },
      usage: { model, nodeId: 'n1' as NodeId, promptTokens: 10, completionTokens: 20, durationMs: 5, hops: 0 },
    },
    verdictHash: `verdict-${index}` as ContentHash,
    accepted: firstRejection(verdict) === undefined,
    proven: isProven(verdict),
    summary: firstRejection(verdict)?.evidence ?? 'ok',
  };
  return { judged, verdict, sizeCharacters };
}
