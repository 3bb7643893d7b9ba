import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeAddress } from '../domain/node.ts';
import { watchCall } from './call-watch.ts';
import { failureFromError, nodeUnavailable } from './node-failure.ts';
import { connectTo, createConnections } from './ollama-client.ts';

/** How far a download is. */
export interface PullProgress {
  /** In the host's words, such as `pulling manifest` or `verifying sha256 digest`. */
  readonly status: string;
  /** Of the file that is fetched now; null while the host does not say. */
  readonly completedBytes: number | null;
  readonly totalBytes: number | null;
}

/** Checking a 40 GB file at 150 MB/s takes 270 s, in which the host says nothing. */
const MAX_SILENCE_MS = 5 * 60_000;
/** 40 GB at 1 MB/s take 11 hours. */
const MAX_TOTAL_MS = 24 * 60 * 60_000;

/**
 * Makes the host fetch a model from its registry; a broken download goes on where it stopped when asked again.
 * Errors: ModelMissing (the registry does not have it), NodeUnavailable (host or registry not reachable, silence).
 */
export async function pullModel(
  node: NodeAddress,
  model: string,
  onProgress: (progress: PullProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const deadlines = { firstTokenMs: MAX_SILENCE_MS, idleMs: MAX_SILENCE_MS, totalMs: MAX_TOTAL_MS };
  const watch = watchCall(deadlines, signal);
  const connections = createConnections();
  try {
    const client = connectTo(node, connections, watch.signal);
    for await (const step of await client.pull({ model, stream: true })) {
      watch.noteArrival();
      onProgress({ status: step.status, completedBytes: step.completed ?? null, totalBytes: step.total ?? null });
    }
  } catch (error) {
    signal.throwIfAborted();
    const expired = watch.expired();
    throw expired === null ? pullFailure(node, model, error) : nodeUnavailable(node, expired, 'the pull went silent');
  } finally {
    watch.cancel();
    await connections.close();
  }
}

/** The registry's "no such model" comes as an error line in the words of the host. */
function pullFailure(node: NodeAddress, model: string, error: unknown): SynthesisFailure {
  const failure = failureFromError(node, error);
  const reason = String(failure.details['reason']);
  if (!/file does not exist|not found/i.test(reason)) return failure;
  return new SynthesisFailure('ModelMissing', `No registry has the model ${model}: ${reason}`, {
    nodeId: node.id,
    model,
    reason,
  });
}
