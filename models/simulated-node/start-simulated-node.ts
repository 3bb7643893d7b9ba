import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { answerByCodingTasks } from './coding-answers.ts';
import { firstAnswer } from './answer-source.ts';
import { createCallLog } from './call-log.ts';
import { createCompute } from './compute.ts';
import type { LogSnapshot } from './call-log.ts';
import { createFaultBook } from './faults.ts';
import type { FaultBook } from './faults.ts';
import type { NodeParts } from './generation-route.ts';
import { ModelMemory } from './model-memory.ts';
import { completeOptions } from './options.ts';
import type { SimulatedModel, SimulatedNodeOptions } from './options.ts';
import { createRouter } from './router.ts';
import { answerBySeed } from './seeded-answer.ts';

/** A simulated Ollama host that runs in this process. */
export interface SimulatedNode {
  /** Base URL without a trailing slash. */
  readonly url: string;
  /** Add and clear faults at any moment; they hit the calls that start later. */
  readonly faults: FaultBook;
  log(): LogSnapshot;
  addModel(model: SimulatedModel): void;
  removeModel(name: string): void;
  residentModels(): readonly string[];
  /** Stops as a machine that loses power: every connection is reset. The port is free afterwards. */
  kill(): Promise<void>;
  /** Stops listening and ends the connections. */
  close(): Promise<void>;
}

/** Starts a node that speaks Ollama's HTTP API and answers by script, by known coding tasks, or by seed. */
export async function startSimulatedNode(options: SimulatedNodeOptions = {}): Promise<SimulatedNode> {
  const parts = assemble(options);
  const server = createServer(createRouter(parts, options.bearerToken));
  // A Go server has no time limits of its own; Node's would close idle connections and long calls.
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  const sockets = trackSockets(server, parts);
  await listen(server, parts.options.host, parts.options.port);
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    faults: parts.faults,
    log: () => parts.log.snapshot(),
    addModel: (model) => parts.models.push(model),
    removeModel: (name) => removeByName(parts.models, name),
    residentModels: () => parts.memory.residents().map((resident) => resident.model.name),
    kill: () => stop(server, sockets, (socket) => socket.resetAndDestroy()),
    close: () => stop(server, sockets, (socket) => socket.destroy()),
  };
}

function assemble(given: SimulatedNodeOptions): NodeParts {
  const options = completeOptions(given);
  const log = createCallLog();
  const sources = [...(given.answers === undefined ? [] : [given.answers]), answerByCodingTasks(), answerBySeed];
  return {
    options,
    models: [...options.models],
    memory: new ModelMemory(options, log),
    faults: createFaultBook(given.faults ?? []),
    log,
    compute: createCompute(options.sharesCompute ? options.slots : Infinity),
    pulledBytes: new Map(),
    answer: firstAnswer(...sources),
  };
}

function trackSockets(server: Server, parts: NodeParts): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    parts.log.count('connections');
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stop(server: Server, sockets: ReadonlySet<Socket>, end: (socket: Socket) => void): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) end(socket);
  });
}

function removeByName(models: SimulatedModel[], name: string): void {
  const place = models.findIndex((model) => model.name === name);
  if (place >= 0) models.splice(place, 1);
}
