import { createDraw, type Draw } from './draw.ts';
import type { BenchFleet, BenchHost, BenchModel, BenchSpeed } from './scenario.ts';

const GB = 1e9;

export const LIGHT: BenchModel = { name: 'qwen3:1.7b', sizeBytes: 2 * GB };
export const CODER: BenchModel = { name: 'qwen2.5-coder:7b', sizeBytes: 6 * GB };
export const HEAVY: BenchModel = { name: 'qwen2.5-coder:32b', sizeBytes: 20 * GB };
export const MODELS: readonly BenchModel[] = [LIGHT, CODER, HEAVY];

/** Decoding reads every weight once per token: a third of the bytes is three times as fast. */
const RELATIVE_SPEED: Readonly<Record<string, number>> = { [LIGHT.name]: 3, [CODER.name]: 1, [HEAVY.name]: 0.3 };
/** Hosts differ in how they run a model beyond its bytes: quantisation, offloading, drivers. */
const SPEED_SIGMA = 0.15;

/** A kind of machine; speeds are those of the 6 GB model. */
interface Machine {
  readonly tokensPerSecond: number;
  /** Prompt tokens read in the time of one that is written: more on a card than on a processor. */
  readonly promptFactor: number;
  readonly vramGb: number;
  readonly loadGbPerSecond: number;
  readonly slots: number;
}

/** Two good cards, two older ones, two with much slow memory. Source of the ratio: NVIDIA/Personal-AI-Router#7, 58 to 10 tokens/s. */
const MIXED: readonly Machine[] = [
  { tokensPerSecond: 58, promptFactor: 20, vramGb: 32, loadGbPerSecond: 2, slots: 1 },
  { tokensPerSecond: 45, promptFactor: 20, vramGb: 24, loadGbPerSecond: 2, slots: 1 },
  { tokensPerSecond: 30, promptFactor: 20, vramGb: 24, loadGbPerSecond: 1, slots: 1 },
  { tokensPerSecond: 20, promptFactor: 20, vramGb: 12, loadGbPerSecond: 1, slots: 1 },
  { tokensPerSecond: 10, promptFactor: 8, vramGb: 64, loadGbPerSecond: 0.5, slots: 1 },
  { tokensPerSecond: 10, promptFactor: 8, vramGb: 64, loadGbPerSecond: 0.5, slots: 1 },
];
const SAME: Machine = { tokensPerSecond: 30, promptFactor: 20, vramGb: 24, loadGbPerSecond: 1, slots: 1 };
/** A server that answers four at once, and five small cards with room for the two smaller models. */
const BIG: Machine = { tokensPerSecond: 50, promptFactor: 20, vramGb: 80, loadGbPerSecond: 3, slots: 4 };
const SMALL: Machine = { tokensPerSecond: 20, promptFactor: 20, vramGb: 8, loadGbPerSecond: 1, slots: 1 };

/** The seed decides how well each host runs each model; on identical hosts, each model the same everywhere. */
export function createBenchFleet(name: BenchFleet['name'], seed: number): BenchFleet {
  const draw = createDraw(seed);
  switch (name) {
    case 'mixed':
      return {
        name,
        models: MODELS,
        hosts: MIXED.map((machine, place) => createHost(machine, place, drawSpeeds(draw))),
      };
    case 'identical': {
      const factors = drawSpeeds(draw);
      return { name, models: MODELS, hosts: Array.from({ length: 6 }, (_, place) => createHost(SAME, place, factors)) };
    }
    case 'one-big': {
      const machines = [BIG, SMALL, SMALL, SMALL, SMALL, SMALL];
      return {
        name,
        models: MODELS,
        hosts: machines.map((machine, place) => createHost(machine, place, drawSpeeds(draw))),
      };
    }
    default:
      return name satisfies never;
  }
}

function drawSpeeds(draw: Draw): readonly number[] {
  return MODELS.map(() => draw.logNormal(1, SPEED_SIGMA));
}

function createHost(machine: Machine, place: number, factors: readonly number[]): BenchHost {
  const vramBytes = machine.vramGb * GB;
  const speeds: Record<string, BenchSpeed> = {};
  for (const [index, { name, sizeBytes }] of MODELS.entries()) {
    if (sizeBytes > vramBytes) continue;
    const tokensPerSecond = machine.tokensPerSecond * (RELATIVE_SPEED[name] ?? 1) * (factors[index] ?? 1);
    speeds[name] = {
      promptTokensPerSecond: tokensPerSecond * machine.promptFactor,
      completionTokensPerSecond: tokensPerSecond,
    };
  }
  return {
    id: `host-${place + 1}`,
    slots: machine.slots,
    vramBytes,
    loadBytesPerSecond: machine.loadGbPerSecond * GB,
    speeds,
  };
}
