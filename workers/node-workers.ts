import type { FleetDependencies } from '../activities/dependencies.ts';
import { createNodeActivities } from '../activities/registry.ts';
import type { NodeId } from '../domain/ids.ts';
import type { NodeAddress } from '../domain/node.ts';
import type { WorkerPlace } from './control-worker.ts';
import { pollAtMost, startWorker, type RunningWorker } from './running-worker.ts';

/** One activity-only worker for each Ollama host, on the queue that nobody else polls. */
export interface NodeWorkers {
  /** Makes these the hosts that have a worker; the worker of another one stays until its calls have ended. */
  setNodes(nodes: readonly NodeAddress[]): Promise<void>;
  stop(): Promise<void>;
}

/** As many as the settings and the API take for one host. */
const MOST_SLOTS = 256;

export function createNodeWorkers(place: WorkerPlace, deps: FleetDependencies): NodeWorkers {
  const workers = new Map<NodeId, RunningWorker>();
  const activities = createNodeActivities(deps);

  async function start(node: NodeAddress): Promise<void> {
    const { onDeath, ...rest } = place;
    const worker = await startWorker(
      {
        ...rest,
        taskQueue: `node:${node.id}`,
        activities,
        // The Web UI shows it beside each call: which host, through which of our processes.
        identity: `${node.id}@${process.pid}`,
        // The scheduler's leases are the limit: the slots of a host may change while its calls run.
        maxConcurrentActivityTaskExecutions: MOST_SLOTS,
        // Calls come seconds apart; each poll of a process that freezes swallows one, until its heartbeat is missed.
        activityTaskPollerBehavior: pollAtMost(Math.min(2, node.slots)),
      },
      onDeath,
    );
    workers.set(node.id, worker);
  }

  async function stop(id: NodeId): Promise<void> {
    const worker = workers.get(id);
    workers.delete(id);
    await worker?.stop();
  }

  return {
    async setNodes(nodes) {
      const wanted = new Set(nodes.map((node) => node.id));
      const gone = [...workers.keys()].filter((id) => !wanted.has(id) && deps.scheduler.busySlots(id) === 0);
      const added = nodes.filter((node) => !workers.has(node.id));
      // Every start has ended before this does, so that `stop` sees all of them.
      const changes = await Promise.allSettled([...gone.map(stop), ...added.map(start)]);
      const failed = changes.find((change) => change.status === 'rejected');
      if (failed) throw failed.reason;
    },
    async stop() {
      await Promise.all([...workers.keys()].map(stop));
    },
  };
}
