/** Compares ways of placing calls on simulated fleets, and writes the report: `npm run bench:fleet -- [--quick] [--seeds N] [--out FOLDER]`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeCircumstances } from '../describe-machine.ts';
import { comparePolicies, titleOf, type Comparison, type ScenarioKind } from './compare-policies.ts';
import { renderHttpSection } from './over-http/http-results.ts';
import { ABLATED, ABLATIONS, CALM, FAULTS, POLICIES } from './plan.ts';
import { renderFleetReport } from './render-fleet-report.ts';
import { renderPlot } from './render-plot.ts';
import type { Policy } from './router.ts';
import { measureScale, SCALES, type ScaleMeasurement } from './scale.ts';

const { values: options } = parseArgs({
  options: {
    /** Two seeds: to see that everything works. */
    quick: { type: 'boolean', default: false },
    /** How many paired seeds. */
    seeds: { type: 'string', default: '20' },
    out: { type: 'string', default: join(import.meta.dirname, '../results') },
  },
});
const seedCount = options.quick ? 2 : Number(options.seeds);
if (!Number.isSafeInteger(seedCount) || seedCount < 1) {
  throw new Error(`--seeds is a whole number from 1 up, not ${options.seeds}.`);
}

/** The policy was tuned on seeds 1 to 12; what it is worth is measured on others. */
const FIRST_SEED = 21;

const seeds = Array.from({ length: seedCount }, (_, place) => FIRST_SEED + place);
// No Temporal takes part.
const { temporal: _temporal, ...circumstances } = describeCircumstances('');
const scales = await measureScales();
const calm = await compareAll(CALM, POLICIES);
const faults = await compareAll(FAULTS, POLICIES);
const ablations = await compareAll(ABLATED, ABLATIONS);
const simulated = renderFleetReport({ circumstances, seeds, calm, faults, ablations, scales });
const report = `${simulated}\n${renderHttpSection(options.out)}`;
await mkdir(options.out, { recursive: true });
await writeFile(join(options.out, 'fleet.md'), report);
await writeFile(join(options.out, 'fleet.svg'), renderPlot(calm.filter(({ kind }) => kind.workload.endsWith('burst'))));
process.stdout.write(`\n${report}\nWritten to ${join(options.out, 'fleet.md')}\n`);

async function measureScales(): Promise<readonly ScaleMeasurement[]> {
  const measured: ScaleMeasurement[] = [];
  for (const scale of SCALES) measured.push(await measureScale(scale, 1));
  return measured;
}

async function compareAll(kinds: readonly ScenarioKind[], policies: readonly Policy[]): Promise<readonly Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const kind of kinds) {
    process.stderr.write(`${titleOf(kind)}\n`);
    comparisons.push(await comparePolicies(kind, policies, seeds));
  }
  return comparisons;
}
