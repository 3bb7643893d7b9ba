import type { Registry } from 'prom-client';
import type { NodeSnapshot } from '../../domain/node.ts';
import { RUN_STATUSES } from '../../domain/run.ts';
import type { Memory } from '../../memory/ports.ts';
import { addGauge } from './add-gauge.ts';

/** What all processes share, as the store has it; read when somebody asks. For the processes with the API, so that each thing is told once. */
export function addStoreMetrics(registry: Registry, memory: Memory): void {
  addRunMetrics(registry, memory);
  addNodeMetrics(registry, () => memory.nodeSnapshots.read());
  addGauge(registry, {
    name: 'hydra_run_events',
    help: 'Events of all runs that are kept.',
    async collect() {
      this.set(await memory.events.count());
    },
  });
  addGauge(registry, {
    name: 'hydra_store_size_bytes',
    help: 'Size of the store on disk.',
    async collect() {
      this.set((await memory.describe()).sizeBytes);
    },
  });
}

function addRunMetrics(registry: Registry, memory: Memory): void {
  addGauge(registry, {
    name: 'hydra_open_runs',
    help: 'Runs that are queued or running.',
    async collect() {
      this.set(await memory.runs.countOpen());
    },
  });
  addGauge(registry, {
    name: 'hydra_runs',
    help: 'Runs that are kept, by status.',
    labelNames: ['status'],
    async collect() {
      const counts = await memory.runs.countByStatus();
      for (const status of RUN_STATUSES) this.set({ status }, counts[status] ?? 0);
    },
  });
}

function addNodeMetrics(registry: Registry, readNodes: () => Promise<readonly NodeSnapshot[]>): void {
  const gauge = (name: string, help: string, valueOf: (node: NodeSnapshot) => number): void => {
    addGauge(registry, {
      name,
      help,
      labelNames: ['node'],
      async collect() {
        // A host that is gone must not stay.
        this.reset();
        for (const node of await readNodes()) this.set({ node: node.id }, valueOf(node));
      },
    });
  };
  gauge('hydra_node_up', '1 for a host that answers.', ({ state }) => (state === 'up' ? 1 : 0));
  gauge('hydra_node_slots', 'Calls that a host takes at once.', ({ slots }) => slots);
  gauge('hydra_node_busy_slots', 'Calls that run on a host.', ({ busySlots }) => busySlots);
}
