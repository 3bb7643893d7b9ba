import { describe, expect, test } from 'vitest';

import { createBoundFinder } from '../../../bench/fleet/bounds.ts';
import { createHydraPolicy } from '../../../bench/fleet/hydra-router.ts';
import { jainIndex, measureRun } from '../../../bench/fleet/measure-run.ts';
import { POLICIES } from '../../../bench/fleet/plan.ts';
import { playScenario } from '../../../bench/fleet/play-scenario.ts';
import { LEAST_CONNECTIONS } from '../../../bench/fleet/push-policies.ts';
import type { BenchCall, BenchHost, BenchModel } from '../../../bench/fleet/scenario.ts';
import { createScenario, type FaultName } from '../../../bench/fleet/scenarios.ts';
import { SimulatedHost, type HostEnding } from '../../../bench/fleet/simulated-host.ts';
import { createVirtualClock } from '../../../bench/fleet/virtual-clock.ts';

const SMALL = { calls: 40, jobs: 6 };

describe('a run', () => {
  for (const policy of POLICIES) {
    test(`with ${policy.name} ends every call once, and only after those before it`, async () => {
      const scenario = createScenario({ fleet: 'mixed', workload: 'fan-out', seed: 3, size: SMALL });
      const { record } = await playScenario(scenario, policy);
      const calls = scenario.workload.jobs.flatMap((job) => job.calls);
      expect([...record.endings.keys()].sort()).toEqual(calls.map((call) => call.id).sort());
      expect(new Set(record.endings.values())).toEqual(new Set([1]));
      const endOf = (id: string): number => record.finishedAtSeconds.get(id) ?? Number.NaN;
      for (const call of calls)
        for (const earlier of call.after) expect(endOf(call.id)).toBeGreaterThan(endOf(earlier));
    });
  }

  test('is the same for the same seed, and another one for another', async () => {
    const play = async (seed: number) =>
      measureRun(
        await playScenario(
          createScenario({ fleet: 'mixed', workload: 'burst', fault: 'crash', seed, size: SMALL, faultAtSeconds: 20 }),
          createHydraPolicy('Hydra'),
        ),
      );
    expect(await play(1)).toEqual(await play(1));
    expect((await play(1)).makespan).not.toBe((await play(2)).makespan);
  });

  test('is never shorter than its bound', async () => {
    const findBounds = await createBoundFinder();
    for (const fleet of ['mixed', 'identical', 'one-big'] as const) {
      const scenario = createScenario({ fleet, workload: 'capped-burst', seed: 1, size: SMALL });
      for (const policy of POLICIES) {
        const { makespan } = measureRun(await playScenario(scenario, policy));
        expect(makespan).toBeGreaterThan(findBounds(scenario).makespan);
      }
    }
  });

  const faults: readonly FaultName[] = ['crash', 'freeze', 'truncate', 'slow', 'kill-router', 'return'];
  for (const fault of faults) {
    test(`with ${fault} loses nothing with Hydra`, async () => {
      const choice = { fleet: 'mixed', workload: 'burst', fault, seed: 1, size: SMALL, faultAtSeconds: 20 } as const;
      const scenario = createScenario(choice);
      const figures = measureRun(await playScenario(scenario, createHydraPolicy('Hydra')));
      expect(figures).toMatchObject({ lost: 0, wronglyComplete: 0, doubled: 0 });
    });
  }

  test('with a broken host shows what a proxy loses and passes on', async () => {
    const play = async (fault: FaultName) =>
      measureRun(
        await playScenario(
          createScenario({ fleet: 'mixed', workload: 'burst', fault, seed: 1, size: SMALL, faultAtSeconds: 1 }),
          LEAST_CONNECTIONS,
        ),
      );
    expect((await play('kill-router')).lost).toBeGreaterThan(0);
    expect((await play('truncate')).wronglyComplete).toBeGreaterThan(0);
  });
});

