import { simulatedModel } from '../models/simulated-node/options.ts';
import { startSimulatedNode } from '../models/simulated-node/start-simulated-node.ts';
import { ANSWER, MODEL } from './workload.ts';

/** Simulated hosts in this process, so that what they use is not counted as Hydra's. */
export interface BenchNodes {
  /** The settings that make a Hydra use them. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts hosts that answer at once. */
export async function startBenchNodes(count: number, slots: number): Promise<BenchNodes> {
  const options = { models: [simulatedModel(MODEL.name, MODEL)], slots, answers: () => ANSWER };
  const nodes = await Promise.all(Array.from({ length: count }, () => startSimulatedNode(options)));
  return {
    environment: {
      HYDRA_NODES: nodes.map(({ url }, index) => `node-${index + 1}=${url}`).join(','),
      HYDRA_NODE_SLOTS: String(slots),
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}
