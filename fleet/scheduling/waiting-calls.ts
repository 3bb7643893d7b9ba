import TinyQueue from 'tinyqueue';
import type { Priority } from '../../domain/request.ts';
import type { Turns } from './fair-shares.ts';
import type { WaitingCall } from './waiting-call.ts';

/** A model counts as wanted for so long after a call asked for it: about the time between two stages of a run. */
const WANTED_MS = 120_000;

/**
 * A priority counts as one step more urgent for every two minutes that its oldest call has waited, so that a stream of urgent
 * calls delays the least urgent one by minutes (about the length of a long call on a slow host), never for ever. All calls of
 * a priority rise with the oldest: among equals, who has waited longer is a matter of fairness, not of urgency.
 */
const PROMOTION_MS = 120_000;

/** Calls of one caller with one priority, oldest first. */
interface Lane {
  readonly namespace: string;
  readonly priority: Priority;
  readonly calls: Set<WaitingCall>;
}

/** A call with its place in the order of service: lower urgency first, then lower turn, then age. */
export interface OrderedCall {
  readonly call: WaitingCall;
  readonly urgency: number;
  readonly turn: number;
}

interface Cursor extends OrderedCall {
  readonly lane: Lane;
  readonly rest: Iterator<WaitingCall>;
}

/** The calls that wait, with what planning asks of all of them. */
export class WaitingCalls implements Iterable<WaitingCall> {
  private readonly lanes = new Map<string, Lane>();
  private readonly countByModel = new Map<string, number>();
  private readonly askedMs = new Map<string, number>();

  get size(): number {
    return [...this.lanes.values()].reduce((total, lane) => total + lane.calls.size, 0);
  }

  *[Symbol.iterator](): Iterator<WaitingCall> {
    for (const lane of this.lanes.values()) yield* lane.calls;
  }

  add(call: WaitingCall): void {
    const { namespace, priority } = call.request;
    const key = laneKey(call);
    const lane = this.lanes.get(key) ?? { namespace, priority, calls: new Set() };
    this.lanes.set(key, lane);
    lane.calls.add(call);
    this.countByModel.set(call.model, (this.countByModel.get(call.model) ?? 0) + 1);
    this.askedMs.set(call.model, call.arrivedMs);
  }

  /** False when it did not wait. */
  delete(call: WaitingCall): boolean {
    const lane = this.lanes.get(laneKey(call));
    if (!lane?.calls.delete(call)) return false;
    if (lane.calls.size === 0) this.lanes.delete(laneKey(call));
    const left = (this.countByModel.get(call.model) ?? 0) - 1;
    if (left > 0) this.countByModel.set(call.model, left);
    else this.countByModel.delete(call.model);
    return true;
  }

  clear(): void {
    this.lanes.clear();
    this.countByModel.clear();
  }

  namespaces(): ReadonlySet<string> {
    return new Set([...this.lanes.values()].map((lane) => lane.namespace));
  }

  /** Models that a call waits for. */
  models(): Iterable<string> {
    return this.countByModel.keys();
  }

  /** Models that calls wait for, or asked for lately. */
  wantedModels(nowMs: number): ReadonlySet<string> {
    for (const [model, askedMs] of this.askedMs) if (nowMs - askedMs > WANTED_MS) this.askedMs.delete(model);
    return new Set([...this.countByModel.keys(), ...this.askedMs.keys()]);
  }

  /** The calls in the order of service. The next one is looked for only when it is asked for, and may depend on turns taken. */
  *inOrder(nowMs: number, turns: Turns): Iterable<OrderedCall> {
    const urgencies = this.urgencies(nowMs);
    const open = (lane: Lane, rest: Iterator<WaitingCall>): Cursor[] => {
      const next = rest.next();
      const urgency = urgencies.get(lane.priority) ?? lane.priority;
      return next.done ? [] : [{ call: next.value, urgency, turn: turns.next(lane.namespace), lane, rest }];
    };
    const cursors = [...this.lanes.values()].flatMap((lane) => open(lane, lane.calls.values()));
    const queue = new TinyQueue(cursors, byUrgencyTurnAndAge);
    for (let first = queue.pop(); first !== undefined; first = queue.pop()) {
      // Its caller may have had turns in another lane since.
      const turn = turns.next(first.lane.namespace);
      if (turn > first.turn) queue.push({ ...first, turn });
      else {
        yield first;
        for (const cursor of open(first.lane, first.rest)) queue.push(cursor);
      }
    }
  }

  /** How urgent each priority is, its waiting time counted in: 1 is served first. */
  private urgencies(nowMs: number): ReadonlyMap<Priority, number> {
    const urgencies = new Map<Priority, number>();
    for (const { priority, calls } of this.lanes.values()) {
      const [oldest] = calls;
      const promotions = Math.floor((nowMs - (oldest?.arrivedMs ?? nowMs)) / PROMOTION_MS);
      const urgency = Math.max(1, priority - promotions);
      urgencies.set(priority, Math.min(urgency, urgencies.get(priority) ?? urgency));
    }
    return urgencies;
  }
}

function byUrgencyTurnAndAge(a: OrderedCall, b: OrderedCall): number {
  return a.urgency - b.urgency || a.turn - b.turn || a.call.arrivedMs - b.call.arrivedMs;
}

function laneKey({ request }: WaitingCall): string {
  return `${request.priority} ${request.namespace}`;
}
