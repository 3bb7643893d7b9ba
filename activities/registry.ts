import type { ModelStep } from '../domain/model-step.ts';
import { acquireNode, grantNode, type AcquireNodeInput } from './acquire-node.ts';
import { asActivity } from './as-activity.ts';
import { classifyByParser } from './classify-by-parser.ts';
import { decideFromStores, type DecideNextInput } from './decide/decide-from-stores.ts';
import type { ControlDependencies, FleetDependencies, PullDependencies } from './dependencies.ts';
import { generateText, type GenerateTextInput } from './generate-text.ts';
import { mergeParts, type MergeInput } from './merge-program.ts';
import { planSample, type PlanSampleInput } from './plan-sample.ts';
import { pullOnNode, type PullOnNodeInput } from './pull-on-node.ts';
import { recallResult } from './recall-result.ts';
import { recordFailure, recordResult, type RecordFailureInput, type RecordResultInput } from './record-outcome.ts';
import { recordProgress, type RecordProgressInput } from './record-progress.ts';
import { reduceStep } from './reduce-step.ts';
import { createTurns } from './take-turns.ts';

type ByRequest = Parameters<typeof classifyByParser>[1];

/** Quick steps beside the workflows, on the control queue. */
export function createControlActivities(deps: ControlDependencies) {
  return {
    grantNode: asActivity((input: AcquireNodeInput) => grantNode(deps, input)),
    recallResult: asActivity((input: Parameters<typeof recallResult>[1]) => recallResult(deps, input)),
    classifyByParser: asActivity((input: ByRequest) => classifyByParser(deps, input)),
    planSample: asActivity((input: PlanSampleInput) => planSample(deps, input)),
    decideNext: asActivity((input: DecideNextInput) => decideFromStores(deps, input)),
    mergeProgram: asActivity((input: MergeInput) => mergeParts(deps, input)),
    reduceStep: asActivity((step: ModelStep) => reduceStep(deps, step)),
    recordProgress: asActivity((input: RecordProgressInput) => recordProgress(deps, input)),
    recordResult: asActivity((input: RecordResultInput) => recordResult(deps, input)),
    recordFailure: asActivity((input: RecordFailureInput) => recordFailure(deps, input)),
  };
}

/** Waiting for a node, and what is done on hosts beside calls, on the fleet owner's queue. */
export function createFleetActivities(deps: FleetDependencies & PullDependencies) {
  const inTurn = createTurns();
  return {
    acquireNode: asActivity((input: AcquireNodeInput) => acquireNode(deps, input)),
    pullOnNode: asActivity((input: PullOnNodeInput) => pullOnNode(deps, inTurn, input)),
  };
}

/** Calls on one Ollama host, on its own queue. */
export function createNodeActivities(deps: FleetDependencies) {
  return { generateText: asActivity((input: GenerateTextInput) => generateText(deps, input)) };
}

export type ControlActivities = ReturnType<typeof createControlActivities>;
export type FleetActivities = ReturnType<typeof createFleetActivities>;
export type NodeActivities = ReturnType<typeof createNodeActivities>;
export type { NodeGrant } from './acquire-node.ts';
export type { VerifyActivities } from './verify/verify-activities.ts';
