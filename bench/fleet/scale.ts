import type { NodeId, RunId } from '../../domain/ids.ts';
import type { Lease } from '../../domain/lease.ts';
import type { Scheduler } from '../../fleet/scheduler-port.ts';
import { createScheduler } from '../../fleet/scheduling/scheduler.ts';
import { createDraw, type Draw } from './draw.ts';
import { MODELS } from './fleets.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** How large a fleet is, and how much waits for it. */
export interface Scale {
  readonly hosts: number;
  readonly waiting: number;
}

/** What one decision costs: a call ends, its report is taken in, the next call is chosen for its host. */
export interface ScaleMeasurement extends Scale {
  readonly decisionMs: number;
}

export const SCALES: readonly Scale[] = [
  { hosts: 6, waiting: 100 },
  { hosts: 6, waiting: 1_000 },
  { hosts: 64, waiting: 100 },
  { hosts: 64, waiting: 1_000 },
  { hosts: 64, waiting: 10_000 },
  { hosts: 250, waiting: 1_000 },
  { hosts: 250, waiting: 10_000 },
  { hosts: 1_000, waiting: 1_000 },
  { hosts: 1_000, waiting: 10_000 },
];

/** The first ones teach the runtime which code is hot. */
const WARM_UP = 30;
const DECISIONS = 60;
const LEASE_TTL_MS = 3_600_000;

/** Measures the processor time of decisions, which a busy machine does not stretch, on a fleet whose slots are all taken. */
export async function measureScale({ hosts, waiting }: Scale, seed: number): Promise<ScaleMeasurement> {
  const { scheduler, leases } = await createBusyFleet(hosts, waiting, createDraw(seed));
  await decide(scheduler, leases, WARM_UP);
  const before = process.cpuUsage();
  await decide(scheduler, leases, DECISIONS);
  const { user, system } = process.cpuUsage(before);
  scheduler.close();
  return { hosts, waiting, decisionMs: (user + system) / 1000 / DECISIONS };
}

async function decide(scheduler: Scheduler, leases: Lease[], count: number): Promise<void> {
  for (let decision = 0; decision < count; decision++) {
    const lease = leases.shift();
    if (lease === undefined) throw new Error('Every slot has a lease.');
    scheduler.release(lease.leaseId, FINISHED);
    await settle();
  }
}

const FINISHED = {
  ended: 'finished',
  promptTokens: 1000,
  completionTokens: 400,
  loadMs: 0,
  promptMs: 1500,
  decodeMs: 13_000,
} as const;

async function createBusyFleet(
  hosts: number,
  waiting: number,
  draw: Draw,
): Promise<{ readonly scheduler: Scheduler; readonly leases: Lease[] }> {
  const scheduler = createScheduler({ clock: createVirtualClock(), leaseTtlMs: LEASE_TTL_MS, random: () => 0.5 });
  scheduler.setModelSizes(MODELS);
  const leases: Lease[] = [];
  for (let host = 0; host < hosts; host++) {
    const id = `host-${host}` as NodeId;
    scheduler.addNode({ id, url: `http://${id}:11434`, slots: 1 });
    const models = MODELS.map(({ name }) => name);
    scheduler.observe(id, { alive: true, problem: null, models, residentModels: [] });
  }
  for (let call = 0; call < hosts + waiting; call++) {
    const request = {
      runId: `run-${Math.floor(call / 14)}` as RunId,
      namespace: `team-${call % 5}`,
      model: MODELS[call % MODELS.length]?.name ?? '',
      promptTokens: Math.round(draw.logNormal(1000, 0.5)),
      completionTokens: call % 3 === 0 ? 128 : 1024,
      contextTokens: 8192,
      priority: 3 as const,
      avoid: [],
    };
    scheduler.acquire(request, new AbortController().signal).then(
      (lease) => leases.push(lease),
      () => undefined,
    );
  }
  await settle();
  return { scheduler, leases };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
