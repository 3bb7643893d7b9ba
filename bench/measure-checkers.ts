import { startBenchNodes } from './bench-nodes.ts';
import { NODES, SLOTS, startSide, stopSide, WARM_UP, type Comparison } from './compare-sides.ts';
import { measureLoad, type Measurement } from './measure-load.ts';

/** Measures Hydra with the real linter and type checker, as users have them: what the main figures leave out is shown here. */
export async function measureCheckers(comparison: Comparison): Promise<readonly Measurement[]> {
  const { plan, seed, report } = comparison;
  const nodes = await startBenchNodes(NODES, SLOTS);
  try {
    const side = await startSide({ name: 'hydra', checkers: 'real' }, nodes.environment, comparison);
    try {
      const measurements: Measurement[] = [];
      let index = 0;
      for (const load of [WARM_UP, ...plan.checkerLoads]) {
        measurements.push(await measureLoad(side, load, seed, index));
        index += load.requests;
      }
      report('measured with the real checkers');
      return measurements.slice(1);
    } finally {
      await stopSide(side);
    }
  } finally {
    await nodes.stop();
  }
}
