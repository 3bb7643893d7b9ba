import { setTimeout as delay } from 'node:timers/promises';
import { createFleetActivities } from '../activities/registry.ts';
import type { FleetDependencies, PullDependencies, StoreDependencies } from '../activities/dependencies.ts';
import type { NodeAddress, NodeSnapshot } from '../domain/node.ts';
import { createSystemClock } from '../fleet/clock.ts';
import type { Scheduler } from '../fleet/scheduler-port.ts';
import { createFleet, type Fleet, type FleetOptions } from '../fleet/fleet.ts';
import { createPreloader, type Preloader } from '../fleet/scheduling/preloader.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { loadModel } from '../models/load-model.ts';
import { pullModel } from '../models/pull-model.ts';
import { FLEET_QUEUE } from '../workflows/contract.ts';
import type { WorkerPlace } from './control-worker.ts';
import { createDuty, type Duty } from './duty.ts';
import { createNodeFollower, type NodeFollower } from './follow-nodes.ts';
import { holdDuty, type DutyWork } from './hold-duty.ts';
import { createNodeSources, type NodeSources } from './node-sources.ts';
import { describeStateChange } from './describe-state-change.ts';
import { createKnowledgeKeeper, type KnowledgeKeeper } from './keep-knowledge.ts';
import { createNodeWorkers, type NodeWorkers } from './node-workers.ts';
import { createSnapshotPublisher, type SnapshotPublisher } from './publish-snapshots.ts';
import { pollAtMost, startWorker, type RunningWorker } from './running-worker.ts';

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
  /** Nodes of the settings. */
  readonly addresses: readonly NodeAddress[];
  /** The text of an environment variable that holds the token of an added node; undefined where it is not set. */
  readonly readVariable: (name: string) => string | undefined;
  readonly report: (sentence: string) => void;
  /** Told of every grant and of how it ended. */
  readonly observer?: Pick<FleetOptions, 'onDecision' | 'onEnded'>;
}

const DUTY = 'fleet';
/** A standby takes over after this; three renewals fit into it. */
const LEASE_MS = 10_000;
/** Often enough that what people want of the hosts is so within a second, and that an owner which was frozen stops within two. */
const TICK_MS = 500;
/** How often it is looked whether the first probes have ended; a start must not be slower by what is felt. */
const LOOK_INTERVAL_MS = 50;
/** Calls that may wait for a node at once; each is a heartbeating activity of some kilobytes. */
const WAITING_CALLS = 1_000;
/** Each takes up hundreds of calls a second; each of a process that freezes swallows one, until its heartbeat is missed. */
const WAITING_POLLS = 4;
/** Over the schedule-to-start timeout, so that a lease never runs out under a call that is about to start. */
const CLAIM_MARGIN_MS = 5_000;

export function startFleetOwner(options: FleetOwnerOptions): FleetOwner {
  const duty = createDuty({
    name: DUTY,
    ownership: options.deps.memory.ownership,
    holder: `${process.pid}-${Math.random().toString(36).slice(2)}`,
    leaseMs: LEASE_MS,
  });
  const { report } = options;
  const holder = holdDuty({
    duty,
    complaint: 'The fleet could not be looked after',
    begin: (signal) => takeOver(options, duty, signal),
    tickMs: TICK_MS,
    report,
    onLost: () => report('This process no longer looks after the fleet; it stands by.'),
  });
  return {
    settled: holder.settled,
    scheduler: () => holder.work()?.scheduler ?? null,
    stop: () => holder.stop(),
  };
}

/** What only the owner has. */
interface OwnedFleet extends DutyWork {
  readonly scheduler: Scheduler;
}

