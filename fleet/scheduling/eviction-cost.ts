import type { Host } from './host.ts';
import type { RateBook } from '../learning/learned-rates.ts';

/** What the cost of an eviction is computed from. */
export interface EvictionView {
  readonly rates: RateBook;
  /** Models that calls wait for, or lately asked for. */
  readonly wantedModels: ReadonlySet<string>;
}

/**
 * Seconds that loading a model costs the calls of other models later: the loads of those that have to go for it and are wanted.
 * Where the host's memory is not known, whatever is in it is taken to be a model like this one that has to go.
 */
export function evictionSeconds(host: Host, model: string, contextTokens: number, view: EvictionView): number {
  const { memory } = host;
  const needBytes = memory?.needBytes(model, contextTokens) ?? null;
  if (memory === null || memory.capacityBytes === null || needBytes === null) {
    return holdsWanted(host, view.wantedModels) ? view.rates.estimate(host.address.id, model).loadSeconds : 0;
  }
  const sizes = [...modelsPresent(host)].map((other) => [other, memory.needBytes(other, contextTokens) ?? 0] as const);
  let freeBytes = sizes.reduce((free, [, bytes]) => free - bytes, memory.capacityBytes);
  let seconds = 0;
  for (const [other, bytes] of sizes) {
    if (freeBytes >= needBytes) break;
    freeBytes += bytes;
    if (view.wantedModels.has(other)) seconds += view.rates.estimate(host.address.id, other).loadSeconds;
  }
  return seconds;
}

/** Every host is asked for every model in every round, so nothing is built for it. */
function holdsWanted(host: Host, wantedModels: ReadonlySet<string>): boolean {
  for (const model of host.residentModels) if (wantedModels.has(model)) return true;
  for (const { model } of host.running.values()) if (wantedModels.has(model)) return true;
  return false;
}

function modelsPresent(host: Host): ReadonlySet<string> {
  return new Set([...host.residentModels, ...[...host.running.values()].map((call) => call.model)]);
}
