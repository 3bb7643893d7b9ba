/** How a call to the node ended. `aborted`: the caller closed its socket before the answer was complete. */
export type CallEnding = 'open' | 'answered' | 'refused' | 'faulted' | 'aborted';

/** One generation that was asked for. */
export interface LoggedCall {
  readonly path: string;
  readonly model: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly startedAt: string;
  /** Null while it is open. */
  endedAt: string | null;
  ending: CallEnding;
  /** Tokens that were written to the socket. */
  tokens: number;
}

/** What the node has seen; the answer of `GET /simulated/log`. */
export interface LogSnapshot {
  readonly calls: readonly LoggedCall[];
  readonly totals: Readonly<Record<CallEnding, number>>;
  readonly loads: number;
  readonly evictions: number;
  readonly connections: number;
  /** Most generations that ran at once. */
  readonly busiest: number;
}

/** Bodies of more calls than this are forgotten, oldest first; the totals go on. */
const MAX_CALLS = 1_000;

/** Counts what happens on the node. */
export interface CallLog {
  start(path: string, body: Readonly<Record<string, unknown>>): LoggedCall;
  end(call: LoggedCall, ending: Exclude<CallEnding, 'open'>): void;
  count(what: 'loads' | 'evictions' | 'connections'): void;
  noteBusy(running: number): void;
  snapshot(): LogSnapshot;
}

export function createCallLog(): CallLog {
  const calls: LoggedCall[] = [];
  const totals = { open: 0, answered: 0, refused: 0, faulted: 0, aborted: 0 };
  const counters = { loads: 0, evictions: 0, connections: 0, busiest: 0 };
  return {
    start(path, body) {
      const model = typeof body['model'] === 'string' ? body['model'] : '';
      const startedAt = new Date().toISOString();
      const call: LoggedCall = { path, model, body, startedAt, endedAt: null, ending: 'open', tokens: 0 };
      calls.push(call);
      if (calls.length > MAX_CALLS) calls.shift();
      totals.open += 1;
      return call;
    },
    end(call, ending) {
      if (call.ending !== 'open') return;
      call.ending = ending;
      call.endedAt = new Date().toISOString();
      totals.open -= 1;
      totals[ending] += 1;
    },
    count: (what) => {
      counters[what] += 1;
    },
    noteBusy: (running) => {
      counters.busiest = Math.max(counters.busiest, running);
    },
    snapshot: () => ({ calls: calls.map((call) => ({ ...call })), totals: { ...totals }, ...counters }),
  };
}