async function takeOver(options: FleetOwnerOptions, duty: Duty, signal: AbortSignal): Promise<OwnedFleet> {
  const { place, deps, languageModel, addresses, readVariable, report } = options;
  const { timeouts } = deps.settings;
  const registry = deps.memory.nodeRegistry;
  const clock = createSystemClock();
  const isDown = (id: NodeAddress['id']) => !fleet.snapshots().some((node) => node.id === id && node.state === 'up');
  const sources = createNodeSources({ settings: deps.settings, listed: addresses, readVariable, clock, isDown });
  const [records, knowledge] = await Promise.all([registry.list(), deps.memory.fleetKnowledge.read()]);
  await sources.learnNames(records);
  const fleet = createFleet({
    addresses: sources.combine(records).usable,
    languageModel,
    clock,
    probeIntervalMs: timeouts.probeIntervalMs,
    probeTimeoutMs: timeouts.probeTimeoutMs,
    leaseTtlMs: timeouts.scheduleToStartMs + CLAIM_MARGIN_MS,
    watchesMemory: deps.settings.vramMonitoring,
    knowledge,
    onStateChange: (change) => report(describeStateChange(change)),
    mayGrant: () => duty.isHeld(),
    ...options.observer,
    onDecision(decision) {
      preloader.noteGrant(decision.nodeId, decision.model);
      options.observer?.onDecision?.(decision);
    },
  });
  const preloader: Preloader = createPreloader({
    scheduler: fleet.scheduler,
    nodeAddress: (id) => fleet.addressOf(id),
    loadModel,
    refresh: (id) => fleet.refresh(id),
  });
  const fleetDeps: FleetDependencies & PullDependencies = {
    ...deps,
    preloader,
    pullModel,
    refreshNode: (id) => fleet.refresh(id),
    languageModel,
    scheduler: fleet.scheduler,
    nodeAddress: (id) => fleet.addressOf(id),
    nodes: () => fleet.snapshots(),
  };
  const nodeWorkers = createNodeWorkers(place, fleetDeps);
  const fleetWorker = await startAllWorkers(nodeWorkers, fleet, () => startFleetWorker(place, fleetDeps));
  fleet.start();
  sources.start();
  await firstProbes(fleet, timeouts.probeTimeoutMs, signal);
  report(`This process looks after the fleet: ${nameHosts(fleet)}`);
  const publish = createSnapshotPublisher(deps.memory.nodeSnapshots);
  const { combine } = sources;
  const follower = createNodeFollower({ fleet, nodeWorkers, registry, combine, publish, report });
  // Who has lost the duty must not write over what its successor has learned.
  const keeper = createKnowledgeKeeper(deps.memory.fleetKnowledge, () => (duty.isHeld() ? fleet.knowledge() : []));
  return owned(fleet, follower, [sources, preloader, fleetWorker, nodeWorkers], publish, keeper);
}

function nameHosts(fleet: Fleet): string {
  const names = fleet.addresses().map(({ id }) => id);
  return names.length === 0 ? 'no host yet' : names.join(', ');
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
  follower: NodeFollower,
  parts: readonly (RunningWorker | NodeWorkers | NodeSources | Preloader)[],
  publish: SnapshotPublisher,
  keeper: KnowledgeKeeper,
): OwnedFleet {
  return {
    scheduler: fleet.scheduler,
    async look() {
      try {
        await follower.follow();
      } finally {
        // What is known is told to the other processes even when nobody can say what is wanted.
        await publish(follower.snapshots());
      }
      await keeper.look();
    },
    async close() {
      fleet.close();
      const stopAll = () => Promise.all(parts.map((part) => part.stop()));
      // Nothing is polled for from now on; what the follower has just started is stopped after it.
      await Promise.all([stopAll(), follower.settle()]);
      await stopAll();
      await keeper.finish();
    },
  };
}

function startFleetWorker(place: WorkerPlace, deps: FleetDependencies & PullDependencies): Promise<RunningWorker> {
  const { onDeath, ...rest } = place;
  return startWorker(
    {
      ...rest,
      taskQueue: FLEET_QUEUE,
      activities: createFleetActivities(deps),
      identity: `fleet@${process.pid}`,
      maxConcurrentActivityTaskExecutions: WAITING_CALLS,
      activityTaskPollerBehavior: pollAtMost(WAITING_POLLS),
    },
    onDeath,
  );
}

/** Waits until every host has answered or has had its time, so that the first request knows its models. */
async function firstProbes(fleet: Fleet, probeTimeoutMs: number, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + 2 * probeTimeoutMs;
  const isKnown = ({ state, models }: NodeSnapshot): boolean =>
    state === 'down' || (state === 'up' && models.length > 0);
  while (!signal.aborted && Date.now() < deadline && !fleet.snapshots().every(isKnown)) await delay(LOOK_INTERVAL_MS);
}
