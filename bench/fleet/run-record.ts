import type { BenchCall } from './scenario.ts';

/** The time that a host worked on a call of a caller. */
export interface Service {
  readonly namespace: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** What happens in a run, as it happens. */
export interface RunRecord {
  readonly finishedAtSeconds: Map<string, number>;
  readonly services: Service[];
  /** The caller got an error, and had to ask again by itself. */
  lost: number;
  /** The caller was told that an answer was complete, and it was not. */
  wronglyComplete: number;
  /** Calls that went to a second host, without the caller seeing it. */
  moved: number;
  wastedTokens: number;
  /** Hosts that were used in the end: what the record says of each call is what its caller got. */
  readonly endings: Map<string, number>;
}

export function createRunRecord(): RunRecord {
  return {
    finishedAtSeconds: new Map(),
    services: [],
    lost: 0,
    wronglyComplete: 0,
    moved: 0,
    wastedTokens: 0,
    endings: new Map(),
  };
}

/** A call has ended for its caller; more than once would be a double result. */
export function recordFinished(record: RunRecord, call: BenchCall, atSeconds: number): void {
  record.finishedAtSeconds.set(call.id, atSeconds);
  record.endings.set(call.id, (record.endings.get(call.id) ?? 0) + 1);
}
