import type { NodeSnapshot } from '../domain/node.ts';
import type { RunEvent } from '../domain/run-event.ts';

/** What calls of an open run wait for. Times are ISO 8601 in UTC. */
export interface Wait {
  readonly part: string | null;
  /** Null: for any model at all. */
  readonly model: string | null;
  /** For people: which host is busy or down, or who lacks the model. */
  readonly reason: string;
  readonly calls: number;
  /** When the first of the calls was seen waiting. */
  readonly since: string;
}

/** The waits of an open run out of its events, which may leave out the text. */
export function listWaits(events: readonly RunEvent[], nodes: readonly NodeSnapshot[]): readonly Wait[] {
  const waits = joinAlike(readWaits(events));
  const last = events.at(-1);
  // Steps that choose a model wait for one without a word, as long as no host has any.
  if (last && waits.length === 0 && !isCallRunning(events) && nodes.every((node) => node.models.length === 0)) {
    return [{ part: null, model: null, reason: describeLack(nodes), calls: 1, since: last.at }];
  }
  return waits;
}

function isCallRunning(events: readonly RunEvent[]): boolean {
  const running = new Set<string | null>();
  for (const { stepKey, body } of events) {
    if (body.type === 'model.started') running.add(stepKey);
    else if (body.type.startsWith('model.')) running.delete(stepKey);
  }
  return running.size > 0;
}

function describeLack(nodes: readonly NodeSnapshot[]): string {
  const seen = nodes.map(({ id, problem }) => `${id}: ${problem ?? 'no models'}`).join('; ');
  return `no Ollama host has shown a model yet (${seen === '' ? 'no host is known' : seen})`;
}

/** A call waits from its `model.waiting` until it is started; a new phase begins when nothing waits any more. */
function readWaits(events: readonly RunEvent[]): readonly Wait[] {
  const waits = new Map<string, Wait>();
  let phase: string | undefined;
  for (const { stepKey, partId, at, body } of events) {
    if (body.type === 'phase.started') {
      if (body.phase !== phase) waits.clear();
      phase = body.phase;
    } else if (body.type === 'model.waiting' && stepKey !== null) {
      const since = waits.get(stepKey)?.since ?? at;
      waits.set(stepKey, { part: partId, model: body.model, reason: body.reason, calls: 1, since });
    } else if (body.type === 'model.started' && stepKey !== null) waits.delete(stepKey);
  }
  return [...waits.values()];
}

/** The candidates of a part mostly wait for the same. */
function joinAlike(waits: readonly Wait[]): readonly Wait[] {
  const joined = new Map<string, Wait>();
  for (const wait of waits) {
    const key = JSON.stringify([wait.part, wait.model, wait.reason]);
    const known = joined.get(key);
    joined.set(key, known ? { ...known, calls: known.calls + 1 } : wait);
  }
  return [...joined.values()];
}
