import type { NodeId, RunId } from '../../domain/ids.ts';
import type { Lease } from '../../domain/lease.ts';
import type { CallReport, HostMemory, Scheduler } from '../../fleet/scheduler-port.ts';
import type { SchedulerOptions } from '../../fleet/scheduling/scheduler-options.ts';
import { createScheduler } from '../../fleet/scheduling/scheduler.ts';
import type { Policy, Router, RouterSurroundings } from './router.ts';
import type { BenchCall, BenchJob, BenchModel } from './scenario.ts';
import type { HostCall, HostEnding, SimulatedHost } from './simulated-host.ts';

/** As the settings have it. */
const PROBE_INTERVAL_SECONDS = 4;
/** A refused connection is looked at again after this, and then the host is down. */
const SECOND_LOOK_SECONDS = 1;
/** A host that says nothing is noticed so fast: probe interval, time-out of the probe, second look and its time-out. */
const SILENCE_NOTICED_SECONDS = 4 + 2 + 1 + 2;
/** Until a standby has the duty, and has asked every host. */
const TAKE_OVER_SECONDS = 15;
/** The default of the settings. */
const CONTEXT_TOKENS = 8192;
/** As in production: the schedule-to-start timeout and a margin. */
const LEASE_TTL_MS = 35_000;

/** A way to run Hydra's scheduler. */
export interface HydraVariant {
  readonly options?: Partial<SchedulerOptions>;
  /** Whether the operator has said how much memory each host has. */
  readonly knowsMemory?: boolean;
  /** Of the slots that a host has, how many times that it is said to have. */
  readonly slotFactor?: number;
}

/** Hydra's own scheduler, as it is in production, on the virtual clock. It knows no speeds beforehand. */
export function createHydraPolicy(name: string, variant: HydraVariant = {}): Policy {
  return { name, create: (surroundings) => new HydraRouter(surroundings, variant) };
}

interface OpenCall {
  readonly call: BenchCall;
  readonly job: BenchJob;
  readonly done: () => void;
  readonly avoid: NodeId[];
  /** While it runs on a host. */
  running: { readonly lease: Lease; readonly host: SimulatedHost; readonly hostCall: HostCall } | null;
}

/** What surrounds the scheduler in production, without its delays: callers that ask again by themselves, and the prober. */
class HydraRouter implements Router {
  private readonly surroundings: RouterSurroundings;
  private readonly variant: HydraVariant;
  private readonly open = new Set<OpenCall>();
  private scheduler: Scheduler;
  private closed = false;
  /** The process with the scheduler; a killed one's events come to nothing. */
  private life = 0;

  constructor(surroundings: RouterSurroundings, variant: HydraVariant) {
    this.surroundings = surroundings;
    this.variant = variant;
    this.scheduler = this.startScheduler();
  }

  submit(call: BenchCall, job: BenchJob, done: () => void): void {
    const open: OpenCall = { call, job, done, avoid: [], running: null };
    this.open.add(open);
    void this.acquire(open);
  }

  /** The hosts see their callers go; the calls wait for the next owner of the fleet, which learns afresh. */
  kill(): void {
    const { clock, record } = this.surroundings;
    this.life += 1;
    this.scheduler.close();
    for (const open of this.open) {
      record.wastedTokens += open.running?.hostCall.cancel() ?? 0;
      open.running = null;
    }
    clock.after(TAKE_OVER_SECONDS, () => {
      this.scheduler = this.startScheduler();
      for (const open of this.open) void this.acquire(open);
    });
  }

  close(): void {
    this.closed = true;
    this.scheduler.close();
  }

  private startScheduler(): Scheduler {
    const { clock, draw, hosts, scenario } = this.surroundings;
    const { options, slotFactor = 1 } = this.variant;
    const scheduler = createScheduler({
      clock,
      random: () => draw.fraction(),
      leaseTtlMs: LEASE_TTL_MS,
      ...options,
    });
    scheduler.setModelSizes(scenario.fleet.models);
    for (const { address } of hosts) {
      const slots = slotFactor * address.slots;
      scheduler.addNode({ id: nodeIdOf(address.id), url: `http://${address.id}:11434`, slots });
    }
    const { life } = this;
    const look = (): void => {
      if (this.closed || life !== this.life) return;
      for (const host of hosts) this.observe(scheduler, host);
      clock.after(PROBE_INTERVAL_SECONDS, look);
    };
    look();
    return scheduler;
  }

  private observe(scheduler: Scheduler, host: SimulatedHost): void {
    const { fleet } = this.surroundings.scenario;
    const { knowsMemory = true } = this.variant;
    const alive = host.isAnswering();
    const resident = new Set(alive ? host.residentModels() : []);
    scheduler.observe(nodeIdOf(host.address.id), {
      alive,
      problem: alive ? null : 'no answer',
      models: alive ? Object.keys(host.address.speeds) : [],
      residentModels: fleet.models
        .filter(({ name }) => resident.has(name))
        .map(({ name, sizeBytes }) => ({ name, sizeBytes, vramBytes: sizeBytes, contextTokens: null })),
      memory: knowsMemory ? memoryOf(host, fleet.models) : null,
    });
  }

