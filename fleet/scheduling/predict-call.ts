import type { NodeId } from '../../domain/ids.ts';
import type { CallPrediction } from '../../domain/lease.ts';
import type { RateBook } from '../learning/learned-rates.ts';
import type { WaitingCall } from './waiting-call.ts';

/** What a call is expected to take on a host, and on how much that rests. */
export function predictCall(rates: RateBook, nodeId: NodeId, { model, request }: WaitingCall): CallPrediction {
  const { loadSeconds, samples } = rates.learned(nodeId, model);
  const { promptSecondsPerToken, completionSecondsPerToken } = rates.estimate(nodeId, model);
  return {
    loadSeconds,
    promptSeconds: request.promptTokens * promptSecondsPerToken,
    completionTokensPerSecond: 1 / completionSecondsPerToken,
    samples,
  };
}
