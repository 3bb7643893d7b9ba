import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeAddress } from '../domain/node.ts';

/** In which way a host failed; `details.kind` of NodeUnavailable. */
export type NodeProblem =
  /** No connection. */
  | 'connect'
  /** A deadline of a generation. */
  | 'first_token'
  | 'idle'
  | 'total'
  /** The deadline of a quick question. */
  | 'timeout'
  /** The answer broke off, or an error came in the middle of it. */
  | 'stream_error'
  /** Its queue is full; it may answer soon. */
  | 'busy'
  /** HTTP 5xx: loading failed, out of memory, a bug. */
  | 'server_error'
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

/** What an HTTP status of 400 or above means. `body` is what came with it. */
export function failureFromStatus(node: NodeAddress, status: number, body: string): SynthesisFailure {
  const ollamaError = readOllamaError(body);
  const reason = ollamaError ?? `HTTP ${status}`;
  const details = { nodeId: node.id, status, reason };
  // 408 and 429 come from proxies in front of a host, 499 from a host that gave up on its own request.
  if (status === 503 || status === 429 || status === 408) return nodeUnavailable(node, 'busy', reason, { status });
  if (status >= 500 || status === 499) return nodeUnavailable(node, 'server_error', reason, { status });
  // Ollama's own 404 is JSON; plain text means a wrong address or path.
  if (status === 404 && ollamaError === null) {
    return nodeUnavailable(node, 'not_ollama', 'HTTP 404 without an Ollama error', { status });
  }
  if (status === 404) return new SynthesisFailure('ModelMissing', `Node ${node.id}: ${reason}`, details);
  if (/exceed\w* .*context length/i.test(reason)) {
    return new SynthesisFailure('PromptTooLong', `Node ${node.id}: ${reason}`, details);
  }
  return new SynthesisFailure('RequestRejected', `Node ${node.id} rejected the call: ${reason}`, details);
}

/** What an exception of the HTTP client means; a SynthesisFailure is returned as it is. */
export function failureFromError(node: NodeAddress, error: unknown): SynthesisFailure {
  if (error instanceof SynthesisFailure) return error;
  const code = errorCode(error);
  if (code !== null && CONNECTION_CODES.has(code)) return nodeUnavailable(node, 'connect', code, {}, error);
  const reason = code ?? (error instanceof Error ? error.message : String(error));
  return nodeUnavailable(node, 'stream_error', reason, {}, error);
}

/** Codes that say that no connection came about; others mean that one broke. */
const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'EPROTO',
]);

/** `fetch` hides the reason in a chain of causes. */
function errorCode(error: unknown): string | null {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string') return current.code;
  }
  return null;
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
