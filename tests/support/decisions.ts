import type { FleetDecision } from '../../domain/fleet-decision.ts';
import type { NodeId, RunId } from '../../domain/ids.ts';

/** A grant between two hosts; a third had not the model. */
export function aDecision(leaseId: string, change: Partial<FleetDecision> = {}): FleetDecision {
  const [chosen, other, third] = [nodeId('gpu-1'), nodeId('gpu-2'), nodeId('laptop')];
  return {
    leaseId,
    at: '2026-01-01T00:00:00.000Z',
    runId: 'run-1' as RunId,
    title: 'write main.py, candidate 1',
    model: 'coder:7b',
    promptTokens: 300,
    completionTokens: 200,
    waitedSeconds: 0.5,
    nodeId: chosen,
    expectedSeconds: 3,
    offers: [
      { nodeId: other, mustLoad: true, waitSeconds: 0, finishSeconds: 9.8 },
      { nodeId: chosen, mustLoad: false, waitSeconds: 0, finishSeconds: 3 },
    ],
    passedOver: [{ nodeId: third, reason: 'model_absent' }],
    outcome: null,
    ...change,
  };
}

function nodeId(name: string): NodeId {
  return name as NodeId;
}
