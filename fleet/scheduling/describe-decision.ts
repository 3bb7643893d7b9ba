import type { FleetDecision, PassedOverHost, PassedOverReason } from '../../domain/fleet-decision.ts';
import type { HostBreakers } from '../health/host-breakers.ts';
import type { Host, RunningCall } from './host.ts';
import type { CallOnOffer } from './offer-hosts.ts';
import type { MemoryLimits } from '../model-memory/memory-limits.ts';
import type { PlannedGrant } from './plan-grants.ts';
import type { WaitingCall } from './waiting-call.ts';

/** What the scheduler knew when it made a grant. */
export interface DecisionView {
  readonly grant: PlannedGrant<CallOnOffer>;
  readonly running: RunningCall;
  readonly hosts: Iterable<Host>;
  readonly breakers: HostBreakers;
  readonly memoryLimits: MemoryLimits;
}

/** A grant with what else could have been done: what each host offered, and why the others were not asked. */
export function describeDecision({ grant, running, hosts, ...known }: DecisionView): FleetDecision {
  const { waiting } = grant.call;
  const { request } = waiting;
  const offered = new Set(grant.offers.map((offer) => offer.nodeId));
  const others = [...hosts].filter((host) => !offered.has(host.address.id));
  return {
    leaseId: running.leaseId,
    at: new Date(running.grantedMs).toISOString(),
    runId: request.runId,
    title: request.title ?? '',
    model: waiting.model,
    promptTokens: request.promptTokens,
    completionTokens: request.completionTokens,
    waitedSeconds: (running.grantedMs - waiting.arrivedMs) / 1000,
    nodeId: grant.nodeId,
    expectedSeconds: grant.expectedSeconds,
    offers: grant.offers,
    passedOver: others.map((host): PassedOverHost => ({
      nodeId: host.address.id,
      reason: whyPassedOver(host, waiting, known),
    })),
    outcome: null,
  };
}

function whyPassedOver(
  host: Host,
  { model, request }: WaitingCall,
  { breakers, memoryLimits }: Pick<DecisionView, 'breakers' | 'memoryLimits'>,
): PassedOverReason {
  const { id } = host.address;
  if (host.removed) return 'removed';
  if (!host.alive) return 'down';
  if (host.draining) return 'draining';
  if (!host.models.has(model) || host.missingModels.has(model)) return 'model_absent';
  if (!memoryLimits.fits(id, model, request.contextTokens)) return 'no_memory';
  return request.avoid.includes(id) && breakers.permits(id, model) ? 'avoided' : 'resting';
}
