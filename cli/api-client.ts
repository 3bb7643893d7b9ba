import { EventSourceParserStream } from 'eventsource-parser/stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { WireDecisionList } from '../api/wire-decision.ts';
import type { WireEvent } from '../api/wire-event.ts';
import type { WireHealth, WireModelList, WireNode, WireNodeList } from '../api/wire-fleet.ts';
import type { NodeBody, WireProbedNode } from '../api/wire-node.ts';
import type { PullBody, WirePull, WirePullAccepted, WirePullList } from '../api/wire-pull.ts';
import type { GenerateBody } from '../api/wire-request.ts';
import type { WireAccepted, WireRun, WireRunList } from '../api/wire-run.ts';
import { CALL_TIMEOUT_MS, callJson, hasType, notHydra, postJson, readReason, send } from './call-api.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** Hydra's HTTP API as the commands use it. Errors: CommandError with the exit code and what to do. */
export interface ApiClient {
  readonly url: string;
  /** Errors: AbortError when the signal came first; the service may have accepted the request all the same. */
  submit(body: GenerateBody, signal?: AbortSignal): Promise<WireAccepted>;
  getRun(id: string): Promise<WireRun>;
  listRuns(filter: Readonly<Record<string, string>>): Promise<WireRunList>;
  cancel(id: string): Promise<WireRun>;
  getNodes(): Promise<WireNodeList>;
  getNode(id: string): Promise<WireNode>;
  addNode(body: NodeBody): Promise<WireNode>;
  /** Gives the node as it was. */
  removeNode(id: string): Promise<WireNode>;
  steerNode(id: string, verb: 'drain' | 'resume'): Promise<WireNode>;
  probeNode(id: string): Promise<WireProbedNode>;
  getModels(): Promise<WireModelList>;
  pullModel(body: PullBody): Promise<WirePullAccepted>;
  getPull(id: string): Promise<WirePull>;
  listPulls(): Promise<WirePullList>;
  cancelPull(id: string): Promise<WirePull>;
  listDecisions(filter: Readonly<Record<string, string>>): Promise<WireDecisionList>;
  /** The health report, whether good or bad; undefined when no Hydra answers. */
  findService(): Promise<WireHealth | undefined>;
  /** The run's events above `after`; reconnects by itself and ends when the run has. */
  followEvents(id: string, options: FollowOptions): AsyncGenerator<WireEvent>;
}

export interface FollowOptions {
  readonly after?: number;
  readonly signal?: AbortSignal;
  /** Called when the connection was lost and is tried again. */
  readonly onReconnect?: (reason: string) => void;
}

const PROBE_TIMEOUT_MS = 3_000;
// A restarted service is back within seconds; a minute later somebody has to look.
const RECONNECT_LIMIT_MS = 60_000;
const RECONNECT_DELAY_MS = 500;

/** The client of the API at a base URL. */
export function createApiClient(url: string): ApiClient {
  const call = <Answer>(path: string, init?: RequestInit) => callJson<Answer>(url, path, init);

  return {
    url,
    submit: (body, signal) =>
      call('/generate', {
        ...postJson(body),
        ...(signal && { signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]) }),
      }),
    getRun: async (id) => call(runPath(id)),
    listRuns: (filter) => call(`/runs?${new URLSearchParams(filter).toString()}`),
    cancel: async (id) => call(`${runPath(id)}/cancel`, { method: 'POST' }),
    getNodes: () => call('/nodes'),
    getNode: async (id) => call(nodePath(id)),
    addNode: (body) => call('/nodes', postJson(body)),
    removeNode: async (id) => call(nodePath(id), { method: 'DELETE' }),
    steerNode: async (id, verb) => call(`${nodePath(id)}/${verb}`, { method: 'POST' }),
    probeNode: async (id) => call(`${nodePath(id)}/probe`, { method: 'POST' }),
    getModels: () => call('/models'),
    pullModel: (body) => call('/models/pull', postJson(body)),
    getPull: (id) => call(pullPath(id)),
    listPulls: () => call('/models/pulls'),
    cancelPull: (id) => call(`${pullPath(id)}/cancel`, { method: 'POST' }),
    listDecisions: (filter) => call(`/fleet/decisions?${new URLSearchParams(filter).toString()}`),
    findService: () => findService(url),
    followEvents: (id, options) => followEvents(url, `${runPath(id)}/events`, options),
  };
}

function pullPath(id: string): string {
  return `/models/pulls/${encodeURIComponent(id)}`;
}

/** Errors: CommandError for what a URL would read as another address. */
function runPath(id: string): string {
  if (isPathItself(id)) throw new CommandError(EXIT.failed, `No run has the ID "${id}".`);
  return `/runs/${encodeURIComponent(id)}`;
}

/** Errors: as above. */
function nodePath(id: string): string {
  if (isPathItself(id)) throw new CommandError(EXIT.failed, `No Ollama host is called "${id}".`);
  return `/nodes/${encodeURIComponent(id)}`;
}

function isPathItself(id: string): boolean {
  return /^\.*$/.test(id);
}

async function findService(url: string): Promise<WireHealth | undefined> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const report = (await response.json()) as Partial<WireHealth>;
    return report.status && Array.isArray(report.parts) ? (report as WireHealth) : undefined;
  } catch {
    return undefined;
  }
}

async function* followEvents(url: string, path: string, options: FollowOptions): AsyncGenerator<WireEvent> {
  let last = options.after;
  // A service that was never there is not waited for.
  let lostAt = 0;
  while (!options.signal?.aborted) {
    try {
      const response = await openStream(url, path, last, options.signal);
      if (response.status === 204) return;
      lostAt = Number.POSITIVE_INFINITY;
      for await (const event of readStream(response)) {
        if (event === 'end') return;
        last = event.sequence;
        yield event;
      }
    } catch (error) {
      if (options.signal?.aborted) return;
      lostAt = Math.min(lostAt, Date.now());
      const isFinal = error instanceof CommandError && error.exitCode !== EXIT.unreachable;
      if (isFinal || Date.now() - lostAt > RECONNECT_LIMIT_MS) throw error;
      options.onReconnect?.(readReason(error));
    }
    await delay(RECONNECT_DELAY_MS, undefined, options.signal && { signal: options.signal }).catch(() => undefined);
  }
}

async function openStream(
  url: string,
  path: string,
  last: number | undefined,
  signal?: AbortSignal,
): Promise<Response> {
  const headers: Record<string, string> = last === undefined ? {} : { 'last-event-id': String(last) };
  const response = await send(url, path, { headers, ...(signal && { signal }) });
  if (response.status !== 204 && !hasType(response, 'text/event-stream')) throw notHydra(url, response);
  return response;
}

async function* readStream(response: Response): AsyncGenerator<WireEvent | 'end'> {
  if (response.body === null) return;
  const frames = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const frame of frames) {
    if (frame.event === 'end') yield 'end';
    else yield JSON.parse(frame.data) as WireEvent;
  }
}
