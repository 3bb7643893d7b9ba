import type { RunId } from '../domain/ids.ts';
import type { RunHistory } from './read-history.ts';
import type { StoreTime } from './timed-memory.ts';
import type { Load } from './workload.ts';

/** What the process that measures asks of the process that is measured. */
export interface Orders {
  readonly load: { readonly load: Load; readonly seed: number; readonly firstIndex: number };
  readonly histories: { readonly runIds: readonly RunId[] };
  readonly stop: null;
}

/** What it answers. */
export interface Answers {
  readonly load: LoadReport;
  readonly histories: readonly RunHistory[];
  readonly stop: null;
}

export type OrderKind = keyof Orders;

/** One burst as the measured process saw it. */
export interface LoadReport {
  readonly runIds: readonly RunId[];
  readonly durationMs: number;
  /** From handing in a request to its end, in the order of their ends. */
  readonly requestMs: readonly number[];
  /** Sentences about requests that did not become verified code. */
  readonly failures: readonly string[];
  /** Share of the time in which the main thread was busy. */
  readonly mainThreadBusy: number;
  /** Processor time of this process without those that it starts. */
  readonly cpuMs: number;
  readonly stores: StoreTime;
}

export interface OrderMessage<Kind extends OrderKind = OrderKind> {
  readonly kind: Kind;
  readonly order: Orders[Kind];
}

export type AnswerMessage =
  | { readonly kind: 'ready' | 'answer'; readonly answer: unknown }
  | { readonly kind: 'error'; readonly message: string };
