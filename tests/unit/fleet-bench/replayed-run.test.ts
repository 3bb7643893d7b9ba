import { describe, expect, test } from 'vitest';

import type { NodeId, StepKey } from '../../../domain/ids.ts';
import { createHydraPolicy } from '../../../bench/fleet/hydra-router.ts';
import { measureRun } from '../../../bench/fleet/measure-run.ts';
import type { HttpRun } from '../../../bench/fleet/over-http/http-run.ts';
import { measureWaits } from '../../../bench/fleet/over-http/measure-waits.ts';
import { playScenario, type CallWaits } from '../../../bench/fleet/play-scenario.ts';
import { createScenario } from '../../../bench/fleet/scenarios.ts';

const SCENARIO = createScenario({ fleet: 'mixed', workload: 'capped-burst', seed: 1, size: { calls: 12 } });
const CALLS = SCENARIO.workload.jobs.flatMap(({ calls }) => calls);
const HYDRA = createHydraPolicy('Hydra');

async function makespanWith(waits: Partial<CallWaits>): Promise<number> {
  const all: CallWaits = { toRouter: new Map(), besideHost: new Map(), ...waits };
  return measureRun(await playScenario(SCENARIO, HYDRA, all)).makespan;
}

describe('a run that the simulator plays again', () => {
  test('is the plain one where nothing waited', async () => {
    expect(await makespanWith({})).toBe(measureRun(await playScenario(SCENARIO, HYDRA)).makespan);
  });

  test('begins when its calls reach the router', async () => {
    const late = new Map(CALLS.map(({ id }) => [id, 100]));
    expect(await makespanWith({ toRouter: late })).toBeCloseTo((await makespanWith({})) + 100);
  });

  test('serves those first that come first', async () => {
    const [first] = CALLS;
    if (first === undefined) throw new Error('there is a call');
    const { record } = await playScenario(SCENARIO, HYDRA, {
      toRouter: new Map(CALLS.map(({ id }) => [id, id === first.id ? 0 : 1_000])),
      besideHost: new Map(),
    });
    expect(record.finishedAtSeconds.get(first.id)).toBeLessThan(1_000);
    expect([...record.finishedAtSeconds.values()].filter((seconds) => seconds < 1_000)).toHaveLength(1);
  });

  test('keeps slots for as long as calls spend beside their hosts', async () => {
    const slow = new Map(CALLS.map(({ id }) => [id, 50]));
    expect(await makespanWith({ besideHost: slow })).toBeGreaterThan((await makespanWith({})) + 50);
  });
});

describe('the waits of a run over HTTP', () => {
  const [first, second] = ['job/1', 'job/2'];
  const call = { model: 'm', promptTokens: 1, prefix: null, completionTokens: 1, predictedTokens: 1 };
  const job = {
    id: 'job',
    namespace: 'default',
    arrivesAtSeconds: 0,
    calls: [
      { ...call, id: first, after: [] },
      { ...call, id: second, after: [first] },
    ],
  };
  const answer = { stepKey: 'key' as StepKey, answerHash: 'hash', nodeId: 'host-1' as NodeId, hops: 0 };
  const hosted = { ending: 'answered' } as const;
  const run = {
    startedAtMs: 10_000,
    fault: null,
    jobs: [{ job, startedAtMs: 500, endedAtMs: 9_000 }],
    answers: [
      { ...answer, id: first, endedAtMs: 13_000 },
      { ...answer, id: second, endedAtMs: 19_000 },
    ],
    grants: new Map([
      [first, [{ arrivedAtMs: 10_700, atMs: 10_800 }]],
      // It moved: what counts beside the host is the grant that led to the answer.
      [
        second,
        [
          { arrivedAtMs: 13_050, atMs: 13_100 },
          { arrivedAtMs: 15_000, atMs: 15_000 },
        ],
      ],
    ]),
    hosts: new Map([
      [
        'host-1',
        {
          calls: [
            { ...hosted, callId: first, arrivedAtMs: 11_000, endedAtMs: 12_900 },
            { ...hosted, callId: second, arrivedAtMs: 15_020, endedAtMs: 18_990 },
          ],
          loads: 1,
          refused: 0,
        },
      ],
    ]),
  } as unknown as HttpRun;

  test('to the router begin with the job, or with the last answer before', () => {
    expect([...measureWaits(run).toRouter]).toEqual([
      [first, 0.2],
      [second, 0.05],
    ]);
  });

  test('are not known of a call that waited while the router was killed', () => {
    const fault = { atMs: 10_600, leftHostAtMs: [], nextStartAtMs: null };
    expect([...measureWaits({ ...run, fault }).toRouter]).toEqual([[second, 0.05]]);
  });

  test('beside the host are what the call took more than its host did, since its last grant', () => {
    expect([...measureWaits(run).besideHost]).toEqual([
      [first, 0.3],
      [second, 0.03],
    ]);
  });
});
