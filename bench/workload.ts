import { DEFAULT_NAMESPACE } from '../domain/namespace.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import type { Settings } from '../config/settings.ts';
import { createRandom } from '../languages/seeded-random.ts';

/** One burst of requests. */
export interface Load {
  readonly requests: number;
  /** Requests that are open at the same time. */
  readonly atOnce: number;
  /** Candidates of each request; each is one model call and one verification. */
  readonly candidates: number;
}

/** Whether linter and type checker are the real programs. */
export type Checkers = 'instant' | 'real';

/** What one run of the bench does. */
export interface BenchPlan {
  readonly rounds: number;
  readonly loads: readonly Load[];
  /** Measured with the real linter and type checker. */
  readonly checkerLoads: readonly Load[];
  readonly idleSeconds: number;
}

/** Enough requests for each load to last some seconds, and two rounds in opposite order, so that a drift of the machine cancels out. */
export const FULL_PLAN: BenchPlan = {
  rounds: 2,
  loads: [
    { requests: 10, atOnce: 1, candidates: 1 },
    { requests: 50, atOnce: 10, candidates: 1 },
    { requests: 100, atOnce: 50, candidates: 1 },
    { requests: 200, atOnce: 200, candidates: 1 },
    { requests: 100, atOnce: 50, candidates: 2 },
  ],
  checkerLoads: [
    { requests: 10, atOnce: 1, candidates: 1 },
    { requests: 100, atOnce: 50, candidates: 1 },
  ],
  idleSeconds: 60,
};

/** About a minute: shows that the bench works, and nothing about speed. */
export const QUICK_PLAN: BenchPlan = {
  rounds: 1,
  loads: [
    { requests: 3, atOnce: 1, candidates: 1 },
    { requests: 10, atOnce: 10, candidates: 1 },
    { requests: 4, atOnce: 4, candidates: 2 },
  ],
  checkerLoads: [{ requests: 10, atOnce: 10, candidates: 1 }],
  idleSeconds: 5,
};

/** The model that all simulated hosts have; of a size for which nothing is done beyond what the request asks. */
export const MODEL = { name: 'qwen2.5-coder:7b', parameterSize: '7B' } as const;

/** What every simulated host answers: right for every request of the bench. */
export const ANSWER = '```javascript\nexport function keep(value) {\n  return value;\n}\n```\n';

/**
 * A request for one JavaScript function with an example. Each is new, so that recall looks for it and finds nothing; the parser
 * knows all that is to be known, so that no model is asked to classify it.
 * Determinism: seed and index give the same request.
 */
export function createRequest(
  seed: number,
  index: number,
  candidates: number,
  { defaults }: Pick<Settings, 'defaults'>,
): SynthesisRequest {
  const value = String(createRandom(seed + index)(1_000_000));
  return {
    prompt: `Write a JavaScript function keep(value) that returns its argument. Series ${seed}, task ${index}.`,
    language: 'javascript',
    maxTokens: defaults.maxTokens,
    models: [],
    tests: [],
    examples: [{ call: `keep(${value})`, expected: value, source: 'user' }],
    files: [],
    candidates,
    decompose: 'auto',
    priority: 3,
    namespace: DEFAULT_NAMESPACE,
    fresh: false,
    limits: defaults.limits,
  };
}
