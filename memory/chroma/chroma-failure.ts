import { SynthesisFailure } from '../../domain/failure.ts';

/** The failure for whatever a call to Chroma ended with. `action` names the call, such as `search`. */
export function toChromaFailure(error: unknown, action: string, address: string, signal: AbortSignal): Error {
  if (error instanceof SynthesisFailure) return error;
  const reason = signal.aborted ? 'it did not answer in time' : describe(error);
  const details = { tier: 'chroma', action, location: address, reason };
  return new SynthesisFailure('StoreUnavailable', `Chroma failed: ${reason}.`, details, { cause: error });
}

/** The client's own words for a server that is not there are advice for browsers. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'ChromaConnectionError' ? 'it cannot be reached' : error.message.replace(/\.$/, '');
}
