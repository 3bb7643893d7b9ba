import { createHydraPolicy } from '../hydra-router.ts';
import { measureRun } from '../measure-run.ts';
import { playScenario } from '../play-scenario.ts';
import type { HttpRun } from './http-run.ts';
import { measureWaits } from './measure-waits.ts';

/** What the simulator says of the makespan of a run over real HTTP. Units: seconds of the scenario's own time. */
export interface Foreseen {
  /** Calls reach the scheduler at once, and spend no time beside their hosts. */
  readonly alone: number;
  /** Each call reaches it as late as it did over HTTP, so that they come in the same order, and spends as much time beside its host. */
  readonly withWaits: number;
}

export async function foresee(run: HttpRun): Promise<Foreseen> {
  const { scenario, factor } = run;
  const hydra = createHydraPolicy('Hydra');
  const alone = measureRun(await playScenario(scenario, hydra));
  const withWaits = measureRun(await playScenario(scenario, hydra, measureWaits(run)));
  return { alone: alone.makespan * factor, withWaits: withWaits.makespan * factor };
}
