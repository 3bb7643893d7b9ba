/**
 * Compares Hydra with real routers on the same simulated hosts: `npm run bench:peers -- [--quick] [--seed N] [--out FILE]`.
 * The routers are installed into the cache folder; one that cannot be had is left out, with the reason.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeCircumstances } from '../../describe-machine.ts';
import { playOverHttp } from '../over-http/play-over-http.ts';
import { prepareStage } from '../over-http/prepare-stage.ts';
import { limitAnswers, speedUp } from '../over-http/speed-up.ts';
import { createScenario, type ScenarioChoice } from '../scenarios.ts';
import { findLitellm } from './find-litellm.ts';
import { findOlla } from './find-olla.ts';
import { measureHydra, measurePeer, type PeerFigures } from './peer-figures.ts';
import { playPeer } from './play-peer.ts';
import { describeChoice, renderPeers, type PeerReport } from './render-peers.ts';

const REPORT_FILE = join(import.meta.dirname, '../../results/peers.md');
const FACTOR = 4;
/** Enough calls that each host has several of each model, few enough for a run of a few minutes. */
const CALLS = 80;
const QUICK_CALLS = 24;
/** All hosts have calls by then, and most are still to come. */
const FAULT_AT_SECONDS = 60;

const { values: options } = parseArgs({
  options: {
    /** A few calls: to see that everything works. The report goes to the terminal only, unless a file is named. */
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});

// Hosts, servers and measured processes end with this one.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const size = { calls: options.quick ? QUICK_CALLS : CALLS };
const seed = Number(options.seed);
if (!Number.isSafeInteger(seed)) throw new Error(`--seed is a whole number, not ${options.seed}.`);
const choices: readonly ScenarioChoice[] = [
  { fleet: 'mixed', workload: 'burst', seed, size },
  { fleet: 'mixed', workload: 'capped-burst', seed, size },
  { fleet: 'mixed', workload: 'capped-burst', fault: 'crash', faultAtSeconds: FAULT_AT_SECONDS, seed, size },
];

const folder = await mkdtemp(join(tmpdir(), 'hydra-peers-'));
try {
  const { stage, cache } = await prepareStage(folder);
  const found = [await findOlla(cache), await findLitellm(cache)];
  const peers = found.flatMap((one) => (one.kind === 'found' ? one.peers : []));
  const skipped = found.flatMap((one) => (one.kind === 'skipped' ? [one] : []));
  for (const { name, reason } of skipped) say(`${name} is left out: ${reason}`);
  const circumstances = describeCircumstances(stage.executable);
  const rows: PeerFigures[] = [];
  for (const choice of choices) {
    const scenario = speedUp(limitAnswers(createScenario(choice)), FACTOR);
    keep(measureHydra(choice, await playOverHttp(scenario, FACTOR, stage)));
    for (const peer of peers) keep(measurePeer(choice, peer, FACTOR, await playPeer(scenario, peer)));
  }
  const report: PeerReport = { circumstances, factor: FACTOR, seed, calls: size.calls, peers, skipped, rows };
  await deliver(renderPeers(report));

  function keep(figures: PeerFigures): void {
    rows.push(figures);
    const { router, makespan, lost } = figures;
    say(`${describeChoice(figures.choice)}, ${router}: ${makespan.toFixed(0)} s, ${lost} lost`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

async function deliver(report: string): Promise<void> {
  process.stdout.write(`\n${report}`);
  const out = options.out ?? (options.quick ? undefined : REPORT_FILE);
  if (out === undefined) return;
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, report);
  process.stdout.write(`\nWritten to ${out}\n`);
}
