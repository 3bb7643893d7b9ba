import type { NodeId } from '../../domain/ids.ts';
import type { Clock } from '../clock.ts';
import type { NodeFacts } from './node-facts.ts';

/** A node has changed its state since it was told last, or does so again and again. */
export interface NodeStateChange {
  readonly nodeId: NodeId;
  readonly state: 'up' | 'down';
  /** Why it is down. */
  readonly problem: string | null;
  /** How often its state has changed since the last telling; more than once: it flaps. */
  readonly changes: number;
}

/** Tells people of nodes that come and go, and a flapping one not more often than they can bear. */
export interface StateAnnouncer {
  note(facts: NodeFacts): void;
  forget(id: NodeId): void;
  close(): void;
}

/** Between two tellings of one node. Decisions never wait for it: they go by what was seen last. */
const QUIET_MS = 10_000;

/** Gone and back is a hiccup, not worth a second telling; twice is not. */
const CHANGES_OF_FLAPPING = 3;

interface Watched {
  told: 'up' | 'down';
  toldAtMs: number;
  seen: NodeFacts;
  changes: number;
  cancel: (() => void) | null;
}

/** Creates the announcer. The first state of a node is no change and not told. */
export function createStateAnnouncer(clock: Clock, tell: (change: NodeStateChange) => void): StateAnnouncer {
  const nodes = new Map<NodeId, Watched>();

  function announce(watched: Watched): void {
    const { state, address, problem } = watched.seen;
    const { changes, told } = watched;
    Object.assign(watched, { cancel: null, changes: 0 });
    const isBackAfterHiccup = state === told && changes < CHANGES_OF_FLAPPING;
    if (state === 'unknown' || isBackAfterHiccup) return;
    Object.assign(watched, { told: state, toldAtMs: clock.now() });
    tell({ nodeId: address.id, state, problem: state === 'down' ? problem : null, changes });
  }

  function change(watched: Watched): void {
    watched.changes += 1;
    if (watched.cancel !== null) return;
    const restMs = watched.toldAtMs + QUIET_MS - clock.now();
    if (restMs <= 0) announce(watched);
    else watched.cancel = clock.setTimer(restMs, () => announce(watched));
  }

  return {
    note(facts) {
      const { state, address } = facts;
      if (state === 'unknown') return;
      const watched = nodes.get(address.id);
      if (!watched) {
        nodes.set(address.id, { told: state, toldAtMs: -Infinity, seen: facts, changes: 0, cancel: null });
        return;
      }
      const hasChanged = watched.seen.state !== state;
      watched.seen = facts;
      if (hasChanged) change(watched);
    },
    forget(id) {
      nodes.get(id)?.cancel?.();
      nodes.delete(id);
    },
    close() {
      for (const id of nodes.keys()) this.forget(id);
    },
  };
}
