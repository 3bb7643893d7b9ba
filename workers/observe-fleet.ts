import type { Registry } from 'prom-client';
import type { EndedCall } from '../fleet/scheduler-port.ts';
import type { DecisionWriter } from '../memory/decision-writer.ts';
import type { FleetOwnerOptions } from './fleet-owner.ts';
import { createCallMetrics } from './metrics/call-metrics.ts';

/** What is noted of the scheduler's work: each decision and its outcome in the log, each call in the metrics. */
export function observeFleet(
  decisions: DecisionWriter,
  registry: Registry,
): NonNullable<FleetOwnerOptions['observer']> {
  const count = createCallMetrics(registry);
  return {
    onDecision: (decision) => decisions.noteDecision(decision),
    onEnded(call: EndedCall) {
      const { leaseId, seconds, report } = call;
      decisions.noteOutcome({ leaseId, seconds, ended: report.ended, endedAt: new Date().toISOString() });
      count(call);
    },
  };
}
