import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHydraPolicy } from '../../bench/fleet/hydra-router.ts';
import { measureRun } from '../../bench/fleet/measure-run.ts';
import { measureHttpRun } from '../../bench/fleet/over-http/measure-http-run.ts';
import { playOverHttp } from '../../bench/fleet/over-http/play-over-http.ts';
import { limitAnswers, speedUp } from '../../bench/fleet/over-http/speed-up.ts';
import { playScenario } from '../../bench/fleet/play-scenario.ts';
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

describe('the fleet simulator', () => {
  test(
    'foresees the makespan of the same scenario over real HTTP to 10 %, with the overhead of its calls added',
    async ({ skip }) => {
      skipWhenBusy(await measureForeignLoad(), skip);
      const choice = { fleet: 'mixed', workload: 'capped-burst', seed: 3, size: { calls: 36 } } as const;
      const scenario = speedUp(limitAnswers(createScenario(choice)), FACTOR);

      const simulated = measureRun(await playScenario(scenario, createHydraPolicy('Hydra')));
      const http = measureHttpRun(await playOverHttp(scenario, FACTOR, stage));

      skipWhenBusy(http.foreignCores, skip);
      const foreseen = simulated.makespan * FACTOR + (http.overhead.lastHostMs / 1000) * FACTOR;
      expect(http).toMatchObject({ lost: 0, doubled: 0, wronglyComplete: 0 });
      expect(http.makespan / foreseen).toBeGreaterThan(0.9);
      expect(http.makespan / foreseen).toBeLessThan(1.1);
    },
    LIMIT_MS,
  );
});
