import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TemporalDevConfig } from '../config/load-temporal-dev.ts';
import { startBenchNodes } from './bench-nodes.ts';
import { startBenchTemporal } from './bench-temporal.ts';
import { startHydraProcess } from './hydra-process.ts';
import { measureLoad, type Measurement, type Side, type SideName } from './measure-load.ts';
import type { BenchPlan } from './workload.ts';

export interface Comparison {
  readonly plan: BenchPlan;
  readonly seed: number;
  readonly folder: string;
  readonly executable: string;
  readonly dev: TemporalDevConfig;
  readonly report: (sentence: string) => void;
}

/** Eight hosts with four slots: more than 200 requests at once keep busy, so that nothing waits for a host. */
const NODES = 8;
const SLOTS = 4;
/** Loads code, fills caches and lets the compiler see the busy paths. */
const WARM_UP = { requests: 20, atOnce: 5, candidates: 1 };

/** Measures both sides in turn, load by load and round by round. Both are up all the time, and the one that waits is idle. */
export async function compareSides(comparison: Comparison): Promise<readonly Measurement[]> {
  const nodes = await startBenchNodes(NODES, SLOTS);
  const sides: Side[] = [];
  try {
    for (const name of ['hydra', 'stock'] as const) sides.push(await startSide(name, nodes.environment, comparison));
    return await measureRounds(sides, comparison);
  } finally {
    for (const { hydra, temporal } of sides) {
      await hydra.stop();
      await temporal.stop();
    }
    await nodes.stop();
  }
}

async function startSide(
  name: SideName,
  nodes: Readonly<Record<string, string>>,
  { folder, executable, dev }: Comparison,
): Promise<Side> {
  const home = join(folder, name);
  await mkdir(home);
  const temporal = await startBenchTemporal(executable, home, name === 'stock' ? 'stock' : dev);
  const hydra = await startHydraProcess({ ...nodes, HYDRA_HOME: home, TEMPORAL_ADDRESS: temporal.address });
  return { name, hydra, temporal };
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
