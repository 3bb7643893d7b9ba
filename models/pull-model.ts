import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeAddress } from '../domain/node.ts';
import { watchCall } from './call-watch.ts';
import { failureFromError, nodeUnavailable } from './node-failure.ts';
import { createNodeConnections } from './node-connections.ts';
import { connectTo } from './ollama-client.ts';

/** How far a download is. */
export interface PullProgress {
  /** In the host's words, such as `pulling manifest` or `verifying sha256 digest`. */
  readonly status: string;
  /** Of all files that the host has named so far; null before the first. */
  readonly completedBytes: number | null;
  readonly totalBytes: number | null;
}

/** Makes a host fetch a model; see `pullModel`. */
export type PullModel = typeof pullModel;

/** Checking a 40 GB file at 150 MB/s takes 270 s, in which the host says nothing. */
const MAX_SILENCE_MS = 5 * 60_000;
/** 40 GB at 1 MB/s take 11 hours. */
const MAX_TOTAL_MS = 24 * 60 * 60_000;

/**
 * Makes the host fetch a model from its registry; a broken download goes on where it stopped when asked again.
 * Errors: ModelMissing (the registry does not have it), PullRefused (disk full, not allowed, host too old: in the host's
 * words), NodeUnavailable (host or registry not reachable, silence, an end without success).
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
  const connections = createNodeConnections();
  try {
    const client = connectTo(node, connections, watch.signal);
    const files: PulledFiles = new Map();
    let status = '';
    for await (const step of await client.pull({ model, stream: true })) {
      watch.noteArrival();
      // A file is named before anything of it has arrived.
      if (step.digest) files.set(step.digest, { completedBytes: step.completed ?? 0, totalBytes: step.total ?? 0 });
      status = step.status;
      onProgress({ status, ...sumOf(files) });
    }
    if (status !== 'success') throw new Error('the pull ended without success');
  } catch (error) {
    signal.throwIfAborted();
    const expired = watch.expired();
    throw expired === null ? pullFailure(node, model, error) : nodeUnavailable(node, expired, 'the pull went silent');
  } finally {
    watch.cancel();
    await connections.close();
  }
}

/** The files of a model by digest. Hosts fetch one after the other, and tell of each only its own bytes. */
type PulledFiles = Map<string, { readonly completedBytes: number; readonly totalBytes: number }>;

function sumOf(files: PulledFiles): Omit<PullProgress, 'status'> {
  if (files.size === 0) return { completedBytes: null, totalBytes: null };
  const sum = (of: 'completedBytes' | 'totalBytes'): number =>
    [...files.values()].reduce((total, file) => total + file[of], 0);
  return { completedBytes: sum('completedBytes'), totalBytes: sum('totalBytes') };
}

/** The registry's HTTP 404 for a manifest, in the words of the host. */
const NOT_IN_REGISTRY = /manifest: (file does not exist|404)/i;
/** What waiting does not mend: a full disk (Linux and macOS, Windows, quota), a registry that refuses, a host that is too old. */
const REFUSALS = [
  /no space left on device|not enough space|disk quota exceeded/i,
  /manifest: (400|401|403|412)\b|unauthorized|requires a newer version/i,
];

/** What goes wrong at the registry or on the host's disk comes as an error line in the words of the host. */
function pullFailure(node: NodeAddress, model: string, error: unknown): SynthesisFailure {
  const failure = failureFromError(node, error);
  const reason = String(failure.details['reason']);
  const details = { nodeId: node.id, model, reason };
  if (NOT_IN_REGISTRY.test(reason))
    return new SynthesisFailure('ModelMissing', `No registry has the model ${model}: ${reason}`, details);
  if (failure.type === 'RequestRejected' || REFUSALS.some((refusal) => refusal.test(reason)))
    return new SynthesisFailure('PullRefused', `Node ${node.id} cannot pull ${model}: ${reason}`, details);
  return failure;
}
