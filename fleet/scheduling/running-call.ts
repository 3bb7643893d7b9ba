import type { NodeId } from '../../domain/ids.ts';
import type { Host, RunningCall } from './host.ts';
import type { Trial } from '../health/host-breakers.ts';
import type { CallToPlace, PlannedGrant } from './plan-grants.ts';
import type { CallReport, EndedCall } from '../scheduler-port.ts';
import type { WaitingCall } from './waiting-call.ts';

/** What makes a waiting call a running one. */
interface Start {
  readonly host: Host;
  readonly call: WaitingCall;
  readonly grant: PlannedGrant<CallToPlace>;
  readonly leaseId: string;
  readonly trials: readonly Trial[];
  readonly nowMs: number;
}

/** The call as it is at the moment of its grant. */
export function createRunningCall({ host, call, grant, leaseId, trials, nowMs }: Start): RunningCall {
  const { namespace, contextTokens, completionTokens } = call.request;
  return {
    leaseId,
    model: call.model,
    namespace,
    contextTokens,
    completionTokens,
    grantedMs: nowMs,
    expectedSeconds: grant.expectedSeconds,
    modelReadyMs: nowMs + grant.loadSeconds * 1000,
    mustLoad: grant.mustLoad,
    sameModelCalls: 1 + [...host.running.values()].filter((other) => other.model === call.model).length,
    trials,
  };
}

/** The call as others are told of it once it is over. */
export function endedCall(nodeId: NodeId, call: RunningCall, report: CallReport, nowMs: number): EndedCall {
  const { leaseId, model, expectedSeconds, grantedMs } = call;
  return { leaseId, nodeId, model, expectedSeconds, seconds: (nowMs - grantedMs) / 1000, report };
}
