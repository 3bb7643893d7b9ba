import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foresee } from '../../bench/fleet/over-http/foresee.ts';
import { measureHttpRun } from '../../bench/fleet/over-http/measure-http-run.ts';
import { playOverHttp } from '../../bench/fleet/over-http/play-over-http.ts';
import { limitAnswers, speedUp } from '../../bench/fleet/over-http/speed-up.ts';
import type { Scenario } from '../../bench/fleet/scenario.ts';
import { createScenario } from '../../bench/fleet/scenarios.ts';
import { measureForeignLoad, openFleetStage } from '../support/fleet-stage.ts';

const FACTOR = 4;
const LIMIT_MS = 300_000;
/** A run takes about a third of one core; hosts that wait for a processor are slower than the simulator knows. */
const NEEDED_CORES = 0.5;

let stage: Awaited<ReturnType<typeof openFleetStage>>;
beforeAll(async () => {
  stage = await openFleetStage();
}, LIMIT_MS);
afterAll(() => stage.close());

/** A machine on which hosts cannot keep their time says nothing about the simulator. */
function skipWhenBusy(foreignCores: number, skip: (reason: string) => never): void {
  const cores = availableParallelism();
  if (cores - foreignCores >= NEEDED_CORES) return;
  const reason = `${foreignCores.toFixed(1)} of ${cores} cores are busy with other work: simulated hosts are late`;
  process.stderr.write(`fleet-simulator.test.ts is skipped: ${reason}\n`);
  skip(reason);
}

/** Calls that come at the same moment come in any order, and luck of that kind is no matter of the simulator's. */
function spreadArrivals(scenario: Scenario): Scenario {
  const jobs = scenario.workload.jobs.map((job, place) => ({ ...job, arrivesAtSeconds: place }));
  return { ...scenario, workload: { ...scenario.workload, jobs } };
}

describe('the fleet simulator', () => {
  // In the simulator, two percent more or less for each answer and 50 ms for each arrival change these makespans by 3 % at most.
  test.for(['mixed', 'identical'] as const)(
    'foresees the makespan of the same scenario over real HTTP with a tenth of error, the overhead of its calls added: %s hosts',
    // Three attempts: a processor that is lent to somebody else for a second makes a run late.
    { timeout: LIMIT_MS, retry: 2 },
    async (fleet, { skip }) => {
      skipWhenBusy(await measureForeignLoad(), skip);
      const choice = { fleet, workload: 'capped-burst', seed: 1, size: { calls: 48 } } as const;
      const scenario = speedUp(spreadArrivals(limitAnswers(createScenario(choice))), FACTOR);

      const run = await playOverHttp(scenario, FACTOR, stage);
      const http = measureHttpRun(run);

      skipWhenBusy(http.foreignCores, skip);
      const foreseen = (await foresee(run)).withWaits;
      expect(http).toMatchObject({ lost: 0, doubled: 0, wronglyComplete: 0 });
      process.stderr.write(`${fleet}: foreseen ${foreseen.toFixed(0)} s, over HTTP ${http.makespan.toFixed(0)} s\n`);
      expect(http.makespan / foreseen).toBeGreaterThan(0.9);
      expect(http.makespan / foreseen).toBeLessThan(1.1);
    },
  );
});
