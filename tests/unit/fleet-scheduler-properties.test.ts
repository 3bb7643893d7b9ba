import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Priority } from '../../domain/request.ts';
import type { CallReport, NodeObservation, Scheduler } from '../../fleet/scheduler-port.ts';
import type { SchedulerOptions } from '../../fleet/scheduling/scheduler-options.ts';
import {
  LEASE_TTL_MS,
  createTestScheduler,
  finished,
  nodeId,
  settle,
  track,
  type TrackedCall,
} from './fleet-scheduler-fixture.ts';
import type { ManualClock } from './fleet-manual-clock.ts';
import { aResidentModel } from '../support/node-snapshots.ts';

const NODES = ['n0', 'n1', 'n2'].map(nodeId);
const MODELS = ['a', 'b'];
const REPORTS: readonly CallReport[] = [
  finished({ tokensPerSecond: 20 }),
  finished({ tokensPerSecond: 200, loadSeconds: 4 }),
  { ended: 'unavailable', reason: 'reset' },
  { ended: 'model_missing' },
  { ended: 'neutral' },
];

const pick = fc.nat({ max: 30 });
const node = fc.constantFrom(...NODES);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('acquire' as const),
      model: fc.constantFrom(...MODELS),
      pick,
      avoid: fc.subarray(NODES, { maxLength: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('claim' as const), pick }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('release' as const), pick, report: fc.constantFrom(...REPORTS) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: LEASE_TTL_MS * 2 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('observe' as const),
      node,
      alive: fc.boolean(),
      models: fc.subarray(MODELS),
      resident: fc.subarray(MODELS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('add' as const), node }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** The scheduler with all that the test knows about it from outside. */
interface World {
  readonly scheduler: Scheduler;
  readonly clock: ManualClock;
  readonly slots: ReadonlyMap<string, number>;
  readonly calls: (TrackedCall & { readonly model: string; readonly avoid: readonly string[] })[];
  /** Last observation of each node of the fleet. */
  readonly observed: Map<string, NodeObservation>;
  /** `node model` of which a call has said that it is not there, since the last observation. */
  readonly missing: Set<string>;
}

async function perform(world: World, action: Step): Promise<void> {
  const { scheduler, calls, observed } = world;
  switch (action.do) {
    case 'acquire': {
      const priority = ((action.pick % 5) + 1) as Priority;
      const { model, avoid } = action;
      const call = track(scheduler, { model, priority, completionTokens: action.pick * 20, avoid });
      calls.push(Object.assign(call, { model, avoid }));
      return;
    }
    case 'claim':
    case 'release': {
      const granted = calls.filter((call) => call.lease !== null);
      const leaseId = granted[action.pick % Math.max(1, granted.length)]?.lease?.leaseId ?? 'none';
      if (action.do === 'claim') scheduler.claim(leaseId);
      else scheduler.release(leaseId, action.report);
      return;
    }
    case 'abort':
      calls[action.pick % Math.max(1, calls.length)]?.controller.abort(new Error('aborted'));
      return;
    case 'wait':
      return world.clock.advance(action.ms);
    case 'observe': {
      const residentModels = action.resident.map((name) => aResidentModel(name));
      const seen = { alive: action.alive, problem: null, models: action.models, residentModels };
      if (!observed.has(action.node)) return scheduler.observe(action.node, seen);
      observed.set(action.node, seen);
      for (const model of MODELS) world.missing.delete(`${action.node} ${model}`);
      return scheduler.observe(action.node, seen);
    }
    case 'remove':
      observed.delete(action.node);
      return scheduler.removeNode(action.node);
    case 'add':
      return addNode(world, action.node);
    default:
      return action satisfies never;
  }
}

function addNode(world: World, name: string): void {
  const id = nodeId(name);
  world.scheduler.addNode({ id, url: `http://${name}`, slots: world.slots.get(name) ?? 1 });
  if (!world.observed.has(name))
    world.observed.set(name, { alive: false, problem: null, models: [], residentModels: [] });
}

function expectSlotsKept(world: World): void {
  for (const [name, slots] of world.slots) expect(world.scheduler.busySlots(nodeId(name))).toBeLessThanOrEqual(slots);
  for (const call of world.calls) expect(call.endings).toBeLessThanOrEqual(1);
  expect(world.scheduler.waitingCalls()).toBe(world.calls.filter((call) => call.endings === 0).length);
}

/** After everything failed is forgotten and every slot is free, nothing may wait that a node could do. */
async function expectAllServed(world: World): Promise<void> {
  const { scheduler, calls, clock } = world;
  for (const id of NODES) {
    addNode(world, id);
    scheduler.observe(id, { alive: false, problem: null, models: [], residentModels: [] });
    scheduler.observe(id, { alive: true, problem: null, models: MODELS, residentModels: [] });
  }
  const released = new Set<string>();
  for (let round = 0; round < 400 && calls.some((call) => call.endings === 0); round++) {
    await clock.advance(500);
    const open = calls.flatMap((call) => call.lease ?? []).filter((lease) => !released.has(lease.leaseId));
    const idle = [...world.slots].every(([name]) => scheduler.busySlots(nodeId(name)) === 0);
    expect(idle && scheduler.waitingCalls() > 0).toBe(false);
    for (const { leaseId } of open) {
      released.add(leaseId);
      scheduler.release(leaseId, finished());
    }
    await settle();
  }
  expect(calls.map((call) => call.endings)).toEqual(calls.map(() => 1));
}

test('whatever happens in whatever order: slots are kept, each acquire ends once, and nobody waits beside idle nodes', async () => {
  const slotCounts = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(slotCounts, fc.array(step, { maxLength: 60 }), async (slots, steps) => {
      const missing = new Set<string>();
      const onReport: SchedulerOptions['onReport'] = (id, model, report) => {
        if (report.ended === 'model_missing') missing.add(`${id} ${model.replace(':latest', '')}`);
      };
      const made = createTestScheduler({ avoidGraceMs: 400, onReport });
      const slotsByNode = new Map(NODES.map((id, index) => [String(id), slots[index] ?? 1]));
      const world: World = { ...made, slots: slotsByNode, calls: [], observed: new Map(), missing };
      for (const id of NODES) addNode(world, id);
      for (const action of steps) {
        await perform(world, action);
        await settle();
        expectSlotsKept(world);
        expectNoWaitBesideIdleNodes(world);
      }
      await expectAllServed(world);
      world.scheduler.close();
      expect(world.clock.pendingTimers()).toBe(0);
    }),
    { numRuns: 150 },
  );
}, 120_000);

/** A call that avoids nothing does not wait while every node that could do it is idle, whatever rests. */
function expectNoWaitBesideIdleNodes(world: World): void {
  const { scheduler, observed, missing, calls } = world;
  for (const call of calls.filter((call) => call.endings === 0 && call.avoid.length === 0)) {
    const capable = [...observed].filter(
      ([name, seen]) => seen.alive && seen.models.includes(call.model) && !missing.has(`${name} ${call.model}`),
    );
    const allIdle = capable.every(([name]) => scheduler.busySlots(nodeId(name)) === 0);
    expect(capable.length > 0 && allIdle, `${call.model} waits beside idle nodes`).toBe(false);
  }
}
