import { request } from 'undici';

import type { NodeAddress } from '../domain/node.ts';
import { failureFromError, failureFromStatus } from './node-failure.ts';
import { createNodeConnections } from './node-connections.ts';
import { authorizationOf } from './ollama-client.ts';

/** Makes a host load a model; see `loadModel`. */
export type LoadModel = typeof loadModel;

/** 40 GB from a slow disk at 150 MB/s take 270 s. */
const MAX_LOAD_MS = 5 * 60_000;

/**
 * Brings a model into the host's memory by an empty prompt, with the context that its calls will ask for: another one would
 * make the host load it anew. How long it stays is the host's own rule, as after a call.
 * Errors: SynthesisFailure, as of `LanguageModel`.
 */
export async function loadModel(
  node: NodeAddress,
  model: string,
  contextTokens: number,
  signal: AbortSignal,
): Promise<void> {
  const connections = createNodeConnections();
  try {
    const { statusCode, body } = await request(`${node.url}/api/generate`, {
      method: 'POST',
      headers: { ...authorizationOf(node), 'content-type': 'application/json' },
      body: JSON.stringify({ model, stream: false, options: { num_ctx: contextTokens } }),
      dispatcher: connections.to(node),
      signal: AbortSignal.any([signal, AbortSignal.timeout(MAX_LOAD_MS)]),
    });
    const text = await body.text();
    if (statusCode >= 300) throw failureFromStatus(node, statusCode, text);
  } catch (error) {
    signal.throwIfAborted();
    throw failureFromError(node, error);
  } finally {
    await connections.close();
  }
}
