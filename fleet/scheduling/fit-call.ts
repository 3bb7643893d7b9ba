import { SynthesisFailure } from '../../domain/failure.ts';
import { isCapable, type Host } from './host.ts';
import type { MemoryLimits } from '../model-memory/memory-limits.ts';
import type { WaitingCall } from './waiting-call.ts';

/**
 * Finds the calls whose model is on hosts that are up, and fits into none of them with the context of the call. Hundreds of
 * calls wait for a few models: each model and context is looked up once.
 */
export function createFitCheck(hosts: readonly Host[], memoryLimits: MemoryLimits): (call: WaitingCall) => boolean {
  const known = new Map<string, boolean>();
  return ({ model, request: { contextTokens } }) => {
    const key = `${model} ${contextTokens}`;
    const fitsNowhere = known.get(key) ?? isTooLarge(model, contextTokens, hosts, memoryLimits);
    known.set(key, fitsNowhere);
    return fitsNowhere;
  };
}

function isTooLarge(model: string, contextTokens: number, hosts: readonly Host[], memoryLimits: MemoryLimits): boolean {
  const capable = hosts.filter((host) => isCapable(host, model));
  return capable.length > 0 && !capable.some((host) => memoryLimits.fits(host.address.id, model, contextTokens));
}

/** Says which model with which context is too large for every host. */
export function fitsNowhereFailure({ request: { model, contextTokens } }: WaitingCall): SynthesisFailure {
  const message = `${model} with a context of ${contextTokens} tokens fits into the memory of no Ollama host that is up.`;
  return new SynthesisFailure('OutOfMemory', message, { model, contextTokens });
}
