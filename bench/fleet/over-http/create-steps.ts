import { writeProgramPrompt } from '../../../activities/prompts/write-program.ts';
import type { Classification } from '../../../domain/classification.ts';
import { WHOLE_PROGRAM, type RunId } from '../../../domain/ids.ts';
import type { ModelStep } from '../../../domain/model-step.ts';
import type { RequestLimits, SynthesisRequest } from '../../../domain/request.ts';
import type { ArtifactStore } from '../../../memory/ports.ts';
import type { BenchCall, BenchJob } from '../scenario.ts';
import { promptOf } from './bench-texts.ts';
import { allowedTokens } from './speed-up.ts';
import type { CallToPlay } from './workflows.ts';

/** Nothing is run and nothing is planned: any program will do, and the limits of a run are not reached. */
const CLASSIFICATION: Classification = {
  kind: 'function',
  language: 'javascript',
  entryPoints: [],
  entryPointsBy: 'nobody',
  examples: [],
  needs: { network: false, files: false, gui: false, packages: [] },
  complexity: 'simple',
  decidedBy: 'parser',
  mainFile: 'main.js',
};
const LIMITS: RequestLimits = { modelCalls: 1, tokens: 100_000, minutes: 60, parts: 1, repairRounds: 0 };

/** Stores the prompts of a job's calls as requests, and makes the steps that ask for them. */
export function createSteps(job: BenchJob, runId: RunId, artifacts: ArtifactStore): Promise<readonly CallToPlay[]> {
  return Promise.all(
    job.calls.map(async (call) => ({
      id: call.id,
      after: call.after,
      step: await createStep(call, job.namespace, runId, artifacts),
    })),
  );
}

async function createStep(
  call: BenchCall,
  namespace: string,
  runId: RunId,
  artifacts: ArtifactStore,
): Promise<ModelStep> {
  const requestHash = await artifacts.putText(JSON.stringify(createRequest(call, namespace)));
  const scope = {
    runId,
    requestHash,
    classification: CLASSIFICATION,
    partId: WHOLE_PROGRAM,
    planned: null,
    priority: 3 as const,
    limits: LIMITS,
  };
  return {
    runId,
    requestHash,
    partId: WHOLE_PROGRAM,
    task: { role: 'write', scope },
    sample: { index: 0, model: call.model, temperature: 0, seed: 1 },
    invalidAnswer: null,
    priority: 3,
    title: call.id,
  };
}

function createRequest(call: BenchCall, namespace: string): SynthesisRequest {
  const request: SynthesisRequest = {
    prompt: '',
    maxTokens: allowedTokens(call),
    models: [],
    tests: [],
    examples: [],
    files: [],
    decompose: 'never',
    priority: 3,
    namespace,
    fresh: true,
    limits: LIMITS,
  };
  const overhead = writeProgramPrompt(request, CLASSIFICATION).reduce((sum, { content }) => sum + content.length, 0);
  return { ...request, prompt: promptOf(call, overhead) };
}
