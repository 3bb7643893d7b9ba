import { Counter, type Registry } from 'prom-client';
import { toCanonicalJson } from '../../memory/content-hash.ts';
import type { StepResultStore } from '../../memory/ports.ts';

/** The third name in a step's key: what the step does. */
const ROLE = 2;

/** The same store, which counts what it accepts: first results, and those that came after an accepted one and were dropped. */
export function countSteps(steps: StepResultStore, registry: Registry): StepResultStore {
  const accepted = new Counter({
    name: 'hydra_steps_accepted_total',
    help: 'Step results that were the first under their key and are kept.',
    labelNames: ['role'],
    registers: [registry],
  });
  const dropped = new Counter({
    name: 'hydra_steps_dropped_total',
    help: 'Step results that came when their key had another one.',
    labelNames: ['role'],
    registers: [registry],
  });
  return {
    find: (key) => steps.find(key),
    async acceptOnce(key, runId, value) {
      const kept = await steps.acceptOnce(key, runId, value);
      const isFirst = toCanonicalJson(kept) === toCanonicalJson(value);
      (isFirst ? accepted : dropped).inc({ role: key.split('/')[ROLE] ?? 'unknown' });
      return kept;
    },
  };
}
