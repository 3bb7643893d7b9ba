import { setTimeout as delay } from 'node:timers/promises';
import { createFleetActivities } from '../activities/registry.ts';
import type { FleetDependencies, StoreDependencies } from '../activities/dependencies.ts';
import type { NodeAddress, NodeSnapshot } from '../domain/node.ts';
import { createSystemClock } from '../fleet/clock.ts';
import type { Scheduler } from '../fleet/scheduler-port.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { FLEET_QUEUE } from '../workflows/contract.ts';
import type { WorkerPlace } from './control-worker.ts';
import { createNodeWorkers, type NodeWorkers } from './node-workers.ts';
import { createSnapshotPublisher } from './publish-snapshots.ts';
import { startWorker, type RunningWorker } from './running-worker.ts';

/**
 * The process that holds the scheduler and all node workers, so that grants and slots are counted in one place.
 *
 * States: standby (another process owns the fleet) and owner. A standby that gets the lease becomes owner; an owner that
 * cannot renew it, because it was frozen or the store is gone, becomes standby.
 * Invariants: 1. scheduler and node workers exist only in the state owner. 2. One transition at a time.
 */
export interface FleetOwner {
  /** Resolves when this process first is owner and has asked every host once, or knows that another one is owner. */
  readonly settled: Promise<void>;
  /** The scheduler while this process is owner. */
  scheduler(): Scheduler | null;
  stop(): Promise<void>;
}

export interface FleetOwnerOptions {
  readonly place: WorkerPlace;
  readonly deps: StoreDependencies;
  readonly languageModel: LanguageModel;
  readonly addresses: readonly NodeAddress[];
  readonly report: (sentence: string) => void;
}

const DUTY = 'fleet';
/** A standby takes over after this; three renewals fit into it. */
const LEASE_MS = 10_000;
/** Often enough that an owner which was frozen stops within two seconds of waking. */
const TICK_MS = 1_000;
/** How often it is looked whether the first probes have ended; a start must not be slower by what is felt. */
const LOOK_INTERVAL_MS = 50;
/** Calls that may wait for a node at once; each is a heartbeating activity of some kilobytes. */
const WAITING_CALLS = 1_000;
/** Over the schedule-to-start timeout, so that a lease never runs out under a call that is about to start. */
const CLAIM_MARGIN_MS = 5_000;

