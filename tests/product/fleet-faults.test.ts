import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpRun } from '../../bench/fleet/over-http/http-run.ts';
import { measureHttpRun } from '../../bench/fleet/over-http/measure-http-run.ts';
import { playOverHttp } from '../../bench/fleet/over-http/play-over-http.ts';
import { limitAnswers, speedUp } from '../../bench/fleet/over-http/speed-up.ts';
import { createScenario, type FaultName } from '../../bench/fleet/scenarios.ts';
import { openFleetStage } from '../support/fleet-stage.ts';

const FACTOR = 8;
const LIMIT_MS = 300_000;
/** By then every host has a call. */
const FAULT_AT_SECONDS = 60;
/** What the fleet promises, and twice that for a machine on which everything else runs at the same time. */
const RECOVERY_LIMIT_SECONDS = 30;
const NOTHING_WRONG = { lost: 0, doubled: 0, wronglyComplete: 0 };

let stage: Awaited<ReturnType<typeof openFleetStage>>;
beforeAll(async () => {
  stage = await openFleetStage();
}, LIMIT_MS);
afterAll(() => stage.close());

function play(fault: FaultName, faultAtSeconds = FAULT_AT_SECONDS): Promise<HttpRun> {
  const choice = { fleet: 'mixed', workload: 'capped-burst', seed: 1, size: { calls: 24 } } as const;
  const scenario = createScenario({ ...choice, fault, faultAtSeconds });
  return playOverHttp(speedUp(limitAnswers(scenario), FACTOR), FACTOR, stage);
}

describe('end to end through Temporal, nothing is lost, doubled or wrongly called complete', () => {
  test.each(['crash', 'freeze'] as const)(
    'when the fastest host has a %s: its calls go on elsewhere',
    async (fault) => {
      const figures = measureHttpRun(await play(fault));
      expect(figures).toMatchObject(NOTHING_WRONG);
      expect(figures.moved).toBeGreaterThan(0);
      expect(figures.recoverySeconds).toBeLessThan(RECOVERY_LIMIT_SECONDS);
    },
    LIMIT_MS,
  );

  test(
    'when streams of a host end without done: no part of an answer passes for the whole',
    async () => {
      const run = await play('truncate', 0);
      const figures = measureHttpRun(run);
      expect(figures).toMatchObject(NOTHING_WRONG);
      expect(figures.moved).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  test(
    'when a host slows down',
    async () => {
      expect(measureHttpRun(await play('slow'))).toMatchObject(NOTHING_WRONG);
    },
    LIMIT_MS,
  );

  test(
    'when Hydra is killed in the middle and started again',
    async () => {
      const run = await play('kill-router');
      const figures = measureHttpRun(run);
      expect(figures).toMatchObject(NOTHING_WRONG);
      expect(figures.recoverySeconds).toBeLessThan(RECOVERY_LIMIT_SECONDS);
      const interrupted = [...run.grants.values()].filter((grants) => grants.length > 1);
      expect(interrupted.length).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );
});
