import { createBoundFinder, type Bounds } from './bounds.ts';
import { measureRun, type RunFigures } from './measure-run.ts';
import { playScenario } from './play-scenario.ts';
import type { Policy } from './router.ts';
import { createScenario, type ScenarioChoice } from './scenarios.ts';

/** A scenario for all seeds. */
export type ScenarioKind = Omit<ScenarioChoice, 'seed'>;

/** One seed of one scenario, played with every policy. */
export interface PairedRun {
  readonly seed: number;
  readonly bounds: Bounds;
  /** By policy. */
  readonly figures: Readonly<Record<string, RunFigures>>;
}

/** A scenario with its runs. */
export interface Comparison {
  readonly kind: ScenarioKind;
  readonly runs: readonly PairedRun[];
}

/** Plays a scenario with each policy, seed by seed; all see the same hosts, calls and faults. */
export async function comparePolicies(
  kind: ScenarioKind,
  policies: readonly Policy[],
  seeds: readonly number[],
): Promise<Comparison> {
  const findBounds = await createBoundFinder();
  const runs: PairedRun[] = [];
  for (const seed of seeds) {
    const scenario = createScenario({ ...kind, seed });
    const figures: Record<string, RunFigures> = {};
    for (const policy of policies) figures[policy.name] = measureRun(await playScenario(scenario, policy));
    runs.push({ seed, bounds: findBounds(scenario), figures });
  }
  return { kind, runs };
}

/** Such as `mixed, fan-out, crash`. */
export function titleOf({ fleet, workload, fault }: ScenarioKind): string {
  return [fleet, workload, fault].filter((word) => word !== undefined).join(', ');
}

/** A figure of one policy, by seed. */
export function figuresOf(
  { runs }: Comparison,
  policy: string,
  pick: (figures: RunFigures, run: PairedRun) => number,
): readonly number[] {
  return runs.map((run) => {
    const figures = run.figures[policy];
    if (figures === undefined) throw new Error(`${policy} was not played.`);
    return pick(figures, run);
  });
}

/** A figure of one policy by that of another, seed by seed. */
export function ratiosOf(
  comparison: Comparison,
  policy: string,
  other: string,
  pick: (figures: RunFigures) => number,
): readonly number[] {
  const others = figuresOf(comparison, other, pick);
  return figuresOf(comparison, policy, pick).map((value, place) => value / (others[place] ?? Number.NaN));
}
