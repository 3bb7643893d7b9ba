import { Registry } from 'prom-client';
import { mergeExpositions } from './merge-expositions.ts';
import { createSdkMetrics, type SdkMetrics } from './sdk-metrics.ts';

/** Everything that one process counts and measures. */
export interface ProcessMetrics {
  /** Ours; parts of the process add theirs. */
  readonly registry: Registry;
  /** The Temporal SDK's. */
  readonly sdk: SdkMetrics;
  /** All of it as Prometheus text, with what child processes gave. */
  readText(childTexts?: readonly string[]): Promise<string>;
}

/** Creates the metrics of this process. `name` is the value of the label `process` on each of them. */
export async function createProcessMetrics(name: string): Promise<ProcessMetrics> {
  const registry = new Registry();
  registry.setDefaultLabels({ process: name });
  const sdk = await createSdkMetrics(name);
  return {
    registry,
    sdk,
    async readText(childTexts = []) {
      const own = await Promise.all([registry.metrics(), sdk.read()]);
      return mergeExpositions([...own, ...childTexts]);
    },
  };
}