export function startFleetOwner(options: FleetOwnerOptions): FleetOwner {
  const holder = `${process.pid}-${Math.random().toString(36).slice(2)}`;
  const { ownership } = options.deps.memory;
  let markSettled = (): void => {};
  const settled = new Promise<void>((resolve) => {
    markSettled = resolve;
  });
  let owned: OwnedFleet | null = null;
  let leaseEndsAt = 0;
  const stopping = new AbortController();

  /** A store that does not answer takes the duty from nobody: it stays ours until the lease has run out. */
  async function renew(): Promise<boolean> {
    const askedAt = Date.now();
    try {
      const mine = await ownership.claim(DUTY, holder, LEASE_MS);
      if (mine) leaseEndsAt = askedAt + LEASE_MS;
      return mine;
    } catch {
      return owned !== null && Date.now() < leaseEndsAt;
    }
  }

  /** Asking every host once may take longer than a lease lasts. */
  async function takeOverInTime(): Promise<OwnedFleet> {
    const renewal = setInterval(() => void renew(), TICK_MS);
    return takeOver(options).finally(() => clearInterval(renewal));
  }

  async function tick(): Promise<void> {
    const mine = await renew();
    if (mine && !owned) owned = await takeOverInTime();
    if (!mine && owned) owned = await stepDown(owned, options);
    if (owned) await owned.publish();
    markSettled();
  }

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await tick().catch((error: unknown) => options.report(`The fleet could not be looked after: ${String(error)}`));
      await delay(TICK_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();

  return {
    settled,
    scheduler: () => owned?.scheduler ?? null,
    async stop() {
      stopping.abort();
      await loop;
      if (owned) await owned.close();
      await ownership.release(DUTY, holder).catch(() => {});
    },
  };
}

/** What only the owner has. */
interface OwnedFleet {
  readonly scheduler: Scheduler;
  /** Writes what is known of the hosts for the other processes, when it is news. */
  publish(): Promise<void>;
  close(): Promise<void>;
}

async function takeOver({ place, deps, languageModel, addresses, report }: FleetOwnerOptions): Promise<OwnedFleet> {
  const { timeouts } = deps.settings;
  const fleet = createFleet({
    addresses,
    languageModel,
    clock: createSystemClock(),
    probeIntervalMs: timeouts.probeIntervalMs,
    probeTimeoutMs: timeouts.probeTimeoutMs,
    leaseTtlMs: timeouts.scheduleToStartMs + CLAIM_MARGIN_MS,
  });
  const nodeAddress = (id: NodeAddress['id']): NodeAddress | undefined =>
    fleet.addresses().find((node) => node.id === id);
  const fleetDeps: FleetDependencies = {
    ...deps,
    languageModel,
    scheduler: fleet.scheduler,
    nodeAddress,
    nodes: () => fleet.snapshots(),
  };
  const nodeWorkers = createNodeWorkers(place, fleetDeps);
  const fleetWorker = await startAllWorkers(nodeWorkers, fleet, () => startFleetWorker(place, fleetDeps));
  fleet.start();
  await firstProbes(fleet, timeouts.probeTimeoutMs);
  report(
    `This process looks after the fleet: ${fleet
      .addresses()
      .map((node) => node.id)
      .join(', ')}`,
  );
  return owned(fleet, fleetWorker, nodeWorkers, deps);
}

/** All or none: the next try makes workers of its own, and two on one queue would serve a scheduler that is gone. */
async function startAllWorkers(
  nodeWorkers: NodeWorkers,
  fleet: Fleet,
  startOwn: () => Promise<RunningWorker>,
): Promise<RunningWorker> {
  try {
    await nodeWorkers.setNodes(fleet.addresses());
    return await startOwn();
  } catch (error) {
    fleet.close();
    await nodeWorkers.stop();
    throw error;
  }
}

function owned(
  fleet: Fleet,
  fleetWorker: RunningWorker,
  nodeWorkers: NodeWorkers,
  deps: StoreDependencies,
): OwnedFleet {
  const publish = createSnapshotPublisher(deps.memory.nodeSnapshots);
  return {
    scheduler: fleet.scheduler,
    publish: () => publish(fleet.snapshots()),
    async close() {
      fleet.close();
      await Promise.all([fleetWorker.stop(), nodeWorkers.stop()]);
    },
  };
}

async function stepDown(fleet: OwnedFleet, { report }: FleetOwnerOptions): Promise<null> {
  report('Another process looks after the fleet now; this one stands by.');
  await fleet.close();
  return null;
}

function startFleetWorker(place: WorkerPlace, deps: FleetDependencies): Promise<RunningWorker> {
  const { onDeath, ...rest } = place;
  return startWorker(
    {
      ...rest,
      taskQueue: FLEET_QUEUE,
      activities: createFleetActivities(deps),
      identity: `fleet@${process.pid}`,
      maxConcurrentActivityTaskExecutions: WAITING_CALLS,
    },
    onDeath,
  );
}

/** Waits until every host has answered or has had its time, so that the first request knows its models. */
async function firstProbes(fleet: Fleet, probeTimeoutMs: number): Promise<void> {
  const deadline = Date.now() + 2 * probeTimeoutMs;
  const isKnown = ({ state, models }: NodeSnapshot): boolean =>
    state === 'down' || (state === 'up' && models.length > 0);
  while (Date.now() < deadline && !fleet.snapshots().every(isKnown)) await delay(LOOK_INTERVAL_MS);
}
