import type { Gauge, Registry } from 'prom-client';
import type { NodeSnapshot } from '../../domain/node.ts';
import type { Scheduler } from '../../fleet/scheduler-port.ts';
import type { FleetOwner } from '../fleet-owner.ts';
import { addGauge } from './add-gauge.ts';

const BREAKER_STATES = ['closed', 'half-open', 'open'] as const;

/** What only the process that looks after the fleet knows; read when somebody asks. Other processes give `hydra_fleet_owner 0`. */
export function addSchedulerMetrics(
  registry: Registry,
  owner: FleetOwner,
  nodes: () => Promise<readonly NodeSnapshot[]>,
): void {
  addGauge(registry, {
    name: 'hydra_fleet_owner',
    help: '1 in the process that looks after the fleet.',
    collect() {
      this.set(owner.scheduler() ? 1 : 0);
    },
  });
  addGauge(registry, {
    name: 'hydra_waiting_calls',
    help: 'Model calls that wait for a host; in the process that looks after the fleet.',
    collect() {
      this.set(owner.scheduler()?.waitingCalls() ?? 0);
    },
  });
  addGauge(registry, {
    name: 'hydra_node_breaker_state',
    help: 'Breaker of each host: 1 at its state. An open one rests, a half-open one has a call on trial.',
    labelNames: ['node', 'state'],
    async collect() {
      this.reset();
      const scheduler = owner.scheduler();
      if (scheduler) for (const { id } of await nodes()) setBreaker(this, id, scheduler);
    },
  });
}

function setBreaker(gauge: Gauge<'node' | 'state'>, node: NodeSnapshot['id'], scheduler: Scheduler): void {
  const current = scheduler.breakerState(node);
  for (const state of BREAKER_STATES) gauge.set({ node, state }, state === current ? 1 : 0);
}