describe('a simulated host', () => {
  const models: readonly BenchModel[] = [
    { name: 'a', sizeBytes: 10 },
    { name: 'b', sizeBytes: 10 },
  ];
  const speed = { promptTokensPerSecond: 100, completionTokensPerSecond: 10 };
  const address: BenchHost = {
    id: 'host',
    slots: 1,
    vramBytes: 15,
    loadBytesPerSecond: 5,
    speeds: { a: speed, b: speed },
  };

  function call(id: string, model: string, prefix: BenchCall['prefix'] = null): BenchCall {
    return { id, model, promptTokens: 100, prefix, completionTokens: 10, predictedTokens: 10, after: [] };
  }

  /** Submits the calls at once; answers when each ended and how. */
  async function play(
    host: Partial<BenchHost>,
    calls: readonly BenchCall[],
    disturb: (host: SimulatedHost) => void = () => undefined,
  ) {
    const clock = createVirtualClock();
    const simulated = new SimulatedHost({ ...address, ...host }, models, clock);
    const ends = new Map<string, { readonly at: number; readonly kind: HostEnding['kind'] }>();
    for (const one of calls) {
      simulated.submit(one, ({ kind }) => ends.set(one.id, { at: clock.nowSeconds(), kind }));
    }
    clock.after(2.5, () => disturb(simulated));
    await clock.run(() => false);
    return { ends: Object.fromEntries(ends), counts: simulated.counts };
  }

  test('loads, reads, writes, one call after the other', async () => {
    const { ends, counts } = await play({}, [call('1', 'a'), call('2', 'a')]);
    expect(ends).toEqual({ 1: { at: 4, kind: 'finished' }, 2: { at: 6, kind: 'finished' } });
    expect(counts).toEqual({ loads: 1, loadSeconds: 2, refusedLoads: 0 });
  });

  test('holds up a load until the model that must go is idle, and all loads behind it', async () => {
    const { ends, counts } = await play({}, [call('1', 'a'), call('2', 'b'), call('3', 'a')]);
    // a until 4, then b in the place of a until 8, then a again.
    expect(ends).toMatchObject({ 1: { at: 4 }, 2: { at: 8 }, 3: { at: 12 } });
    expect(counts.loads).toBe(3);
  });

  test('shares its speed between two models that answer at once', async () => {
    const { ends } = await play({ vramBytes: 20 }, [call('1', 'a'), call('2', 'b')]);
    // The first has the host for itself from 2 to 4, when the other is loaded.
    expect(ends).toMatchObject({ 1: { at: 4 }, 2: { at: 6 } });
    const wide = await play({ vramBytes: 20, slots: 2 }, [call('1', 'a'), call('2', 'a'), call('3', 'b')]);
    expect(wide.ends).toMatchObject({ 1: { at: 4 }, 2: { at: 4 }, 3: { at: 6 } });
  });

  test('reads a prefix once when its slot has just read it', async () => {
    const prefix = { id: 'p', tokens: 80 };
    const { ends } = await play({}, [call('1', 'a', prefix), call('2', 'a', prefix), call('3', 'a')]);
    expect(ends['2']?.at).toBeCloseTo(5.2);
    expect(ends['3']?.at).toBeCloseTo(7.2);
  });

  test('breaks off what it writes when it crashes, refuses the rest, and answers again after a restart', async () => {
    const crashing = await play({}, [call('1', 'a'), call('2', 'a')], (host) => host.crash());
    expect(crashing.ends).toEqual({ 1: { at: 2.5, kind: 'refused' }, 2: { at: 2.5, kind: 'refused' } });
    const frozen = await play({}, [call('1', 'a')], (host) => host.freeze());
    expect(frozen.ends).toEqual({});
  });

  test('answers 503 when too many wait for a load, and never for a model in memory', async () => {
    const many = Array.from({ length: 520 }, (_, place) => call(String(place), 'a'));
    const { ends, counts } = await play({}, many);
    const busy = Object.values(ends).filter((end) => end.kind === 'busy');
    expect([busy.length, counts.refusedLoads]).toEqual([8, 8]);
  });
});

test('Jain says 1 for even shares and 1/n for all to one', () => {
  expect(jainIndex([3, 3, 3])).toBeCloseTo(1);
  expect(jainIndex([3, 0, 0])).toBeCloseTo(1 / 3);
});
