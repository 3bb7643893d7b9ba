import { sameModel } from '../domain/model-name.ts';
import type { NodeAddress, NodeModel, NodeState } from '../domain/node.ts';
import type { NodeObservation } from './scheduler-port.ts';

/** What probing has found out about a node. */
export interface NodeFacts {
  readonly address: NodeAddress;
  readonly state: NodeState;
  /** Why it is down, or why its models are not known; null otherwise. */
  readonly problem: string | null;
  readonly version: string | null;
  readonly models: readonly NodeModel[];
  readonly residentModels: readonly string[];
  /** When it last answered, in milliseconds since 1970. */
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
    seenAtMs: null,
  };
}

/** The facts after an answer to a probe. */
export function nodeAnswered(facts: NodeFacts, version: string, nowMs: number): NodeFacts {
  return { ...facts, state: 'up', problem: null, version, seenAtMs: nowMs };
}

/** The facts once a node counts as down. Its models stay known for people; nothing of it is in memory for us any more. */
export function nodeIsDown(facts: NodeFacts, problem: string): NodeFacts {
  return { ...facts, state: 'down', problem, residentModels: [] };
}

/** The facts after a call has shown that a listed model is not there. */
export function withoutModel(facts: NodeFacts, model: string): NodeFacts {
  return {
    ...facts,
    models: facts.models.filter((other) => !sameModel(other.name, model)),
    residentModels: facts.residentModels.filter((other) => !sameModel(other, model)),
  };
}

/** The part of the facts that the scheduler works with. */
export function observationOf(facts: NodeFacts): NodeObservation {
  return {
    alive: facts.state === 'up',
    problem: facts.problem,
    models: facts.models.map((model) => model.name),
    residentModels: facts.residentModels,
  };
}
