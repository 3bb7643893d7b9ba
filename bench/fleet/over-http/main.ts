/**
 * Plays the scenarios of the fleet bench end to end over real HTTP: `npm run bench:fleet-http -- [--quick] [--seeds N] [--out FILE]`.
 * The figures go into a JSON file that the report of `npm run bench:fleet` takes up.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeCircumstances } from '../../describe-machine.ts';
import { createScenario, type ScenarioChoice } from '../scenarios.ts';
import { foresee } from './foresee.ts';
import { HTTP_RESULT_FILE, type PlayedBoth } from './http-results.ts';
import { measureHttpRun } from './measure-http-run.ts';
import { FULL_PLAN, QUICK_PLAN } from './plan.ts';
import { playOverHttp, type HttpStage } from './play-over-http.ts';
import { prepareStage } from './prepare-stage.ts';
import { limitAnswers, speedUp } from './speed-up.ts';

const RESULT_FILE = join(import.meta.dirname, '../../results', HTTP_RESULT_FILE);

const { values: options } = parseArgs({
  options: {
    /** Few calls: to see that everything works. */
    quick: { type: 'boolean', default: false },
    /** Counted from 1. */
    seeds: { type: 'string', default: '2' },
    out: { type: 'string', default: RESULT_FILE },
  },
});

const seedCount = Number(options.seeds);
if (!Number.isSafeInteger(seedCount) || seedCount < 1) {
  throw new Error(`--seeds is a whole number from 1 up, not ${options.seeds}.`);
}

// Hosts, servers and measured processes end with this one.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const folder = await mkdtemp(join(tmpdir(), 'hydra-fleet-http-'));
try {
  const { stage } = await prepareStage(folder);
  const { factor, choices } = options.quick ? QUICK_PLAN : FULL_PLAN;
  const circumstances = describeCircumstances(stage.executable);
  const runs: PlayedBoth[] = [];
  for (let seed = 1; seed <= seedCount; seed++) {
    for (const choice of choices) {
      const played = await playBoth({ ...choice, seed }, factor, stage);
      process.stderr.write(`${describe(played)}\n`);
      runs.push(played);
      // Half a bench is worth something, too.
      await mkdir(dirname(options.out), { recursive: true });
      await writeFile(options.out, `${JSON.stringify({ circumstances, factor, runs }, null, 2)}\n`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function playBoth(choice: ScenarioChoice, factor: number, stage: HttpStage): Promise<PlayedBoth> {
  const scenario = speedUp(limitAnswers(createScenario(choice)), factor);
  const run = await playOverHttp(scenario, factor, stage);
  return { choice, http: measureHttpRun(run), foreseen: await foresee(run) };
}

function describe({ choice, http, foreseen }: PlayedBoth): string {
  const { fleet, workload, fault = 'no fault', seed } = choice;
  const wrong = http.lost + http.doubled + http.wronglyComplete;
  return (
    `${fleet}, ${workload}, ${fault}, seed ${seed}: ${http.makespan.toFixed(0)} s (foreseen ${foreseen.withWaits.toFixed(0)} s), ` +
    `${wrong} wrong, recovery ${http.recoverySeconds?.toFixed(1) ?? '-'} s, p99 ${http.latencyMs.p99} ms, ` +
    `${http.foreignCores.toFixed(1)} cores busy with other work`
  );
}
