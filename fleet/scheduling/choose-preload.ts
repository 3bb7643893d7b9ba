import { fullModelName } from '../../domain/model-name.ts';
import { freeSlots, isCapable, type Host } from './host.ts';
import type { RateBook } from '../learning/learned-rates.ts';

/**
 * The idle host that should have a model in memory before its calls come: the fastest one on which nothing has to go for it.
 * Undefined where there is none, or where an idle host has the model in memory already.
 */
export function choosePreloadHost(
  hosts: readonly Host[],
  wantedModel: string,
  contextTokens: number,
  rates: RateBook,
): Host | undefined {
  const model = fullModelName(wantedModel);
  const idle = hosts.filter((host) => host.running.size === 0 && freeSlots(host) > 0 && isCapable(host, model));
  if (idle.some((host) => host.residentModels.has(model))) return undefined;
  const secondsPerToken = (host: Host): number => rates.estimate(host.address.id, model).completionSecondsPerToken;
  return idle
    .filter((host) => fitsBeside(host, model, contextTokens))
    .toSorted((left, right) => secondsPerToken(left) - secondsPerToken(right))[0];
}

/** A host whose memory is not known takes only what is alone in it. */
function fitsBeside(host: Host, model: string, contextTokens: number): boolean {
  if (host.residentModels.size === 0) return true;
  const { memory } = host;
  if (!memory || memory.capacityBytes === null) return false;
  let neededBytes = 0;
  for (const name of [...host.residentModels, model]) {
    const needBytes = memory.needBytes(name, contextTokens);
    if (needBytes === null) return false;
    neededBytes += needBytes;
  }
  return neededBytes <= memory.capacityBytes;
}
