import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TemporalDevConfig } from '../config/load-temporal-dev.ts';
import { startBenchNodes } from './bench-nodes.ts';
import { startBenchTemporal } from './bench-temporal.ts';
import { startHydraProcess } from './hydra-process.ts';
import { measureLoad, type Measurement, type Side, type SideName } from './measure-load.ts';
import type { BenchPlan, Checkers, Load } from './workload.ts';

export interface Comparison {
  readonly plan: BenchPlan;
  readonly seed: number;
  readonly folder: string;
  readonly executable: string;
  readonly dev: TemporalDevConfig;
  readonly report: (sentence: string) => void;
}

/** Eight hosts with four slots: more than 200 requests at once keep busy, so that nothing waits for a host. */
export const NODES = 8;
export const SLOTS = 4;
/** Loads code, fills caches and lets the compiler see the busy paths. */
export const WARM_UP: Load = { requests: 20, atOnce: 5, candidates: 1 };

/** Measures both sides in turn, load by load and round by round. Both are up all the time, and the one that waits is idle. */
export async function compareSides(comparison: Comparison): Promise<readonly Measurement[]> {
  const nodes = await startBenchNodes(NODES, SLOTS);
  const sides: Side[] = [];
  try {
    for (const name of ['hydra', 'stock'] as const)
      sides.push(await startSide({ name, checkers: 'instant' }, nodes.environment, comparison));
    return await measureRounds(sides, comparison);
  } finally {
    for (const side of sides) await stopSide(side);
    await nodes.stop();
  }
}

/** Starts a Hydra and its Temporal server, in a folder of their own. */
export async function startSide(
  { name, checkers }: { readonly name: SideName; readonly checkers: Checkers },
  nodes: Readonly<Record<string, string>>,
  { folder, executable, dev }: Comparison,
): Promise<Side> {
  const home = join(folder, `${name}-${checkers}`);
  await mkdir(home);
  const temporal = await startBenchTemporal(executable, home, name === 'stock' ? 'stock' : dev);
  const environment = { ...nodes, HYDRA_HOME: home, TEMPORAL_ADDRESS: temporal.address };
  const hydra = await startHydraProcess(environment, checkers);
  return { name, hydra, temporal };
}

export async function stopSide({ hydra, temporal }: Side): Promise<void> {
  await hydra.stop();
  await temporal.stop();
}

async function measureRounds(
  sides: readonly Side[],
  { plan, seed, report }: Comparison,
): Promise<readonly Measurement[]> {
  const measurements: Measurement[] = [];
  let index = 0;
  const measure = async (side: Side, load: BenchPlan['loads'][number]): Promise<Measurement> => {
    const measured = await measureLoad(side, load, seed, index);
    index += load.requests;
    return measured;
  };
  for (const side of sides) await measure(side, WARM_UP);
  for (let round = 1; round <= plan.rounds; round++) {
    for (const load of plan.loads) {
      // Who goes first changes, so that a machine that gets slower treats both alike.
      for (const side of round % 2 === 1 ? sides : sides.toReversed()) {
        const measured = await measure(side, load);
        measurements.push(measured);
        report(`round ${round} of ${plan.rounds}, ${describe(measured)}`);
      }
    }
  }
  return measurements;
}

function describe({ side, load, report, used }: Measurement): string {
  const perSecond = (load.requests / report.durationMs) * 1000;
  const failed = report.failures.length > 0 ? `, ${report.failures.length} FAILED: ${report.failures[0]}` : '';
  const others = `${used.otherCores.toFixed(1)} cores busy with other work`;
  return `${side}: ${load.atOnce} at once, ${load.candidates} candidates: ${perSecond.toFixed(1)} requests/s, ${others}${failed}`;
}
