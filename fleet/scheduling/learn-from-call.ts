import { fullModelName } from '../../domain/model-name.ts';
import type { Host, RunningCall } from './host.ts';
import type { Learning } from './learning.ts';
import { sampleOf } from './rate-sample.ts';
import type { EndedCall } from '../scheduler-port.ts';

/** Takes in how a call ended on a host. */
export function learnFromCall(
  { rates, lengths, shares, breakers, memoryLimits }: Learning,
  host: Host,
  call: RunningCall,
  { seconds, report }: EndedCall,
): void {
  const { id } = host.address;
  shares.charge(call.namespace, seconds - call.expectedSeconds);
  shares.leave(call.namespace);
  switch (report.ended) {
    case 'finished':
      rates.record(id, call.model, sampleOf(host, call, report));
      lengths.record(call.model, call.completionTokens, report.completionTokens);
      host.residentModels.add(call.model);
      memoryLimits.disprove(id, call.model, call.contextTokens);
      return breakers.succeeded(id, call.model, call.trials);
    case 'unavailable':
      rates.recordFailure(id, call.model);
      return breakers.failed(id, call.model);
    case 'model_unavailable':
      rates.recordFailure(id, call.model);
      return breakers.modelFailed(id, call.model, call.trials);
    case 'out_of_memory':
      rates.recordFailure(id, call.model);
      memoryLimits.note(id, call.model, report.contextTokens);
      return breakers.abandoned(call.trials);
    case 'model_missing':
      host.missingModels.add(fullModelName(call.model));
      return breakers.abandoned(call.trials);
    case 'busy':
    case 'neutral':
      return breakers.abandoned(call.trials);
    default:
      return report satisfies never;
  }
}
