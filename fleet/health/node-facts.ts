import { sameModel } from '../../domain/model-name.ts';
import type { NodeAddress, NodeModel, NodeState, ResidentModel } from '../../domain/node.ts';
import type { HostMemory, NodeObservation } from '../scheduler-port.ts';

/** What probing has found out about a node. */
export interface NodeFacts {
  readonly address: NodeAddress;
  readonly state: NodeState;
  /** Why it is down, or why its models are not known; null otherwise. */
  readonly problem: string | null;
  readonly version: string | null;
  readonly models: readonly NodeModel[];
  readonly residentModels: readonly ResidentModel[];
  /** When it came into its state, in milliseconds since 1970; null while nothing was seen. */
  readonly sinceMs: number | null;
  /** When it last answered. */
  readonly seenAtMs: number | null;
}

/** A node of which nothing is known yet. */
export function unknownNode(address: NodeAddress): NodeFacts {
  return {
    address,
    state: 'unknown',
    problem: null,
    version: null,
    models: [],
    residentModels: [],
    sinceMs: null,
    seenAtMs: null,
  };
}

/** The facts after an answer to a probe. */
export function nodeAnswered(facts: NodeFacts, version: string, nowMs: number): NodeFacts {
  const sinceMs = facts.state === 'up' ? facts.sinceMs : nowMs;
  return { ...facts, state: 'up', sinceMs, problem: null, version, seenAtMs: nowMs };
}

/** The facts once a node counts as down. Its models stay known for people; nothing of it is in memory for us any more. */
export function nodeIsDown(facts: NodeFacts, problem: string, nowMs: number): NodeFacts {
  const sinceMs = facts.state === 'down' ? facts.sinceMs : nowMs;
  return { ...facts, state: 'down', sinceMs, problem, residentModels: [] };
}

/** The facts after a call has shown that a listed model is not there. */
export function withoutModel(facts: NodeFacts, model: string): NodeFacts {
  return {
    ...facts,
    models: facts.models.filter((other) => !sameModel(other.name, model)),
    residentModels: facts.residentModels.filter((other) => !sameModel(other.name, model)),
  };
}

/** The part of the facts that the scheduler works with; without a watch over its memory, `memory` is undefined. */
export function observationOf(facts: NodeFacts, memory: HostMemory | null | undefined): NodeObservation {
  return {
    alive: facts.state === 'up',
    problem: facts.problem,
    models: facts.models.map((model) => model.name),
    residentModels: memory === undefined ? null : facts.residentModels,
    memory: memory ?? null,
  };
}
