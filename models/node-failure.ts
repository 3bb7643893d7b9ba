import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeAddress } from '../domain/node.ts';
import { describeConnectProblem, findCoded } from './connect-problem.ts';

/** In which way a host failed; `details.kind` of NodeUnavailable. */
export type NodeProblem =
  /** No connection. */
  | 'connect'
  /** A deadline of a generation. */
  | 'first_token'
  | 'idle'
  | 'total'
  /** It gave no sign of life while it should have answered a call. */
  | 'silent'
  /** The deadline of a quick question. */
  | 'timeout'
  /** The answer broke off, or an error came in the middle of it. */
  | 'stream_error'
  /** The program that runs this one model on the host failed, or did not start; the host itself is well. */
  | 'model_failed'
  /** Another HTTP 5xx: a bug. */
  | 'server_error'
  /** It wants another token, or none of us. */
  | 'access_denied'
  /** Something else answers at this address. */
  | 'not_ollama';

/** The host's fault, as a failure that names host, kind and reason. */
export function nodeUnavailable(
  node: NodeAddress,
  kind: NodeProblem,
  reason: string,
  details: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): SynthesisFailure {
  const message = `Node ${node.id} failed (${kind}): ${reason}`;
  return new SynthesisFailure('NodeUnavailable', message, { nodeId: node.id, kind, reason, ...details }, { cause });
}

/** What an HTTP status of 300 or above means. `body` is what came with it. */
export function failureFromStatus(node: NodeAddress, status: number, body: string): SynthesisFailure {
  const ollamaError = readOllamaError(body);
  const reason = ollamaError ?? `HTTP ${status}`;
  const details = { nodeId: node.id, status, reason };
  if (status < 400)
    return nodeUnavailable(node, 'not_ollama', `HTTP ${status}; redirects are not followed`, { status });
  if (BUSY_STATUSES.has(status)) return new SynthesisFailure('NodeBusy', `Node ${node.id} is busy: ${reason}`, details);
  if (status >= 500) return failureOfHost(node, reason, 'server_error', { status });
  // Ollama's own 404 is JSON; plain text means a wrong address or path.
  if (status === 404 && ollamaError === null) {
    return nodeUnavailable(node, 'not_ollama', 'HTTP 404 without an Ollama error', { status });
  }
  if (status === 404) return new SynthesisFailure('ModelMissing', `Node ${node.id}: ${reason}`, details);
  if (status === 400 && ollamaError === null && /https/i.test(body)) {
    return nodeUnavailable(node, 'not_ollama', 'it speaks TLS; is its URL https://?', { status });
  }
  if (status === 401 || status === 403) {
    const problem = `it refused the token that it was given, or wants one (token_env): ${reason}`;
    return nodeUnavailable(node, 'access_denied', problem, { status });
  }
  if (/exceed\w* .*context length/i.test(reason)) {
    return new SynthesisFailure('PromptTooLong', `Node ${node.id}: ${reason}`, details);
  }
  return new SynthesisFailure('RequestRejected', `Node ${node.id} rejected the call: ${reason}`, details);
}

/** Full queue; 408 and 429 come from proxies in front of a host, 499 from a host that gave up on its own request. */
const BUSY_STATUSES: ReadonlySet<number> = new Set([503, 429, 408, 499]);

/**
 * What Ollama and the libraries below it say when memory runs out: before a load, while layers are laid out, from CUDA, ROCm,
 * Vulkan, Metal and the processor's allocators, and when the system kills the runner for it.
 */
const OUT_OF_MEMORY =
  /requires more (system|gpu) memory|out of memory|OutOf(Device|Host)?Memory|insufficient memory|memory layout cannot be allocated|failed to (allocate|commit)|unable to allocate|cannot allocate memory|bad_alloc|failed to load.*resource limitations|terminated: signal: killed|terminated: exit status 0xc0000017/i;
/** The runner of one model, or its start. */
const MODEL_FAILED = /runner|loading model|load model|model failed/i;

/** A failure in the host's own words: out of memory, the runner of this model, or the kind that it would be otherwise. */
function failureOfHost(
  node: NodeAddress,
  reason: string,
  otherwise: NodeProblem,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): SynthesisFailure {
  if (OUT_OF_MEMORY.test(reason)) {
    const message = `Node ${node.id} is out of memory: ${reason}`;
    return new SynthesisFailure('OutOfMemory', message, { nodeId: node.id, reason, ...details }, { cause });
  }
  return nodeUnavailable(node, MODEL_FAILED.test(reason) ? 'model_failed' : otherwise, reason, details, cause);
}

/** What an exception of the HTTP client means; a SynthesisFailure is returned as it is. */
export function failureFromError(node: NodeAddress, error: unknown): SynthesisFailure {
  if (error instanceof SynthesisFailure) return error;
  const problem = describeConnectProblem(error);
  if (problem !== null) return nodeUnavailable(node, 'connect', problem, {}, error);
  const reason = findCoded(error)?.code ?? (error instanceof Error ? error.message : String(error));
  return failureOfHost(node, reason, 'stream_error', {}, error);
}

function readOllamaError(body: string): string | null {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null || !('error' in value)) return null;
    return typeof value.error === 'string' ? value.error : null;
  } catch {
    return null;
  }
}