  private async acquire(open: OpenCall): Promise<void> {
    const { call, job, avoid } = open;
    const { life, scheduler } = this;
    const request = {
      runId: job.id as RunId,
      namespace: job.namespace,
      model: call.model,
      promptTokens: call.promptTokens,
      completionTokens: call.predictedTokens,
      contextTokens: CONTEXT_TOKENS,
      priority: 3 as const,
      avoid: [...avoid],
    };
    const lease = await scheduler.acquire(request, new AbortController().signal).catch(() => null);
    if (lease !== null && life === this.life && !this.closed) this.start(open, lease);
  }

  private start(open: OpenCall, lease: Lease): void {
    const { clock, hosts } = this.surroundings;
    const host = hosts.find(({ address }) => address.id === lease.nodeId);
    if (host === undefined) throw new Error(`There is no host ${lease.nodeId}.`);
    const startSeconds = clock.nowSeconds();
    this.scheduler.claim(lease.leaseId);
    const hostCall = host.submit(open.call, (ending) => this.hearEnding(open, lease, ending, startSeconds));
    open.running = { lease, host, hostCall };
    if (!host.isAnswering()) this.noticeSilence(open, lease);
    else this.watch(open, lease);
  }

  /** A host may fall silent at any time; the probe sees it, and its calls move. */
  private watch(open: OpenCall, lease: Lease): void {
    this.surroundings.clock.after(1, () => {
      if (open.running?.lease !== lease) return;
      if (open.running.host.isAnswering()) this.watch(open, lease);
      else this.noticeSilence(open, lease);
    });
  }

  private noticeSilence(open: OpenCall, lease: Lease): void {
    this.surroundings.clock.after(SILENCE_NOTICED_SECONDS, () => {
      if (open.running?.lease !== lease) return;
      const { host, hostCall } = open.running;
      this.surroundings.record.wastedTokens += hostCall.cancel();
      this.observe(this.scheduler, host);
      this.move(open, 'silent');
    });
  }

  private hearEnding(open: OpenCall, lease: Lease, ending: HostEnding, startSeconds: number): void {
    const { clock, waitsBesideHost } = this.surroundings;
    const hostSeconds = clock.nowSeconds() - startSeconds;
    const waitSeconds = waitsBesideHost.get(open.call.id) ?? 0;
    if (waitSeconds === 0) return this.takeEnding(open, ending, hostSeconds);
    clock.after(waitSeconds, () => {
      if (open.running?.lease === lease) this.takeEnding(open, ending, hostSeconds);
    });
  }

  private takeEnding(open: OpenCall, ending: HostEnding, hostSeconds: number): void {
    const { clock, record } = this.surroundings;
    switch (ending.kind) {
      case 'finished': {
        const { namespace } = open.job;
        const endSeconds = clock.nowSeconds();
        record.services.push({ namespace, startSeconds: endSeconds - hostSeconds, endSeconds });
        this.open.delete(open);
        this.release(open, finishedReport(open.call, ending, hostSeconds));
        return open.done();
      }
      case 'truncated':
      case 'broken':
        record.wastedTokens += ending.tokens;
        return this.move(open, ending.kind);
      case 'busy':
        return this.move(open, 'busy');
      case 'refused':
        return this.move(open, 'refused');
      default:
        ending satisfies never;
    }
  }

  private move(open: OpenCall, reason: string): void {
    const host = open.running?.host;
    this.surroundings.record.moved += 1;
    if (host !== undefined) open.avoid.push(nodeIdOf(host.address.id));
    this.release(open, { ended: 'unavailable', reason });
    const { scheduler, life } = this;
    if (host !== undefined)
      this.surroundings.clock.after(SECOND_LOOK_SECONDS, () => {
        if (life === this.life && !this.closed) this.observe(scheduler, host);
      });
    void this.acquire(open);
  }

  private release(open: OpenCall, report: CallReport): void {
    const lease = open.running?.lease;
    open.running = null;
    if (lease !== undefined) this.scheduler.release(lease.leaseId, report);
  }
}

function finishedReport(
  call: BenchCall,
  ending: Extract<HostEnding, { kind: 'finished' }>,
  totalSeconds: number,
): CallReport {
  const { loadMs, promptMs, decodeMs } = ending;
  const { promptTokens, completionTokens } = call;
  return {
    ended: 'finished',
    promptTokens,
    completionTokens,
    loadMs,
    promptMs,
    decodeMs,
    totalMs: totalSeconds * 1000,
  };
}

function memoryOf(host: SimulatedHost, models: readonly BenchModel[]): HostMemory {
  const sizes = new Map(models.map((model) => [model.name, model.sizeBytes]));
  const usedBytes = host.residentModels().reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  return {
    freeBytes: host.address.vramBytes - usedBytes,
    needBytes: (name) => sizes.get(name) ?? null,
  };
}

function nodeIdOf(hostId: string): NodeId {
  return hostId as NodeId;
}
