import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { NodeId } from '../domain/ids.ts';
import type { Lease, LeaseRequest } from '../domain/lease.ts';
import type { ModelAnswer, ModelStep } from '../domain/model-step.ts';
import { buildPrompt, DATA_ANSWER_TOKENS, estimateTokens, type Prompt } from './build-prompt.ts';
import type { FleetDependencies } from './dependencies.ts';
import { heartbeatWhile } from './heartbeat-while.ts';
import { stepKeyOf } from './step-key-of.ts';
import { loadRequest } from './stored-json.ts';

export interface AcquireNodeInput {
  readonly step: ModelStep;
  /** Nodes that failed this call. */
  readonly avoid: readonly NodeId[];
}

/** A node to call, or the answer that an earlier execution of this step was accepted with. */
export type NodeGrant =
  { readonly kind: 'granted'; readonly lease: Lease } | { readonly kind: 'answered'; readonly answer: ModelAnswer };

/** Waits until the scheduler has a node for the call. */
export async function acquireNode(deps: FleetDependencies, { step, avoid }: AcquireNodeInput): Promise<NodeGrant> {
  const accepted = await deps.memory.steps.find(stepKeyOf(step, deps.promptsVersion));
  if (accepted !== undefined) return { kind: 'answered', answer: accepted as ModelAnswer };
  const prompt = await buildPrompt(step, deps.memory.artifacts);
  const request = await leaseRequest(deps, step, prompt, avoid);
  // Hundreds may wait: four beats in one timeout, of which two may be lost on a busy machine.
  const lease = await heartbeatWhile(deps.settings.timeouts.heartbeatMs / 4, () =>
    deps.scheduler.acquire(request, cancellationSignal()),
  );
  heartbeat(lease.leaseId);
  return { kind: 'granted', lease };
}

async function leaseRequest(
  deps: FleetDependencies,
  step: ModelStep,
  prompt: Prompt,
  avoid: readonly NodeId[],
): Promise<LeaseRequest> {
  const { maxTokens } = await loadRequest(deps.memory.artifacts, step.requestHash);
  return {
    runId: step.runId,
    model: step.sample.model,
    promptTokens: estimateTokens(prompt.messages),
    // Answers end well before their limit; half of it is nearer to what is measured than the limit itself.
    completionTokens: Math.ceil((prompt.answerSchema ? DATA_ANSWER_TOKENS / 4 : maxTokens) / 2),
    priority: step.priority,
    avoid,
  };
}
