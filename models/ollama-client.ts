import { Ollama } from 'ollama';
import { fetch as fetchWithAgent } from 'undici';

import type { NodeAddress } from '../domain/node.ts';
import { failureFromStatus, nodeUnavailable } from './node-failure.ts';
import { limitBytes, passJsonLines } from './json-lines.ts';
import type { NodeConnections } from './node-connections.ts';

/** Lists and descriptions of models, licences included; the largest seen are below 1 MB. */
export const MAX_JSON_BYTES = 16 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/** The client for one call: `signal` ends it at once, socket included. Nothing is retried, no redirect is followed. */
export function connectTo(node: NodeAddress, connections: NodeConnections, signal: AbortSignal): Ollama {
  return new Ollama({ host: node.url, headers: authorizationOf(node), fetch: createFetch(node, connections, signal) });
}

/** The header that a host with a token in front of it asks for; empty where there is none. */
export function authorizationOf(node: NodeAddress): Record<string, string> {
  return node.bearerToken === undefined ? {} : { Authorization: `Bearer ${node.bearerToken}` };
}

function createFetch(node: NodeAddress, connections: NodeConnections, signal: AbortSignal): typeof fetch {
  const dispatcher = connections.to(node);
  const fetchFromNode = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const { method = 'GET', headers, body } = init;
    const request = { method, headers, body, dispatcher, signal, redirect: 'manual' };
    const answer = (await fetchWithAgent(url, request as Parameters<typeof fetchWithAgent>[1])) as unknown as Response;
    if (!answer.ok) throw failureFromStatus(node, answer.status, await readStart(answer));
    return new Response(guardBody(node, answer), { status: answer.status, headers: answer.headers });
  };
  return fetchFromNode as typeof fetch;
}

/** Ollama answers with JSON or with lines of it; a page of a router or a login form is refused here. */
function guardBody(node: NodeAddress, answer: Response): ReadableStream<Uint8Array> | null {
  const type = answer.headers.get('content-type') ?? '';
  if (answer.body === null) return null;
  if (type.includes('ndjson')) return answer.body.pipeThrough(passJsonLines());
  if (type.includes('json')) return answer.body.pipeThrough(limitBytes(MAX_JSON_BYTES));
  void answer.body.cancel();
  throw nodeUnavailable(node, 'not_ollama', `content type ${type === '' ? 'missing' : type}`);
}

/** The body of an error, as far as it is of a sane length. */
async function readStart(answer: Response): Promise<string> {
  if (answer.body === null) return '';
  try {
    return await new Response(answer.body.pipeThrough(limitBytes(MAX_ERROR_BYTES))).text();
  } catch {
    return '';
  }
}
