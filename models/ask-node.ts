import { request, type Agent } from 'undici';

import type { NodeAddress } from '../domain/node.ts';
import { failureFromError, failureFromStatus, nodeUnavailable } from './node-failure.ts';
import { createNodeConnections, type NameLookup } from './node-connections.ts';
import { authorizationOf, MAX_JSON_BYTES } from './ollama-client.ts';

/** A question with a short answer: GET, or POST where it has a body. */
export interface NodeQuestion {
  /** Such as `/api/version`. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  /** Ends the question; the rejection is its reason. */
  readonly signal?: AbortSignal;
}

/** Asks a host; resolves to the JSON that it answers. Errors: SynthesisFailure, as of `LanguageModel`. */
export type AskNode = (node: NodeAddress, question: NodeQuestion) => Promise<unknown>;

/** Longer than from one probe to the next, so that a host is asked on the connection that it already has. */
const KEEP_ALIVE_MS = 60_000;

/**
 * The one place that asks hosts something short. Sixty-four hosts are asked some eighteen times a second for ever: `fetch`
 * with its streams and a new connection each time were more than half of what an idle Hydra took of the processor.
 */
export function createAskNode(lookup: NameLookup = {}): AskNode {
  const limits = { keepAliveMs: KEEP_ALIVE_MS, maxResponseBytes: MAX_JSON_BYTES };
  const connections = createNodeConnections({ ...limits, ...lookup });
  return async (node, question) => {
    const { timeoutMs, signal: caller } = question;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeoutMs);
    try {
      const signal = caller === undefined ? deadline.signal : AbortSignal.any([deadline.signal, caller]);
      return await ask(node, question, connections.to(node), signal);
    } catch (error) {
      caller?.throwIfAborted();
      if (!deadline.signal.aborted) throw failureFromError(node, error);
      throw nodeUnavailable(node, 'timeout', `no answer within ${timeoutMs} ms`, { deadlineMs: timeoutMs }, error);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Nothing is retried, and no redirect is followed: the address in the settings is the one that is asked. */
async function ask(
  node: NodeAddress,
  { path, body: sent }: NodeQuestion,
  dispatcher: Agent,
  signal: AbortSignal,
): Promise<unknown> {
  const { statusCode, headers, body } = await request(`${node.url}${path}`, {
    ...(sent === undefined ? { method: 'GET' } : { method: 'POST', body: JSON.stringify(sent) }),
    headers: { ...authorizationOf(node), 'content-type': 'application/json' },
    dispatcher,
    signal,
  });
  const text = await body.text();
  if (statusCode >= 300) throw failureFromStatus(node, statusCode, text);
  const type = String(headers['content-type'] ?? '');
  if (statusCode !== 200 || !type.includes('json')) {
    const answered = type === '' ? 'without a content type' : `with ${type}`;
    throw nodeUnavailable(node, 'not_ollama', `HTTP ${statusCode} ${answered}`);
  }
  return JSON.parse(text);
}
