import type { FleetDecision } from '../domain/fleet-decision.ts';
import type { DecisionLog, EndedDecision } from './ports.ts';

/** Collects what the scheduler decides and stores it in batches, beside its work: to note something is to push it on a list. */
export interface DecisionWriter {
  noteDecision(decision: FleetDecision): void;
  noteOutcome(outcome: EndedDecision): void;
  /** Stores what waits and takes no more. */
  close(): Promise<void>;
}

/** Nobody watches decisions live; one transaction a second at most does not slow down the runs' own. */
const FLUSH_INTERVAL_MS = 1_000;
/** What waits while the store is away; the log keeps no more either. */
const MOST_WAITING = 1_000;

/** Creates a writer on the log. What cannot be stored is tried again, and dropped oldest first: no call depends on it. */
export function createDecisionWriter(log: DecisionLog, flushIntervalMs = FLUSH_INTERVAL_MS): DecisionWriter {
  let decisions: FleetDecision[] = [];
  let outcomes: EndedDecision[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (decisions.length + outcomes.length === 0) return;
    const batch = [decisions, outcomes] as const;
    [decisions, outcomes] = [[], []];
    try {
      await log.append(...batch);
    } catch {
      decisions = [...batch[0], ...decisions].slice(-MOST_WAITING);
      outcomes = [...batch[1], ...outcomes].slice(-MOST_WAITING);
      flushLater();
    }
  }

  function flushLater(): void {
    if (!isClosed) timer ??= setTimeout(() => void flush(), flushIntervalMs);
  }

  return {
    noteDecision(decision) {
      if (decisions.push(decision) > MOST_WAITING) decisions.shift();
      flushLater();
    },
    noteOutcome(outcome) {
      if (outcomes.push(outcome) > MOST_WAITING) outcomes.shift();
      flushLater();
    },
    async close() {
      isClosed = true;
      await flush();
    },
  };
}
