import { cancellationSignal } from '@temporalio/activity';
import type { NodeId } from '../domain/ids.ts';
import type { Lease, LeaseRequest } from '../domain/lease.ts';
import { sameModel } from '../domain/model-name.ts';
import type { ModelAnswer, ModelStep } from '../domain/model-step.ts';
import type { NodeSnapshot } from '../domain/node.ts';
import { buildPrompt, DATA_ANSWER_TOKENS, estimateTokens, type Prompt } from './build-prompt.ts';
import type { ControlDependencies, FleetDependencies, StoreDependencies } from './dependencies.ts';
import { heartbeatWhile } from './heartbeat-while.ts';
import { contextTokensOf } from './reduce-step.ts';
import { stepKeyOf } from './step-key-of.ts';
import { loadRequest } from './stored-json.ts';

export interface AcquireNodeInput {
  readonly step: ModelStep;
  /** Nodes that failed this call. */
  readonly avoid: readonly NodeId[];
  /** Of the try before. It is still held when the worker that was to take it up is frozen or gone. */
  readonly lastLeaseId?: string;
}

/** A node to call, or the answer that an earlier execution of this step was accepted with. */
export type NodeGrant =
  { readonly kind: 'granted'; readonly lease: Lease } | { readonly kind: 'answered'; readonly answer: ModelAnswer };

/** Waits until the scheduler has a node for the call. */
export async function acquireNode(deps: FleetDependencies, input: AcquireNodeInput): Promise<NodeGrant> {
  const { step, avoid, lastLeaseId } = input;
  if (lastLeaseId !== undefined) deps.scheduler.forfeit(lastLeaseId);
  const accepted = await deps.memory.steps.find(stepKeyOf(step, deps.promptsVersion));
  if (accepted !== undefined) return { kind: 'answered', answer: accepted as ModelAnswer };
  const prompt = await buildPrompt(step, deps.memory.artifacts, contextTokensOf(step, deps));
  const request = await leaseRequest(deps, step, prompt, avoid);
  // Hundreds may wait: four beats in one timeout, of which two may be lost on a busy machine.
  const lease = await heartbeatWhile(deps.settings.timeouts.heartbeatMs / 4, () =>
    tellWhileWaiting(deps, step, () => deps.scheduler.acquire(request, cancellationSignal())),
  );
  return { kind: 'granted', lease };
}

/** A node that is free now, where this process looks after the fleet; null: the call has to wait with `acquireNode`. */
export async function grantNode(
  deps: ControlDependencies,
  { step, avoid, lastLeaseId }: AcquireNodeInput,
): Promise<NodeGrant | null> {
  const scheduler = deps.schedulerHere();
  if (!scheduler) return null;
  if (lastLeaseId !== undefined) scheduler.forfeit(lastLeaseId);
  // The grants of this moment's other calls leave only when this one is through: no reading for a call that has to wait.
  if (scheduler.waitingCalls() > 0) return null;
  const accepted = await deps.memory.steps.find(stepKeyOf(step, deps.promptsVersion));
  if (accepted !== undefined) return { kind: 'answered', answer: accepted as ModelAnswer };
  const prompt = await buildPrompt(step, deps.memory.artifacts, contextTokensOf(step, deps));
  const request = await leaseRequest(deps, step, prompt, avoid);
  const lease = scheduler.acquireNow(request);
  return lease && { kind: 'granted', lease };
}

async function leaseRequest(
  deps: StoreDependencies,
  step: ModelStep,
  prompt: Prompt,
  avoid: readonly NodeId[],
): Promise<LeaseRequest> {
  const { maxTokens, namespace } = await loadRequest(deps.memory.artifacts, step.requestHash);
  return {
    runId: step.runId,
    namespace,
    title: step.title,
    model: step.sample.model,
    promptTokens: estimateTokens(prompt.messages),
    contextTokens: contextTokensOf(step, deps),
    // Answers end well before their limit; half of it is nearer to what is measured than the limit itself.
    completionTokens: Math.ceil((prompt.answerSchema ? DATA_ANSWER_TOKENS / 4 : maxTokens) / 2),
    priority: step.priority,
    avoid,
  };
}

/** Shorter waits are the ordinary turn-taking of calls; from here on a reader wonders. The reason may change as often. */
const SILENT_WAIT_MS = 2_000;
/** A wait comes before the first execution of its step, so that readers keep the text of all of them. */
const BEFORE_EXECUTION = 0;

/** Readers of the run see that it waits, and for what, until it is granted a node. */
async function tellWhileWaiting<Result>(
  deps: FleetDependencies,
  step: ModelStep,
  wait: () => Promise<Result>,
): Promise<Result> {
  const { runId, partId, sample } = step;
  const scope = { runId, partId, stepKey: stepKeyOf(step, deps.promptsVersion), attempt: BEFORE_EXECUTION };
  let told: string | undefined;
  const timer = setInterval(() => {
    const reason = reasonToWait(deps, sample.model);
    if (reason === told) return;
    told = reason;
    deps.events.write({ ...scope, body: { type: 'model.waiting', model: sample.model, reason } });
  }, SILENT_WAIT_MS);
  try {
    return await wait();
  } finally {
    clearInterval(timer);
  }
}

function reasonToWait({ nodes }: FleetDependencies, model: string): string {
  const known = nodes();
  if (known.length === 0) return 'no host is in use; add or resume one, see: hydra nodes';
  const having = known.filter((node) => node.models.some((one) => sameModel(one.name, model)));
  if (having.length === 0) return `no host has ${model}; bring it with: hydra models pull ${model}`;
  const up = having.filter((node) => node.state === 'up');
  if (up.length === 0)
    return `no host with ${model} is up (${having.map((node) => `${node.id}: ${node.problem ?? node.state}`).join('; ')})`;
  const active = up.filter((node) => node.wanted === 'active');
  if (active.length === 0)
    return `${nameAll(up)} draining; let one work again with: hydra nodes resume ${up[0]?.id ?? ''}`;
  return `${nameAll(active)} busy with other calls`;
}

function nameAll(nodes: readonly NodeSnapshot[]): string {
  return `${nodes.map(({ id }) => id).join(', ')} ${nodes.length === 1 ? 'is' : 'are'}`;
}
